"""Card donations and their refunds. What happened to the money is in the books, not here."""

from typing import ClassVar

from django.db import models

from appeals.models import Appeal
from donors.models import Donor
from funds.fields import MoneyField
from funds.models import Branch, JournalEntry, User
from payments.models.checkout import CheckoutGiving
from payments.models.monthly import MonthlyDonation


class CardDonation(CheckoutGiving):
    """A donor's act of giving by card, from the form on: one payment at Stripe, or none yet.

    It is paid when, and only when, ``received_entry`` stands in the books. A payment that came
    for a donation that was paid before has a row of its own, which is ``again_of`` the first one.
    A month of a monthly donation has no form and no donor of its own: ``monthly`` has them.
    """

    appeal = models.ForeignKey(Appeal, models.PROTECT, related_name="card_donations")
    branch = models.ForeignKey(
        Branch, models.PROTECT, null=True, blank=True, related_name="card_donations"
    )
    donor = models.OneToOneField(
        Donor, models.SET_NULL, null=True, blank=True, related_name="card_donation"
    )
    monthly = models.ForeignKey(
        MonthlyDonation, models.PROTECT, null=True, blank=True, related_name="months"
    )
    invoice_id = models.CharField(max_length=255, null=True, blank=True, unique=True)
    payment_intent_id = models.CharField(max_length=255, null=True, blank=True, unique=True)
    processing_at = models.DateTimeField(
        null=True, blank=True, help_text="When Stripe said that the money comes later (Bacs)."
    )
    failed_at = models.DateTimeField(
        null=True, blank=True, help_text="When Stripe last said that a payment did not succeed."
    )
    again_of = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="again",
        help_text="The donation that this payment paid for a second time.",
    )
    meant_at = models.DateTimeField(
        null=True, blank=True, help_text="When a treasurer noted that the donor meant to pay again."
    )
    meant_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="card_donations_meant"
    )
    received_entry = models.OneToOneField(
        JournalEntry, models.PROTECT, null=True, blank=True, related_name="card_donation"
    )

    objects: ClassVar[models.Manager["CardDonation"]] = models.Manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="card_donation_amount_is_positive", condition=models.Q(amount__gt=0)
            ),
            models.CheckConstraint(
                name="card_donation_again_is_a_payment",
                condition=models.Q(again_of__isnull=True)
                | models.Q(payment_intent_id__isnull=False),
            ),
            models.CheckConstraint(
                name="card_donation_meant_is_again_and_has_person",
                condition=models.Q(meant_at__isnull=True, meant_by__isnull=True)
                | models.Q(meant_at__isnull=False, meant_by__isnull=False, again_of__isnull=False),
            ),
            models.CheckConstraint(
                name="card_donation_month_has_an_invoice",
                condition=models.Q(monthly__isnull=True, invoice_id__isnull=True)
                | models.Q(monthly__isnull=False, invoice_id__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                fields=["processing_at"],
                name="card_donation_promised_idx",
                condition=models.Q(received_entry__isnull=True, processing_at__isnull=False),
            ),
            models.Index(
                fields=["checkout_expires_at"],
                name="card_donation_unanswered_idx",
                condition=models.Q(
                    received_entry__isnull=True,
                    checkout_ended_at__isnull=True,
                    checkout_session_id__isnull=False,
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"card donation {self.reference}"

    @property
    def giver(self) -> Donor | None:
        """Who gave it; of a month, who gives every month. None where nothing was told.

        Of a donation that was paid again, who gave the first.
        """
        if self.again_of is not None:
            return self.again_of.donor
        return self.monthly.donor if self.monthly else self.donor

    @property
    def is_donors_part_done(self) -> bool:
        """Paid, or on its way: days may pass until a bank sends it."""
        return self.received_entry_id is not None or self.processing_at is not None


class CardRefund(models.Model):
    """Money that Stripe paid back of a card donation, in full or in part."""

    stripe_id = models.CharField(max_length=255, unique=True)
    donation = models.ForeignKey(CardDonation, models.PROTECT, related_name="refunds")
    amount = MoneyField(max_digits=14, decimal_places=2, default_currency="GBP")
    entry = models.OneToOneField(JournalEntry, models.PROTECT, related_name="card_refund")

    objects: ClassVar[models.Manager["CardRefund"]] = models.Manager()

    def __str__(self) -> str:
        return self.stripe_id
