"""The record beside the check: what two pairs of ears heard alike, and every difference."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final, NamedTuple, TypeAlias

from funds.money import Money, from_minor, to_minor
from payments.models import CheckLine, Pledge, PledgeList

CalledLine: TypeAlias = Pledge | CheckLine

_AMOUNT_WEIGHS: Final = 2
"""An amount heard alike says more than a branch: whoever mishears one hears the other."""
_LEAST_LIKENESS: Final = 2
_SWAPPED_WITHIN: Final = 4
"""Lines that both have alike: nobody hears two calls in the other order further apart."""


class Key(NamedTuple):
    """What was called, as far as two people can agree on it."""

    amount_minor: int
    branch_id: int | None
    method: str


@dataclass(frozen=True, slots=True)
class Difference:
    """One line that the lists do not have alike: in one only, or in both with other words."""

    pledge: Pledge | None
    check_line: CheckLine | None

    @property
    def what(self) -> str:
        """In a word or two, for the page."""
        if self.pledge is None:
            return "Only the check has it"
        if self.check_line is None:
            return "Only the record has it"
        record, check = key_of(self.pledge), key_of(self.check_line)
        parts = [
            word
            for word, one, other in zip(
                ("amount", "branch", "way to pay"), record, check, strict=True
            )
            if one != other
        ]
        return f"Another {' and another '.join(parts)}"

    @property
    def minor(self) -> int:
        """By how much the check's total is higher, in minor units."""
        record = to_minor(self.pledge.amount) if self.pledge else 0
        return (to_minor(self.check_line.amount) if self.check_line else 0) - record


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two lists side by side. ``still_to_come``: lines that the other typist may yet type."""

    alike: int
    differences: Sequence[Difference]
    still_to_come: int
    currency: str

    @property
    def apart(self) -> Money:
        """By how much the totals differ for the differences, without a sign."""
        return from_minor(abs(sum(one.minor for one in self.differences)), self.currency)


def compare(record: PledgeList, check: PledgeList) -> Comparison:
    """Compare what stands in the lists. What was settled is alike."""
    pledges = Pledge.objects.filter(list=record, struck_at=None, settlement=None)
    lines = CheckLine.objects.filter(list=check, struck_at=None, settlement=None)
    return compare_lines(
        list(pledges.select_related("branch").order_by("pk")),
        list(lines.select_related("branch").order_by("pk")),
        currency=record.appeal.currency,
        is_record_open=record.is_open,
        is_check_open=check.is_open,
    )


def compare_lines(
    pledges: Sequence[Pledge],
    lines: Sequence[CheckLine],
    *,
    currency: str,
    is_record_open: bool = False,
    is_check_open: bool = False,
) -> Comparison:
    """Compare lines in the order of typing; two that swapped places nearby are alike.

    At the end of the one list, what the other's typist may still be at is no difference while that
    list is open.
    """
    unlike = _unlike(pledges, lines)
    lost, found = unlike.of_record, unlike.of_check
    last_record, last_check = _last_alike(pledges, lost), _last_alike(lines, found)
    coming = 0
    if is_check_open:
        coming += sum(one > last_record for one in lost)
        lost = [one for one in lost if one < last_record]
    if is_record_open:
        coming += sum(one > last_check for one in found)
        found = [one for one in found if one < last_check]
    pairs = _pair(
        [(unlike.record_gaps[one], pledges[one]) for one in lost],
        [(unlike.check_gaps[one], lines[one]) for one in found],
    )
    return Comparison(unlike.alike, pairs, coming, currency)


def key_of(line: CalledLine) -> Key:
    """What was called."""
    return Key(to_minor(line.amount), line.branch_id, line.method)


@dataclass(frozen=True, slots=True)
class _Unlike:
    """Places in each list that have no like in the other, and how many have.

    The gaps say of each place after how many lines that both have in one order it stands.
    """

    of_record: list[int]
    of_check: list[int]
    alike: int
    record_gaps: list[int]
    check_gaps: list[int]


def _unlike(pledges: Sequence[CalledLine], lines: Sequence[CalledLine]) -> _Unlike:
    record, check = [key_of(one) for one in pledges], [key_of(one) for one in lines]
    matcher = SequenceMatcher(None, record, check, autojunk=False)
    lost, found = set(range(len(record))), set(range(len(check)))
    for block in matcher.get_matching_blocks():
        lost -= set(range(block.a, block.a + block.size))
        found -= set(range(block.b, block.b + block.size))
    record_gaps, check_gaps = _gaps(len(record), lost), _gaps(len(check), found)
    # What was typed in another order, a few lines away, is alike all the same.
    for place in sorted(lost):
        near = (
            other
            for other in sorted(found)
            if check[other] == record[place]
            and abs(check_gaps[other] - record_gaps[place]) <= _SWAPPED_WITHIN
        )
        if (other := next(near, None)) is not None:
            found.discard(other)
            lost.discard(place)
    return _Unlike(sorted(lost), sorted(found), len(record) - len(lost), record_gaps, check_gaps)


def _gaps(length: int, unlike: Container[int]) -> list[int]:
    gaps, alike = [], 0
    for place in range(length):
        gaps.append(alike)
        alike += place not in unlike
    return gaps


def _last_alike(lines: Sequence[CalledLine], unlike: Sequence[int]) -> int:
    left = set(range(len(lines))) - set(unlike)
    return max(left, default=-1)


def _pair(
    pledges: Sequence[tuple[int, Pledge]], lines: Sequence[tuple[int, CheckLine]]
) -> list[Difference]:
    """One call heard twice, where two lines stand in one gap and are much alike; others alone.

    Further apart they are two errors, however alike: each is to be seen.
    """
    likely = sorted(
        (-likeness, one, other)
        for one, (gap, pledge) in enumerate(pledges)
        for other, (other_gap, line) in enumerate(lines)
        if gap == other_gap
        and (likeness := _likeness(key_of(pledge), key_of(line))) >= _LEAST_LIKENESS
    )
    of_record: dict[int, int] = {}
    taken: set[int] = set()
    for _, one, other in likely:
        if one not in of_record and other not in taken:
            of_record[one] = other
            taken.add(other)
    both = [
        Difference(pledge, lines[of_record[one]][1] if one in of_record else None)
        for one, (_, pledge) in enumerate(pledges)
    ]
    return both + [
        Difference(None, line) for other, (_, line) in enumerate(lines) if other not in taken
    ]


def _likeness(one: Key, other: Key) -> int:
    return (
        _AMOUNT_WEIGHS * (one.amount_minor == other.amount_minor)
        + (one.branch_id == other.branch_id)
        + (one.method == other.method)
    )
