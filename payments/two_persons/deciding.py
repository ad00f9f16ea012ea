"""The second person's word: confirm and it is done, decline it; or the first withdraws it."""

from django.db import transaction
from django.utils import timezone

from funds.models import User
from payments.closing import periods
from payments.models import TwoPersonAct
from payments.recording import RecordRefusedError
from payments.two_persons.ways import DONE_BEFORE, target_of, undo

Kind = TwoPersonAct.Kind
Decision = TwoPersonAct.Decision


class ActDecidedError(RuntimeError):
    """The act was confirmed, declined, withdrawn or overtaken before. Nothing is written."""


@transaction.atomic
def confirm(act: TwoPersonAct, *, by: User, figures: str = "") -> TwoPersonAct:
    """Do what was asked for, as the second person. The books move now, and not before.

    What was undone meanwhile by another road is marked as overtaken, and nothing else happens.

    Args:
        act: Any.
        by: Who is logged in. That they may decide about it was checked before.
        figures: To close a period, the digest of the tie-out that they saw.

    Raises:
        ActDecidedError: It was decided before. Nothing is written.
        RecordRefusedError: They asked for it themselves, or it cannot be done as things stand
            now: it was banked meanwhile, say. Nothing is written.
    """
    undecided = _undecided(act)
    if undecided.asked_by_id == by.pk:
        raise RecordRefusedError("decision", "You asked for it: another must confirm it.")
    try:
        with transaction.atomic():
            _do(undecided, by=by, figures=figures)
    except DONE_BEFORE:
        return _decide(undecided, Decision.OVERTAKEN, by=by)
    return _decide(undecided, Decision.CONFIRMED, by=by)


def _do(act: TwoPersonAct, *, by: User, figures: str) -> None:
    target = target_of(act)
    if target is not None:
        undo(target, reason=act.reason, by=act.asked_by)
    elif act.kind == Kind.REOPEN:
        assert act.period_close is not None
        periods.reopen(
            act.period_close, reason=act.reason, reopened_by=act.asked_by, confirmed_by=by
        )
    else:
        assert act.since is not None
        assert act.until is not None
        facts = periods.PeriodFacts(act.since, act.until, figures)
        act.period_close = periods.close(facts, closed_by=act.asked_by, confirmed_by=by)


@transaction.atomic
def decline(act: TwoPersonAct, *, by: User, reason: str) -> TwoPersonAct:
    """Refuse what was asked for. It may be asked for again.

    Raises:
        ActDecidedError: It was decided before. Nothing is written.
        RecordRefusedError: There is no reason, or they asked for it themselves and may withdraw
            it. Nothing is written.
    """
    undecided = _undecided(act)
    if undecided.asked_by_id == by.pk:
        raise RecordRefusedError("decision", "You asked for it: withdraw it instead.")
    if not reason.strip():
        raise RecordRefusedError("reason", "Say why it is declined.")
    return _decide(undecided, Decision.DECLINED, by=by, reason=reason.strip())


@transaction.atomic
def withdraw(act: TwoPersonAct, *, by: User) -> TwoPersonAct:
    """Take back what one has asked for oneself.

    Raises:
        ActDecidedError: It was decided before. Nothing is written.
        RecordRefusedError: Another asked for it: they decline it instead. Nothing is written.
    """
    undecided = _undecided(act)
    if undecided.asked_by_id != by.pk:
        raise RecordRefusedError("decision", "Another asked for it: decline it instead.")
    return _decide(undecided, Decision.WITHDRAWN, by=by)


def _undecided(act: TwoPersonAct) -> TwoPersonAct:
    """The act, locked against another decision at the same moment."""
    locked = (
        TwoPersonAct.objects.select_for_update(of=("self",))
        .select_related(
            "asked_by", "collection", "receipt", "paying_in", "agreement", "match", "period_close"
        )
        .get(pk=act.pk)
    )
    if locked.decision:
        raise ActDecidedError(f"{locked} was {locked.get_decision_display().lower()} before")
    return locked


def _decide(
    act: TwoPersonAct, decision: TwoPersonAct.Decision, *, by: User, reason: str = ""
) -> TwoPersonAct:
    act.decision, act.decided_by, act.decided_at = decision, by, timezone.now()
    act.decision_reason = reason
    act.save(
        update_fields=["decision", "decided_by", "decided_at", "decision_reason", "period_close"]
    )
    return act
