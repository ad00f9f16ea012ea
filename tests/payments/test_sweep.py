"""The sweep: what no message told us of is found by asking."""

import time
from datetime import timedelta
from io import StringIO
from typing import Any
from unittest import mock
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from appeals.models import Appeal
from funds.models import JournalEntry
from payments import inbox
from payments.inbox import sweep as sweep_module
from payments.inbox.sweep import sweep, sweep_regularly
from payments.models import CardDonation, ChoreRun, WebhookEvent
from payments.stripe_gateway import history
from payments.stripe_gateway.client import StripeUnavailableError
from payments.stripe_gateway.history import read_events, read_undelivered_events
from tests.factories import gbp, make_appeal
from tests.payments.books import fees, fresh, raised_by_card
from tests.pretend_stripe.process import PretendStripe, a_session
from tests.stripe_events import charge_event, checkout_event, deliver, make_event

pytestmark = pytest.mark.django_db
MONTH = timedelta(days=30)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is too young for the sweep."""
    for name in ("_IN_DELIVERY", "_STRAY_AFTER", "_OVERDUE_AFTER"):
        monkeypatch.setattr(sweep_module, name, timedelta(seconds=-5))


@pytest.fixture(autouse=True)
def _by_asking(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """No list of all events, unless a test is about it: else asking would find nothing to do."""
    if "looks" not in request.keywords:
        monkeypatch.setattr(sweep_module, "read_events", lambda **_: iter(()))


@pytest.fixture
def appeal(stripe: PretendStripe) -> Appeal:
    return make_appeal("rally")


@pytest.fixture
def donation(client: Client, appeal: Appeal) -> CardDonation:
    client.post("/appeals/rally/give/", {"amount": "25", "reference": str(uuid4())})
    return CardDonation.objects.get()


def pay(stripe: PretendStripe, donation: CardDonation) -> str:
    assert donation.checkout_session_id is not None
    intent = str(stripe.pay(donation.checkout_session_id)["payment_intent"])
    stripe.settle()
    return intent


def listen_in_vain(stripe: PretendStripe) -> None:
    """Register an endpoint that nothing reaches: every event is undelivered."""
    stripe.turn(drop=1.0)
    with stripe.sdk() as sdk:
        sdk.v1.webhook_endpoints.create(
            {"url": "http://127.0.0.1:9/stripe/webhook/", "enabled_events": ["*"]}
        )


def test_events_that_stripe_could_not_deliver_are_fetched_and_booked(
    stripe: PretendStripe, donation: CardDonation
) -> None:
    """Open Collective's books stayed empty for a day, and nobody noticed."""
    listen_in_vain(stripe)
    pay(stripe, donation)
    assert not WebhookEvent.objects.exists()

    swept = sweep(within=MONTH)
    assert swept is not None
    assert swept.found == 2
    assert swept.waiting == 0
    assert swept.lines == 1
    assert raised_by_card(donation.appeal) == gbp(25)
    assert fees() == gbp("0.58")

    again = sweep(within=MONTH)
    assert again is not None
    assert (again.found, again.processed, again.lines) == (0, 0, 0)


def test_a_paid_checkout_of_which_nothing_was_heard_is_asked_for(
    stripe: PretendStripe, donation: CardDonation
) -> None:
    pay(stripe, donation)
    CardDonation.objects.update(checkout_expires_at=timezone.now())
    swept = sweep(within=MONTH)
    assert swept is not None
    assert swept.settled == 1
    assert raised_by_card(donation.appeal) == gbp(25)


def test_an_expired_checkout_of_which_nothing_was_heard_is_asked_for(
    stripe: PretendStripe, donation: CardDonation
) -> None:
    with stripe.sdk() as sdk:
        sdk.v1.checkout.sessions.expire(str(donation.checkout_session_id))
    CardDonation.objects.update(checkout_expires_at=timezone.now())
    sweep(within=MONTH)
    assert fresh(donation).checkout_ended_at is not None


def test_an_open_checkout_is_left_alone(donation: CardDonation) -> None:
    CardDonation.objects.update(checkout_expires_at=timezone.now())
    sweep(within=MONTH)
    assert fresh(donation).checkout_ended_at is None
    assert not JournalEntry.objects.exists()


