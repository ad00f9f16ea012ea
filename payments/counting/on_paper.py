"""Typing in a sheet that was counted on paper: the same count, with its own counter and time.

It goes the way of every other sheet (``hand_in``), so two equal ones agree and two that differ are
counted again. Blindness was kept at the table, by two people with a sheet each; here it is kept by
who may type: whoever counted a bucket does not type the other's sheet of it.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from funds.models import User
from payments.counting.hand_in import HandedIn, HandIn, hand_in
from payments.counting.sheets import Sheet
from payments.counting.steps import Kind, note_step
from payments.counting.tables import lock_occasion
from payments.models import Bucket, BucketCount, Occasion, Seat
from payments.recording import RecordRefusedError, local_day, say_day


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperSheet:
    """A count sheet as it lies on the table.

    ``reference`` was minted with the form; ``counter`` signed it; ``counted_at`` is the moment that
    stands on it, aware; ``round`` is the bucket's when the form was opened.
    """

    reference: UUID
    side: Seat.Side
    counter: str
    is_related: bool
    related_note: str
    round: int
    sheet: Sheet
    counted_at: datetime
    witness: str = ""


@transaction.atomic
def type_in(bucket: Bucket, paper: PaperSheet, *, typed_by: User) -> HandedIn:
    """Hand in a sheet from paper, once per ``reference``; who typed it is kept with it.

    One person may type both sheets of a bucket, one after the other, if they counted neither. What
    the first one says is shown again to nobody before both are in.

    Args:
        bucket: Of an occasion whose table is open, whenever it was held.
        paper: What stands on it.
        typed_by: Who is logged in. That they may act for the branch was checked before.

    Raises:
        RecordRefusedError: The sheet cannot be right, or another person types it; names the field.
            Nothing is written.
        SheetNotTakenError: The table does not take it. Nothing is written.
    """
    occasion = lock_occasion(bucket.occasion)
    counter = " ".join(paper.counter.split())[:60]
    if occasion.state != Occasion.State.COUNTING:
        raise RecordRefusedError("", "The table is not open: open it first, then type the sheet.")
    if not counter:
        raise RecordRefusedError("counter", "Type the name of who counted: first and last.")
    if paper.is_related and not paper.related_note.strip():
        raise RecordRefusedError(
            "related_note", "Say why no one else could count, as it stands on the sheet."
        )
    _require_possible_moment(paper.counted_at, occasion)
    _require_typist(bucket, counter, reference=paper.reference, typed_by=typed_by)
    told = HandIn(
        reference=paper.reference,
        bucket=bucket.number,
        round=paper.round,
        sheet=paper.sheet,
        counted_at=paper.counted_at,
        witness=paper.witness,
        typed_by=typed_by,
    )
    return hand_in(_seat_of(occasion, paper, counter, typed_by=typed_by), told)


def _require_possible_moment(counted_at: datetime, occasion: Occasion) -> None:
    if counted_at > timezone.now():
        raise RecordRefusedError("counted_on", "That is still to come. Look at the sheet again.")
    if local_day(counted_at) < occasion.held_on:
        raise RecordRefusedError(
            "counted_on",
            f"It was only gathered on {say_day(occasion.held_on)}. Look at the sheet again.",
        )


def _require_typist(bucket: Bucket, counter: str, *, reference: UUID, typed_by: User) -> None:
    """Whoever counted a bucket knows their own figures, and must not learn the other's from us."""
    own = {_key(typed_by.get_full_name()), _key(typed_by.get_username())} - {""}
    present = Bucket.objects.values_list("first_round", flat=True).get(pk=bucket.pk)
    others = BucketCount.objects.filter(bucket=bucket, round__gte=present).exclude(
        reference=reference
    )
    for count in others.exclude(counter_key=_key(counter)).select_related("seat"):
        if count.seat.user_id == typed_by.pk or count.counter_key in own:
            raise RecordRefusedError(
                "counter",
                "You counted this bucket yourself: the other sheet is typed by another treasurer, "
                "or by its counter on a seat of their own.",
            )
        if _key(counter) in own and count.typed_by_id == typed_by.pk:
            raise RecordRefusedError(
                "counter",
                "You typed the other sheet, so you know its figures: your own is typed by another "
                "treasurer.",
            )


def _seat_of(occasion: Occasion, paper: PaperSheet, counter: str, *, typed_by: User) -> Seat:
    """The counter's place at the table: one for all sheets on which they answered alike."""
    now = timezone.now()
    seat, is_new = Seat.objects.select_related("occasion__appeal", "opened_by").get_or_create(
        occasion=occasion,
        side=paper.side,
        sitter_key=_key(counter),
        is_related=paper.is_related,
        related_note=paper.related_note.strip() if paper.is_related else "",
        on_paper=True,
        defaults={
            "sitter": counter,
            # Of no code: nobody sits down here with a phone.
            "code_digest": f"paper {paper.reference.hex}",
            "opened_by": typed_by,
            "expires_at": now,
            "taken_at": now,
            "ended_at": now,
            "ended_by": typed_by,
        },
    )
    if is_new:
        note_step(occasion, Kind.ON_PAPER, by=typed_by, seat=seat, detail=counter)
    return seat


def _key(name: str) -> str:
    """A name as seats compare it."""
    return " ".join(name.split())[:60].casefold()[:80]
