"""The curve of a night's total as a drawing: steps, axes with round figures, target, milestones.

All lengths are whole units of the drawing, whose origin is at the top left.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from appeals.stage.figures import stretches_of
from appeals.templatetags.money import money
from funds.money import Money, from_minor, minor_unit, to_minor
from payments.night.evening import Evening

WIDTH: Final = 1000
HEIGHT: Final = 460
_LEFT: Final = 92  # room for the figures of the axis
_RIGHT: Final = 24
_TOP: Final = 34
_BOTTOM: Final = 46
_MOST_TICKS: Final = 6
_STEPS_MINUTES: Final = (1, 2, 5, 10, 15, 30, 60, 120, 240, 360, 720, 1440)
_QUARTERS: Final = (25, 50, 75, 100)
_APART: Final = 26  # lower than this two words would touch


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark of an axis, and its word."""

    at: int
    word: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A milestone where the curve reached it. ``anchor`` says to which side its word goes."""

    x: int
    y: int
    word: str
    anchor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A drawing ready to be put down: ``line`` and ``area`` are paths of SVG."""

    line: str
    area: str
    ticks_y: list[Tick]
    ticks_x: list[Tick]
    target: Tick | None
    marks: list[Mark]
    end: Mark
    left: int = _LEFT
    right: int = WIDTH - _RIGHT
    top: int = _TOP
    floor: int = HEIGHT - _BOTTOM
    width: int = WIDTH
    height: int = HEIGHT


def draw_curve(evening: Evening, *, zone: ZoneInfo) -> Curve:
    """The curve of an evening, with its times in the organisation's zone."""
    scale = _Scale.of(evening)
    points = [(_LEFT, scale.y(evening.before))]
    for minute in evening.minutes:
        x, y = scale.x(minute.at + timedelta(minutes=1)), scale.y(minute.total)
        points += [(x, points[-1][1]), (x, y)]
    right = WIDTH - _RIGHT
    points.append((right, points[-1][1]))
    line = "M" + "L".join(f"{x} {y}" for x, y in points)
    floor = HEIGHT - _BOTTOM
    target = evening.night.appeal.target
    y = scale.y(target)
    return Curve(
        line=line,
        area=f"{line}L{right} {floor}L{_LEFT} {floor}Z",
        ticks_y=scale.ticks_y(),
        ticks_x=scale.ticks_x(zone),
        target=Tick(y, f"target {money(target)}") if _TOP <= y <= floor else None,
        marks=_marks(evening, scale),
        end=Mark(right, scale.y(evening.after), money(evening.after), "end"),
    )


@dataclass(frozen=True, slots=True)
class _Scale:
    """From times and money to the drawing. ``top_minor`` is at its top."""

    begun_at: datetime
    seconds: int
    currency: str
    top_minor: int
    step_minor: int

    @classmethod
    def of(cls, evening: Evening) -> "_Scale":
        night = evening.night
        assert night.ended_at is not None
        totals = [evening.before, *(minute.total for minute in evening.minutes)]
        highest = max(*map(to_minor, totals), to_minor(night.appeal.target), 1)
        step = _round_step(highest, unit=minor_unit(night.appeal.currency))
        return cls(
            begun_at=night.begun_at,
            seconds=max(60, int((night.ended_at - night.begun_at).total_seconds())),
            currency=night.appeal.currency,
            top_minor=-(-highest // step) * step,
            step_minor=step,
        )

    def x(self, moment: datetime) -> int:
        since = int((moment - self.begun_at).total_seconds())
        return _LEFT + max(0, min(self.seconds, since)) * (WIDTH - _LEFT - _RIGHT) // self.seconds

    def y(self, amount: Money) -> int:
        tall = HEIGHT - _TOP - _BOTTOM
        return HEIGHT - _BOTTOM - max(0, to_minor(amount)) * tall // self.top_minor

    def ticks_y(self) -> list[Tick]:
        amounts = range(0, self.top_minor + 1, self.step_minor)
        words = [from_minor(amount, self.currency) for amount in amounts]
        return [Tick(self.y(word), money(word)) for word in words]

    def ticks_x(self, zone: ZoneInfo) -> list[Tick]:
        """At round times of the clock on the wall, as close as they can be told apart."""
        minutes = self.seconds / 60
        step = next((s for s in _STEPS_MINUTES if minutes / s <= 2 * _MOST_TICKS), 1440)
        local = self.begun_at.astimezone(zone)
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        passed = int((local - midnight).total_seconds() // 60)
        first = local.replace(second=0, microsecond=0) + timedelta(minutes=-passed % step)
        if first < local:
            first += timedelta(minutes=step)
        end = self.begun_at + timedelta(seconds=self.seconds)
        ticks, at = [], first
        while at <= end:
            ticks.append(Tick(self.x(at), f"{at.astimezone(zone):%H:%M}"))
            at += timedelta(minutes=step)
        return ticks


def _round_step(highest_minor: int, *, unit: int) -> int:
    """1, 2 or 5 with noughts, in whole currency units: at most so many to the highest."""
    least = max(unit, -(-highest_minor // _MOST_TICKS))
    power = unit
    while power * 10 <= least:
        power *= 10
    return next(power * times for times in (1, 2, 5, 10) if power * times >= least)


def _marks(evening: Evening, scale: _Scale) -> list[Mark]:
    """Where the curve first reached each quarter of the target, and each stretch target."""
    appeal = evening.night.appeal
    target = to_minor(appeal.target)
    wanted = [(-(-target * percent // 100), f"{percent}%") for percent in _QUARTERS]
    wanted += [(to_minor(one), money(one)) for one in stretches_of(appeal)]
    marks: list[Mark] = []
    for minor, word in wanted:
        if to_minor(evening.before) >= minor:
            continue
        reached = next((one for one in evening.minutes if to_minor(one.total) >= minor), None)
        if reached is None:
            continue
        x = scale.x(reached.at + timedelta(minutes=1))
        y = scale.y(from_minor(minor, appeal.currency))
        if marks and marks[-1].y - y < _APART and x - marks[-1].x < 4 * _APART:
            continue  # both at once: the higher one's word would stand on the lower one's
        marks.append(Mark(x, y, word, "start" if x < _LEFT + 4 * _APART else "end"))
    return marks
