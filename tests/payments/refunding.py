"""Orders to give money back, in a test's words."""

import uuid
from collections.abc import Iterable
from typing import Any

from django.test import Client
from django.utils import timezone

from funds.models import Membership, User
from funds.money import Money
from payments import inbox
from payments.booking import book_facts
from payments.models import CardDonation, RefundOrder
from payments.refund_orders import RefundFacts, order_refund
from payments.stripe_gateway import OUR_METADATA_KEY
from payments.stripe_gateway.amounts import to_stripe
from payments.stripe_gateway.facts import PaymentReceived, Refunded, RefundState
from tests.factories import gbp, make_card_donation, make_user
from tests.pretend_stripe.process import PretendStripe, a_session
from tests.stripe_events import Event, deliver


def make_national(username: str = "first") -> User:
    found = User.objects.filter(username=username).first()
    return found or make_user(username, role=Membership.Role.NATIONAL_TREASURER)


def make_received(amount: Money | None = None, *, payment: str = "", **fields: Any) -> CardDonation:
    """A donation whose money came; Stripe knows nothing of it."""
    donation = make_card_donation(amount or gbp(25), **fields)
    payment = payment or f"pi_{donation.reference.hex[:16]}"
    book_facts([PaymentReceived(donation.reference, payment, donation.amount, timezone.now())])
    donation.refresh_from_db()
    return donation


def pay_at(stripe: PretendStripe, amount: Money | None = None, **fields: Any) -> CardDonation:
    """A donation whose money came, and which the stand-in knows as we do."""
    donation = make_card_donation(amount or gbp(25), **fields)
    item = a_session()["line_items"][0]
    item["price_data"]["unit_amount"] = to_stripe(donation.amount)
    marked = {OUR_METADATA_KEY: str(donation.reference)}
    session = a_session(
        line_items=[item], metadata=marked, payment_intent_data={"metadata": marked}
    )
    with stripe.sdk() as sdk:
        session_id = sdk.v1.checkout.sessions.create(session).id
    payment = str(stripe.pay(session_id)["payment_intent"])
    book_facts([PaymentReceived(donation.reference, payment, donation.amount, timezone.now())])
    donation.refresh_from_db()
    return donation


def given_back_at_stripe(
    donation: CardDonation,
    amount: Money,
    *,
    refund: str = "re_dashboard",
    state: RefundState = RefundState.GONE,
) -> None:
    """Stripe tells of a refund that was made there, or of what became of it."""
    now = timezone.now()
    assert donation.payment_intent_id is not None
    book_facts([Refunded(refund, donation.payment_intent_id, amount, state, now, now)])


def asked(donation: CardDonation, amount: Money | None = None, **changes: Any) -> RefundFacts:
    return RefundFacts(
        donation=donation,
        amount=donation.amount if amount is None else amount,
        reason=changes.pop("reason", "Gave twice by mistake"),
        **changes,
    )


def order(
    donation: CardDonation, amount: Money | None = None, *, by: User | None = None, **changes: Any
) -> RefundOrder:
    """Order it, by the first national treasurer unless another is named."""
    facts = asked(donation, amount, **changes)
    return order_refund(uuid.uuid4(), facts, asked_by=by or make_national()).order


def fresh_order(order: RefundOrder) -> RefundOrder:
    return RefundOrder.objects.get(pk=order.pk)


def refunds_at(stripe: PretendStripe, donation: CardDonation) -> list[int]:
    """What the stand-in gave back of a donation, in minor units, the latest first."""
    assert donation.payment_intent_id is not None
    with stripe.sdk() as sdk:
        listed = sdk.v1.refunds.list({"payment_intent": donation.payment_intent_id})
        return [refund.amount for refund in listed.data]


def events_of(stripe: PretendStripe) -> list[Event]:
    """Everything that the stand-in would tell us, in the order in which it happened."""
    stripe.settle()
    with stripe.sdk() as sdk:
        listed = sdk.v1.events.list({"limit": 100}).auto_paging_iter()
        return [event.to_dict() for event in listed][::-1]


def tell(client: Client, events: Iterable[Event]) -> None:
    """Deliver events by the webhook, and act on them."""
    for event in events:
        assert deliver(client, event) == 200
    inbox.act_on_everything_due()


def let_claims_run_out() -> None:
    """As if whoever claimed an order had died, and its time were over."""
    RefundOrder.objects.update(next_attempt_at=timezone.now())


class DiedError(BaseException):
    """The process is gone: nothing after this line was done."""
