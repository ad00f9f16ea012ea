"""What the hall sees: the contract of its reading, from the books."""

import itertools
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from appeals.accounts import appeal_account
from appeals.models import Appeal, AppealAccount, Direction, HeldFigures
from appeals.stage.hall import read_figures, read_hall
from appeals.stage.hall_json import encode_hall, hall_etag, hall_json
from appeals.stage.keeping import keep, read_kept
from funds.ledger import Kind, credit, debit, post_entry, reverse_entry
from funds.models import JournalEntry
from tests.appeals.books import receive, refund
from tests.factories import TODAY, gbp, make_appeal, make_branch

pytestmark = pytest.mark.django_db

Role = AppealAccount.Role
_numbers = itertools.count(1)


def money(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "GBP"}


def read(appeal: Appeal) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(encode_hall(read_hall(appeal)))
    return data


def hall(appeal: Appeal) -> dict[str, Any]:
    data: dict[str, Any] = read(appeal)["hall"]
    return data


def hold(appeal: Appeal) -> None:
    kept = HeldFigures.objects.create(
        appeal=appeal,
        held_at=datetime(2026, 11, 21, 20, 14, tzinfo=UTC),
        figures=keep(read_figures(appeal)),
    )
    Direction.objects.update_or_create(appeal=appeal, defaults={"held": kept})


class TestContract:
    def test_an_appeal_that_nobody_directs_shows_its_thermometer(self, client: Client) -> None:
        appeal = make_appeal(stretch_targets=[Decimal(40_000), Decimal(35_000)])

        reading = read(appeal)

        usual = client.get("/api/v1/appeals/rally/").json()
        assert list(reading) == [*usual, "hall"]
        assert reading["hall"] == {
            "step": 0,
            "scene": "thermometer",
            "notice": "",
            "shows_promised": False,
            "is_held": False,
            "held_at": None,
            "milestones": [
                {"percent": 25, "amount": money("7500.00")},
                {"percent": 50, "amount": money("15000.00")},
                {"percent": 75, "amount": money("22500.00")},
                {"percent": 100, "amount": money("30000.00")},
                {"percent": None, "amount": money("35000.00")},
                {"percent": None, "amount": money("40000.00")},
            ],
            "next_milestone": {
                "percent": 25,
                "amount": money("7500.00"),
                "to_go": money("7500.00"),
            },
            "announces_milestone": False,
            "layers": {"received": money("0.00"), "counted": money("0.00"), "promised": None},
            "lowered": None,
            "just_in": [],
        }

    def test_the_usual_figures_are_the_public_ones(self, client: Client) -> None:
        appeal = make_appeal()
        receive(appeal, gbp("25.50"), branch=make_branch())

        reading = read(appeal)
        usual = client.get("/api/v1/appeals/rally/").json()

        del reading["hall"]
        assert {**reading, "as_at": ""} == {**usual, "as_at": ""}

    def test_it_takes_three_queries_however_much_there_is(
        self, django_assert_num_queries: Any
    ) -> None:
        appeal = make_appeal()
        for name in ("Leeds", "York", "Hull"):
            receive(appeal, gbp(5), branch=make_branch(name))

        with django_assert_num_queries(3):
            read_hall(appeal)


class TestMilestones:
    def test_the_next_one_is_the_first_that_is_not_reached_to_the_penny(self) -> None:
        appeal = make_appeal(target=gbp(100), stretch_targets=[Decimal(150)])

        receive(appeal, gbp("24.99"))
        assert hall(appeal)["next_milestone"]["to_go"] == money("0.01")
        receive(appeal, gbp("0.01"))
        assert hall(appeal)["next_milestone"]["percent"] == 50
        receive(appeal, gbp(75))
        assert hall(appeal)["next_milestone"] == {
            "percent": None,
            "amount": money("150.00"),
            "to_go": money("50.00"),
        }
        receive(appeal, gbp(50))
        assert hall(appeal)["next_milestone"] is None

    def test_a_milestone_is_the_least_sum_of_so_many_percent(self) -> None:
        appeal = make_appeal(target=gbp("100.01"))

        assert hall(appeal)["milestones"][0] == {"percent": 25, "amount": money("25.01")}
        receive(appeal, gbp("25.01"))
        assert read(appeal)["percent"] == 25

    def test_a_stretch_target_below_the_target_is_no_milestone(self) -> None:
        appeal = make_appeal(target=gbp(100), stretch_targets=[Decimal(100), Decimal(50)])

        assert [one["percent"] for one in hall(appeal)["milestones"]] == [25, 50, 75, 100]


