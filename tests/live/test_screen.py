"""The hall screen as the server writes it, and its QR code."""

import io
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import segno
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from appeals.league import Standing, rank_standings
from appeals.models import Appeal, Direction, Promise
from appeals.promises import set_promise
from appeals.screen import Screen, draw_tube
from appeals.stage.figures import HallFigures, JustIn
from appeals.stage.hall import HallReading
from appeals.window import Phase
from tests.appeals.books import Role, receive, refund
from tests.appeals.stage.directing import Command, Scene, chair, say
from tests.appeals.test_public_pages import get_words
from tests.factories import gbp, make_appeal, make_branch
from tests.live.posting import collect
from tests.live.test_topic import READING


def make_hall(**fields: Any) -> HallReading:
    """What a hall that nobody directs sees; fields of ``HallReading`` and ``HallFigures`` win."""
    figures: dict[str, Any] = {"reading": READING, "stretches": [], "lowered": None, "just_in": []}
    for name in figures.keys() & fields.keys():
        figures[name] = fields.pop(name)
    hall: dict[str, Any] = {
        "figures": HallFigures(**figures),
        "step": 0,
        "scene": Direction.Scene.THERMOMETER,
        "notice": "",
        "shows_promised": False,
        "announces_milestone": False,
        "held_at": None,
    }
    return HallReading(**{**hall, **fields})


def make_screen(**fields: Any) -> Screen:
    return Screen(make_hall(**fields), Phase.OPEN, "https://give.example.org/appeals/rally/give/")


def hall_of(
    raised: str, *, target: int = 30_000, stretch: int | None = None, **fields: Any
) -> HallReading:
    return make_hall(
        reading=replace(
            READING,
            raised=gbp(raised),
            target=gbp(target),
            stretch_target=gbp(stretch) if stretch else None,
            counted_not_banked=gbp(fields.pop("in_hand", 0)),
            promised=gbp(fields.pop("promised", 0)),
        ),
        **fields,
    )


class TestTube:
    @pytest.mark.parametrize(
        ("raised", "stretch", "fill", "line"),
        [
            ("0", None, 0, 1000),
            ("-5", None, 0, 1000),
            ("29999.97", None, 999, 1000),
            ("30000", None, 1000, 1000),
            ("30000", 40_000, 750, 750),
            ("42021", None, 1000, 713),
            ("42021", 50_000, 840, 600),
            ("60000", 50_000, 1000, 500),
            ("300000", None, 1000, 100),
        ],
    )
    def test_the_tube_grows_once_the_target_is_reached(
        self, raised: str, stretch: int | None, fill: int, line: int
    ) -> None:
        tube = draw_tube(hall_of(raised, stretch=stretch))

        assert (tube.fill, tube.target_line) == (fill, line)
        assert tube.has_stretch == (stretch is not None and fill < 1000)

    @pytest.mark.parametrize(
        ("raised", "in_hand", "promised", "layers"),
        [
            ("15000", 0, 0, (500, 500, 500)),
            ("15000", 3_000, 0, (400, 500, 500)),
            ("15000", 3_000, 6_000, (400, 500, 700)),
            ("15000", 20_000, 0, (0, 500, 500)),
            ("15000", 0, 90_000, (500, 500, 1000)),
            ("30000", 0, 30_000, (500, 500, 1000)),
            ("-10", 0, 3_000, (0, 0, 100)),
        ],
    )
    def test_its_layers_lie_on_each_other_and_a_promise_fills_nothing(
        self, raised: str, in_hand: int, promised: int, layers: tuple[int, int, int]
    ) -> None:
        hall = hall_of(raised, in_hand=in_hand, promised=promised, shows_promised=True)

        tube = draw_tube(hall)

        assert (tube.received, tube.fill, tube.promised) == layers
        hidden = draw_tube(replace(hall, shows_promised=False))
        assert hidden.promised == hidden.fill

    def test_promises_beyond_the_next_target_move_its_line_down(self) -> None:
        tube = draw_tube(hall_of("30000", stretch=40_000, promised=30_000, shows_promised=True))

        assert (tube.fill, tube.target_line, tube.stretch_line) == (500, 500, 666)
        assert tube.has_stretch


