"""Two remotes at the very same moment, on the real database."""

import itertools
from functools import partial

import pytest

from appeals.models import Direction, DirectionStep, HeldFigures, Night
from appeals.stage.commands import StaleCommandError, give_order
from appeals.stage.hall import read_hall
from appeals.stage.nights import NightRefusedError, begin_night, end_night
from appeals.stage.remotes import RemoteEndedError, revoke
from appeals.stage.state import state_of
from tests.appeals.books import receive
from tests.appeals.stage.directing import Command, Scene, chair, order, remote_of, say
from tests.factories import gbp, make_appeal
from tests.live.posting import collect
from tests.payments.test_cash import race

pytestmark = pytest.mark.django_db(transaction=True)


def test_eight_taps_of_one_command_are_one_step() -> None:
    appeal, by = make_appeal(), chair()
    tap = order(Command.SCENE, scene=Scene.LEAGUE)

    results = race(*[partial(give_order, appeal, tap, by=by)] * 8)

    assert not [result for result in results if isinstance(result, Exception)]
    assert DirectionStep.objects.count() == 1
    assert Direction.objects.get().step == 1


def test_the_first_commands_of_two_remotes_make_two_steps_in_a_row() -> None:
    for number in range(5):
        appeal = make_appeal(f"rally-{number}")
        one, other = remote_of(appeal, "one"), remote_of(appeal, "other")

        results = race(
            partial(give_order, appeal, order(Command.SCENE, scene=Scene.LEAGUE), by=one),
            partial(give_order, appeal, order(Command.SHOW_PROMISED), by=other),
        )

        assert not [result for result in results if isinstance(result, Exception)]
        first, second = DirectionStep.objects.filter(appeal=appeal).order_by("number")
        assert second.before == first.after
        hall = read_hall(appeal)
        assert (hall.scene, hall.shows_promised, hall.step) == (Scene.LEAGUE, True, 2)


def test_of_two_undos_of_one_step_one_is_told_to_look_again() -> None:
    appeal, one, other = make_appeal(), chair(), chair()
    say(appeal, Command.SCENE, scene=Scene.LEAGUE, by=one)
    say(appeal, Command.SCENE, scene=Scene.GIVE, by=one)

    results = race(
        partial(give_order, appeal, order(Command.UNDO, seen=2), by=one),
        partial(give_order, appeal, order(Command.UNDO, seen=2), by=other),
    )

    assert sum(isinstance(result, StaleCommandError) for result in results) == 1
    assert read_hall(appeal).scene == Scene.LEAGUE


def test_two_holds_keep_one_figure() -> None:
    appeal, by = make_appeal(), chair()
    receive(appeal, gbp(10))

    race(*[partial(give_order, appeal, order(Command.HOLD), by=by) for _ in range(4)])

    assert HeldFigures.objects.count() == 1
    assert DirectionStep.objects.count() == 4


def test_money_and_commands_at_once_wait_for_each_other_nowhere() -> None:
    appeal, by = make_appeal(), chair()

    results = race(
        *[partial(collect, appeal, gbp(1)) for _ in range(6)],
        *[
            partial(give_order, appeal, order(command), by=by)
            for command in (Command.HOLD, Command.CLEAR, Command.SHOW_PROMISED, Command.ANNOUNCE)
        ],
    )

    assert not [result for result in results if isinstance(result, Exception)]
    say(appeal, Command.REVEAL, by=by)
    assert read_hall(appeal).reading.raised == gbp(6)


def test_steps_of_a_crowd_follow_from_each_other() -> None:
    appeal, by = make_appeal(), chair()
    scenes = [Scene.LEAGUE, Scene.GIVE, Scene.BLANK, Scene.THANKS]

    race(
        *[
            partial(give_order, appeal, order(Command.SCENE, scene=scene), by=by)
            for scene in scenes * 3
        ]
    )

    steps = list(DirectionStep.objects.order_by("number"))
    assert [step.number for step in steps] == list(range(1, 13))
    assert all(later.before == earlier.after for earlier, later in itertools.pairwise(steps))
    assert steps[-1].after == state_of(Direction.objects.get())


def test_a_remote_that_is_revoked_at_that_moment_did_it_before_or_not_at_all() -> None:
    appeal = make_appeal()
    remote = remote_of(appeal)

    results = race(
        *[
            partial(give_order, appeal, order(Command.SCENE, scene=Scene.GIVE), by=remote)
            for _ in range(3)
        ],
        partial(revoke, [remote]),
    )

    refused = [result for result in results if isinstance(result, Exception)]
    assert all(isinstance(error, RemoteEndedError) for error in refused)
    assert DirectionStep.objects.count() == 3 - len(refused)
    with pytest.raises(RemoteEndedError):
        say(appeal, Command.CLEAR, by=remote)


def test_a_night_that_two_begin_and_two_end_is_one() -> None:
    appeal, by = make_appeal(), chair()

    begun = race(*[partial(begin_night, appeal, by=by)] * 2)
    ended = race(*[partial(end_night, appeal, by=by)] * 2)

    assert sum(isinstance(result, NightRefusedError) for result in begun) == 1
    assert sum(isinstance(result, NightRefusedError) for result in ended) == 1
    (kept,) = Night.objects.filter(published__shown__raised__amount="0.00")
    assert kept.ended_at is not None
