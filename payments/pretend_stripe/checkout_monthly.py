"""What is different about a Checkout Session in ``mode=subscription``."""

from payments.pretend_stripe.invoices import FIRST_TEXT
from payments.pretend_stripe.wire import ApiError, Obj

MEMBERS: Obj = {
    "invoice_creation": None,
    "payment_method_collection": "always",
    "saved_payment_method_options": {
        "allow_redisplay_filters": ["always"],
        "payment_method_remove": "disabled",
        "payment_method_save": None,
    },
}
"""The members of the session that differ from those of ``mode=payment``."""

INTENT_DATA: Obj = {"description": FIRST_TEXT}
"""Of the first payment's intent: Stripe's own words; metadata are the subscription's alone."""


def check_mode(params: Obj) -> None:
    """Refuse what belongs to the other mode.

    Raises:
        ApiError: Naming the parameter.
    """
    monthly = params["mode"] == "subscription"
    alien = ("customer_creation", "payment_intent_data") if monthly else ("subscription_data",)
    for name in alien:
        if name in params:
            raise ApiError(f"You can not pass `{name}` in `{params['mode']}` mode.", param=name)
    if not monthly and params.get("submit_type") == "subscribe":
        raise ApiError("`submit_type=subscribe` is for mode=subscription.", param="submit_type")
    if monthly and len(params["line_items"]) > 1:
        raise ApiError(
            "Pretend Stripe does one line item in mode=subscription.", param="line_items"
        )
    for place, item in enumerate(params["line_items"]):
        if ("recurring" in item["price_data"]) != monthly:
            raise ApiError(
                "You must provide one recurring price in `subscription` mode, and none in "
                "`payment` mode.",
                param=f"line_items[{place}][price_data][recurring]",
            )
