"""What follows a subscription's first month: renewals, refused ones tried again, and the end.

Source: docs.stripe.com/billing/subscriptions/overview, "Subscription lifecycle" and "Subscription
statuses"; docs.stripe.com/billing/revenue-recovery/smart-retries.
"""

from functools import partial

from payments.pretend_stripe import invoices
from payments.pretend_stripe.cards import Refusal
from payments.pretend_stripe.months import next_end
from payments.pretend_stripe.saved_cards import charge_saved_card
from payments.pretend_stripe.subscription_shapes import item_of
from payments.pretend_stripe.wire import ApiError, Obj
from payments.pretend_stripe.world import World

ENDED = ("canceled", "incomplete_expired")
"""Statuses after which nothing more is taken."""

_DAY_SECONDS = 24 * 60 * 60


def expect_renewal(world: World, subscription: Obj) -> None:
    """See to it that the next period begins when this one ends."""
    end = item_of(subscription)["current_period_end"]
    world.agenda.add(end, partial(_renew_when_due, world, subscription["id"], end), soon=False)


def _renew_when_due(world: World, subscription_id: str, end: int) -> None:
    """The period is over, unless it is long since (``renew_now``) or all is.

    The invoice is a draft for an hour, so that the merchant may still change it.
    Source: docs.stripe.com/billing/invoices/subscription, "Invoice lifecycle".
    """
    subscription = world.subscriptions.get(subscription_id)
    if subscription["status"] in ENDED or item_of(subscription)["current_period_end"] != end:
        return
    pause = int(world.knobs.invoice_draft_seconds)
    invoice = _begin_period(world, subscription, finalizes_at=world.clock.stamp() + pause)
    if invoice is not None and invoice["auto_advance"]:
        finish = partial(_finalize_when_due, world, invoice["id"])
        world.agenda.add(invoice["automatically_finalizes_at"], finish, soon=True)


def renew_now(world: World, subscription: Obj) -> Obj | None:
    """Begin the next period at once and take its money; the clock stays where it is.

    The invoice; None when the subscription ends instead.
    """
    invoice = _begin_period(world, subscription, finalizes_at=world.clock.stamp())
    if invoice is not None and invoice["auto_advance"]:
        _finalize_when_due(world, invoice["id"])
    return invoice


def _begin_period(world: World, subscription: Obj, *, finalizes_at: int) -> Obj | None:
    """Move on to the next period, and draw up its invoice; or end, if that was asked for."""
    if subscription["cancel_at_period_end"]:
        end_subscription(world, subscription, reason="cancellation_requested")
        return None
    item = item_of(subscription)
    start = item["current_period_end"]
    previous = {name: subscription[name] for name in ("items", "latest_invoice")}
    anchor = subscription["billing_cycle_anchor"]
    end = next_end(item["price"]["recurring"], anchor=anchor, start=start)
    now_in = item | {"current_period_start": start, "current_period_end": end}
    subscription["items"] = subscription["items"] | {"data": [now_in]}
    expect_renewal(world, subscription)
    collected = subscription["status"] != "unpaid"
    invoice = invoices.draw_up(
        world,
        subscription,
        reason="subscription_cycle",
        before=(item["current_period_start"], start),
        finalizes_at=finalizes_at if collected else None,
    )
    world.emit("customer.subscription.updated", subscription, previous=previous)
    return invoice


def _finalize_when_due(world: World, invoice_id: str) -> None:
    invoice = world.invoices.get(invoice_id)
    if invoice["status"] == "draft" and _is_collected(world, invoice):
        invoices.finalize(world, invoice)
        collect(world, invoice)


def _is_collected(world: World, invoice: Obj) -> bool:
    """Whether Stripe still tries to take an invoice's money: not once its subscription ended."""
    return subscription_of(world, invoice)["status"] not in ENDED


def subscription_of(world: World, invoice: Obj) -> Obj:
    """The subscription that an invoice is of."""
    return world.subscriptions.get(invoice["parent"]["subscription_details"]["subscription"])


def collect(world: World, invoice: Obj) -> Refusal | None:
    """Try to take an open invoice's money from the saved card; None when it was taken.

    A refused one is tried again as the knob ``retry_days`` says; after the last time the
    subscription ends, or not, as the knob ``after_retries`` says.
    """
    subscription = subscription_of(world, invoice)
    refusal = charge_saved_card(
        world, invoices.intent_of(world, invoice), method_id=_method_of(world, subscription)
    )
    if refusal is None:
        invoices.mark_paid(world, invoice)
        if invoice["id"] == subscription["latest_invoice"]:
            _move(world, subscription, status="active")
        return None
    pauses = world.knobs.retry_days[invoice["attempt_count"] :]
    due = world.clock.stamp() + int(pauses[0] * _DAY_SECONDS) if pauses else None
    invoices.mark_failed(world, invoice, next_attempt=due)
    if due is not None:
        _move(world, subscription, status="past_due")
        world.agenda.add(due, partial(_retry_when_due, world, invoice["id"], due), soon=False)
    elif world.knobs.after_retries == "cancel":
        end_subscription(world, subscription, reason="payment_failed")
    else:
        _move(world, subscription, status=world.knobs.after_retries)
    return refusal


def pay_invoice(world: World, invoice_id: str) -> Obj:
    """Take an invoice's money at the merchant's word, also of a draft that nobody collects.

    Raises:
        ApiError: It is paid already, its subscription has ended, or the bank refuses (402).
    """
    invoice = world.invoices.get(invoice_id, param="invoice")
    if invoice["status"] not in ("draft", "open") or not _is_collected(world, invoice):
        raise ApiError(
            f"Invoice is already {invoice['status']}, or is not collected any more.", kept=True
        )
    if invoice["status"] == "draft":
        invoices.finalize(world, invoice)
    refusal = collect(world, invoice)
    if refusal is not None:
        raise ApiError(
            refusal.message,
            status=402,
            kind="card_error",
            code=refusal.code,
            kept=True,
            extra={"decline_code": refusal.decline_code},
        )
    return invoice


def _method_of(world: World, subscription: Obj) -> str:
    """The card that pays: the subscription's own, which Checkout and the portal set."""
    customer = world.customers.get(subscription["customer"])
    method: str = (
        subscription["default_payment_method"]
        or customer["invoice_settings"]["default_payment_method"]
    )
    return method


def _retry_when_due(world: World, invoice_id: str, due: int) -> None:
    """Try again, unless that was done meanwhile or is not wanted any more."""
    invoice = world.invoices.get(invoice_id)
    if invoice["next_payment_attempt"] == due and _is_collected(world, invoice):
        collect(world, invoice)


def end_subscription(world: World, subscription: Obj, *, reason: str) -> None:
    """The end: nothing more is taken, of what is owed neither.

    Args:
        world: Where it happens.
        subscription: One that has not ended.
        reason: ``cancellation_requested`` or ``payment_failed``.
    """
    now = world.clock.stamp()
    subscription |= {
        "status": "canceled",
        "canceled_at": subscription["canceled_at"] or now,
        "cancellation_details": subscription["cancellation_details"] | {"reason": reason},
        "ended_at": now,
    }
    latest = world.invoices.get(subscription["latest_invoice"])
    latest |= {"auto_advance": False, "next_payment_attempt": None}
    world.emit("customer.subscription.deleted", subscription)


def _move(world: World, subscription: Obj, *, status: str) -> None:
    """Give a subscription another status and tell of it, if it is another."""
    before = subscription["status"]
    if before != status:
        subscription["status"] = status
        world.emit("customer.subscription.updated", subscription, previous={"status": before})
