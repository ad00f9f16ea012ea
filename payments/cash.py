"""Cash that branches gathered: booked once when it is recorded, reversed when it was a mistake."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from appeals.accounts import Role, appeal_account
from appeals.models import Appeal
from funds import chart
from funds.ledger import EntryConflictError, Kind, Line, credit, debit, post_entry, reverse_entry
from funds.models import Account, Branch, User
from funds.money import Money, zero
from payments.amounts import AmountTooLargeError, require_below_cap
from payments.denominations import UnknownDenominationError, counted_lines
from payments.models import Agreement, CashCollection, PayingInLine
from payments.pledges.following import follow_record
from payments.recording import (
    RecordConflictError,
    RecordRefusedError,
    RecordReversedError,
    local_day,
    local_today,
    require_open_to_records,
    require_possible_amount,
    require_possible_date,
    say_day,
)

_INCOME_ROLE: Final = {
    CashCollection.Kind.COLLECTION: Role.CASH,
    CashCollection.Kind.SALE: Role.SALES,
}
_ENTRY_KIND: Final = {
    CashCollection.Kind.COLLECTION: Kind.CASH_COUNTED,
    CashCollection.Kind.SALE: Kind.SALES_COUNTED,
    CashCollection.Kind.SUBS: Kind.SUBS_COUNTED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionFacts:
    """What a treasurer tells of a collection.

    ``appeal`` is what it is for, and None exactly for subs. ``collected_on`` is the organisation's
    local date; ``amount`` is what was counted, in the appeal's currency; ``costs`` is what had
    been paid out of a sale's takings before. ``pieces`` says how many of each note and coin, by
    face value in minor units, and may be empty; ``apart`` the same of withdrawn issues and other
    banks' notes, by their lines' keys. What the pieces come to is the amount and
    ``float_amount``, the change that went out with the bucket.
    """

    appeal: Appeal | None
    branch: Branch
    kind: CashCollection.Kind
    collected_on: date
    place: str
    amount: Money
    pieces: Mapping[int, int]
    counted_by: str
    witnessed_by: str = ""
    note: str = ""
    apart: Mapping[str, int] = field(default_factory=dict)
    float_amount: Money | None = None
    costs: Money | None = None

    @property
    def currency(self) -> str:
        """ISO 4217 code of what was counted."""
        return str(self.amount.currency.code)

    def as_fields(self) -> dict[str, object]:
        """The same as columns of ``CashCollection``."""
        return {
            "appeal": self.appeal,
            "branch": self.branch,
            "kind": self.kind,
            "collected_on": self.collected_on,
            "place": self.place,
            "amount": self.amount,
            "denominations": {str(face): number for face, number in self.pieces.items() if number},
            "apart": {key: number for key, number in self.apart.items() if number},
            "float_amount": self.float_amount or zero(self.currency),
            "costs": self.costs or zero(self.currency),
            "counted_by": self.counted_by,
            "witnessed_by": self.witnessed_by,
            "note": self.note,
        }


@dataclass(frozen=True, slots=True)
class Recorded:
    """What ``record_collection`` did. ``is_new`` is False when it was recorded before."""

    collection: CashCollection
    is_new: bool


def record_collection(reference: UUID, facts: CollectionFacts, *, recorded_by: User) -> Recorded:
    """Book cash as counted: the branch's cash-in-hand rises, and so does what it raised.

    A sale raises by what is left of its takings. Subs raise no appeal: they have an account, and a
    place in hand, of their own.

    Exactly once per ``reference``, which was minted with the form: a retry, a double tap or two
    at the same moment return the first record. The entry's unique source key makes the second
    writer wait for the first; no lock is taken.

    Args:
        reference: Names the collection, and with it the fact ``cash:<reference>:counted``.
        facts: What the treasurer told.
        recorded_by: Who is logged in. That they may act for the branch was checked before.

    Raises:
        RecordRefusedError: A fact cannot be right; names the field. Nothing is written.
        RecordConflictError: The reference is recorded with other content. Nothing is written.
    """
    if recorded := CashCollection.objects.filter(reference=reference).first():
        return _same_or_conflict(recorded, facts)
    _require_possible(facts)
    try:
        return _book(reference, facts, recorded_by=recorded_by)
    except EntryConflictError:
        recorded = CashCollection.objects.get(reference=reference)
        raise RecordConflictError(recorded) from None


@transaction.atomic
def _book(reference: UUID, facts: CollectionFacts, *, recorded_by: User) -> Recorded:
    kind, branch = facts.kind, facts.branch
    purpose = f", for {facts.appeal.title}" if facts.appeal else ""
    posted = post_entry(
        source_key=f"cash:{reference}:counted",
        kind=_ENTRY_KIND[kind],
        occurred_on=facts.collected_on,
        memo=f"{kind.label}, {branch.name}{purpose}"[:200],
        lines=_lines(facts),
    )
    if not posted.is_new:  # the other writer committed while we waited for its key
        return _same_or_conflict(CashCollection.objects.get(entry=posted.entry), facts)
    collection = CashCollection.objects.create(
        reference=reference, recorded_by=recorded_by, entry=posted.entry, **facts.as_fields()
    )
    return Recorded(collection, is_new=True)


def _lines(facts: CollectionFacts) -> list[Line]:
    branch, amount = facts.branch, facts.amount
    if facts.appeal is None:
        income = chart.account(chart.SUBS, currency=facts.currency)
    else:
        income = appeal_account(facts.appeal, _INCOME_ROLE[facts.kind])
    in_hand = in_hand_account(facts.appeal, currency=facts.currency)
    counted = debit(in_hand, amount, branch=branch)
    if not facts.costs:
        return [counted, credit(income, amount, branch=branch)]
    return [
        counted,
        debit(income, facts.costs, branch=branch),
        credit(income, amount + facts.costs, branch=branch),
    ]


def in_hand_account(appeal: Appeal | None, *, currency: str) -> Account:
    """Where counted cash lies until it is banked: an appeal's account, or without one the subs'."""
    if appeal is None:
        return chart.account(chart.SUBS_IN_HAND, currency=currency)
    return appeal_account(appeal, Role.CASH_IN_HAND)


def _same_or_conflict(recorded: CashCollection, facts: CollectionFacts) -> Recorded:
    told = facts.as_fields()
    if {name: getattr(recorded, name) for name in told} != told:
        raise RecordConflictError(recorded)
    return Recorded(recorded, is_new=False)


def _require_possible(facts: CollectionFacts) -> None:
    appeal, day = facts.appeal, facts.collected_on
    if (appeal is None) != (facts.kind == CashCollection.Kind.SUBS):
        raise RecordRefusedError("appeal", "Subs are for no appeal, and all else is for one.")
    if appeal is not None:
        require_open_to_records(appeal)
    if not facts.branch.is_active:
        raise RecordRefusedError("branch", "This branch is closed: nothing more is recorded to it.")
    require_possible_amount(facts.amount, appeal)
    _require_possible_costs(facts)
    require_possible_date(day, appeal, field="collected_on")
    # Counting may end after the appeal does; only what was gathered in its time belongs to it.
    if appeal and appeal.closes_at and day > (closed_on := local_day(appeal.closes_at)):
        raise RecordRefusedError(
            "collected_on",
            f"This appeal ended on {say_day(closed_on)}: only cash gathered until then counts.",
        )
    _require_agreement(facts)


def _require_possible_costs(facts: CollectionFacts) -> None:
    if not facts.costs:
        return
    if facts.kind != CashCollection.Kind.SALE:
        raise RecordRefusedError("costs", "Only a stall or sale has costs. Leave this empty.")
    if facts.costs.currency != facts.amount.currency:
        raise RecordRefusedError("costs", f"Costs are in {facts.currency}, as the takings are.")
    try:
        require_below_cap(facts.amount + facts.costs)
    except AmountTooLargeError as error:
        raise RecordRefusedError("costs", str(error)) from error


def _require_agreement(facts: CollectionFacts) -> None:
    pieces = {str(face): number for face, number in facts.pieces.items()} | dict(facts.apart)
    if not pieces:
        return
    currency = facts.currency
    try:
        counted = counted_lines(pieces, currency=currency, on=facts.collected_on)
    except UnknownDenominationError as error:
        raise RecordRefusedError("amount", str(error)) from error
    if facts.float_amount is not None:
        counted -= facts.float_amount
    if counted != facts.amount:
        raise RecordRefusedError(
            "amount",
            f"You typed {facts.amount}, and the notes and coins come to {counted}. "
            "Count again, or clear one of the two.",
        )


def reverse_collection(
    collection: CashCollection, *, reason: str, reversed_by: User
) -> CashCollection:
    """Take a collection back out of the books by an opposite entry. Both stay visible.

    What the counting table agreed upon is undone there, so that its bucket is counted anew.

    Args:
        collection: What was recorded by mistake.
        reason: Why; required, shown to every treasurer of the branch. No donor's name.
        reversed_by: Who is logged in. That they may act for the branch was checked before.

    Raises:
        RecordRefusedError: No reason was given, it is the counting table's, or it is paid in.
            Nothing is written.
        RecordReversedError: It was reversed before. Nothing is written.
    """
    if Agreement.objects.filter(collection=collection, undone_at__isnull=True).exists():
        raise RecordRefusedError(
            "reason", "This was agreed at the counting table: undo it there, at its bucket."
        )
    return take_back(collection, reason=reason, reversed_by=reversed_by)


def take_back(collection: CashCollection, *, reason: str, reversed_by: User) -> CashCollection:
    """As ``reverse_collection``, for the counting table that agreed upon it as well."""
    reason = reason.strip()
    if not reason:
        raise RecordRefusedError("reason", "Say why it is reversed.")
    with transaction.atomic():
        # Against a second treasurer, or a second tap, reversing it at the same moment.
        locked = CashCollection.objects.select_for_update().get(pk=collection.pk)
        if locked.reversed_at is not None:
            raise RecordReversedError(f"{locked.reference} was reversed before")
        if line := PayingInLine.objects.filter(collection=locked, undone_at__isnull=True).first():
            raise RecordRefusedError(
                "reason",
                f"It is paid in, with slip {line.paying_in.slip_number}. Undo the paying-in "
                "first: what was counted is then in hand again.",
            )
        reverse_entry(locked.entry, reason=reason, occurred_on=local_today())
        locked.reversal_reason = reason
        locked.reversed_by = reversed_by
        locked.reversed_at = timezone.now()
        locked.save(update_fields=["reversal_reason", "reversed_by", "reversed_at"])
        follow_record(locked)
    return locked
