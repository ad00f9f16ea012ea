"""Laws of directing: whatever two remotes do, and however often, the steps explain it."""

from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appeals.models import Appeal, Direction, DirectionStep
from appeals.stage.commands import (
    CommandRefusedError,
    Order,
    StaleCommandError,
    find_undoable,
    give_order,
)
from appeals.stage.state import state_of
from tests.appeals.books import receive
from tests.appeals.stage.directing import Command, Scene, order, remote_of
from tests.factories import gbp, make_appeal

pytestmark = pytest.mark.django_db

State = dict[str, Any]

PLAIN = [each for each in Command if each not in {Command.SCENE, Command.NOTICE}]
COMMANDS = st.one_of(
    st.tuples(
        st.just(Command.SCENE),
        st.sampled_from([Scene.LEAGUE, Scene.GIVE, Scene.NOTICE]),
        st.just(""),
    ),
    st.tuples(st.just(Command.NOTICE), st.just(Scene.THERMOMETER), st.sampled_from(["A", "B", ""])),
    st.tuples(st.sampled_from(PLAIN), st.just(Scene.THERMOMETER), st.just("")),
)
TAPS = st.tuples(
    st.integers(0, 1),  # which remote
    COMMANDS,
    st.booleans(),  # it looks first
    st.booleans(),  # it taps twice
    st.booleans(),  # money comes before
)


class Stage:
    """An appeal with two remotes, and what must be so of its direction."""

    def __init__(self) -> None:
        self.appeal = make_appeal()
        self.remotes = [remote_of(self.appeal, "one"), remote_of(self.appeal, "other")]
        self.seen = [0, 0]
        self.step = 0
        self.state: State = dict(state_of(Direction()))
        self.undoable: list[tuple[int, State]] = []  # numbers, with the states before

    def tap(self, which: int, asked: Order, *, twice: bool) -> None:
        try:
            direction = give_order(self.appeal, asked, by=self.remotes[which])
        except StaleCommandError:
            assert asked.command in {Command.UNDO, Command.REVEAL}
            assert asked.seen != self.step
            return
        except CommandRefusedError:
            assert self._makes_no_sense(asked)
            return
        if twice:
            again = give_order(self.appeal, asked, by=self.remotes[which])
            assert again.step == direction.step
        self.step += 1
        now: State = dict(state_of(direction))
        if asked.command == Command.UNDO:
            assert now == self.undoable.pop()[1]
        elif now != self.state:
            self.undoable.append((self.step, self.state))
        self.state = now
        assert direction.step == self.step

    def _makes_no_sense(self, asked: Order) -> bool:
        if asked.command == Command.UNDO:
            return not self.undoable
        if asked.command == Command.NOTICE:
            return not asked.notice
        return asked.scene == Scene.NOTICE and not self.state["notice"]

    def must_be_explained(self) -> None:
        """Replayed from its steps alone, the direction is what it is."""
        steps = list(DirectionStep.objects.order_by("number"))
        assert [each.number for each in steps] == list(range(1, self.step + 1))
        replayed: State = dict(state_of(Direction()))
        for each in steps:
            assert each.before == replayed
            replayed = each.after
        assert replayed == self.state == state_of(direction_of(self.appeal))
        undone = [each.undoes_id for each in steps if each.undoes_id]
        assert len(set(undone)) == len(undone)
        undoable = find_undoable(self.appeal)
        newest = self.undoable[-1][0] if self.undoable else None
        assert (undoable.number if undoable else None) == newest


def direction_of(appeal: Appeal) -> Direction:
    return Direction.objects.filter(appeal=appeal).first() or Direction(appeal=appeal)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(TAPS, max_size=14))
def test_whatever_two_remotes_do_the_steps_explain_it(taps: list[Any]) -> None:
    with transaction.atomic():
        stage = Stage()
        for which, (command, scene, notice), looks, twice, money_comes in taps:
            if money_comes:
                receive(stage.appeal, gbp(1))
            if looks:
                stage.seen[which] = stage.step
            asked = order(command, scene=scene, notice=notice, seen=stage.seen[which])
            stage.tap(which, asked, twice=twice)
        stage.must_be_explained()
        transaction.set_rollback(True)
