"""The collected rate as rows for a spreadsheet."""

from collections.abc import Iterator
from typing import Final

from payments.cells import text_cell
from payments.pledges.collected import Collected, Share

HEADINGS: Final = [
    *("part", "what", "pledges", "paid in full", "percent of number"),
    *("pledged", "came", "not come", "more than pledged", "percent of sum", "currency"),
]


def collected_rows(collected: Collected) -> Iterator[list[str]]:
    """All that the page shows. A rate of nothing is empty."""
    yield HEADINGS
    yield _row("all", collected.whole)
    for part, shares in (
        ("by state", collected.by_state),
        ("by method", collected.by_method),
        ("by branch", collected.by_branch),
    ):
        for share in shares:
            yield _row(part, share)


def _row(part: str, share: Share) -> list[str]:
    of_sum, of_number = share.percent, share.percent_of_number
    return [
        part,
        text_cell(share.name),
        str(share.number),
        str(share.paid),
        "" if of_number is None else str(of_number),
        *(f"{one.amount:.2f}" for one in (share.pledged, share.came, share.missing, share.over)),
        "" if of_sum is None else str(of_sum),
        share.pledged.currency.code,
    ]
