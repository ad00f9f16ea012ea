"""Stripe's lines against our entries, in SQL: what each side holds, and why the two differ.

A line finds its entries by their keys, so every difference is that of a line or of an entry, and
the reasons add up to the difference to the penny.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Any, Final

from django.db import connection

from funds import chart
from payments.balance.windows import read_frontier

LATE_AFTER: Final = "1 day"
"""So long after it was booked, a movement must have its line at Stripe: an SQL interval."""


class Part(StrEnum):
    """A part of what moves our balance at Stripe: a row of the reconciliation."""

    DONATION = "donation"
    REFUND = "refund"
    REFUND_FAILED = "refund-failed"
    DISPUTE = "dispute"
    DISPUTE_WON = "dispute-won"
    FEE = "fee"
    ACCOUNT_FEE = "account-fee"
    NOT_OURS = "not-ours"
    EXCHANGE = "exchange"
    ASIDE = "aside"
    UNDECIDED = "undecided"
    OTHER = "other"
    PAYOUT = "payout"
    PAYOUT_FAILED = "payout-failed"


class Reason(StrEnum):
    """Why Stripe's lines and the books differ."""

    WAITING = "waiting"
    UNDECIDED = "undecided"
    ASIDE = "aside"
    NOT_READ = "not-read"
    OTHER_DAY = "other-day"
    REVERSED = "reversed"
    TWICE = "twice"
    UNEQUAL = "unequal"
    ABSENT = "absent"


# What is booked in the currency that the donor paid in, and then changed.
CHANGED: Final = ["donation", "refund", "refund-failed", "dispute", "dispute-won"]


@dataclass(frozen=True)
class Scope:
    """What is laid side by side: a currency, and the days of a period, both of them included.

    To be made anew for each answer: what it looked up does not change with the books.
    """

    currency: str
    since: date
    until: date

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """For the statements of this module, looked up once."""
        clearing = chart.standing_account(chart.STRIPE_CLEARING, currency=self.currency)
        return {
            "currency": self.currency,
            "since": self.since,
            "until": self.until,
            "clearing": clearing.pk if clearing else 0,
            "frontier": read_frontier(),
            "late_after": LATE_AFTER,
            "changed": CHANGED,
        }


# What a line does to our balance in one currency. One that Stripe changed into another currency
# moves two: in the first it comes and is changed, in the second only what it was changed into.
_EFFECTS: Final = """
effect (line_id, part, amount) AS (
    SELECT id, CASE WHEN category = '' THEN 'undecided'
                    WHEN source_currency <> '' AND category = ANY(%(changed)s) THEN 'exchange'
                    ELSE category END, amount_minor
      FROM payments_balanceline
     WHERE currency = %(currency)s AND occurred_on BETWEEN %(since)s AND %(until)s
    UNION ALL
    SELECT id, 'fee', -fee_minor
      FROM payments_balanceline
     WHERE currency = %(currency)s AND occurred_on BETWEEN %(since)s AND %(until)s
       AND fee_minor <> 0
    UNION ALL
    SELECT id, side.part, side.sign * source_minor
      FROM payments_balanceline, (VALUES (1), (-1)) AS sign (sign),
           LATERAL (SELECT CASE sign.sign WHEN 1 THEN category ELSE 'exchange' END, sign.sign)
             AS side (part, sign)
     WHERE source_currency = %(currency)s AND occurred_on BETWEEN %(since)s AND %(until)s
       AND category = ANY(%(changed)s))
"""

PART_OF_ENTRY: Final = """
CASE WHEN e.source_key NOT LIKE 'stripe:%%' THEN 'other'
     ELSE CASE regexp_replace(e.source_key, '^.*:', '')
          WHEN 'received' THEN 'donation'
          WHEN 'refunded' THEN 'refund'
          WHEN 'failed' THEN CASE WHEN e.kind = 'payout-failed' THEN 'payout-failed'
                                  WHEN e.source_key LIKE 'stripe:pi%%' THEN 'refund'
                                  ELSE 'refund-failed' END
          WHEN 'disputed' THEN 'dispute'
          WHEN 'reinstated' THEN 'dispute-won'
          WHEN 'kept' THEN 'dispute-won'
          WHEN 'fee' THEN 'fee'
          WHEN 'stripe-fee' THEN 'account-fee'
          WHEN 'unallocated' THEN 'not-ours'
          WHEN 'converted-from' THEN 'exchange'
          WHEN 'converted-to' THEN 'exchange'
          WHEN 'created' THEN 'payout'
          WHEN 'reversed' THEN CASE WHEN e.source_key LIKE '%%:unallocated:reversed'
                                    THEN 'not-ours' ELSE 'other' END
          ELSE 'other' END
     END
"""
"""Which part an entry ``e`` on clearing belongs to: its key says."""

SIGNED: Final = "CASE p.side WHEN 'debit' THEN p.amount_minor ELSE -p.amount_minor END"

