"""A cheque's way: listed at the table, paid in, cleared and so raised; or sent back.

It is booked when it clears, by a ``TransferReceipt`` whose reference is made of the cheque's own,
so that one cheque is one fact however often it is told.
"""

import uuid
from datetime import date
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from funds.models import User
from payments.models import Cheque, PayingInCheque, TransferReceipt
from payments.recording import RecordRefusedError, local_today, say_day
from payments.transfers import GivenBy, TransferFacts, record_transfer, take_back_transfer

_OF_CHEQUES: Final = UUID("0a1d4c1e-7f52-4c1d-9f37-2b6c8a3b5e90")
"""Namespace of the references of receipts of cleared cheques."""


@transaction.atomic
def clear_cheque(cheque: Cheque, *, cleared_on: date, by: User) -> TransferReceipt:
    """Say that a cheque has cleared: the bank rises, and so does what was raised. Twice is as once.

    Args:
        cheque: One that is paid in.
        cleared_on: The organisation's local date on which the bank no more could take it back.
        by: Who is logged in. That they are national treasurer was checked before.

    Raises:
        RecordRefusedError: It is not paid in, was sent back, or the day cannot be right. Nothing is
            written.
    """
    cheque = _lock(cheque)
    standing = TransferReceipt.objects.filter(cheque=cheque, reversed_at__isnull=True).first()
    if standing is not None:
        return standing
    line = _banked_line(cheque)
    if line is None:
        raise RecordRefusedError("cleared_on", "It is not paid in yet. Put it on a slip first.")
    _require_stands(cheque, field="cleared_on")
    paid_in_on = line.paying_in.paid_in_on
    if cleared_on < paid_in_on:
        raise RecordRefusedError("cleared_on", f"It was only paid in on {say_day(paid_in_on)}.")
    occasion = cheque.occasion
    facts = TransferFacts(
        appeal=occasion.appeal,
        branch=occasion.branch,
        method=TransferReceipt.Method.CHEQUE,
        received_on=cleared_on,
        amount=cheque.amount,
        bank_reference=f"Slip {line.paying_in.slip_number}, cheque {cheque.pk}",
        given_by=GivenBy(),
        cheque=cheque,
    )
    before = TransferReceipt.objects.filter(cheque=cheque).count()
    reference = uuid.uuid5(_OF_CHEQUES, f"{cheque.reference}:{before}")
    return record_transfer(reference, facts, recorded_by=by).receipt


@transaction.atomic
def return_cheque(
    cheque: Cheque, *, returned_on: date, reason: str, by: User, may_reverse: bool = True
) -> Cheque:
    """Say that a cheque went back. Twice is as once.

    Had it cleared, its receipt is reversed; else nothing was booked.

    Args:
        cheque: Any that has not gone back.
        returned_on: The organisation's local date of the return.
        reason: Why, as the bank says; required. No giver's name: it may go into the journal.
        by: Who is logged in. That it is theirs was checked before.
        may_reverse: Whether they may take back what has cleared: the national treasurer.

    Raises:
        RecordRefusedError: No reason, or a day that cannot be right. Nothing is written.
    """
    cheque = _lock(cheque)
    reason = reason.strip()
    if cheque.returned_at is not None:
        return cheque
    if not reason:
        raise RecordRefusedError("reason", "Say why it went back, as the bank says.")
    _require_stands(cheque, field="reason")
    if returned_on > local_today():
        raise RecordRefusedError("returned_on", "That day is still to come.")
    found_on = cheque.occasion.held_on
    if returned_on < found_on:
        raise RecordRefusedError("returned_on", f"It was only gathered on {say_day(found_on)}.")
    receipt = TransferReceipt.objects.filter(cheque=cheque, reversed_at__isnull=True).first()
    if receipt is not None:
        if not may_reverse:
            raise RecordRefusedError(
                "reason", "It has cleared: the national treasurer writes down that it went back."
            )
        if returned_on < receipt.received_on:
            raise RecordRefusedError(
                "returned_on", f"It cleared on {say_day(receipt.received_on)}: not before that."
            )
        take_back_transfer(
            receipt, reason=f"Cheque returned: {reason}", reversed_by=by, occurred_on=returned_on
        )
    cheque.returned_on, cheque.return_reason = returned_on, reason[:200]
    cheque.returned_by, cheque.returned_at = by, timezone.now()
    cheque.save(update_fields=["returned_on", "return_reason", "returned_by", "returned_at"])
    return cheque


def _require_stands(cheque: Cheque, *, field: str) -> None:
    if cheque.returned_at is not None:
        raise RecordRefusedError(field, "It went back. What is paid again is a new cheque.")
    if cheque.agreement is not None and cheque.agreement.undone_at is not None:
        raise RecordRefusedError(field, "Its bucket is counted anew: it is listed there again.")


def _banked_line(cheque: Cheque) -> PayingInCheque | None:
    lines = PayingInCheque.objects.select_related("paying_in")
    return lines.filter(cheque=cheque, undone_at__isnull=True).first()


def _lock(cheque: Cheque) -> Cheque:
    """Against a second tap, or another who clears, returns or pays it in at this moment."""
    locked = Cheque.objects.select_for_update(of=("self",)).select_related(
        "agreement__bucket__occasion__appeal",
        "agreement__bucket__occasion__branch",
        "gift__occasion__appeal",
        "gift__occasion__branch",
    )
    return locked.get(pk=cheque.pk)
