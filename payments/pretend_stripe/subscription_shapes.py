"""The full shape of a subscription, as Stripe shows it."""

from payments.pretend_stripe.months import next_end
from payments.pretend_stripe.params import merged
from payments.pretend_stripe.wire import Obj
from payments.pretend_stripe.world import World


def new_subscription(
    world: World, *, customer: str, price: Obj, quantity: int, method: str, data: Obj
) -> Obj:
    """An active subscription whose first period begins now.

    Args:
        world: Where it happens.
        customer: Who pays it.
        price: What is paid each time.
        quantity: How many times the price.
        method: The saved card that pays.
        data: ``description`` and ``metadata``, as Checkout's ``subscription_data``.
    """
    subscription_id = world.ids.mint("sub_1")
    now = world.clock.stamp()
    return {
        "id": subscription_id,
        "object": "subscription",
        "application": None,
        "application_fee_percent": None,
        "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
        "billing_cycle_anchor": now,
        "billing_cycle_anchor_config": None,
        "billing_mode": {
            "flexible": {"proration_discounts": "included"},
            "type": "flexible",
            "updated_at": now,
        },
        "billing_schedules": [],
        "billing_thresholds": None,
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "cancellation_details": {"comment": None, "feedback": None, "reason": None},
        "collection_method": "charge_automatically",
        "created": now,
        "currency": price["currency"],
        "customer": customer,
        "customer_account": None,
        "days_until_due": None,
        "default_payment_method": method,
        "default_source": None,
        "default_tax_rates": [],
        "description": data.get("description"),
        "discounts": [],
        "ended_at": None,
        "invoice_settings": {
            "account_tax_ids": None,
            "custom_fields": None,
            "description": None,
            "footer": None,
            "issuer": {"type": "self"},
        },
        "items": {
            "object": "list",
            "data": [
                {
                    "id": world.ids.mint("si_", 14),
                    "object": "subscription_item",
                    "billing_thresholds": None,
                    "created": now,
                    "current_period_end": next_end(price["recurring"], anchor=now, start=now),
                    "current_period_start": now,
                    "discounts": [],
                    "metadata": {},
                    "price": price,
                    "quantity": quantity,
                    "subscription": subscription_id,
                    "tax_rates": [],
                }
            ],
            "has_more": False,
            "url": f"/v1/subscription_items?subscription={subscription_id}",
        },
        "latest_invoice": None,
        "livemode": False,
        "metadata": merged({}, data.get("metadata")),
        "next_pending_invoice_item_invoice": None,
        "on_behalf_of": None,
        "pause_collection": None,
        "payment_settings": {
            "payment_method_options": None,
            "payment_method_types": None,
            "save_default_payment_method": "off",
        },
        "pending_invoice_item_interval": None,
        "pending_setup_intent": None,
        "pending_update": None,
        "schedule": None,
        "start_date": now,
        "status": "active",
        "test_clock": None,
        "transfer_data": None,
        "trial_end": None,
        "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
        "trial_start": None,
    }


def item_of(subscription: Obj) -> Obj:
    """The one item of a subscription."""
    (item,) = subscription["items"]["data"]
    found: Obj = item
    return found
