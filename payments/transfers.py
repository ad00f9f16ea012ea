"""Bank transfers and cleared cheques: booked once when recorded, reversed when it was a mistake."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from appeals.accounts import Role, appeal_account
from appeals.models import Appeal
from donors.models import Donor
from funds import chart
from funds.ledger import EntryConflictError, Kind, credit, debit, post_entry, reverse_entry
from funds.models import Branch, User
from funds.money import Money
from funds.organisation import read_organisation
from payments.models import Cheque, StatementMatch, TransferReceipt
from payments.pledges.following import follow_record
from payments.recording import (
    RecordConflictError,
    RecordRefusedError,
    RecordReversedError,
    local_today,
    require_open_to_records,
    require_possible_amount,
    require_possible_date,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenBy:
    """Who the money came from. Personal data: it goes to ``donors`` and nowhere else."""

    name: str = ""
    address: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferFacts:
    """What the national treasurer tells of a transfer.

    ``received_on`` is the organisation's local date on which it reached the account (a cheque: on
    which it cleared); ``amount`` is in the appeal's currency; ``branch`` is credited, or none;
    ``cheque`` is the counting table's, if it was found there.
    """

    appeal: Appeal
    branch: Branch | None
    method: TransferReceipt.Method
    received_on: date
    amount: Money
    bank_reference: str
    given_by: GivenBy
    note: str = ""
    cheque: Cheque | None = None

    def as_fields(self) -> dict[str, object]:
        """The same as columns of ``TransferReceipt``; the donor has a row of their own."""
        return {
            "appeal": self.appeal,
            "branch": self.branch,
            "method": self.method,
            "received_on": self.received_on,
            "amount": self.amount,
            "bank_reference": self.bank_reference,
            "note": self.note,
            "cheque": self.cheque,
        }


@dataclass(frozen=True, slots=True)
class RecordedTransfer:
    """What ``record_transfer`` did. ``is_new`` is False when it was recorded before."""

    receipt: TransferReceipt
    is_new: bool


def record_transfer(
    reference: UUID, facts: TransferFacts, *, recorded_by: User
) -> RecordedTransfer:
    """Book money that reached the bank by itself: the bank rises, and so does what was raised.

    Exactly once per ``reference``, as ``payments.cash.record_collection`` is. Neither the journal
    nor the receipt names the donor.

    Args:
        reference: Names the transfer, and with it the fact ``transfer:<reference>:received``.
        facts: What the treasurer told.
        recorded_by: Who is logged in. That they are national treasurer was checked before.

    Raises:
        RecordRefusedError: A fact cannot be right, or the giver of more than the organisation's
            limit is not identified; names the field. Nothing is written.
        RecordConflictError: The reference is recorded with other content. Nothing is written.
    """
    if recorded := TransferReceipt.objects.filter(reference=reference).first():
        return _same_or_conflict(recorded, facts)
    _require_possible(facts)
    try:
        return _book(reference, facts, recorded_by=recorded_by)
    except EntryConflictError:
        recorded = TransferReceipt.objects.get(reference=reference)
        raise RecordConflictError(recorded) from None


@transaction.atomic
def _book(reference: UUID, facts: TransferFacts, *, recorded_by: User) -> RecordedTransfer:
    appeal, branch, amount = facts.appeal, facts.branch, facts.amount
    posted = post_entry(
        source_key=f"transfer:{reference}:received",
        kind=Kind.TRANSFER_RECEIVED,
        occurred_on=facts.received_on,
        memo=f"{facts.method.label} for {appeal.title}"[:200],
        lines=[
            debit(chart.account(chart.BANK, currency=appeal.currency), amount),
            credit(appeal_account(appeal, Role.TRANSFER), amount, branch=branch),
        ],
    )
    if not posted.is_new:  # the other writer committed while we waited for its key
        return _same_or_conflict(TransferReceipt.objects.get(entry=posted.entry), facts)
    receipt = TransferReceipt.objects.create(
        reference=reference,
        donor=_keep_donor(facts.given_by),
        recorded_by=recorded_by,
        entry=posted.entry,
        **facts.as_fields(),
    )
    return RecordedTransfer(receipt, is_new=True)


def _keep_donor(given_by: GivenBy) -> Donor | None:
    if given_by == GivenBy():
        return None
    return Donor.objects.create(name=given_by.name, address=given_by.address, email=given_by.email)


def _same_or_conflict(recorded: TransferReceipt, facts: TransferFacts) -> RecordedTransfer:
    told = facts.as_fields()
    kept = recorded.donor
    # A donor who was erased since says nothing about whether this is the same transfer.
    is_same_giver = kept is None or facts.given_by == GivenBy(
        name=kept.name, address=kept.address, email=kept.email
    )
    if not is_same_giver or {name: getattr(recorded, name) for name in told} != told:
        raise RecordConflictError(recorded)
    return RecordedTransfer(recorded, is_new=False)


def _require_possible(facts: TransferFacts) -> None:
    appeal = facts.appeal
    require_open_to_records(appeal)
    require_possible_amount(facts.amount, appeal)
    require_possible_date(facts.received_on, appeal, field="received_on")
    # Who gave a cheque that was taken by name is sealed with it, apart from the donors.
    is_known = facts.cheque is not None and facts.cheque.gift_id is not None
    if not is_known and read_organisation().needs_identified_donor(facts.amount):
        if not facts.given_by.name:
            raise RecordRefusedError("name", "A gift of this size needs the giver's full name.")
        if not facts.given_by.address:
            raise RecordRefusedError("address", "A gift of this size needs the giver's address.")


def reverse_transfer(
    receipt: TransferReceipt, *, reason: str, reversed_by: User
) -> TransferReceipt:
    """Take a transfer back out of the books by an opposite entry. Both stay visible.

    Args:
        receipt: What was recorded by mistake, or a cheque that bounced.
        reason: Why; required. No donor's name: it goes into the journal.
        reversed_by: Who is logged in. That they are national treasurer was checked before.

    Raises:
        RecordRefusedError: No reason was given, or a line of the bank's statement is matched with
            it. Nothing is written.
        RecordReversedError: It was reversed before. Nothing is written.
    """
    with transaction.atomic():
        locked = _lock(receipt)
        matches = StatementMatch.objects.filter(receipt=locked, undone_at__isnull=True)
        if matches.filter(confirmed_at__isnull=False).exists():
            raise RecordRefusedError(
                "reason",
                "A line of the bank's statement is matched with it. Was it returned? Then match "
                "the line that took it back. Was the match wrong? Then undo the match.",
            )
        return take_back_transfer(
            locked, reason=reason, reversed_by=reversed_by, occurred_on=local_today()
        )


def take_back_transfer(
    receipt: TransferReceipt, *, reason: str, reversed_by: User, occurred_on: date
) -> TransferReceipt:
    """Reverse a transfer as the bank's statement says, or as a person does.

    Args:
        receipt: What the bank returned, or what was recorded by mistake.
        reason: Why; required. No donor's name: it goes into the journal.
        reversed_by: Who is logged in.
        occurred_on: The organisation's local date of the return or of the correction.

    Raises:
        RecordRefusedError: No reason was given. Nothing is written.
        RecordReversedError: It was reversed before. Nothing is written.
    """
    reason = reason.strip()
    if not reason:
        raise RecordRefusedError("reason", "Say why it is reversed.")
    with transaction.atomic():
        locked = _lock(receipt)
        if locked.reversed_at is not None:
            raise RecordReversedError(f"{locked.reference} was reversed before")
        reverse_entry(locked.entry, reason=reason, occurred_on=occurred_on)
        locked.reversal_reason = reason
        locked.reversed_by = reversed_by
        locked.reversed_at = timezone.now()
        locked.save(update_fields=["reversal_reason", "reversed_by", "reversed_at"])
        follow_record(locked)
    return locked


def _lock(receipt: TransferReceipt) -> TransferReceipt:
    """Against a second tap, or a second person, reversing or matching it at the same moment."""
    return TransferReceipt.objects.select_for_update().get(pk=receipt.pk)
