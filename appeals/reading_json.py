"""A reading as JSON: the same over the API and on the live stream."""

import json
from typing import Any

from appeals.league import LeagueRow
from appeals.progress import Reading
from funds.money import Money, decimal_text


def money_json(money: Money) -> dict[str, str]:
    """Amounts are decimal text with all the currency's decimals, never a float."""
    return {"amount": str(money.amount), "currency": money.currency.code}


def minor_json(amount_minor: int, currency: str) -> dict[str, str]:
    """The same, straight from minor units: a league table has hundreds of amounts."""
    return {"amount": decimal_text(amount_minor, currency), "currency": currency}


def reading_json(reading: Reading) -> dict[str, Any]:
    """A reading with every key always present.

    Where the standings are not public no branch is named, and all the money stands under none:
    the rows and ``no_branch`` add up to ``raised`` all the same.
    """
    league = reading.league if reading.is_league_public else []
    no_branch = reading.no_branch if reading.is_league_public else reading.raised
    return {
        "slug": reading.slug,
        "title": reading.title,
        "status": reading.status,
        "epoch": reading.epoch,
        "sequence": reading.sequence,
        "as_at": reading.as_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "target": money_json(reading.target),
        "raised": money_json(reading.raised),
        "percent": reading.percent,
        "stretch_target": money_json(reading.stretch_target) if reading.stretch_target else None,
        "to_go": money_json(reading.to_go),
        "card_donations": reading.card_donations,
        "collections": reading.collections,
        "by_method": {method: money_json(money) for method, money in reading.by_method.items()},
        "counted_not_banked": money_json(reading.counted_not_banked),
        "promised": money_json(reading.promised),
        "promised_monthly": money_json(reading.promised_monthly),
        "being_counted": reading.being_counted,
        "league": [_row_json(row) for row in league],
        "no_branch": money_json(no_branch),
    }


def encode_reading(reading: Reading) -> bytes:
    """The JSON as compact UTF-8, on one line."""
    return json.dumps(reading_json(reading), ensure_ascii=False, separators=(",", ":")).encode()


def _row_json(row: LeagueRow) -> dict[str, Any]:
    return {
        "rank": row.rank,
        "branch": row.branch,
        "name": row.name,
        "region": row.region,
        "raised": minor_json(row.raised_minor, row.currency),
        "target": minor_json(row.target_minor, row.currency) if row.target_minor else None,
        "percent": row.percent,
    }
