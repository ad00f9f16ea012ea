"""The sweep finds monthly donations and months of which no event told us."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from appeals.models import Appeal
from appeals.progress import read_reading
from funds.audit import Difference
from payments import inbox
from payments.audit import audit_till
from payments.inbox import sweep as sweep_module
from payments.inbox.sweep import Swept, sweep
from payments.models import CardDonation, MonthlyDonation, MonthlyInvoice, WebhookEvent
from payments.monthly import questions
from payments.stripe_gateway.shapes import encode_shape
from tests.factories import gbp, make_appeal, make_monthly
from tests.funds.books import execute
from tests.monthly_events import (
    beginning,
    invoice_event,
    invoice_payment_event,
    month_events,
    payment_of_month,
    subscription_event,
)
from tests.payments.books import held_by_stripe
from tests.payments.monthly import begin_monthly, hear_of
from tests.payments.test_monthly import month_refund
from tests.pretend_stripe.monthly import begin_monthly as begin_elsewhere
from tests.pretend_stripe.process import PretendStripe
from tests.stripe_events import deliver, make_event

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _by_asking(monkeypatch: pytest.MonkeyPatch) -> None:
    """No list of all events: else there would be nothing to ask for."""
    monkeypatch.setattr(sweep_module, "read_events", lambda **_: iter(()))


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is too young for the sweep."""
    for name in ("_IN_DELIVERY", "_STRAY_AFTER", "_OVERDUE_AFTER"):
        monkeypatch.setattr(sweep_module, name, timedelta(seconds=-5))
    for name in ("_PAYMENT_AFTER", "_OWNER_AFTER", "_CHECKOUT_OVERDUE_AFTER", "_STATE_AFTER"):
        monkeypatch.setattr(questions, name, timedelta(seconds=-5))


@pytest.fixture
def appeal(stripe: PretendStripe) -> Appeal:
    return make_appeal("rally")


def swept() -> Swept:
    done = sweep(within=timedelta(days=1))
    assert done is not None
    return done


def raised() -> object:
    return read_reading(Appeal.objects.get()).raised


def differences() -> list[Difference]:
    return list(audit_till())


def test_a_checkout_of_which_nothing_was_heard_is_asked_for(
    stripe: PretendStripe, appeal: Appeal
) -> None:
    """Its subscription, its state and its first month, all at once."""
    monthly = begin_monthly(stripe)
    MonthlyDonation.objects.update(checkout_expires_at=timezone.now())
    swept()
    heard = MonthlyDonation.objects.get(pk=monthly.pk)
    assert (heard.status, heard.amount) == ("active", gbp(10))
    reading = read_reading(Appeal.objects.get())
    assert (reading.raised, reading.promised_monthly) == (gbp(10), gbp(10))
    assert differences() == []
    assert swept().settled == 0


def test_a_checkout_that_expired_unheard_is_over(stripe: PretendStripe, appeal: Appeal) -> None:
    Client().post(
        "/appeals/rally/give/", {"amount": "10", "frequency": "monthly", "email": "a@example.org"}
    )
    monthly = MonthlyDonation.objects.get()
    MonthlyDonation.objects.update(checkout_expires_at=timezone.now())
    swept()
    assert MonthlyDonation.objects.get().checkout_ended_at is None  # Stripe still has it open
    with stripe.sdk() as sdk:
        sdk.v1.checkout.sessions.expire(str(monthly.checkout_session_id))
    swept()
    assert MonthlyDonation.objects.get().checkout_ended_at is not None


def test_events_that_stripe_could_not_deliver_are_fetched(
    stripe: PretendStripe, appeal: Appeal
) -> None:
    stripe.turn(drop=1.0)
    with stripe.sdk() as sdk:
        sdk.v1.webhook_endpoints.create({"url": "http://127.0.0.1:9/", "enabled_events": ["*"]})
    monthly = begin_monthly(stripe)
    with stripe.sdk() as sdk:
        subscription = sdk.v1.checkout.sessions.retrieve(str(monthly.checkout_session_id))
    stripe.control("next_month", subscription=subscription.subscription)
    stripe.settle()
    swept()
    assert raised() == held_by_stripe() == gbp(20)
    assert inbox.count_waiting() == 0
    assert not MonthlyDonation.objects.get().is_doubtful


