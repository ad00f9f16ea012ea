"""The night of an appeal: begun, and ended with the figure that was published."""

from datetime import timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple

from django.db import IntegrityError, transaction
from django.utils import timezone

from appeals.models import Appeal, Direction, Night
from appeals.stage.hall import direct, read_figures
from appeals.stage.hall_json import hall_json
from funds.models import User
from funds.money import Money

NIGHT_LASTS_AT_MOST: Final = timedelta(hours=24)


class NightRefusedError(Exception):
    """A night is begun already, or none is. Nothing was changed."""


def begin_night(appeal: Appeal, *, by: User) -> Night:
    """Begin the night now.

    Raises:
        NightRefusedError: The appeal has one that has not ended.
    """
    try:
        with transaction.atomic():
            return Night.objects.create(appeal=appeal, begun_at=timezone.now(), begun_by=by)
    except IntegrityError:
        raise NightRefusedError from None


class Published(NamedTuple):
    """What was raised when a night ended: ``shown`` to the hall, and ``true``."""

    shown: Money
    true: Money


@transaction.atomic
def end_night(appeal: Appeal, *, by: User) -> Night:
    """End the night, and keep what the hall saw last and what was true then, for ever.

    Raises:
        NightRefusedError: The appeal has none that is open.
    """
    # Against somebody else who ends it: the first keeps the figure.
    night = Night.objects.select_for_update().filter(appeal=appeal, ended_at=None).first()
    if night is None:
        raise NightRefusedError
    # Against a remote: what is kept is one direction's, of before a command or after it.
    direction = (
        Direction.objects.select_for_update(of=("self",))
        .select_related("held")
        .filter(appeal=appeal)
        .first()
    ) or Direction(appeal=appeal)
    night.ended_at = timezone.now()
    night.ended_by = by
    night.published = _published(direction)
    night.save()
    return night


def find_open_night(appeal: Appeal) -> Night | None:
    """The night that has begun and not ended."""
    return Night.objects.select_related("begun_by").filter(appeal=appeal, ended_at=None).first()


def read_forgotten_nights() -> list[Night]:
    """Those that began so long ago that somebody forgot to end them, oldest first."""
    since = timezone.now() - NIGHT_LASTS_AT_MOST
    nights = Night.objects.select_related("appeal").filter(ended_at=None, begun_at__lt=since)
    return list(nights.order_by("begun_at"))


def last_night(appeal: Appeal) -> Night | None:
    """The newest that has ended."""
    nights = Night.objects.select_related("begun_by", "ended_by")
    return nights.filter(appeal=appeal, ended_at__isnull=False).order_by("-ended_at").first()


def read_published(night: Night) -> Published:
    """The figure that a night ended with."""
    kept: dict[str, Any] = night.published or {}
    shown, true = (kept[name]["raised"] for name in Published._fields)
    return Published(
        Money(Decimal(shown["amount"]), shown["currency"]),
        Money(Decimal(true["amount"]), true["currency"]),
    )


def _published(direction: Direction) -> dict[str, Any]:
    """``shown`` is what the hall saw, ``true`` the same without holding: both as the API tells."""
    figures = read_figures(direction.appeal)
    unheld = Direction(
        appeal=direction.appeal,
        step=direction.step,
        scene=direction.scene,
        notice=direction.notice,
        shows_promised=direction.shows_promised,
        announces_milestone=direction.announces_milestone,
    )
    return {
        "shown": hall_json(direct(direction, figures)),
        "true": hall_json(direct(unheld, figures)),
    }
