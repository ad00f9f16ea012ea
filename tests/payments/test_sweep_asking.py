"""The sweep asks Stripe about money that went back, or is long in coming, when no message tells."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from appeals.models import Appeal, Promise
from payments import inbox
from payments.inbox import sweep as sweep_module
from payments.inbox.sweep import sweep
from payments.models import CardDispute, CardDonation, WebhookEvent
from payments.stripe_gateway.client import StripeUnavailableError
from tests.factories import gbp, make_appeal
from tests.payments.books import fresh, raised_by_card
from tests.pretend_stripe.process import PretendStripe, a_session
from tests.stripe_events import charge_event, checkout_event, deliver, make_event

pytestmark = pytest.mark.django_db
MONTH = timedelta(days=30)
LONG_AGO = timedelta(days=8)
PAYING_ACCOUNT = "00012345"


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is too young for the sweep; and no list of events, so that it must ask."""
    for name in ("_IN_DELIVERY", "_STRAY_AFTER", "_OVERDUE_AFTER"):
        monkeypatch.setattr(sweep_module, name, timedelta(seconds=-5))
    monkeypatch.setattr(sweep_module, "read_events", lambda **_: iter(()))


@pytest.fixture
def appeal(stripe: PretendStripe) -> Appeal:
    return make_appeal("rally")


@pytest.fixture
def donation(client: Client, appeal: Appeal) -> CardDonation:
    client.post("/appeals/rally/give/", {"amount": "25", "reference": str(uuid4())})
    return CardDonation.objects.get()


def pay(stripe: PretendStripe, donation: CardDonation) -> str:
    intent = str(stripe.pay(str(donation.checkout_session_id))["payment_intent"])
    stripe.settle()
    return intent


def tell(client: Client, kind: str, thing: dict[str, Any]) -> None:
    assert deliver(client, make_event(kind, thing)) == 200
    inbox.act_on_everything_due()


def outcome() -> str:
    return WebhookEvent.objects.get().outcome


class TestDisputes:
    def test_one_whose_payment_we_never_heard_of_brings_it_in(
        self, client: Client, stripe: PretendStripe, donation: CardDonation
    ) -> None:
        dispute = stripe.control("dispute", payment_intent=pay(stripe, donation), amount=1000)
        tell(client, "charge.dispute.created", dispute)
        assert inbox.count_waiting() == 1

        sweep(within=MONTH)
        assert raised_by_card(donation.appeal) == gbp(15)
        assert inbox.count_waiting() == 0

    def test_what_has_become_of_it_meanwhile_is_asked_for_too(
        self, client: Client, stripe: PretendStripe, donation: CardDonation
    ) -> None:
        dispute = stripe.control("dispute", payment_intent=pay(stripe, donation))
        stripe.control("close_dispute", dispute=dispute["id"], outcome="won", fee_returned=True)
        tell(client, "charge.dispute.created", dispute)

        sweep(within=MONTH)
        assert CardDispute.objects.get().status == "won"
        assert raised_by_card(donation.appeal) == gbp(25)
        assert inbox.count_waiting() == 0

    def test_one_of_somebody_elses_payment_is_let_go(
        self, client: Client, stripe: PretendStripe, appeal: Appeal
    ) -> None:
        with stripe.sdk() as sdk:
            session = sdk.v1.checkout.sessions.create(a_session())
        intent = stripe.pay(session.id)["payment_intent"]
        tell(client, "charge.dispute.created", stripe.control("dispute", payment_intent=intent))
        sweep(within=MONTH)
        assert outcome() == WebhookEvent.Outcome.NOT_OURS
        assert not CardDispute.objects.exists()

    def test_an_open_one_is_asked_about_once_a_day(
        self, client: Client, stripe: PretendStripe, donation: CardDonation
    ) -> None:
        intent = pay(stripe, donation)
        tell(client, "checkout.session.completed", session(donation, intent))
        dispute = stripe.control("dispute", payment_intent=intent)
        tell(client, "charge.dispute.created", dispute)
        stripe.control("close_dispute", dispute=dispute["id"], outcome="won")
        CardDispute.objects.update(told_at=timezone.now() - timedelta(hours=23))
        sweep(within=MONTH)
        assert CardDispute.objects.get().is_open

        CardDispute.objects.update(told_at=timezone.now() - timedelta(hours=25))
        sweep(within=MONTH)
        assert CardDispute.objects.get().status == "won"
        assert raised_by_card(donation.appeal) == gbp(25)


def session(donation: CardDonation, intent: str, **changes: Any) -> dict[str, Any]:
    event = checkout_event(donation, payment=intent, **changes)
    thing: dict[str, Any] = event["data"]["object"]
    return thing