def test_what_the_sdk_read_is_kept_as_stripe_wrote_it() -> None:
    """It makes a Decimal of ``unit_amount_decimal``, which JSON has no word for."""
    assert (
        encode_shape({"unit_amount_decimal": Decimal("1000")}) == '{"unit_amount_decimal": "1000"}'
    )
    with pytest.raises(TypeError, match="sends no set"):
        encode_shape({"items": {1}})


def test_the_payment_of_a_paid_month_is_asked_for(stripe: PretendStripe, appeal: Appeal) -> None:
    monthly = hear_of(begin_monthly(stripe))
    month = stripe.control("next_month", subscription=monthly.subscription_id)
    told = invoice_event(monthly, id=month["invoice"])
    told["data"]["object"]["parent"]["subscription_details"]["subscription"] = (
        monthly.subscription_id
    )
    deliver(Client(), told)
    inbox.act_on_everything_due()
    assert raised() == gbp(10)
    swept()
    assert raised() == gbp(20)
    assert CardDonation.objects.latest("pk").payment_intent_id == month["payment_intent"]


def test_whose_payment_it_was_is_asked_for(stripe: PretendStripe, appeal: Appeal) -> None:
    monthly = hear_of(begin_monthly(stripe))
    month = stripe.control("next_month", subscription=monthly.subscription_id)
    told = invoice_payment_event(monthly, payment=month["payment_intent"], invoice=month["invoice"])
    deliver(Client(), told)
    inbox.act_on_everything_due()
    assert raised() == gbp(10)
    swept()
    assert raised() == gbp(20)


def test_of_others_payments_nothing_is_kept(stripe: PretendStripe, appeal: Appeal) -> None:
    with stripe.sdk() as sdk:
        begin_elsewhere(stripe, sdk)
        (payment,) = sdk.v1.invoice_payments.list().data
    deliver(Client(), make_event("invoice_payment.paid", payment.to_dict()))
    inbox.act_on_everything_due()
    assert MonthlyInvoice.objects.count() == 1
    swept()
    assert not MonthlyInvoice.objects.exists()
    assert held_by_stripe() == gbp(0)


def test_a_refund_of_a_month_that_we_do_not_know_finds_it_by_its_invoice(
    stripe: PretendStripe, appeal: Appeal
) -> None:
    """Its payment bears no mark of ours: were it taken for another's, the refund would be lost."""
    monthly = begin_monthly(stripe)
    with stripe.sdk() as sdk:
        (intent,) = sdk.v1.payment_intents.list().data
    stripe.control("refund_in_dashboard", payment_intent=intent.id, amount=400)
    with stripe.sdk() as sdk:
        (refund,) = sdk.v1.refunds.list().data
    deliver(Client(), make_event("refund.created", refund.to_dict()))
    inbox.act_on_everything_due()
    assert inbox.count_waiting() == 1
    swept()
    inbox.act_on_everything_due()
    assert raised() == held_by_stripe() == gbp(6)
    assert CardDonation.objects.get().monthly == monthly
    assert inbox.count_waiting() == 0


def test_a_refund_of_somebody_elses_month_is_not_ours(
    stripe: PretendStripe, appeal: Appeal
) -> None:
    with stripe.sdk() as sdk:
        begin_elsewhere(stripe, sdk)
        (intent,) = sdk.v1.payment_intents.list().data
    event = month_refund(make_monthly(), payment_intent_id="x")
    event["data"]["object"]["payment_intent"] = intent.id
    deliver(Client(), event)
    inbox.act_on_everything_due()
    swept()
    assert WebhookEvent.objects.get().outcome == "not-ours"
    assert not CardDonation.objects.exists()
    assert not MonthlyInvoice.objects.exists()


