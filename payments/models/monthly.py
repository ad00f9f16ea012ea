"""Monthly donations and their invoices, as far as Stripe has told.

Each month paid is a ``CardDonation`` of its own: what happened to the money is in the books.
"""

from typing import ClassVar, Final

from django.db import models
from django.db.models.functions import Now

from appeals.models import Appeal
from donors.models import Donor
from funds.fields import MoneyField
from funds.models import Branch
from payments.models.checkout import CheckoutGiving


class MonthlyDonation(CheckoutGiving):
    """A donor's undertaking to give every month, from the form on.

    ``amount`` is a month's, as it stands now. What stands from ``status`` on is a copy of Stripe's
    subscription in the newest state that we were told: ``told_at`` says of when.
    """

    class Status(models.TextChoices):
        """Stripe's own words. Source: docs.stripe.com/api/subscriptions/object, "status"."""

        INCOMPLETE = "incomplete", "First payment not made"
        INCOMPLETE_EXPIRED = "incomplete_expired", "First payment never made"
        TRIALING = "trialing", "Begins later"
        ACTIVE = "active", "Active"
        PAST_DUE = "past_due", "A month is owing"
        PAUSED = "paused", "Paused"
        UNPAID = "unpaid", "Given up by Stripe"
        CANCELED = "canceled", "Ended"

    appeal = models.ForeignKey(Appeal, models.PROTECT, related_name="monthly_donations")
    branch = models.ForeignKey(
        Branch, models.PROTECT, null=True, blank=True, related_name="monthly_donations"
    )
    donor = models.OneToOneField(
        Donor, models.SET_NULL, null=True, blank=True, related_name="monthly_donation"
    )
    subscription_id = models.CharField(max_length=255, null=True, blank=True, unique=True)
    customer_id = models.CharField(max_length=255, blank=True)

    status = models.CharField(max_length=20, choices=Status, blank=True)
    told_at = models.DateTimeField(
        null=True, blank=True, help_text="As of when Stripe told the state that stands here."
    )
    told_order = models.CharField(
        max_length=100,
        blank=True,
        help_text="Which of two states of one second stands: the one that sorts last.",
    )
    is_doubtful = models.BooleanField(
        default=False, help_text="Two states were told of one second: Stripe is asked which stands."
    )
    started_at = models.DateTimeField(null=True, blank=True)
    next_at = models.DateTimeField(
        null=True, blank=True, help_text="When the month that is paid for ends, and the next is."
    )
    cancel_at = models.DateTimeField(
        null=True, blank=True, help_text="When it will end, where the donor has stopped it."
    )
    ended_at = models.DateTimeField(null=True, blank=True)

    link_wanted_at = models.DateTimeField(
        null=True, blank=True, help_text="Since when an e-mail with the donor's link is to be sent."
    )
    link_sent_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager["MonthlyDonation"]] = models.Manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="monthly_donation_amount_is_positive", condition=models.Q(amount__gt=0)
            ),
            models.CheckConstraint(
                name="monthly_donation_state_has_its_moment",
                condition=models.Q(status="", told_at__isnull=True)
                | (~models.Q(status="") & models.Q(told_at__isnull=False)),
            ),
        ]
        indexes = [
            models.Index(
                fields=["checkout_expires_at"],
                name="monthly_donation_unbegun_idx",
                condition=models.Q(
                    subscription_id__isnull=True,
                    checkout_ended_at__isnull=True,
                    checkout_session_id__isnull=False,
                ),
            ),
            models.Index(
                fields=["next_at"],
                name="monthly_donation_running_idx",
                condition=models.Q(ended_at__isnull=True, subscription_id__isnull=False),
            ),
            models.Index(fields=["customer_id"], name="monthly_donation_customer_idx"),
            models.Index(
                fields=["link_wanted_at"],
                name="monthly_donation_link_due_idx",
                condition=models.Q(link_wanted_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"monthly donation {self.reference}"

    @property
    def is_donors_part_done(self) -> bool:
        """Stripe has the card, and takes the months by itself."""
        return self.subscription_id is not None

    @property
    def is_failing(self) -> bool:
        """A month is owing, and Stripe tries its card again, or has given up trying."""
        return self.status in {self.Status.PAST_DUE, self.Status.UNPAID}

    @property
    def is_over(self) -> bool:
        """It has ended: such a subscription never begins again."""
        return self.status in OVER

    @property
    def is_promised(self) -> bool:
        """Whether another month is to be expected: it runs, and is not to end before the next."""
        runs = self.status in {self.Status.ACTIVE, self.Status.TRIALING, self.Status.PAST_DUE}
        is_last = self.cancel_at is not None and (
            self.next_at is None or self.cancel_at <= self.next_at
        )
        return runs and not is_last


OVER: Final = frozenset(
    {MonthlyDonation.Status.CANCELED.value, MonthlyDonation.Status.INCOMPLETE_EXPIRED.value}
)
"""Where a subscription ends. Source: docs.stripe.com/billing/subscriptions/overview, "Subscription
statuses"."""


class MonthlyInvoice(models.Model):
    """What Stripe told of one month's bill, piece by piece and in any order.

    One event says whose it is, another by which payment it was paid: once both are known it is a
    ``CardDonation``. Of a bill of others' only the payment is told, and its row is removed.
    """

    invoice_id = models.CharField(max_length=255, unique=True)
    monthly = models.ForeignKey(
        MonthlyDonation, models.PROTECT, null=True, blank=True, related_name="invoices"
    )
    is_paid = models.BooleanField(default=False, help_text="Stripe says that money came for it.")
    payment_intent_id = models.CharField(max_length=255, null=True, blank=True, unique=True)
    amount = MoneyField(
        max_digits=14,
        decimal_places=2,
        default_currency="GBP",
        default=0,
        help_text="What the payment brought.",
    )
    paid_at = models.DateTimeField(null=True, blank=True, help_text="When the payment succeeded.")
    first_failed_at = models.DateTimeField(null=True, blank=True)
    last_failed_at = models.DateTimeField(null=True, blank=True)
    next_attempt_at = models.DateTimeField(
        null=True, blank=True, help_text="When Stripe tries again, as of its last failure."
    )
    looked_at = models.DateTimeField(
        db_default=Now(), editable=False, help_text="When we heard of it, or last asked Stripe."
    )

    objects: ClassVar[models.Manager["MonthlyInvoice"]] = models.Manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="monthly_invoice_payment_is_told_whole",
                condition=models.Q(payment_intent_id__isnull=True, amount=0, paid_at__isnull=True)
                | models.Q(payment_intent_id__isnull=False, amount__gt=0, paid_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                fields=["looked_at"],
                name="monthly_invoice_ownerless_idx",
                condition=models.Q(monthly__isnull=True),
            ),
            models.Index(
                fields=["looked_at"],
                name="monthly_invoice_due_idx",
                condition=models.Q(is_paid=True, payment_intent_id__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.invoice_id
