"""The hub on a real database, asked as a server asks it."""

import time

import pytest
from django.db import connection
from django.utils import timezone

from appeals.announce import announce_change, announce_change_of_all
from appeals.live import readings
from appeals.models import Appeal, Direction, HeldFigures
from appeals.stage.hall import read_figures
from appeals.stage.keeping import keep
from tests.factories import gbp, make_appeal, make_branch
from tests.live.hall import running_hub
from tests.live.posting import collect

pytestmark = pytest.mark.django_db(transaction=True)


def terminate(kind: str) -> int:
    """Cut the database connections of a kind, as an outage would; how many there were."""
    where = {
        "listening": "application_name = 'whip-round live'",
        "reading": "application_name = '' AND pid <> pg_backend_pid()",
    }[kind]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            f"WHERE datname = current_database() AND {where}"
        )
        (ended,) = cursor.fetchone()
    return int(ended)


class TestReadings:
    def test_the_first_event_is_the_current_reading(self) -> None:
        appeal = make_appeal()
        collect(appeal, gbp("12.50"))

        with running_hub() as hall:
            browser = hall.open("/live/appeals/rally")
            browser.until(lambda: browser.events)
            assert browser.status == 200
            (name, reading), *_ = browser.events
            assert name == "reading"
            assert reading["slug"] == "rally"
            assert reading["raised"] == {"amount": "12.50", "currency": "GBP"}

    def test_money_that_comes_is_told_and_the_sequence_grows(self) -> None:
        appeal = make_appeal()

        with running_hub(reread_seconds=600) as hall:
            browser = hall.open("/live/appeals/rally")
            browser.until_raised("0.00")
            for total in ("5.00", "10.00", "15.00"):
                collect(appeal, gbp(5))
                browser.until_raised(total)
            sequences = [reading["sequence"] for reading in browser.readings]
            assert sequences == sorted(set(sequences))
            assert len({reading["epoch"] for reading in browser.readings}) == 1

    def test_a_burst_costs_few_readings_and_ends_on_the_right_one(self) -> None:
        appeal = make_appeal()

        with running_hub(reread_seconds=600) as hall:
            browser = hall.open("/live/appeals/rally")
            browser.until_raised("0.00")
            for _ in range(200):
                collect(appeal, gbp(1))
            browser.until_raised("200.00")
            assert len(browser.readings) < 150

    def test_an_appeal_opened_after_the_hub_began_is_live_too(self) -> None:
        make_appeal("other")

        with running_hub(reread_seconds=600) as hall:
            unknown = hall.refused("/live/appeals/later")
            assert unknown.status == 404
            appeal = make_appeal("later")
            time.sleep(1.1)  # unknown names are looked up once a second
            browser = hall.open("/live/appeals/later")
            browser.until_raised("0.00")
            collect(appeal, gbp(5))
            browser.until_raised("5.00")

    def test_other_appeals_hear_nothing(self) -> None:
        appeal, _ = make_appeal("one"), make_appeal("two")

        with running_hub(reread_seconds=600) as hall:
            one = hall.open("/live/appeals/one")
            two = hall.open("/live/appeals/two")
            one.until_raised("0.00")
            two.until_raised("0.00")
            collect(appeal, gbp(5))
            one.until_raised("5.00")
            assert len(two.readings) == 1

    def test_a_change_without_a_posting_is_told(self) -> None:
        appeal = make_appeal()

        with running_hub(reread_seconds=600) as hall:
            browser = hall.open("/live/appeals/rally")
            browser.until_raised("0.00")
            Appeal.objects.update(title="The great rally")
            announce_change(appeal.pk)
            browser.until_titled("The great rally")
            Appeal.objects.update(title="The greatest rally")
            announce_change_of_all()
            browser.until_titled("The greatest rally")

    def test_a_change_that_nobody_announced_is_found_all_the_same(self) -> None:
        make_appeal()

        with running_hub(reread_seconds=0.1) as hall:
            browser = hall.open("/live/appeals/rally")
            browser.until_raised("0.00")
            Appeal.objects.update(title="The great rally")
            browser.until_titled("The great rally")

    def test_an_appeal_that_becomes_a_draft_ends_its_streams_and_is_unknown(self) -> None:
        appeal = make_appeal()

        with running_hub(reread_seconds=600) as hall:
            browser = hall.open("/live/appeals/rally")
            browser.until_raised("0.00")
            Appeal.objects.update(status=Appeal.Status.DRAFT)
            announce_change(appeal.pk)
            browser.until(lambda: browser.is_ended)
            time.sleep(0.3)  # the directory is read anew
            again = hall.refused("/live/appeals/rally")
            assert again.status == 404

    def test_a_heartbeat_comes_though_nothing_changes(self) -> None:
        make_appeal()

        with running_hub(heartbeat_seconds=0.1) as hall:
            browser = hall.open("/live/appeals/rally")
            browser.until(lambda: browser.heartbeats)
            assert browser.heartbeats[0]["as_at"] >= browser.readings[0]["as_at"]


