"""The figures that a hall sees: a reading, and what a rally wants to know beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from appeals.models import Appeal
from appeals.progress import Reading
from funds.money import Money, from_minor, to_minor

_QUARTERS: Final = (25, 50, 75, 100)


class Milestone(NamedTuple):
    """A sum to be reached. ``percent`` is of the target, and None for a stretch target."""

    percent: int | None
    amount: Money


class NextMilestone(NamedTuple):
    """The milestone that comes next, and what is wanting."""

    percent: int | None
    amount: Money
    to_go: Money


class Layers(NamedTuple):
    """What was raised, by how firm it is: ``received`` and ``counted`` add up to it.

    ``received`` is in the bank or on its way; ``counted`` is counted and not banked yet;
    ``promised`` is no part of what was raised.
    """

    received: Money
    counted: Money
    promised: Money


class Why(StrEnum):
    """What lowers a total."""

    REFUND = "refund"
    DISPUTE = "dispute"
    CORRECTION = "correction"


class Lowered(NamedTuple):
    """What lowered the total last. ``at`` is aware, in UTC."""

    why: Why
    amount: Money
    at: datetime


class JustIn(NamedTuple):
    """Money that came just now: no person, and a key that tells it from others and no more."""

    key: str
    amount: Money
    branch: str | None
    method: str
    at: datetime


@dataclass(frozen=True, slots=True)
class HallFigures:
    """All figures of one moment. ``just_in`` is newest first; ``stretches`` rise."""

    reading: Reading
    stretches: Sequence[Money]
    lowered: Lowered | None
    just_in: Sequence[JustIn]

    @property
    def milestones(self) -> list[Milestone]:
        """Quarters of the target, each the least sum that is so many percent, then stretches."""
        target, currency = to_minor(self.reading.target), self.reading.target.currency.code
        quarters = [
            Milestone(percent, from_minor(-(-target * percent // 100), currency))
            for percent in _QUARTERS
        ]
        return quarters + [Milestone(None, stretch) for stretch in self.stretches]

    @property
    def next_milestone(self) -> NextMilestone | None:
        """The first that is not reached; None when all are."""
        raised = self.reading.raised
        return next(
            (
                NextMilestone(one.percent, one.amount, one.amount - raised)
                for one in self.milestones
                if one.amount > raised
            ),
            None,
        )

    @property
    def layers(self) -> Layers:
        """How firm the money is. Cash that is no part of what was raised is in no layer."""
        raised = self.reading.raised
        in_hand = to_minor(self.reading.counted_not_banked)
        counted_minor = max(0, min(in_hand, to_minor(raised)))
        counted = from_minor(counted_minor, raised.currency.code)
        return Layers(raised - counted, counted, self.reading.promised)


def stretches_of(appeal: Appeal) -> list[Money]:
    """The appeal's targets beyond the first, rising."""
    amounts = sorted({amount for amount in appeal.stretch_targets if amount > appeal.target.amount})
    currency = appeal.currency
    return [from_minor(to_minor(Money(amount, currency)), currency) for amount in amounts]
