"""The second pair of ears at the pledge desk, how differences were settled, and every step.

Settlements and steps are append-only in the database too (migration ``pledge_guards``).
"""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from funds.models import User
from payments.models.pledge import CalledLine, Pledge, PledgeList


class CheckLine(CalledLine):
    """One amount as the second typist heard it. It promises nothing."""

    objects: ClassVar[models.Manager["CheckLine"]] = models.Manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["entry", "place"], name="check_line_counts_once"),
            models.CheckConstraint(name="check_line_amount_is_positive", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="check_line_method_is_known",
                condition=Q(method__in=["promise", "cash", "cheque", "card", "standing"]),
            ),
        ]

    def __str__(self) -> str:
        return f"check line {self.reference}"


class PledgeSettlement(models.Model):
    """How one difference between two lists was settled, by a person. Never edited."""

    class Choice(models.TextChoices):
        """Whose line stands."""

        RECORD = "record", "The record is right"
        CHECK = "check", "The check is right"

    list = models.ForeignKey(PledgeList, models.PROTECT, related_name="settlements")
    pledge = models.OneToOneField(
        Pledge, models.PROTECT, null=True, blank=True, related_name="settlement"
    )
    check_line = models.OneToOneField(
        CheckLine, models.PROTECT, null=True, blank=True, related_name="settlement"
    )
    choice = models.CharField(max_length=6, choices=Choice)
    reason = models.CharField(max_length=200, blank=True)
    settled_by = models.ForeignKey(User, models.PROTECT, related_name="pledge_settlements")
    settled_at = models.DateTimeField(db_default=Now(), editable=False)

    objects: ClassVar[models.Manager["PledgeSettlement"]] = models.Manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                name="pledge_settlement_is_about_a_line",
                condition=Q(pledge__isnull=False) | Q(check_line__isnull=False),
            ),
            models.CheckConstraint(
                name="pledge_settlement_choice_is_known",
                condition=Q(choice__in=["record", "check"]),
            ),
        ]

    def __str__(self) -> str:
        return f"settlement {self.pk}"


class PledgeStep(models.Model):
    """One step in the life of a line or a list: what, who, when, why. Never edited."""

    class Kind(models.TextChoices):
        """What was done."""

        OPENED = "opened", "List opened"
        CLOSED = "closed", "List closed"
        REOPENED = "reopened", "List opened again"
        STRUCK = "struck", "Struck as an error of typing"
        AMENDED = "amended", "Put right after the comparison"
        ADDED = "added", "Added after the comparison"
        CANCELLED = "cancelled", "Cancelled"
        TAKEN_UP = "taken-up", "Taken up again"
        LAPSED = "lapsed", "Lapsed"
        REMINDED = "reminded", "Reminded"

    kind = models.CharField(max_length=10, choices=Kind)
    list = models.ForeignKey(PledgeList, models.PROTECT, related_name="steps")
    pledge = models.ForeignKey(Pledge, models.PROTECT, null=True, blank=True, related_name="steps")
    check_line = models.ForeignKey(
        CheckLine, models.PROTECT, null=True, blank=True, related_name="steps"
    )
    detail = models.CharField(max_length=200, blank=True, help_text="What changed, in words.")
    reason = models.CharField(max_length=200, blank=True)
    by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="pledge_steps")
    at = models.DateTimeField(db_default=Now(), editable=False)

    objects: ClassVar[models.Manager["PledgeStep"]] = models.Manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                name="pledge_step_is_somebodys_the_pledgers_or_the_clocks",
                condition=Q(by__isnull=False)
                | Q(kind__in=["cancelled", "taken-up", "lapsed", "reminded"]),
            ),
            models.CheckConstraint(
                name="pledge_step_back_has_a_reason",
                condition=~Q(kind__in=["struck", "amended", "cancelled", "reopened"], reason=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.at:%Y-%m-%d %H:%M}"
