"""What a person decides about lines that the site cannot, or has, decided by itself."""

from django.db import transaction
from django.utils import timezone

from funds.ledger import reverse_entry
from funds.models import JournalEntry, User
from payments.balance.booking import book_everything_due
from payments.balance.deciding import Category, Whose, decide
from payments.models import BalanceLine, CardDonation
from payments.recording import local_today


class AllocationRefusedError(ValueError):
    """The line is not one of which that can be decided. Nothing is written."""


def may_be_unallocated(line: BalanceLine) -> bool:
    """Whether a person may send the line's amount to unallocated receipts."""
    waits = line.category in {Category.ASIDE, Category.UNDECIDED}
    return waits and line.booked_at is None and line.amount_minor != 0


def may_be_reallocated(line: BalanceLine) -> bool:
    """Whether the line was booked as not ours, and is a donation's payment after all."""
    return line.category == Category.NOT_OURS and _is_of_a_donation(line)


def book_as_unallocated(line: BalanceLine, *, decided_by: User) -> None:
    """Send a line that nobody else can book to unallocated receipts, so that clearing ties.

    Dr clearing, Cr unallocated receipts, or the other way round for money that left. What it
    really was is for the accountant to say, by an entry from there.

    Raises:
        AllocationRefusedError: The line is booked, or books itself.
    """
    with transaction.atomic():
        line = BalanceLine.objects.select_for_update().get(pk=line.pk)
        if not may_be_unallocated(line):
            raise AllocationRefusedError("This line is booked already, or will be by itself.")
        line.category, line.principal_key = Category.NOT_OURS, line.key("unallocated")
        _decided(line, decided_by)
    book_everything_due()


def reallocate(line: BalanceLine, *, decided_by: User) -> None:
    """Take back that a line is not ours, since a donation here was paid by it.

    The entry on unallocated receipts is reversed today, and the line finds the donation's own
    entry from now on. Needed after an old backup was restored: the line was read before the
    donation was known again.

    Raises:
        AllocationRefusedError: No donation here was paid by it, or it is not booked as such.
    """
    with transaction.atomic():
        line = BalanceLine.objects.select_for_update().get(pk=line.pk)
        if not may_be_reallocated(line):
            raise AllocationRefusedError("No donation here was paid by this payment.")
        entry = JournalEntry.objects.filter(source_key=line.key("unallocated")).first()
        if entry is not None:
            reverse_entry(entry, reason="it is ours after all", occurred_on=local_today())
        line.category, line.principal_key, line.last_error = decide(line, Whose.OURS)
        _decided(line, decided_by)
    book_everything_due()


def _decided(line: BalanceLine, decided_by: User) -> None:
    line.decided_by, line.decided_at = decided_by, timezone.now()
    line.booked_at = line.put_aside_at = None
    line.next_attempt_at, line.attempts, line.last_error = timezone.now(), 0, ""
    line.save()


def _is_of_a_donation(line: BalanceLine) -> bool:
    payment = line.payment_intent_id
    return bool(payment) and CardDonation.objects.filter(payment_intent_id=payment).exists()
