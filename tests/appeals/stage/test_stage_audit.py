"""The steps of direction explain what a hall is shown; what does not follow is found."""

import io
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from appeals.models import Appeal, Direction, Night
from appeals.stage.audit import audit_directions
from appeals.stage.nights import begin_night, read_forgotten_nights
from tests.appeals.stage.directing import Command, Scene, chair, say
from tests.factories import make_appeal
from tests.funds.books import execute
from whipround import doctor

pytestmark = pytest.mark.django_db


@pytest.fixture
def appeal() -> Appeal:
    """A hall that was directed in all ways."""
    appeal, by = make_appeal(), chair()
    say(appeal, Command.SCENE, scene=Scene.LEAGUE, by=by)
    say(appeal, Command.HOLD, by=by)
    say(appeal, Command.NOTICE, notice="Back at 20:30", by=by)
    say(appeal, Command.UNDO, by=by)
    say(appeal, Command.REVEAL, by=by)
    say(appeal, Command.UNDO, by=by)
    return appeal


def differences() -> list[str]:
    return [str(one) for one in audit_directions()]


def change_steps(sql: str) -> None:
    """As a database's owner could, with the guard put aside."""
    execute("ALTER TABLE appeals_directionstep DISABLE TRIGGER USER")
    execute(f"UPDATE appeals_directionstep SET {sql}")


@pytest.mark.usefixtures("appeal")
class TestDirections:
    def test_what_was_directed_is_explained(self) -> None:
        say(make_appeal("camp"), Command.CLEAR, by=chair())
        make_appeal("quiet")

        assert differences() == []

    def test_a_direction_that_no_step_made_is_found(self) -> None:
        Direction.objects.update(scene="blank")

        assert differences() == [
            "stage: the hall of rally: its direction does not follow from the step before"
        ]

    def test_a_hold_that_was_let_go_without_a_step_is_found(self) -> None:
        Direction.objects.update(held=None)

        assert len(differences()) == 1

    def test_a_missing_step_is_found(self) -> None:
        Direction.objects.update(step=9)

        assert differences() == ["stage: the hall of rally: a step is missing before its direction"]

    def test_a_changed_step_is_found(self) -> None:
        change_steps("""after = '{"scene": "give"}' WHERE number = 2""")

        assert "stage: the hall of rally: step 3 does not follow from the step before" in (
            differences()
        )

    def test_an_undo_of_something_else_is_found(self) -> None:
        change_steps("""before = '{"scene": "give"}' WHERE number = 3""")

        assert "stage: the hall of rally: step 4 did not bring back what it undid" in differences()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("appeal")
def test_the_audit_of_the_books_tells_of_it() -> None:
    call_command("audit_books", stdout=io.StringIO())
    Direction.objects.update(scene="blank")
    out = io.StringIO()

    with pytest.raises(SystemExit):
        call_command("audit_books", stdout=out)

    assert "the hall of rally" in out.getvalue()


def test_a_night_that_nobody_ended_is_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    night = begin_night(make_appeal(), by=chair())
    assert read_forgotten_nights() == []

    Night.objects.update(begun_at=timezone.now() - timedelta(hours=25))

    assert read_forgotten_nights() == [night]
    monkeypatch.setattr(doctor, "_LOOKS", [doctor._look_at_nights])  # noqa: SLF001 - this one
    (finding,) = doctor.examine()
    assert finding.severity == doctor.Severity.WARNING
    assert "the night of Rally was begun" in finding.advice
