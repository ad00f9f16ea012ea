"""What the bank says: its statements, line by line, and how each was read.

The text of a line may name who paid. Only the national treasurer sees it; neither the books nor
the admin hold it, and it goes a year after the line was explained (``payments/banking/strip.py``).
"""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from funds.models import User
from funds.money import Money, from_minor


class BankAccount(models.Model):
    """An account of the organisation at a bank."""

    name = models.CharField(max_length=100, unique=True)
    currency = models.CharField(max_length=3, help_text="ISO 4217 code.")
    number = models.CharField(
        max_length=60,
        blank=True,
        help_text="As the bank's own files name it; learned from the first that does.",
    )
    payee_name = models.CharField(
        max_length=70, blank=True, help_text="Printed on slips: in whose name it is."
    )
    payee_sort_code = models.CharField(max_length=8, blank=True, help_text="Like 60-83-01.")
    payee_number = models.CharField(
        max_length=34, blank=True, help_text="Account number; an IBAN where no sort code is."
    )
    payee_said_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="said_payees"
    )
    payee_said_at = models.DateTimeField(null=True, blank=True)
    made_by = models.ForeignKey(User, models.PROTECT, related_name="bank_accounts")
    made_at = models.DateTimeField(db_default=Now(), editable=False)

    objects: ClassVar[models.Manager["BankAccount"]] = models.Manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["number"], name="bank_account_number_is_one", condition=~Q(number="")
            ),
            models.CheckConstraint(
                name="bank_account_payee_is_whole_and_said_by_a_person",
                condition=Q(
                    payee_name="",
                    payee_sort_code="",
                    payee_number="",
                    payee_said_by__isnull=True,
                    payee_said_at__isnull=True,
                )
                | (
                    Q(payee_said_by__isnull=False, payee_said_at__isnull=False)
                    & ~Q(payee_name="")
                    & ~Q(payee_number="")
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ColumnMap(models.Model):
    """Which column of a bank's CSV means what, as a person confirmed it; found by the header."""

    fingerprint = models.CharField(max_length=64, unique=True, help_text="Of the header's words.")
    columns = models.JSONField(help_text="See payments/banking/files/columns.py.")
    confirmed_by = models.ForeignKey(User, models.PROTECT, related_name="column_maps")
    confirmed_at = models.DateTimeField(db_default=Now())

    objects: ClassVar[models.Manager["ColumnMap"]] = models.Manager()

    def __str__(self) -> str:
        return self.fingerprint[:12]


class StatementImport(models.Model):
    """One file from the bank, from its arrival to its last line.

    A person confirms the columns of a CSV first; then a chore reads it. It may die at any moment
    and begin anew: a line that is known is known by its key.
    """

    class Format(models.TextChoices):
        """What the bank wrote."""

        CSV = "csv", "CSV"
        OFX = "ofx", "OFX"
        CAMT = "camt053", "CAMT.053"

    class State(models.TextChoices):
        """How far it is."""

        COLUMNS = "columns", "Waits for you to confirm the columns"
        WAITING = "waiting", "Waits to be read"
        READING = "reading", "Being read"
        DONE = "done", "Read"
        REFUSED = "refused", "Not taken"

    reference = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(BankAccount, models.PROTECT, related_name="imports")
    format = models.CharField(max_length=10, choices=Format)
    file_name = models.CharField(max_length=200)
    size_bytes = models.PositiveBigIntegerField()
    columns = models.JSONField(default=dict, blank=True, help_text="As confirmed; CSV only.")
    scheme = models.CharField(
        max_length=80,
        blank=True,
        help_text="Files of one scheme name a line alike; across schemes lines are told by day "
        "and amount.",
    )
    state = models.CharField(max_length=10, choices=State)
    attempts = models.PositiveSmallIntegerField(default=0)
    lines_total = models.PositiveIntegerField(default=0)
    lines_read = models.PositiveIntegerField(default=0)
    lines_known = models.PositiveIntegerField(
        default=0, help_text="Which an earlier file had brought already."
    )
    lines_left_out = models.PositiveIntegerField(
        default=0, help_text="Rows without money, and entries that the bank has not booked yet."
    )
    claimed_until = models.DateTimeField(
        null=True, blank=True, help_text="Until when it belongs to who reads it."
    )
    last_error = models.TextField(blank=True, help_text="Why it was not taken, for the treasurer.")
    imported_by = models.ForeignKey(User, models.PROTECT, related_name="statement_imports")
    imported_at = models.DateTimeField(db_default=Now(), editable=False)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager["StatementImport"]] = models.Manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                name="statement_import_is_finished_when_it_ended",
                condition=Q(state__in=["done", "refused"], finished_at__isnull=False)
                | (~Q(state__in=["done", "refused"]) & Q(finished_at__isnull=True)),
            ),
        ]
        indexes = [
            models.Index(
                fields=["id"],
                name="statement_import_due_idx",
                condition=Q(state__in=["waiting", "reading"]),
            ),
        ]

    def __str__(self) -> str:
        return self.file_name

    @property
    def lines_new(self) -> int:
        """Lines that this file was the first to bring."""
        return self.lines_read - self.lines_known

    @property
    def percent(self) -> int:
        """How much of it is read, rounded down."""
        return self.lines_read * 100 // self.lines_total if self.lines_total else 0


class StatementFile(models.Model):
    """The bytes of an import until they are read; then they go."""

    statement_import = models.OneToOneField(
        StatementImport, models.CASCADE, related_name="file", primary_key=True
    )
    content = models.BinaryField()

    objects: ClassVar[models.Manager["StatementFile"]] = models.Manager()

    def __str__(self) -> str:
        return f"file of import {self.statement_import_id}"


class StatementLine(models.Model):
    """One line of a bank's statement: money that came (above nothing) or went.

    ``key`` names the line in its account: from the bank's own id, or from what it says and how
    many alike stand before it on that day. So files that overlap bring each line once, and two
    equal lines of one day are two.
    """

    reference = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(BankAccount, models.PROTECT, related_name="lines")
    statement_import = models.ForeignKey(StatementImport, models.PROTECT, related_name="lines")
    key = models.CharField(max_length=80)
    booked_on = models.DateField(help_text="The bank's date.")
    amount_minor = models.BigIntegerField(
        help_text="In minor units of the account's currency; negative for money that went."
    )
    text = models.CharField(max_length=500, blank=True)
    bank_reference = models.CharField(max_length=140, blank=True)
    stripped_at = models.DateTimeField(
        null=True, blank=True, help_text="When its text and reference were emptied for good."
    )

    objects: ClassVar[models.Manager["StatementLine"]] = models.Manager()

    class Meta:
        ordering = ["-booked_on", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["account", "key"], name="statement_line_is_taken_once"),
            models.CheckConstraint(name="statement_line_moves_money", condition=~Q(amount_minor=0)),
            models.CheckConstraint(
                name="statement_line_that_is_stripped_says_nothing",
                condition=Q(stripped_at__isnull=True) | Q(text="", bank_reference=""),
            ),
        ]
        indexes = [
            models.Index(fields=["account", "booked_on", "amount_minor"], name="line_of_day_idx"),
            models.Index(fields=["-booked_on", "-id"], name="statement_line_newest_idx"),
            models.Index(
                fields=["id"],
                name="statement_line_to_strip_idx",
                condition=Q(stripped_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"statement line {self.reference}"

    @property
    def amount(self) -> Money:
        """What moved, in the account's currency."""
        return from_minor(self.amount_minor, self.account.currency)
