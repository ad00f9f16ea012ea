"""A night's record as rows for a spreadsheet: the figure, each line with its entries, the curve."""

from collections.abc import Iterator
from typing import Final
from zoneinfo import ZoneInfo

from funds.money import Money
from payments.cells import text_cell
from payments.night.evening import Evening
from payments.night.reconciled import Reconciled, RecordLine

HEADINGS: Final = ["part", "what", "time", "amount", "currency", "entry", "note"]


def record_rows(evening: Evening, reconciled: Reconciled, *, zone: ZoneInfo) -> Iterator[list[str]]:
    """Everything that the record's page shows, and every entry of each line. Times are local."""
    yield HEADINGS
    yield _row("published", "Raised, as the hall saw it", reconciled.raised)
    if reconciled.promised is not None:
        yield _row("published", "Promised, as the hall saw it", reconciled.promised)
    for line in reconciled.lines:
        yield _row("since", line.what, line.amount, note=line.note)
        yield from _entries("since, entry", line, zone)
    yield _row("today", "That night's figure by today's books", reconciled.today)
    yield _row("today", "Not explained by any line", reconciled.remainder)
    for line in reconciled.beside:
        yield _row("beside", line.what, line.amount, note=line.note)
        yield from _entries("beside, entry", line, zone)
    for share in evening.by_method:
        yield _row("by method", share.name, share.amount)
    for share in evening.by_branch:
        yield _row("by branch", share.name, share.amount)
    for minute in evening.minutes:
        at = f"{minute.at.astimezone(zone):%Y-%m-%d %H:%M}"
        yield _row("minute", "came", minute.moved, at=at)
        yield _row("minute", "total", minute.total, at=at)


def _entries(part: str, line: RecordLine, zone: ZoneInfo) -> Iterator[list[str]]:
    for entry in line.entries:
        at = f"{entry.posted_at.astimezone(zone):%Y-%m-%d %H:%M}"
        yield _row(part, entry.memo, entry.amount, at=at, entry=str(entry.pk))


def _row(
    part: str, what: str, amount: Money, *, at: str = "", entry: str = "", note: str = ""
) -> list[str]:
    figure = f"{amount.amount:.2f}"
    return [part, text_cell(what), at, figure, amount.currency.code, entry, note]
