from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appeals.announce import announce_change
from appeals.models import Appeal, BranchTarget, Promise
from appeals.progress import read_reading, read_readings
from appeals.reading_json import reading_json
from funds.models import Branch, Region
from funds.money import Money, zero
from tests.appeals.books import Role, receive, refund
from tests.factories import gbp, make_appeal, make_branch, make_region

pytestmark = pytest.mark.django_db


def make_branches(count: int) -> list[Branch]:
    region: Region = make_region()
    return Branch.objects.bulk_create(
        Branch(region=region, name=f"Branch {number:03}", slug=f"branch-{number:03}")
        for number in range(count)
    )


def count_queries(appeal: Appeal) -> int:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        read_reading(appeal)
    return len(queries)


class TestFigures:
    def test_an_appeal_without_money_reads_nothing_of_its_target(self) -> None:
        reading = read_reading(make_appeal(target=gbp(30_000)))

        assert (reading.raised, reading.percent, reading.to_go) == (gbp(0), 0, gbp(30_000))
        assert (reading.promised, reading.counted_not_banked) == (gbp(0), gbp(0))
        assert reading.league == []

    def test_every_road_adds_to_what_was_raised(self) -> None:
        appeal = make_appeal(target=gbp(30_000))
        for role, amount in (
            (Role.CARD, "20110.50"),
            (Role.CASH, "9310.00"),
            (Role.TRANSFER, "12490.50"),
            (Role.SALES, "110.00"),
        ):
            receive(appeal, gbp(amount), role=role)

        reading = read_reading(appeal)

        assert reading.raised == gbp(42_021)
        assert reading.percent == 140
        assert reading.to_go == gbp(0)
        assert {road: str(money.amount) for road, money in reading.by_method.items()} == {
            "card": "20110.50",
            "cash": "9310.00",
            "transfer": "12490.50",
            "sales": "110.00",
        }
        assert reading.counted_not_banked == gbp(9_420)
        assert (reading.card_donations, reading.collections) == (1, 1)

    def test_a_partial_refund_lowers_the_total_and_the_branch_at_once(self) -> None:
        leeds = make_branch("Leeds")
        appeal = make_appeal(target=gbp(100), branch_targets=[(leeds, gbp(100))])
        receive(appeal, gbp(100), branch=leeds)

        refund(appeal, gbp("0.01"), branch=leeds)

        reading = read_reading(appeal)
        assert reading.raised == gbp("99.99")
        assert reading.percent == 99
        assert not reading.is_target_reached
        assert reading.league[0].percent == 99

    def test_the_penny_that_is_missing_keeps_the_target_unreached(self) -> None:
        appeal = make_appeal(target=gbp(30_000))
        receive(appeal, gbp("29999.99"))
        assert read_reading(appeal).percent == 99

        receive(appeal, gbp("0.01"))

        reading = read_reading(appeal)
        assert reading.percent == 100
        assert reading.is_target_reached

    def test_a_promise_is_shown_and_not_raised(self) -> None:
        appeal = make_appeal()
        for key, amount, state in (
            ("a", 1000, Promise.State.OPEN),
            ("b", 250, Promise.State.OPEN),
            ("c", 77, Promise.State.KEPT),
            ("d", 88, Promise.State.LAPSED),
        ):
            Promise.objects.create(
                appeal=appeal, amount=gbp(amount), kind="pledge", source_key=key, state=state
            )

        reading = read_reading(appeal)

        assert reading.promised == gbp(1250)
        assert reading.raised == gbp(0)
        assert reading.percent == 0

    def test_what_is_promised_every_month_is_no_part_of_any_other_sum(self) -> None:
        appeal = make_appeal()
        for key, amount, kind in (("a", 340, "monthly"), ("b", 250, "pledge"), ("c", 8, "delayed")):
            Promise.objects.create(appeal=appeal, amount=gbp(amount), kind=kind, source_key=key)
        Promise.objects.create(
            appeal=appeal, amount=gbp(5), kind="monthly", source_key="d", state="lapsed"
        )

        reading = read_reading(appeal)

        assert (reading.promised_monthly, reading.promised) == (gbp(340), gbp(258))
        assert reading.raised == gbp(0)
        assert reading_json(reading)["promised_monthly"] == {"amount": "340.00", "currency": "GBP"}

    def test_the_stretch_target_comes_once_the_target_is_reached_and_the_last_one_stays(
        self,
    ) -> None:
        appeal = make_appeal(target=gbp(100), stretch_targets=[Decimal(300), Decimal(200)])
        stretches = []
        for _ in range(4):
            stretches.append(read_reading(appeal).stretch_target)
            receive(appeal, gbp(100))

        assert stretches == [None, gbp(200), gbp(300), gbp(300)]

    def test_amounts_have_all_their_decimals_whether_saved_or_fresh(self) -> None:
        appeal = make_appeal(target=gbp(30_000))

        json = reading_json(read_reading(appeal))

        assert json["target"] == {"amount": "30000.00", "currency": "GBP"}
        assert json["promised"] == json["raised"] == {"amount": "0.00", "currency": "GBP"}


