"""Balance transactions: every movement of the account's balance, and the balance itself."""

from collections import Counter
from dataclasses import dataclass

from payments.pretend_stripe.money import available_on
from payments.pretend_stripe.wire import Obj
from payments.pretend_stripe.world import World

FEE_TEXT = "Stripe processing fees"

_CATEGORIES = {
    "payment": "charge",
    "payment_refund": "refund",
    "payout_cancel": "payout_reversal",
    "payout_failure": "payout_reversal",
    "stripe_fee": "fee",
}
"""``reporting_category`` by ``type``, where the two differ.

Source: docs.stripe.com/reports/reporting-categories.
"""

_PENDING_TYPES = frozenset({"charge", "payment"})
"""Money that is not available at once."""


@dataclass(frozen=True, kw_only=True)
class Movement:
    """What moves the balance.

    Attributes:
        kind: Stripe's ``type``: charge, refund, adjustment, payout …
        source: Id of the object that moves the money; None for what nothing stands behind.
        currency: Lower-case code.
        amount: Minor units, negative for money that leaves.
        fee: Stripe's fee, minor units, taken from the amount; negative when it comes back.
        description: As on the source.
        category: Stripe's ``reporting_category``, where the type does not tell it.
        fee_text: What the fee is for.
    """

    kind: str
    source: str | None
    currency: str
    amount: int
    fee: int = 0
    description: str | None = None
    category: str | None = None
    fee_text: str = FEE_TEXT


def add_balance_transaction(world: World, movement: Movement) -> Obj:
    """Write one movement; it waits for a payout from now on."""
    transaction = new_balance_transaction(
        world.ids.mint("txn_3"), movement, created=world.clock.stamp()
    )
    world.not_paid_out[transaction["id"]] = transaction
    return world.balance_transactions.add(transaction)


def new_balance_transaction(transaction_id: str, movement: Movement, *, created: int) -> Obj:
    """A movement at a moment (Unix seconds), as the API shows it at that moment."""
    fee_details = [
        {
            "amount": movement.fee,
            "application": None,
            "currency": movement.currency,
            "description": movement.fee_text,
            "type": "stripe_fee",
        }
    ]
    kind = movement.kind
    pending = kind in _PENDING_TYPES and movement.amount > 0
    return {
        "id": transaction_id,
        "object": "balance_transaction",
        "amount": movement.amount,
        "available_on": available_on(created) if pending else created,
        "balance_type": "payments",
        "created": created,
        "currency": movement.currency,
        "description": movement.description,
        "exchange_rate": None,
        "fee": movement.fee,
        "fee_details": fee_details if movement.fee else [],
        "net": movement.amount - movement.fee,
        "reporting_category": movement.category or _CATEGORIES.get(kind, kind),
        "source": movement.source,
        "status": "pending" if pending else "available",
        "type": kind,
    }


def is_available(world: World, transaction: Obj) -> bool:
    """Whether a movement counts towards what can be paid out."""
    return bool(transaction["available_on"] <= world.clock.now())


def with_status(world: World, transaction: Obj) -> Obj:
    """The transaction with its status of this moment."""
    status = "available" if is_available(world, transaction) else "pending"
    return transaction | {"status": status}


def read_balance(world: World) -> Obj:
    """The account's balance by currency: what is available, and what is not yet; fees are off."""
    sums: dict[str, Counter[str]] = {"available": Counter(), "pending": Counter()}
    for transaction in world.balance_transactions:
        name = "available" if is_available(world, transaction) else "pending"
        for by_currency in sums.values():
            by_currency[transaction["currency"]] += 0
        sums[name][transaction["currency"]] += transaction["net"]
    shown: Obj = {"object": "balance", "livemode": False}
    for name, by_currency in sums.items():
        shown[name] = [
            {"amount": amount, "currency": currency, "source_types": {"card": amount}}
            for currency, amount in (by_currency or {"gbp": 0}).items()
        ]
    return shown
