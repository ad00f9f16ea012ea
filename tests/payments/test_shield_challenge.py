"""The check: made by us, for one form, for a while, once; and nothing else gets through."""

import base64
import json
import time
from typing import Any
from unittest import mock
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from payments.shield.challenge import accept_solution, make_challenge
from payments.shield.limits import CHALLENGE_LIVES, DIFFICULTIES, SOLUTION_USES
from tests.conftest import Measured
from tests.payments.shield import solve, solved

FORM, CONTENT = uuid4(), "c" * 64

pytestmark = pytest.mark.django_db


def accepts(solution: str, **changes: Any) -> bool:
    told: dict[str, Any] = {"reference": FORM, "content_digest": CONTENT}
    return accept_solution(solution, **(told | changes))


def tampered(solution: str, path: str, value: object) -> str:
    """The solution with one thing changed."""
    answer = json.loads(base64.b64decode(solution))
    *way, last = path.split(".")
    place = answer
    for step in way:
        place = place[step]
    place[last] = value
    return base64.b64encode(json.dumps(answer).encode()).decode()


def test_a_solved_challenge_opens_its_form_once() -> None:
    solution = solved(FORM)
    assert accepts(solution)
    assert not accepts(solution, content_digest="another card, another amount")


def test_the_very_same_form_sent_twice_may_bring_it_twice() -> None:
    """A double click leads to the same Checkout: the second answer must not be a refusal."""
    solution = solved(FORM)
    assert accepts(solution)
    assert accepts(solution)
    assert not accepts(solution, content_digest="d" * 64)
    assert not accepts(solution), "and once it was tried with anything else it is worth nothing"


def test_one_sum_does_not_open_checkout_after_checkout() -> None:
    """A tester whose Checkout was ended sends the very same form for the next one."""
    solution = solved(FORM)
    assert [accepts(solution) for _ in range(5)] == [True] * SOLUTION_USES + [False] * 2


def test_it_opens_no_other_form() -> None:
    assert not accepts(solved(FORM), reference=uuid4())


def test_it_lives_for_some_minutes() -> None:
    solution = solved(FORM)
    later = time.time() + CHALLENGE_LIVES.total_seconds() + 1
    with mock.patch("time.time", return_value=later):
        assert not accepts(solution)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("challenge.parameters.expiresAt", 9_999_999_999),
        ("challenge.parameters.keyPrefix", ""),
        ("challenge.parameters.cost", 1),
        ("challenge.parameters.data", {"form": str(uuid4())}),
        ("challenge.parameters.nonce", "00" * 16),
        ("challenge.parameters.keySignature", None),
        ("challenge.signature", None),
        ("challenge.signature", "00" * 32),
        ("solution.derivedKey", "00" * 32),
        ("solution", []),
        ("challenge", None),
    ],
)
def test_what_is_tampered_with_is_refused(path: str, value: object) -> None:
    assert not accepts(tampered(solved(FORM), path, value))


@given(nonsense=st.one_of(st.text(), st.binary().map(lambda raw: base64.b64encode(raw).decode())))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_nonsense_is_refused_and_nothing_breaks(nonsense: str) -> None:
    assert not accepts(nonsense)


def test_too_much_is_not_even_read() -> None:
    with mock.patch("payments.shield.challenge.verify_solution") as verify:
        assert not accepts("A" * 5000)
        assert not accepts("")
    verify.assert_not_called()


def test_a_challenge_says_nothing_but_its_form() -> None:
    parameters = make_challenge(FORM, level=1)["parameters"]
    assert parameters["data"] == {"form": str(FORM)}
    assert parameters["algorithm"] == "PBKDF2/SHA-256"
    assert "counter" not in str(parameters)


@pytest.mark.parametrize("level", [1, 2, 3])
def test_each_level_is_harder_and_bounded(level: int) -> None:
    difficulty = DIFFICULTIES[level - 1]
    if level > 1:
        assert difficulty.fewest > DIFFICULTIES[level - 2].fewest
    with mock.patch("secrets.randbelow", side_effect=lambda most: most - 1):
        challenge = make_challenge(FORM, level=level)
    answer = json.loads(base64.b64decode(solve(challenge)))
    assert answer["solution"]["counter"] == difficulty.most


def test_our_own_part_is_cheap(measured: Measured) -> None:
    began_at = time.perf_counter()
    for _ in range(20):
        make_challenge(FORM, level=3)
    made = (time.perf_counter() - began_at) / 20
    solution = solved(FORM)
    began_at = time.perf_counter()
    for _ in range(20):
        accepts(solution)
    checked = (time.perf_counter() - began_at) / 20
    measured(
        f"a challenge is made in {made * 1000:.2f} ms, a solution checked in "
        f"{checked * 1000:.2f} ms"
    )
