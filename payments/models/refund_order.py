"""What the organisation ordered to be given back of a card donation, and who decided it."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from funds.fields import MoneyField
from funds.models import User
from payments.models.card import CardDonation


class RefundOrder(models.Model):
    """A treasurer's order to give money back, from the asking to Stripe's answer.

    It moves no money in the books: the refund that Stripe makes of it does, and is a
    ``CardRefund`` with the same ``stripe_refund_id`` as any other.
    """

    class Decision(models.TextChoices):
        """Whether it may go. Empty while a second person is waited for."""

        APPROVED = "approved", "Approved"
        DECLINED = "declined", "Declined"
        WITHDRAWN = "withdrawn", "Withdrawn"

    class Outcome(models.TextChoices):
        """How Stripe ended it. Empty until it did."""

        REFUNDED = "refunded", "Given back"
        REFUSED = "refused", "Refused by Stripe"

    class StripeReason(models.TextChoices):
        """What Stripe is told, in its own words."""

        REQUESTED = "requested_by_customer", "The donor asked for it"
        DUPLICATE = "duplicate", "It was paid twice"
        FRAUDULENT = "fraudulent", "The card was not the donor's own"

    reference = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    donation = models.ForeignKey(CardDonation, models.PROTECT, related_name="refund_orders")
    amount = MoneyField(max_digits=14, decimal_places=2, default_currency="GBP")
    reason = models.CharField(max_length=200, help_text="Why. Never a donor's name.")
    stripe_reason = models.CharField(max_length=25, choices=StripeReason, blank=True)
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="refund_orders")
    asked_at = models.DateTimeField(db_default=Now(), editable=False)

    needs_second_person = models.BooleanField(
        help_text="As the organisation's limit was when it was asked for."
    )
    decision = models.CharField(max_length=10, choices=Decision, blank=True)
    decided_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="decided_refund_orders"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_reason = models.CharField(max_length=200, blank=True)

    sent_at = models.DateTimeField(
        null=True, blank=True, help_text="Since when Stripe may have it, under the present key."
    )
    refusals = models.PositiveIntegerField(
        default=0, help_text="How often Stripe said no for now: after each it is asked anew."
    )
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(db_default=Now())
    last_error = models.TextField(
        blank=True, help_text="What holds it up, or why it was refused, in a treasurer's words."
    )
    stripe_refund_id = models.CharField(max_length=255, null=True, blank=True, unique=True)
    outcome = models.CharField(max_length=10, choices=Outcome, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager["RefundOrder"]] = models.Manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                name="refund_order_amount_is_positive", condition=Q(amount__gt=0)
            ),
            models.CheckConstraint(name="refund_order_has_a_reason", condition=~Q(reason="")),
            models.CheckConstraint(
                name="refund_order_second_person_is_another",
                condition=~Q(decision__in=["approved", "declined"], decided_by=F("asked_by")),
            ),
            models.CheckConstraint(
                name="refund_order_is_decided_by_a_person_at_a_time",
                condition=Q(decision="", decided_by__isnull=True, decided_at__isnull=True)
                | Q(
                    decision="approved",
                    needs_second_person=False,
                    decided_by__isnull=True,
                    decided_at__isnull=True,
                )
                | (
                    Q(decision__in=["approved", "declined", "withdrawn"])
                    & Q(decided_by__isnull=False, decided_at__isnull=False)
                ),
            ),
            models.CheckConstraint(
                name="refund_order_is_declined_with_a_reason",
                condition=~Q(decision="declined", decision_reason=""),
            ),
            models.CheckConstraint(
                name="refund_order_is_sent_when_approved",
                condition=Q(decision="approved")
                | Q(sent_at__isnull=True, stripe_refund_id__isnull=True, finished_at__isnull=True),
            ),
            models.CheckConstraint(
                name="refund_order_is_finished_with_an_outcome",
                condition=Q(finished_at__isnull=True, outcome="")
                | Q(finished_at__isnull=False, outcome="refunded", stripe_refund_id__isnull=False)
                | Q(finished_at__isnull=False, outcome="refused"),
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                name="refund_order_due_idx",
                condition=Q(decision="approved", finished_at__isnull=True),
            ),
            models.Index(
                fields=["asked_by"], name="refund_order_undecided_idx", condition=Q(decision="")
            ),
        ]

    def __str__(self) -> str:
        return f"refund order {self.reference}"
