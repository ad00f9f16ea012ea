"""Putting agreed cash into a sealed bag, and taking it out again with a reason."""

from collections.abc import Sequence

from django.db import transaction

from funds.models import User
from payments.counting.steps import Kind, note_step
from payments.counting.tables import lock_occasion
from payments.models import Bucket, Occasion, PayingInLine
from payments.recording import RecordRefusedError


@transaction.atomic
def seal_bag(
    occasion: Occasion, buckets: Sequence[Bucket], *, bag_number: str, sealed_with: str, by: User
) -> int:
    """Write down that the cash of some buckets lies in one sealed bag; answers of how many.

    A second call with the same number changes nothing.

    Args:
        occasion: Whose buckets they are.
        buckets: What lies in the bag.
        bag_number: As printed on it; required.
        sealed_with: The second person who was there, another than whoever is logged in.
        by: Who is logged in. That they may act for the branch was checked before.

    Raises:
        RecordRefusedError: Something of it is not agreed, lies in another bag, or is banked;
            names the field. Nothing is written.
    """
    occasion = lock_occasion(occasion)
    bag_number, sealed_with = " ".join(bag_number.split()), " ".join(sealed_with.split())
    if not bag_number:
        raise RecordRefusedError("bag_number", "Give the number that is printed on the bag.")
    if not sealed_with:
        raise RecordRefusedError("sealed_with", "Say who was there with you: first and last name.")
    own = {by.get_full_name().casefold(), by.get_username().casefold()}
    if sealed_with.casefold() in own:
        raise RecordRefusedError("sealed_with", "The second person is another one than you.")
    locked = list(
        Bucket.objects.select_for_update(no_key=True, of=("self",))
        .filter(occasion=occasion, pk__in=[bucket.pk for bucket in buckets])
        .order_by("pk")
    )
    if not locked:
        raise RecordRefusedError("buckets", "Tick at least one bucket.")
    to_bag = [bucket for bucket in locked if bucket.bag_number != bag_number]
    for bucket in to_bag:
        _require_to_bag(bucket)
        bucket.bag_number = bag_number
        detail = f"Bag {bag_number}, sealed with {sealed_with}"
        note_step(occasion, Kind.BAGGED, by=by, bucket=bucket, detail=detail)
    Bucket.objects.bulk_update(to_bag, ["bag_number"])
    return len(to_bag)


def _require_to_bag(bucket: Bucket) -> None:
    if bucket.state != Bucket.State.AGREED:
        raise RecordRefusedError(
            "buckets", f"Bucket {bucket.number} is not agreed: its cash stays on the table."
        )
    if bucket.bag_number:
        raise RecordRefusedError(
            "buckets", f"Bucket {bucket.number} lies in bag {bucket.bag_number} already."
        )
    if _is_banked(bucket):
        raise RecordRefusedError("buckets", f"Bucket {bucket.number} is banked already.")


@transaction.atomic
def open_bag(bucket: Bucket, *, reason: str, by: User) -> None:
    """Say that a bucket's cash was taken out of its bag. Both steps stay in the log.

    Raises:
        RecordRefusedError: No reason was given, it lies in none, or it is banked.
    """
    occasion = lock_occasion(bucket.occasion)
    locked = Bucket.objects.select_for_update(no_key=True, of=("self",)).get(pk=bucket.pk)
    if not reason.strip():
        raise RecordRefusedError("reason", "Say why the bag was opened.")
    if not locked.bag_number:
        raise RecordRefusedError("reason", "This bucket's cash lies in no bag.")
    if _is_banked(locked):
        raise RecordRefusedError("reason", "It is banked: undo the paying-in first.")
    detail = f"Bag {locked.bag_number}"
    locked.bag_number = ""
    locked.save(update_fields=["bag_number"])
    note_step(occasion, Kind.UNDONE, by=by, bucket=locked, detail=detail, reason=reason.strip())


def _is_banked(bucket: Bucket) -> bool:
    return PayingInLine.objects.filter(
        collection__agreement__bucket=bucket,
        collection__agreement__undone_at__isnull=True,
        undone_at__isnull=True,
    ).exists()