class TestLeague:
    def test_money_of_no_branch_is_a_line_of_its_own_and_all_adds_up(self) -> None:
        leeds, hull, york = make_branch("Leeds"), make_branch("Hull"), make_branch("York")
        appeal = make_appeal(branch_targets=[(leeds, gbp(100)), (york, gbp(50))])
        receive(appeal, gbp("33.33"), branch=leeds)
        receive(appeal, gbp("12.34"), branch=hull, role=Role.CASH)
        receive(appeal, gbp("3411.20"), role=Role.TRANSFER)

        reading = read_reading(appeal)

        assert [(row.rank, row.name, row.raised, row.percent) for row in reading.league] == [
            (1, "Leeds", gbp("33.33"), 33),
            (2, "York", gbp(0), 0),
            (1, "Hull", gbp("12.34"), None),
        ]
        assert reading.no_branch == gbp("3411.20")
        assert [row.name for row in reading.ranked] == ["Leeds", "York"]
        assert [row.name for row in reading.unranked] == ["Hull"]

    def test_standings_that_an_appeal_keeps_to_itself_are_not_in_the_json(self) -> None:
        leeds = make_branch("Leeds")
        appeal = make_appeal(show_league=False, branch_targets=[(leeds, gbp(100))])
        receive(appeal, gbp(10), branch=leeds)
        receive(appeal, gbp(5))

        reading = read_reading(appeal)
        json = reading_json(reading)

        assert [row.name for row in reading.league] == ["Leeds"]
        assert json["league"] == []
        assert json["no_branch"] == json["raised"] == {"amount": "15.00", "currency": "GBP"}

    @settings(
        max_examples=25,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(
        st.lists(
            st.tuples(
                st.sampled_from([Role.CARD, Role.CASH, Role.TRANSFER, Role.SALES, None]),
                st.integers(1, 10_000_000),
                st.integers(0, 4),
            ),
            max_size=15,
        )
    )
    def test_rows_and_the_branchless_line_add_up_to_the_total_whatever_was_booked(
        self, bookings: list[tuple[Role | None, int, int]]
    ) -> None:
        with transaction.atomic():
            branches: list[Branch | None] = [*make_branches(4), None]
            with_target = [branch for branch in branches[:2] if branch is not None]
            appeal = make_appeal(branch_targets=[(each, gbp(7)) for each in with_target])
            for role, pence, which in bookings:
                amount = gbp(Decimal(pence) / 100)
                if role is None:
                    refund(appeal, amount, branch=branches[which])
                else:
                    receive(appeal, amount, role=role, branch=branches[which])

            reading = read_reading(appeal)

            booked = sum((-p if r is None else p for r, p, _ in bookings), 0)
            rows = sum((row.raised for row in reading.league), zero("GBP"))
            assert reading.raised == gbp(Decimal(booked) / 100)
            assert rows + reading.no_branch == reading.raised
            assert sum(reading.by_method.values(), zero("GBP")) == reading.raised
            transaction.set_rollback(True)


class TestSequence:
    def test_it_grows_with_every_posting_and_every_change(self) -> None:
        appeal = make_appeal()
        seen = [read_reading(appeal).sequence]

        receive(appeal, gbp(1))
        seen.append(read_reading(appeal).sequence)
        refund(appeal, gbp(1))
        seen.append(read_reading(appeal).sequence)
        announce_change(appeal.pk)
        appeal.refresh_from_db()
        seen.append(read_reading(appeal).sequence)

        assert seen == sorted(set(seen))

    def test_the_money_of_one_appeal_does_not_move_another(self) -> None:
        rally, premises = make_appeal("rally"), make_appeal("premises")
        before = read_reading(premises)

        receive(rally, gbp(100), branch=make_branch())

        after = read_reading(premises)
        assert (after.sequence, after.raised) == (before.sequence, before.raised)


class TestCost:
    def test_a_reading_takes_as_many_queries_for_500_branches_as_for_10(self) -> None:
        few, many = make_appeal("few"), make_appeal("many")
        branches = make_branches(500)
        for appeal, own in ((few, branches[:10]), (many, branches)):
            BranchTarget.objects.bulk_create(
                BranchTarget(appeal=appeal, branch=branch, target=gbp(100)) for branch in own
            )
            receive(appeal, gbp(5), branch=branches[0])

        assert len(read_reading(many).league) == 500
        assert count_queries(few) == count_queries(many) == 1

    def test_many_readings_take_as_many_queries_as_one(self) -> None:
        appeals = [make_appeal(f"appeal-{number}") for number in range(8)]
        for number, appeal in enumerate(appeals):
            receive(appeal, gbp(number + 1), branch=make_branch(f"Branch {number}"))

        with CaptureQueriesContext(connection) as queries:
            readings = read_readings(appeals)

        assert [reading.raised for reading in readings] == [gbp(n + 1) for n in range(8)]
        assert len(queries) == 1

    def test_appeals_of_two_currencies_are_read_together(self) -> None:
        pounds = make_appeal("pounds")
        euros = make_appeal("euros", target=Money(500, "EUR"))
        receive(euros, Money(Decimal("12.50"), "EUR"), branch=make_branch())
        Promise.objects.create(appeal=euros, amount=Money(7, "EUR"), kind="pledge", source_key="k")

        in_pounds, in_euros = read_readings([pounds, euros])

        assert (in_pounds.raised, in_pounds.promised) == (gbp(0), gbp(0))
        assert in_euros.raised == in_euros.league[0].raised == Money(Decimal("12.50"), "EUR")
        assert in_euros.promised == Money(7, "EUR")

    def test_no_appeals_take_no_query(self) -> None:
        with CaptureQueriesContext(connection) as queries:
            assert read_readings([]) == []

        assert len(queries) == 0
