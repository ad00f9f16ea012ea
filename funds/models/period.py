"""Closed periods: up to which day the books take nothing more."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from funds.models.people import User


class PeriodClose(models.Model):
    """That a period of the whole organisation was closed, and by whom; perhaps opened again.

    Periods join on: while one is closed, every day up to its last is. What arrives late is posted
    on the day after, see ``JournalEntry.booked_on``. Rows are never edited or deleted: only the
    newest is opened again, with a reason (migration ``0011_closing_guards``).
    """

    reference = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=60, help_text="As people call it, e.g. a quarter.")
    since = models.DateField(help_text="Its first day.")
    until = models.DateField(help_text="Its last day.")
    closed_by = models.ForeignKey(User, models.PROTECT, related_name="closed_periods")
    confirmed_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="confirmed_closes"
    )
    closed_at = models.DateTimeField(db_default=Now(), editable=False)
    reopened_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="reopened_periods"
    )
    reopen_confirmed_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="confirmed_reopenings"
    )
    reopened_at = models.DateTimeField(null=True, blank=True)
    reopen_reason = models.CharField(max_length=200, blank=True)

    objects: ClassVar[models.Manager["PeriodClose"]] = models.Manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["until"],
                name="period_is_closed_once",
                condition=Q(reopened_at__isnull=True),
            ),
            models.CheckConstraint(
                name="period_close_ends_after_it_begins", condition=Q(until__gte=F("since"))
            ),
            models.CheckConstraint(
                name="period_close_second_person_is_another",
                condition=~Q(confirmed_by=F("closed_by")),
            ),
            models.CheckConstraint(
                name="period_is_reopened_with_reason_and_person",
                condition=Q(
                    reopened_at__isnull=True,
                    reopened_by__isnull=True,
                    reopen_confirmed_by__isnull=True,
                    reopen_reason="",
                )
                | (Q(reopened_at__isnull=False, reopened_by__isnull=False) & ~Q(reopen_reason="")),
            ),
            models.CheckConstraint(
                name="period_reopening_second_person_is_another",
                condition=~Q(reopen_confirmed_by=F("reopened_by")),
            ),
        ]

    def __str__(self) -> str:
        return self.name
