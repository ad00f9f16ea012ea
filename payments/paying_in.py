"""Paying in: counted cash leaves the hand and reaches the bank, and comes back when undone."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from appeals.models import Appeal
from funds import chart
from funds.ledger import (
    EntryConflictError,
    Kind,
    Line,
    Posted,
    credit,
    debit,
    post_entry,
    reverse_entry,
)
from funds.models import Branch, User
from funds.money import Money, zero
from payments.cash import in_hand_account
from payments.cheques_to_bank import lock_cheques, require_none_cleared, require_to_be_banked
from payments.models import (
    CashCollection,
    Cheque,
    PayingIn,
    PayingInCheque,
    PayingInLine,
    StatementMatch,
)
from payments.recording import (
    OLDEST,
    RecordConflictError,
    RecordRefusedError,
    RecordReversedError,
    local_today,
    say_day,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PayingInFacts:
    """What a treasurer tells of a paying-in.

    ``collections`` went into it together, all in one currency, and ``cheques`` with them: there
    may be either alone. ``paid_in_on`` is the organisation's local date on which it was handed to
    the bank.
    """

    collections: Sequence[CashCollection]
    slip_number: str
    paid_in_on: date
    paid_in_by: str
    paid_in_with: str = ""
    bag_numbers: str = ""
    note: str = ""
    cheques: Sequence[Cheque] = ()

    def as_fields(self) -> dict[str, object]:
        """The same as columns of ``PayingIn``, without the collections and cheques."""
        return {
            "slip_number": self.slip_number,
            "bag_numbers": self.bag_numbers,
            "paid_in_on": self.paid_in_on,
            "paid_in_by": self.paid_in_by,
            "paid_in_with": self.paid_in_with,
            "note": self.note,
        }


@dataclass(frozen=True, slots=True)
class Banked:
    """What ``pay_in`` did. ``is_new`` is False when it was recorded before."""

    paying_in: PayingIn
    is_new: bool


def pay_in(reference: UUID, facts: PayingInFacts, *, recorded_by: User) -> Banked:
    """Book collections as paid in: the bank rises, and each branch's cash-in-hand falls.

    Exactly once per ``reference``, which was minted with the form; and each collection stands in
    one paying-in at most, whoever else banks it at the same moment. Cheques are listed with it and
    booked one by one, when they have cleared.

    Args:
        reference: Names the paying-in, and with it the fact ``paying-in:<reference>:banked``.
        facts: What the treasurer told.
        recorded_by: Who is logged in. That the collections are theirs to bank was checked before.

    Raises:
        RecordRefusedError: A fact cannot be right, or a collection or cheque is banked, reversed
            or returned already; names the field. Nothing is written.
        RecordConflictError: The reference is recorded with other content. Nothing is written.
    """
    if recorded := PayingIn.objects.filter(reference=reference).first():
        return _same_or_conflict(recorded, facts)
    _require_possible(facts)
    try:
        return _book(reference, facts, recorded_by=recorded_by)
    except EntryConflictError:
        recorded = PayingIn.objects.get(reference=reference)
        raise RecordConflictError(recorded) from None
    except IntegrityError:  # a slip of other cheques alone, under the same reference, was faster
        recorded = PayingIn.objects.filter(reference=reference).first()
        if recorded is None:
            raise
        return _same_or_conflict(recorded, facts)


@transaction.atomic
def _book(reference: UUID, facts: PayingInFacts, *, recorded_by: User) -> Banked:
    collections, cheques = _lock(facts.collections), lock_cheques(facts.cheques)
    # Whoever sent the same form a moment before us has committed by now, and holds them.
    if recorded := PayingIn.objects.filter(reference=reference).first():
        return _same_or_conflict(recorded, facts)
    _require_in_hand(collections)
    require_to_be_banked(cheques)
    amounts = [one.amount for one in collections] + [one.amount for one in cheques]
    currency = amounts[0].currency.code
    total = sum((one.amount for one in collections), zero(currency))
    posted = _post(reference, facts, collections, total) if collections else None
    if posted is not None and not posted.is_new:  # at the same moment, with other collections
        return _same_or_conflict(PayingIn.objects.get(entry=posted.entry), facts)
    paying_in = PayingIn.objects.create(
        reference=reference,
        amount=total,
        cheques_amount=sum((one.amount for one in cheques), zero(currency)),
        recorded_by=recorded_by,
        entry=posted.entry if posted else None,
        **facts.as_fields(),
    )
    PayingInLine.objects.bulk_create(
        PayingInLine(paying_in=paying_in, collection=one) for one in collections
    )
    PayingInCheque.objects.bulk_create(
        PayingInCheque(paying_in=paying_in, cheque=one) for one in cheques
    )
    return Banked(paying_in, is_new=True)


def _post(
    reference: UUID, facts: PayingInFacts, collections: Sequence[CashCollection], total: Money
) -> Posted:
    return post_entry(
        source_key=f"paying-in:{reference}:banked",
        kind=Kind.CASH_BANKED,
        occurred_on=facts.paid_in_on,
        memo=f"Cash paid in, slip {facts.slip_number}"[:200],
        lines=[
            debit(chart.account(chart.BANK, currency=total.currency.code), total),
            *_out_of_hand(collections),
        ],
    )


def _lock(collections: Sequence[CashCollection]) -> list[CashCollection]:
    """Against another who banks or reverses one of them at this moment; in key order."""
    wanted = [one.pk for one in collections]
    found = CashCollection.objects.select_for_update(of=("self",)).filter(pk__in=wanted)
    return list(found.select_related("appeal", "branch").order_by("pk"))


def _out_of_hand(collections: Sequence[CashCollection]) -> list[Line]:
    """One line for each appeal and branch in the bag, and one for each branch's subs."""
    sums: defaultdict[tuple[Appeal | None, Branch], list[Money]] = defaultdict(list)
    for one in collections:
        sums[one.appeal, one.branch].append(one.amount)
    currency = str(collections[0].amount.currency.code)  # a bag is in one
    return [
        credit(
            in_hand_account(appeal, currency=currency),
            sum(amounts, zero(currency)),
            branch=branch,
        )
        for (appeal, branch), amounts in sums.items()
    ]


