"""Two pairs of ears: every difference is found, and settling one puts the record right once."""

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appeals.progress import read_reading
from funds.models import Branch
from payments.models import CheckLine, Pledge, PledgeSettlement, PledgeStep
from payments.pledges.by_ear import hear
from payments.pledges.comparing import compare_lines
from payments.pledges.settling import Choice, settle
from payments.pledges.taking import DeskError, close_list, strike_entry
from tests.factories import gbp, make_appeal, make_branch
from tests.payments.pledges.desk import Desk, amounts
from tests.payments.pledges.stream import TOWNS, found_in, make_stream


@dataclass(frozen=True)
class Town:
    name: str
    slug: str


TOWNS_BY_EAR = [Town(town, town.lower().replace(" ", "-")) for town in TOWNS]


@pytest.fixture
def desk(db: None) -> Desk:
    make_branch("Leeds")
    make_branch("York")
    desk = Desk(make_appeal("rally"))
    desk.begin_check()
    return desk


def both(desk: Desk, record: str, check: str, *, are_open: bool = False) -> list[str]:
    """What is told apart when the lists hold these lines."""
    for line in filter(None, record.split("|")):
        desk.type(line)
    for line in filter(None, check.split("|")):
        desk.type(line, to=desk.check)
    if not are_open:
        close_list(desk.record, by=desk.rosa)
        close_list(desk.check, by=desk.karl)
    return [one.what for one in desk.compare().differences]


@pytest.mark.parametrize(
    ("record", "check", "differences"),
    [
        ("50 50 leeds|20", "50 50 leeds|20", []),
        ("50 20 100", "20 50 100", []),
        ("50 leeds|20 york", "20 york|50 leeds", []),
        ("50 leeds", "50 leeds|20 york", ["Only the check has it"]),
        ("50 leeds|20 york", "20 york", ["Only the record has it"]),
        ("50 leeds|20", "15 leeds|20", ["Another amount"]),
        ("50 leeds|20", "50 york|20", ["Another branch"]),
        ("50 leeds cash", "50 leeds card", ["Another way to pay"]),
        ("50 leeds cash", "50 york card", ["Another branch and another way to pay"]),
        ("50 50", "50", ["Only the record has it"]),
        ("", "", []),
        ("500 leeds cash", "20 york card", ["Only the record has it", "Only the check has it"]),
    ],
)
def test_every_difference_has_its_name(
    desk: Desk, record: str, check: str, differences: list[str]
) -> None:
    assert both(desk, record, check) == differences


def test_by_how_much_the_lists_differ(desk: Desk) -> None:
    both(desk, "50 leeds|20|10", "15 leeds|20|10|100")

    compared = desk.compare()
    assert (compared.alike, compared.apart, len(compared.differences)) == (2, gbp(65), 2)


def test_what_the_other_may_yet_type_is_no_difference(desk: Desk) -> None:
    assert both(desk, "50|20|10", "50|15", are_open=True) == []
    assert desk.compare().still_to_come == 3

    close_list(desk.check, by=desk.karl)
    assert [one.what for one in desk.compare().differences] == ["Only the record has it"] * 2
    close_list(desk.record, by=desk.rosa)
    assert [one.what for one in desk.compare().differences] == [
        "Another amount",
        "Only the record has it",
    ]


def test_a_gap_before_what_both_have_is_one_at_once(desk: Desk) -> None:
    assert both(desk, "50|20|10", "50|10", are_open=True) == ["Only the record has it"]


class TestSettling:
    def settle_all(self, desk: Desk, choice: PledgeSettlement.Choice) -> None:
        for one in desk.compare().differences:
            for _ in range(2):
                settle(
                    desk.record,
                    pledge=one.pledge,
                    check_line=one.check_line,
                    choice=choice,
                    by=desk.karl,
                )

    def test_the_record_is_right(self, desk: Desk) -> None:
        both(desk, "50 leeds|20", "15 leeds|20|100")
        self.settle_all(desk, Choice.RECORD)

        assert amounts(list(Pledge.objects.all())) == ["50", "20"]
        assert not desk.compare().differences
        assert PledgeSettlement.objects.count() == 2

    def test_the_check_is_right(self, desk: Desk) -> None:
        both(desk, "50 leeds|20|10", "15 york cash|10|100")
        code = Pledge.objects.earliest("pk").code
        before = desk.compare()
        assert [one.what for one in before.differences] == [
            "Only the record has it",
            "Only the record has it",
            "Only the check has it",
            "Only the check has it",
        ]
        self.settle_all(desk, Choice.CHECK)

        standing = [one for one in Pledge.objects.all() if not one.is_struck]
        assert sorted(amounts(standing)) == ["10", "100", "15"]
        assert Pledge.objects.get(code=code).is_struck
        assert read_reading(desk.appeal).promised == gbp(125)
        assert not desk.compare().differences

    def test_a_line_that_is_put_right_keeps_its_code(self, desk: Desk) -> None:
        both(desk, "50 leeds", "15 leeds")
        code = Pledge.objects.get().code
        self.settle_all(desk, Choice.CHECK)

        pledge = Pledge.objects.get()
        assert (pledge.code, pledge.amount) == (code, gbp(15))
        step = PledgeStep.objects.get(kind="amended")
        assert (step.pledge, step.by) == (pledge, desk.karl)
        assert "15" in step.detail
        assert read_reading(desk.appeal).promised == gbp(15)

    def test_what_was_taken_back_or_settled_meanwhile_is_looked_at_again(self, desk: Desk) -> None:
        entry = desk.type("50 leeds")
        desk.type("15 leeds", to=desk.check)
        pledge, line = Pledge.objects.get(entry=entry), CheckLine.objects.get()
        settle(desk.record, pledge=None, check_line=line, choice=Choice.RECORD, by=desk.rosa)
        with pytest.raises(DeskError, match="settled meanwhile"):
            settle(desk.record, pledge=pledge, check_line=line, choice=Choice.CHECK, by=desk.rosa)
        strike_entry(desk.record, entry, reason="Typed in error", by=desk.rosa)
        with pytest.raises(DeskError, match="taken back meanwhile"):
            settle(desk.record, pledge=pledge, check_line=None, choice=Choice.CHECK, by=desk.rosa)

    def test_lines_of_another_appeal_are_not_settled_here(self, desk: Desk) -> None:
        desk.type("50")
        other = make_appeal("other")
        with pytest.raises(DeskError, match="another round"):
            settle(desk.record, pledge=None, check_line=None, choice=Choice.CHECK, by=desk.rosa)
        assert other.pledges.count() == 0


# --- any stream with any planted errors, without a database ---------------------------------


@settings(max_examples=120, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 60))
def test_planted_errors_are_found_and_no_others(seed: int, entries: int) -> None:
    stream = make_stream(entries, seed=seed)
    towns = {town: Branch(pk=number, name=town) for number, town in enumerate(TOWNS, start=1)}

    def lines(model: type[Pledge] | type[CheckLine], typed: list[str]) -> list[Any]:
        made = []
        for line in filter(None, typed):
            heard = hear(line, places=TOWNS_BY_EAR, currency="GBP")
            town = next(one for one in TOWNS_BY_EAR if one.slug == heard.slug).name
            method = heard.method or "promise"
            made += [
                model(amount=amount, branch=towns[town], method=method) for amount in heard.amounts
            ]
        return made

    compared = compare_lines(
        lines(Pledge, stream.record), lines(CheckLine, stream.check), currency="GBP"
    )
    assert found_in(compared.differences) == stream.planted
