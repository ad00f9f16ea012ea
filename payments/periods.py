"""Periods by which a treasurer looks at the books: months, quarters, years."""

from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class Period:
    """Some days, both included, and what they are called."""

    name: str
    since: date
    until: date


def month_of(day: date) -> Period:
    """The calendar month that a day is in."""
    first = day.replace(day=1)
    return Period(f"{day:%B %Y}", first, _day_before_next_month(first))


def quarter_of(day: date) -> Period:
    """The calendar quarter that a day is in."""
    number = (day.month - 1) // 3
    first = date(day.year, number * 3 + 1, 1)
    last = _day_before_next_month(date(day.year, number * 3 + 3, 1))
    return Period(f"Quarter {number + 1} of {day.year}", first, last)


def year_of(day: date) -> Period:
    """The calendar year that a day is in."""
    return Period(f"{day.year}", date(day.year, 1, 1), date(day.year, 12, 31))


def usual_periods(today: date) -> list[Period]:
    """What is looked at most: this month and the last one, this quarter and the last, this year."""
    month, quarter = month_of(today), quarter_of(today)
    return [
        month,
        month_of(month.since - timedelta(days=1)),
        quarter,
        quarter_of(quarter.since - timedelta(days=1)),
        year_of(today),
    ]


def _day_before_next_month(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
