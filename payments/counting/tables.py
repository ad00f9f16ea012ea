"""The life of an occasion: opened, its buckets out and back, the table begun and closed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Max

from appeals.models import Appeal
from funds.models import Branch, User
from funds.money import Money, zero
from payments.amounts import AmountTooLargeError, require_below_cap
from payments.counting.hall import tell_of_bucket, tell_of_table
from payments.counting.steps import Kind, note_step
from payments.models import Bucket, CashCollection, Occasion
from payments.recording import (
    RecordConflictError,
    RecordRefusedError,
    local_day,
    local_today,
    require_open_to_records,
    require_possible_date,
    say_day,
)

State = Occasion.State


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketFacts:
    """What goes out: ``float_amount`` is the change in it, in the appeal's currency."""

    seal_number: str = ""
    collector: str = ""
    float_amount: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OccasionFacts:
    """What a treasurer tells of an occasion. Dates are the organisation's local ones."""

    appeal: Appeal
    branch: Branch
    kind: CashCollection.Kind
    name: str
    place_type: Occasion.PlaceType
    held_on: date
    count_rule: Branch.CountRule
    permit_reference: str = ""
    permit_return_due_on: date | None = None
    buckets: Sequence[BucketFacts] = ()


def open_occasion(reference: UUID, facts: OccasionFacts, *, opened_by: User) -> Occasion:
    """Open an occasion with its buckets, once per ``reference``, which was minted with the form.

    It may be held on a day to come; it is counted on that day at the earliest.

    Raises:
        RecordRefusedError: A fact cannot be right; names the field. Nothing is written.
        RecordConflictError: The reference opened another occasion. Nothing is written.
    """
    if known := Occasion.objects.filter(reference=reference).first():
        return _same_or_conflict(known, facts)
    _require_possible(facts)
    try:
        return _open(reference, facts, opened_by=opened_by)
    except IntegrityError:  # a second tap was faster
        return _same_or_conflict(Occasion.objects.get(reference=reference), facts)


@transaction.atomic
def _open(reference: UUID, facts: OccasionFacts, *, opened_by: User) -> Occasion:
    occasion = Occasion.objects.create(
        reference=reference, opened_by=opened_by, **_as_fields(facts)
    )
    note_step(occasion, Kind.OPENED, by=opened_by)
    for number, told in enumerate(facts.buckets, start=1):
        _add(occasion, number, told, by=opened_by)
    return occasion


def _as_fields(facts: OccasionFacts) -> dict[str, object]:
    names = ("appeal", "branch", "kind", "name", "place_type", "held_on", "count_rule")
    more = ("permit_reference", "permit_return_due_on")
    return {name: getattr(facts, name) for name in (*names, *more)}


def _same_or_conflict(known: Occasion, facts: OccasionFacts) -> Occasion:
    told = _as_fields(facts)
    if {name: getattr(known, name) for name in told} != told:
        raise RecordConflictError(known)
    return known


def _require_possible(facts: OccasionFacts) -> None:
    appeal, day = facts.appeal, facts.held_on
    require_open_to_records(appeal)
    if facts.kind == CashCollection.Kind.SUBS:
        raise RecordRefusedError(
            "kind", "Subs are for no appeal: record them by themselves, under Record cash."
        )
    if not facts.branch.is_active:
        raise RecordRefusedError("branch", "This branch is closed: nothing more is recorded to it.")
    if day <= local_today():
        require_possible_date(day, appeal, field="held_on")
    if appeal.closes_at and day > (closes_on := local_day(appeal.closes_at)):
        raise RecordRefusedError(
            "held_on", f"This appeal ends on {say_day(closes_on)}: choose a day until then."
        )
    two = Branch.CountRule.TWO_COUNTERS
    if facts.branch.count_rule == two != facts.count_rule:
        raise RecordRefusedError(
            "count_rule", "In this branch two people count, each on their own."
        )
    if not facts.buckets:
        raise RecordRefusedError("how_many", "There is at least one bucket, tin or cash box.")
    for told in facts.buckets:
        _require_possible_float(told, appeal)


def _require_possible_float(told: BucketFacts, appeal: Appeal) -> None:
    if told.float_amount is None:
        return
    if told.float_amount.currency.code != appeal.currency:
        raise RecordRefusedError("float", f"This appeal is in {appeal.currency}.")
    try:
        require_below_cap(told.float_amount)
    except AmountTooLargeError as error:
        raise RecordRefusedError("float", str(error)) from error


def _add(occasion: Occasion, number: int, told: BucketFacts, *, by: User) -> Bucket:
    bucket = Bucket.objects.create(
        occasion=occasion,
        number=number,
        seal_number=told.seal_number,
        collector=told.collector,
        float_amount=told.float_amount or zero(occasion.appeal.currency),
    )
    tell_of_bucket(bucket)
    note_step(occasion, Kind.BUCKET_ADDED, by=by, bucket=bucket)
    return bucket


