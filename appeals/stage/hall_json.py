"""The hall's reading as JSON: the usual one, and ``hall`` beside it."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from appeals.reading_json import money_json, reading_json
from appeals.stage.figures import JustIn, Lowered, Milestone, NextMilestone
from appeals.stage.hall import HallReading


def hall_json(hall: HallReading) -> dict[str, Any]:
    """A hall's reading with every key always present.

    A promised layer is told where it is shown. Branches are named where the standings are public.
    """
    figures, layers = hall.figures, hall.figures.layers
    names_branches = hall.reading.is_league_public
    return {
        **reading_json(hall.reading),
        "hall": {
            "step": hall.step,
            "scene": hall.scene.value,
            "notice": hall.notice,
            "shows_promised": hall.shows_promised,
            "is_held": hall.is_held,
            "held_at": _moment(hall.held_at) if hall.held_at else None,
            "milestones": [_milestone(one) for one in figures.milestones],
            "next_milestone": _next(figures.next_milestone) if figures.next_milestone else None,
            "announces_milestone": hall.announces_milestone,
            "layers": {
                "received": money_json(layers.received),
                "counted": money_json(layers.counted),
                "promised": money_json(layers.promised) if hall.shows_promised else None,
            },
            "lowered": _lowered(figures.lowered) if figures.lowered else None,
            "just_in": [_just_in(one, names_branches=names_branches) for one in figures.just_in],
        },
    }


def encode_hall(hall: HallReading) -> bytes:
    """The JSON as compact UTF-8, on one line."""
    return _encode(hall_json(hall))


def hall_etag(hall: HallReading) -> str:
    """Names what the hall sees, whenever it was read: some of it passes with time alone."""
    return hashlib.sha256(_encode({**hall_json(hall), "as_at": ""})).hexdigest()[:32]


def _encode(data: dict[str, Any]) -> bytes:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()


def _milestone(milestone: Milestone) -> dict[str, Any]:
    return {"percent": milestone.percent, "amount": money_json(milestone.amount)}


def _next(milestone: NextMilestone) -> dict[str, Any]:
    return {
        "percent": milestone.percent,
        "amount": money_json(milestone.amount),
        "to_go": money_json(milestone.to_go),
    }


def _lowered(lowered: Lowered) -> dict[str, Any]:
    return {
        "why": lowered.why.value,
        "amount": money_json(lowered.amount),
        "at": _moment(lowered.at),
    }


def _just_in(one: JustIn, *, names_branches: bool) -> dict[str, Any]:
    return {
        "key": one.key,
        "amount": money_json(one.amount),
        "branch": one.branch if names_branches else None,
        "method": one.method,
        "at": _moment(one.at),
    }


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
