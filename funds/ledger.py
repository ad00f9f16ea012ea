"""Writing the books. This module alone creates journal entries and postings."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from django.db import connection, transaction

from funds.digest import LATE_DIGEST_SQL, DigestLine, entry_digest
from funds.models import Account, Branch, JournalEntry, Posting
from funds.money import Money, to_minor

Side = Posting.Side
Kind = JournalEntry.Kind


class UnbalancedEntryError(ValueError):
    """Debits and credits differ, or there is nothing to post. A bug in the caller."""


class EntryConflictError(RuntimeError):
    """The source key is already posted with other lines. A person must look."""


class AlreadyReversedError(RuntimeError):
    """The entry was reversed before, for another reason. Nothing more needs doing."""


@dataclass(frozen=True, slots=True)
class Line:
    """One side of an entry, before it is posted."""

    account: Account
    side: Posting.Side
    amount: Money
    branch: Branch | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """One financial fact before it is posted; ``post_entry`` says what the members mean."""

    source_key: str
    kind: JournalEntry.Kind
    occurred_on: date
    memo: str
    lines: Sequence[Line]
    reverses: JournalEntry | None = None


class Posted(NamedTuple):
    """What ``post_entry`` did. ``is_new`` is False when the fact was already booked."""

    entry: JournalEntry
    is_new: bool


def debit(account: Account, amount: Money, *, branch: Branch | None = None) -> Line:
    """A line that debits ``account``."""
    return Line(account, Side.DEBIT, amount, branch)


def credit(account: Account, amount: Money, *, branch: Branch | None = None) -> Line:
    """A line that credits ``account``."""
    return Line(account, Side.CREDIT, amount, branch)


def post_entry(
    *,
    source_key: str,
    kind: JournalEntry.Kind,
    occurred_on: date,
    memo: str,
    lines: Sequence[Line],
) -> Posted:
    """Book one financial fact, exactly once per ``source_key``.

    Safe to call again, and from two workers at once: the unique index makes the second caller
    wait for the first, then return its entry. No lock is taken but the one that writers share
    against the closing of a period. A fact of a closed period is posted on the first open day and
    keeps its own date beside it (``booked_on``); told again after a closing, it is found as booked.

    Args:
        source_key: Names the outside fact, not the message that told us of it.
        kind: What sort of fact it is.
        occurred_on: The organisation's local date on which the money moved.
        memo: Shown to the treasurer in the journal; at most 200 characters, no donor's name.
        lines: Two or more, of one currency, debits equal to credits.

    Raises:
        UnbalancedEntryError: The lines do not form an entry. Nothing is written.
        EntryConflictError: ``source_key`` is booked with different lines. Nothing is written.
    """
    (posted,) = post_entries([Draft(source_key, kind, occurred_on, memo, lines)])
    return posted


@transaction.atomic
def post_entries(drafts: Sequence[Draft]) -> list[Posted]:
    """Book several facts in two statements: all of them or, when one is refused, none.

    For each as ``post_entry``. Two drafts of one key are one fact. The answers stand in the order
    of the drafts.

    Raises:
        UnbalancedEntryError: The lines of one do not form an entry. Nothing is written.
        EntryConflictError: A key is booked, or drafted, with different lines. Nothing is written.
    """
    entries: dict[str, JournalEntry] = {}
    wanted: dict[str, list[DigestLine]] = {}
    for draft in drafts:
        _require_balanced(draft.lines)
        lines = _digest_lines(draft.lines)
        if Counter(wanted.setdefault(draft.source_key, lines)) != Counter(lines):
            raise EntryConflictError(f"{draft.source_key} is drafted twice with other lines")
        entries.setdefault(draft.source_key, _entry(draft, lines))
    new = _insert_entries(entries)
    _insert_postings((entries[key], line) for key in new for line in wanted[key])
    if len(new) < len(entries):
        booked = {key: lines for key, lines in wanted.items() if key not in new}
        entries |= _read_booked(booked)
    posted: list[Posted] = []
    for draft in drafts:
        posted.append(Posted(entries[draft.source_key], is_new=draft.source_key in new))
        new.discard(draft.source_key)
    return posted


def _digest_lines(lines: Sequence[Line]) -> list[DigestLine]:
    return [
        DigestLine(
            line.account.pk,
            str(line.side),
            to_minor(line.amount),
            line.branch.pk if line.branch else 0,
        )
        for line in lines
    ]


def _entry(draft: Draft, lines: Sequence[DigestLine]) -> JournalEntry:
    return JournalEntry(
        source_key=draft.source_key,
        kind=draft.kind,
        occurred_on=draft.occurred_on,
        memo=draft.memo,
        reverses=draft.reverses,
        digest=entry_digest(
            source_key=draft.source_key,
            kind=draft.kind,
            occurred_on=draft.occurred_on,
            memo=draft.memo,
            reverses_id=draft.reverses.pk if draft.reverses else None,
            lines=lines,
        ),
    )


# Rows go in by the key's order, so that two batches that share keys never wait crosswise. What
# arrives late is dated by the very statement: funds_closed_until() also keeps a period from being
# closed before we commit (migration ``0011_closing_guards``).
_INSERT_ENTRIES = f"""
INSERT INTO funds_journalentry
    (source_key, kind, occurred_on, memo, digest, reverses_id, booked_on)
