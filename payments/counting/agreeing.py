"""Turning an agreed count into cash in the books. Called by those who hold the bucket's lock."""

import uuid
from dataclasses import dataclass

from funds.models import User
from funds.money import Money, from_minor, to_minor
from payments.cash import CollectionFacts, record_collection
from payments.counting.hall import tell_of_settled
from payments.counting.sheets import Sheet
from payments.counting.steps import Kind, note_step
from payments.models import Agreement, Bucket, BucketCount, CashCollection, Cheque, Occasion, Seat

How = Agreement.How


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """Who signs for a difference that would not go away, and why it is booked so."""

    signed_by: User
    also_by: str
    reason: str
    difference_minor: int


def collection_reference(bucket: Bucket) -> uuid.UUID:
    """Names what a bucket's present round books: the same however often it is asked."""
    return uuid.uuid5(bucket.reference, f"round {bucket.round}")


def agree(
    bucket: Bucket,
    count: BucketCount,
    how: Agreement.How,
    *,
    people: tuple[str, str],
    seat: Seat | None = None,
    signature: Signature | None = None,
) -> Agreement:
    """Agree upon a count: its notes and coins without the float are booked, its cheques listed.

    Args:
        bucket: Locked, with its occasion, appeal and branch.
        count: What is agreed upon.
        how: What makes it good.
        people: Who counted, and who counted too, witnessed or signed.
        seat: Whose hand-in made it, unless it was signed.
        signature: For a signed difference only.

    Raises:
        RecordRefusedError: The books cannot take it, e.g. since the branch was closed meanwhile.
    """
    tell_of_settled(bucket)
    occasion = bucket.occasion
    sheet = Sheet.from_json(count.sheet)
    counted = sheet.counted(on=occasion.held_on)
    raised = counted - bucket.float_amount
    by = signature.signed_by if signature else count.seat.opened_by
    collection = None
    if raised.amount > 0:
        facts = _facts(bucket, sheet, raised, how, people, signature)
        collection = record_collection(
            collection_reference(bucket), facts, recorded_by=by
        ).collection
    agreement = Agreement.objects.create(
        bucket=bucket,
        round=bucket.round,
        how=how,
        count=count,
        counted=counted,
        raised=raised,
        collection=collection,
        difference_minor=signature.difference_minor if signature else None,
        reason=signature.reason if signature else "",
        signed_by=signature.signed_by if signature else None,
        signed_also_by=signature.also_by if signature else "",
    )
    Cheque.objects.bulk_create(
        Cheque(
            agreement=agreement,
            position=position,
            amount=from_minor(cheque.amount_minor, sheet.currency),
            dated_on=cheque.dated_on,
        )
        for position, cheque in enumerate(sorted(sheet.cheques), start=1)
    )
    bucket.state = Bucket.State.AGREED
    bucket.difference_minor = None
    bucket.save(update_fields=["state", "difference_minor"])
    note_step(
        occasion,
        Kind.SIGNED if signature else Kind.AGREED,
        by=signature.signed_by if signature else None,
        bucket=bucket,
        seat=seat,
        detail=str(how.label),
        reason=signature.reason if signature else "",
    )
    return agreement


def _facts(
    bucket: Bucket,
    sheet: Sheet,
    raised: Money,
    how: Agreement.How,
    people: tuple[str, str],
    signature: Signature | None,
) -> CollectionFacts:
    occasion: Occasion = bucket.occasion
    together, apart = sheet.split(on=occasion.held_on)
    note = how.label
    if signature is not None:
        difference = from_minor(signature.difference_minor, sheet.currency)
        note = f"{how.label}: {difference}. {signature.reason}"
    return CollectionFacts(
        appeal=occasion.appeal,
        branch=occasion.branch,
        kind=CashCollection.Kind(occasion.kind),
        collected_on=occasion.held_on,
        place=f"{occasion.name}, bucket {bucket.number}",
        amount=raised,
        pieces=together,
        apart=apart,
        float_amount=bucket.float_amount,
        counted_by=people[0],
        witnessed_by=people[1],
        note=str(note),
    )


def spread_minor(bucket: Bucket, counts: list[BucketCount]) -> int:
    """How far counts lie apart, in minor units; 0 when they come to the same by other pieces."""
    on = bucket.occasion.held_on
    worth = [Sheet.from_json(count.sheet).worth_minor(on=on) for count in counts]
    return max(worth) - min(worth)


def lowest(bucket: Bucket, counts: list[BucketCount]) -> BucketCount:
    """The count that claims least: what is signed for. The bank's own count settles the rest."""
    on = bucket.occasion.held_on
    return min(
        counts,
        key=lambda count: (to_minor(Sheet.from_json(count.sheet).counted(on=on)), count.pk),
    )