@transaction.atomic
def add_bucket(occasion: Occasion, told: BucketFacts, *, by: User) -> Bucket:
    """Add a bucket under the next number, while the occasion is open or being counted.

    Raises:
        RecordRefusedError: The occasion is over, or the float cannot be right.
    """
    occasion = lock_occasion(occasion)
    if occasion.state not in {State.OPEN, State.COUNTING}:
        raise RecordRefusedError("seal_number", "This table is closed. Open it again first.")
    _require_possible_float(told, occasion.appeal)
    last = occasion.buckets.aggregate(last=Max("number"))["last"] or 0
    return _add(occasion, last + 1, told, by=by)


@transaction.atomic
def note_came_back(bucket: Bucket, *, seal: Bucket.Seal, note: str, by: User) -> None:
    """Write down that a bucket came back, and how its seal was. Told again, both stay in the log.

    Raises:
        RecordRefusedError: A broken seal was not explained, or the table is closed.
    """
    occasion = lock_occasion(bucket.occasion)
    if occasion.state not in {State.OPEN, State.COUNTING}:
        raise RecordRefusedError("seal", "This table is closed. Open it again first.")
    if seal == Bucket.Seal.BROKEN and not note:
        raise RecordRefusedError("note", "Say what you found, and who was there.")
    Bucket.objects.filter(pk=bucket.pk).update(seal=seal)
    detail = f"{seal.label}. {note}" if note else str(seal.label)
    note_step(occasion, Kind.CAME_BACK, by=by, bucket=bucket, detail=detail)


@transaction.atomic
def begin_counting(occasion: Occasion, *, by: User) -> None:
    """Open the table. A second call changes nothing.

    Raises:
        RecordRefusedError: Its day is still to come, or it was called off.
    """
    occasion = lock_occasion(occasion)
    if occasion.state == State.COUNTING:
        return
    if occasion.state != State.OPEN:
        raise RecordRefusedError("", "This table is closed. Open it again first.")
    if occasion.held_on > local_today():
        raise RecordRefusedError(
            "", f"This is held on {say_day(occasion.held_on)}: count it then, not before."
        )
    _move(occasion, State.COUNTING, Kind.BEGUN, by=by)


@transaction.atomic
def close_table(occasion: Occasion, *, by: User) -> None:
    """Close a table where every bucket is agreed or set aside; its codes end. Twice is as once.

    Raises:
        RecordRefusedError: Names a bucket that is not agreed.
    """
    occasion = lock_occasion(occasion)
    if occasion.state == State.DONE:
        return
    if occasion.state != State.COUNTING:
        raise RecordRefusedError("", "Nothing is counted at this table yet.")
    settled = {Bucket.State.AGREED, Bucket.State.SET_ASIDE}
    waiting = occasion.buckets.exclude(state__in=settled).first()
    if waiting is not None:
        raise RecordRefusedError(
            "", f"Bucket {waiting.number} is not agreed yet. Count it, or set it aside."
        )
    _move(occasion, State.DONE, Kind.CLOSED, by=by)


@transaction.atomic
def call_off(occasion: Occasion, *, reason: str, by: User) -> None:
    """Say that it did not take place, before anything is counted. A permit's return is still due.

    Raises:
        RecordRefusedError: No reason was given, or counting has begun.
    """
    occasion = lock_occasion(occasion)
    if not reason.strip():
        raise RecordRefusedError("reason", "Say why it did not take place.")
    if occasion.state != State.OPEN:
        raise RecordRefusedError("reason", "This is not open any more. See below how it stands.")
    _move(occasion, State.CALLED_OFF, Kind.CALLED_OFF, by=by, reason=reason)


@transaction.atomic
def undo_last_move(occasion: Occasion, *, reason: str, by: User) -> None:
    """Go one step back: a closed table is open again, one called off takes place after all.

    A table that was begun by mistake goes back too, while nothing is counted. Its codes have ended
    where it was closed; new seats are opened.

    Raises:
        RecordRefusedError: No reason was given, or there is nothing to undo.
    """
    occasion = lock_occasion(occasion)
    if not reason.strip():
        raise RecordRefusedError("reason", "Say why it is undone.")
    if occasion.state == State.COUNTING and occasion.buckets.filter(counts__isnull=False).exists():
        raise RecordRefusedError(
            "reason", "Something is counted already: undo it at its bucket instead."
        )
    before = {
        State.DONE: State.COUNTING,
        State.COUNTING: State.OPEN,
        State.CALLED_OFF: State.OPEN,
    }.get(State(occasion.state))
    if before is None:
        raise RecordRefusedError("reason", "There is nothing to undo: buckets are out.")
    undone = occasion.get_state_display()
    _move(occasion, before, Kind.UNDONE, by=by, reason=reason, detail=undone)


def lock_occasion(occasion: Occasion) -> Occasion:
    """The occasion as it is now, until commit ours alone to move.

    Against two treasurers, or a second tap. Taken before a bucket's lock, always; without blocking
    the rows that only refer to it.
    """
    locked = Occasion.objects.select_related("appeal", "branch").select_for_update(
        no_key=True, of=("self",)
    )
    return locked.get(pk=occasion.pk)


def _move(
    occasion: Occasion,
    state: Occasion.State,
    step: Kind,
    *,
    by: User,
    reason: str = "",
    detail: str = "",
) -> None:
    occasion.state = state
    occasion.save(update_fields=["state"])
    tell_of_table(occasion)
    note_step(occasion, step, by=by, reason=reason.strip(), detail=detail)
