"""Seats at the counting table: opened by a treasurer, taken by one person, ended."""

import hashlib
import secrets
from datetime import timedelta
from typing import Final

from django.db import IntegrityError, transaction
from django.utils import timezone

from funds.codes import code_digest
from funds.models import Branch, User
from payments.counting.codes import seat_code
from payments.counting.steps import Kind, note_step
from payments.counting.tables import lock_occasion
from payments.models import Occasion, Seat
from payments.recording import RecordRefusedError

SEAT_LASTS: Final = timedelta(hours=24)
"""How long a code opens its pages: an evening, and the drive home."""

SHEETS_MAY_FOLLOW: Final = timedelta(days=7)
"""How long after that a phone may still send what it counted without a signal."""


class NoSeatError(Exception):
    """No seat has this code now: it never had, it ended, or its table is closed."""


@transaction.atomic
def open_seat(
    occasion: Occasion, side: Seat.Side, *, opened_by: User, user: User | None = None
) -> Seat:
    """Open a seat for one evening. For ``user`` it asks for their log-in beside its code.

    Raises:
        RecordRefusedError: The table is not being counted, or this log-in has a seat already.
    """
    occasion = lock_occasion(occasion)
    if occasion.state != Occasion.State.COUNTING:
        raise RecordRefusedError("", "Open the table first: nothing is being counted.")
    if occasion.count_rule == Branch.CountRule.WITNESS and side != Seat.Side.A:
        raise RecordRefusedError("", "Here one person counts, with a witness: there is one side.")
    if user is not None and occasion.seats.filter(user=user, ended_at__isnull=True).exists():
        raise RecordRefusedError("", "You have a seat at this table already.")
    seat = Seat(
        occasion=occasion,
        side=side,
        user=user,
        opened_by=opened_by,
        expires_at=timezone.now() + SEAT_LASTS,
    )
    seat.code_digest = code_digest(seat_code(seat))
    seat.save()
    note_step(occasion, Kind.SEAT_OPENED, by=opened_by, seat=seat, detail=str(side.label))
    return seat


def find_seat(code: str, *, to_send: bool = False) -> Seat:
    """The seat that has this code, now.

    Args:
        code: As typed or followed.
        to_send: Whether it only sends what was counted, which may come days later.

    Raises:
        NoSeatError: There is none now.
    """
    after = timezone.now() - (SHEETS_MAY_FOLLOW if to_send else timedelta())
    seat = (
        Seat.objects.select_related("occasion__appeal", "occasion__branch", "user", "opened_by")
        .filter(
            code_digest=code_digest(code),
            ended_at__isnull=True,
            expires_at__gt=after,
            occasion__state=Occasion.State.COUNTING,
        )
        .first()
    )
    if seat is None:
        raise NoSeatError
    return seat


def sit(seat: Seat, *, name: str, is_related: bool, related_note: str = "") -> str:
    """Take a seat, once: from now on it is this person's, on this phone.

    Args:
        seat: A free one.
        name: Who sits there. At a seat for a log-in, its own name counts, whatever is told.
        is_related: Whether they are related to another counter, or live with one.
        related_note: Why they count all the same; required then.

    Returns:
        The phone's key to the seat. We keep its digest only.

    Raises:
        RecordRefusedError: No name, a name that sits here already, no reason, or it is taken.
    """
    if seat.user is not None:
        name = seat.user.get_full_name() or seat.user.get_username()
    sitter = " ".join(name.split())[:60]
    if not sitter:
        raise RecordRefusedError("name", "Type your name: first and last.")
    if is_related and not related_note.strip():
        raise RecordRefusedError(
            "related_note", "Say why no one else could count. The treasurer sees it."
        )
    key = secrets.token_urlsafe(32)
    taken = {
        "sitter": sitter,
        "sitter_key": sitter.casefold()[:80],
        "is_related": is_related,
        "related_note": related_note.strip() if is_related else "",
        "device_digest": _digest(key),
        "taken_at": timezone.now(),
    }
    try:
        with transaction.atomic():
            # Two phones at one code: the second finds nothing free.
            free = Seat.objects.filter(pk=seat.pk, taken_at__isnull=True, ended_at__isnull=True)
            if not free.update(**taken):
                raise RecordRefusedError("name", "This seat was taken on another phone just now.")
            note_step(seat.occasion, Kind.SEAT_TAKEN, seat=seat, detail=sitter)
    except IntegrityError:
        raise RecordRefusedError(
            "name",
            "Somebody of this name sits at the table already. The two who count are different "
            "people: if you are another one, add your second name.",
        ) from None
    return key


def is_key_of(seat: Seat, key: str) -> bool:
    """Whether this is the phone that took the seat."""
    return bool(key) and secrets.compare_digest(_digest(key), seat.device_digest)


@transaction.atomic
def end_seat(seat: Seat, *, by: User) -> None:
    """Revoke a seat's code. What it handed in stands; a second call changes nothing."""
    ended = Seat.objects.filter(pk=seat.pk, ended_at__isnull=True).update(
        ended_at=timezone.now(), ended_by=by
    )
    if ended:
        note_step(seat.occasion, Kind.SEAT_ENDED, by=by, seat=seat, detail=seat.sitter)


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
