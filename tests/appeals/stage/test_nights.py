"""The night: begun once, ended once, its published figure kept."""

import json
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from appeals.models import Night
from appeals.stage.hall import read_hall
from appeals.stage.hall_json import hall_json
from appeals.stage.nights import (
    NightRefusedError,
    begin_night,
    end_night,
    find_open_night,
    last_night,
)
from tests.appeals.books import receive
from tests.appeals.stage.directing import Command, chair, say
from tests.factories import gbp, make_appeal

pytestmark = pytest.mark.django_db


def published(night: Night) -> dict[str, Any]:
    told = Night.objects.get(pk=night.pk).published
    assert isinstance(told, dict)
    return told


def test_one_night_at_a_time() -> None:
    appeal, by = make_appeal(), chair()
    night = begin_night(appeal, by=by)

    assert find_open_night(appeal) == night
    with pytest.raises(NightRefusedError):
        begin_night(appeal, by=by)
    end_night(appeal, by=by)
    assert find_open_night(appeal) is None
    assert last_night(appeal) == night
    begin_night(appeal, by=by)


def test_a_night_that_never_began_does_not_end() -> None:
    with pytest.raises(NightRefusedError):
        end_night(make_appeal(), by=chair())


def test_its_figure_is_what_the_hall_saw_and_what_was_true() -> None:
    appeal, by = make_appeal(), chair()
    begin_night(appeal, by=by)
    receive(appeal, gbp(29_950))
    say(appeal, Command.HOLD, by=by)
    receive(appeal, gbp(325))

    told = published(end_night(appeal, by=by))

    assert told["shown"]["raised"]["amount"] == "29950.00"
    assert told["shown"]["hall"]["is_held"]
    assert told["true"]["raised"]["amount"] == "30275.00"
    assert told["true"]["hall"]["layers"]["received"]["amount"] == "30275.00"
    assert not told["true"]["hall"]["is_held"]


def test_its_figure_is_the_halls_reading_of_that_moment() -> None:
    appeal, by = make_appeal(), chair()
    begin_night(appeal, by=by)
    receive(appeal, gbp(10))

    told = published(end_night(appeal, by=by))

    now = json.loads(json.dumps(hall_json(read_hall(appeal))))
    assert {**told["shown"], "as_at": ""} == {**now, "as_at": ""}
    assert told["true"] == told["shown"]


@pytest.mark.parametrize("change", ["UPDATE {} SET published = '{{}}'", "DELETE FROM {}"])
def test_the_database_keeps_a_published_figure(change: str) -> None:
    appeal, by = make_appeal(), chair()
    begin_night(appeal, by=by)
    end_night(appeal, by=by)

    with (
        pytest.raises(IntegrityError, match="a night is kept"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(change.format("appeals_night"))


def test_the_database_refuses_a_night_that_ended_without_a_figure() -> None:
    appeal, by = make_appeal(), chair()
    begin_night(appeal, by=by)

    with pytest.raises(IntegrityError, match="night_that_ended_has_its_figure"):
        Night.objects.update(ended_by=by)
