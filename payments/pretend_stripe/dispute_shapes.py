"""The shape of a dispute, and what may be asked of one."""

from payments.pretend_stripe.params import Flag, Items, Metadata, Record, Text
from payments.pretend_stripe.wire import Obj
from payments.pretend_stripe.world import World

_ANSWER_SECONDS = 9 * 24 * 60 * 60

_EVIDENCE = (
    "access_activity_log billing_address cancellation_policy cancellation_policy_disclosure "
    "cancellation_rebuttal customer_communication customer_email_address customer_name "
    "customer_purchase_ip customer_signature duplicate_charge_documentation "
    "duplicate_charge_explanation duplicate_charge_id product_description receipt refund_policy "
    "refund_policy_disclosure refund_refusal_explanation service_date service_documentation "
    "shipping_address shipping_carrier shipping_date shipping_documentation "
    "shipping_tracking_number uncategorized_file uncategorized_text"
)

UPDATE = Record(
    {
        "evidence": Record({name: Text(150_000) for name in _EVIDENCE.split()}),
        "expand": Items(Text()),
        "metadata": Metadata(),
        "submit": Flag(),
    }
)


def new_dispute(world: World, charge: Obj, *, amount: int, reason: str, status: str) -> Obj:
    """A dispute of a charge (amount in minor units), before any money moves for it."""
    dispute: Obj = {
        "id": world.ids.mint("du_1"),
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": world.clock.stamp(),
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": dict.fromkeys(_EVIDENCE.split()) | {"enhanced_evidence": {}},
        "evidence_details": {
            "due_by": world.clock.stamp() + _ANSWER_SECONDS,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": status.startswith("warning_"),
        "livemode": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "reason": reason,
        "status": status,
    }
    if charge["payment_method_details"]["type"] == "card":
        brand = charge["payment_method_details"]["card"]["brand"]
        dispute["payment_method_details"] = {
            "card": {
                "brand": brand,
                "case_type": "inquiry" if status.startswith("warning_") else "chargeback",
                "network": brand,
                "network_reason_code": "83" if reason == "fraudulent" else "30",
            },
            "type": "card",
        }
    return dispute