def refund_told(stripe: PretendStripe, client: Client, intent: str, amount: int) -> None:
    """A refund in the dashboard, of which only its own event arrives."""
    stripe.control("refund_in_dashboard", payment_intent=intent, amount=amount)
    with stripe.sdk() as sdk:
        refund: dict[str, Any] = sdk.v1.refunds.list({"limit": 1}).data[0].to_dict()
    assert deliver(client, make_event("refund.created", refund)) == 200
    inbox.act_on_everything_due()


def test_a_refund_whose_payment_we_never_heard_of_brings_it_in(
    client: Client, stripe: PretendStripe, donation: CardDonation
) -> None:
    intent = pay(stripe, donation)
    refund_told(stripe, client, intent, 1000)
    assert inbox.count_waiting() == 1

    sweep(within=MONTH)
    assert raised_by_card(donation.appeal) == gbp(15)
    assert inbox.count_waiting() == 0


def test_a_refund_of_somebody_elses_payment_is_let_go(
    client: Client, stripe: PretendStripe, appeal: Appeal
) -> None:
    with stripe.sdk() as sdk:
        session = sdk.v1.checkout.sessions.create(a_session())
    intent = str(stripe.pay(session.id)["payment_intent"])
    refund_told(stripe, client, intent, 500)
    assert inbox.count_waiting() == 1

    sweep(within=MONTH)
    assert WebhookEvent.objects.get().outcome == WebhookEvent.Outcome.NOT_OURS
    assert not JournalEntry.objects.exists()


def test_a_refunded_charge_without_its_refunds_brings_them_in(
    client: Client, stripe: PretendStripe, donation: CardDonation
) -> None:
    """An endpoint that is subscribed to charge.refunded alone."""
    intent = pay(stripe, donation)
    deliver(client, checkout_event(donation, payment=intent))
    stripe.control("refund_in_dashboard", payment_intent=intent, amount=700)
    charge = charge_event(donation, "charge.refunded", payment_intent=intent, amount_refunded=700)
    deliver(client, charge)
    inbox.act_on_everything_due()
    assert raised_by_card(donation.appeal) == gbp(25)

    sweep(within=MONTH)
    assert raised_by_card(donation.appeal) == gbp(18)
    assert inbox.count_waiting() == 0


def test_what_asking_brings_and_cannot_be_booked_is_told_to_the_operator(
    stripe: PretendStripe, donation: CardDonation, caplog: pytest.LogCaptureFixture
) -> None:
    pay(stripe, donation)
    CardDonation.objects.update(amount=gbp(24), checkout_expires_at=timezone.now())
    sweep(within=MONTH)
    assert "could not be booked" in caplog.text
    assert raised_by_card(donation.appeal) == gbp(0)


