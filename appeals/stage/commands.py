"""Directing the hall: the one writer of ``Direction``, of its steps and of figures that are held.

A command that sets something applies whatever its remote had seen, and once for its key, however
often it is told. What depends on what was seen, a reveal or an undo, is refused when the hall was
directed since: two people never undo each other unawares.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from appeals.announce import announce_change
from appeals.models import Appeal, Direction, DirectionStep, HeldFigures, StageRemote
from appeals.models.stage import NOTICE_LENGTH
from appeals.stage.hall import read_figures
from appeals.stage.keeping import keep
from appeals.stage.remotes import RemoteEndedError, is_open
from appeals.stage.state import State, put_state, state_of
from funds.models import User

Command = DirectionStep.Command
Scene = Direction.Scene

UNDO_REACHES: Final = timedelta(hours=12)
"""How far back an undo goes: what another evening ended with is not brought back."""

_DEPENDS_ON_WHAT_WAS_SEEN: Final = frozenset({Command.REVEAL, Command.UNDO})


class CommandRefusedError(Exception):
    """The command makes no sense; the message says what to do. Nothing was changed."""


class StaleCommandError(Exception):
    """The hall was directed since the remote looked. Nothing was changed: look, and say again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A command as a remote gives it.

    ``key`` was made for this one command. ``seen`` is the number of the step that the remote had
    seen. ``scene`` belongs to the command of that name, and so does ``notice``, as plain text.
    """

    key: UUID
    command: DirectionStep.Command
    seen: int
    scene: Direction.Scene = Scene.THERMOMETER
    notice: str = ""


@transaction.atomic
def give_order(appeal: Appeal, order: Order, *, by: User | StageRemote) -> Direction:
    """Direct the hall, and write the step down. The same key again changes nothing.

    Args:
        appeal: Whose hall.
        order: What is asked for.
        by: Who asks: a log-in that may, or a remote of this appeal.

    Returns:
        The direction as it is now.

    Raises:
        CommandRefusedError: A notice without words, or nothing to undo.
        StaleCommandError: A reveal or an undo of what was not the newest any more.
        RemoteEndedError: The remote was revoked, or its evening is over.
    """
    direction, _ = Direction.objects.get_or_create(appeal=appeal)
    # Against another remote: each step is made of the one before it.
    direction = Direction.objects.select_for_update().get(pk=direction.pk)
    if isinstance(by, StageRemote) and not is_open(by):
        raise RemoteEndedError
    if DirectionStep.objects.filter(key=order.key).exists():
        return direction
    if order.command in _DEPENDS_ON_WHAT_WAS_SEEN and order.seen != direction.step:
        raise StaleCommandError
    before = state_of(direction)
    undoes = find_undoable(appeal) if order.command == Command.UNDO else None
    if order.command == Command.UNDO and undoes is None:
        raise CommandRefusedError("There is nothing to undo.")
    after = undoes.before if undoes else _after(appeal, order, before)
    put_state(direction, after)
    direction.step += 1
    direction.save()
    DirectionStep.objects.create(
        appeal=appeal,
        number=direction.step,
        key=order.key,
        command=order.command,
        before=before,
        after=after,
        undoes=undoes,
        by=by if isinstance(by, User) else None,
        remote=by if isinstance(by, StageRemote) else None,
    )
    announce_change(appeal.pk)
    return direction


def find_undoable(appeal: Appeal) -> DirectionStep | None:
    """The step that an undo would undo: the last that changed something and was not undone."""
    return (
        DirectionStep.objects.filter(
            appeal=appeal, undone_by__isnull=True, at__gt=timezone.now() - UNDO_REACHES
        )
        .exclude(command=Command.UNDO)
        .exclude(before=F("after"))
        .select_related("by", "remote")
        .order_by("-number")
        .first()
    )


def _after(appeal: Appeal, order: Order, before: State) -> State:
    """What a command that is no undo makes of a state."""
    after = before.copy()
    match order.command:
        case Command.SCENE:
            if order.scene == Scene.NOTICE and not before["notice"]:
                raise CommandRefusedError("Type the notice first.")
            after["scene"] = order.scene.value
        case Command.NOTICE:
            after |= {"scene": Scene.NOTICE.value, "notice": _words(order.notice)}
        case Command.SHOW_PROMISED | Command.HIDE_PROMISED:
            after["shows_promised"] = order.command == Command.SHOW_PROMISED
        case Command.HOLD:
            after["held"] = before["held"] or _hold(appeal)
        case Command.REVEAL:
            after["held"] = None
        case Command.ANNOUNCE:
            after["announces_milestone"] = True
        case Command.CLEAR:
            after |= {"scene": Scene.THERMOMETER.value, "notice": "", "announces_milestone": False}
    return after


def _words(notice: str) -> str:
    words = " ".join(notice.split())
    if not words:
        raise CommandRefusedError("Type the notice first.")
    if len(words) > NOTICE_LENGTH:
        raise CommandRefusedError(f"Make the notice shorter: at most {NOTICE_LENGTH} characters.")
    return words


def _hold(appeal: Appeal) -> int:
    """Keep the true figures of this moment; the key of what is kept."""
    kept = HeldFigures.objects.create(
        appeal=appeal, held_at=timezone.now(), figures=keep(read_figures(appeal))
    )
    return kept.pk
