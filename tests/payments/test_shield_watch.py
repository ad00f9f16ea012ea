"""Watching: what is an attack and what is a rally; on, harder, off; told once; Checkouts ended."""

import smtplib
import threading
from datetime import datetime, timedelta
from typing import Any
from unittest import mock

import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from appeals.models import Appeal
from funds.models import Membership, User
from payments.models import Attack, CardDonation, CardPause, CheckoutOrigin, ChoreRun
from payments.shield import ending
from payments.shield.counting import EVERYBODY, Counted, Kind, count
from payments.shield.ending import end_unwanted_checkouts
from payments.shield.limits import DECLINES
from payments.shield.switch import pause_cards, resume_cards
from payments.shield.telling import tell_of_attacks
from payments.shield.watch import Figures, read_figures, watch
from payments.stripe_gateway.client import StripeUnavailableError
from tests.factories import make_appeal, make_user
from tests.payments.shield import declined, make_attack, opened, paid
from tests.pretend_stripe.process import PretendStripe

Reason = Attack.Reason


@pytest.fixture
def appeal(db: None) -> Appeal:
    return make_appeal()


@pytest.fixture
def operator(db: None) -> User:
    return make_user("operator", role=Membership.Role.OPERATOR)


def look() -> None:
    """Look at the figures, however lately somebody did."""
    ChoreRun.objects.filter(name="watch").delete()
    assert watch()


def pass_time(minutes: float) -> None:
    """Everything that is remembered happened so much earlier."""
    ago = f"{minutes} minutes"
    with connection.cursor() as cursor:
        for table, columns in {
            "payments_attemptcount": ["window_start"],
            "payments_checkoutorigin": ["opened_at"],
            "payments_attack": ["began_at", "last_seen_at", "level_at"],
        }.items():
            for column in columns:
                cursor.execute(f"UPDATE {table} SET {column} = {column} - %s::interval", [ago])


def attack_with_cards(appeal: Appeal, *, cards: int = 25) -> None:
    for donation in opened(appeal, times=cards):
        declined(donation)


