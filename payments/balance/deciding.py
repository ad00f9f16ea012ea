"""Deciding: what a line is to us, and which entry books its amount."""

from collections.abc import Iterable
from enum import Enum
from typing import Final, NamedTuple

from payments.balance.kinds import Meaning, meaning_of
from payments.models import BalanceLine, CardDonation

Category = BalanceLine.Category


class Whose(Enum):
    """Whose money a payment is: ours when this site began it."""

    OURS = "ours"
    THEIRS = "theirs"
    UNKNOWN = "to be asked"


class Decision(NamedTuple):
    """What a line is to us. ``problem`` says why it is put aside, or cannot be decided yet."""

    category: BalanceLine.Category
    principal_key: str = ""
    problem: str = ""


_OURS: Final = {
    # what it is to us, and how the key of its entry is made
    Meaning.CHARGE: (Category.DONATION, "stripe:{payment}:received"),
    Meaning.REFUND: (Category.REFUND, "stripe:{source}:refunded"),
    Meaning.REFUND_FAILED: (Category.REFUND_FAILED, "stripe:{source}:failed"),
    Meaning.DISPUTE: (Category.DISPUTE, "stripe:{line}:disputed"),
    Meaning.DISPUTE_WON: (Category.DISPUTE_WON, "stripe:{line}:reinstated"),
}
_OF_NO_PAYMENT: Final = {
    Meaning.PAYOUT: (Category.PAYOUT, "stripe:{source}:created"),
    Meaning.PAYOUT_FAILED: (Category.PAYOUT_FAILED, "stripe:{source}:failed"),
    Meaning.ACCOUNT_FEE: (Category.ACCOUNT_FEE, "stripe:{line}:stripe-fee"),
}


def decide(line: BalanceLine, whose: Whose) -> Decision:
    """What a line is to us.

    A type that we do not know is put aside, and so is one that must name its source and does not.
    """
    meaning = meaning_of(line.type, line.reporting_category)
    if meaning is None:
        return Decision(
            Category.ASIDE,
            problem=f"of type {line.type} ({line.reporting_category}), which is not booked by "
            "itself: a person decides",
        )
    if meaning in _OF_NO_PAYMENT:
        category, key = _OF_NO_PAYMENT[meaning]
        if not line.source_id and "{source}" in key:
            return Decision(Category.ASIDE, problem=f"a {line.type} that names no payout")
    elif whose is Whose.UNKNOWN:
        return Decision(Category.UNDECIDED, problem="it is not known yet whose payment it is")
    elif whose is Whose.THEIRS:
        category, key = Category.NOT_OURS, "stripe:{line}:unallocated"
    elif meaning is Meaning.CHARGE_FAILED:
        return Decision(Category.UNDECIDED, problem="it depends on whether the payment was booked")
    else:
        category, key = _OURS[meaning]
    made = key.format(line=line.stripe_id, source=line.source_id, payment=line.payment_intent_id)
    return Decision(category, made if line.amount_minor else "")


def read_owners(lines: Iterable[BalanceLine]) -> dict[str, Whose]:
    """Whose the payments behind some lines are, as far as we know without asking Stripe.

    A payment is ours when a donation here was paid by it, or when its charge was found to be
    ours; theirs when its charge was.
    """
    payments = {line.payment_intent_id for line in lines} - {""}
    owners = dict.fromkeys(payments, Whose.UNKNOWN)
    charges = BalanceLine.objects.filter(
        payment_intent_id__in=payments, category__in=[Category.DONATION, Category.NOT_OURS]
    ).values_list("payment_intent_id", "category")
    for payment, category in charges:
        owners[payment] = Whose.OURS if category == Category.DONATION else Whose.THEIRS
    known = CardDonation.objects.filter(payment_intent_id__in=payments)
    owners |= {str(paid): Whose.OURS for paid in known.values_list("payment_intent_id", flat=True)}
    owners[""] = Whose.THEIRS  # all that we begin is a payment intent
    return owners
