"""What came to an appeal just now, and what lowered it: from the books alone, without a person.

Of each income account only the newest postings are looked at, by their index, so that it costs
the same however much the books hold.
"""

from datetime import UTC
from typing import Final, NamedTuple

from django.db import connection
from django.utils.crypto import salted_hmac

from appeals.models import Appeal, AppealAccount
from appeals.stage.figures import JustIn, Lowered, Why
from funds.ledger import Kind
from funds.money import from_minor

_JUST_IN_AT_MOST: Final = 5
_LOOKED_AT: Final = 20  # newest of each account and side: more than are shown, since some fall out

_RECEIVED: Final = (
    Kind.CARD_RECEIVED,
    Kind.CASH_COUNTED,
    Kind.SALES_COUNTED,
    Kind.TRANSFER_RECEIVED,
)
_WHY: Final = {Kind.CARD_REFUND: Why.REFUND, Kind.CARD_DISPUTED: Why.DISPUTE}

_NEWS_SQL: Final = f"""
WITH income AS (
    SELECT account_id, role FROM appeals_appealaccount
     WHERE appeal_id = %(appeal)s AND role <> '{AppealAccount.Role.CASH_IN_HAND}'
), newest AS (
    SELECT p.id, p.entry_id, p.side, p.amount_minor, p.branch_id, income.role
      FROM income
     CROSS JOIN unnest(ARRAY['credit', 'debit']) AS wanted (side)
     CROSS JOIN LATERAL (
         SELECT id, entry_id, side, amount_minor, branch_id FROM funds_posting
          WHERE account_id = income.account_id AND side = wanted.side
          ORDER BY id * -1 LIMIT {_LOOKED_AT}  -- the order of posting_newest_idx
     ) p
), just_in AS (
    SELECT n.id, n.amount_minor, branch.name AS branch, n.role, e.posted_at
      FROM newest n
      JOIN funds_journalentry e ON e.id = n.entry_id
      LEFT JOIN funds_branch branch ON branch.id = n.branch_id
     WHERE n.side = 'credit' AND e.kind = ANY(%(received)s)
       AND e.posted_at > now() - interval '30 minutes'
       AND NOT EXISTS (SELECT FROM funds_journalentry r WHERE r.reverses_id = e.id)
     ORDER BY n.id DESC LIMIT {_JUST_IN_AT_MOST}
), lowered AS (
    -- What moves from one of the appeal's accounts or branches to another lowers nothing.
    SELECT e.id, e.kind, net.amount_minor, e.posted_at
      FROM (SELECT DISTINCT entry_id FROM newest WHERE side = 'debit') n
      JOIN funds_journalentry e ON e.id = n.entry_id
     CROSS JOIN LATERAL (
         SELECT sum(CASE p.side WHEN 'debit' THEN p.amount_minor ELSE -p.amount_minor END)::bigint
                AS amount_minor
           FROM funds_posting p JOIN income USING (account_id) WHERE p.entry_id = e.id
     ) net
     WHERE e.posted_at > now() - interval '10 minutes' AND net.amount_minor > 0
     ORDER BY e.id DESC LIMIT 1
)
SELECT 'just-in', id, amount_minor, branch, role, posted_at FROM just_in
UNION ALL
SELECT 'lowered', id, amount_minor, NULL, kind, posted_at FROM lowered
 ORDER BY 1, 2 DESC
"""  # noqa: S608 - only constants of our own are put in


class News(NamedTuple):
    """``just_in`` of the last 30 minutes, newest first; ``lowered`` of the last 10, or None."""

    just_in: list[JustIn]
    lowered: Lowered | None


def read_news(appeal: Appeal) -> News:
    """An appeal's news now: one query."""
    just_in: list[JustIn] = []
    lowered = None
    with connection.cursor() as cursor:
        cursor.execute(_NEWS_SQL, {"appeal": appeal.pk, "received": [str(k) for k in _RECEIVED]})
        for what, pk, amount_minor, branch, word, posted_at in cursor:
            amount = from_minor(amount_minor, appeal.currency)
            at = posted_at.astimezone(UTC)
            if what == "just-in":
                just_in.append(JustIn(_opaque(pk), amount, branch, word, at))
            else:
                lowered = Lowered(_WHY.get(word, Why.CORRECTION), amount, at)
    return News(just_in, lowered)


def _opaque(posting_id: int) -> str:
    """Tells one posting from another; how many there are it does not tell."""
    return salted_hmac("appeals.stage.news", str(posting_id), algorithm="sha256").hexdigest()[:16]
