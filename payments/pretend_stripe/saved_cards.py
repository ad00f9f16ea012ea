"""Cards that are kept for payments to come, and charged without their holder."""

from payments.pretend_stripe.cards import KnownCard, Refusal
from payments.pretend_stripe.charging import charge_card
from payments.pretend_stripe.wire import Obj
from payments.pretend_stripe.world import World


def save_card(world: World, method: Obj, *, card: KnownCard, customer: str) -> None:
    """Keep a card with its customer, and tell of it."""
    method |= {"customer": customer, "allow_redisplay": "always"}
    world.saved_cards[method["id"]] = card
    world.emit("payment_method.attached", method)


def charge_saved_card(world: World, intent: Obj, *, method_id: str) -> Refusal | None:
    """Charge a kept card while its holder is away; None when the money was taken.

    The bank does not ask for 3-D Secure then: it did when the card was first used.
    """
    method = world.payment_methods.get(method_id)
    return charge_card(world, intent, card=world.saved_cards[method_id], method=method)


def replace_behaviour(world: World, method_ids: set[str], *, card: KnownCard) -> None:
    """From now on the bank answers for these cards as for that test card; nobody is told."""
    for method_id in method_ids:
        world.saved_cards[method_id] = card
