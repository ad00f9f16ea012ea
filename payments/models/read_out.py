"""What the speaker may say next: each decision about it, by whom and when. Never edited.

Migration ``read_out`` makes both tables append-only in the database too.
"""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from appeals.models import Appeal
from funds.models import User
from payments.models.card import CardDonation
from payments.models.pledge import Pledge


class ReadOutStep(models.Model):
    """One decision about one donation or pledge that may be read out, or an undo of one."""

    class Decision(models.TextChoices):
        """What was decided."""

        PASS = "pass", "Let through"
        PASS_NAMELESS = "pass-nameless", "Let through without the name"
        HOLD = "hold", "Held back"
        SKIP = "skip", "Skipped"
        READ = "read", "Read out"
        UNDO = "undo", "Undone"

    appeal = models.ForeignKey(Appeal, models.PROTECT, related_name="read_out_steps")
    donation = models.ForeignKey(
        CardDonation, models.PROTECT, null=True, blank=True, related_name="read_out_steps"
    )
    pledge = models.ForeignKey(
        Pledge, models.PROTECT, null=True, blank=True, related_name="read_out_steps"
    )
    key = models.UUIDField(unique=True, help_text="Made by the page: a decision is taken once.")
    decision = models.CharField(max_length=13, choices=Decision)
    undoes = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="undone_by"
    )
    by = models.ForeignKey(User, models.PROTECT, related_name="read_out_steps")
    at = models.DateTimeField(db_default=Now(), editable=False)

    objects: ClassVar[models.Manager["ReadOutStep"]] = models.Manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                name="read_out_step_is_about_one_thing",
                condition=Q(donation__isnull=False, pledge__isnull=True)
                | Q(donation__isnull=True, pledge__isnull=False),
            ),
            models.CheckConstraint(
                name="read_out_decision_is_known",
                condition=Q(decision__in=["pass", "pass-nameless", "hold", "skip", "read", "undo"]),
            ),
            models.CheckConstraint(
                name="read_out_step_undoes_exactly_when_it_is_an_undo",
                condition=Q(decision="undo", undoes__isnull=False)
                | (~Q(decision="undo") & Q(undoes__isnull=True)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.decision} {self.pk}"


class ReadOutRule(models.Model):
    """How many people must let a thing through, from then on; the newest counts. Never edited."""

    appeal = models.ForeignKey(Appeal, models.PROTECT, related_name="read_out_rules")
    needs_two = models.BooleanField()
    by = models.ForeignKey(User, models.PROTECT, related_name="read_out_rules")
    at = models.DateTimeField(db_default=Now(), editable=False)

    objects: ClassVar[models.Manager["ReadOutRule"]] = models.Manager()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return "two people" if self.needs_two else "one person"
