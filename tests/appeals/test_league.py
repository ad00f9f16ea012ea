from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from appeals.league import Standing, rank_standings, whole_percent
from tests.factories import gbp


def standing(name: str, raised_minor: int, target_minor: int = 0) -> Standing:
    return Standing(name.lower(), name, "Region", raised_minor, target_minor)


def places(*standings: Standing) -> list[tuple[int, str]]:
    return [(row.rank, row.name) for row in rank_standings(standings, "GBP")]


def test_the_best_part_of_its_own_target_leads_not_the_most_money() -> None:
    assert places(standing("Leeds", 90_000, 100_000), standing("Hull", 10_000, 10_000)) == [
        (1, "Hull"),
        (2, "Leeds"),
    ]


def test_two_branches_a_penny_apart_do_not_tie() -> None:
    # Both are 33 percent when rounded.
    assert places(standing("Leeds", 33_333, 100_000), standing("Hull", 33_334, 100_000)) == [
        (1, "Hull"),
        (2, "Leeds"),
    ]


def test_equal_in_ratio_the_more_money_stands_first_and_does_not_share_the_place() -> None:
    assert places(standing("Leeds", 5_000, 10_000), standing("Hull", 50_000, 100_000)) == [
        (1, "Hull"),
        (2, "Leeds"),
    ]


def test_equal_in_ratio_and_money_share_a_place_and_the_next_is_skipped() -> None:
    assert places(
        standing("York", 100, 10_000),
        standing("Leeds", 5_000, 10_000),
        standing("Hull", 5_000, 10_000),
    ) == [(1, "Hull"), (1, "Leeds"), (3, "York")]


def test_branches_without_a_target_stand_below_by_money_with_places_of_their_own() -> None:
    assert places(
        standing("Rich", 1_000_000),
        standing("Tied", 500),
        standing("Also tied", 500),
        standing("Small", 1, 1_000),
    ) == [(1, "Small"), (1, "Rich"), (2, "Also tied"), (2, "Tied")]


def test_a_branch_that_refunded_more_than_it_took_is_last_at_no_percent() -> None:
    worst = rank_standings([standing("Leeds", -500, 1_000), standing("Hull", 0, 1_000)], "GBP")[-1]

    assert (worst.name, worst.raised, worst.percent, worst.fill_percent) == ("Leeds", gbp(-5), 0, 0)


def test_the_bar_ends_at_the_target_while_the_figure_goes_on() -> None:
    (row,) = rank_standings([standing("Leeds", 25_000, 10_000)], "GBP")

    assert (row.percent, row.fill_percent) == (250, 100)


def test_a_percent_is_rounded_down_so_that_a_hundred_is_never_a_lie() -> None:
    assert whole_percent(2_999_999, 3_000_000) == 99
    assert whole_percent(3_000_000, 3_000_000) == 100
    assert whole_percent(-1, 3_000_000) == 0


def test_ratios_that_differ_at_the_far_end_of_a_bigint_do_not_tie() -> None:
    huge = 2**62

    assert places(standing("Leeds", huge - 2, huge - 1), standing("Hull", huge - 1, huge)) == [
        (1, "Hull"),
        (2, "Leeds"),
    ]


@given(
    st.lists(st.tuples(st.integers(-10_000, 10**9), st.integers(0, 10**7)), min_size=1, max_size=40)
)
def test_every_branch_has_one_row_and_no_better_one_stands_below(
    figures: list[tuple[int, int]],
) -> None:
    given_ = [standing(f"B{number:02}", *pair) for number, pair in enumerate(figures)]

    rows = rank_standings(given_, "GBP")

    assert sorted(row.name for row in rows) == [each.name for each in given_]
    assert sum(row.raised.amount * 100 for row in rows) == sum(raised for raised, _ in figures)
    with_target = [row for row in rows if row.target is not None]
    assert with_target == rows[: len(with_target)]
    by_ratio = [
        (Fraction(row.raised.amount) / Fraction(row.target.amount), row.raised.amount)
        for row in with_target
        if row.target is not None
    ]
    assert by_ratio == sorted(by_ratio, reverse=True)
    for place, (row, ratio) in enumerate(zip(with_target, by_ratio, strict=True), start=1):
        assert row.rank == by_ratio.index(ratio) + 1 <= place
