"""Lines of our balance at Stripe, as the gateway reads them. Makers name only what matters."""

import itertools
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from funds.money import Money
from payments.models import CardDonation
from payments.stripe_gateway.balance import Source, StripeLine
from payments.stripe_gateway.facts import PaymentReceived, PayoutState, PayoutTold
from tests.factories import gbp
from tests.stripe_events import NOON, payment_of

WRITTEN: Final = datetime.fromtimestamp(NOON, UTC)
_numbers = itertools.count(1)


def a_line(
    kind: str = "charge",
    amount: Money | None = None,
    *,
    category: str = "",
    fee: Money | None = None,
    created_at: datetime = WRITTEN,
    stripe_id: str = "",
    paid: Money | None = None,
    **source: Any,
) -> StripeLine:
    """A line of a type. ``paid`` is the amount of its source, ``source`` the other members."""
    amount = gbp(25) if amount is None else amount
    return StripeLine(
        stripe_id=stripe_id or f"txn_{next(_numbers)}",
        type=kind,
        reporting_category=category or kind,
        amount=amount,
        fee=amount * 0 if fee is None else fee,
        created_at=created_at,
        available_on=created_at.date() + timedelta(days=3),
        source=Source(amount=paid, **source),
    )


def line_of(donation: CardDonation, *, fee: str = "0.58", **changes: Any) -> StripeLine:
    """The line of a donation's charge."""
    payment = payment_of(donation)
    usual: dict[str, Any] = {
        "source_id": f"ch_{payment}",
        "payment_intent_id": payment,
        "is_marked": True,
        "paid": donation.amount,
    }
    return a_line("charge", donation.amount, fee=gbp(fee), **usual | changes)


def refund_line(
    donation: CardDonation, amount: Money, refund: str = "re_1", **changes: Any
) -> StripeLine:
    """The line of a refund of a donation."""
    usual: dict[str, Any] = {
        "source_id": refund,
        "payment_intent_id": payment_of(donation),
        "paid": amount,
    }
    return a_line("refund", -amount, **usual | changes)


def a_payout(
    amount: Money | None = None,
    *,
    state: PayoutState = PayoutState.IN_TRANSIT,
    payout_id: str = "po_1",
    told_at: datetime = WRITTEN,
    **changes: Any,
) -> PayoutTold:
    told: dict[str, Any] = {
        "payout_id": payout_id,
        "amount": gbp(100) if amount is None else amount,
        "state": state,
        "is_automatic": True,
        "has_contents": False,
        "created_at": WRITTEN,
        "arrival_on": date(2026, 11, 26),
        "told_at": told_at,
    }
    return PayoutTold(**told | changes)


def payout_line(payout: PayoutTold, kind: str = "payout", **changes: Any) -> StripeLine:
    """The line by which a payout leaves, or (payout_failure, payout_cancel) comes back."""
    comes_back = kind != "payout"
    usual: dict[str, Any] = {
        "source_id": payout.payout_id,
        "payout": payout,
        "paid": payout.amount,
    }
    return a_line(
        kind,
        payout.amount if comes_back else -payout.amount,
        category="payout_reversal" if comes_back else "payout",
        **usual | changes,
    )


def received(donation: CardDonation) -> PaymentReceived:
    """The fact that a donation was paid."""
    return PaymentReceived(donation.reference, payment_of(donation), donation.amount, WRITTEN)
