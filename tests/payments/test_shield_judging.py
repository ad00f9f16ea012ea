"""Judging: who is let through, who does a sum first, and who rests for an hour."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from appeals.models import Appeal
from payments.models import CheckoutOrigin
from payments.shield.judging import Allowed, Challenge, Refused, Verdict, judge
from payments.shield.limits import (
    DECLINES,
    FORMS_OF_A_BROWSER,
    UNPAID_OF_A_BROWSER,
    UNPAID_WITHOUT_CHECK,
)
from payments.shield.passes import mint_pass
from payments.shield.switch import Mode, ShieldState, read_shield
from tests.factories import make_appeal
from tests.payments.shield import attempt, declined, make_attack, opened, solved

pytestmark = pytest.mark.django_db

CALM = ShieldState(is_paused=False, mode=Mode.AUTO, attack_level=0, is_watch_due=False)
ATTACKED = ShieldState(is_paused=False, mode=Mode.AUTO, attack_level=1, is_watch_due=False)
OFF = ShieldState(is_paused=False, mode=Mode.OFF, attack_level=1, is_watch_due=False)
ON = ShieldState(is_paused=False, mode=Mode.ON, attack_level=0, is_watch_due=False)

NEEDS_CHECK = Challenge(was_wrong=False)


@pytest.fixture
def appeal() -> Appeal:
    return make_appeal()


def verdict(appeal: Appeal, shield: ShieldState = CALM, **fields: Any) -> Verdict:
    return judge(attempt(appeal, **fields), shield)


def test_a_donor_is_let_through(appeal: Appeal) -> None:
    assert verdict(appeal) == Allowed()
    assert verdict(appeal, email="some.body@example.org") == Allowed()


def test_it_takes_few_queries(
    appeal: Appeal, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    sent = attempt(appeal, email="some.body@example.org")
    with django_assert_num_queries(3):
        judge(sent, CALM)
    with django_assert_num_queries(1):
        read_shield(appeal)


class TestWhileThereIsAnAttack:
    def test_everybody_needs_the_check(self, appeal: Appeal) -> None:
        assert verdict(appeal, ATTACKED) == NEEDS_CHECK

    def test_a_solved_one_lets_through(self, appeal: Appeal) -> None:
        reference = uuid4()
        assert verdict(appeal, ATTACKED, reference=reference, solution=solved(reference)) == (
            Allowed()
        )

    def test_a_wrong_one_is_asked_for_again(self, appeal: Appeal) -> None:
        assert verdict(appeal, ATTACKED, solution="nonsense") == Challenge(was_wrong=True)
        assert verdict(appeal, ATTACKED, solution=solved(uuid4())) == Challenge(was_wrong=True)

    def test_a_solution_is_good_for_one_form(self, appeal: Appeal) -> None:
        reference = uuid4()
        told = {"reference": reference, "solution": solved(reference)}
        assert verdict(appeal, ATTACKED, **told) == Allowed()
        changed = verdict(appeal, ATTACKED, **told, content_digest="d" * 64)
        assert changed == Challenge(was_wrong=True)

    def test_a_pass_lets_through_some_times(self, appeal: Appeal) -> None:
        token = mint_pass(appeal)
        verdicts = [verdict(appeal, ATTACKED, pass_token=token) for _ in range(11)]
        assert verdicts == [Allowed()] * 10 + [NEEDS_CHECK]

    def test_a_pass_is_not_used_up_while_nobody_needs_one(self, appeal: Appeal) -> None:
        token = mint_pass(appeal)
        for _ in range(20):
            verdict(appeal, CALM, pass_token=token)
        assert verdict(appeal, ATTACKED, pass_token=token) == Allowed()

    def test_a_person_may_say_always_or_never(self, appeal: Appeal) -> None:
        assert verdict(appeal, ON) == NEEDS_CHECK
        assert verdict(appeal, OFF) == Allowed()


class TestOneBrowser:
    def test_after_many_unpaid_checkouts_it_does_a_sum(self, appeal: Appeal) -> None:
        opened(appeal, times=UNPAID_WITHOUT_CHECK - 1, session="tester")
        assert verdict(appeal, session="tester") == Allowed()
        opened(appeal, session="tester")
        assert verdict(appeal, session="tester") == NEEDS_CHECK
        assert verdict(appeal, session="another") == Allowed()

    def test_after_very_many_it_rests(self, appeal: Appeal) -> None:
        opened(appeal, times=UNPAID_OF_A_BROWSER, session="tester")
        assert isinstance(verdict(appeal, session="tester"), Refused)

    def test_after_very_many_forms_it_rests(self, appeal: Appeal) -> None:
        for _ in range(FORMS_OF_A_BROWSER):
            assert verdict(appeal, session="tester") == Allowed()
        assert isinstance(verdict(appeal, session="tester"), Refused)

    def test_a_stalls_tablet_on_which_people_pay_is_let_through_all_day(
        self, appeal: Appeal
    ) -> None:
        for donation in opened(appeal, times=70, session="tablet"):
            donation.processing_at = timezone.now()
            donation.save()
        declined(opened(appeal, session="tablet")[0], times=DECLINES + 1)
        assert verdict(appeal, session="tablet") == Allowed()

    def test_five_declined_cards_rest_an_hour(self, appeal: Appeal) -> None:
        donation = opened(appeal, session="tester")[0]
        declined(donation, times=DECLINES - 1)
        assert verdict(appeal, session="tester") == Allowed()
        declined(donation, at=timezone.now() - timedelta(minutes=2))
        refused = verdict(appeal, session="tester")
        assert refused == Refused(timedelta(hours=1))
        solution = solved(reference := uuid4())
        assert verdict(appeal, session="tester", reference=reference, solution=solution) == refused

    def test_an_hour_later_it_may_try_again(self, appeal: Appeal) -> None:
        donation = opened(appeal, session="tester")[0]
        declined(donation, times=DECLINES, at=timezone.now() - timedelta(minutes=62))
        assert verdict(appeal, session="tester") == Allowed()

    def test_rest_holds_even_when_the_check_is_off(self, appeal: Appeal) -> None:
        declined(opened(appeal, session="tester")[0], times=DECLINES)
        assert isinstance(verdict(appeal, OFF, session="tester"), Refused)


class TestOneAddress:
    """Anybody can type another's address: it costs the check, and shuts nobody out."""

    email = "some.body@example.org"

    def test_many_unpaid_checkouts_cost_the_check(self, appeal: Appeal) -> None:
        opened(appeal, times=UNPAID_WITHOUT_CHECK, email=self.email)
        assert verdict(appeal, email=self.email.upper()) == NEEDS_CHECK
        assert verdict(appeal, email="another@example.org") == Allowed()
        assert verdict(appeal) == Allowed()

    def test_declined_cards_cost_the_check_and_no_more(self, appeal: Appeal) -> None:
        for donation in opened(appeal, times=4, email=self.email):
            declined(donation, times=10)
        assert verdict(appeal, email=self.email) == NEEDS_CHECK
        reference = uuid4()
        passed = verdict(appeal, email=self.email, reference=reference, solution=solved(reference))
        assert passed == Allowed()


