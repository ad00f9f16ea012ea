"""The hall screen as the server writes it, and its QR code."""

import io
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
import segno
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from appeals.models import Appeal
from appeals.progress import Reading
from appeals.screen import Screen, draw_tube
from appeals.window import Phase
from funds.money import Money
from tests.factories import gbp, make_appeal, make_branch
from tests.live.posting import collect
from tests.live.test_topic import READING


def reading(*, raised: Money, target: Money, stretch: Money | None = None) -> Reading:
    return replace(READING, raised=raised, target=target, stretch_target=stretch)


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
        tube = draw_tube(
            reading(
                raised=gbp(raised),
                target=gbp(30_000),
                stretch=gbp(stretch) if stretch else None,
            )
        )

        assert (tube.fill, tube.target_line) == (fill, line)
        assert tube.has_stretch == (stretch is not None and fill < 1000)


class TestScreen:
    def test_the_total_is_split_into_pounds_and_pence(self) -> None:
        screen = Screen(
            reading(raised=gbp("12345678.90"), target=gbp(1)), Phase.OPEN, "https://x.example/"
        )

        assert (screen.pounds, screen.pence) == ("£12,345,678", ".90")
        assert screen.total_length == 11

    def test_the_address_is_as_people_type_it(self) -> None:
        screen = Screen(READING, Phase.OPEN, "https://give.example.org/g/rally/")

        assert screen.short_address == "give.example.org/g/rally"

    @pytest.mark.parametrize(
        ("length", "size"),
        [(5, "large"), (18, "large"), (19, "medium"), (70, "small"), (120, "tiny")],
    )
    def test_a_longer_title_is_set_smaller(self, length: int, size: str) -> None:
        screen = Screen(replace(READING, title="x" * length), Phase.OPEN, "")

        assert screen.title_size == size


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
        assert 'src="/live/appeals/rally"' in page
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
