"""Payouts, asked for one by one. Never inside a database transaction."""

from django.utils import timezone

from payments.stripe_gateway.client import answers, client
from payments.stripe_gateway.facts import PayoutTold
from payments.stripe_gateway.reading import read_payout


def ask_for_payout(payout_id: str) -> PayoutTold:
    """A payout as it stands now.

    Raises:
        StripeUnavailableError: Not known.
    """
    with answers():
        payout = client().v1.payouts.retrieve(payout_id)
    return read_payout(payout.to_dict(), timezone.now())
