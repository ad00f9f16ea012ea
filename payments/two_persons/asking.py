"""Undoing what stands in the books: at once, or asked for when it is over the limit."""

from django.db import transaction

from funds.models import PeriodClose, User
from payments.closing.periods import PeriodFacts, require_seen
from payments.counting.settling import count_anew
from payments.counting.tables import lock_occasion
from payments.models import Bucket, TwoPersonAct
from payments.recording import RecordRefusedError
from payments.two_persons.ways import FIELDS, Target, needs_second_person, undo


def undo_or_ask(target: Target, *, reason: str, by: User) -> TwoPersonAct | None:
    """Undo a record, or ask for a second person; the act that waits, or None when it is done.

    Asked for twice, by whomever, it waits once.

    Args:
        target: A collection, a transfer, a paying-in, an agreement, or what a bank line is.
        reason: Why; required. No donor's name.
        by: Who is logged in. That it is theirs to undo was checked before.

    Raises:
        RecordRefusedError: It cannot be undone as things stand. Nothing is written.
        RecordReversedError, MatchChangedError: It was undone before. Nothing is written.
    """
    kind, field = FIELDS[type(target)]
    if waiting := read_waiting(target):
        return waiting
    if not needs_second_person(target):
        undo(target, reason=reason, by=by)
        return None
    _rehearse(target, reason=reason, by=by)
    # The unique index decides between two who ask at the same moment.
    act, _ = TwoPersonAct.objects.get_or_create(
        decision="",
        **{field: target},
        defaults={"kind": kind, "reason": reason.strip(), "asked_by": by},
    )
    return act


@transaction.atomic
def undo_bucket_or_ask(bucket: Bucket, *, reason: str, by: User) -> TwoPersonAct | None:
    """As ``undo_or_ask`` for whatever stands at a bucket: what is not agreed is in no books.

    Raises:
        RecordRefusedError: No reason was given, the table is closed, or nothing is counted yet.
    """
    # Against the count that makes it agreed at this moment, and so stand in the books.
    lock_occasion(bucket.occasion)
    agreement = bucket.agreements.select_related("collection").filter(undone_at=None).first()
    if agreement is not None:
        return undo_or_ask(agreement, reason=reason, by=by)
    count_anew(bucket, reason=reason, by=by)
    return None


def read_waiting(target: Target) -> TwoPersonAct | None:
    """The act about it that waits for a second person."""
    _, field = FIELDS[type(target)]
    return (
        TwoPersonAct.objects.select_related("asked_by")
        .filter(decision="", **{field: target})
        .first()
    )


@transaction.atomic
def _rehearse(target: Target, *, reason: str, by: User) -> None:
    """Ask for nothing that could not be done now: what refuses it says so to whoever asks."""
    undo(target, reason=reason, by=by)
    transaction.set_rollback(True)


def ask_to_close(facts: PeriodFacts, *, by: User) -> TwoPersonAct:
    """Ask a second national treasurer to close a period; the same one asked twice waits once.

    Raises:
        RecordRefusedError: It cannot be closed, other figures stand now, or another period waits
            to be closed or opened again. Nothing is written.
    """
    require_seen(facts)
    return _ask_about_periods(
        by,
        kind=TwoPersonAct.Kind.CLOSE,
        since=facts.since,
        until=facts.until,
        figures=facts.figures,
    )


def ask_to_reopen(close: PeriodClose, *, reason: str, by: User) -> TwoPersonAct:
    """Ask a second national treasurer to open a closed period again.

    Raises:
        RecordRefusedError: There is no reason, or another period waits to be closed or opened
            again. Nothing is written.
    """
    if not reason.strip():
        raise RecordRefusedError("reason", "Say why it is opened again.")
    return _ask_about_periods(
        by, kind=TwoPersonAct.Kind.REOPEN, period_close=close, reason=reason.strip()
    )


def _ask_about_periods(by: User, **asked: object) -> TwoPersonAct:
    both = [TwoPersonAct.Kind.CLOSE, TwoPersonAct.Kind.REOPEN]
    waiting = TwoPersonAct.objects.filter(decision="", kind__in=both).first()
    if waiting is None:
        waiting, _ = TwoPersonAct.objects.get_or_create(
            decision="", kind=asked["kind"], defaults={**asked, "asked_by": by}
        )
    told = ("kind", "since", "until", "period_close")
    if any(getattr(waiting, name) != asked.get(name) for name in told):
        what = waiting.get_kind_display().lower()
        raise RecordRefusedError(
            "since", f"Something else waits for a second person first: to {what}."
        )
    return waiting