class TestSuspicion:
    @pytest.mark.parametrize(
        "signs",
        [
            {"has_filled_trap": True},
            {"is_forged": True},
            {"session": "", "age": None, "has_filled_trap": True},
        ],
    )
    def test_a_machines_form_needs_the_check(self, appeal: Appeal, signs: dict[str, Any]) -> None:
        assert verdict(appeal, **signs) == NEEDS_CHECK
        assert verdict(appeal, OFF, **signs) == Allowed()

    @pytest.mark.parametrize(
        "signs",
        [
            {"age": timedelta(seconds=0.4)},
            {"session": "", "age": None},
            {"session": "", "age": timedelta(seconds=1)},
            {"age": timedelta(days=2)},
        ],
    )
    def test_a_hurried_donor_or_an_old_page_does_not(
        self, appeal: Appeal, signs: dict[str, Any]
    ) -> None:
        assert verdict(appeal, **signs) == Allowed()


def test_the_figures_are_looked_at_by_whoever_comes_when_the_chore_is_away(
    appeal: Appeal,
) -> None:
    for donation in opened(appeal, times=5):
        declined(donation, times=5)
    stale = read_shield(appeal)
    assert stale.is_watch_due
    verdict(appeal, stale)
    assert read_shield(appeal) == ShieldState(
        is_paused=False, mode=Mode.AUTO, attack_level=1, is_watch_due=False
    )


def test_a_level_is_what_the_attack_needs(appeal: Appeal) -> None:
    assert (read_shield(appeal).level, read_shield(appeal).is_check_on) == (1, False)
    make_attack(level=2)
    assert (read_shield(appeal).level, read_shield(appeal).is_check_on) == (2, True)
    assert not CheckoutOrigin.objects.exists()
