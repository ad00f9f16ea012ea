"""How each kind of reversal is done, and how much it takes out of the books."""

from typing import Final, TypeAlias

from funds.models import User
from funds.money import Money, zero
from funds.organisation import read_organisation
from payments.banking.confirming import MatchChangedError, undo_match
from payments.cash import reverse_collection
from payments.counting.settling import undo_agreement
from payments.models import (
    Agreement,
    CashCollection,
    PayingIn,
    StatementMatch,
    TransferReceipt,
    TwoPersonAct,
)
from payments.paying_in import undo_paying_in
from payments.recording import RecordReversedError
from payments.transfers import reverse_transfer

Kind = TwoPersonAct.Kind
Target: TypeAlias = CashCollection | TransferReceipt | PayingIn | Agreement | StatementMatch
"""What a reversal is about."""

FIELDS: Final[dict[type[Target], tuple[TwoPersonAct.Kind, str]]] = {
    CashCollection: (Kind.COLLECTION, "collection"),
    TransferReceipt: (Kind.TRANSFER, "receipt"),
    PayingIn: (Kind.PAYING_IN, "paying_in"),
    Agreement: (Kind.AGREEMENT, "agreement"),
    StatementMatch: (Kind.MATCH, "match"),
}
"""By the type of the target: the kind of the act, and its column."""

DONE_BEFORE: Final = (RecordReversedError, MatchChangedError)
"""What ``undo`` raises when nothing is left to do."""


def target_of(act: TwoPersonAct) -> Target | None:
    """What an act is about; None when it is about a period."""
    return act.collection or act.receipt or act.paying_in or act.agreement or act.match


def amount_of(target: Target) -> Money:
    """How much undoing it takes out of one account of the books. Never negative."""
    if isinstance(target, Agreement):
        booked = target.collection
        return booked.amount if booked else zero(target.raised.currency.code)
    if isinstance(target, StatementMatch):
        if target.receipt is not None and target.made_receipt:
            return target.receipt.amount
        return abs(target.difference)
    return target.amount


def needs_second_person(target: Target) -> bool:
    """Whether undoing it, now, would wait for a second person."""
    return read_organisation().needs_second_person_to_reverse(amount_of(target))


def undo(target: Target, *, reason: str, by: User) -> None:
    """Undo it in the books, at once.

    Raises:
        RecordRefusedError: It cannot be undone as things stand; says why. Nothing is written.
        RecordReversedError, MatchChangedError: It was undone before. Nothing is written.
    """
    if isinstance(target, CashCollection):
        reverse_collection(target, reason=reason, reversed_by=by)
    elif isinstance(target, TransferReceipt):
        reverse_transfer(target, reason=reason, reversed_by=by)
    elif isinstance(target, PayingIn):
        undo_paying_in(target, reason=reason, reversed_by=by)
    elif isinstance(target, Agreement):
        undo_agreement(target, reason=reason, by=by)
    else:
        undo_match(target, reason=reason, by=by)
