"""Proves Stripe's lines against the books: what was booked of a line stands there as it must.

A line that waits, or was put aside, is no difference: the reconciliation shows it. What is booked
and not among Stripe's lines is one a day later, as far back as Stripe's lines were read.
"""

from collections.abc import Iterator
from datetime import date
from typing import Final

from funds.audit import Difference, query
from funds.models import JournalEntry
from funds.money import decimal_text
from payments.balance.matching import Reason, Scope, find_differences
from payments.balance.reconciliation import read_currencies
from payments.models import BalanceLine

_SAYS: Final = {
    Reason.UNEQUAL: "Stripe's line moved {amount} more than its entries",
    Reason.WAITING: "marked as booked, and {amount} of it is not in the books",
    Reason.TWICE: "booked as a donation, and its line as not ours: {amount} too much",
    Reason.ABSENT: "no line of Stripe's moved this, {amount}",
}


def audit_lines() -> Iterator[Difference]:
    """Lines and entries on clearing that are not as they must be, of all time."""
    if not BalanceLine.objects.exists():
        return
    for currency in read_currencies():
        yield from _audit_currency(Scope(currency, date.min, date.max))
    yield from _audit_payouts()


def _audit_currency(scope: Scope) -> Iterator[Difference]:
    for reason, line_id, entry_id, minor in find_differences(scope, _SAYS):
        amount = f"{decimal_text(minor, scope.currency)} {scope.currency}"
        says = _SAYS[reason].format(amount=amount)
        if line_id is not None:
            line = BalanceLine.objects.get(pk=line_id)
            if reason is not Reason.WAITING or line.booked_at is not None:
                yield Difference("Stripe's lines are booked", line.stripe_id, says)
        elif entry_id is not None:
            entry = JournalEntry.objects.get(pk=entry_id)
            yield Difference("entries have Stripe's line", entry.source_key, says)


def _audit_payouts() -> Iterator[Difference]:
    """Payouts whose lines do not come to nothing, and entries at the bank of no payout."""
    rows = query(
        """
        SELECT o.stripe_id, o.currency, sum(l.net_minor)
          FROM payments_payout o JOIN payments_balanceline l ON l.payout_id = o.id
         WHERE o.contents_known_at IS NOT NULL
         GROUP BY o.id HAVING sum(l.net_minor) <> 0 ORDER BY o.id
        """
    )
    for stripe_id, currency, remainder in rows:
        left = f"{decimal_text(int(remainder), currency)} {currency}"
        yield Difference("payouts are their lines", stripe_id, f"a remainder of {left}")
    rows = query(
        """
        SELECT e.source_key FROM funds_journalentry e
         WHERE e.kind IN ('payout-paid', 'payout-returned')
           AND NOT EXISTS (SELECT FROM payments_payout o
                            WHERE o.stripe_id = split_part(e.source_key, ':', 2)
                              AND o.paid_at IS NOT NULL
                              AND (e.kind = 'payout-paid' OR o.failed_at IS NOT NULL))
         ORDER BY e.id
        """
    )
    for (source_key,) in rows:
        yield Difference("entries have their record", source_key, "no payout that was paid")