_MOVED: Final = f"""
SELECT part, count(*), sum(amount)
  FROM (SELECT {PART_OF_ENTRY} AS part, sum({SIGNED}) AS amount
          FROM funds_posting p JOIN funds_journalentry e ON e.id = p.entry_id
         WHERE p.account_id = %(clearing)s AND e.occurred_on BETWEEN %(since)s AND %(until)s
         GROUP BY e.id) booked
 GROUP BY part
"""  # noqa: S608 - made of the constants above

_BEFORE: Final = f"""
SELECT (SELECT coalesce(sum(net_minor), 0) FROM payments_balanceline
         WHERE currency = %(currency)s AND occurred_on < %(since)s),
       (SELECT coalesce(sum({SIGNED}), 0)
          FROM funds_posting p JOIN funds_journalentry e ON e.id = p.entry_id
         WHERE p.account_id = %(clearing)s AND e.occurred_on < %(since)s)
"""  # noqa: S608 - made of the constants above


# Whether any line at all claims an entry: by its key, or as one of the line's own.
_HAS_LINE: Final = """EXISTS (
    SELECT FROM payments_balanceline l
     WHERE l.principal_key = {entry}.source_key
        OR l.stripe_id = split_part({entry}.source_key, ':', 2)
       AND {entry}.source_key ~ ':(fee|kept|converted-from|converted-to)$')"""

# Every line of the period with what its entries come to, and every entry of the period that no
# line of the period claims. ``amount`` is what the reason adds to Stripe's side less the books'.
_REASONS: Final = f"""
WITH line AS MATERIALIZED (
    SELECT id, stripe_id, category, source_currency, principal_key, fee_minor, put_aside_at,
           CASE WHEN currency = %(currency)s THEN net_minor ELSE 0 END AS should
      FROM payments_balanceline
     WHERE occurred_on BETWEEN %(since)s AND %(until)s
       AND (currency = %(currency)s OR source_currency = %(currency)s)),
key (line_id, key, is_needed) AS MATERIALIZED (
    SELECT id, principal_key, true FROM line WHERE principal_key <> ''
    UNION ALL
    SELECT id, 'stripe:' || stripe_id || ':fee', true FROM line WHERE fee_minor <> 0
    UNION ALL
    SELECT id, 'stripe:' || stripe_id || ':kept', false FROM line WHERE category = 'dispute-won'
    UNION ALL
    SELECT id, 'stripe:' || stripe_id || name.name, true
      FROM line, (VALUES (':converted-from'), (':converted-to')) AS name (name)
     WHERE source_currency <> '' AND category = ANY(%(changed)s)),
posted AS MATERIALIZED (
    SELECT key.line_id, key.key, coalesce(sum({SIGNED}), 0) AS amount,
           coalesce(sum({SIGNED})
                    FILTER (WHERE e.occurred_on BETWEEN %(since)s AND %(until)s), 0) AS amount_in
      FROM key
      JOIN funds_journalentry e ON e.source_key = key.key
      LEFT JOIN funds_posting p ON p.entry_id = e.id AND p.account_id = %(clearing)s
     GROUP BY key.line_id, key.key),
matched AS (
    SELECT line.id, line.category, line.put_aside_at, line.should,
           coalesce(sum(posted.amount), 0) AS booked,
           coalesce(sum(posted.amount_in), 0) AS booked_in,
           count(*) FILTER (WHERE key.is_needed AND posted.key IS NULL) AS missing
      FROM line
      LEFT JOIN key ON key.line_id = line.id
      LEFT JOIN posted ON posted.line_id = key.line_id AND posted.key = key.key
     GROUP BY line.id, line.category, line.put_aside_at, line.should),
loose AS (
    SELECT e.id, e.source_key, e.occurred_on, e.posted_at, e.reverses_id, sum({SIGNED}) AS amount
      FROM funds_posting p JOIN funds_journalentry e ON e.id = p.entry_id
     WHERE p.account_id = %(clearing)s AND e.occurred_on BETWEEN %(since)s AND %(until)s
       AND NOT EXISTS (SELECT FROM key WHERE key.key = e.source_key)
     GROUP BY e.id),
reason (reason, line_id, entry_id, amount) AS (
    SELECT CASE WHEN put_aside_at IS NOT NULL THEN 'aside'
                WHEN category = '' THEN 'undecided'
                WHEN missing > 0 THEN 'waiting'
                ELSE 'unequal' END, id, NULL::bigint, should - booked
      FROM matched WHERE should <> booked
    UNION ALL
    SELECT 'other-day', id, NULL, booked - booked_in
      FROM matched WHERE booked <> booked_in
    UNION ALL
    SELECT CASE
           WHEN {_HAS_LINE.format(entry="loose")}
                THEN 'other-day'
           WHEN EXISTS (SELECT FROM payments_balanceline l
                         WHERE loose.source_key = 'stripe:' || l.payment_intent_id || ':received'
                           AND l.payment_intent_id = split_part(loose.source_key, ':', 2)
                           AND l.category = 'not-ours')
                THEN 'twice'
           WHEN EXISTS (SELECT FROM funds_journalentry r
                         WHERE (r.id = loose.reverses_id OR r.reverses_id = loose.id)
                           AND NOT {_HAS_LINE.format(entry="r")})
                THEN 'reversed'
           WHEN loose.posted_at > %(frontier)s::timestamptz - %(late_after)s::interval
             OR NOT EXISTS (SELECT FROM payments_balancewindow w
                             WHERE w.finished_at IS NOT NULL
                               AND w.since::date <= loose.occurred_on
                               AND w.until::date >= loose.occurred_on)
             OR NOT EXISTS (SELECT FROM payments_balanceline l
                             WHERE l.currency = %(currency)s
                               AND l.occurred_on <= loose.occurred_on)
                THEN 'not-read'
           ELSE 'absent' END, NULL, id, -amount
      FROM loose WHERE amount <> 0)
"""  # noqa: S608 - made of the constants above


