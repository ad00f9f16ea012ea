"""Large single donations found in a bucket: taken out by name and booked, or refused."""

import uuid
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db import IntegrityError, transaction

from donors.sealed import GiverDetails, open_giver, seal_giver
from funds.models import User
from funds.money import Money
from funds.organisation import read_organisation
from payments.amounts import AmountTooLargeError, require_below_cap
from payments.cash import CollectionFacts, record_collection
from payments.counting.sheets import require_bankable_date
from payments.counting.steps import Kind, note_step
from payments.models import CashCollection, Cheque, NamedGift, Occasion
from payments.recording import RecordConflictError, RecordRefusedError

Outcome = NamedGift.Outcome
Form = NamedGift.Form


@dataclass(frozen=True, slots=True, kw_only=True)
class GiftFacts:
    """One donation over the limit. ``giver`` is needed when it is taken, ``reason`` when not."""

    form: NamedGift.Form
    outcome: NamedGift.Outcome
    amount: Money
    counted_by: str
    witnessed_by: str
    dated_on: date | None = None
    reason: str = ""
    giver: GiverDetails | None = None


def record_gift(
    occasion: Occasion, reference: UUID, facts: GiftFacts, *, recorded_by: User
) -> NamedGift:
    """Record a donation over the limit, once per ``reference``.

    Accepted cash is booked as a collection of its own, whose place names no one; a cheque is listed
    until it clears; a refused one books nothing. The giver's details are sealed, apart.

    Raises:
        RecordRefusedError: Names the field. Nothing is written.
        RecordConflictError: The reference recorded another gift. Nothing is written.
    """
    if known := NamedGift.objects.filter(reference=reference).first():
        return _same_or_conflict(known, occasion, facts)
    _require_possible(occasion, facts)
    try:
        return _record(occasion, reference, facts, recorded_by=recorded_by)
    except IntegrityError:  # a second tap was faster
        known = NamedGift.objects.get(reference=reference)
        return _same_or_conflict(known, occasion, facts)


@transaction.atomic
def _record(
    occasion: Occasion, reference: UUID, facts: GiftFacts, *, recorded_by: User
) -> NamedGift:
    is_taken = facts.outcome == Outcome.ACCEPTED
    collection = None
    if is_taken and facts.form == Form.CASH:
        collection = record_collection(
            uuid.uuid5(reference, "cash"),
            CollectionFacts(
                appeal=occasion.appeal,
                branch=occasion.branch,
                kind=CashCollection.Kind.COLLECTION,
                collected_on=occasion.held_on,
                place=f"{occasion.name}, a donation by name",
                amount=facts.amount,
                pieces={},
                counted_by=facts.counted_by,
                witnessed_by=facts.witnessed_by,
            ),
            recorded_by=recorded_by,
        ).collection
    gift = NamedGift.objects.create(
        reference=reference,
        occasion=occasion,
        form=facts.form,
        outcome=facts.outcome,
        amount=facts.amount,
        dated_on=facts.dated_on,
        reason=facts.reason,
        counted_by=facts.counted_by,
        witnessed_by=facts.witnessed_by,
        giver=seal_giver(facts.giver) if is_taken and facts.giver else None,
        collection=collection,
        recorded_by=recorded_by,
    )
    if is_taken and facts.form == Form.CHEQUE:
        assert facts.dated_on is not None
        Cheque.objects.create(gift=gift, position=1, amount=facts.amount, dated_on=facts.dated_on)
    note_step(occasion, Kind.GIFT_NAMED if is_taken else Kind.GIFT_REFUSED, by=recorded_by)
    return gift


def _same_or_conflict(known: NamedGift, occasion: Occasion, facts: GiftFacts) -> NamedGift:
    names = ("form", "outcome", "amount", "dated_on", "reason", "counted_by", "witnessed_by")
    is_same = known.occasion_id == occasion.pk and all(
        getattr(known, name) == getattr(facts, name) for name in names
    )
    if not is_same:
        raise RecordConflictError(known)
    return known


def _require_possible(occasion: Occasion, facts: GiftFacts) -> None:
    if occasion.state != Occasion.State.COUNTING:
        raise RecordRefusedError("amount", "Open the table first: nothing is being counted.")
    _require_over_limit(occasion, facts.amount)
    if facts.counted_by.casefold() == facts.witnessed_by.casefold():
        raise RecordRefusedError("witnessed_by", "The second person is another one.")
    if facts.form == Form.CHEQUE:
        if facts.dated_on is None:
            raise RecordRefusedError("dated_on", "Give the date that stands on the cheque.")
        if facts.outcome == Outcome.ACCEPTED:
            require_bankable_date(facts.dated_on, on=occasion.held_on, field="dated_on")
    elif facts.dated_on is not None:
        raise RecordRefusedError("dated_on", "Only a cheque has a date: leave it empty.")
    if facts.outcome == Outcome.REFUSED:
        if not facts.reason:
            raise RecordRefusedError(
                "reason", "Say why it was refused, and that it was given back."
            )
    elif facts.giver is None or not facts.giver.name or not facts.giver.address:
        raise RecordRefusedError(
            "giver_name",
            "Write down who gave it, with the address. If the giver will not say, or is not known, "
            "it cannot be taken: refuse it below.",
        )


def _require_over_limit(occasion: Occasion, amount: Money) -> None:
    if amount.currency.code != occasion.appeal.currency:
        raise RecordRefusedError("amount", f"This appeal is in {occasion.appeal.currency}.")
    try:
        require_below_cap(amount)
    except AmountTooLargeError as error:
        raise RecordRefusedError("amount", str(error)) from error
    if not read_organisation().needs_identified_donor(amount):
        raise RecordRefusedError(
            "amount",
            "A donation of this size needs no name: put it back into the bucket and count it "
            "there.",
        )


@transaction.atomic
def read_giver(gift: NamedGift, *, by: User) -> GiverDetails | None:
    """Who gave it, for whoever may know; that they looked is written down. None once erased.

    Raises:
        UnreadableGiverError: It was sealed with a key that is not set any more.
    """
    if gift.giver is None:
        return None
    details = open_giver(gift.giver)
    note_step(gift.occasion, Kind.GIVER_READ, by=by)
    return details
