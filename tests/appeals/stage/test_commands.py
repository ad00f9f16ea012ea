"""Commands to the hall: each, what it refuses, and what is written down."""

import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from appeals.models import Appeal, Direction, DirectionStep, HeldFigures
from appeals.stage.commands import (
    CommandRefusedError,
    StaleCommandError,
    find_undoable,
    give_order,
)
from appeals.stage.hall import read_hall
from appeals.stage.remotes import RemoteEndedError, revoke
from appeals.stage.state import state_of
from tests.appeals.books import receive
from tests.appeals.stage.directing import Command, Scene, chair, order, remote_of, say
from tests.factories import gbp, make_appeal

pytestmark = pytest.mark.django_db


def raised(appeal: Appeal) -> str:
    return str(read_hall(appeal).reading.raised.amount)


class TestEachCommand:
    def test_a_scene_is_shown_and_the_hall_is_told(self) -> None:
        appeal = make_appeal()
        before = Appeal.objects.get().revision

        say(appeal, Command.SCENE, scene=Scene.LEAGUE, by=chair())

        hall = read_hall(Appeal.objects.get())
        assert (hall.scene, hall.step) == (Scene.LEAGUE, 1)
        assert Appeal.objects.get().revision == before + 1

    @pytest.mark.parametrize("scene", [each for each in Scene if each != Scene.NOTICE])
    def test_every_scene_can_be_shown(self, scene: Scene) -> None:
        appeal = make_appeal()

        say(appeal, Command.SCENE, scene=scene, by=chair())

        assert read_hall(appeal).scene == scene

    def test_a_notice_is_shown_in_plain_words_on_one_line(self) -> None:
        appeal = make_appeal()

        say(appeal, Command.NOTICE, notice="  Back  at\n20:30 <b>", by=chair())

        hall = read_hall(appeal)
        assert (hall.scene, hall.notice) == (Scene.NOTICE, "Back at 20:30 <b>")

    def test_a_notice_may_be_shown_again_as_a_scene(self) -> None:
        appeal, by = make_appeal(), chair()
        say(appeal, Command.NOTICE, notice="Back at 20:30", by=by)
        say(appeal, Command.SCENE, scene=Scene.LEAGUE, by=by)

        say(appeal, Command.SCENE, scene=Scene.NOTICE, by=by)

        assert read_hall(appeal).notice == "Back at 20:30"

    @pytest.mark.parametrize("words", ["", " \n ", "x" * 201])
    def test_a_notice_without_words_or_with_too_many_is_refused(self, words: str) -> None:
        appeal = make_appeal()

        with pytest.raises(CommandRefusedError):
            say(appeal, Command.NOTICE, notice=words, by=chair())

        assert not DirectionStep.objects.exists()
        assert read_hall(appeal).step == 0

    def test_the_notice_scene_without_words_is_refused(self) -> None:
        appeal = make_appeal()

        with pytest.raises(CommandRefusedError):
            say(appeal, Command.SCENE, scene=Scene.NOTICE, by=chair())

    def test_what_is_promised_is_shown_and_hidden(self) -> None:
        appeal, by = make_appeal(), chair()

        say(appeal, Command.SHOW_PROMISED, by=by)
        assert read_hall(appeal).shows_promised
        say(appeal, Command.HIDE_PROMISED, by=by)
        assert not read_hall(appeal).shows_promised

    def test_held_the_hall_sees_one_figure_until_it_is_revealed(self) -> None:
        appeal, by = make_appeal(), chair()
        receive(appeal, gbp(29_950))
        say(appeal, Command.HOLD, by=by)
        receive(appeal, gbp(325))

        assert raised(appeal) == "29950.00"
        assert read_hall(appeal).is_held
        say(appeal, Command.REVEAL, by=by)
        assert raised(appeal) == "30275.00"
        assert not read_hall(appeal).is_held

    def test_a_second_hold_keeps_the_first_figure(self) -> None:
        appeal, by = make_appeal(), chair()
        receive(appeal, gbp(10))
        say(appeal, Command.HOLD, by=by)
        receive(appeal, gbp(5))

        say(appeal, Command.HOLD, by=by)

        assert raised(appeal) == "10.00"
        assert HeldFigures.objects.count() == 1

    def test_the_next_milestone_is_announced(self) -> None:
        appeal = make_appeal()

        say(appeal, Command.ANNOUNCE, by=chair())

        assert read_hall(appeal).announces_milestone

    def test_clear_goes_back_to_the_thermometer_and_reveals_nothing(self) -> None:
        appeal, by = make_appeal(), chair()
        receive(appeal, gbp(10))
        say(appeal, Command.HOLD, by=by)
        say(appeal, Command.NOTICE, notice="Back at 20:30", by=by)
        say(appeal, Command.ANNOUNCE, by=by)
        say(appeal, Command.SHOW_PROMISED, by=by)

        say(appeal, Command.CLEAR, by=by)

        hall = read_hall(appeal)
        assert (hall.scene, hall.notice, hall.announces_milestone) == (Scene.THERMOMETER, "", False)
        assert hall.is_held
        assert hall.shows_promised


