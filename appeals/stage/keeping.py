"""Figures as they are kept while the hall is held, and read again: all of them, and exactly."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any, Final

from appeals.league import LeagueRow
from appeals.progress import Reading
from appeals.stage.figures import HallFigures, JustIn, Lowered, Why
from funds.money import Money, from_minor, to_minor

_FIELDS: Final = tuple(field.name for field in fields(Reading))


def keep(figures: HallFigures) -> dict[str, Any]:
    """As JSON. Money is whole minor units with its currency."""
    reading = {name: getattr(figures.reading, name) for name in _FIELDS}
    return {
        "reading": {
            **{
                name: _money(value) if isinstance(value, Money) else value
                for name, value in reading.items()
            },
            "as_at": figures.reading.as_at.isoformat(),
            "by_method": {
                method: _money(each) for method, each in figures.reading.by_method.items()
            },
            "league": [list(row) for row in figures.reading.league],
        },
        "stretches": [_money(stretch) for stretch in figures.stretches],
        "lowered": _lowered(figures.lowered) if figures.lowered else None,
        "just_in": [
            {**one._asdict(), "amount": _money(one.amount), "at": one.at.isoformat()}
            for one in figures.just_in
        ],
    }


def read_kept(kept: Mapping[str, Any]) -> HallFigures:
    """The figures that ``keep`` was given."""
    reading: dict[str, Any] = {
        name: _from(value) if _is_money(value) else value for name, value in kept["reading"].items()
    }
    lowered = kept["lowered"]
    return HallFigures(
        reading=Reading(
            **{
                **reading,
                "as_at": datetime.fromisoformat(reading["as_at"]),
                "by_method": {method: _from(each) for method, each in reading["by_method"].items()},
                "league": [LeagueRow(*row) for row in reading["league"]],
            }
        ),
        stretches=[_from(stretch) for stretch in kept["stretches"]],
        lowered=lowered
        and Lowered(
            Why(lowered["why"]), _from(lowered["amount"]), datetime.fromisoformat(lowered["at"])
        ),
        just_in=[
            JustIn(
                **{**one, "amount": _from(one["amount"]), "at": datetime.fromisoformat(one["at"])}
            )
            for one in kept["just_in"]
        ],
    )


def _lowered(lowered: Lowered) -> dict[str, Any]:
    return {
        "why": lowered.why.value,
        "amount": _money(lowered.amount),
        "at": lowered.at.isoformat(),
    }


def _money(money: Money) -> dict[str, Any]:
    return {"minor": to_minor(money), "currency": money.currency.code}


def _is_money(value: object) -> bool:
    return isinstance(value, dict) and value.keys() == {"minor", "currency"}


def _from(kept: Mapping[str, Any]) -> Money:
    return from_minor(kept["minor"], kept["currency"])
