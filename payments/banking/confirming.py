"""A person's word on a line of the statement: what it is, why it differs, that it was a mistake.

This alone turns a proposal into a fact. Cash is confirmed by somebody who neither counted it nor
paid it in.
"""

import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from funds import chart
from funds.ledger import Kind as EntryKind
from funds.ledger import credit, debit, post_entry, reverse_entry
from funds.models import Branch, JournalEntry, User
from funds.money import from_minor
from payments.banking.candidates import SOURCES, Source, find_candidate
from payments.banking.matching import target_fields
from payments.cheques import return_cheque
from payments.models import Cheque, PayingIn, StatementLine, StatementMatch, TransferReceipt
from payments.paying_in_records import who_handled
from payments.recording import RecordRefusedError, local_today
from payments.transfers import GivenBy, TransferFacts, record_transfer, take_back_transfer

Kind = StatementMatch.Kind

_MAY_DIFFER: Final = frozenset({Kind.PAYING_IN, Kind.WITH_CHEQUES, Kind.PAYOUT})
_SAME_SLIP: Final = {
    Kind.PAYING_IN: (Kind.PAYING_IN, Kind.WITH_CHEQUES),
    Kind.CHEQUES: (Kind.CHEQUES, Kind.WITH_CHEQUES),
    Kind.WITH_CHEQUES: (Kind.PAYING_IN, Kind.CHEQUES, Kind.WITH_CHEQUES),
}
"""Which matches with one slip exclude each other: its cash, its cheques, or both in one line."""

_BY_BANK: Final = "Returned by the bank"
_OF_LINES: Final = UUID("6b0a2f0e-6c1f-4a3e-9a55-0d1f3c6f5a11")
"""Namespace of the references of transfers that are recorded from a statement line."""


class MatchChangedError(RuntimeError):
    """The line, the proposal or the match is not what the page showed. Nothing is written."""


@transaction.atomic
def confirm_proposal(
    reference: UUID, *, by: User, note: str = "", sources: Sequence[Source] = SOURCES
) -> StatementMatch:
    """Say that a proposal is right. A second call changes nothing.

    Args:
        reference: Of the proposal, as the page showed it.
        by: Who is logged in. That they are national treasurer was checked before.
        note: Why the bank has another amount; required when it has.
        sources: Where the books' side is looked up.

    Raises:
        MatchChangedError: It is no proposal any more.
        RecordRefusedError: It may not be confirmed by this person, or not without a note, or not
            without the giver's name; says so. Nothing is written.
    """
    # Against another person, and against the matcher, which deletes what is out of date.
    match = (
        StatementMatch.objects.select_for_update(of=("self",))
        .select_related("line__account", "rule__appeal", "rule__branch")
        .filter(reference=reference)
        .first()
    )
    if match is None or match.undone_at is not None:
        raise MatchChangedError(str(reference))
    if match.confirmed_at is None:
        _settle(match, by=by, note=note, sources=sources)
    return match


@transaction.atomic
def match_by_hand(
    line: StatementLine,
    kind: StatementMatch.Kind,
    target: str,
    *,
    by: User,
    note: str = "",
    sources: Sequence[Source] = SOURCES,
) -> StatementMatch:
    """Say what a line is, whether it was proposed or not.

    Args:
        line: The bank's line.
        kind: What it is.
        target: Which of its kind, as ``Candidate.target`` names it.
        by: Who is logged in. That they are national treasurer was checked before.
        note: Why the bank has another amount; required when it has.
        sources: Where the books' side is looked up.

    Raises:
        MatchChangedError: Something was said of the line meanwhile.
        RecordRefusedError: As ``confirm_proposal``.
    """
    match = StatementMatch(line=_lock_open(line), kind=kind, **target_fields(kind, target))
    _settle(match, by=by, note=note, sources=sources)
    return match


@transaction.atomic
def record_from_line(line: StatementLine, facts: TransferFacts, *, by: User) -> StatementMatch:
    """Record a transfer or a cleared cheque from the line that brought it, and match the two.

    Args:
        line: The bank's line: its date and amount are the transfer's, whatever ``facts`` say.
        facts: What it is for, and who gave.
        by: Who is logged in. That they are national treasurer was checked before.

    Raises:
        MatchChangedError: Something was said of the line meanwhile.
        RecordRefusedError: As ``payments.transfers.record_transfer``.
    """
    locked = _lock_open(line)
    match = StatementMatch(line=locked, kind=Kind.TRANSFER, made_receipt=True)
    told = replace(facts, received_on=locked.booked_on, amount=locked.amount)
    match.receipt = record_transfer(_reference_for(locked), told, recorded_by=by).receipt
    _say(match, by=by)
    return match


