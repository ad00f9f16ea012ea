"""A card payment through a session: intent, charge, 3-D Secure, and the fee that comes later."""

from dataclasses import dataclass
from functools import partial

from payments.pretend_stripe.cards import (
    NOT_AUTHENTICATED,
    CardEntry,
    KnownCard,
    Refusal,
    find_card,
    read_expiry,
)
from payments.pretend_stripe.checkout import Challenge, Checkout
from payments.pretend_stripe.customers import add_customer
from payments.pretend_stripe.disputes import dispute_by_card
from payments.pretend_stripe.payment_shapes import new_charge, new_intent, new_payment_method
from payments.pretend_stripe.settlement import settle
from payments.pretend_stripe.wire import ApiError, Obj
from payments.pretend_stripe.world import World


@dataclass(frozen=True)
class Paid:
    """The money is taken."""


@dataclass(frozen=True)
class Asked:
    """The bank asks for 3-D Secure; ``answer_challenge`` goes on."""


def pay(world: World, checkout: Checkout, entry: CardEntry) -> Paid | Asked | Refusal:
    """Try to pay an open session with a card.

    A mistyped card never reaches the bank: nothing is made and no event is sent. A card that the
    bank refuses leaves a failed charge, and the session stays open for another card.

    Raises:
        ApiError: The session is not open.
    """
    session = checkout.session
    if session["status"] != "open":
        raise ApiError(f"This Checkout Session is {session['status']}.", param="session")
    card = find_card(entry, now=world.clock.stamp())
    if isinstance(card, Refusal):
        return card
    checkout.challenge = None
    method = world.payment_methods.add(
        new_payment_method(
            world, card=card, entry=entry, expiry=read_expiry(entry.expiry) or (1, 0)
        )
    )
    intent = intent_of(world, checkout)
    intent["payment_method"] = method["id"]
    if card.refusal is not None:
        return decline(world, intent, card=card, method=method, refusal=card.refusal)
    if card.three_d_secure:
        checkout.challenge = Challenge(card=card, payment_method=method["id"])
        page = f"{session['url']}/3ds"
        intent["status"] = "requires_action"
        intent["next_action"] = {
            "type": "redirect_to_url",
            "redirect_to_url": {"url": page, "return_url": session["url"]},
        }
        world.emit("payment_intent.requires_action", intent)
        return Asked()
    return _succeed(world, checkout, intent, card=card, method=method)


def answer_challenge(world: World, checkout: Checkout, *, passed: bool) -> Paid | Refusal:
    """The donor answered the bank's 3-D Secure question.

    Raises:
        ApiError: No question is open.
    """
    challenge = checkout.challenge
    if challenge is None or checkout.session["status"] != "open":
        raise ApiError("No 3-D Secure question is open.", param="session")
    checkout.challenge = None
    intent = world.payment_intents.get(checkout.session["payment_intent"])
    method = world.payment_methods.get(challenge.payment_method)
    intent["next_action"] = None
    if passed:
        return _succeed(world, checkout, intent, card=challenge.card, method=method)
    fail_intent(world, intent, error=NOT_AUTHENTICATED.error() | {"payment_method": method})
    return NOT_AUTHENTICATED


def intent_of(world: World, checkout: Checkout) -> Obj:
    """The session's payment intent, made at the first attempt."""
    session = checkout.session
    if session["payment_intent"] is not None:
        return world.payment_intents.get(session["payment_intent"])
    intent = world.payment_intents.add(
        new_intent(world, session=session, intent_data=checkout.intent_data)
    )
    session["payment_intent"] = intent["id"]
    world.emit("payment_intent.created", intent)
    return intent


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
    """An intent goes back to waiting for a way to pay."""
    intent["status"] = "requires_payment_method"
    intent["payment_method"] = None
    intent["last_payment_error"] = error
    world.emit("payment_intent.payment_failed", intent)


def take_money(world: World, intent: Obj, *, card: KnownCard, method: Obj) -> None:
    """The bank agrees: a paid charge now, its fee later, a dispute too when the card says so."""
    charge = world.charges.add(new_charge(world, intent=intent, card=card, method=method))
    intent |= {
        "status": "succeeded",
        "amount_received": intent["amount"],
        "latest_charge": charge["id"],
        "last_payment_error": None,
    }
    world.emit("charge.succeeded", charge)
    world.emit("payment_intent.succeeded", intent)
    world.agenda.add(world.later(), partial(settle, world, charge["id"]), soon=True)
    dispute_by_card(world, charge["id"], card)


def _succeed(
    world: World, checkout: Checkout, intent: Obj, *, card: KnownCard, method: Obj
) -> Paid:
    add_customer_when_asked(world, checkout.session, intent, method)
    take_money(world, intent, card=card, method=method)
    complete_session(world, checkout, method, payment_status="paid")
    return Paid()


def add_customer_when_asked(world: World, session: Obj, intent: Obj, method: Obj) -> None:
    """A customer for a session that was opened with ``customer_creation=always``."""
    if session["customer"] is None and session["customer_creation"] == "always":
        billing = method["billing_details"]
        customer = add_customer(world, {key: billing[key] for key in ("email", "name", "address")})
        session["customer"] = intent["customer"] = customer["id"]


def complete_session(world: World, checkout: Checkout, method: Obj, *, payment_status: str) -> None:
    """The donor has finished: paid, or unpaid until a debit succeeds."""
    session = checkout.session
    session |= {
        "status": "complete",
        "payment_status": payment_status,
        "url": None,
        "customer_details": _customer_details(method["billing_details"]),
        "collected_information": {
            "business_name": None,
            "individual_name": None,
            "shipping_details": None,
        },
    }
    checkout.told = world.emit("checkout.session.completed", session, ahead=True)


def _customer_details(billing: Obj) -> Obj:
    return {
        "address": billing["address"],
        "business_name": None,
        "email": billing["email"],
        "individual_name": None,
        "name": billing["name"],
        "phone": None,
        "tax_exempt": "none",
        "tax_ids": [],
    }
