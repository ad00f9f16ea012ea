"""A card is charged: the charge, what becomes of its intent, and the fee that comes later."""

from functools import partial

from payments.pretend_stripe.cards import KnownCard, Refusal
from payments.pretend_stripe.ledger import add_balance_transaction
from payments.pretend_stripe.money import card_fee
from payments.pretend_stripe.payment_shapes import new_charge
from payments.pretend_stripe.wire import Obj
from payments.pretend_stripe.world import World


def charge_card(world: World, intent: Obj, *, card: KnownCard, method: Obj) -> Refusal | None:
    """Ask the bank for an intent's money; None when it was taken."""
    if card.refusal is not None:
        return decline(world, intent, card=card, method=method, refusal=card.refusal)
    take(world, intent, card=card, method=method)
    return None


def take(world: World, intent: Obj, *, card: KnownCard, method: Obj) -> Obj:
    """The bank pays: the intent has succeeded, and its fee comes later. The charge."""
    charge = world.charges.add(new_charge(world, intent=intent, card=card, method=method))
    intent |= {
        "status": "succeeded",
        "amount_received": intent["amount"],
        "latest_charge": charge["id"],
        "last_payment_error": None,
        "payment_method": method["id"],
    }
    world.emit("charge.succeeded", charge)
    world.emit("payment_intent.succeeded", intent)
    world.agenda.add(world.later(), partial(settle, world, charge["id"]), soon=True)
    return charge


def decline(
    world: World, intent: Obj, *, card: KnownCard, method: Obj, refusal: Refusal
) -> Refusal:
    """The bank refuses: a failed charge, and an intent that waits for another card."""
    charge = world.charges.add(
        new_charge(world, intent=intent, card=card, method=method, refusal=refusal)
    )
    intent["latest_charge"] = charge["id"]
    world.emit("charge.failed", charge)
    error = refusal.error() | {"charge": charge["id"], "payment_method": method}
    fail_intent(world, intent, error=error)
    return refusal


def fail_intent(world: World, intent: Obj, *, error: Obj) -> None:
    """No money was taken; ``error`` is Stripe's error object for why."""
    intent["status"] = "requires_payment_method"
    intent["payment_method"] = None
    intent["last_payment_error"] = error
    world.emit("payment_intent.payment_failed", intent)


def settle(world: World, charge_id: str) -> None:
    """The captured money reaches the balance, less the fee: ``charge.updated``. Once."""
    charge = world.charges.get(charge_id)
    if charge["balance_transaction"] is not None:
        return
    country = charge["payment_method_details"]["card"]["country"]
    transaction = add_balance_transaction(
        world,
        kind="charge",
        source=charge,
        amount=charge["amount"],
        fee=card_fee(charge["amount"], charge["currency"], country),
        description=charge["description"],
    )
    charge["balance_transaction"] = transaction["id"]
    world.emit("charge.updated", charge, previous={"balance_transaction": None})