@transaction.atomic
def set_aside(lines: Sequence[StatementLine], *, note: str, by: User) -> int:
    """Say of lines that they are for no appeal, such as rent; answers how many were open.

    Raises:
        RecordRefusedError: No note was given. Nothing is written.
    """
    note = note.strip()
    if not note:
        raise RecordRefusedError("note", "Say what it is, such as: rent.")
    done = 0
    for line in sorted(lines, key=lambda line: line.pk):
        try:
            locked = _lock_open(line)
        except MatchChangedError:
            continue
        _say(StatementMatch(line=locked, kind=Kind.ASIDE, note=note[:200]), by=by)
        done += 1
    return done


@transaction.atomic
def undo_match(match: StatementMatch, *, reason: str, by: User) -> StatementMatch:
    """Take back what was said of a line, and what was posted for it. Both stay visible.

    The difference is reversed, and so is a transfer that was recorded from the line. What had been
    in the books before stays there.

    Raises:
        RecordRefusedError: No reason was given, or the bank returned the money since. Nothing is
            written.
        MatchChangedError: It was undone before. Nothing is written.
    """
    reason = reason.strip()
    if not reason:
        raise RecordRefusedError("reason", "Say why it is undone.")
    locked = StatementMatch.objects.select_for_update(of=("self",)).get(pk=match.pk)
    if locked.undone_at is not None or locked.confirmed_at is None:
        raise MatchChangedError(str(locked.reference))
    was_reversed = locked.receipt is not None and locked.receipt.reversed_at is not None
    if was_reversed or locked.kind == Kind.RETURNED:
        raise RecordRefusedError(
            "reason",
            "The bank returned this money, and the books say so. Was it paid after all? Then "
            "record it anew from the line that brought it.",
        )
    if locked.difference_entry is not None:
        reverse_entry(locked.difference_entry, reason=reason, occurred_on=local_today())
    if locked.receipt is not None and locked.made_receipt:
        take_back_transfer(locked.receipt, reason=reason, reversed_by=by, occurred_on=local_today())
    locked.undo_reason = reason[:200]
    locked.undone_by = by
    locked.undone_at = timezone.now()
    locked.save(update_fields=["undo_reason", "undone_by", "undone_at"])
    return locked


def _lock_open(line: StatementLine) -> StatementLine:
    """The line, if nobody has said anything of it; against another person at this moment."""
    locked = (
        StatementLine.objects.select_for_update(of=("self",))
        .select_related("account")
        .get(pk=line.pk)
    )
    if StatementMatch.objects.filter(
        line=locked, confirmed_at__isnull=False, undone_at__isnull=True
    ).exists():
        raise MatchChangedError(str(line.reference))
    return locked


def _settle(match: StatementMatch, *, by: User, note: str, sources: Sequence[Source]) -> None:
    kind = Kind(match.kind)
    if kind is Kind.RULE:
        _record_by_rule(match, by=by)
    else:
        _compare_with_books(match, by=by, note=note, sources=sources)
    _take_back(match, by=by)
    _say(match, by=by)


def _take_back(match: StatementMatch, *, by: User) -> None:
    """What the bank took back: a transfer, a cheque that had cleared, or one that never did."""
    day, receipt = match.line.booked_on, match.receipt
    cheque = receipt.cheque if receipt is not None else match.cheque
    if match.kind not in {Kind.BOUNCED, Kind.RETURNED}:
        return
    if cheque is not None:
        return_cheque(cheque, returned_on=day, reason=_BY_BANK, by=by)
    else:
        assert receipt is not None
        take_back_transfer(receipt, reason=_BY_BANK, reversed_by=by, occurred_on=day)


def _record_by_rule(match: StatementMatch, *, by: User) -> None:
    line, rule = match.line, match.rule
    assert rule is not None
    facts = TransferFacts(
        appeal=rule.appeal,
        branch=rule.branch,
        method=TransferReceipt.Method.TRANSFER,
        received_on=line.booked_on,
        amount=line.amount,
        # The rule's words and not the bank's, which may name who paid.
        bank_reference=rule.words[:120],
        given_by=GivenBy(),
    )
    match.receipt = record_transfer(_reference_for(line), facts, recorded_by=by).receipt
    match.made_receipt = True


