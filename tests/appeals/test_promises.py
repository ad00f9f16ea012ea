"""Promises that may change while they stand."""

from typing import Any

import pytest

from appeals.models import Appeal, Promise
from appeals.promises import keep_promise, let_promise_lapse, set_promise
from funds.models import Branch
from tests.factories import gbp, make_appeal, make_branch

pytestmark = pytest.mark.django_db


@pytest.fixture
def appeal() -> Appeal:
    return make_appeal()


def promise(appeal: Appeal, amount: int = 10, branch: Branch | None = None) -> None:
    set_promise(
        appeal=appeal,
        branch=branch,
        amount=gbp(amount),
        kind=Promise.Kind.MONTHLY,
        source_key="monthly:1",
    )


def stands() -> tuple[Any, ...]:
    (one,) = Promise.objects.all()
    return one.appeal.slug, one.branch, one.amount, one.state


def revision(appeal: Appeal) -> int:
    return Appeal.objects.get(pk=appeal.pk).revision


def test_it_is_told_once_for_each_key_and_announced(appeal: Appeal) -> None:
    before = revision(appeal)
    promise(appeal)
    assert stands() == ("rally", None, gbp(10), "open")
    assert revision(appeal) == before + 1
    promise(appeal)
    assert revision(appeal) == before + 1


def test_amount_and_branch_may_become_others(appeal: Appeal) -> None:
    promise(appeal)
    leeds = make_branch("Leeds")
    promise(appeal, 25, leeds)
    assert stands() == ("rally", leeds, gbp(25), "open")


def test_moved_to_another_appeal_both_are_announced(appeal: Appeal) -> None:
    other = make_appeal("premises")
    promise(appeal)
    before = revision(appeal), revision(other)
    promise(other)
    assert stands()[0] == "premises"
    assert (revision(appeal), revision(other)) == (before[0] + 1, before[1] + 1)


@pytest.mark.parametrize("end", [let_promise_lapse, keep_promise])
def test_one_that_was_over_stands_again(appeal: Appeal, end: Any) -> None:
    promise(appeal)
    end("monthly:1")
    assert stands()[-1] != "open"
    promise(appeal)
    assert stands()[-1] == "open"
