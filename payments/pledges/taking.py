"""Taking pledges down: the one writer of lists and of their lines.

Whatever a device sends again is the same: a line is its entry, as the device named it, and its
place in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone

from appeals.models import Appeal
from funds.models import Branch, User
from funds.money import Money, zero
from payments.models import CheckLine, Pledge, PledgeList, PledgeStep
from payments.models.pledge import Method
from payments.pledges.codes import pledge_code
from payments.pledges.window import tell_window
from payments.recording import local_today

Side = PledgeList.Side
Kind = PledgeStep.Kind

ASKED_FOR_WITHIN: Final = timedelta(days=14)
"""Of the call: until then nobody is reminded of anything."""


class DeskError(Exception):
    """It cannot be done so; the message says what to do. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class Line:
    """One amount that was called."""

    amount: Money
    branch: Branch | None
    method: Method


@transaction.atomic
def open_list(appeal: Appeal, side: PledgeList.Side, *, by: User) -> PledgeList:
    """The typist's list of that side, a new one unless theirs is open.

    A check belongs to the newest round's record; a record begins a round.

    Raises:
        DeskError: Somebody else types that side, there is nothing to check, or one person would
            be both pairs of ears.
    """
    Appeal.objects.select_for_update().get(pk=appeal.pk)  # against somebody who opens one too
    lists = list(PledgeList.objects.filter(appeal=appeal).select_related("typist"))
    newest = max((one.round for one in lists), default=0)
    of_round = {one.side: one for one in lists if one.round == newest}
    record, there = of_round.get(Side.RECORD), of_round.get(side)
    if there is not None and there.is_open:
        if there.typist_id == by.pk:
            return there
        raise DeskError(f"{_name(there.typist)} types {_words(side)} already. Take the other one.")
    other = of_round.get(Side.CHECK if side == Side.RECORD else Side.RECORD)
    if other is not None and other.is_open and other.typist_id == by.pk:
        raise DeskError("You type the other list. The check needs a second pair of ears.")
    if side == Side.CHECK:
        if record is None or there is not None:
            raise DeskError("There is no record to check. Begin one, or wait until one is begun.")
        if record.typist_id == by.pk:
            raise DeskError("You typed the record. The check needs a second pair of ears.")
    round_ = newest + 1 if side == Side.RECORD else newest
    opened = PledgeList.objects.create(appeal=appeal, round=round_, side=side, typist=by)
    PledgeStep.objects.create(kind=Kind.OPENED, list=opened, by=by)
    return opened


@transaction.atomic
def take(opened: PledgeList, entry: UUID, lines: Sequence[Line], *, by: User) -> None:
    """Write an entry's lines down, once. Those of the record are pledges from now on.

    Raises:
        DeskError: The list is closed, or somebody else's.
    """
    opened = _lock(opened, by=by)
    model = Pledge if opened.side == Side.RECORD else CheckLine
    if model.objects.filter(entry=entry).exists():
        return
    _require_open(opened)
    due_on = ask_for_by()
    for place, line in enumerate(lines):
        if opened.side == Side.RECORD:
            add_pledge(opened, entry, place, line, due_on=due_on, by=by)
        else:
            CheckLine.objects.create(
                list=opened,
                entry=entry,
                place=place,
                branch=line.branch,
                amount=line.amount,
                method=line.method,
                taken_by=by,
            )


def ask_for_by() -> date:
    """The organisation's local date by which what is called now is asked for."""
    return local_today() + ASKED_FOR_WITHIN


def add_pledge(
    record: PledgeList, entry: UUID, place: int, line: Line, *, due_on: date, by: User
) -> Pledge:
    """A pledge of a record, told to the window. Inside a transaction."""
    reference, nothing = uuid4(), zero(line.amount.currency.code)
    pledge = Pledge.objects.create(
        reference=reference,
        code=pledge_code(reference),
        list=record,
        entry=entry,
        place=place,
        appeal=record.appeal,
        branch=line.branch,
        amount=line.amount,
        method=line.method,
        taken_by=by,
        due_on=due_on,
        came=nothing,
        on_its_way=nothing,
    )
    tell_window(pledge)
    return pledge


