"""Balance transactions: every movement of the account's balance, and the balance itself."""

from payments.pretend_stripe.money import available_on
from payments.pretend_stripe.wire import Obj
from payments.pretend_stripe.world import World

FEE_TEXT = "Stripe processing fees"


def add_balance_transaction(
    world: World,
    *,
    kind: str,
    source: Obj,
    amount: int,
    fee: int = 0,
    description: str | None = None,
) -> Obj:
    """Write one movement.

    Args:
        world: Where it happens.
        kind: Stripe's ``type``: charge, refund, refund_failure.
        source: The object that moved the money.
        amount: Minor units, negative for money that leaves.
        fee: Stripe's fee, minor units, taken from the amount.
        description: As on the source.
    """
    created = world.clock.stamp()
    fee_details = [
        {
            "amount": fee,
            "application": None,
            "currency": source["currency"],
            "description": FEE_TEXT,
            "type": "stripe_fee",
        }
    ]
    return world.balance_transactions.add(
        {
            "id": world.ids.mint("txn_3"),
            "object": "balance_transaction",
            "amount": amount,
            "available_on": available_on(created) if amount > 0 else created,
            "balance_type": "payments",
            "created": created,
            "currency": source["currency"],
            "description": description,
            "exchange_rate": None,
            "fee": fee,
            "fee_details": fee_details if fee else [],
            "net": amount - fee,
            "reporting_category": kind,
            "source": source["id"],
            "status": "pending",
            "type": kind,
        }
    )


def with_status(world: World, transaction: Obj) -> Obj:
    """The transaction with its status of this moment."""
    available = transaction["available_on"] <= world.clock.now()
    return transaction | {"status": "available" if available else "pending"}


def read_balance(world: World) -> Obj:
    """The account's balance by currency: what is available, and what is not yet; fees are off."""
    sums: dict[str, dict[str, int]] = {"available": {}, "pending": {}}
    for transaction in world.balance_transactions:
        currency = transaction["currency"]
        for by_currency in sums.values():
            by_currency.setdefault(currency, 0)
        sums[with_status(world, transaction)["status"]][currency] += transaction["net"]
    shown: Obj = {"object": "balance", "livemode": False}
    for name, by_currency in sums.items():
        shown[name] = [
            {"amount": amount, "currency": currency, "source_types": {"card": amount}}
            for currency, amount in (by_currency or {"gbp": 0}).items()
        ]
    return shown