SELECT source_key, kind, occurred_on, memo,
       CASE WHEN occurred_on <= closed.until
            THEN {LATE_DIGEST_SQL.format(digest="digest", booked_on="closed.until + 1")}
            ELSE digest END,
       reverses_id, CASE WHEN occurred_on <= closed.until THEN closed.until + 1 END
  FROM unnest(
    %s::text[], %s::text[], %s::date[], %s::text[], %s::text[], %s::bigint[]
) AS draft (source_key, kind, occurred_on, memo, digest, reverses_id),
       funds_closed_until() AS closed (until)
ORDER BY source_key
ON CONFLICT (source_key) DO NOTHING
RETURNING source_key, id, posted_at, digest, booked_on
"""  # noqa: S608 - made of a constant of our own

_INSERT_POSTINGS = """
INSERT INTO funds_posting (entry_id, account_id, side, amount_minor, branch_id)
SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::bigint[], %s::bigint[])
"""


def _insert_entries(entries: Mapping[str, JournalEntry]) -> set[str]:
    """Insert what is not booked yet; answer with the keys that were new."""
    columns = ("source_key", "kind", "occurred_on", "memo", "digest", "reverses_id")
    values = [[getattr(entry, column) for entry in entries.values()] for column in columns]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT_ENTRIES, values)
        inserted = cursor.fetchall()
    for key, pk, posted_at, digest, booked_on in inserted:
        entry = entries[key]
        entry.pk, entry.posted_at = pk, posted_at
        entry.digest, entry.booked_on = digest, booked_on
        entry._state.adding = False  # noqa: SLF001 - Django's own way to say that the row exists
    return {key for key, *_ in inserted}


def _insert_postings(lines: Iterable[tuple[JournalEntry, DigestLine]]) -> None:
    rows = [
        (entry.pk, line.account_id, line.side, line.amount_minor, line.branch_id or None)
        for entry, line in lines
    ]
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(_INSERT_POSTINGS, [list(column) for column in zip(*rows, strict=True)])


def reverse_entry(
    entry: JournalEntry, *, reason: str, occurred_on: date, source_key: str = ""
) -> Posted:
    """Cancel an entry by an opposite one. Both stay in the books.

    A second call with the same ``source_key`` returns the first reversal. The key is made from
    the entry's own when the reversal is not an outside fact of its own.

    Args:
        entry: What to cancel.
        reason: Why; shown to the treasurer. Required.
        occurred_on: The organisation's local date of the correction.
        source_key: The outside fact that undid the entry, e.g. a refund that failed.

    Raises:
        ValueError: No reason was given, or the entry is itself a reversal.
        AlreadyReversedError: Another reversal stands already. Nothing is written.
    """
    if not reason.strip():
        raise ValueError("say why the entry is reversed")
    if entry.reverses_id is not None:
        raise ValueError("a reversal is not reversed: post the fact again")
    key = source_key or f"{entry.source_key}:reversed"
    standing = JournalEntry.objects.filter(reverses=entry).first()
    if standing is not None and standing.source_key != key:
        raise AlreadyReversedError(f"{entry.source_key} was reversed by {standing.source_key}")
    opposite = {Side.DEBIT: Side.CREDIT, Side.CREDIT: Side.DEBIT}
    lines = [
        Line(posting.account, opposite[Side(posting.side)], posting.amount, posting.branch)
        for posting in entry.postings.select_related("account", "branch").order_by("pk")
    ]
    memo = f"Reversed: {reason.strip()}"[:200]
    (posted,) = post_entries([Draft(key, Kind.REVERSAL, occurred_on, memo, lines, reverses=entry)])
    return posted


def _require_balanced(lines: Sequence[Line]) -> None:
    if len(lines) < 2:
        raise UnbalancedEntryError(f"an entry needs two lines or more, not {len(lines)}")
    net: Counter[str] = Counter()
    for line in lines:
        minor = to_minor(line.amount)
        if minor <= 0:
            raise UnbalancedEntryError(f"{line.amount} is not a positive amount")
        if line.amount.currency.code != line.account.currency:
            raise UnbalancedEntryError(f"{line.account} cannot hold {line.amount}")
        net[line.account.currency] += minor if line.side == Side.DEBIT else -minor
    if len(net) != 1 or any(net.values()):
        raise UnbalancedEntryError(f"debits less credits leave {dict(net)}, in minor units")


def _read_booked(wanted: Mapping[str, Sequence[DigestLine]]) -> dict[str, JournalEntry]:
    """The entries that stand under these keys, if their lines are the wanted ones."""
    entries = {entry.pk: entry for entry in JournalEntry.objects.filter(source_key__in=wanted)}
    booked: defaultdict[int, Counter[DigestLine]] = defaultdict(Counter)
    columns = ("entry_id", "account_id", "side", "amount_minor", "branch_id")
    for entry_id, account_id, side, amount_minor, branch_id in Posting.objects.filter(
        entry_id__in=entries
    ).values_list(*columns):
        booked[entry_id][DigestLine(account_id, side, amount_minor, branch_id or 0)] += 1
    for entry in entries.values():
        if booked[entry.pk] != Counter(wanted[entry.source_key]):
            raise EntryConflictError(f"{entry.source_key} is already posted with other lines")
    return {entry.source_key: entry for entry in entries.values()}