def read_lines_by_part(scope: Scope) -> dict[str, tuple[int, int]]:
    """By part: how many of Stripe's lines moved our balance, and by how many minor units."""
    sql = f"WITH {_EFFECTS} SELECT part, count(*), sum(amount) FROM effect GROUP BY part"  # noqa: S608
    return _by_part(sql, scope.parameters)


def read_entries_by_part(scope: Scope) -> dict[str, tuple[int, int]]:
    """By part: how many entries moved clearing, and by how many minor units."""
    return _by_part(_MOVED, scope.parameters)


def read_before(scope: Scope) -> tuple[int, int]:
    """What had come together before the period: by Stripe's lines, and on clearing."""
    ((lines, entries),) = rows(_BEFORE, scope.parameters)
    return int(lines), int(entries)


def read_reasons(scope: Scope) -> dict[Reason, tuple[int, int]]:
    """By reason: how many lines or entries, and what they add to the difference (minor units)."""
    sql = f"{_REASONS} SELECT reason, count(*), sum(amount) FROM reason GROUP BY reason"  # noqa: S608
    found = rows(sql, scope.parameters)
    return {Reason(reason): (count, int(amount)) for reason, count, amount in found}


def find_differences(
    scope: Scope, reasons: Collection[Reason]
) -> Iterator[tuple[Reason, int | None, int | None, int]]:
    """Every line or entry with one of some reasons: id of the line, of the entry, minor units."""
    sql = f"""{_REASONS}
        SELECT reason, line_id, entry_id, amount FROM reason WHERE reason = ANY(%(reasons)s)
         ORDER BY reason, line_id, entry_id"""  # noqa: S608
    asked = scope.parameters | {"reasons": [reason.value for reason in reasons]}
    for reason, line_id, entry_id, amount in rows(sql, asked):
        yield Reason(reason), line_id, entry_id, int(amount)


def read_with_reason(
    scope: Scope, reason: Reason, *, limit: int, offset: int = 0
) -> list[tuple[int | None, int | None, int]]:
    """Lines or entries with a reason: id of the line, id of the entry, and minor units."""
    sql = f"""{_REASONS}
        SELECT line_id, entry_id, amount FROM reason WHERE reason = %(reason)s
         ORDER BY line_id DESC NULLS LAST, entry_id DESC LIMIT %(limit)s OFFSET %(offset)s"""  # noqa: S608
    asked = scope.parameters | {"reason": reason.value, "limit": limit, "offset": offset}
    return [(line_id, entry_id, int(amount)) for line_id, entry_id, amount in rows(sql, asked)]


def read_entries_of_part(
    scope: Scope, part: Part, *, limit: int, offset: int = 0
) -> list[tuple[int, int]]:
    """Entries of a part, newest first: the id of each, and what it moved (minor units)."""
    sql = f"""
        SELECT e.id, sum({SIGNED})
          FROM funds_posting p JOIN funds_journalentry e ON e.id = p.entry_id
         WHERE p.account_id = %(clearing)s AND e.occurred_on BETWEEN %(since)s AND %(until)s
           AND {PART_OF_ENTRY} = %(part)s
         GROUP BY e.id ORDER BY e.occurred_on DESC, e.id DESC LIMIT %(limit)s OFFSET %(offset)s"""  # noqa: S608
    asked = scope.parameters | {"part": part.value, "limit": limit, "offset": offset}
    return [(pk, int(amount)) for pk, amount in rows(sql, asked)]


def rows(sql: str, parameters: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Rows of a statement, fetched a thousand at a time."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        while fetched := cursor.fetchmany(1000):
            yield from fetched


def _by_part(sql: str, parameters: dict[str, Any]) -> dict[str, tuple[int, int]]:
    return {part: (count, int(amount)) for part, count, amount in rows(sql, parameters)}
