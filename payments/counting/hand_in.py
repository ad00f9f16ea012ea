"""Handing in a blind count. Two that are equal make the agreement, and only that is booked.

A bucket has two rounds. In each, counter A and counter B hand in one count; equal ones are agreed.
After a second difference a third person counts in the second round, and is agreed with if equal to
either. What is left then is signed for, or counted anew (``settling``).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from django.db import IntegrityError, transaction

from funds.models import Branch, User
from payments.counting.agreeing import agree, spread_minor
from payments.counting.sheets import Sheet, require_possible, sheet_digest
from payments.counting.steps import Kind, note_step
from payments.models import Agreement, Bucket, BucketCount, Occasion, Seat
from payments.recording import RecordRefusedError

How = Agreement.How
State = Bucket.State
Side = Seat.Side


class Objection(StrEnum):
    """Why a sheet is not taken, though nothing is wrong with it: for the phone's queue."""

    CHANGED = "changed"
    EARLY = "early"
    LATE = "late"
    NOT_YOURS = "not-yours"
    TAKEN = "taken"


class SheetNotTakenError(RuntimeError):
    """The table does not take this sheet. Nothing is written; the words are for the counter."""

    def __init__(self, objection: Objection, message: str) -> None:
        """``objection`` says whether sending it again can help: only when it was too early."""
        super().__init__(message)
        self.objection = objection


@dataclass(frozen=True, slots=True, kw_only=True)
class HandIn:
    """A sheet as a phone sends it.

    ``reference`` was made on the phone; ``bucket`` is a number at the seat's own table;
    ``counted_at`` is by the phone's clock, aware, and may be wrong or None. ``typed_by`` is who
    typed it from paper, if it was counted so.
    """

    reference: UUID
    bucket: int
    round: int
    sheet: Sheet
    counted_at: datetime | None = None
    witness: str = ""
    typed_by: User | None = None


@dataclass(frozen=True, slots=True)
class HandedIn:
    """What ``hand_in`` did. ``is_new`` is False when the sheet was handed in before."""

    bucket: Bucket
    is_new: bool


def hand_in(seat: Seat, told: HandIn) -> HandedIn:
    """Take a count, once per ``reference``, and see what it makes of the bucket.

    The bucket's row is locked: two counters at the same moment come one after the other, so there
    is one agreement and one entry.

    Raises:
        RecordRefusedError: The sheet cannot be right; names the field. Nothing is written.
        SheetNotTakenError: The table does not take it, or the id was used for another sheet.
    """
    try:
        return _hand_in(seat, told)
    except IntegrityError:
        _known(seat, told)  # says so if the id was used for another bucket at the same moment
        raise


@transaction.atomic
def _hand_in(seat: Seat, told: HandIn) -> HandedIn:
    bucket = _lock(seat.occasion, told.bucket)
    if known := _known(seat, told):
        return known
    if bucket is None:
        raise SheetNotTakenError(Objection.NOT_YOURS, f"There is no bucket {told.bucket} here.")
    _require_turn(bucket, seat, told)
    require_possible(told.sheet, on=bucket.occasion.held_on)
    _require_witness(bucket.occasion, seat, told)
    BucketCount.objects.create(
        reference=told.reference,
        bucket=bucket,
        seat=seat,
        round=told.round,
        side=seat.side,
        counter_key=seat.sitter_key,
        witness=told.witness,
        sheet=told.sheet.as_json(),
        digest=_digest(bucket, told),
        counted_at=told.counted_at,
        typed_by=told.typed_by,
    )
    note_step(
        bucket.occasion,
        Kind.HANDED_IN,
        by=told.typed_by,
        bucket=bucket,
        seat=seat,
        detail=f"{seat.sitter}, typed from paper" if told.typed_by else seat.sitter,
    )
    _settle(bucket, seat)
    return HandedIn(bucket, is_new=True)


def _lock(occasion: Occasion, number: int) -> Bucket | None:
    # Against the other counter, who hands in at the same moment; rows that refer to it go on.
    locked = Bucket.objects.select_related(
        "occasion__appeal", "occasion__branch"
    ).select_for_update(no_key=True, of=("self",))
    return locked.filter(occasion=occasion, number=number).first()


