"""News costs the same however much the books hold: a few index look-ups, whatever is in them."""

import json
from typing import Any, Final

import pytest
from django.db import connection

from appeals.accounts import appeal_account
from appeals.models import Appeal, AppealAccount
from appeals.stage.news import _NEWS_SQL, _RECEIVED, read_news
from tests.appeals.books import receive, refund
from tests.factories import gbp, make_appeal, make_branch

pytestmark = pytest.mark.django_db

Role = AppealAccount.Role

MANY: Final = 60_000
"""Entries of a year ago, two postings each; put there without the triggers, which take minutes."""

_FILL_SQL: Final = """
INSERT INTO funds_journalentry (source_key, kind, occurred_on, memo, digest, posted_at)
SELECT 'old:' || n, 'card-received', '2025-11-01', '', repeat('0', 64), now() - interval '1 year'
  FROM generate_series(1, {many}) n;
INSERT INTO funds_posting (entry_id, account_id, side, amount_minor, branch_id)
SELECT e.id, leg.account_id, leg.side, 500, {branch}
  FROM funds_journalentry e
 CROSS JOIN (VALUES ({asset}, 'debit'), ({income}, 'credit')) AS leg (account_id, side)
 WHERE e.source_key LIKE 'old:%';
"""


def fill(appeal: Appeal) -> None:
    told = {
        "many": MANY,
        "branch": make_branch().pk,
        "asset": appeal_account(appeal, Role.CASH_IN_HAND).pk,
        "income": appeal_account(appeal, Role.CARD).pk,
    }
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(_FILL_SQL.format(**told))
        cursor.execute("SET LOCAL session_replication_role = origin")
        cursor.execute("ANALYZE funds_posting, funds_journalentry")


def rows_looked_at(appeal: Appeal) -> dict[str, int]:
    """Rows that the database took from each table to read the news."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"EXPLAIN (ANALYZE, FORMAT JSON) {_NEWS_SQL}",
            {"appeal": appeal.pk, "received": [str(kind) for kind in _RECEIVED]},
        )
        ((plan,),) = cursor.fetchall()
    found: dict[str, int] = {}

    def walk(node: dict[str, Any]) -> None:
        table = node.get("Relation Name")
        if table:
            taken = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
            found[table] = found.get(table, 0) + int(taken * node["Actual Loops"])
        for inner in node.get("Plans", []):
            walk(inner)

    walk(json.loads(plan)[0]["Plan"] if isinstance(plan, str) else plan[0]["Plan"])
    return found


def test_a_quiet_appeal_of_many_years_is_read_by_index() -> None:
    appeal = make_appeal()
    fill(appeal)

    looked_at = rows_looked_at(appeal)

    assert read_news(appeal) == ([], None)
    assert looked_at["funds_posting"] <= 500
    assert looked_at["funds_journalentry"] <= 500


def test_so_is_the_money_of_tonight_on_top_of_it() -> None:
    appeal = make_appeal()
    fill(appeal)
    for pounds in range(1, 40):
        receive(appeal, gbp(pounds))
    refund(appeal, gbp(3))

    looked_at = rows_looked_at(appeal)
    news = read_news(appeal)

    assert [str(one.amount.amount) for one in news.just_in] == [
        *("39.00", "38.00", "37.00", "36.00", "35.00")
    ]
    assert news.lowered is not None
    assert looked_at["funds_posting"] <= 1000
    assert looked_at["funds_journalentry"] <= 1000
