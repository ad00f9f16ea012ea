"""What the tests of monthly donations at the stand-in begin with."""

import uuid

from django.test import Client

from payments.booking import book_facts
from payments.models import MonthlyDonation
from payments.stripe_gateway.facts import NotAFact
from payments.stripe_gateway.subscriptions import read_monthly_checkout
from tests.pretend_stripe.process import PretendStripe

EMAIL = "some.body@example.org"


def begin_monthly(
    stripe: PretendStripe, *, amount: str = "10", email: str = EMAIL
) -> MonthlyDonation:
    """A monthly donation that was begun by the form and paid at the stand-in; we have not heard."""
    reference = str(uuid.uuid4())
    sent = {"amount": amount, "frequency": "monthly", "email": email, "reference": reference}
    assert Client().post("/appeals/rally/give/", sent).status_code == 303
    monthly = MonthlyDonation.objects.get(reference=reference)
    assert monthly.checkout_session_id is not None
    stripe.pay(monthly.checkout_session_id)
    stripe.settle()
    return monthly


def hear_of(monthly: MonthlyDonation) -> MonthlyDonation:
    """Book what Stripe knows of it, and read it anew."""
    assert monthly.checkout_session_id is not None
    told = read_monthly_checkout(monthly.checkout_session_id)
    book_facts([fact for fact in told if not isinstance(fact, NotAFact)])
    return MonthlyDonation.objects.get(pk=monthly.pk)