@transaction.atomic
def strike(opened: PledgeList, line: UUID, *, reason: str, by: User) -> None:
    """Take a line back as an error of typing. It stays in sight; a second time nothing happens.

    Raises:
        DeskError: There is no such line, or money came for it.
    """
    opened = _lock(opened, by=by)
    _require_open(opened)
    model = Pledge if opened.side == Side.RECORD else CheckLine
    found = model.objects.select_for_update(of=("self",)).filter(list=opened, reference=line)
    strike_line(_one(found.first()), reason=reason, by=by)


@transaction.atomic
def strike_entry(opened: PledgeList, entry: UUID, *, reason: str, by: User) -> None:
    """Take all lines of an entry back, as ``strike`` does: what Undo means.

    Raises:
        DeskError: There is no such entry, or money came for a line of it.
    """
    opened = _lock(opened, by=by)
    _require_open(opened)
    model = Pledge if opened.side == Side.RECORD else CheckLine
    found = model.objects.select_for_update(of=("self",)).filter(list=opened, entry=entry)
    lines: list[Pledge | CheckLine] = list(found)
    if not lines:
        raise DeskError("There is no such line in this list. Look at the list again.")
    for line in lines:
        strike_line(line, reason=reason, by=by)


def strike_line(line: Pledge | CheckLine, *, reason: str, by: User) -> None:
    """Strike a locked line, inside a transaction. See ``strike``."""
    if line.is_struck:
        return
    if isinstance(line, Pledge) and (line.came.amount > 0 or line.on_its_way.amount > 0):
        raise DeskError("Money came for this pledge already: it was called. Leave it.")
    line.struck_at = timezone.now()
    line.save(update_fields=["struck_at"])
    PledgeStep.objects.create(
        kind=Kind.STRUCK,
        list_id=line.list_id,
        pledge=line if isinstance(line, Pledge) else None,
        check_line=line if isinstance(line, CheckLine) else None,
        detail=str(line.amount),
        reason=reason,
        by=by,
    )
    if isinstance(line, Pledge):
        tell_window(line)


@transaction.atomic
def close_list(opened: PledgeList, *, by: User) -> None:
    """End a list: the calling is over. A second time nothing happens.

    Whoever runs the evening may close it, since a typist may have gone.
    """
    opened = PledgeList.objects.select_for_update().get(pk=opened.pk)
    if opened.is_open:
        opened.closed_at, opened.closed_by = timezone.now(), by
        opened.save(update_fields=["closed_at", "closed_by"])
        PledgeStep.objects.create(kind=Kind.CLOSED, list=opened, by=by)


@transaction.atomic
def reopen_list(closed: PledgeList, *, by: User) -> None:
    """Go on with a list that was closed too soon.

    Raises:
        DeskError: It is another typist's, or a newer round was begun.
    """
    closed = _lock(closed, by=by)
    if closed.is_open:
        return
    if PledgeList.objects.filter(appeal=closed.appeal, round__gt=closed.round).exists():
        raise DeskError("A new round was begun. What is called now belongs to that one.")
    closed.closed_at = closed.closed_by = None
    closed.save(update_fields=["closed_at", "closed_by"])
    PledgeStep.objects.create(kind=Kind.REOPENED, list=closed, by=by, reason="Closed too soon")


def _lock(opened: PledgeList, *, by: User) -> PledgeList:
    found = PledgeList.objects.select_for_update(of=("self",)).select_related("appeal")
    opened = found.get(pk=opened.pk)
    if opened.typist_id != by.pk:
        raise DeskError("This list is somebody else's. Open one of your own.")
    return opened


def _require_open(opened: PledgeList) -> None:
    if not opened.is_open:
        raise DeskError("This list is closed. Open it again, or begin the next round.")


def _one(line: Pledge | CheckLine | None) -> Pledge | CheckLine:
    if line is None:
        raise DeskError("There is no such line in this list. Look at the list again.")
    return line


def _name(user: User) -> str:
    return user.get_full_name() or user.get_username()


def _words(side: PledgeList.Side) -> str:
    return "the record" if side == Side.RECORD else "the check"
