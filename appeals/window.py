"""What passers-by may see: which appeals are public, and whether they take money now."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db.models import QuerySet
from django.utils import timezone

from appeals.models import Appeal
from appeals.progress import Reading, read_readings


class Phase(StrEnum):
    """Where a public appeal stands in its life."""

    UPCOMING = "upcoming"
    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Display:
    """An appeal as it stands in the window."""

    appeal: Appeal
    reading: Reading
    phase: Phase


@dataclass(frozen=True, slots=True)
class Window:
    """All public appeals. Open ones newest first, coming ones soonest first, closed ones last."""

    open: list[Display]
    upcoming: list[Display]
    closed: list[Display]


def public_appeals() -> QuerySet[Appeal]:
    """Every appeal but the drafts."""
    return Appeal.objects.exclude(status=Appeal.Status.DRAFT)


def phase_of(appeal: Appeal, *, at: datetime) -> Phase:
    """Whether the appeal takes money at an aware moment: when it is open, between its dates."""
    if appeal.status == Appeal.Status.CLOSED or (appeal.closes_at and appeal.closes_at <= at):
        return Phase.CLOSED
    return Phase.UPCOMING if appeal.opens_at > at else Phase.OPEN


def read_window() -> Window:
    """The window now, in as many queries for a hundred appeals as for one."""
    now = timezone.now()
    appeals = list(public_appeals().order_by("-opens_at", "slug"))
    displays = [
        Display(appeal, reading, phase_of(appeal, at=now))
        for appeal, reading in zip(appeals, read_readings(appeals), strict=True)
    ]
    return Window(
        open=[display for display in displays if display.phase == Phase.OPEN],
        upcoming=[display for display in reversed(displays) if display.phase == Phase.UPCOMING],
        closed=[display for display in displays if display.phase == Phase.CLOSED],
    )
