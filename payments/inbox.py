"""The webhook inbox: keep each Stripe event once, then act on it once."""

from datetime import timedelta
from typing import Final

from django.utils import timezone

from payments.models import WebhookEvent

STUCK_AFTER: Final = timedelta(minutes=5)


def is_stuck() -> bool:
    """True when an event has waited for more than five minutes."""
    return WebhookEvent.objects.filter(
        processed_at__isnull=True, received_at__lt=timezone.now() - STUCK_AFTER
    ).exists()
