"""Payment intents without a Checkout: made, confirmed and cancelled through the API."""

from functools import partial

from payments.pretend_stripe import money
from payments.pretend_stripe.card_payment import decline, take_money
from payments.pretend_stripe.cards import BY_READY_MADE, CardEntry, KnownCard
from payments.pretend_stripe.params import (
    Choice,
    Email,
    Flag,
    Items,
    Metadata,
    Record,
    Text,
    Url,
    Whole,
    merged,
)
from payments.pretend_stripe.payment_shapes import new_charge, new_intent, new_payment_method
from payments.pretend_stripe.settlement import settle
from payments.pretend_stripe.wire import ApiError, Obj, no_such
from payments.pretend_stripe.world import World

_ADDRESS = ("city", "country", "line1", "line2", "postal_code", "state")

CREATE = Record(
    {
        "amount": Whole(1),
        "automatic_payment_methods": Record(
            {"allow_redirects": Choice(("always", "never")), "enabled": Flag()}, ("enabled",)
        ),
        "confirm": Flag(),
        "currency": Text(3),
        "description": Text(1000),
        "expand": Items(Text()),
        "metadata": Metadata(),
        "payment_method": Text(),
        "payment_method_types": Items(Text()),
        "receipt_email": Email(),
        "return_url": Url(),
        "shipping": Record(
            {
                "address": Record({name: Text() for name in _ADDRESS}),
                "carrier": Text(),
                "name": Text(),
                "phone": Text(),
                "tracking_number": Text(),
            },
            ("address", "name"),
        ),
        "statement_descriptor_suffix": Text(22),
    },
    ("amount", "currency"),
)

CONFIRM = Record({"expand": Items(Text()), "payment_method": Text(), "return_url": Url()})

CANCEL = Record(
    {
        "cancellation_reason": Choice(
            ("abandoned", "duplicate", "fraudulent", "requested_by_customer")
        ),
        "expand": Items(Text()),
    }
)

UPDATE = Record({"description": Text(1000), "expand": Items(Text()), "metadata": Metadata()})

_CONFIRMABLE = frozenset({"requires_confirmation", "requires_payment_method"})


def create_intent(world: World, params: Obj) -> Obj:
    """Make an intent, and confirm it when that is asked for.

    Raises:
        ApiError: An amount that cannot be charged, or a card that is refused (402).
    """
    intent = world.payment_intents.add(_new_intent(world, params))
    world.emit("payment_intent.created", intent)
    if params.get("confirm"):
        return confirm_intent(world, intent["id"], params)
    return intent


def create_bare_charge(world: World, params: Obj) -> Obj:
    """A paid charge that no intent stands behind, as the Charges API of old makes them."""
    card = _card_of(params["payment_method"])
    stands_for_intent = _new_intent(world, params)
    charge = new_charge(
        world, intent=stands_for_intent, card=card, method=_new_method(world, card)
    ) | {"payment_intent": None}
    world.charges.add(charge)
    world.emit("charge.succeeded", charge)
    world.agenda.add(world.later(), partial(settle, world, charge["id"]), soon=True)
    return charge


def confirm_intent(world: World, intent_id: str, params: Obj) -> Obj:
    """Charge the card of an intent.

    Raises:
        ApiError: There is none to charge, or the bank refuses it (402, remembered).
    """
    intent = world.payment_intents.get(intent_id, param="intent")
    if intent["status"] not in _CONFIRMABLE:
        raise ApiError(
            f"You cannot confirm this PaymentIntent because it has a status of {intent['status']}.",
            code="payment_intent_unexpected_state",
            kept=True,
        )
    if "payment_method" not in params:
        raise ApiError(
            "You cannot confirm this PaymentIntent because it's missing a payment method.",
            code="payment_intent_unexpected_state",
        )
    card = _card_of(params["payment_method"])
    method = _new_method(world, card)
    intent["payment_method"] = method["id"]
    if card.refusal is not None:
        decline(world, intent, card=card, method=method, refusal=card.refusal)
        error = card.refusal.error()
        raise ApiError(
            error.pop("message"),
            status=402,
            kind=error.pop("type"),
            code=error.pop("code"),
            kept=True,
            extra=error | {"charge": intent["latest_charge"], "payment_intent": intent},
        )
    take_money(world, intent, card=card, method=method)
    return intent


def cancel_intent(world: World, intent_id: str, params: Obj) -> Obj:
    """Give an unpaid intent up.

    Raises:
        ApiError: It is paid, or cancelled already.
    """
    intent = world.payment_intents.get(intent_id, param="intent")
    if intent["status"] in {"canceled", "processing", "succeeded"}:
        raise ApiError(
            f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}.",
            code="payment_intent_unexpected_state",
            kept=True,
        )
    intent |= {
        "status": "canceled",
        "canceled_at": world.clock.stamp(),
        "cancellation_reason": params.get("cancellation_reason"),
    }
    world.emit("payment_intent.canceled", intent)
    return intent


def update_intent(world: World, intent_id: str, params: Obj) -> Obj:
    """Change what an intent says; its charge keeps what it was made with."""
    intent = world.payment_intents.get(intent_id, param="intent")
    intent["description"] = params.get("description", intent["description"])
    intent["metadata"] = merged(intent["metadata"], params.get("metadata"))
    return intent


def _new_intent(world: World, params: Obj) -> Obj:
    """An intent with nothing paid yet; raises an ApiError for what could never be charged."""
    currency, row = money.currency_named(params["currency"], param="currency")
    if not row.least <= params["amount"] <= money.MOST:
        too_small = params["amount"] < row.least
        raise ApiError(
            f"Amount must be between {money.shown(row.least, currency)} and "
            f"{money.shown(money.MOST, currency)} {currency}",
            code="amount_too_small" if too_small else "amount_too_large",
            param="amount",
        )
    if "payment_method" in params:
        _card_of(params["payment_method"])
    stands_for_session: Obj = {
        "amount_total": params["amount"],
        "currency": currency,
        "customer": None,
        "payment_method_types": params.get("payment_method_types", ["card"]),
    }
    intent = new_intent(world, session=stands_for_session, intent_data=params)
    if "shipping" in params:
        sent = params["shipping"]
        intent["shipping"] = dict.fromkeys(("carrier", "phone", "tracking_number")) | sent
        intent["shipping"]["address"] = dict.fromkeys(_ADDRESS) | sent["address"]
    return intent


def _card_of(name: str) -> KnownCard:
    """The test card behind one of Stripe's ready-made payment methods.

    Source: docs.stripe.com/testing, "PaymentMethods".
    """
    # Two names are in use for the cards that are declined.
    card = BY_READY_MADE.get(name) or BY_READY_MADE.get(name.replace("pm_card_", "pm_card_visa_"))
    if card is None:
        raise no_such("PaymentMethod", name, param="payment_method", status=400)
    return card


def _new_method(world: World, card: KnownCard) -> Obj:
    entry = CardEntry(
        number=card.number,
        expiry="12/40",
        cvc="1" * card.code_digits,
        name="",
        email="",
        address={},
    )
    return world.payment_methods.add(
        new_payment_method(world, card=card, entry=entry, expiry=(12, 2040))
    )
