"""Settling what two typists heard differently: the one writer of settlements."""

from django.db import transaction

from funds.models import User
from payments.models import CheckLine, Pledge, PledgeList, PledgeSettlement, PledgeStep
from payments.models.pledge import Method
from payments.pledges.taking import DeskError, Line, add_pledge, ask_for_by, strike_line
from payments.pledges.window import tell_window

Choice = PledgeSettlement.Choice
Kind = PledgeStep.Kind

_REASON = "The check was right"


@transaction.atomic
def settle(
    record: PledgeList,
    *,
    pledge: Pledge | None,
    check_line: CheckLine | None,
    choice: PledgeSettlement.Choice,
    by: User,
) -> None:
    """Say which list heard it right; the record is put right once, and the pledge keeps its code.

    Settled lines are settled: a second time, or somebody else's, changes nothing.

    Raises:
        DeskError: The lines are not of this round, or one was taken back meanwhile.
    """
    record = PledgeList.objects.select_for_update(of=("self",)).get(pk=record.pk)
    pledge, check_line = _lock(record, pledge, check_line)
    settled = PledgeSettlement.objects.filter(pledge=pledge, check_line=check_line)
    if settled.exists():
        return
    _require_standing(pledge, check_line)
    PledgeSettlement.objects.create(
        list=record, pledge=pledge, check_line=check_line, choice=choice, settled_by=by
    )
    if choice == Choice.CHECK:
        _put_right(record, pledge, check_line, by=by)


def _put_right(
    record: PledgeList, pledge: Pledge | None, check_line: CheckLine | None, *, by: User
) -> None:
    if check_line is None:
        assert pledge is not None
        strike_line(pledge, reason=_REASON, by=by)
        return
    line = Line(check_line.amount, check_line.branch, Method(check_line.method))
    if pledge is None:
        added = add_pledge(record, check_line.reference, 0, line, due_on=ask_for_by(), by=by)
        PledgeStep.objects.create(
            kind=Kind.ADDED, list=record, pledge=added, detail=_words(line), reason=_REASON, by=by
        )
        PledgeSettlement.objects.create(
            list=record, pledge=added, choice=Choice.CHECK, settled_by=by
        )
        return
    before = _words(Line(pledge.amount, pledge.branch, Method(pledge.method)))
    pledge.amount, pledge.branch, pledge.method = line.amount, line.branch, line.method
    pledge.save(update_fields=["amount", "amount_currency", "branch", "method"])
    PledgeStep.objects.create(
        kind=Kind.AMENDED,
        list=record,
        pledge=pledge,
        detail=f"{before} -> {_words(line)}",
        reason=_REASON,
        by=by,
    )
    tell_window(pledge)


def _lock(
    record: PledgeList, pledge: Pledge | None, check_line: CheckLine | None
) -> tuple[Pledge | None, CheckLine | None]:
    wanted = (pledge is not None, check_line is not None)
    if pledge is not None:
        found = Pledge.objects.select_for_update(of=("self",)).select_related("appeal", "branch")
        pledge = found.filter(pk=pledge.pk, list=record).first()
    if check_line is not None:
        check_line = CheckLine.objects.filter(
            pk=check_line.pk, list__appeal=record.appeal_id, list__round=record.round
        ).first()
    if not any(wanted) or (pledge is not None, check_line is not None) != wanted:
        raise DeskError("These lines are of another round. Look at the lists again.")
    return pledge, check_line


def _require_standing(pledge: Pledge | None, check_line: CheckLine | None) -> None:
    for line in (pledge, check_line):
        if line is None:
            continue
        if line.is_struck:
            raise DeskError("One of the lines was taken back meanwhile. Look at the lists again.")
        if PledgeSettlement.objects.filter(**{_field(line): line}).exists():
            raise DeskError("One of the lines was settled meanwhile. Look at the lists again.")


def _field(line: Pledge | CheckLine) -> str:
    return "pledge" if isinstance(line, Pledge) else "check_line"


def _words(line: Line) -> str:
    return f"{line.amount}, {line.branch or 'no branch'}, {line.method}"
