"""The money of a payment reaches the balance, less Stripe's fee."""

from payments.pretend_stripe.ledger import Movement, add_balance_transaction
from payments.pretend_stripe.money import bacs_fee, card_fee
from payments.pretend_stripe.wire import Obj
from payments.pretend_stripe.world import World


def settle(world: World, charge_id: str) -> None:
    """The captured money reaches the balance, less the fee: ``charge.updated``. Once."""
    charge = world.charges.get(charge_id)
    if charge["balance_transaction"] is not None:
        return
    transaction = add_balance_transaction(world, movement_of(charge))
    charge["balance_transaction"] = transaction["id"]
    world.emit("charge.updated", charge, previous={"balance_transaction": None})


def movement_of(charge: Obj) -> Movement:
    """What a paid charge does to the balance.

    Stripe calls it ``charge`` for cards and ``payment`` for every other way to pay.
    Source: docs.stripe.com/reports/balance-transaction-types.
    """
    details = charge["payment_method_details"]
    by_card = details["type"] == "card"
    amount, currency = charge["amount"], charge["currency"]
    return Movement(
        kind="charge" if by_card else "payment",
        source=charge["id"],
        currency=currency,
        amount=amount,
        fee=card_fee(amount, currency, details["card"]["country"]) if by_card else bacs_fee(amount),
        description=charge["description"],
    )
