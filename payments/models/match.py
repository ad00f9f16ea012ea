"""Which line of a bank's statement is what in the books, as it was proposed and confirmed."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from appeals.models import Appeal
from funds.models import Branch, JournalEntry, User
from funds.money import Money, from_minor
from payments.models.cash import TransferReceipt
from payments.models.cheque import Cheque
from payments.models.paying_in import PayingIn
from payments.models.statement import StatementLine

_STANDS = Q(undone_at__isnull=True)


class PayerRule(models.Model):
    """Words in a payer's reference that say which appeal, and which branch, the money is for."""

    reference = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    words = models.CharField(
        max_length=140, help_text="In capitals, one space between: as lines are compared."
    )
    appeal = models.ForeignKey(Appeal, models.PROTECT, related_name="payer_rules")
    branch = models.ForeignKey(
        Branch, models.PROTECT, null=True, blank=True, related_name="payer_rules"
    )
    made_by = models.ForeignKey(User, models.PROTECT, related_name="payer_rules")
    made_at = models.DateTimeField(db_default=Now(), editable=False)
    stopped_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="stopped_payer_rules"
    )
    stopped_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager["PayerRule"]] = models.Manager()

    class Meta:
        ordering = ["words"]
        constraints = [
            models.UniqueConstraint(
                fields=["words"],
                name="payer_rule_is_one_for_its_words",
                condition=Q(stopped_at__isnull=True),
            ),
            models.CheckConstraint(
                name="payer_rule_is_stopped_by_a_person",
                condition=Q(stopped_at__isnull=True, stopped_by__isnull=True)
                | Q(stopped_at__isnull=False, stopped_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.words


class StatementMatch(models.Model):
    """What a line of the statement is: proposed by the site, or said and confirmed by a person.

    A proposal is no fact and may vanish. A confirmed match is undone with a reason and stays.
    """

    class Kind(models.TextChoices):
        """What the line is."""

        PAYING_IN = "paying-in", "Cash paid in"
        WITH_CHEQUES = "mixed", "Cash and cheques paid in"
        CHEQUES = "cheques", "Cheques paid in"
        PAYOUT = "payout", "Payout from Stripe"
        TRANSFER = "transfer", "Transfer or cheque that is recorded"
        RULE = "rule", "Transfer or standing order by its reference"
        BOUNCED = "bounced", "Cheque or transfer that was returned"
        RETURNED = "returned", "Cheque that never cleared"
        ASIDE = "aside", "Not for an appeal"

    reference = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    line = models.ForeignKey(StatementLine, models.PROTECT, related_name="matches")
    kind = models.CharField(max_length=10, choices=Kind)
    paying_in = models.ForeignKey(
        PayingIn, models.PROTECT, null=True, blank=True, related_name="matches"
    )
    payout_id = models.CharField(max_length=255, blank=True, help_text="Stripe's name for it.")
    receipt = models.ForeignKey(
        TransferReceipt, models.PROTECT, null=True, blank=True, related_name="matches"
    )
    rule = models.ForeignKey(
        PayerRule, models.PROTECT, null=True, blank=True, related_name="matches"
    )
    cheque = models.ForeignKey(
        Cheque, models.PROTECT, null=True, blank=True, related_name="matches"
    )
    made_receipt = models.BooleanField(
        default=False, help_text="The receipt was recorded from this very line."
    )
    why = models.CharField(
        max_length=200, blank=True, help_text="What the proposal rests on; empty when by hand."
    )
    difference_minor = models.BigIntegerField(
        default=0, help_text="The line less what was expected, in minor units."
    )
    difference_entry = models.OneToOneField(
        JournalEntry, models.PROTECT, null=True, blank=True, related_name="statement_match"
    )
    note = models.CharField(
        max_length=200, blank=True, help_text="Why it differs, or why it is set aside."
    )
    proposed_at = models.DateTimeField(db_default=Now(), editable=False)
    confirmed_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="confirmed_matches"
    )
    confirmed_at = models.DateTimeField(null=True, blank=True)
    undo_reason = models.CharField(max_length=200, blank=True)
    undone_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="undone_matches"
    )
    undone_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager["StatementMatch"]] = models.Manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["line"], name="statement_line_is_one_thing", condition=_STANDS
            ),
            models.UniqueConstraint(
                fields=["paying_in"],
                name="paying_in_is_matched_once",
                condition=_STANDS & Q(kind__in=["paying-in", "mixed"]),
            ),
            models.UniqueConstraint(
                fields=["paying_in"],
                name="cheques_of_a_paying_in_are_matched_once",
                condition=_STANDS & Q(kind__in=["cheques", "mixed"]),
            ),
            models.UniqueConstraint(
                fields=["cheque"], name="cheque_comes_back_once", condition=_STANDS
            ),
            models.CheckConstraint(
                name="statement_match_with_a_cheque_is_its_return",
                condition=Q(kind="returned", cheque__isnull=False)
                | (~Q(kind="returned") & Q(cheque__isnull=True)),
            ),
            models.UniqueConstraint(
                fields=["payout_id"],
                name="payout_is_matched_once",
                condition=_STANDS & ~Q(payout_id=""),
            ),
            models.UniqueConstraint(
                fields=["receipt"],
                name="receipt_is_matched_once",
                condition=_STANDS & ~Q(kind="bounced"),
            ),
            models.UniqueConstraint(
                fields=["receipt"],
                name="receipt_bounces_once",
                condition=_STANDS & Q(kind="bounced"),
            ),
            models.CheckConstraint(
                name="statement_match_is_with_what_its_kind_says",
                condition=Q(
                    kind__in=["paying-in", "mixed", "cheques"],
                    paying_in__isnull=False,
                    receipt=None,
                    payout_id="",
                )
                | Q(kind="returned", paying_in=None, receipt=None, payout_id="")
                | (Q(kind="payout", paying_in=None, receipt=None) & ~Q(payout_id=""))
                | Q(
                    kind__in=["transfer", "bounced"],
                    paying_in=None,
                    receipt__isnull=False,
                    payout_id="",
                )
                | (
                    Q(kind="rule", paying_in=None, payout_id="", rule__isnull=False)
                    & (Q(confirmed_at=None) | Q(receipt__isnull=False))
                )
                | (
                    Q(kind="aside", paying_in=None, receipt=None, payout_id="")
                    & ~Q(note="")
                    & Q(confirmed_at__isnull=False)
                ),
            ),
            models.CheckConstraint(
                name="statement_match_is_confirmed_by_a_person",
                condition=Q(confirmed_at=None, confirmed_by=None)
                | Q(confirmed_at__isnull=False, confirmed_by__isnull=False),
            ),
            models.CheckConstraint(
                name="statement_match_differs_with_a_reason",
                condition=Q(difference_minor=0, difference_entry=None)
                | Q(confirmed_at=None, difference_entry=None)
                | (Q(difference_entry__isnull=False) & ~Q(note="")),
            ),
            models.CheckConstraint(
                name="statement_match_is_undone_with_reason_and_person",
                condition=Q(undone_at=None, undone_by=None, undo_reason="")
                | (
                    Q(undone_at__isnull=False, undone_by__isnull=False)
                    & Q(confirmed_at__isnull=False)
                    & ~Q(undo_reason="")
                ),
            ),
        ]
        indexes = [
            models.Index(
                fields=["id"],
                name="statement_match_proposed_idx",
                condition=Q(confirmed_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"match {self.reference}"

    @property
    def difference(self) -> Money:
        """The line less what was expected."""
        return from_minor(self.difference_minor, self.line.account.currency)


class MatchingRun(models.Model):
    """What the matcher had before it when it last proposed: it only works when that changed."""

    seen = models.CharField(max_length=64)
    finished_at = models.DateTimeField()

    objects: ClassVar[models.Manager["MatchingRun"]] = models.Manager()

    def __str__(self) -> str:
        return f"{self.finished_at:%Y-%m-%d %H:%M:%S}"
