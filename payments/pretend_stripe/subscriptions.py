"""Subscriptions: monthly payments, from the first one on."""

from payments.pretend_stripe import invoices
from payments.pretend_stripe.params import Choice, Record, Text
from payments.pretend_stripe.renewals import ENDED, expect_renewal
from payments.pretend_stripe.store import LIST_PARAMS
from payments.pretend_stripe.subscription_shapes import new_subscription
from payments.pretend_stripe.wire import Obj
from payments.pretend_stripe.world import World

_STATUSES = ("active", "canceled", "incomplete", "past_due", "paused", "trialing", "unpaid")

LIST = Record(
    LIST_PARAMS
    | {"customer": Text(), "status": Choice((*_STATUSES, "all", "ended", "incomplete_expired"))}
)


def start(
    world: World, *, customer: str, price: Obj, quantity: int, method: str, data: Obj, intent: Obj
) -> Obj:
    """Begin a subscription whose first month is paid already.

    Stripe makes it when Checkout has taken the money, never before.
    Source: docs.stripe.com/changelog/basil/2025-03-31, "Checkout Session subscription creation is
    postponed".

    Args:
        world: Where it happens.
        customer: Who pays it.
        price: What is paid each time.
        quantity: How many times the price.
        method: The saved card that pays.
        data: Checkout's ``subscription_data``.
        intent: The payment intent that has taken the first month's money.
    """
    subscription = world.subscriptions.add(
        new_subscription(
            world, customer=customer, price=price, quantity=quantity, method=method, data=data
        )
    )
    begun = subscription["created"]
    invoice = invoices.draw_up(
        world, subscription, reason="subscription_create", before=(begun, begun)
    )
    world.emit("customer.subscription.created", subscription)
    invoices.finalize(world, invoice, intent=intent)
    invoices.mark_paid(world, invoice)
    expect_renewal(world, subscription)
    return subscription


def list_subscriptions(world: World, params: Obj) -> Obj:
    """``/v1/subscriptions``: all that have not ended, unless ``status`` says otherwise."""
    status = params.get("status")

    def belongs(one: Obj) -> bool:
        if params.get("customer", one["customer"]) != one["customer"]:
            return False
        if status in (None, "ended"):
            return (one["status"] in ENDED) == (status == "ended")
        return status in ("all", one["status"])

    return world.subscriptions.page(params, url="/v1/subscriptions", where=belongs)