def _compare_with_books(
    match: StatementMatch, *, by: User, note: str, sources: Sequence[Source]
) -> None:
    kind, line = Kind(match.kind), match.line
    target = _lock_target(match)
    candidate = find_candidate(kind, target, sources)
    if candidate is None or candidate.currency != line.account.currency:
        raise RecordRefusedError("match", "That is matched already, or was undone meanwhile.")
    if match.paying_in is not None:
        _require_another_person(match.paying_in, by)
    match.difference_minor = line.amount_minor - candidate.amount_minor
    if not match.difference_minor:
        return
    if kind not in _MAY_DIFFER:
        raise RecordRefusedError(
            "match", "The amounts differ. Reverse what was recorded, and record it from this line."
        )
    match.note = note.strip()[:200]
    if not match.note:
        raise RecordRefusedError("note", "Say why the bank has another amount.")
    match.difference_entry = _post_difference(match, what=candidate.what)


def _lock_target(match: StatementMatch) -> str:
    """Against another person who matches, undoes or reverses it at this moment."""
    if match.paying_in_id is not None:
        match.paying_in = PayingIn.objects.select_for_update().get(pk=match.paying_in_id)
        return str(match.paying_in_id)
    if match.cheque_id is not None:
        match.cheque = Cheque.objects.select_for_update().get(pk=match.cheque_id)
        return str(match.cheque_id)
    if match.receipt_id is not None:
        # The cheque first, as whoever clears or returns it does.
        cheques = Cheque.objects.select_for_update(of=("self",)).order_by("pk")
        list(cheques.filter(receipts=match.receipt_id))
        match.receipt = TransferReceipt.objects.select_for_update().get(pk=match.receipt_id)
        return str(match.receipt_id)
    return match.payout_id


def _require_another_person(paying_in: PayingIn, by: User) -> None:
    handled = who_handled(paying_in)
    if handled.is_one_of_them(by):
        raise RecordRefusedError(
            "match",
            f"You counted, recorded or paid in slip {paying_in.slip_number}. Another national "
            "treasurer, who did not, confirms it.",
        )


def _post_difference(match: StatementMatch, *, what: str) -> JournalEntry:
    """Dr over-and-short, Cr bank, when the bank has less; the other way when it has more."""
    currency = match.line.account.currency
    amount = from_minor(abs(match.difference_minor), currency)
    bank = chart.account(chart.BANK, currency=currency)
    over_and_short = chart.account(chart.OVER_AND_SHORT, currency=currency)
    branch = _only_branch(match.paying_in)
    is_short = match.difference_minor < 0
    debited, credited = (over_and_short, bank) if is_short else (bank, over_and_short)
    posted = post_entry(
        source_key=f"bank-difference:{match.reference}",
        kind=EntryKind.BANK_DIFFERENCE,
        occurred_on=match.line.booked_on,
        memo=f"The bank has {'less' if is_short else 'more'} than {what}"[:200],
        lines=[
            debit(debited, amount, branch=branch if is_short else None),
            credit(credited, amount, branch=None if is_short else branch),
        ],
    )
    return posted.entry


def _only_branch(paying_in: PayingIn | None) -> Branch | None:
    """Whose difference it is, when the bag was one branch's."""
    if paying_in is None:
        return None
    branches = Branch.objects.filter(cash_collections__banked_lines__paying_in=paying_in)
    found = list(branches.distinct()[:2])
    return found[0] if len(found) == 1 else None


def _say(match: StatementMatch, *, by: User) -> None:
    """Keep it as confirmed; proposals about the same line or the same target vanish."""
    about = Q(line=match.line)
    if match.paying_in_id is not None:
        about |= Q(paying_in=match.paying_in_id, kind__in=_SAME_SLIP[Kind(match.kind)])
    if match.cheque_id is not None:
        about |= Q(cheque=match.cheque_id)
    if match.payout_id:
        about |= Q(payout_id=match.payout_id)
    if match.receipt_id is not None:
        about |= Q(receipt=match.receipt_id) & (
            Q(kind=Kind.BOUNCED) if match.kind == Kind.BOUNCED else ~Q(kind=Kind.BOUNCED)
        )
    proposals = StatementMatch.objects.filter(about, confirmed_at__isnull=True)
    proposals.exclude(pk=match.pk).delete()
    match.confirmed_by = by
    match.confirmed_at = timezone.now()
    match.save()


def _reference_for(line: StatementLine) -> UUID:
    """Of the transfer that a line brought: the same for the same line, another after an undo."""
    before = TransferReceipt.objects.filter(matches__line=line, matches__made_receipt=True).count()
    return uuid.uuid5(_OF_LINES, f"{line.reference}:{before}")
