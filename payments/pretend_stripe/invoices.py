"""Invoices of monthly payments: drawn up, finalised, paid, or not paid this time."""

from collections.abc import Callable

from payments.pretend_stripe.invoice_shapes import new_invoice, new_invoice_payment
from payments.pretend_stripe.params import Choice, Record, Text
from payments.pretend_stripe.payment_shapes import new_intent
from payments.pretend_stripe.store import LIST_PARAMS
from payments.pretend_stripe.wire import Obj
from payments.pretend_stripe.world import World

LIST = Record(
    LIST_PARAMS
    | {
        "customer": Text(),
        "status": Choice(("draft", "open", "paid", "uncollectible", "void")),
        "subscription": Text(),
    }
)

LIST_PAYMENTS = Record(
    LIST_PARAMS
    | {
        "invoice": Text(),
        "payment": Record(
            {"payment_intent": Text(), "type": Choice(("payment_intent",))}, ("type",)
        ),
        "status": Choice(("canceled", "open", "paid")),
    }
)

FIRST_TEXT, LATER_TEXT = "Subscription creation", "Subscription update"
"""What Stripe writes on the intents and charges of a first and of a later invoice."""


def draw_up(
    world: World,
    subscription: Obj,
    *,
    reason: str,
    before: tuple[int, int],
    finalizes_at: int | None = None,
) -> Obj:
    """Make the draft for the subscription's present period.

    Args:
        world: Where it happens.
        subscription: What it is for.
        reason: Stripe's ``billing_reason``.
        before: The period before this one, Unix seconds.
        finalizes_at: When it is finalised by itself, Unix seconds; None for never.
    """
    customer = world.customers.get(subscription["customer"])
    invoice = world.invoices.add(
        new_invoice(
            world, subscription=subscription, customer=customer, reason=reason, before=before
        )
    )
    world.invoices_of[subscription["id"]].append(invoice)
    invoice |= {
        "auto_advance": finalizes_at is not None,
        "automatically_finalizes_at": finalizes_at,
    }
    subscription["latest_invoice"] = invoice["id"]
    world.emit("invoice.created", invoice)
    return invoice


def finalize(world: World, invoice: Obj, *, intent: Obj | None = None) -> None:
    """A draft becomes an invoice with a number, to be paid by an intent.

    Args:
        world: Where it happens.
        invoice: The draft.
        intent: What pays it; made here unless Checkout made it already.
    """
    customer = world.customers.get(invoice["customer"])
    now = world.clock.stamp()
    invoice |= {
        "auto_advance": True,
        "automatically_finalizes_at": None,
        "effective_at": now,
        "ending_balance": 0,
        "hosted_invoice_url": f"{world.setup.base_url}/invoices/{invoice['id']}",
        "invoice_pdf": f"{world.setup.base_url}/invoices/{invoice['id']}/pdf",
        "number": f"{customer['invoice_prefix']}-{customer['next_invoice_sequence']:04}",
        "status": "open",
        "status_transitions": invoice["status_transitions"] | {"finalized_at": now},
    }
    customer["next_invoice_sequence"] += 1
    intent = intent or _new_intent(world, invoice)
    payment = world.invoice_payments.add(new_invoice_payment(world, invoice=invoice, intent=intent))
    world.invoice_payments_by[intent["id"]] = payment
    world.emit("invoice.finalized", invoice)


def _new_intent(world: World, invoice: Obj) -> Obj:
    """The intent of a later invoice. It carries no metadata: they stay with the subscription."""
    asked = {
        "amount_total": invoice["amount_due"],
        "currency": invoice["currency"],
        "customer": invoice["customer"],
        "payment_method_types": ["card"],
    }
    intent = new_intent(world, session=asked, intent_data={"description": LATER_TEXT})
    intent["setup_future_usage"] = "off_session"
    world.payment_intents.add(intent)
    world.emit("payment_intent.created", intent)
    return intent


def intent_of(world: World, invoice: Obj) -> Obj:
    """The payment intent that pays a finalised invoice: one, however often it is tried."""
    (payment,) = world.invoice_payments.having("invoice", invoice["id"])
    return world.payment_intents.get(payment["payment"]["payment_intent"])


def mark_paid(world: World, invoice: Obj) -> None:
    """The invoice's intent has succeeded."""
    now = world.clock.stamp()
    invoice |= {
        "amount_paid": invoice["amount_due"],
        "amount_remaining": 0,
        "attempt_count": invoice["attempt_count"] + 1,
        "attempted": True,
        "auto_advance": False,
        "next_payment_attempt": None,
        "status": "paid",
        "status_transitions": invoice["status_transitions"] | {"paid_at": now},
    }
    (payment,) = world.invoice_payments.having("invoice", invoice["id"])
    payment |= {
        "amount_paid": invoice["amount_due"],
        "status": "paid",
        "status_transitions": {"canceled_at": None, "paid_at": now},
    }
    for event_type in ("invoice.paid", "invoice.payment_succeeded"):
        world.emit(event_type, invoice)
    world.emit("invoice_payment.paid", payment)


def mark_failed(world: World, invoice: Obj, *, next_attempt: int | None) -> None:
    """The bank refused; it is tried again at ``next_attempt`` (Unix seconds), or never."""
    invoice |= {
        "attempt_count": invoice["attempt_count"] + 1,
        "attempted": True,
        "auto_advance": next_attempt is not None,
        "next_payment_attempt": next_attempt,
    }
    world.emit("invoice.payment_failed", invoice)


def list_invoices(world: World, params: Obj) -> Obj:
    """``/v1/invoices``, by ``subscription``, ``customer``, ``status`` and ``created``."""
    subscription = params.get("subscription")
    return world.invoices.page(
        params,
        url="/v1/invoices",
        where=_like(params, "customer", "status"),
        among=None if subscription is None else world.invoices_of.get(subscription, []),
    )


def list_invoice_payments(world: World, params: Obj) -> Obj:
    """``/v1/invoice_payments``, by ``invoice``, ``payment``, ``status`` and ``created``."""
    intent = params.get("payment", {}).get("payment_intent")
    found = world.invoice_payments_by.get(intent)
    return world.invoice_payments.page(
        params,
        url="/v1/invoice_payments",
        where=_like(params, "invoice", "status"),
        among=None if intent is None else [] if found is None else [found],
    )


def _like(params: Obj, *names: str) -> Callable[[Obj], bool]:
    wanted = {name: params[name] for name in names if name in params}
    return lambda one: all(one[name] == value for name, value in wanted.items())


def payments_of(world: World, invoice: Obj) -> Obj:
    """The list ``payments`` of an invoice: shown only to who asks to expand it."""
    return {
        "object": "list",
        "data": list(world.invoice_payments.having("invoice", invoice["id"])),
        "has_more": False,
        "url": f"/v1/invoices/{invoice['id']}/payments",
    }
