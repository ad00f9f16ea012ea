"""What one treasurer asks for and a second one does: large reversals, and closing a period."""

import uuid
from typing import ClassVar, Final

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from funds.models import PeriodClose, User
from payments.models.bucket_count import Agreement
from payments.models.cash import CashCollection, TransferReceipt
from payments.models.match import StatementMatch
from payments.models.paying_in import PayingIn

_TARGETS: Final = {
    "collection": "collection",
    "transfer": "receipt",
    "paying-in": "paying_in",
    "agreement": "agreement",
    "match": "match",
}


def _is_about(kind: str, target: str) -> Q:
    others = {name: None for name in (*_TARGETS.values(), "period_close") if name != target}
    return Q(kind=kind, since=None, until=None, **others) & ~Q(**{target: None})


def _about_what_its_kind_says() -> Q:
    about = _is_about("reopen", "period_close")
    for kind, target in _TARGETS.items():
        about |= _is_about(kind, target)
    nothing = dict.fromkeys(_TARGETS.values())
    dated = Q(since__isnull=False, until__isnull=False, until__gte=F("since"))
    closed = Q(period_close=None) | Q(decision="confirmed")
    return about | (Q(kind="close", **nothing) & dated & closed)


class TwoPersonAct(models.Model):
    """An act that waits for a second person, and what became of it.

    Nothing moves in the books before it is confirmed. It is never edited: whoever asked may
    withdraw it, whoever is asked confirms or declines.
    """

    class Kind(models.TextChoices):
        """What is asked for."""

        COLLECTION = "collection", "Reverse a collection"
        TRANSFER = "transfer", "Reverse a transfer or cheque"
        PAYING_IN = "paying-in", "Undo a paying-in"
        AGREEMENT = "agreement", "Undo an agreed count"
        MATCH = "match", "Undo what a bank line was said to be"
        CLOSE = "close", "Close a period"
        REOPEN = "reopen", "Open a closed period again"

    class Decision(models.TextChoices):
        """How it ended. Empty while a second person is waited for."""

        CONFIRMED = "confirmed", "Confirmed"
        DECLINED = "declined", "Declined"
        WITHDRAWN = "withdrawn", "Withdrawn"
        OVERTAKEN = "overtaken", "Done meanwhile"

    reference = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=10, choices=Kind)
    collection = models.ForeignKey(
        CashCollection, models.PROTECT, null=True, blank=True, related_name="two_person_acts"
    )
    receipt = models.ForeignKey(
        TransferReceipt, models.PROTECT, null=True, blank=True, related_name="two_person_acts"
    )
    paying_in = models.ForeignKey(
        PayingIn, models.PROTECT, null=True, blank=True, related_name="two_person_acts"
    )
    agreement = models.ForeignKey(
        Agreement, models.PROTECT, null=True, blank=True, related_name="two_person_acts"
    )
    match = models.ForeignKey(
        StatementMatch, models.PROTECT, null=True, blank=True, related_name="two_person_acts"
    )
    period_close = models.ForeignKey(
        PeriodClose, models.PROTECT, null=True, blank=True, related_name="two_person_acts"
    )
    since = models.DateField(null=True, blank=True, help_text="First day of a period to close.")
    until = models.DateField(null=True, blank=True, help_text="Its last day.")
    figures = models.CharField(
        max_length=64, blank=True, help_text="Digest of the tie-out that was seen by who asked."
    )
    reason = models.CharField(max_length=200, blank=True, help_text="Why. Never a donor's name.")
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="two_person_acts")
    asked_at = models.DateTimeField(db_default=Now(), editable=False)

    decision = models.CharField(max_length=10, choices=Decision, blank=True)
    decided_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="decided_two_person_acts"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_reason = models.CharField(max_length=200, blank=True)

    objects: ClassVar[models.Manager["TwoPersonAct"]] = models.Manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                name="two_person_act_is_about_what_its_kind_says",
                condition=_about_what_its_kind_says(),
            ),
            models.CheckConstraint(
                name="two_person_act_has_a_reason", condition=Q(kind="close") | ~Q(reason="")
            ),
            models.CheckConstraint(
                name="two_person_act_second_person_is_another",
                condition=~Q(decision__in=["confirmed", "declined"], decided_by=F("asked_by")),
            ),
            models.CheckConstraint(
                name="two_person_act_is_decided_by_a_person_at_a_time",
                condition=Q(decision="", decided_by__isnull=True, decided_at__isnull=True)
                | (
                    Q(decision__in=["confirmed", "declined", "withdrawn", "overtaken"])
                    & Q(decided_by__isnull=False, decided_at__isnull=False)
                ),
            ),
            models.CheckConstraint(
                name="two_person_act_is_declined_with_a_reason",
                condition=~Q(decision="declined", decision_reason=""),
            ),
            *(
                models.UniqueConstraint(
                    fields=[target],
                    name=f"two_person_act_waits_once_for_a_{target}",
                    condition=Q(decision=""),
                )
                for target in _TARGETS.values()
            ),
            models.UniqueConstraint(
                fields=["kind"],
                name="two_person_act_waits_once_to_close_or_reopen",
                condition=Q(decision="", kind__in=["close", "reopen"]),
            ),
        ]
        indexes = [
            models.Index(
                fields=["asked_by"], name="two_person_act_undecided_idx", condition=Q(decision="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.reference}"
