"""The one account that the stand-in's keys belong to."""

from payments.pretend_stripe.wire import Obj

ACCOUNT_ID = "acct_1PretendStripe00001"

_NO_REQUIREMENTS: Obj = {
    "alternatives": [],
    "current_deadline": None,
    "currently_due": [],
    "disabled_reason": None,
    "errors": [],
    "eventually_due": [],
    "past_due": [],
    "pending_verification": [],
}


def read_account() -> Obj:
    """The account: British, in pounds, able to take cards."""
    return {
        "id": ACCOUNT_ID,
        "object": "account",
        "business_profile": {
            "annual_revenue": None,
            "estimated_worker_count": None,
            "mcc": "8651",
            "minority_owned_business_designation": None,
            "name": "Pretend account",
            "support_address": None,
            "support_email": None,
            "support_phone": None,
            "support_url": None,
            "url": None,
        },
        "business_type": "non_profit",
        "capabilities": {"card_payments": "active"},
        "charges_enabled": True,
        "controller": {"type": "account"},
        "country": "GB",
        "default_currency": "gbp",
        "details_submitted": True,
        "email": "account@example.org",
        "future_requirements": _NO_REQUIREMENTS,
        "metadata": {},
        "payouts_enabled": True,
        "requirements": _NO_REQUIREMENTS,
        "settings": {
            "branding": {
                "icon": None,
                "logo": None,
                "primary_color": None,
                "secondary_color": None,
            },
            "card_payments": {
                "statement_descriptor_prefix": "PRETEND",
                "statement_descriptor_prefix_kana": None,
                "statement_descriptor_prefix_kanji": None,
            },
            "dashboard": {"display_name": "Pretend account", "timezone": "Europe/London"},
            "payments": {
                "statement_descriptor": "PRETEND ACCOUNT",
                "statement_descriptor_kana": None,
                "statement_descriptor_kanji": None,
            },
        },
        "type": "standard",
    }