def _same_or_conflict(recorded: PayingIn, facts: PayingInFacts) -> Banked:
    told = facts.as_fields()
    held = set(recorded.lines.values_list("collection_id", flat=True))
    listed = set(recorded.cheque_lines.values_list("cheque_id", flat=True))
    is_same = held == {one.pk for one in facts.collections} and listed == {
        one.pk for one in facts.cheques
    }
    if not is_same or {name: getattr(recorded, name) for name in told} != told:
        raise RecordConflictError(recorded)
    return Banked(recorded, is_new=False)


def _require_possible(facts: PayingInFacts) -> None:
    collections, day, today = facts.collections, facts.paid_in_on, local_today()
    amounts = [one.amount for one in collections] + [one.amount for one in facts.cheques]
    if not amounts:
        raise RecordRefusedError("collections", "Tick at least one collection, or a cheque.")
    if len({amount.currency.code for amount in amounts}) > 1:
        raise RecordRefusedError(
            "collections", "One slip holds one currency. Pay each currency in by itself."
        )
    if not facts.slip_number:
        raise RecordRefusedError("slip_number", "Give the number of the paying-in slip.")
    if facts.paid_in_with and facts.paid_in_with.casefold() == facts.paid_in_by.casefold():
        raise RecordRefusedError(
            "paid_in_with", "That is the same person. Leave it empty if nobody else was there."
        )
    if day > today:
        raise RecordRefusedError(
            "paid_in_on", f"That day is still to come: today is {say_day(today)}."
        )
    if day < today - OLDEST:
        raise RecordRefusedError(
            "paid_in_on", f"That is over a year ago: today is {say_day(today)}."
        )
    gathered = [one.collected_on for one in collections]
    last = max(gathered + [one.occasion.held_on for one in facts.cheques])
    if day < last:
        raise RecordRefusedError("paid_in_on", f"Some of it was only gathered on {say_day(last)}.")


def _require_in_hand(collections: Sequence[CashCollection]) -> None:
    for one in collections:
        if one.reversed_at is not None:
            raise RecordRefusedError(
                "collections",
                f"{one.place}, {one.amount}, was reversed meanwhile. Look through the list again.",
            )
    banked = PayingInLine.objects.filter(collection__in=collections, undone_at__isnull=True)
    if line := banked.select_related("collection", "paying_in").first():
        raise RecordRefusedError(
            "collections",
            f"{line.collection.place}, {line.collection.amount}, is banked already, with slip "
            f"{line.paying_in.slip_number}. Look through the list again.",
        )


def undo_paying_in(paying_in: PayingIn, *, reason: str, reversed_by: User) -> PayingIn:
    """Take a paying-in back out of the books: its collections are in hand again. Both stay.

    Args:
        paying_in: What was recorded by mistake.
        reason: Why; required, shown to every treasurer who sees it.
        reversed_by: Who is logged in. That it is theirs was checked before.

    Raises:
        RecordRefusedError: No reason was given, or a line of the bank's statement is matched with
            it. Nothing is written.
        RecordReversedError: It was undone before. Nothing is written.
    """
    reason = reason.strip()
    if not reason:
        raise RecordRefusedError("reason", "Say why it is undone.")
    with transaction.atomic():
        # Against a second treasurer, or one who confirms the bank's line at the same moment.
        locked = PayingIn.objects.select_for_update().get(pk=paying_in.pk)
        if locked.reversed_at is not None:
            raise RecordReversedError(f"{locked.reference} was undone before")
        matches = StatementMatch.objects.filter(paying_in=locked, undone_at__isnull=True)
        if matches.filter(confirmed_at__isnull=False).exists():
            raise RecordRefusedError(
                "reason",
                "A line of the bank's statement is matched with it. The national treasurer "
                "undoes that match first.",
            )
        lines = PayingInCheque.objects.filter(paying_in=locked)
        require_none_cleared(lock_cheques([line.cheque for line in lines.select_related("cheque")]))
        matches.delete()
        if locked.entry is not None:
            reverse_entry(locked.entry, reason=reason, occurred_on=local_today())
        now = timezone.now()
        lines.update(undone_at=now)
        PayingInLine.objects.filter(paying_in=locked).update(undone_at=now)
        locked.reversal_reason = reason
        locked.reversed_by = reversed_by
        locked.reversed_at = now
        locked.save(update_fields=["reversal_reason", "reversed_by", "reversed_at"])
    return locked