class TestLayers:
    def test_received_and_counted_add_up_to_what_is_raised(self) -> None:
        appeal = make_appeal()
        receive(appeal, gbp(70), role=Role.CARD)
        receive(appeal, gbp("30.50"), role=Role.CASH)

        assert read(appeal)["raised"] == money("100.50")
        assert hall(appeal)["layers"] == {
            "received": money("70.00"),
            "counted": money("30.50"),
            "promised": None,
        }

    def test_cash_in_hand_that_is_not_raised_is_in_no_layer(self) -> None:
        appeal = make_appeal()
        receive(appeal, gbp(20), role=Role.CASH)
        refund(appeal, gbp(5))

        assert hall(appeal)["layers"]["received"] == money("0.00")
        assert hall(appeal)["layers"]["counted"] == money("15.00")

    def test_what_is_promised_is_told_only_where_it_is_shown(self) -> None:
        appeal = make_appeal()
        appeal.promises.create(amount=gbp(40), kind="pledge", source_key="pledge:1")

        assert hall(appeal)["layers"]["promised"] is None
        Direction.objects.create(appeal=appeal, shows_promised=True)
        assert hall(appeal)["layers"]["promised"] == money("40.00")


class TestJustIn:
    def test_the_newest_come_first_with_branch_and_road(self) -> None:
        appeal = make_appeal()
        receive(appeal, gbp(10), role=Role.TRANSFER)
        receive(appeal, gbp(25), role=Role.CARD, branch=make_branch("Leeds"))

        newest, older = hall(appeal)["just_in"]

        assert (newest["amount"], newest["branch"], newest["method"]) == (
            *(money("25.00"), "Leeds", "card"),
        )
        assert (older["amount"], older["branch"], older["method"]) == (
            *(money("10.00"), None, "transfer"),
        )
        assert newest["key"] != older["key"]
        assert read(appeal)["as_at"] >= newest["at"]

    def test_there_are_at_most_five(self) -> None:
        appeal = make_appeal()
        for pounds in range(1, 8):
            receive(appeal, gbp(pounds))

        amounts = [one["amount"]["amount"] for one in hall(appeal)["just_in"]]
        assert amounts == ["7.00", "6.00", "5.00", "4.00", "3.00"]

    def test_keys_stay_from_one_reading_to_the_next(self) -> None:
        appeal = make_appeal()
        receive(appeal, gbp(10))

        assert hall(appeal)["just_in"] == hall(appeal)["just_in"]

    def test_money_of_half_an_hour_ago_is_no_news(self) -> None:
        appeal = make_appeal()
        self._receive_earlier(appeal, minutes=31)

        assert hall(appeal)["just_in"] == []
        self._receive_earlier(appeal, minutes=29)
        assert len(hall(appeal)["just_in"]) == 1

    def test_what_was_reversed_did_not_come(self) -> None:
        appeal = make_appeal()
        receive(appeal, gbp(10), role=Role.CASH)
        reverse_entry(JournalEntry.objects.get(), reason="typed twice", occurred_on=TODAY)

        assert hall(appeal)["just_in"] == []

    def test_of_an_appeal_with_private_standings_no_branch_is_named(self) -> None:
        appeal = make_appeal(show_league=False)
        receive(appeal, gbp(10), branch=make_branch())

        assert hall(appeal)["just_in"][0]["branch"] is None

    def test_money_of_other_appeals_is_not_this_ones(self) -> None:
        appeal, other = make_appeal(), make_appeal("camp")
        receive(other, gbp(10))

        assert hall(appeal)["just_in"] == []

    @staticmethod
    def _receive_earlier(appeal: Appeal, *, minutes: int) -> None:
        """As ``receive``, posted some time ago."""
        with connection.cursor() as cursor:
            cursor.execute(
                "ALTER TABLE funds_journalentry ALTER posted_at SET DEFAULT"
                f" now() - interval '{minutes} minutes'"
            )
            receive(appeal, gbp(10))
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("ALTER TABLE funds_journalentry ALTER posted_at SET DEFAULT now()")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")


class TestLowered:
    def test_a_refund_says_so(self) -> None:
        appeal = make_appeal()
        receive(appeal, gbp(100))
        assert hall(appeal)["lowered"] is None

        refund(appeal, gbp(30))

        lowered = hall(appeal)["lowered"]
        assert (lowered["why"], lowered["amount"]) == ("refund", money("30.00"))
        assert lowered["at"].endswith("Z")

    def test_a_dispute_says_so(self) -> None:
        appeal = make_appeal()
        receive(appeal, gbp(100), role=Role.CASH)
        self._take_away(appeal, kind=Kind.CARD_DISPUTED)

        assert hall(appeal)["lowered"]["why"] == "dispute"

    def test_a_reversal_is_a_correction(self) -> None:
        appeal = make_appeal()
        receive(appeal, gbp(10), role=Role.CASH)
        reverse_entry(JournalEntry.objects.get(), reason="typed twice", occurred_on=TODAY)

        lowered = hall(appeal)["lowered"]
        assert (lowered["why"], lowered["amount"]) == ("correction", money("10.00"))

    def test_what_moves_between_branches_lowers_nothing(self) -> None:
        appeal = make_appeal()
        receive(appeal, gbp(10), branch=make_branch("Leeds"))
        income = appeal_account(appeal, Role.CARD)
        post_entry(
            source_key=f"test:{next(_numbers)}:moved",
            kind=Kind.REVERSAL,
            occurred_on=TODAY,
            memo="",
            lines=[
                debit(income, gbp(10), branch=make_branch("Leeds")),
                credit(income, gbp(10), branch=make_branch("York")),
            ],
        )

        assert hall(appeal)["lowered"] is None

    @staticmethod
    def _take_away(appeal: Appeal, *, kind: Kind) -> None:
        post_entry(
            source_key=f"test:{next(_numbers)}:taken",
            kind=kind,
            occurred_on=TODAY,
            memo="",
            lines=[
                debit(appeal_account(appeal, Role.CARD), gbp(5)),
                credit(appeal_account(appeal, Role.CASH_IN_HAND), gbp(5)),
            ],
        )