class TestUndo:
    def test_undos_go_back_one_by_one(self) -> None:
        appeal, by = make_appeal(), chair()
        say(appeal, Command.SCENE, scene=Scene.LEAGUE, by=by)
        say(appeal, Command.SHOW_PROMISED, by=by)
        say(appeal, Command.SCENE, scene=Scene.GIVE, by=by)

        say(appeal, Command.UNDO, by=by)
        assert read_hall(appeal).scene == Scene.LEAGUE
        say(appeal, Command.UNDO, by=by)
        assert not read_hall(appeal).shows_promised
        say(appeal, Command.UNDO, by=by)
        assert read_hall(appeal).scene == Scene.THERMOMETER
        with pytest.raises(CommandRefusedError, match="nothing to undo"):
            say(appeal, Command.UNDO, by=by)

    def test_after_an_undo_the_next_command_is_what_an_undo_undoes(self) -> None:
        appeal, by = make_appeal(), chair()
        say(appeal, Command.SCENE, scene=Scene.LEAGUE, by=by)
        say(appeal, Command.SCENE, scene=Scene.GIVE, by=by)
        say(appeal, Command.UNDO, by=by)
        say(appeal, Command.SCENE, scene=Scene.BLANK, by=by)

        say(appeal, Command.UNDO, by=by)
        assert read_hall(appeal).scene == Scene.LEAGUE
        say(appeal, Command.UNDO, by=by)
        assert read_hall(appeal).scene == Scene.THERMOMETER

    def test_what_changed_nothing_is_not_worth_an_undo(self) -> None:
        appeal, by = make_appeal(), chair()
        say(appeal, Command.SCENE, scene=Scene.LEAGUE, by=by)
        say(appeal, Command.SCENE, scene=Scene.LEAGUE, by=by)

        say(appeal, Command.UNDO, by=by)

        assert read_hall(appeal).scene == Scene.THERMOMETER

    def test_a_reveal_is_undone_to_the_very_figure_that_was_held(self) -> None:
        appeal, by = make_appeal(), chair()
        receive(appeal, gbp(29_950))
        say(appeal, Command.HOLD, by=by)
        receive(appeal, gbp(325))
        say(appeal, Command.REVEAL, by=by)

        say(appeal, Command.UNDO, by=by)

        assert raised(appeal) == "29950.00"

    def test_an_undo_does_not_reach_another_evening(self) -> None:
        appeal, by = make_appeal(), chair()
        with connection.cursor() as cursor:
            cursor.execute(
                "ALTER TABLE appeals_directionstep ALTER at SET DEFAULT now() - interval '13 hours'"
            )
            say(appeal, Command.SCENE, scene=Scene.LEAGUE, by=by)
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("ALTER TABLE appeals_directionstep ALTER at SET DEFAULT now()")

        assert find_undoable(appeal) is None
        with pytest.raises(CommandRefusedError):
            say(appeal, Command.UNDO, by=by)

    def test_another_appeals_steps_are_not_undone(self) -> None:
        appeal, by = make_appeal(), chair()
        say(make_appeal("camp"), Command.SCENE, scene=Scene.LEAGUE, by=by)

        with pytest.raises(CommandRefusedError):
            say(appeal, Command.UNDO, by=by)


