"""What records of cash, transfers and refunds share: refusals, conflicts, possible dates."""

from datetime import date, datetime, timedelta
from typing import Final, Generic, TypeVar

from django.utils import timezone

from appeals.models import Appeal
from funds.money import Money
from funds.organisation import local_date, read_organisation
from payments.amounts import AmountTooLargeError, require_below_cap
from payments.models import (
    CashCollection,
    NamedGift,
    Occasion,
    PayingIn,
    RefundOrder,
    TransferReceipt,
)

RecordT = TypeVar(
    "RecordT", CashCollection, TransferReceipt, RefundOrder, Occasion, NamedGift, PayingIn
)

OLDEST: Final = timedelta(days=366)
"""How long afterwards money may still be recorded: an older date is a slip of the thumb."""


class RecordRefusedError(ValueError):
    """What was told cannot be recorded. The message is for the treasurer; nothing is written."""

    def __init__(self, field: str, message: str) -> None:
        """``field`` names what to put right, as the facts and the form call it."""
        super().__init__(message)
        self.field = field


class RecordConflictError(RuntimeError, Generic[RecordT]):
    """The reference is already recorded with other content. Nothing more is written."""

    def __init__(self, recorded: RecordT) -> None:
        """``recorded`` is what stands already."""
        super().__init__(f"{recorded.reference} is already recorded with other content")
        self.recorded: RecordT = recorded


class RecordReversedError(RuntimeError):
    """The record was reversed before. Nothing more needs doing."""


def local_today() -> date:
    """The organisation's local date now."""
    return local_day(timezone.now())


def local_day(moment: datetime) -> date:
    """The organisation's local date at an aware moment."""
    return local_date(moment, read_organisation())


def say_day(day: date) -> str:
    """A date in words: 7 November 2026."""
    return f"{day.day} {day:%B %Y}"


def require_open_to_records(appeal: Appeal) -> None:
    """Refuse a draft. A closed appeal takes records: counting and clearing end after it does.

    Raises:
        RecordRefusedError: The appeal was never opened.
    """
    if appeal.status == Appeal.Status.DRAFT:
        raise RecordRefusedError("appeal", "This appeal is not open yet.")


def require_possible_date(told: date, appeal: Appeal | None, *, field: str) -> None:
    """Refuse a date that cannot be meant: to come, over a year ago, or before the appeal began.

    Args:
        told: The organisation's local date.
        appeal: What the money is for; None for subs.
        field: Which fact the date is, for the error.

    Raises:
        RecordRefusedError: Names the field and says what is wrong.
    """
    today = local_today()
    if told > today:
        raise RecordRefusedError(field, f"That day is still to come: today is {say_day(today)}.")
    if appeal is not None and told < (opened_on := local_day(appeal.opens_at)):
        raise RecordRefusedError(field, f"This appeal began on {say_day(opened_on)}.")
    if told < today - OLDEST:
        raise RecordRefusedError(field, f"That is over a year ago: today is {say_day(today)}.")


def require_possible_amount(amount: Money, appeal: Appeal | None) -> None:
    """Refuse another currency than the appeal's, and more than any form takes, counted or typed.

    Subs, which are for no appeal, are in the organisation's currency.

    Raises:
        RecordRefusedError: Names both currencies, or the most that is taken.
    """
    currency = amount.currency.code
    if appeal is not None and currency != appeal.currency:
        raise RecordRefusedError("amount", f"This appeal is in {appeal.currency}, not {currency}.")
    if appeal is None and currency != (own := read_organisation().currency):
        raise RecordRefusedError("amount", f"Subs are in {own}, not {currency}.")
    try:
        require_below_cap(amount)
    except AmountTooLargeError as error:
        raise RecordRefusedError("amount", str(error)) from error