class TestHeld:
    def test_every_figure_is_of_the_moment_of_holding(self) -> None:
        leeds = make_branch()
        appeal = make_appeal(branch_targets=[(leeds, gbp(100))], stretch_targets=[Decimal(40_000)])
        receive(appeal, gbp(29_950), branch=leeds)
        refund(appeal, gbp(1))
        before = read(appeal)
        hold(appeal)

        receive(appeal, gbp(325), branch=leeds, role=Role.CASH)
        appeal.promises.create(amount=gbp(40), kind="pledge", source_key="pledge:1")
        held = read(appeal)

        goes_on = {"sequence", "epoch", "as_at", "hall"}
        assert {k: v for k, v in held.items() if k not in goes_on} == {
            k: v for k, v in before.items() if k not in goes_on
        }
        assert held["sequence"] > before["sequence"]
        direction = {"is_held", "held_at"}
        assert {k: v for k, v in held["hall"].items() if k not in direction} == {
            k: v for k, v in before["hall"].items() if k not in direction
        }
        assert held["hall"]["is_held"]
        assert held["hall"]["held_at"] == "2026-11-21T20:14:00Z"
        assert "30275" not in json.dumps(held)

    def test_what_is_promised_may_be_shown_as_it_was(self) -> None:
        appeal = make_appeal()
        appeal.promises.create(amount=gbp(40), kind="pledge", source_key="pledge:1")
        hold(appeal)
        appeal.promises.create(amount=gbp(50), kind="pledge", source_key="pledge:2")
        Direction.objects.update(shows_promised=True)

        assert hall(appeal)["layers"]["promised"] == money("40.00")

    def test_standings_that_are_private_now_are_private(self) -> None:
        appeal = make_appeal()
        receive(appeal, gbp(10), branch=make_branch())
        hold(appeal)
        Appeal.objects.update(show_league=False)

        now = read(Appeal.objects.get())
        assert now["league"] == []
        assert now["hall"]["just_in"][0]["branch"] is None

    def test_kept_figures_are_read_again_as_they_were(self) -> None:
        leeds = make_branch()
        appeal = make_appeal(branch_targets=[(leeds, gbp(100))], stretch_targets=[Decimal(40_000)])
        receive(appeal, gbp(40), branch=leeds)
        refund(appeal, gbp(5), branch=leeds)
        figures = read_figures(appeal)

        assert read_kept(json.loads(json.dumps(keep(figures)))) == figures


class TestEtag:
    def test_time_alone_is_no_news(self) -> None:
        appeal = make_appeal()

        assert hall_etag(read_hall(appeal)) == hall_etag(read_hall(appeal))

    def test_direction_is_news(self, client: Client) -> None:
        appeal = make_appeal()
        etag = client.get("/api/v1/appeals/rally/hall/")["ETag"]
        again = client.get("/api/v1/appeals/rally/hall/", headers={"If-None-Match": etag})
        assert again.status_code == 304

        Direction.objects.create(appeal=appeal, scene="league", step=1)

        after = client.get("/api/v1/appeals/rally/hall/", headers={"If-None-Match": etag})
        assert after.status_code == 200
        assert after.json()["hall"]["scene"] == "league"
        assert after["Access-Control-Allow-Origin"] == "*"

    def test_a_draft_has_no_hall(self, client: Client) -> None:
        make_appeal(status=Appeal.Status.DRAFT)

        answer = client.get("/api/v1/appeals/rally/hall/")

        assert answer.status_code == 404
        assert answer.json() == {"error": "no such appeal"}


def test_the_json_names_nobody(client: Client) -> None:
    appeal = make_appeal()
    receive(appeal, gbp(10), branch=make_branch())

    (one,) = hall_json(read_hall(appeal))["hall"]["just_in"]
    assert list(one) == ["key", "amount", "branch", "method", "at"]
