"""Stripe's own account of our money: the lines of our balance there, and the payouts from it."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from funds.models import User
from funds.money import Money, from_minor

_IS_DUE = models.Q(booked_at__isnull=True, put_aside_at__isnull=True)


class Payout(models.Model):
    """Money that Stripe sends to our bank, or did, or failed to.

    What it did to the books follows from what Stripe told of it, in any order: see
    ``payments.balance.payouts``.
    """

    class Status(models.TextChoices):
        """Stripe's words. Source: docs.stripe.com/api/payouts/object, ``status``."""

        PENDING = "pending", "Pending"
        IN_TRANSIT = "in_transit", "On its way"
        PAID = "paid", "Paid"
        FAILED = "failed", "Failed"
        CANCELED = "canceled", "Cancelled"

    stripe_id = models.CharField(max_length=255, unique=True)
    amount_minor = models.BigIntegerField(
        help_text="In minor units. Negative when Stripe takes a debt from the bank."
    )
    currency = models.CharField(max_length=3, help_text="ISO 4217 code.")
    status = models.CharField(max_length=10, choices=Status)
    automatic = models.BooleanField(help_text="By Stripe's schedule: only those list their lines.")
    created_at = models.DateTimeField()
    arrival_on = models.DateField(help_text="The day for which Stripe expects it at the bank.")
    told_at = models.DateTimeField(help_text="When Stripe said what stands here: newer news wins.")
    paid_at = models.DateTimeField(
        null=True, blank=True, help_text="When Stripe first called it paid."
    )
    failed_at = models.DateTimeField(
        null=True, blank=True, help_text="When Stripe first called it failed or cancelled."
    )
    has_contents = models.BooleanField(
        default=False, help_text="Stripe has settled what it pays out, and lists it."
    )
    asked_at = models.DateTimeField(
        null=True, blank=True, help_text="When we last asked, since word of its end was overdue."
    )
    contents_after_id = models.CharField(
        max_length=255, blank=True, help_text="The last of its lines that was read, to go on there."
    )
    contents_known_at = models.DateTimeField(
        null=True, blank=True, help_text="When the last of its lines was read."
    )

    objects: ClassVar[models.Manager["Payout"]] = models.Manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(fields=["-created_at"], name="payout_newest_idx"),
            models.Index(
                fields=["created_at"],
                name="payout_contents_due_idx",
                condition=models.Q(contents_known_at__isnull=True, has_contents=True),
            ),
        ]

    def __str__(self) -> str:
        return self.stripe_id

    @property
    def amount(self) -> Money:
        """What is sent to the bank."""
        return from_minor(self.amount_minor, self.currency)


