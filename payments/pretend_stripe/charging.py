"""A card is charged: the charge, what becomes of its intent, and what follows later."""

from functools import partial

from payments.pretend_stripe.cards import KnownCard, Refusal
from payments.pretend_stripe.disputes import dispute_by_card
from payments.pretend_stripe.payment_shapes import new_charge
from payments.pretend_stripe.settlement import settle
from payments.pretend_stripe.wire import Obj
from payments.pretend_stripe.world import World


def charge_card(world: World, intent: Obj, *, card: KnownCard, method: Obj) -> Refusal | None:
    """Ask the bank for an intent's money; None when it was taken."""
    if card.refusal is not None:
        return decline(world, intent, card=card, method=method, refusal=card.refusal)
    take_money(world, intent, card=card, method=method)
    return None


def take_money(world: World, intent: Obj, *, card: KnownCard, method: Obj) -> None:
    """The bank agrees: a paid charge now, its fee later, a dispute too when the card says so."""
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
    dispute_by_card(world, charge["id"], card)


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
    """An intent goes back to waiting for a way to pay; ``error`` is Stripe's, for why."""
    intent["status"] = "requires_payment_method"
    intent["payment_method"] = None
    intent["last_payment_error"] = error
    world.emit("payment_intent.payment_failed", intent)
