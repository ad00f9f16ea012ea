"""The journal: accounts, entries, postings, and the balances that the database keeps."""

from datetime import date

from django.db import models
from django.db.models.functions import Now

from funds.models.organisation import Branch
from funds.money import Money, from_minor


class Fund(models.Model):
    """Money kept for a purpose."""

    name = models.CharField(max_length=100, unique=True)
    restricted = models.BooleanField(
        default=False, help_text="May be spent only on the purpose it was given for."
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Account(models.Model):
    """A line of the chart of accounts, in one currency.

    Kind and currency cannot change once something is posted: a trigger refuses it
    (migration ``0002_ledger_guards``).
    """

    class Kind(models.TextChoices):
        """What the account measures, and so which side increases it."""

        ASSET = "asset"
        LIABILITY = "liability"
        INCOME = "income"
        EXPENSE = "expense"

    code = models.CharField(max_length=100, unique=True)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=10, choices=Kind)
    currency = models.CharField(max_length=3, help_text="ISO 4217 code.")
    fund = models.ForeignKey(Fund, models.PROTECT, null=True, blank=True, related_name="accounts")

    class Meta:
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                name="account_kind_is_known",
                condition=models.Q(kind__in=["asset", "liability", "income", "expense"]),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_increased_by_debit(self) -> bool:
        """Assets and expenses grow by debits, liabilities and income by credits."""
        return self.kind in {self.Kind.ASSET, self.Kind.EXPENSE}


class JournalEntry(models.Model):
    """One financial fact, posted once. It is never edited: reverse it instead."""

    class Kind(models.TextChoices):
        """What sort of fact the entry books."""

        CARD_RECEIVED = "card-received", "Card donation"
        CARD_FEE = "card-fee", "Card fee"
        CARD_REFUND = "card-refund", "Card refund"
        CARD_REFUND_FAILED = "card-refund-failed", "Card refund that failed"
        CARD_DISPUTED = "card-disputed", "Card dispute"
        STRIPE_FEE = "stripe-fee", "Fee for the account at Stripe"
        UNALLOCATED = "unallocated", "Moved at Stripe, not ours"
        EXCHANGE = "exchange", "Changed into another currency"
        PAYOUT = "payout", "Payout, on its way to the bank"
        PAYOUT_FAILED = "payout-failed", "Payout that came back to Stripe"
        PAYOUT_PAID = "payout-paid", "Payout at the bank"
        PAYOUT_RETURNED = "payout-returned", "Payout that the bank sent back"
        CASH_COUNTED = "cash-counted", "Cash counted"
        SALES_COUNTED = "sales-counted", "Stall or sale"
        SUBS_COUNTED = "subs-counted", "Subs counted"
        TRANSFER_RECEIVED = "transfer-received", "Bank transfer or cheque"
        CASH_BANKED = "cash-banked", "Cash paid in"
        BANK_DIFFERENCE = "bank-difference", "Difference at the bank"
        REVERSAL = "reversal", "Reversal"

    source_key = models.CharField(
        max_length=200,
        unique=True,
        help_text="Names the outside fact, e.g. 'stripe:pi_3Q…:received'.",
    )
    kind = models.CharField(max_length=30, choices=Kind)
    occurred_on = models.DateField(help_text="When the money moved: the organisation's local date.")
    booked_on = models.DateField(
        null=True,
        blank=True,
        help_text="Only of what arrived after its period was closed: the first open day, on which "
        "it stands in the books.",
    )
    posted_at = models.DateTimeField(db_default=Now(), editable=False)
    memo = models.CharField(max_length=200, help_text="For the treasurer. Never a donor's name.")
    digest = models.CharField(
        max_length=64, help_text="SHA-256 over the entry and its postings; see funds/digest.py."
    )
    reverses = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="reversed_by"
    )

    class Meta:
        verbose_name_plural = "journal entries"
        constraints = [
            models.CheckConstraint(
                name="journal_entry_source_key_is_plain",
                condition=models.Q(source_key__regex=r"^[!-~]+$"),
            ),
            models.CheckConstraint(
                name="journal_entry_digest_is_sha256",
                condition=models.Q(digest__regex=r"^[0-9a-f]{64}$"),
            ),
            models.CheckConstraint(
                name="journal_entry_reverses_another",
                condition=~models.Q(reverses=models.F("pk")),
            ),
            models.CheckConstraint(
                name="journal_entry_is_booked_after_its_own_date",
                condition=models.Q(booked_on__isnull=True)
                | models.Q(booked_on__gt=models.F("occurred_on")),
            ),
        ]
        indexes = [
            models.Index(fields=["occurred_on"], name="journal_entry_occurred_on_idx"),
            models.Index(
                fields=["booked_on"],
                name="journal_entry_late_idx",
                condition=models.Q(booked_on__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.occurred_on} {self.memo}"

    @property
    def day_in_books(self) -> date:
        """Which period it counts in: its own date, or the first open day if that was closed."""
        return self.booked_on or self.occurred_on


class Posting(models.Model):
    """One debit or credit to one account. The amount is positive; the side speaks.

    That each entry's debits equal its credits spans rows, so no CheckConstraint can say it: a
    deferred trigger does (migration ``0002_ledger_guards``). Inserting keeps ``Balance``.
    """

    class Side(models.TextChoices):
        """Which column of the account."""

        DEBIT = "debit"
        CREDIT = "credit"

    entry = models.ForeignKey(JournalEntry, models.PROTECT, related_name="postings")
    # Both indexes below begin with it, so that it needs none of its own.
    account = models.ForeignKey(Account, models.PROTECT, related_name="postings", db_index=False)
    side = models.CharField(max_length=6, choices=Side)
    amount_minor = models.BigIntegerField(help_text="In minor units, e.g. pence.")
    branch = models.ForeignKey(
        Branch, models.PROTECT, null=True, blank=True, related_name="postings"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="posting_amount_is_positive", condition=models.Q(amount_minor__gt=0)
            ),
            models.CheckConstraint(
                name="posting_side_is_known", condition=models.Q(side__in=["debit", "credit"])
            ),
        ]
        indexes = [
            models.Index(fields=["account", "branch"], name="posting_account_branch_idx"),
            # What came to an account last, and what went: the hall's "just in". Of the negative, so
            # that the primary key is no way to the same order: the planner would take it, and walk
            # back through everybody's postings to find those of a quiet account.
            models.Index("account", "side", -models.F("id"), name="posting_newest_idx"),
        ]

    def __str__(self) -> str:
        return f"{self.side} {self.account_id} {self.amount_minor}"

    @property
    def amount(self) -> Money:
        """The amount, in the account's currency."""
        return from_minor(self.amount_minor, self.account.currency)


class Balance(models.Model):
    """What an account holds for one branch (or for none), kept by the database's own trigger.

    ``debit_entries`` and ``credit_entries`` count the facts that stand: an entry that reverses
    another takes that one off again. ``postings`` only grows: it is the clock of live readings.
    No code writes here; a trigger refuses it.
    """

    account = models.ForeignKey(Account, models.PROTECT, related_name="balances")
    branch = models.ForeignKey(
        Branch, models.PROTECT, null=True, blank=True, related_name="balances"
    )
    debit_minor = models.BigIntegerField()
    credit_minor = models.BigIntegerField()
    debit_entries = models.BigIntegerField()
    credit_entries = models.BigIntegerField()
    postings = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "branch"],
                name="balance_of_account_and_branch_is_one",
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.branch_id} {self.debit_minor} {self.credit_minor}"
