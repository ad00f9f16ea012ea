"""What moved in an appeal's books after its night had ended, by what it means for that night.

Nothing here judges: each entry is put where its own facts put it, and what belongs to the time
after the night is a sort too. So all sorts together are exactly what the books moved.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from django.db import connection

from appeals.models import AppealAccount, Night
from funds.money import Money, from_minor, minor_unit
from funds.organisation import local_date, read_organisation


class Sort(StrEnum):
    """What an entry means for the night's figure. ``LATER`` is no part of it."""

    PLEDGE = "pledge"
    LATE = "late"
    LATE_CARD = "late-card"
    CORRECTION = "correction"
    REFUND = "refund"
    DISPUTE = "dispute"
    LATER = "later"


ENTRIES_SHOWN: Final = 100
"""Of each sort, the newest: more are in the spreadsheet."""

MOST_ENTRIES: Final = 20_000

# ``base`` is the entry that another reverses, or itself: both have one meaning. An entry may pay a
# pledge in part: that part and the rest are two rows.
_SORTED: Final = f"""
WITH income AS (
    SELECT account_id FROM appeals_appealaccount
     WHERE appeal_id = %(appeal)s AND role <> '{AppealAccount.Role.CASH_IN_HAND.value}'
), moved AS (
    SELECT e.id, e.kind, e.occurred_on, e.posted_at, e.memo, coalesce(e.reverses_id, e.id) AS base,
           sum(CASE p.side WHEN 'credit' THEN p.amount_minor ELSE -p.amount_minor END)::bigint
               AS minor
      FROM income
      JOIN funds_posting p USING (account_id)
      JOIN funds_journalentry e ON e.id = p.entry_id
     WHERE e.posted_at > %(ended_at)s
     GROUP BY e.id
), of_the_night AS (
    -- Card donations that are in the night's figure, of those that something became of since.
    SELECT d.id
      FROM payments_carddonation d
      JOIN funds_journalentry came ON came.id = d.received_entry_id
     WHERE d.appeal_id = %(appeal)s
       AND (EXISTS (SELECT FROM payments_cardrefund WHERE donation_id = d.id)
            OR EXISTS (SELECT FROM payments_carddispute WHERE donation_id = d.id))
       AND (came.posted_at <= %(ended_at)s
            OR d.created_at BETWEEN %(begun_at)s AND %(ended_at)s
            OR EXISTS (SELECT FROM payments_pledgepayment pay
                         JOIN payments_pledge pledge ON pledge.id = pay.pledge_id
                        WHERE pay.donation_id = d.id AND pledge.taken_at <= %(ended_at)s))
), traced AS (
    SELECT moved.*, base.kind AS base_kind, base.posted_at AS base_at,
           base.occurred_on AS base_on, paid.id AS donation_id, paid.created_at AS sent_at,
           back.id IS NOT NULL AS is_refund, taken.id IS NOT NULL AS is_dispute,
           coalesce(back.id, taken.id) IN (SELECT id FROM of_the_night) AS is_of_the_night
      FROM moved
      JOIN funds_journalentry base ON base.id = moved.base
      LEFT JOIN payments_carddonation paid ON paid.received_entry_id = base.id
      LEFT JOIN payments_cardrefund refund ON refund.entry_id = base.id
      LEFT JOIN payments_carddonation back ON back.id = refund.donation_id
      LEFT JOIN payments_carddisputemovement movement
             ON movement.entry_id = base.id OR movement.kept_entry_id = base.id
      LEFT JOIN payments_carddispute dispute ON dispute.id = movement.dispute_id
      LEFT JOIN payments_carddonation taken ON taken.id = dispute.donation_id
), pledged AS (
    SELECT traced.id,
           least(abs(traced.minor), coalesce(sum(pay.amount), 0) * %(unit)s)::bigint
               * sign(traced.minor)::bigint AS minor
      FROM traced
      JOIN payments_pledgepayment pay ON pay.undone_at IS NULL AND (
               pay.donation_id = traced.donation_id
               OR pay.collection_id IN (SELECT c.id FROM payments_cashcollection c
                                         WHERE c.entry_id = traced.base)
               OR pay.receipt_id IN (SELECT t.id FROM payments_transferreceipt t
                                      WHERE t.entry_id = traced.base))
      JOIN payments_pledge pledge ON pledge.id = pay.pledge_id
       AND pledge.appeal_id = %(appeal)s AND pledge.taken_at <= %(ended_at)s
     WHERE traced.base_at > %(ended_at)s
     GROUP BY traced.id, traced.minor
), sorted AS (
    SELECT moved.id, moved.kind, moved.occurred_on, moved.posted_at, moved.memo, pledged.minor,
           '{Sort.PLEDGE}' AS sort
      FROM pledged JOIN moved USING (id)
    UNION ALL
    SELECT traced.id, traced.kind, traced.occurred_on, traced.posted_at, traced.memo,
           traced.minor - coalesce(pledged.minor, 0),
           CASE
             WHEN is_refund
               THEN CASE WHEN is_of_the_night THEN '{Sort.REFUND}' ELSE '{Sort.LATER}' END
             WHEN is_dispute
               THEN CASE WHEN is_of_the_night THEN '{Sort.DISPUTE}' ELSE '{Sort.LATER}' END
             WHEN base_at <= %(ended_at)s THEN '{Sort.CORRECTION}'
             WHEN base_kind = 'card-received'
               THEN CASE WHEN sent_at BETWEEN %(begun_at)s AND %(ended_at)s
                         THEN '{Sort.LATE_CARD}' ELSE '{Sort.LATER}' END
             WHEN base_kind IN ('cash-counted', 'sales-counted', 'transfer-received')
               THEN CASE WHEN base_on BETWEEN %(begun_on)s AND %(ended_on)s
                         THEN '{Sort.LATE}' ELSE '{Sort.LATER}' END
             ELSE '{Sort.CORRECTION}'
           END
      FROM traced LEFT JOIN pledged ON pledged.id = traced.id
     WHERE traced.minor <> coalesce(pledged.minor, 0)
)
"""  # noqa: S608 - made of constants of our own