def test_a_refund_of_a_month_whose_donation_is_unknown_waits_for_a_person(
    stripe: PretendStripe, appeal: Appeal
) -> None:
    """After an old backup was restored: it is ours by its mark, and nothing may be given up."""
    monthly = begin_monthly(stripe)
    with stripe.sdk() as sdk:
        (intent,) = sdk.v1.payment_intents.list().data
    event = month_refund(monthly)
    event["data"]["object"]["payment_intent"] = intent.id
    monthly.delete()
    deliver(Client(), event)
    inbox.act_on_everything_due()
    swept()
    assert inbox.count_waiting() == 1


def test_of_two_states_of_one_second_stripe_says_which_stands(
    stripe: PretendStripe, appeal: Appeal
) -> None:
    monthly = hear_of(begin_monthly(stripe))
    MonthlyDonation.objects.update(
        is_doubtful=True, amount=gbp(99), told_at=timezone.now() - timedelta(minutes=1)
    )
    swept()
    heard = MonthlyDonation.objects.get(pk=monthly.pk)
    assert (heard.is_doubtful, heard.amount) == (False, gbp(10))


def test_one_that_has_no_state_yet_is_asked_about(stripe: PretendStripe, appeal: Appeal) -> None:
    monthly = hear_of(begin_monthly(stripe))
    MonthlyDonation.objects.update(status="", told_at=None, told_order="")
    swept()
    assert MonthlyDonation.objects.get(pk=monthly.pk).status == "active"


def test_a_month_that_never_came_is_asked_for(stripe: PretendStripe, appeal: Appeal) -> None:
    """Every event of it was lost, and Stripe has forgotten them: the books still get it."""
    monthly = hear_of(begin_monthly(stripe))
    stripe.control("next_month", subscription=monthly.subscription_id)
    long_ago = timezone.now() - timedelta(days=32)
    MonthlyDonation.objects.update(
        told_at=long_ago, next_at=long_ago + timedelta(days=30), told_order=""
    )
    swept()
    assert raised() == gbp(20)
    swept()
    assert raised() == gbp(20)


class TestAudit:
    """What stands otherwise than it was told is named."""

    @pytest.fixture
    def monthly(self) -> MonthlyDonation:
        monthly = make_monthly(appeal=make_appeal("rally"))
        for event in [*beginning(monthly), *month_events(monthly, 2), subscription_event(monthly)]:
            deliver(Client(), event)
        inbox.act_on_everything_due()
        return monthly

    def found(self) -> list[str]:
        return [f"{each.check}: {each.detail}" for each in differences()]

    def test_sound_months_have_no_difference(self, monthly: MonthlyDonation) -> None:
        assert self.found() == []

    def test_a_month_that_is_paid_and_not_in_the_books(self, monthly: MonthlyDonation) -> None:
        MonthlyInvoice.objects.create(
            invoice_id="in_lost",
            monthly=monthly,
            payment_intent_id="pi_lost",
            amount=gbp(10),
            paid_at=timezone.now(),
        )
        assert self.found() == ["months are booked: pi_lost is not in the books"]

    def test_a_month_that_is_paid_by_no_payment(self, monthly: MonthlyDonation) -> None:
        MonthlyInvoice.objects.create(
            invoice_id="in_x",
            monthly=monthly,
            is_paid=True,
            looked_at=timezone.now() - timedelta(minutes=2),
        )
        (found,) = self.found()
        assert "is paid, and Stripe told of no payment" in found

    def test_a_month_of_another_amount(self, monthly: MonthlyDonation) -> None:
        MonthlyInvoice.objects.filter(payment_intent_id=payment_of_month(monthly)).update(
            amount=gbp(11)
        )
        (found,) = self.found()
        assert f"11.00 came by {payment_of_month(monthly)}, and 10.00 stands" in found

    def test_a_month_without_its_invoice(self, monthly: MonthlyDonation) -> None:
        execute("DELETE FROM payments_monthlyinvoice")
        assert self.found() == ["months have their invoice: has none"] * 2
