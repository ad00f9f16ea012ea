from decimal import Decimal

from whipround.demo import scenario


def total(gifts: list[scenario.Gift]) -> Decimal:
    return sum((gift.amount for gift in gifts), Decimal(0))


def test_the_rally_opens_at_about_27_000_and_ends_at_42_021_to_the_penny() -> None:
    before, after = scenario.rally_gifts()

    assert 26_990 <= total(before) <= 27_000
    assert total(before) + total(after) == Decimal(42_021)
    assert all(gift.amount > 0 for gift in before + after)


def test_the_fighting_fund_is_shared_out_over_24_branches_or_more_in_8_regions() -> None:
    regions, names, _, shares = zip(*scenario.BRANCHES, strict=True)

    assert len(set(names)) >= 24
    assert len(set(regions)) == 8
    assert sum(shares) == scenario.FIGHTING_FUND_TARGET
    assert sum(map(scenario.rally_share, shares)) == scenario.RALLY_TARGET


def test_a_stall_brought_110_pounds() -> None:
    stalls = [
        gift
        for gift in scenario.fighting_fund_gifts()
        if isinstance(gift, scenario.Collection) and gift.kind == "sale"
    ]

    assert [stall.amount for stall in stalls] == [Decimal(110)]


def test_every_gift_is_for_a_known_branch_or_none() -> None:
    before, after = scenario.rally_gifts()
    gifts = [*before, *after, *scenario.fighting_fund_gifts(), *scenario.premises_gifts()]

    assert {gift.branch for gift in gifts} <= {"", *scenario.branch_slugs()}
