"""What Stripe says that it holds for us, kept beside what its lines and our books come to."""

from django.utils import timezone

from funds.money import to_minor
from payments.models import StripeBalance
from payments.stripe_gateway.balance import read_balance


def keep_balance() -> None:
    """Ask Stripe for the balance, and keep the answer. To be called outside any transaction.

    Raises:
        StripeUnavailableError: What was known stands, with its time.
    """
    balances = read_balance()
    now = timezone.now()
    for held in balances:
        StripeBalance.objects.update_or_create(
            currency=held.available.currency.code,
            defaults={
                "available_minor": to_minor(held.available),
                "pending_minor": to_minor(held.pending),
                "told_at": now,
            },
        )
