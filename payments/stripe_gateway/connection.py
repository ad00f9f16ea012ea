"""Whether Stripe answers us, with our key and in our mode."""

from django.conf import settings

from payments.stripe_gateway.client import StripeUnavailableError, answers, client


def check_connection() -> None:
    """Ask Stripe for the balance, which every key that books fees may read.

    Raises:
        StripeUnavailableError: No answer, a refusal, or an answer in the other mode.
    """
    with answers():
        balance = client().v1.balance.retrieve()
    if balance.livemode != settings.STRIPE_LIVEMODE:
        mode = "live" if balance.livemode else "test"
        raise StripeUnavailableError(f"the key is of {mode} mode", was_answered=True)