def test_an_event_of_another_mode_in_the_list_is_passed_by_and_told(
    stripe: PretendStripe,
    donation: CardDonation,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    listen_in_vain(stripe)
    pay(stripe, donation)
    settings.STRIPE_LIVEMODE = True
    assert list(read_undelivered_events(within=MONTH, settle=timedelta(seconds=-5))) == []
    assert "another mode" in caplog.text


@pytest.mark.looks
class TestTheLookAtEveryEvent:
    """A backup was restored, or no endpoint was there: Stripe believes that all is delivered."""

    def test_brings_what_was_delivered_and_is_not_here(
        self, stripe: PretendStripe, donation: CardDonation
    ) -> None:
        pay(stripe, donation)  # no endpoint: nothing is undelivered
        swept = sweep(within=MONTH)
        assert swept is not None
        assert swept.found == 2
        assert raised_by_card(donation.appeal) == gbp(25)
        assert {event.road for event in WebhookEvent.objects.all()} == {WebhookEvent.Road.SWEEP}

    def test_overlaps_the_last_one_and_keeps_nothing_twice(
        self, stripe: PretendStripe, donation: CardDonation
    ) -> None:
        pay(stripe, donation)
        sweep(within=MONTH)
        WebhookEvent.objects.order_by("pk").first().delete()  # type: ignore[union-attr]
        swept = sweep(within=MONTH)
        assert swept is not None
        assert swept.found == 1

    def test_goes_on_where_the_last_one_was_ended(
        self, stripe: PretendStripe, donation: CardDonation, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Away for a month: in slices, however often it is cut off between them."""
        pay(stripe, donation)
        monkeypatch.setattr(sweep_module, "_LONGEST_LOOK_SECONDS", 0.0001)
        asked: list[Any] = []

        def slow_read(**window: Any) -> Any:
            asked.append(window)
            time.sleep(0.001)
            return read_events(**window)

        monkeypatch.setattr(sweep_module, "read_events", slow_read)
        monkeypatch.setattr(sweep_module, "_SHORTEST_SLICE", timedelta(days=10))
        for _ in range(4):
            sweep(within=MONTH)
        starts = [window["since"] for window in asked]
        assert starts == sorted(starts)
        assert len(asked) == 4
        assert raised_by_card(donation.appeal) == gbp(25)

    @pytest.mark.usefixtures("stripe", "appeal")
    def test_back_over_an_empty_month_asks_few_questions(self) -> None:
        with mock.patch.object(sweep_module, "read_events", side_effect=lambda **_: []) as asking:
            sweep(within=MONTH)
        assert asking.call_count <= 11

    def test_of_more_types_than_stripe_takes_at_once_asks_more_than_once(
        self, stripe: PretendStripe, donation: CardDonation, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pay(stripe, donation)
        monkeypatch.setattr(history, "_MOST_TYPES", 3)
        sweep(within=MONTH)
        assert raised_by_card(donation.appeal) == gbp(25)


def test_the_command_says_what_it_did(stripe: PretendStripe, donation: CardDonation) -> None:
    listen_in_vain(stripe)
    pay(stripe, donation)
    out = StringIO()
    call_command("sweep_inbox", stdout=out)
    assert "read 1 new lines of our balance; 0 left waiting" in out.getvalue()
    assert raised_by_card(donation.appeal) == gbp(25)


def test_the_command_acts_on_what_waits_even_when_stripe_is_away(
    client: Client, stripe: PretendStripe, donation: CardDonation
) -> None:
    deliver(client, checkout_event(donation))
    stripe.turn(fail_with="500")
    with pytest.raises(CommandError, match="Stripe does not answer"):
        call_command("sweep_inbox", stdout=StringIO())
    assert raised_by_card(donation.appeal) == gbp(25)


@pytest.mark.django_db(transaction=True)
def test_one_process_sweeps_at_a_time(appeal: Appeal) -> None:
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [sweep_module._LOCK])  # noqa: SLF001
    out = StringIO()
    call_command("sweep_inbox", stdout=out)
    assert "Another process is sweeping" in out.getvalue()
    with other.cursor() as cursor:  # closing would let go too, but some moments later
        cursor.execute("SELECT pg_advisory_unlock(%s)", [sweep_module._LOCK])  # noqa: SLF001
    other.close()
    assert sweep(within=MONTH) is not None
    assert sweep(within=MONTH) is not None  # the lock was given back


def test_the_first_sweep_looks_back_a_month_and_the_next_to_the_last_one() -> None:
    with mock.patch.object(sweep_module, "sweep") as sweeping:
        sweep_regularly()
        sweep_regularly()
        ChoreRun.objects.update(finished_at=timezone.now() - timedelta(days=9))
        sweep_regularly()
    first, second, after_nine_days = (call.kwargs["within"] for call in sweeping.call_args_list)
    assert first == MONTH
    assert timedelta(hours=2) <= second < timedelta(hours=3)
    assert timedelta(days=9) < after_nine_days < timedelta(days=10)


def test_a_sweep_that_failed_is_not_counted_as_one() -> None:
    away = StripeUnavailableError("away", was_answered=False)
    with (
        mock.patch.object(sweep_module, "sweep", side_effect=away),
        pytest.raises(StripeUnavailableError),
    ):
        sweep_regularly()
    assert not ChoreRun.objects.exists()