class TestFigures:
    """The alarms, one by one, at their edges."""

    @pytest.mark.parametrize(
        ("figures", "reason"),
        [
            (Figures(declined=20, paid=0), Reason.DECLINES),
            (Figures(declined=19, paid=0), None),
            (Figures(declined=30, paid=70), None),
            (Figures(declined=31, paid=69), Reason.DECLINES),
            (Figures(due=50, due_paid=4), Reason.UNPAID),
            (Figures(due=50, due_paid=5), None),
            (Figures(due=49, due_paid=0), None),
            (Figures(opened=499, opened_paid=0), None),
            (Figures(opened=500, opened_paid=0), Reason.UNPAID),
            (Figures(opened=500, opened_paid=50), None),
            (Figures(refused=100), Reason.LIMITS),
            (Figures(refused=99), None),
        ],
    )
    def test_an_alarm_sounds_from_its_limit_on(
        self, figures: Figures, reason: Attack.Reason | None
    ) -> None:
        assert figures.alarm() is reason

    def test_once_on_it_stays_on_with_less(self) -> None:
        for figures in (Figures(declined=10, paid=30), Figures(due=25, due_paid=6)):
            assert figures.alarm() is None
            assert figures.alarm(is_on=True) is not None
        assert Figures(declined=9).alarm(is_on=True) is None

    def test_they_are_read_for_all_and_for_each_appeal(
        self, appeal: Appeal, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        premises = make_appeal("premises")
        paid(*opened(appeal, times=3))
        opened(appeal, times=2, ago=timedelta(minutes=15))
        declined(opened(premises)[0], times=4)
        with django_assert_num_queries(2):
            found = read_figures(timezone.now())
        assert sorted(found, key=lambda one: one.opened) == [
            Figures(declined=4, opened=1),
            Figures(paid=3, opened=3, opened_paid=3, due=2),
            Figures(declined=4, paid=3, opened=4, opened_paid=3, due=2),
        ]

    def test_a_quiet_appeal_under_attack_is_not_hidden_by_a_busy_one(self, appeal: Appeal) -> None:
        premises = make_appeal("premises")
        paid(*opened(appeal, times=80))
        attack_with_cards(premises, cards=20)
        found = read_figures(timezone.now())
        assert Figures(declined=20, paid=80).alarm() is None
        assert Reason.DECLINES in {one.alarm() for one in found}


class TestAttack:
    def test_an_attack_with_cards_turns_the_check_on(self, appeal: Appeal) -> None:
        attack_with_cards(appeal)
        look()
        attack = Attack.objects.get()
        assert (attack.reason, attack.level, attack.ended_at) == (Reason.DECLINES, 1, None)
        assert (attack.opened, attack.declined) == (25, 25)

    def test_a_rally_of_three_hundred_is_no_attack(self, appeal: Appeal) -> None:
        """All within minutes, by one Wi-Fi; one card in ten is declined at first."""
        hall = opened(appeal, times=300)
        look()
        for number, donation in enumerate(hall):
            if number % 10 == 0:
                declined(donation)
        paid(*(donation for number, donation in enumerate(hall) if number % 4))
        look()
        pass_time(15)
        look()
        assert not Attack.objects.exists()

    def test_checkouts_that_nobody_pays_are_an_attack(self, appeal: Appeal) -> None:
        opened(appeal, times=60, ago=timedelta(minutes=12))
        look()
        assert Attack.objects.get().reason == Reason.UNPAID

    def test_it_gets_harder_while_it_goes_on(self, appeal: Appeal) -> None:
        levels = []
        for _ in range(4):
            attack_with_cards(appeal)
            look()
            levels.append(Attack.objects.get().level)
            pass_time(6)
        assert levels == [1, 2, 3, 3]

    def test_it_ends_after_half_an_hour_of_calm(self, appeal: Appeal) -> None:
        attack_with_cards(appeal)
        look()
        pass_time(29)
        look()
        assert Attack.objects.get().ended_at is None
        pass_time(2)
        look()
        assert Attack.objects.get().ended_at is not None

    def test_it_does_not_end_while_a_little_goes_on(self, appeal: Appeal) -> None:
        attack_with_cards(appeal)
        look()
        for _ in range(5):
            pass_time(9)
            attack_with_cards(appeal, cards=12)
            look()
        attack = Attack.objects.get()
        assert attack.ended_at is None
        assert attack.declined == 25 + 5 * 12, "the whole of it is counted"

    def test_the_next_one_is_another(self, appeal: Appeal) -> None:
        make_attack(ended_at=timezone.now())
        attack_with_cards(appeal)
        look()
        assert Attack.objects.count() == 2

    def test_one_process_looks_at_a_time(
        self, appeal: Appeal, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        assert watch()
        with django_assert_max_num_queries(2):
            assert not watch()

    def test_the_database_keeps_one_at_a_time(self, db: None) -> None:
        make_attack()
        with pytest.raises(IntegrityError, match="attack_is_one_at_a_time"), transaction.atomic():
            make_attack()


@pytest.mark.django_db(transaction=True)
def test_two_processes_that_see_it_at_once_make_one_attack_of_it() -> None:
    attack_with_cards(make_appeal())
    ChoreRun.objects.create(name="watch", finished_at=timezone.now() - timedelta(minutes=1))
    start = threading.Barrier(6)

    def race() -> None:
        start.wait()
        watch()
        connection.close()

    threads = [threading.Thread(target=race) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Attack.objects.count() == 1


class TestTelling:
    def test_the_operators_are_told_once(self, operator: User) -> None:
        make_user("gone", role=Membership.Role.OPERATOR, is_active=False)
        make_user("national", role=Membership.Role.NATIONAL_TREASURER)
        make_attack(declined=33)
        assert [tell_of_attacks() for _ in range(3)] == [1, 0, 0]
        (letter,) = mail.outbox
        assert letter.to == ["operator@example.org"]
        assert "33 cards declined" in letter.body
        assert "http://testserver/treasurer/card-switch/" in letter.body

    def test_when_the_mail_server_is_away_it_is_tried_again(self, operator: User) -> None:
        attack = make_attack()
        with (
            mock.patch(
                "payments.operators.EmailMessage.send",
                side_effect=smtplib.SMTPServerDisconnected("gone"),
            ),
            pytest.raises(OSError, match="gone"),
        ):
            tell_of_attacks()
        assert tell_of_attacks() == 0, "not at once"
        Attack.objects.update(tell_after=timezone.now())
        assert tell_of_attacks() == 1
        attack.refresh_from_db()
        assert attack.told_at is not None

    def test_without_any_operators_address_it_is_said_in_the_log(
        self, db: None, caplog: pytest.LogCaptureFixture
    ) -> None:
        make_user("operator", role=Membership.Role.OPERATOR)
        User.objects.update(email="")
        make_attack()
        assert tell_of_attacks() == 1
        assert not mail.outbox
        assert "nobody was told" in caplog.text

    def test_of_two_processes_one_tells(self, operator: User) -> None:
        """The other read the same attack, and finds it taken."""
        attack = make_attack()
        with mock.patch(
            "payments.shield.telling.tell_operators", side_effect=lambda *_: tell_of_attacks()
        ) as tell:
            assert tell_of_attacks() == 1
        assert tell.call_count == 1
        assert Attack.objects.get(pk=attack.pk).told_at is not None

    def test_limits_that_bite_are_told_too(self, appeal: Appeal, operator: User) -> None:
        for _ in range(100):
            count([Counted(Kind.REFUSED, EVERYBODY)])
        look()
        tell_of_attacks()
        assert "Too many forms were refused" in mail.outbox[0].body


class TestEnding:
    """Checkouts that nobody should pay, at the stand-in for Stripe."""

    @pytest.fixture
    def client(self, client: Any, stripe: PretendStripe, appeal: Appeal) -> Any:
        return client

    def open_one(self, client: Any, slug: str = "rally") -> CardDonation:
        answer = client.post(f"/appeals/{slug}/give/", {"amount": "25"})
        assert answer.status_code == 303
        return CardDonation.objects.latest("pk")

    def states(self, stripe: PretendStripe) -> dict[str, str]:
        with stripe.sdk() as sdk:
            return {
                one.client_reference_id or "": one.status or ""
                for one in sdk.v1.checkout.sessions.list({"limit": 100}).data
            }

    def ended_at(self, donation: CardDonation) -> datetime | None:
        return CardDonation.objects.get(pk=donation.pk).checkout_ended_at

    def test_with_too_many_declined_cards_it_is_ended(
        self, client: Any, stripe: PretendStripe
    ) -> None:
        tested, honest = self.open_one(client), self.open_one(client)
        declined(tested, times=DECLINES)
        declined(honest, times=DECLINES - 1)
        assert [end_unwanted_checkouts() for _ in range(2)] == [1, 0]
        assert self.states(stripe) == {
            str(tested.reference): "expired",
            str(honest.reference): "open",
        }
        assert self.ended_at(tested) is not None
        assert self.ended_at(honest) is None

    def test_a_pause_ends_all_that_are_open(self, client: Any, stripe: PretendStripe) -> None:
        donations = [self.open_one(client) for _ in range(3)]
        pause_cards(appeal=None, why="", by=make_user())
        assert end_unwanted_checkouts() == 3
        assert all(map(self.ended_at, donations))
        assert set(self.states(stripe).values()) == {"expired"}

    def test_a_pause_of_one_appeal_leaves_the_others(
        self, client: Any, stripe: PretendStripe
    ) -> None:
        premises = make_appeal("premises")
        mine, others = self.open_one(client, "premises"), self.open_one(client)
        pause_cards(appeal=premises, why="", by=make_user())
        assert end_unwanted_checkouts() == 1
        assert self.ended_at(mine) is not None
        assert self.ended_at(others) is None

    def test_one_that_was_paid_just_now_is_left_and_not_asked_for_again(
        self, client: Any, stripe: PretendStripe
    ) -> None:
        donation = self.open_one(client)
        assert donation.checkout_session_id is not None
        stripe.pay(donation.checkout_session_id)
        pause_cards(appeal=None, why="", by=make_user())
        assert end_unwanted_checkouts() == 0
        assert self.ended_at(donation) is None
        assert CheckoutOrigin.objects.get().end_tried_at is not None
        assert not ending.unwanted_checkouts().exists()

    def test_after_the_pause_nothing_is_ended_any_more(
        self, client: Any, stripe: PretendStripe
    ) -> None:
        self.open_one(client)
        by = make_user()
        pause_cards(appeal=None, why="", by=by)
        (pause,) = CardPause.objects.all()
        resume_cards(pause.pk, by=by)
        assert end_unwanted_checkouts() == 0

    def test_while_stripe_is_away_they_wait(self, client: Any, stripe: PretendStripe) -> None:
        donation = self.open_one(client)
        pause_cards(appeal=None, why="", by=make_user())
        away = StripeUnavailableError("away", was_answered=False)
        with (
            mock.patch.object(ending, "end_checkout", side_effect=away),
            pytest.raises(StripeUnavailableError),
        ):
            end_unwanted_checkouts()
        assert end_unwanted_checkouts() == 1
        assert self.ended_at(donation) is not None

    def test_one_that_stripe_refuses_keeps_no_other_from_being_ended(
        self, client: Any, stripe: PretendStripe
    ) -> None:
        odd, other = self.open_one(client), self.open_one(client)
        CardDonation.objects.filter(pk=odd.pk).update(checkout_session_id="cs_test_unknown")
        pause_cards(appeal=None, why="", by=make_user())
        with pytest.raises(StripeUnavailableError):
            end_unwanted_checkouts()
        assert self.ended_at(odd) is None
        assert self.ended_at(other) is not None