class TestScreen:
    def test_the_total_is_split_into_pounds_and_pence(self) -> None:
        screen = make_screen(reading=replace(READING, raised=gbp("12345678.90"), target=gbp(1)))

        assert (screen.pounds, screen.pence) == ("£12,345,678", ".90")
        assert screen.total_length == 11

    def test_the_address_is_as_people_type_it(self) -> None:
        screen = replace(make_screen(), give_address="https://give.example.org/g/rally/")

        assert screen.short_address == "give.example.org/g/rally"

    @pytest.mark.parametrize(
        ("length", "size"),
        [(5, "large"), (18, "large"), (19, "medium"), (70, "small"), (120, "tiny")],
    )
    def test_a_longer_title_is_set_smaller(self, length: int, size: str) -> None:
        assert make_screen(reading=replace(READING, title="x" * length)).title_size == size

    def test_a_longer_notice_is_set_smaller(self) -> None:
        sizes = [make_screen(notice="x" * length).notice_size for length in (1, 30, 120, 200)]

        assert sizes == [13, 9, 6, 5]

    def test_held_figures_stand_as_of_the_holding(self) -> None:
        held_at = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)

        assert make_screen().as_at == READING.as_at
        assert make_screen(held_at=held_at).as_at == held_at

    @pytest.mark.parametrize(("is_public", "scene"), [(True, "league"), (False, "thermometer")])
    def test_a_league_table_that_there_is_not_gives_way(
        self, *, is_public: bool, scene: str
    ) -> None:
        league = rank_standings([Standing("leeds", "Leeds", "Yorkshire", 100, 100)], "GBP")
        reading = replace(READING, league=league, is_league_public=is_public)

        assert make_screen(reading=reading, scene=Direction.Scene.LEAGUE).scene == scene

    def test_only_what_came_in_the_last_minutes_came_just_now(self) -> None:
        def came(minutes: int) -> JustIn:
            at = READING.as_at - timedelta(minutes=minutes)
            return JustIn(str(minutes), gbp(5), "Leeds", "card", at)

        just_in = [came(minutes) for minutes in (0, 5, 6, 29)]

        assert [one.key for one in make_screen(just_in=just_in).just_in] == ["0", "5"]
        held_at = READING.as_at - timedelta(minutes=1)
        held = make_screen(just_in=just_in, held_at=held_at)
        assert [one.key for one in held.just_in] == ["0", "5", "6"]
        private = replace(READING, is_league_public=False)
        assert make_screen(just_in=just_in, reading=private).just_in[0].branch is None


@pytest.mark.django_db
class TestPage:
    def test_it_shows_what_came_the_table_and_the_way_to_give(self, client: Client) -> None:
        leeds = make_branch("Leeds")
        appeal = make_appeal(branch_targets=[(leeds, gbp(100))])
        collect(appeal, gbp("152.40"), branch=leeds)
        collect(appeal, gbp(10))

        page = client.get("/appeals/rally/screen/").content.decode()

        for text in ("£162", ".40", "Leeds", "£152.40", "152%", "No branch", "£10", "1 Example St"):
            assert text in page
        assert 'src="/live/appeals/rally/hall"' in page
        assert 'api="/api/v1/appeals/rally/hall/"' in page
        assert "testserver/g/rally" in page

    def test_titles_are_text(self, client: Client) -> None:
        make_appeal(title="<script>alert(1)</script>")

        page = client.get("/appeals/rally/screen/").content.decode()

        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)" in page

    def test_a_league_that_is_kept_back_is_not_shown(self, client: Client) -> None:
        leeds = make_branch("Leeds")
        appeal = make_appeal(branch_targets=[(leeds, gbp(100))], show_league=False)
        collect(appeal, gbp(5), branch=leeds)

        assert "Leeds" not in client.get("/appeals/rally/screen/").content.decode()

    def test_a_closed_appeal_shows_no_way_to_give(self, client: Client) -> None:
        make_appeal(status=Appeal.Status.CLOSED)

        page = client.get("/appeals/rally/screen/").content.decode()

        assert "qr.svg" not in page
        assert "Thank you" in page

    def test_an_appeal_that_has_run_out_shows_no_way_to_give(self, client: Client) -> None:
        make_appeal(closes_at=datetime(2026, 1, 2, tzinfo=UTC))

        assert "qr.svg" not in client.get("/appeals/rally/screen/").content.decode()

    @pytest.mark.parametrize("page", ["screen/", "qr.svg"])
    def test_a_draft_is_not_found(self, client: Client, page: str) -> None:
        make_appeal(status=Appeal.Status.DRAFT)

        assert client.get(f"/appeals/rally/{page}").status_code == 404
        assert client.get(f"/appeals/unknown/{page}").status_code == 404

    @pytest.mark.parametrize("branches", [1, 40])
    def test_it_costs_few_queries_however_many_branches(
        self,
        client: Client,
        django_assert_max_num_queries: DjangoAssertNumQueries,
        branches: int,
    ) -> None:
        targets = [(make_branch(f"Branch {number}"), gbp(10)) for number in range(branches)]
        make_appeal(branch_targets=targets, stretch_targets=[Decimal(40_000)])

        with django_assert_max_num_queries(10):
            assert client.get("/appeals/rally/screen/").status_code == 200

    def test_the_qr_code_leads_to_the_give_page(self, client: Client) -> None:
        make_appeal()
        expected = io.BytesIO()
        code = segno.make("http://testserver/g/rally/", error="m", micro=False)
        code.save(expected, kind="svg", border=4, dark="#000", light="#fff", xmldecl=False,
                  omitsize=True)  # fmt: skip

        answer = client.get("/appeals/rally/qr.svg")

        assert answer["Content-Type"] == "image/svg+xml"
        assert answer.content == expected.getvalue()


