"""Every request that our gateway sends fits what Stripe publishes, and so does what it reads."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.utils import timezone
from pytest_django import Settings

from funds.money import Money
from payments.models import RefundOrder
from payments.stripe_gateway import API_VERSION, client, history
from payments.stripe_gateway.checkouts import (
    CheckoutEnd,
    CheckoutOrder,
    OpenCheckout,
    end_checkout,
    open_checkout,
    read_checkout,
)
from payments.stripe_gateway.facts import (
    CheckoutExpired,
    Disputed,
    DisputeStatus,
    NotAFact,
    PaymentDelayed,
    PaymentFailed,
    PaymentReceived,
    Refunded,
    RefundState,
)
from payments.stripe_gateway.reading import EVENT_TYPES
from payments.stripe_gateway.refunding import (
    RefundRefusedError,
    RefundRequest,
    Refusal,
    give_back,
    read_made_refund,
    read_made_refunds,
)
from tests.contract import openapi
from tests.contract.recorder import RecordingClient
from tests.pretend_stripe.process import DECLINED, PretendStripe, a_session, running_pretend_stripe

pytestmark = pytest.mark.contract


@pytest.fixture(scope="module")
def stand_in() -> Iterator[PretendStripe]:
    with running_pretend_stripe(knobs={"charge_updated_delay_seconds": [0, 0]}) as process:
        yield process


@pytest.fixture
def recorder(
    stand_in: PretendStripe, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[RecordingClient]:
    """Our gateway, asking the stand-in; afterwards every exchange is judged."""
    stand_in.reset()
    settings.STRIPE_API_BASE = stand_in.url
    recording = RecordingClient()
    monkeypatch.setattr(client, "_connections", lambda: recording)
    client._client_for.cache_clear()  # noqa: SLF001 - the next one is made with the recorder
    yield recording
    client.close_connections()
    client._client_for.cache_clear()  # noqa: SLF001 - nobody else is recorded
    assert recording.exchanges
    for exchange in recording.exchanges:
        exchange.check()


def an_order(*, email: str = "", asks_address: bool = False) -> CheckoutOrder:
    reference = uuid4()
    return CheckoutOrder(
        reference=reference,
        amount=Money("25.00", "GBP"),
        description="Donation: Rally",
        expires_at=timezone.now() + timedelta(hours=2),
        email=email,
        asks_address=asks_address,
        success_url=f"https://give.example.org/appeals/rally/thanks/{reference}/",
        cancel_url="https://give.example.org/appeals/rally/give/?amount=25.00",
    )


def paid(stand_in: PretendStripe) -> tuple[OpenCheckout, UUID, str]:
    order = an_order()
    opened = open_checkout(order)
    intent = str(stand_in.pay(opened.session_id)["payment_intent"])
    stand_in.settle()
    return opened, order.reference, intent


def test_our_version_is_the_published_one() -> None:
    assert openapi.API_VERSION == API_VERSION


def test_every_event_that_we_act_upon_is_one_of_stripes() -> None:
    assert set(EVENT_TYPES) <= openapi.known_event_types()
    assert len(EVENT_TYPES) <= 20  # as many as Stripe's list of events takes at once


def test_opening(recorder: RecordingClient) -> None:
    for order in (an_order(), an_order(email="a@example.org", asks_address=True)):
        opened = open_checkout(order)
        assert open_checkout(order) == opened
    assert [exchange.status for exchange in recorder.exchanges] == [200] * 4


def test_ending(recorder: RecordingClient, stand_in: PretendStripe) -> None:
    order = an_order()
    opened = open_checkout(order)
    assert read_checkout(opened.session_id) is NotAFact.NOTHING
    assert end_checkout(opened.session_id) is CheckoutEnd.EXPIRED
    assert end_checkout(opened.session_id) is CheckoutEnd.EXPIRED
    expired = read_checkout(opened.session_id)
    assert isinstance(expired, CheckoutExpired)
    assert expired.reference == order.reference


def test_a_paid_one(recorder: RecordingClient, stand_in: PretendStripe) -> None:
    opened, reference, intent = paid(stand_in)
    assert end_checkout(opened.session_id) is CheckoutEnd.FINISHED
    told = read_checkout(opened.session_id)
    assert isinstance(told, PaymentReceived)
    assert (told.reference, told.payment_intent_id) == (reference, intent)
    assert history.read_payment(intent) == told


def test_payments_that_tell_no_fact(recorder: RecordingClient, stand_in: PretendStripe) -> None:
    declined = open_checkout(an_order())
    outcome = stand_in.pay(declined.session_id, card=DECLINED)
    assert history.read_payment(str(outcome["payment_intent"])) is NotAFact.NOTHING
    with stand_in.sdk() as sdk:
        theirs = stand_in.pay(sdk.v1.checkout.sessions.create(a_session()).id)
    assert history.read_payment(str(theirs["payment_intent"])) is NotAFact.NOT_OURS


def test_refunds(recorder: RecordingClient, stand_in: PretendStripe) -> None:
    _, _, intent = paid(stand_in)
    for amount in (500, 700):
        stand_in.control("refund_in_dashboard", payment_intent=intent, amount=amount)
    refunds = [one for one in history.read_refunds(intent) if isinstance(one, Refunded)]
    assert sorted(one.amount.amount for one in refunds) == [5, 7]
    assert {one.state for one in refunds} == {RefundState.GONE}


def test_giving_back(recorder: RecordingClient, stand_in: PretendStripe) -> None:
    _, _, intent = paid(stand_in)
    for reason in ("", *RefundOrder.StripeReason.values):
        request = RefundRequest(
            reference=uuid4(),
            number=0,
            payment_intent_id=intent,
            amount=Money("5.00", "GBP"),
            stripe_reason=reason,
        )
        made = give_back(request)
        assert give_back(request).fact.refund_id == made.fact.refund_id
        assert read_made_refund(made.fact.refund_id).order_reference == str(request.reference)
    assert len(read_made_refunds(intent)) == 4
    with pytest.raises(RefundRefusedError) as refused:
        give_back(replace(request, reference=uuid4(), amount=Money("5.01", "GBP")))
    assert refused.value.refusal is Refusal.TOO_MUCH


def test_disputes(recorder: RecordingClient, stand_in: PretendStripe) -> None:
    _, _, intent = paid(stand_in)
    dispute = stand_in.control("dispute", payment_intent=intent)
    stand_in.control("close_dispute", dispute=dispute["id"], outcome="won")
    (told,) = history.read_disputes(intent)
    assert isinstance(told, Disputed)
    assert (told.dispute_id, told.status) == (dispute["id"], DisputeStatus.WON)
    assert [line.amount.amount for line in told.lines] == [-25, 25]
    assert told.lines[0].fee == Money(20, "GBP")


def test_a_debit_on_its_way_and_one_that_failed(
    recorder: RecordingClient, stand_in: PretendStripe
) -> None:
    stand_in.turn(bacs=True)
    opened = open_checkout(an_order())
    intent = stand_in.pay(opened.session_id, bacs="00012345")["payment_intent"]
    assert isinstance(read_checkout(opened.session_id), PaymentDelayed)
    failed = {"payment_intent": intent, "failure_code": "insufficient_funds"}
    stand_in.control("end_debit", **failed)
    assert isinstance(read_checkout(opened.session_id), PaymentFailed)


def test_fees(recorder: RecordingClient, stand_in: PretendStripe) -> None:
    paid(stand_in)
    with stand_in.sdk() as sdk:
        line = str(sdk.v1.charges.list({"limit": 1}).data[0].balance_transaction)
    fee = history.read_fee(line)
    assert fee.amount == Money("0.58", "GBP")
    around = timedelta(minutes=5)
    found = history.read_fees(
        [line, "txn_none"], since=fee.charged_at - around, until=fee.charged_at + around
    )
    assert found == [fee]


def test_undelivered_events(recorder: RecordingClient, stand_in: PretendStripe) -> None:
    stand_in.turn(drop=1.0)
    with stand_in.sdk() as sdk:
        sdk.v1.webhook_endpoints.create({"url": "http://127.0.0.1:9/", "enabled_events": ["*"]})
    paid(stand_in)
    events = list(
        history.read_undelivered_events(within=timedelta(days=1), settle=timedelta(seconds=-5))
    )
    assert {event.type for event in events} >= {
        "checkout.session.completed",
        "payment_intent.succeeded",
        "charge.updated",
    }
