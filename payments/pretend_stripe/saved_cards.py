"""Cards that are kept for payments to come."""

from payments.pretend_stripe.cards import KnownCard
from payments.pretend_stripe.wire import Obj
from payments.pretend_stripe.world import World


def save_card(world: World, method: Obj, *, card: KnownCard, customer: str) -> None:
    """Keep a card with its customer, and tell of it."""
    method |= {"customer": customer, "allow_redisplay": "always"}
    world.saved_cards[method["id"]] = card
    world.emit("payment_method.attached", method)