class BalanceLine(models.Model):
    """One movement of our balance at Stripe (a balance transaction), as Stripe wrote it.

    It leads to its entries by their keys: ``principal_key`` for the amount, and keys of its own
    for the fee and a change of currency. So it does not matter which of the two came first.
    """

    class Category(models.TextChoices):
        """What it is to us, once that is decided."""

        DONATION = "donation", "Donations"
        REFUND = "refund", "Refunds"
        REFUND_FAILED = "refund-failed", "Refunds that came back"
        DISPUTE = "dispute", "Disputes"
        DISPUTE_WON = "dispute-won", "Disputes won"
        ACCOUNT_FEE = "account-fee", "Fees for the account"
        NOT_OURS = "not-ours", "Not ours"
        PAYOUT = "payout", "Payouts"
        PAYOUT_FAILED = "payout-failed", "Payouts that came back"
        ASIDE = "aside", "Put aside for a person"
        UNDECIDED = "", "Not decided yet"

    stripe_id = models.CharField(max_length=255, unique=True)
    type = models.CharField(max_length=60)
    reporting_category = models.CharField(max_length=60)
    source_id = models.CharField(
        max_length=255, blank=True, help_text="The charge, refund, dispute or payout behind it."
    )
    payment_intent_id = models.CharField(max_length=255, blank=True)
    amount_minor = models.BigIntegerField(
        help_text="In minor units; negative for money that leaves."
    )
    fee_minor = models.BigIntegerField(help_text="In minor units; taken off the amount.")
    net_minor = models.BigIntegerField(help_text="In minor units: what our balance moved by.")
    currency = models.CharField(max_length=3, help_text="ISO 4217 code: what the balance is in.")
    source_minor = models.BigIntegerField(
        null=True,
        blank=True,
        help_text="What moved in ``source_currency``, when Stripe changed it into another.",
    )
    source_currency = models.CharField(max_length=3, blank=True)
    created_at = models.DateTimeField(help_text="When Stripe wrote it.")
    occurred_on = models.DateField(help_text="The organisation's local date of that.")
    available_on = models.DateField(help_text="From when it can be paid out.")
    payout = models.ForeignKey(
        Payout,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="contents",
        help_text="Which payout sent it to the bank.",
    )
    category = models.CharField(max_length=20, choices=Category, blank=True, db_default="")
    principal_key = models.CharField(
        max_length=200, blank=True, help_text="Of the entry that books the amount."
    )
    known_at = models.DateTimeField(db_default=Now(), editable=False)
    booked_at = models.DateTimeField(
        null=True, blank=True, help_text="When all its entries were found in the books."
    )
    put_aside_at = models.DateTimeField(
        null=True, blank=True, help_text="Since when it waits for a person, and is not retried."
    )
    decided_by = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="decided_lines",
        help_text="Who said what it is, when the site could not.",
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(db_default=0)
    next_attempt_at = models.DateTimeField(db_default=Now())
    last_error = models.TextField(blank=True, db_default="")

    objects: ClassVar[models.Manager["BalanceLine"]] = models.Manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="balance_line_net_is_amount_less_fee",
                condition=models.Q(
                    net_minor=models.F("amount_minor") - models.F("fee_minor"),
                ),
            ),
            models.CheckConstraint(
                name="balance_line_names_what_was_changed_with_its_currency",
                condition=models.Q(source_minor__isnull=True, source_currency="")
                | (models.Q(source_minor__isnull=False) & ~models.Q(source_currency="")),
            ),
        ]
        indexes = [
            models.Index(fields=["currency", "occurred_on"], name="balance_line_period_idx"),
            models.Index(
                fields=["source_currency", "occurred_on"],
                name="balance_line_changed_idx",
                condition=~models.Q(source_currency=""),
            ),
            models.Index(
                fields=["principal_key"],
                name="balance_line_of_entry_idx",
                condition=~models.Q(principal_key=""),
            ),
            models.Index(
                fields=["payment_intent_id"],
                name="balance_line_of_payment_idx",
                condition=~models.Q(payment_intent_id=""),
            ),
            models.Index(
                fields=["next_attempt_at"], name="balance_line_due_idx", condition=_IS_DUE
            ),
            models.Index(
                fields=["put_aside_at"],
                name="balance_line_put_aside_idx",
                condition=models.Q(put_aside_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.stripe_id}"

    @property
    def amount(self) -> Money:
        """What moved, before the fee."""
        return from_minor(self.amount_minor, self.currency)

    @property
    def fee(self) -> Money:
        """What Stripe kept of it."""
        return from_minor(self.fee_minor, self.currency)

    @property
    def net(self) -> Money:
        """What our balance at Stripe moved by."""
        return from_minor(self.net_minor, self.currency)

    @property
    def source_amount(self) -> Money | None:
        """What moved before Stripe changed it into the balance's currency; None if it did not."""
        if self.source_minor is None:
            return None
        return from_minor(self.source_minor, self.source_currency)

    def key(self, name: str) -> str:
        """The key of an entry of this very line, such as ``fee``."""
        return f"stripe:{self.stripe_id}:{name}"


class BalanceWindow(models.Model):
    """A stretch of time of which Stripe's lines are being read, or were.

    Half open: ``since`` belongs to it, ``until`` does not. Lines come newest first; ``after_id``
    is the last that is kept, so that reading goes on there after whatever stopped it. Windows
    that are finished and touch become one.
    """

    since = models.DateTimeField()
    until = models.DateTimeField()
    is_open_ended = models.BooleanField(
        default=False,
        help_text="Also take what Stripe wrote after ``until``: its clock may be before ours.",
    )
    after_id = models.CharField(max_length=255, blank=True, db_default="")
    lines = models.PositiveBigIntegerField(db_default=0, help_text="How many were read so far.")
    finished_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager["BalanceWindow"]] = models.Manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="balance_window_ends_after_it_begins",
                condition=models.Q(until__gt=models.F("since")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.since:%Y-%m-%d %H:%M:%S} to {self.until:%Y-%m-%d %H:%M:%S}"


class StripeBalance(models.Model):
    """What Stripe last said it holds for us, in one currency."""

    currency = models.CharField(max_length=3, unique=True, help_text="ISO 4217 code.")
    available_minor = models.BigIntegerField(help_text="In minor units: can be paid out.")
    pending_minor = models.BigIntegerField(help_text="In minor units: not yet.")
    told_at = models.DateTimeField()

    objects: ClassVar[models.Manager["StripeBalance"]] = models.Manager()

    def __str__(self) -> str:
        return f"{self.currency} {self.available_minor + self.pending_minor}"

    @property
    def held(self) -> Money:
        """All of it."""
        return from_minor(self.available_minor + self.pending_minor, self.currency)
