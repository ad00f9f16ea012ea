"""The shapes of what a Bacs Direct Debit brings: payment method, mandate and charge."""

from payments.pretend_stripe.payment_shapes import base_charge, billing_details
from payments.pretend_stripe.wire import Obj
from payments.pretend_stripe.world import World


def new_bank_method(
    world: World, *, sort_code: str, account_number: str, name: str, email: str, address: Obj
) -> Obj:
    """The bank account that was typed; digits only."""
    return {
        "id": world.ids.mint("pm_1"),
        "object": "payment_method",
        "allow_redisplay": "limited",
        "bacs_debit": {
            "fingerprint": f"Pretend{account_number}",
            "last4": account_number[-4:],
            "sort_code": sort_code,
        },
        "billing_details": billing_details(name, email, address),
        "created": world.clock.stamp(),
        "customer": None,
        "livemode": False,
        "metadata": {},
        "type": "bacs_debit",
    }


def new_mandate(world: World, method: Obj) -> Obj:
    """The donor's word that their account may be debited; the bank has not seen it yet."""
    mandate_id = world.ids.mint("mandate_1")
    return {
        "id": mandate_id,
        "object": "mandate",
        "customer_acceptance": {
            "accepted_at": world.clock.stamp(),
            "online": {"ip_address": None, "user_agent": None},
            "type": "online",
        },
        "livemode": False,
        "multi_use": {},
        "payment_method": method["id"],
        "payment_method_details": {
            "bacs_debit": {
                "display_name": None,
                "network_status": "pending",
                "reference": world.ids.mint("", 10).upper(),
                "revocation_reason": None,
                "service_user_number": None,
                "url": f"{world.setup.base_url}/mandates/{mandate_id}",
            },
            "type": "bacs_debit",
        },
        "status": "pending",
        "type": "multi_use",
    }


def new_debit(world: World, *, intent: Obj, method: Obj, mandate: Obj) -> Obj:
    """A charge that the donor's bank has been asked for, and has not paid yet.

    Its id begins with py_, as at Stripe for whatever is not a card.
    """
    charge_id = world.ids.mint("py_3")
    return base_charge(world, charge_id, intent=intent, method=method) | {
        "outcome": {
            "network_status": "approved_by_network",
            "reason": None,
            "risk_level": "not_assessed",
            "seller_message": "Payment complete.",
            "type": "authorized",
        },
        "paid": False,
        "payment_method_details": {
            "bacs_debit": method["bacs_debit"] | {"mandate": mandate["id"]},
            "type": "bacs_debit",
        },
        "status": "pending",
    }
