"""The customer portal: a door that is open for a while, and what a donor may do behind it."""

from dataclasses import dataclass

from payments.pretend_stripe.cards import CardEntry, Refusal, find_card, read_expiry
from payments.pretend_stripe.checkout_params import LOCALES
from payments.pretend_stripe.params import Choice, Items, Record, Text, Url
from payments.pretend_stripe.payment_shapes import new_payment_method
from payments.pretend_stripe.renewals import ENDED, end_subscription
from payments.pretend_stripe.saved_cards import save_card
from payments.pretend_stripe.subscription_changes import apply_changes, ending
from payments.pretend_stripe.wire import ApiError, Obj, missing
from payments.pretend_stripe.world import World

CONFIGURATION_ID = "bpc_1PretendStripe0000000001"

UNUSED_SECONDS = 5 * 60
IDLE_SECONDS = 60 * 60
"""How long the address is good for: before it is first opened, and after it was last used.

Source: docs.stripe.com/customer-management/integrate-customer-portal, "Create a portal session".
"""

_RETURN = Record({"return_url": Url()}, ("return_url",))

CREATE = Record(
    {
        "configuration": Choice((CONFIGURATION_ID,)),
        "customer": Text(),
        "expand": Items(Text()),
        "flow_data": Record(
            {
                "after_completion": Record(
                    {
                        "hosted_confirmation": Record({"custom_message": Text(500)}),
                        "redirect": _RETURN,
                        "type": Choice(("hosted_confirmation", "portal_homepage", "redirect")),
                    },
                    ("type",),
                ),
                "subscription_cancel": Record({"subscription": Text()}, ("subscription",)),
                "type": Choice(("payment_method_update", "subscription_cancel")),
            },
            ("type",),
        ),
        "locale": Choice(LOCALES),
        "return_url": Url(),
    },
    ("customer",),
)


@dataclass(kw_only=True)
class Visit:
    """A portal session with what the API does not show of it.

    Attributes:
        session: The session as the API shows it.
        used_at: When it was last used, Unix seconds; None before it was opened.
        flow_done: Whether the one thing that it was opened for has been done.
    """

    session: Obj
    used_at: float | None = None
    flow_done: bool = False


def create_portal_session(world: World, params: Obj) -> Obj:
    """Open the door for one customer.

    Args:
        world: Where it happens.
        params: As ``CREATE`` read them.

    Raises:
        ApiError: No such customer or subscription, or a way back that is missing.
    """
    customer = world.customers.get(params["customer"], param="customer", status=400)
    flow = _flow(world, params["flow_data"], customer) if "flow_data" in params else None
    secret = world.ids.mint("test_", 32)
    session: Obj = {
        "id": world.ids.mint("bps_1"),
        "object": "billing_portal.session",
        "configuration": CONFIGURATION_ID,
        "created": world.clock.stamp(),
        "customer": customer["id"],
        "customer_account": None,
        "flow": flow,
        "livemode": False,
        "locale": params.get("locale"),
        "on_behalf_of": None,
        "return_url": params.get("return_url"),
        "url": f"{world.setup.base_url}/p/session/{secret}",
    }
    world.portal_visits[secret] = Visit(session=session)
    world.emit("billing_portal.session.created", session)
    return session


def _flow(world: World, data: Obj, customer: Obj) -> Obj:
    asked = data.get("after_completion", {"type": "portal_homepage"})
    if asked["type"] == "redirect" and "redirect" not in asked:
        raise missing("flow_data[after_completion][redirect]")
    param = "flow_data[subscription_cancel][subscription]"
    cancel = None
    if data["type"] == "subscription_cancel":
        if "subscription_cancel" not in data:
            raise missing(param)
        wanted = data["subscription_cancel"]["subscription"]
        subscription = world.subscriptions.get(wanted, param=param, status=400)
        if subscription["customer"] != customer["id"] or subscription["status"] in ENDED:
            raise ApiError(f"The subscription {wanted} cannot be canceled here.", param=param)
        cancel = {"retention": None, "subscription": wanted}
    confirmation = asked.get("hosted_confirmation", {}).get("custom_message")
    return {
        "after_completion": {
            "hosted_confirmation": {"custom_message": confirmation}
            if asked["type"] == "hosted_confirmation"
            else None,
            "redirect": asked.get("redirect"),
            "type": asked["type"],
        },
        "customer_update": None,
        "subscription_cancel": cancel,
        "subscription_update": None,
        "subscription_update_confirm": None,
        "type": data["type"],
    }


def enter(world: World, secret: str) -> Visit | None:
    """The visit of that address, used now; None when it is unknown or no longer good."""
    visit: Visit | None = world.portal_visits.get(secret)
    if visit is None:
        return None
    if visit.used_at is None:
        good_until = visit.session["created"] + UNUSED_SECONDS
    else:
        good_until = visit.used_at + IDLE_SECONDS
    if world.clock.now() > good_until:
        return None
    visit.used_at = world.clock.now()
    return visit


def subscriptions_of(world: World, visit: Visit) -> list[Obj]:
    """The customer's subscriptions, newest first."""
    return world.subscriptions.having("customer", visit.session["customer"])[::-1]


def invoices_of(world: World, visit: Visit) -> list[Obj]:
    """The customer's invoices, newest first, without drafts."""
    theirs = world.invoices.having("customer", visit.session["customer"])
    return [one for one in reversed(theirs) if one["status"] != "draft"]


def change_card(world: World, visit: Visit, entry: CardEntry) -> Refusal | None:
    """Keep another card, and pay with it from now on; None when it was kept.

    What is open is tried again with it when its time comes.
    """
    card = find_card(entry, now=world.clock.stamp())
    if isinstance(card, Refusal):
        return card
    if card.refusal is not None and not card.can_be_saved:
        return card.refusal
    customer = world.customers.get(visit.session["customer"])
    expiry = read_expiry(entry.expiry) or (1, 0)
    method = world.payment_methods.add(
        new_payment_method(world, card=card, entry=entry, expiry=expiry)
    )
    save_card(world, method, card=card, customer=customer["id"])
    previous = {"invoice_settings": customer["invoice_settings"]}
    customer["invoice_settings"] = customer["invoice_settings"] | {
        "default_payment_method": method["id"]
    }
    world.emit("customer.updated", customer, previous=previous)
    for subscription in subscriptions_of(world, visit):
        if subscription["status"] not in ENDED:
            apply_changes(world, subscription, {"default_payment_method": method["id"]})
    return None


def stop(world: World, subscription: Obj, *, at_period_end: bool) -> None:
    """The donor stops: now, or when the month that is paid is over."""
    if at_period_end:
        plan_end(world, subscription, at_period_end=True)
    else:
        end_subscription(world, subscription, reason="cancellation_requested")


def plan_end(world: World, subscription: Obj, *, at_period_end: bool) -> None:
    """End with the period, or go on after all."""
    details = subscription["cancellation_details"]
    changes = ending(world, subscription, at_period_end=at_period_end, details=details)
    apply_changes(world, subscription, changes)
