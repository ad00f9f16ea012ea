"""What a Checkout is opened for: a donation given once, or one given every month."""

import uuid

from django.db import models
from django.db.models.functions import Now

from funds.fields import MoneyField


class CheckoutGiving(models.Model):
    """A form that a donor sent, and the Checkout that it leads to."""

    reference = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    amount = MoneyField(max_digits=14, decimal_places=2, default_currency="GBP")
    content_digest = models.CharField(
        max_length=64, help_text="SHA-256 of what the form said: the same form sent twice is one."
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    checkout_session_id = models.CharField(max_length=255, null=True, blank=True, unique=True)
    checkout_url = models.URLField(max_length=2000, blank=True)
    checkout_expires_at = models.DateTimeField(null=True, blank=True)
    checkout_ended_at = models.DateTimeField(
        null=True, blank=True, help_text="When Stripe or we let the Checkout expire."
    )

    class Meta:
        abstract = True

    @property
    def is_donors_part_done(self) -> bool:
        """Whether the donor has paid, or has set the payment on its way: no form is needed."""
        raise NotImplementedError
