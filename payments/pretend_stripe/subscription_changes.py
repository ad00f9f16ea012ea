"""What the merchant changes about a subscription, and how it is stopped."""

from payments.pretend_stripe import products
from payments.pretend_stripe.params import (
    Choice,
    Flag,
    Items,
    Metadata,
    Record,
    Text,
    Whole,
    merged,
)
from payments.pretend_stripe.renewals import ENDED, end_subscription
from payments.pretend_stripe.subscription_shapes import item_of
from payments.pretend_stripe.wire import ApiError, Obj, no_such
from payments.pretend_stripe.world import World

_FEEDBACK = (
    "customer_service low_quality missing_features other switched_service too_complex "
    "too_expensive unused"
)
_DETAILS = Record({"comment": Text(), "feedback": Choice(tuple(_FEEDBACK.split()))})

UPDATE = Record(
    {
        "cancel_at_period_end": Flag(),
        "cancellation_details": _DETAILS,
        "default_payment_method": Text(),
        "description": Text(500),
        "expand": Items(Text()),
        "items": Items(
            Record(
                {
                    "id": Text(),
                    "price": Text(),
                    "price_data": Record(
                        {
                            "currency": Text(3),
                            "product": Text(),
                            "recurring": products.RECURRING,
                            "unit_amount": Whole(),
                        },
                        ("currency", "product", "recurring", "unit_amount"),
                    ),
                    "quantity": Whole(1, 999_999),
                }
            )
        ),
        "metadata": Metadata(),
        "proration_behavior": Choice(("always_invoice", "create_prorations", "none")),
    }
)

CANCEL = Record(
    {
        "cancellation_details": _DETAILS,
        "expand": Items(Text()),
        "invoice_now": Flag(),
        "prorate": Flag(),
    }
)


def update_subscription(world: World, subscription_id: str, params: Obj) -> Obj:
    """Change a subscription; another amount counts from the next invoice on.

    Args:
        world: Where it happens.
        subscription_id: Which.
        params: As ``UPDATE`` read them.

    Raises:
        ApiError: It has ended, or a parameter that Stripe would refuse or that is not done here.
    """
    subscription = world.subscriptions.get(subscription_id, param="id")
    changes: Obj = {
        "cancellation_details": subscription["cancellation_details"]
        | params.get("cancellation_details", {}),
        "metadata": merged(subscription["metadata"], params.get("metadata")),
    }
    if subscription["status"] in ENDED:
        if params.keys() - changes.keys() - {"expand"}:
            raise ApiError(
                "A canceled subscription can only update its cancellation_details and metadata.",
                kept=True,
            )
    else:
        changes |= {name: params[name] for name in ("description",) if name in params}
        changes |= _new_method(world, subscription, params)
        changes |= _new_item(world, subscription, params)
        changes |= _new_end(world, subscription, params, details=changes["cancellation_details"])
    apply_changes(world, subscription, changes)
    return subscription


def apply_changes(world: World, subscription: Obj, changes: Obj) -> None:
    """Write what differs, and tell of it with the former values."""
    previous = {name: subscription[name] for name in changes if subscription[name] != changes[name]}
    subscription |= changes
    if previous:
        world.emit("customer.subscription.updated", subscription, previous=previous)


def cancel_subscription(world: World, subscription_id: str, params: Obj) -> Obj:
    """Stop a subscription at once; what was paid stays paid.

    Raises:
        ApiError: 404 when there is none that could be stopped, as at Stripe.
    """
    subscription = world.subscriptions.get(subscription_id, param="id")
    if subscription["status"] in ENDED:
        raise no_such("subscription", subscription_id)
    if params.get("invoice_now") or params.get("prorate"):
        raise ApiError("Pretend Stripe does not prorate.", param="prorate")
    subscription["cancellation_details"] = subscription["cancellation_details"] | params.get(
        "cancellation_details", {}
    )
    end_subscription(world, subscription, reason="cancellation_requested")
    return subscription


def ending(world: World, subscription: Obj, *, at_period_end: bool, details: Obj) -> Obj:
    """The members that say that a subscription ends with its period, or does not any more."""
    if at_period_end == subscription["cancel_at_period_end"]:
        return {}
    end = item_of(subscription)["current_period_end"]
    reason = "cancellation_requested" if at_period_end else None
    return {
        "cancel_at": end if at_period_end else None,
        "cancel_at_period_end": at_period_end,
        "canceled_at": world.clock.stamp() if at_period_end else None,
        "cancellation_details": details | {"reason": reason},
    }


def _new_end(world: World, subscription: Obj, params: Obj, *, details: Obj) -> Obj:
    if "cancel_at_period_end" not in params:
        return {}
    at_period_end = params["cancel_at_period_end"]
    return ending(world, subscription, at_period_end=at_period_end, details=details)


def _new_method(world: World, subscription: Obj, params: Obj) -> Obj:
    if "default_payment_method" not in params:
        return {}
    method = world.payment_methods.get(
        params["default_payment_method"], param="default_payment_method", status=400
    )
    if method["customer"] != subscription["customer"]:
        raise ApiError(
            f"The customer does not have a payment method with the ID {method['id']}. The payment "
            "method must be attached to the customer.",
            code="resource_missing",
            param="default_payment_method",
        )
    return {"default_payment_method": method["id"]}


def _new_item(world: World, subscription: Obj, params: Obj) -> Obj:
    """The items with another price or quantity; nothing is charged for the present period."""
    if "items" not in params:
        return {}
    item = item_of(subscription)
    if [one.get("id") for one in params["items"]] != [item["id"]]:
        raise ApiError(
            f"Pretend Stripe keeps one item in a subscription: {item['id']}.", param="items[0][id]"
        )
    if params.get("proration_behavior") != "none":
        raise ApiError(
            "Pretend Stripe does proration_behavior=none only.", param="proration_behavior"
        )
    (asked,) = params["items"]
    price = _new_price(world, subscription, asked)
    changed = item | {"price": price, "quantity": asked.get("quantity", item["quantity"])}
    return {"items": subscription["items"] | {"data": [changed]}}


def _new_price(world: World, subscription: Obj, asked: Obj) -> Obj:
    if "price" in asked:
        price = world.prices.get(asked["price"], param="items[0][price]", status=400)
    elif "price_data" in asked:
        data, where = asked["price_data"], "items[0][price_data]"
        product = products.find_active(world, data["product"], param=f"{where}[product]")
        price = products.new_price(
            world, data | {"active": False}, product=product["id"], param=f"{where}[currency]"
        )
        world.prices.add(price)
    else:
        return dict(item_of(subscription)["price"])
    if price["currency"] != subscription["currency"]:
        raise ApiError(
            f"The price specified is in {price['currency']}, the subscription in "
            f"{subscription['currency']}.",
            param="items[0][price]",
        )
    if price["recurring"] != item_of(subscription)["price"]["recurring"]:
        raise ApiError("Pretend Stripe keeps a subscription's interval.", param="items[0][price]")
    return price