# Each sort's sum and number, beside the newest of its entries; of what came later no entry.
_MOVEMENTS: Final = f"""{_SORTED}
SELECT sums.sort, sums.minor, sums.number,
       placed.id, placed.kind, placed.occurred_on, placed.posted_at, placed.memo, placed.minor
  FROM (SELECT sort, sum(minor)::bigint AS minor, count(*) AS number
          FROM sorted GROUP BY sort) AS sums
  LEFT JOIN (SELECT *, row_number() OVER (PARTITION BY sort ORDER BY id DESC) AS place
               FROM sorted WHERE sort <> '{Sort.LATER}') AS placed
         ON placed.sort = sums.sort AND placed.place <= %(most)s
 ORDER BY placed.id
"""  # noqa: S608 - made of constants of our own

_RAISED_AT_END: Final = f"""
SELECT coalesce(sum(CASE p.side WHEN 'credit' THEN p.amount_minor ELSE -p.amount_minor END), 0)
  FROM appeals_appealaccount held
  JOIN funds_posting p USING (account_id)
  JOIN funds_journalentry e ON e.id = p.entry_id
 WHERE held.appeal_id = %(appeal)s AND held.role <> '{AppealAccount.Role.CASH_IN_HAND.value}'
   AND e.posted_at <= %(ended_at)s
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the books, or the part of it that has this meaning. No person stands in it."""

    pk: int
    kind: str
    occurred_on: date
    posted_at: datetime
    memo: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Movement:
    """All entries of one sort: what they come to, how many they are, and the newest of them."""

    sort: Sort
    amount: Money
    count: int
    entries: list[Entry]


def read_movements(night: Night, *, most: int = ENTRIES_SHOWN) -> dict[Sort, Movement]:
    """Everything that moved since a night ended, by sort: one query. A sort may be missing."""
    currency = night.appeal.currency
    movements: dict[Sort, Movement] = {}
    with connection.cursor() as cursor:
        cursor.execute(_MOVEMENTS, _values(night) | {"most": most})
        rows = cursor.fetchall()
    for sort, sum_minor, number, pk, kind, occurred_on, posted_at, memo, minor in rows:
        movement = movements.setdefault(
            Sort(sort), Movement(Sort(sort), from_minor(sum_minor, currency), number, [])
        )
        if pk is not None:
            amount = from_minor(minor, currency)
            movement.entries.append(Entry(pk, kind, occurred_on, posted_at, memo, amount))
    return movements


def read_raised_at_end(night: Night) -> Money:
    """What the books held for the appeal when the night ended: a sum over its postings."""
    with connection.cursor() as cursor:
        cursor.execute(_RAISED_AT_END, _values(night))
        (minor,) = cursor.fetchone()
    return from_minor(int(minor), night.appeal.currency)


def _values(night: Night) -> dict[str, Any]:
    organisation = read_organisation()
    assert night.ended_at is not None
    return {
        "appeal": night.appeal_id,
        "begun_at": night.begun_at,
        "ended_at": night.ended_at,
        "begun_on": local_date(night.begun_at, organisation),
        "ended_on": local_date(night.ended_at, organisation),
        "unit": minor_unit(night.appeal.currency),
    }
