"""Writing the books. This module alone creates journal entries and postings."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from django.db import connection, transaction

from funds.digest import DigestLine, entry_digest
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
    wait for the first, then return its entry. No lock is taken.

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
    return _post(
        source_key=source_key,
        kind=kind,
        occurred_on=occurred_on,
        memo=memo,
        lines=lines,
        reverses=None,
    )


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
    return _post(
        source_key=key,
        kind=Kind.REVERSAL,
        occurred_on=occurred_on,
        memo=f"Reversed: {reason.strip()}"[:200],
        lines=lines,
        reverses=entry,
    )


_INSERT_ENTRY = """
INSERT INTO funds_journalentry (source_key, kind, occurred_on, memo, digest, reverses_id)
VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (source_key) DO NOTHING
RETURNING id, posted_at
"""


@transaction.atomic
def _post(
    *,
    source_key: str,
    kind: JournalEntry.Kind,
    occurred_on: date,
    memo: str,
    lines: Sequence[Line],
    reverses: JournalEntry | None,
) -> Posted:
    _require_balanced(lines)
    postings = [
        DigestLine(
            line.account.pk,
            str(line.side),
            to_minor(line.amount),
            line.branch.pk if line.branch else 0,
        )
        for line in lines
    ]
    entry = JournalEntry(
        source_key=source_key,
        kind=kind,
        occurred_on=occurred_on,
        memo=memo,
        reverses=reverses,
        digest=entry_digest(
            source_key=source_key,
            kind=kind,
            occurred_on=occurred_on,
            memo=memo,
            reverses_id=reverses.pk if reverses else None,
            lines=postings,
        ),
    )
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT_ENTRY,
            [source_key, kind, occurred_on, memo, entry.digest, entry.reverses_id],
        )
        inserted = cursor.fetchone()
    if inserted is None:
        booked = JournalEntry.objects.get(source_key=source_key)
        _require_same_lines(booked, postings)
        return Posted(booked, is_new=False)

    entry.pk, entry.posted_at = inserted
    entry._state.adding = False  # noqa: SLF001 - Django's own way to say that the row exists
    Posting.objects.bulk_create(
        Posting(
            entry=entry,
            account_id=line.account_id,
            side=line.side,
            amount_minor=line.amount_minor,
            branch_id=line.branch_id or None,
        )
        for line in postings
    )
    return Posted(entry, is_new=True)


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


def _require_same_lines(entry: JournalEntry, wanted: Sequence[DigestLine]) -> None:
    booked = Counter(
        DigestLine(account_id, side, amount_minor, branch_id or 0)
        for account_id, side, amount_minor, branch_id in entry.postings.values_list(
            "account_id", "side", "amount_minor", "branch_id"
        )
    )
    if booked != Counter(wanted):
        raise EntryConflictError(f"{entry.source_key} is already posted with other lines")
