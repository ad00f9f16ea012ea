"""The appeal's page and the reading behind it, in small books and in big ones.

References in the same run: a page that shows nothing of the books, and the sum over the postings
that a reading would cost if the database kept no balances.
"""

import statistics
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from http.client import HTTPConnection
from typing import Final

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from appeals.models import Appeal, BranchTarget
from appeals.progress import read_reading
from bench.books import copy_database, in_books
from bench.site import Site, running_site
from funds.models import Branch, Region
from tests.factories import gbp, make_appeal

PAIRS: Final = 5
READINGS: Final = 200
REQUESTS: Final = 200
BOOKS: Final = {"bench_small": 10_000, "bench_big": 1_000_000}

# Two postings an entry, for two appeals by turns, as plain rows: the triggers are off while they
# are loaded, and the balances are summed up afterwards as the trigger would have.
_LOAD: Final = """
SET session_replication_role = replica;
INSERT INTO funds_journalentry (id, source_key, kind, occurred_on, memo, digest)
    OVERRIDING SYSTEM VALUE
    SELECT n, 'bench:' || n, 'card-received', '2026-11-21', '', repeat('0', 64)
      FROM generate_series(1, {entries}) n;
INSERT INTO funds_posting (entry_id, account_id, side, amount_minor, branch_id)
    SELECT n, held.account_id, CASE held.role WHEN 'cash-in-hand' THEN 'debit' ELSE 'credit' END,
           100 + n % 5000,
           (SELECT min(id) FROM funds_branch) + n / 2 % CASE n % 2 WHEN 0 THEN 24 ELSE 500 END
      FROM generate_series(1, {entries}) n
      JOIN appeals_appeal appeal ON appeal.slug = CASE n % 2 WHEN 0 THEN 'usual' ELSE 'many' END
      JOIN appeals_appealaccount held ON held.appeal_id = appeal.id
       AND held.role IN ('cash-in-hand', CASE n % 4 / 2 WHEN 0 THEN 'card' ELSE 'cash' END);
INSERT INTO funds_balance (account_id, branch_id, debit_minor, credit_minor, debit_entries,
                           credit_entries, postings)
    SELECT account_id, branch_id,
           coalesce(sum(amount_minor) FILTER (WHERE side = 'debit'), 0),
           coalesce(sum(amount_minor) FILTER (WHERE side = 'credit'), 0),
           count(*) FILTER (WHERE side = 'debit'), count(*) FILTER (WHERE side = 'credit'), count(*)
      FROM funds_posting GROUP BY account_id, branch_id;
RESET session_replication_role;
"""

_SUM: Final = """
SELECT p.branch_id, sum(CASE p.side WHEN 'credit' THEN p.amount_minor ELSE -p.amount_minor END)
  FROM funds_posting p
  JOIN appeals_appealaccount a ON a.account_id = p.account_id AND a.role <> 'cash-in-hand'
  JOIN appeals_appeal appeal ON appeal.id = a.appeal_id AND appeal.slug = 'usual'
 GROUP BY p.branch_id
"""


def run() -> None:
    """Print page times and queries for 10 and 500 branches, and readings at 10k and 1M postings."""
    _make_appeals()
    _time_pages()
    _time_readings()


def _make_appeals() -> None:
    few, usual, many = make_appeal("few"), make_appeal("usual"), make_appeal("many")
    region = Region.objects.create(name="Region", slug="region")
    branches = Branch.objects.bulk_create(
        Branch(region=region, name=f"Branch {number:03}", slug=f"branch-{number:03}")
        for number in range(500)
    )
    for appeal, own in ((few, branches[:10]), (usual, branches[:24]), (many, branches)):
        BranchTarget.objects.bulk_create(
            BranchTarget(appeal=appeal, branch=branch, target=gbp(100)) for branch in own
        )


def _time_pages() -> None:
    pages = {
        "/privacy/": "a page without figures: the reference",
        "/appeals/few/": "appeal, 10 branches",
        "/appeals/many/": "appeal, 500 branches",
        "/appeals/many/league/": "league table, 500 branches",
    }
    queries = {path: _count_queries(path) for path in pages}
    connection.close()
    with running_site() as site:
        for path in pages:
            _median_answer(site, path)  # warms the server up
        for path, what in pages.items():
            print(
                f"   {what:38} p50 {_median_answer(site, path):6.2f} ms   {queries[path]} queries"
            )


def _count_queries(path: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert Client().get(path).status_code == 200
    return len(queries)


def _median_answer(site: Site, path: str) -> float:
    """Milliseconds from request to the last byte, over one kept connection on loopback."""
    took: list[float] = []
    with closing(HTTPConnection("127.0.0.1", site.port, timeout=30)) as client:
        for _ in range(REQUESTS):
            started_at = time.perf_counter()
            client.request("GET", path)
            client.getresponse().read()
            took.append((time.perf_counter() - started_at) * 1000)
    return statistics.median(took)


def _time_readings() -> None:
    for name, postings in BOOKS.items():
        copy_database(name)
        in_books(name, partial(_load, postings))
    for slug, branches in (("usual", 24), ("many", 500)):
        pairs = [
            {name: in_books(name, partial(_time_reading, slug)) for name in BOOKS}
            for _ in range(PAIRS)
        ]
        for name, postings in BOOKS.items():
            took = statistics.median(pair[name] for pair in pairs)
            print(f"   reading, {branches:3} branches, {postings:>9,} postings {took:8.2f} ms")
        ratios = sorted(pair["bench_big"] / pair["bench_small"] for pair in pairs)
        print(
            f"   big / small, {PAIRS} interleaved pairs: median {statistics.median(ratios):.2f}"
            f"   from {ratios[0]:.2f} to {ratios[-1]:.2f}"
        )
    for name, postings in BOOKS.items():
        took = in_books(name, partial(_median, _sum, times=5))
        print(f"   SUM over postings, 24 branches, {postings:>9,} {took:8.2f} ms: the reference")


def _load(postings: int) -> float:
    with connection.cursor() as cursor:
        cursor.execute(_LOAD.format(entries=postings // 2))
        cursor.execute("VACUUM ANALYZE")
    return 0.0


def _median(action: Callable[[], object], *, times: int = READINGS) -> float:
    """Milliseconds of one call, once warm."""
    action()
    took: list[float] = []
    for _ in range(times):
        started_at = time.perf_counter()
        action()
        took.append((time.perf_counter() - started_at) * 1000)
    return statistics.median(took)


def _time_reading(slug: str) -> float:
    appeal = Appeal.objects.get(slug=slug)
    return _median(lambda: read_reading(appeal))


def _sum() -> object:
    with connection.cursor() as cursor:
        cursor.execute(_SUM)
        return cursor.fetchall()
