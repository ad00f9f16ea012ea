"""Checkout Sessions in ``mode=payment``: made, shown, expired by hand and by themselves."""

import asyncio
from dataclasses import dataclass, field
from functools import partial

from payments.pretend_stripe import checkout_params, money
from payments.pretend_stripe.cards import KnownCard
from payments.pretend_stripe.params import merged
from payments.pretend_stripe.wire import ApiError, Obj
from payments.pretend_stripe.world import World

LOOK: Obj = {
    "background_color": "#ffffff",
    "border_style": "rounded",
    "button_color": "#b3001b",
    "display_name": "Pretend account",
    "font_family": "default",
    "icon": None,
    "logo": None,
}


@dataclass(kw_only=True)
class Challenge:
    """A 3-D Secure question that the donor has not answered yet."""

    card: KnownCard
    payment_method: str


@dataclass(kw_only=True)
class Checkout:
    """A session with what the API does not show of it.

    Attributes:
        session: The session as the API shows it.
        line_items: What is paid for.
        intent_data: What its payment intent will carry.
        challenge: The open 3-D Secure question.
        attempt: The token of the form that paid it.
        told: Set, each, when an endpoint has answered to ``checkout.session.completed``.
    """

    session: Obj
    line_items: list[Obj]
    intent_data: Obj
    challenge: Challenge | None = None
    attempt: str | None = None
    told: list[asyncio.Event] = field(default_factory=list)

    @property
    def title(self) -> str:
        """What is paid for, in a line."""
        return ", ".join(item["description"] for item in self.line_items)

    @property
    def success_url(self) -> str:
        """Where the donor goes after paying."""
        address: str = self.session["success_url"]
        return address.replace("{CHECKOUT_SESSION_ID}", self.session["id"])


def create_session(world: World, params: Obj) -> Obj:
    """Make a session from parameters that ``checkout_params.CREATE`` has read.

    Raises:
        ApiError: A parameter that Stripe would refuse, or a mode that is not done here.
    """
    created = world.clock.stamp()
    checkout_params.check(params, created=created)
    customer = params.get("customer")
    if customer is not None:
        world.customers.get(customer, param="customer", status=400)
    session_id = world.ids.mint("cs_test_a1", 58)
    line_items = [_line_item(world, item, created=created) for item in params["line_items"]]
    currency = line_items[0]["currency"]
    total = sum(item["amount_total"] for item in line_items)
    checkout_params.check_total(total, currency)
    custom_text = params.get("custom_text", {})
    session: Obj = {
        "id": session_id,
        "object": "checkout.session",
        "adaptive_pricing": {"enabled": params.get("adaptive_pricing", {}).get("enabled", True)},
        "after_expiration": None,
        "allow_promotion_codes": None,
        "amount_subtotal": total,
        "amount_total": total,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "billing_address_collection": params.get("billing_address_collection"),
        "branding_settings": LOOK,
        "cancel_url": params.get("cancel_url"),
        "client_reference_id": params.get("client_reference_id"),
        "client_secret": None,
        "collected_information": None,
        "consent": None,
        "consent_collection": None,
        "created": created,
        "currency": currency,
        "currency_conversion": None,
        "custom_fields": [],
        "custom_text": {
            "after_submit": custom_text.get("after_submit"),
            "shipping_address": None,
            "submit": custom_text.get("submit"),
            "terms_of_service_acceptance": None,
        },
        "customer": customer,
        "customer_account": None,
        "customer_creation": (None if customer else params.get("customer_creation", "if_required")),
        "customer_details": None,
        "customer_email": params.get("customer_email"),
        "discounts": [],
        "expires_at": params.get("expires_at", created + checkout_params.LONGEST_SECONDS),
        "invoice": None,
        "invoice_creation": {
            "enabled": False,
            "invoice_data": {
                "account_tax_ids": None,
                "custom_fields": None,
                "description": None,
                "footer": None,
                "issuer": None,
                "metadata": {},
                "rendering_options": None,
            },
        },
        "livemode": False,
        "locale": params.get("locale"),
        "metadata": merged({}, params.get("metadata")),
        "mode": "payment",
        "origin_context": params.get("origin_context"),
        "payment_intent": None,
        "payment_link": None,
        "payment_method_collection": "if_required",
        "payment_method_configuration_details": None,
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": checkout_params.methods(
            params, currency=currency, bacs=world.knobs.bacs
        ),
        "payment_status": "unpaid",
        "permissions": None,
        "phone_number_collection": {"enabled": False},
        "recovered_from": None,
        "saved_payment_method_options": None,
        "setup_intent": None,
        "shipping_address_collection": None,
        "shipping_cost": None,
        "shipping_options": [],
        "status": "open",
        "submit_type": params.get("submit_type"),
        "subscription": None,
        "success_url": params["success_url"],
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
        "url": f"{world.setup.base_url}/c/pay/{session_id}",
        "wallet_options": None,
    }
    if "excluded_payment_method_types" in params:
        session["excluded_payment_method_types"] = params["excluded_payment_method_types"]
    world.sessions.add(session)
    world.private[session_id] = Checkout(
        session=session, line_items=line_items, intent_data=params.get("payment_intent_data", {})
    )
    world.agenda.add(
        session["expires_at"], partial(_expire_when_due, world, session_id), soon=False
    )
    return session


def find_checkout(world: World, session_id: str) -> Checkout:
    """The session and what belongs to it, else 404."""
    world.sessions.get(session_id, param="session")
    checkout: Checkout = world.private[session_id]
    return checkout


def expire_session(world: World, session_id: str) -> Obj:
    """End an open session at the merchant's word.

    Raises:
        ApiError: It is not open any more.
    """
    session = world.sessions.get(session_id, param="session")
    if session["status"] != "open":
        raise ApiError(
            'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout '
            f"Session has a status of `{session['status']}`.",
            kept=True,
        )
    _expire(world, session)
    return session


def _expire_when_due(world: World, session_id: str) -> None:
    session = world.sessions.get(session_id)
    if session["status"] == "open":
        _expire(world, session)


def _expire(world: World, session: Obj) -> None:
    session["status"] = "expired"
    session["url"] = None
    checkout: Checkout = world.private[session["id"]]
    checkout.challenge = None
    world.emit("checkout.session.expired", session)


def _line_item(world: World, item: Obj, *, created: int) -> Obj:
    data = item["price_data"]
    currency, _ = money.currency_named(
        data["currency"], param="line_items[0][price_data][currency]"
    )
    amount = data["unit_amount"] * item["quantity"]
    return {
        "id": world.ids.mint("li_1"),
        "object": "item",
        "adjustable_quantity": None,
        "amount_discount": 0,
        "amount_subtotal": amount,
        "amount_tax": 0,
        "amount_total": amount,
        "created": created,
        "currency": currency,
        "description": data["product_data"]["name"],
        "price": {
            "id": world.ids.mint("price_1"),
            "object": "price",
            "active": False,
            "billing_scheme": "per_unit",
            "created": created,
            "currency": currency,
            "custom_unit_amount": None,
            "livemode": False,
            "lookup_key": None,
            "metadata": {},
            "nickname": None,
            "product": world.ids.mint("prod_", 14),
            "recurring": None,
            "tax_behavior": "unspecified",
            "tiers_mode": None,
            "transform_quantity": None,
            "type": "one_time",
            "unit_amount": data["unit_amount"],
            "unit_amount_decimal": str(data["unit_amount"]),
        },
        "quantity": item["quantity"],
    }
