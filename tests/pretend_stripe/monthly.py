"""What the tests of monthly donations begin with."""

from typing import Any

import stripe

from tests.pretend_stripe.process import PretendStripe, a_session


def a_monthly_session(*, amount: int = 1000, **changes: Any) -> Any:
    """Parameters of a donation of £10 a month, with some changed; None leaves one out."""
    price = {
        "currency": "gbp",
        "unit_amount": amount,
        "product_data": {"name": "Monthly donation"},
        "recurring": {"interval": "month"},
    }
    params: dict[str, Any] = {
        "mode": "subscription",
        "line_items": [{"price_data": price, "quantity": 1}],
        "payment_intent_data": None,
        "subscription_data": {"metadata": {"monthly": "m1"}, "description": "For the rally"},
    }
    return a_session(**(params | changes))


def begin_monthly(
    pretend: PretendStripe, client: stripe.StripeClient, **changes: Any
) -> stripe.Subscription:
    """A monthly donation whose first month is paid and whose fee is known."""
    session = client.v1.checkout.sessions.create(a_monthly_session(**changes))
    paid = pretend.pay(session.id)
    pretend.settle()
    return client.v1.subscriptions.retrieve(paid["subscription"])