class TestLatePayments:
    """Bacs tells within some days. When no message comes, we ask."""

    @pytest.fixture
    def promised(self, stripe: PretendStripe, client: Client, appeal: Appeal) -> CardDonation:
        """A debit that was promised eight days ago, and of which nothing was heard since."""
        stripe.turn(bacs=True)
        client.post("/appeals/rally/give/", {"amount": "25", "reference": str(uuid4())})
        donation = CardDonation.objects.get()
        paid = stripe.pay(str(donation.checkout_session_id), bacs=PAYING_ACCOUNT)
        self.intent = str(paid["payment_intent"])
        told = session(donation, self.intent, payment_status="unpaid")
        tell(client, "checkout.session.completed", told)
        CardDonation.objects.update(processing_at=timezone.now() - LONG_AGO)
        return donation

    def promise(self) -> str:
        return Promise.objects.get().state

    def test_what_has_come_is_booked(self, stripe: PretendStripe, promised: CardDonation) -> None:
        stripe.control("end_debit", payment_intent=self.intent)
        sweep(within=MONTH)
        assert raised_by_card(promised.appeal) == gbp(25)
        assert self.promise() == "kept"

    def test_what_has_failed_lapses(self, stripe: PretendStripe, promised: CardDonation) -> None:
        failed = {"payment_intent": self.intent, "failure_code": "insufficient_funds"}
        stripe.control("end_debit", **failed)
        sweep(within=MONTH)
        assert raised_by_card(promised.appeal) == gbp(0)
        assert (self.promise(), fresh(promised).processing_at) == ("lapsed", None)

    def test_what_stripe_waits_for_itself_stays_promised_and_is_asked_for_days_later(
        self, promised: CardDonation
    ) -> None:
        sweep(within=MONTH)
        processing_at = fresh(promised).processing_at
        assert processing_at is not None
        assert processing_at > timezone.now() - timedelta(minutes=1)
        assert self.promise() == "open"

    def test_what_was_promised_lately_is_not_asked_for(
        self, stripe: PretendStripe, promised: CardDonation
    ) -> None:
        CardDonation.objects.update(processing_at=timezone.now() - timedelta(days=3))
        stripe.control("end_debit", payment_intent=self.intent)
        sweep(within=MONTH)
        assert raised_by_card(promised.appeal) == gbp(0)


class TestWhatAPersonMustSee:
    def test_the_refund_of_a_payment_that_is_put_aside_is_put_aside_too(
        self, client: Client, stripe: PretendStripe, donation: CardDonation
    ) -> None:
        """Else it would wait for ever for a payment that is not booked, and stop the site."""
        intent = pay(stripe, donation)
        CardDonation.objects.update(amount=gbp(24))  # the donor agreed to less than Stripe took
        tell(client, "checkout.session.completed", session(donation, intent))
        stripe.control("refund_in_dashboard", payment_intent=intent)
        with stripe.sdk() as sdk:
            refund = sdk.v1.refunds.list({"limit": 1}).data[0].to_dict()
        tell(client, "refund.created", refund)
        assert inbox.count_waiting() == 1

        sweep(within=MONTH)
        assert inbox.count_waiting() == 0
        errors = WebhookEvent.objects.values_list("put_aside_at", "last_error")
        assert all(at is not None and "AmountMismatchError" in error for at, error in errors)
        assert raised_by_card(donation.appeal) == gbp(0)

    def test_refunds_that_stripe_lists_and_nobody_can_book_are_put_aside(
        self, client: Client, stripe: PretendStripe, donation: CardDonation
    ) -> None:
        intent = pay(stripe, donation)
        tell(client, "checkout.session.completed", session(donation, intent))
        stripe.control("refund_in_dashboard", payment_intent=intent, amount=700)
        CardDonation.objects.update(amount_currency="EUR")
        charge = charge_event(donation, "charge.refunded", payment_intent=intent)
        charge["data"]["object"] |= {"amount_refunded": 700, "currency": "eur"}
        tell(client, "charge.refunded", charge["data"]["object"])
        sweep(within=MONTH)
        assert WebhookEvent.objects.filter(put_aside_at__isnull=False).count() == 1


def test_a_refunded_charge_whose_refund_has_not_gone_yet_is_answered_by_stripes_list(
    client: Client,
    stripe: PretendStripe,
    donation: CardDonation,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its sum may hold a refund that waits for money to pay it with."""
    intent = pay(stripe, donation)
    tell(client, "checkout.session.completed", session(donation, intent))
    charge = charge_event(donation, "charge.refunded", payment_intent=intent, amount_refunded=700)
    tell(client, "charge.refunded", charge["data"]["object"])
    assert inbox.count_waiting() == 1
    sweep(within=MONTH)  # the stand-in lists none
    assert inbox.count_waiting() == 0
    assert raised_by_card(donation.appeal) == gbp(25)


def test_while_stripe_is_away_what_waits_goes_on_waiting(
    client: Client, stripe: PretendStripe, donation: CardDonation
) -> None:
    dispute = stripe.control("dispute", payment_intent=pay(stripe, donation))
    tell(client, "charge.dispute.created", dispute)
    stripe.turn(fail_with="500")
    with pytest.raises(StripeUnavailableError):
        sweep(within=MONTH)
    stripe.turn(fail_with=None)
    sweep(within=MONTH)
    assert raised_by_card(donation.appeal) == gbp(0)
