"""Proves the books: recomputes everything from the postings and reports what differs.

Reads only, set by set in the database, so that ten million postings need no memory here.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection

from funds.digest import ENTRY_DIGEST_SQL
from funds.guards import CONSTRAINTS, FUNCTION_DIGESTS, TRIGGERS, UNIQUE_COLUMNS


@dataclass(frozen=True, slots=True)
class Difference:
    """Something in the books that is not as it must be."""

    check: str
    subject: str
    detail: str

    def __str__(self) -> str:
        return f"{self.check}: {self.subject}: {self.detail}"


@dataclass(frozen=True, slots=True)
class BooksSize:
    """How much was audited."""

    entries: int
    postings: int
    balances: int


def read_size() -> BooksSize:
    """How many entries, postings and balances stand in the books."""
    (row,) = query(
        "SELECT (SELECT count(*) FROM funds_journalentry), (SELECT count(*) FROM funds_posting),"
        " (SELECT count(*) FROM funds_balance)"
    )
    return BooksSize(*row)


def audit_ledger() -> Iterator[Difference]:
    """Every difference in the ledger itself: guards, entries, digests, balances."""
    for check in _CHECKS:
        yield from check()


def query(sql: str, parameters: dict[str, Any] | None = None) -> Iterator[tuple[Any, ...]]:
    """Rows of an auditing question, streamed."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        while rows := cursor.fetchmany(1000):
            yield from rows


# When a trigger fires is its definition without its name, its table and its function.
_TRIGGERS_SQL: Final = r"""
SELECT t.tgname, c.relname, p.proname, t.tgenabled,
       btrim(regexp_replace(
           pg_get_triggerdef(t.oid),
           '^CREATE (?:CONSTRAINT )?TRIGGER \S+ (.*) ON \S+ (.*) EXECUTE FUNCTION \S+\((.*)\)$',
           '\1 \2 \3'))
  FROM pg_trigger t
  JOIN pg_class c ON c.oid = t.tgrelid
  JOIN pg_proc p ON p.oid = t.tgfoid
 WHERE NOT t.tgisinternal AND c.relnamespace = current_schema()::regnamespace
"""


def audit_guards() -> Iterator[Difference]:
    """Triggers, functions, constraints and unique indexes that the books rely on."""
    standing = {
        (name, table, function): (enabled, fires)
        for name, table, function, enabled, fires in query(_TRIGGERS_SQL)
    }
    for trigger in TRIGGERS:
        subject = (trigger.name, trigger.table, trigger.function)
        enabled, fires = standing.get(subject, (None, None))
        if enabled is None:
            fault = "is missing"
        elif enabled not in {"O", "A"}:
            fault = "is disabled"
        elif fires != trigger.fires:
            fault = f"fires {fires}, not {trigger.fires}"
        else:
            continue
        yield Difference("guards", trigger.name, f"the trigger on {trigger.table} {fault}")
    bodies = dict(
        query(
            "SELECT proname, encode(sha256(convert_to(prosrc, 'UTF8')), 'hex') FROM pg_proc"
            " WHERE proname = ANY(%(names)s) AND pronamespace = current_schema()::regnamespace",
            {"names": list(FUNCTION_DIGESTS)},
        )
    )
    for name, digest in FUNCTION_DIGESTS.items():
        if bodies.get(name) != digest:
            yield Difference("guards", name, "the function is missing or was replaced")
    yield from _audit_constraints()


def _audit_constraints() -> Iterator[Difference]:
    checks = set(
        query(
            "SELECT conrelid::regclass::text, conname FROM pg_constraint"
            " WHERE contype = 'c' AND convalidated"
        )
    )
    for table, name in CONSTRAINTS:
        if (table, name) not in checks:
            yield Difference("guards", name, f"the constraint on {table} is missing")
    unique = set(
        query(
            "SELECT i.indrelid::regclass::text, string_agg(a.attname, ',' ORDER BY k.place)"
            " FROM pg_index i, unnest(i.indkey::int2[]) WITH ORDINALITY k(attnum, place),"
            " pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = k.attnum"
            " AND i.indisunique AND i.indisvalid AND i.indpred IS NULL"
            " GROUP BY i.indexrelid, i.indrelid"
        )
    )
    for table, columns in UNIQUE_COLUMNS:
        if (table, columns) not in unique:
            yield Difference("guards", f"{table}({columns})", "the unique index is missing")