@pytest.mark.django_db
class TestDirected:
    """The page as the server writes it: right before any script runs, and without one."""

    def page(self, client: Client) -> str:
        return client.get("/appeals/rally/screen/").text

    def words(self, client: Client) -> str:
        return get_words(client, "/appeals/rally/screen/")

    @pytest.mark.parametrize("scene", [each for each in Scene if each != Scene.NOTICE])
    def test_it_comes_in_the_scene_that_was_chosen(self, client: Client, scene: Scene) -> None:
        appeal = make_appeal(branch_targets=[(make_branch("Leeds"), gbp(100))])
        say(appeal, Command.SCENE, scene=scene, by=chair())

        assert f'data-scene="{scene}"' in self.page(client)

    def test_a_notice_is_text(self, client: Client) -> None:
        say(make_appeal(), Command.NOTICE, notice="<b>Quiet</b>, please", by=chair())

        page = self.page(client)

        assert 'data-scene="notice"' in page
        assert "&lt;b&gt;Quiet&lt;/b&gt;, please" in page

    def test_held_the_page_holds_the_held_figure_alone(self, client: Client) -> None:
        appeal, by = make_appeal(), chair()
        receive(appeal, gbp(29_950))
        say(appeal, Command.HOLD, by=by)
        receive(appeal, gbp(325))

        page = self.page(client)

        assert "£29,950" in page
        assert "30,275" not in page
        assert "£325" not in page

    def test_each_layer_has_its_words_and_its_figure(self, client: Client) -> None:
        appeal = make_appeal()
        receive(appeal, gbp(100))
        receive(appeal, gbp("31.50"), role=Role.CASH)

        words = self.words(client)

        assert "£100 in the bank or on its way" in words
        assert "£31.50 counted tonight" in words
        assert "not in the total" not in words

    def test_what_is_promised_stands_there_only_when_the_stage_shows_it(
        self, client: Client
    ) -> None:
        appeal, by = make_appeal(), chair()
        set_promise(
            appeal=appeal,
            branch=None,
            amount=gbp(777),
            kind=Promise.Kind.PLEDGE,
            source_key="pledge:1",
        )
        assert "777" not in self.page(client)

        say(appeal, Command.SHOW_PROMISED, by=by)

        assert "£777 promised, not in the total" in self.words(client)
        assert "£0 raised" in self.words(client)

    def test_what_comes_next_is_said_when_the_stage_asks(self, client: Client) -> None:
        appeal = make_appeal()
        receive(appeal, gbp(29_950))
        assert "Next:" not in self.words(client)

        say(appeal, Command.ANNOUNCE, by=chair())

        assert "Next: £30,000, £50 to go" in self.words(client)

    def test_a_refund_says_so(self, client: Client) -> None:
        appeal = make_appeal()
        receive(appeal, gbp(100))
        refund(appeal, gbp(25))

        assert re.search(r"£25 was refunded at \d\d:\d\d", self.words(client))

    def test_what_came_just_now_names_a_branch_and_no_person(self, client: Client) -> None:
        appeal, leeds = make_appeal(), make_branch("Leeds")
        for role in Role.CARD, Role.CASH, Role.SALES, Role.TRANSFER:
            receive(appeal, gbp(25), role=role, branch=leeds)
        receive(appeal, gbp(10))

        page = self.page(client)

        line = re.findall(r'class="screen__arrival"[^>]*>([^<]*)<', page)
        assert line == [
            "£10 from a supporter",
            "£25 from Leeds",
            "£25 in sales by Leeds",
            "£25 collected by Leeds",
            "£25 from Leeds",
        ]