class TestHalls:
    def test_the_hall_has_a_stream_of_its_own_beside_the_public_one(self) -> None:
        appeal = make_appeal()

        with running_hub(reread_seconds=600) as hall:
            public = hall.open("/live/appeals/rally")
            screen = hall.open("/live/appeals/rally/hall")
            public.until_raised("0.00")
            screen.until_raised("0.00")
            collect(appeal, gbp(5))
            public.until_raised("5.00")
            screen.until_raised("5.00")
            assert "hall" not in public.readings[-1]
            assert screen.readings[-1]["hall"]["just_in"][0]["amount"]["amount"] == "5.00"

    def test_direction_reaches_the_hall_and_hides_what_is_true(self) -> None:
        appeal = make_appeal()
        collect(appeal, gbp(5))

        with running_hub(reread_seconds=600) as hall:
            public = hall.open("/live/appeals/rally")
            screen = hall.open("/live/appeals/rally/hall")
            screen.until_raised("5.00")
            held = HeldFigures.objects.create(
                appeal=appeal, held_at=timezone.now(), figures=keep(read_figures(appeal))
            )
            Direction.objects.create(appeal=appeal, step=1, held=held)
            announce_change(appeal.pk)
            screen.until(lambda: screen.readings[-1]["hall"]["is_held"])
            collect(appeal, gbp(7))
            public.until_raised("12.00")
            screen.until(lambda: screen.readings[-1]["sequence"] >= public.readings[-1]["sequence"])
            assert screen.readings[-1]["raised"]["amount"] == "5.00"

            Direction.objects.update(step=2, held=None)
            announce_change(appeal.pk)
            screen.until_raised("12.00")

    def test_a_direction_that_nobody_announced_is_found_all_the_same(self) -> None:
        appeal = make_appeal()

        with running_hub(reread_seconds=0.1) as hall:
            screen = hall.open("/live/appeals/rally/hall")
            screen.until_raised("0.00")
            Direction.objects.create(appeal=appeal, step=1, scene="league")
            screen.until(lambda: screen.readings[-1]["hall"]["scene"] == "league")

    def test_a_hall_that_cannot_be_read_silences_no_other_page(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        appeal = make_appeal()
        held = HeldFigures.objects.create(
            appeal=appeal, held_at=timezone.now(), figures={"not": "what we wrote"}
        )
        Direction.objects.create(appeal=appeal, step=1, held=held)

        with running_hub(reread_seconds=0.2) as hall:
            refused = hall.refused("/live/appeals/rally/hall")
            assert refused.status == 503
            public = hall.open("/live/appeals/rally")
            public.until_raised("0.00")
            collect(appeal, gbp(5))
            public.until_raised("5.00")

            Direction.objects.update(step=2, held=None)
            screen = hall.open("/live/appeals/rally/hall")
            screen.until_raised("5.00")
        assert "hall of" in caplog.text

    def test_a_hall_on_the_screen_stays_there_while_it_cannot_be_read(self) -> None:
        appeal = make_appeal()

        with running_hub(reread_seconds=0.1) as hall:
            screen = hall.open("/live/appeals/rally/hall")
            screen.until_raised("0.00")
            held = HeldFigures.objects.create(
                appeal=appeal, held_at=timezone.now(), figures={"not": "what we wrote"}
            )
            Direction.objects.create(appeal=appeal, step=1, held=held)
            collect(appeal, gbp(5))
            time.sleep(0.5)
            assert not screen.is_ended
            Direction.objects.update(step=2, held=None)
            screen.until_raised("5.00")

    def test_a_draft_has_no_hall_to_watch(self) -> None:
        make_appeal(status=Appeal.Status.DRAFT)

        with running_hub() as hall:
            assert hall.refused("/live/appeals/rally/hall").status == 404
            assert hall.refused("/live/appeals/rally/hall/").status == 404


class TestOutages:
    def test_what_came_while_nobody_listened_is_shown_afterwards(self) -> None:
        appeal = make_appeal()

        with running_hub(reread_seconds=600) as hall:
            browser = hall.open("/live/appeals/rally")
            browser.until_raised("0.00")
            assert terminate("listening") == 1
            collect(appeal, gbp(5))  # announced to nobody
            browser.until_raised("5.00")
            collect(appeal, gbp(5))
            browser.until_raised("10.00")

    def test_a_reading_that_fails_is_tried_again(self) -> None:
        appeal = make_appeal()

        with running_hub(reread_seconds=600) as hall:
            browser = hall.open("/live/appeals/rally")
            browser.until_raised("0.00")
            assert terminate("reading") >= 1
            collect(appeal, gbp(5))
            browser.until_raised("5.00")

    def test_whoever_comes_while_nothing_can_be_read_is_asked_to_poll(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make_appeal()

        def fail() -> None:
            raise RuntimeError("the books cannot be read")

        monkeypatch.setattr(readings, "_read_directory", fail)

        with running_hub(reread_seconds=600) as hall:
            browser = hall.refused("/live/appeals/rally")
            assert browser.status == 503
            assert int(browser.headers[b"retry-after"]) >= 10
            monkeypatch.undo()
            time.sleep(0.8)
            again = hall.open("/live/appeals/rally")
            again.until_raised("0.00")


class TestSeats:
    def test_more_streams_than_seats_are_asked_to_poll(self) -> None:
        make_appeal()

        with running_hub(max_streams=2) as hall:
            first, second = (hall.open("/live/appeals/rally") for _ in range(2))
            first.until_raised("0.00")
            second.until_raised("0.00")
            third = hall.refused("/live/appeals/rally")
            assert third.status == 503
            assert third.headers[b"access-control-allow-origin"] == b"*"

            first.leave()
            fourth = hall.open("/live/appeals/rally")
            fourth.until_raised("0.00")

    def test_whoever_leaves_costs_nothing_more(self) -> None:
        make_appeal()

        with running_hub() as hall:
            browsers = [hall.open("/live/appeals/rally") for _ in range(20)]
            for browser in browsers:
                browser.until_raised("0.00")
            assert hall.streams == 20
            for browser in browsers:
                browser.leave()
            assert hall.streams == 0

    def test_the_end_closes_every_stream_and_opens_no_more(self) -> None:
        make_appeal()

        with running_hub() as hall:
            browsers = [hall.open("/live/appeals/rally") for _ in range(5)]
            for browser in browsers:
                browser.until_raised("0.00")
            hall.end_streams()
            assert all(browser.is_ended for browser in browsers)
            late = hall.refused("/live/appeals/rally")
            assert late.status == 503


class TestRefusals:
    @pytest.mark.parametrize(
        "path",
        [
            "/live/appeals/draft",
            "/live/appeals/unknown",
            "/live/appeals/",
            "/live/appeals/rally/",
            "/live/",
            "/live/appeals/" + "x" * 51,
        ],
    )
    def test_what_may_not_be_watched_is_not_found(self, path: str) -> None:
        make_appeal()
        make_appeal("draft", status=Appeal.Status.DRAFT)

        with running_hub() as hall:
            browser = hall.refused(path)
            assert browser.status == 404

    def test_a_stream_can_only_be_read(self) -> None:
        make_appeal()

        with running_hub() as hall:
            browser = hall.refused("/live/appeals/rally", method="POST")
            assert browser.status == 405
            assert browser.headers[b"allow"] == b"GET, HEAD"

    def test_head_tells_of_the_stream_without_opening_one(self) -> None:
        make_appeal()

        with running_hub() as hall:
            browser = hall.refused("/live/appeals/rally", method="HEAD")
            assert browser.status == 200
            assert browser.events == []
            assert browser.headers[b"cache-control"] == b"no-cache, no-transform"
            assert browser.headers[b"x-accel-buffering"] == b"no"
            assert browser.headers[b"access-control-allow-origin"] == b"*"
            assert hall.streams == 0


def test_a_league_row_is_told_with_the_money() -> None:
    leeds = make_branch("Leeds")
    appeal = make_appeal(branch_targets=[(leeds, gbp(100))])

    with running_hub(reread_seconds=600) as hall:
        browser = hall.open("/live/appeals/rally")
        browser.until_raised("0.00")
        collect(appeal, gbp(152), branch=leeds)
        browser.until_raised("152.00")
        (row,) = browser.readings[-1]["league"]
        assert (row["rank"], row["branch"], row["percent"]) == (1, "leeds", 152)