def _audit_entries() -> Iterator[Difference]:
    rows = query(
        """
        SELECT e.source_key, count(p.id), count(DISTINCT a.currency),
               coalesce(sum(CASE p.side WHEN 'debit' THEN p.amount_minor
                                        ELSE -p.amount_minor END), 0)
          FROM funds_journalentry e
          LEFT JOIN funds_posting p ON p.entry_id = e.id
          LEFT JOIN funds_account a ON a.id = p.account_id
         GROUP BY e.id, e.source_key
        HAVING count(p.id) < 2 OR count(DISTINCT a.currency) <> 1
            OR sum(CASE p.side WHEN 'debit' THEN p.amount_minor ELSE -p.amount_minor END) <> 0
         ORDER BY e.id
        """
    )
    for source_key, postings, currencies, net in rows:
        yield Difference(
            "entries balance",
            source_key,
            f"{postings} postings, {currencies} currencies, debits less credits {net} minor units",
        )


def _audit_digests() -> Iterator[Difference]:
    rows = query(
        f"SELECT e.source_key FROM funds_journalentry e"  # noqa: S608 - a constant of our own
        f" WHERE e.digest <> {ENTRY_DIGEST_SQL} ORDER BY e.id"
    )
    for (source_key,) in rows:
        yield Difference(
            "digests hold", source_key, "the entry or its postings were changed after posting"
        )


def _audit_balances() -> Iterator[Difference]:
    rows = query(
        """
        WITH sums AS (
            SELECT p.account_id, p.branch_id,
                   coalesce(sum(p.amount_minor) FILTER (WHERE p.side = 'debit'), 0) AS debit,
                   coalesce(sum(p.amount_minor) FILTER (WHERE p.side = 'credit'), 0) AS credit,
                   count(*) FILTER (WHERE p.side = 'debit' AND e.reverses_id IS NULL)
                     - count(*) FILTER (WHERE p.side = 'credit' AND e.reverses_id IS NOT NULL)
                     AS debits,
                   count(*) FILTER (WHERE p.side = 'credit' AND e.reverses_id IS NULL)
                     - count(*) FILTER (WHERE p.side = 'debit' AND e.reverses_id IS NOT NULL)
                     AS credits,
                   count(*) AS postings
              FROM funds_posting p JOIN funds_journalentry e ON e.id = p.entry_id
             GROUP BY p.account_id, p.branch_id)
        SELECT a.code, br.slug,
               s.debit, s.credit, s.debits, s.credits, s.postings,
               b.debit_minor, b.credit_minor, b.debit_entries, b.credit_entries, b.postings
          FROM sums s
          FULL JOIN funds_balance b
            ON b.account_id = s.account_id
           AND coalesce(b.branch_id, 0) = coalesce(s.branch_id, 0)
          JOIN funds_account a ON a.id = coalesce(s.account_id, b.account_id)
          LEFT JOIN funds_branch br ON br.id = coalesce(s.branch_id, b.branch_id)
         WHERE (s.debit, s.credit, s.debits, s.credits, s.postings) IS DISTINCT FROM
               (b.debit_minor, b.credit_minor, b.debit_entries, b.credit_entries, b.postings)
         ORDER BY a.code, br.slug
        """
    )
    names = ("debit", "credit", "debit entries", "credit entries", "postings")
    for code, branch, *figures in rows:
        summed, kept = figures[:5], figures[5:]
        unlike = [
            f"{name} is {was}, the postings make {should}"
            for name, was, should in zip(names, kept, summed, strict=True)
            if was != should
        ]
        subject = f"{code}, {branch or 'no branch'}"
        yield Difference("balances equal the full sums", subject, "; ".join(unlike))


def _audit_closed_periods() -> Iterator[Difference]:
    """Entries that came into a period after it was closed, or were moved out of none."""
    rows = query(
        """
        SELECT e.source_key, 'posted into ' || c.name || ' after it was closed'
          FROM funds_periodclose c
          JOIN funds_journalentry e
            ON coalesce(e.booked_on, e.occurred_on) <= c.until AND e.posted_at > c.closed_at
         WHERE c.reopened_at IS NULL
         UNION
        SELECT e.source_key, 'moved to ' || e.booked_on || ', and no period was closed before it'
          FROM funds_journalentry e
         WHERE e.booked_on IS NOT NULL
           AND NOT EXISTS (SELECT FROM funds_periodclose c WHERE c.until + 1 = e.booked_on)
         ORDER BY 1
        """
    )
    for source_key, detail in rows:
        yield Difference("closed periods are closed", source_key, detail)
    rows = query(
        """
        SELECT c.name, b.name FROM funds_periodclose c JOIN funds_periodclose b
            ON b.id < c.id AND b.reopened_at IS NULL AND b.until + 1 <> c.since
         WHERE c.reopened_at IS NULL AND NOT EXISTS (
               SELECT FROM funds_periodclose m WHERE m.reopened_at IS NULL
                  AND m.id > b.id AND m.id < c.id)
         ORDER BY 1
        """
    )
    for name, before in rows:
        yield Difference("closed periods join on", name, f"does not join on to {before}")


_CHECKS: Final[tuple[Callable[[], Iterator[Difference]], ...]] = (
    audit_guards,
    _audit_entries,
    _audit_digests,
    _audit_balances,
    _audit_closed_periods,
)
