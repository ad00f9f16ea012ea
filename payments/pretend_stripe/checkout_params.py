"""What may be asked of a Checkout Session, and what Stripe refuses."""

from payments.pretend_stripe import money
from payments.pretend_stripe.params import (
    Choice,
    Email,
    Flag,
    Items,
    Metadata,
    Record,
    Text,
    TimeRange,
    Url,
    Whole,
)
from payments.pretend_stripe.store import LIST_PARAMS
from payments.pretend_stripe.wire import ApiError, Obj, missing

SHORTEST_SECONDS = 30 * 60
LONGEST_SECONDS = 24 * 60 * 60
"""Source: docs.stripe.com/api/checkout/sessions/create, ``expires_at``."""

_LOCALES = (
    "auto bg cs da de el en en-GB es es-419 et fi fil fr fr-CA hr hu id it ja ko lt lv ms mt nb nl "
    "pl pt pt-BR ro ru sk sl sv th tr vi zh zh-HK zh-TW"
)

CREATE = Record(
    {
        "adaptive_pricing": Record({"enabled": Flag()}),
        "billing_address_collection": Choice(("auto", "required")),
        "cancel_url": Url(),
        "client_reference_id": Text(200),
        "custom_text": Record(
            {
                name: Record({"message": Text(1200)}, ("message",))
                for name in ("after_submit", "submit")
            }
        ),
        "customer": Text(),
        "customer_creation": Choice(("always", "if_required")),
        "customer_email": Email(),
        "excluded_payment_method_types": Items(Text()),
        "expand": Items(Text()),
        "expires_at": Whole(),
        "line_items": Items(
            Record(
                {
                    "price_data": Record(
                        {
                            "currency": Text(3),
                            "product_data": Record(
                                {
                                    "description": Text(40_000),
                                    "images": Items(Url(), limit=8),
                                    "metadata": Metadata(),
                                    "name": Text(),
                                },
                                ("name",),
                            ),
                            "unit_amount": Whole(),
                        },
                        ("currency", "product_data", "unit_amount"),
                    ),
                    "quantity": Whole(1, 999_999),
                },
                ("price_data",),
            )
        ),
        "locale": Choice(tuple(_LOCALES.split())),
        "metadata": Metadata(),
        "mode": Choice(("payment", "setup", "subscription")),
        "origin_context": Choice(("mobile_app", "web")),
        "payment_intent_data": Record(
            {
                "description": Text(1000),
                "metadata": Metadata(),
                "receipt_email": Email(),
                "statement_descriptor_suffix": Text(22),
            }
        ),
        "payment_method_types": Items(Text()),
        "submit_type": Choice(("auto", "book", "donate", "pay", "subscribe")),
        "success_url": Url(),
        "ui_mode": Choice(("elements", "embedded_page", "hosted_page")),
    }
)

LIST = Record(
    LIST_PARAMS
    | {
        "created": TimeRange(),
        "customer": Text(),
        "payment_intent": Text(),
        "status": Choice(("complete", "expired", "open")),
    }
)


def check(params: Obj, *, created: int) -> None:
    """Refuse what cannot be together or is not done here.

    Args:
        params: As ``CREATE`` read them.
        created: The session's moment, Unix seconds.

    Raises:
        ApiError: Naming the parameter.
    """
    if "mode" not in params:
        raise missing("mode")
    if params["mode"] != "payment":
        raise ApiError(
            f"Pretend Stripe does mode=payment only, not mode={params['mode']}.", param="mode"
        )
    if params.get("ui_mode", "hosted_page") != "hosted_page":
        raise ApiError("Pretend Stripe does ui_mode=hosted_page only.", param="ui_mode")
    if not params.get("line_items"):
        raise missing("line_items")
    if "success_url" not in params:
        raise missing("success_url")
    if "customer" in params and {"customer_email", "customer_creation"} & params.keys():
        raise ApiError(
            "You may only specify one of these parameters: customer, customer_email, "
            "customer_creation.",
            param="customer",
        )
    if params.get("submit_type") == "subscribe":
        raise ApiError("`submit_type=subscribe` is for mode=subscription.", param="submit_type")
    _check_items(params["line_items"])
    _check_end(params, created=created)


def check_total(total: int, currency: str) -> None:
    """Refuse a total that is too small or too large to be charged (minor units)."""
    row = money.CURRENCIES[currency]
    if total < row.least:
        raise ApiError(
            "The Checkout Session's total amount due must add up to at least "
            f"{money.shown(row.least, currency)} {currency}",
            code="amount_too_small",
            param="line_items",
        )
    if total > money.MOST:
        raise ApiError(
            "The Checkout Session's total amount must be no more than "
            f"{money.shown(money.MOST, currency)}.",
            code="amount_too_large",
            param="line_items",
        )


def _check_items(items: list[Obj]) -> None:
    currency = items[0]["price_data"]["currency"].lower()
    for place, item in enumerate(items):
        where = f"line_items[{place}]"
        if "quantity" not in item:
            raise ApiError(
                f"Quantity is required. Add `quantity` to `{where}`",
                code="parameter_missing",
                param=f"{where}[quantity]",
            )
        if item["price_data"]["currency"].lower() != currency:
            raise ApiError(
                "All line items must have the same currency.",
                param=f"{where}[price_data][currency]",
            )


def methods(params: Obj, *, currency: str, bacs: bool) -> list[str]:
    """The ways to pay that a session offers.

    Args:
        params: As ``CREATE`` read them.
        currency: Lower-case code. Bacs Direct Debit is for pounds only.
        bacs: Whether the account takes Bacs Direct Debit.

    Raises:
        ApiError: One that the account does not take, or none is left.
    """
    possible = ["card", "bacs_debit"] if bacs and currency == "gbp" else ["card"]
    asked = params.get("payment_method_types", possible)
    for name in asked:
        if name not in possible:
            raise ApiError(
                f"The payment method type provided: {name} is invalid. Pretend Stripe takes cards, "
                "and bacs_debit in gbp when its knob `bacs` says so.",
                param="payment_method_types",
            )
    excluded = params.get("excluded_payment_method_types", [])
    left = [name for name in asked if name not in excluded]
    if not left:
        raise ApiError("No payment method is left.", param="excluded_payment_method_types")
    return left


def _check_end(params: Obj, *, created: int) -> None:
    seconds = params.get("expires_at", created + LONGEST_SECONDS) - created
    if seconds < SHORTEST_SECONDS:
        raise ApiError(
            "The `expires_at` timestamp must be at least 30 minutes from Checkout Session "
            "creation.",
            param="expires_at",
        )
    if seconds > LONGEST_SECONDS:
        raise ApiError(
            "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.",
            param="expires_at",
        )