class TestTwoRemotes:
    def test_what_sets_something_applies_whatever_was_seen(self) -> None:
        appeal, one, other = make_appeal(), chair(), chair()
        say(appeal, Command.SCENE, scene=Scene.LEAGUE, by=one)

        say(appeal, Command.SCENE, scene=Scene.GIVE, seen=0, by=other)

        assert read_hall(appeal).scene == Scene.GIVE

    @pytest.mark.parametrize("command", [Command.UNDO, Command.REVEAL])
    def test_a_stale_undo_or_reveal_changes_nothing(self, command: Command) -> None:
        appeal, one, other = make_appeal(), chair(), chair()
        say(appeal, Command.HOLD, by=one)
        say(appeal, Command.SCENE, scene=Scene.GIVE, by=one)
        before = state_of(Direction.objects.get())

        with pytest.raises(StaleCommandError):
            say(appeal, command, seen=1, by=other)

        assert state_of(Direction.objects.get()) == before
        assert DirectionStep.objects.count() == 2

    def test_a_double_tap_is_one_step(self) -> None:
        appeal, by = make_appeal(), chair()
        twice = order(Command.SCENE, scene=Scene.LEAGUE)
        give_order(appeal, twice, by=by)
        say(appeal, Command.SCENE, scene=Scene.GIVE, by=by)

        direction = give_order(appeal, twice, by=by)

        assert (direction.scene, direction.step) == (Scene.GIVE, 2)
        assert DirectionStep.objects.count() == 2

    def test_a_double_tapped_undo_undoes_once_and_is_no_conflict(self) -> None:
        appeal, by = make_appeal(), chair()
        say(appeal, Command.SCENE, scene=Scene.LEAGUE, by=by)
        say(appeal, Command.SCENE, scene=Scene.GIVE, by=by)
        undo = order(Command.UNDO, seen=2)

        give_order(appeal, undo, by=by)
        give_order(appeal, undo, by=by)

        assert read_hall(appeal).scene == Scene.LEAGUE

    def test_a_revoked_remote_directs_nothing(self) -> None:
        appeal = make_appeal()
        remote = remote_of(appeal)
        revoke([remote])

        with pytest.raises(RemoteEndedError):
            say(appeal, Command.SCENE, scene=Scene.GIVE, by=remote)

        assert read_hall(appeal).step == 0

    def test_a_remote_whose_evening_is_over_directs_nothing(self) -> None:
        appeal = make_appeal()
        remote = remote_of(appeal)
        type(remote).objects.update(expires_at=timezone.now() - timedelta(seconds=1))

        with pytest.raises(RemoteEndedError):
            say(appeal, Command.SCENE, scene=Scene.GIVE, by=remote)


class TestSteps:
    def test_who_did_what_is_written_down(self) -> None:
        appeal = make_appeal()
        by, remote = chair(), remote_of(appeal)
        say(appeal, Command.SCENE, scene=Scene.LEAGUE, by=by)
        say(appeal, Command.UNDO, by=remote)

        first, second = DirectionStep.objects.order_by("number")
        assert (first.number, first.by, first.remote, first.undoes) == (1, by, None, None)
        assert (second.number, second.by, second.remote, second.undoes) == (2, None, remote, first)
        assert first.before == second.after
        assert first.after["scene"] == "league"

    @pytest.mark.parametrize("table", ["appeals_directionstep", "appeals_heldfigures"])
    @pytest.mark.parametrize("change", ["UPDATE {} SET appeal_id = appeal_id", "DELETE FROM {}"])
    def test_the_database_refuses_to_change_what_was_written(self, table: str, change: str) -> None:
        appeal = make_appeal()
        say(appeal, Command.HOLD, by=chair())

        with (
            pytest.raises(IntegrityError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(change.format(table))

    @pytest.mark.parametrize("table", ["appeals_directionstep", "appeals_heldfigures"])
    def test_the_database_refuses_to_empty_what_was_written(self, table: str) -> None:
        with (
            pytest.raises(IntegrityError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"TRUNCATE {table} CASCADE")

    def test_the_database_refuses_a_step_that_nobody_did(self) -> None:
        appeal = make_appeal()

        with pytest.raises(IntegrityError, match="direction_step_is_by"):
            DirectionStep.objects.create(
                appeal=appeal, number=1, key=uuid.uuid4(), command="clear", before={}, after={}
            )
