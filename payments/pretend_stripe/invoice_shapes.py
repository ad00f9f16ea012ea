"""The full shapes of invoices, their lines and their payments, as Stripe shows them."""

from payments.pretend_stripe.money import shown
from payments.pretend_stripe.wire import Obj
from payments.pretend_stripe.world import World


def new_invoice(
    world: World, *, subscription: Obj, customer: Obj, reason: str, before: tuple[int, int]
) -> Obj:
    """A draft for the period that the subscription is in now.

    Args:
        world: Where it happens.
        subscription: What it is for.
        customer: Who pays it.
        reason: Stripe's ``billing_reason``.
        before: The period before this one (Unix seconds). An invoice names that one, and its line
            the one that is paid for. Source: docs.stripe.com/api/invoices/object, ``period_end``.
    """
    invoice_id = world.ids.mint("in_1")
    (item,) = subscription["items"]["data"]
    total = item["price"]["unit_amount"] * item["quantity"]
    created = world.clock.stamp()
    return {
        "id": invoice_id,
        "object": "invoice",
        "account_country": "GB",
        "account_name": "Pretend account",
        "account_tax_ids": None,
        "amount_due": total,
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_paid_off_stripe": 0,
        "amount_remaining": total,
        "amount_shipping": 0,
        "application": None,
        "attempt_count": 0,
        "attempted": False,
        "auto_advance": True,
        "automatic_tax": {
            "disabled_reason": None,
            "enabled": False,
            "liability": None,
            "provider": None,
            "status": None,
        },
        "automatically_finalizes_at": None,
        "billing_reason": reason,
        "collection_method": "charge_automatically",
        "created": created,
        "currency": subscription["currency"],
        "custom_fields": None,
        "customer": customer["id"],
        "customer_account": None,
        "customer_address": customer["address"],
        "customer_email": customer["email"],
        "customer_name": customer["name"],
        "customer_phone": customer["phone"],
        "customer_shipping": None,
        "customer_tax_exempt": "none",
        "customer_tax_ids": [],
        "default_payment_method": None,
        "default_source": None,
        "default_tax_rates": [],
        "description": subscription["description"],
        "discounts": [],
        "due_date": None,
        "effective_at": None,
        "ending_balance": None,
        "footer": None,
        "from_invoice": None,
        "hosted_invoice_url": None,
        "invoice_pdf": None,
        "issuer": {"type": "self"},
        "last_finalization_error": None,
        "latest_revision": None,
        "lines": {
            "object": "list",
            "data": [_new_line(world, subscription, item, invoice_id=invoice_id, amount=total)],
            "has_more": False,
            "url": f"/v1/invoices/{invoice_id}/lines",
        },
        "livemode": False,
        "metadata": {},
        "next_payment_attempt": None,
        "number": None,
        "on_behalf_of": None,
        "parent": {
            "quote_details": None,
            "subscription_details": {
                "metadata": dict(subscription["metadata"]),
                "subscription": subscription["id"],
            },
            "type": "subscription_details",
        },
        "payment_settings": {
            "default_mandate": None,
            "payment_method_options": None,
            "payment_method_types": None,
        },
        "period_end": before[1],
        "period_start": before[0],
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "receipt_number": None,
        "rendering": None,
        "shipping_cost": None,
        "shipping_details": None,
        "starting_balance": 0,
        "statement_descriptor": None,
        "status": "draft",
        "status_transitions": {
            "finalized_at": None,
            "marked_uncollectible_at": None,
            "paid_at": None,
            "voided_at": None,
        },
        "subtotal": total,
        "subtotal_excluding_tax": total,
        "test_clock": None,
        "total": total,
        "total_discount_amounts": [],
        "total_excluding_tax": total,
        "total_pretax_credit_amounts": [],
        "total_taxes": [],
        "webhooks_delivered_at": created,
    }


def _new_line(world: World, subscription: Obj, item: Obj, *, invoice_id: str, amount: int) -> Obj:
    price = item["price"]
    product = world.products.get(price["product"])
    each = shown(price["unit_amount"], price["currency"])
    what = f"{item['quantity']} \N{MULTIPLICATION SIGN} {product['name']}"
    return {
        "id": world.ids.mint("il_1"),
        "object": "line_item",
        "amount": amount,
        "currency": price["currency"],
        "description": f"{what} (at {each} / {_every(price['recurring'])})",
        "discount_amounts": [],
        "discountable": True,
        "discounts": [],
        "invoice": invoice_id,
        "livemode": False,
        "metadata": dict(subscription["metadata"]),
        "parent": {
            "invoice_item_details": None,
            "subscription_item_details": {
                "invoice_item": None,
                "proration": False,
                "proration_details": {"credited_items": None},
                "subscription": subscription["id"],
                "subscription_item": item["id"],
            },
            "type": "subscription_item_details",
        },
        "period": {"start": item["current_period_start"], "end": item["current_period_end"]},
        "pretax_credit_amounts": [],
        "pricing": {
            "price_details": {"price": price["id"], "product": price["product"]},
            "type": "price_details",
            "unit_amount_decimal": price["unit_amount_decimal"],
        },
        "quantity": item["quantity"],
        "subscription": subscription["id"],
        "subtotal": amount,
        "taxes": [],
    }


def _every(recurring: Obj) -> str:
    count = recurring["interval_count"]
    return recurring["interval"] if count == 1 else f"{count} {recurring['interval']}s"


def new_invoice_payment(world: World, *, invoice: Obj, intent: Obj) -> Obj:
    """How an invoice is to be paid: by this payment intent."""
    return {
        "id": world.ids.mint("inpay_1"),
        "object": "invoice_payment",
        "amount_paid": None,
        "amount_requested": invoice["amount_due"],
        "created": world.clock.stamp(),
        "currency": invoice["currency"],
        "invoice": invoice["id"],
        "is_default": True,
        "livemode": False,
        "payment": {"payment_intent": intent["id"], "type": "payment_intent"},
        "status": "open",
        "status_transitions": {"canceled_at": None, "paid_at": None},
    }