def _known(seat: Seat, told: HandIn) -> HandedIn | None:
    """What stands under the sheet's id, if it is this very sheet."""
    count = (
        BucketCount.objects.select_related("bucket__occasion__appeal", "bucket__occasion__branch")
        .filter(reference=told.reference)
        .first()
    )
    if count is None:
        return None
    is_same = (
        count.seat_id == seat.pk
        and count.bucket.number == told.bucket
        and count.digest == _digest(count.bucket, told)
    )
    if not is_same:
        raise SheetNotTakenError(
            Objection.CHANGED,
            "This sheet was handed in before with other figures. What was handed in first stands, "
            "and nothing was changed. If it was wrong, tell the treasurer: the bucket is then "
            "counted anew.",
        )
    return HandedIn(count.bucket, is_new=False)


def _digest(bucket: Bucket, told: HandIn) -> str:
    return sheet_digest(
        told.sheet, bucket_id=bucket.pk, round_number=told.round, witness=told.witness
    )


def _require_turn(bucket: Bucket, seat: Seat, told: HandIn) -> None:
    number, side = bucket.number, Side(seat.side)
    if bucket.state == State.SET_ASIDE:
        raise SheetNotTakenError(
            Objection.LATE, f"Bucket {number} was set aside by the treasurer. Ask there."
        )
    if bucket.state == State.AGREED or told.round < bucket.round:
        raise SheetNotTakenError(
            Objection.LATE,
            f"Bucket {number} was settled without this sheet. It is not counted; show it to the "
            "treasurer if you think that is wrong.",
        )
    if told.round > bucket.round:
        raise SheetNotTakenError(
            Objection.EARLY, f"Bucket {number} is not counted again yet. Wait for the other count."
        )
    if (side == Side.THIRD) != (bucket.state == State.DISPUTED):
        raise SheetNotTakenError(
            Objection.EARLY if side == Side.THIRD else Objection.NOT_YOURS,
            f"Bucket {number} needs no third count yet."
            if side == Side.THIRD
            else f"The two counts of bucket {number} differ again: a third person counts it now.",
        )
    standing = bucket.counts.filter(round=bucket.round).values_list("side", "counter_key")
    for its_side, its_key in standing:
        if its_side == side:
            raise SheetNotTakenError(
                Objection.TAKEN, f"Bucket {number} was handed in already for {side.label.lower()}."
            )
        if its_key == seat.sitter_key:
            raise SheetNotTakenError(
                Objection.TAKEN,
                f"You have counted bucket {number} already: the other count is another person's.",
            )


def _require_witness(occasion: Occasion, seat: Seat, told: HandIn) -> None:
    if occasion.count_rule != Branch.CountRule.WITNESS:
        return
    if not told.witness:
        raise RecordRefusedError("witness", "Say who watched you count.")
    if told.witness.casefold() == seat.sitter_key:
        raise RecordRefusedError("witness", "The witness is a second person.")


def _settle(bucket: Bucket, seat: Seat) -> None:
    """See what the counts of the present round make of a bucket. Holds its lock."""
    counts = {
        Side(count.side): count
        for count in bucket.counts.filter(round=bucket.round).select_related("seat__opened_by")
    }
    first, second, third = (counts.get(side) for side in (Side.A, Side.B, Side.THIRD))
    if first is not None and bucket.occasion.count_rule == Branch.CountRule.WITNESS:
        people = (first.seat.sitter, first.witness)
        agree(bucket, first, How.WITNESSED, people=people, seat=seat)
    elif first is None or second is None:
        if bucket.state == State.OUT:
            bucket.state = State.COUNTING
            bucket.save(update_fields=["state"])
    elif first.sheet == second.sheet:
        people = (first.seat.sitter, second.seat.sitter)
        agree(bucket, first, How.TWO_COUNTS, people=people, seat=seat)
    elif third is not None and (like := _like(third, first, second)) is not None:
        people = (like.seat.sitter, third.seat.sitter)
        agree(bucket, like, How.THIRD_COUNT, people=people, seat=seat)
    else:
        _differ(bucket, list(counts.values()), seat)


def _like(third: BucketCount, *others: BucketCount) -> BucketCount | None:
    return next((other for other in others if other.sheet == third.sheet), None)


def _differ(bucket: Bucket, counts: list[BucketCount], seat: Seat) -> None:
    bucket.difference_minor = spread_minor(bucket, counts)
    if bucket.round == bucket.first_round:
        bucket.state = State.RECOUNT
        bucket.round += 1
    else:
        bucket.state = State.DISPUTED
    bucket.save(update_fields=["state", "round", "difference_minor"])
    note_step(bucket.occasion, Kind.DIFFERED, bucket=bucket, seat=seat)
