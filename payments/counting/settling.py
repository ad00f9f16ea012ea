"""What a treasurer decides about a bucket: sign a difference, set it aside, undo and count anew."""

from django.db import transaction
from django.utils import timezone

from funds.models import User
from payments.cash import take_back
from payments.counting.agreeing import Signature, agree, lowest, spread_minor
from payments.counting.hall import tell_of_bucket, tell_of_settled
from payments.counting.steps import Kind, note_step
from payments.counting.tables import lock_occasion
from payments.models import Agreement, Bucket, Occasion, PayingInCheque, TransferReceipt
from payments.recording import RecordRefusedError, RecordReversedError

State = Bucket.State


@transaction.atomic
def sign_difference(bucket: Bucket, *, reason: str, also_by: str, signed_by: User) -> Agreement:
    """End a second difference: two people sign, and the lowest of the counts is booked.

    The lowest, so that nobody need see the figures to choose, and nothing is claimed that only
    one person counted; the bank counts again, and what it finds more is booked then.

    Args:
        bucket: One whose counts differ again.
        reason: What was found; required. No donor's name.
        also_by: The second person who signs; another than whoever is logged in.
        signed_by: Who is logged in. That they may act for the branch was checked before.

    Raises:
        RecordRefusedError: Names the field. Nothing is written.
    """
    bucket = _lock(bucket)
    reason, also_by = reason.strip(), " ".join(also_by.split())
    if bucket.state != State.DISPUTED:
        raise RecordRefusedError("reason", "There is no difference to sign at this bucket now.")
    if not reason:
        raise RecordRefusedError("reason", "Write down what you found out about the difference.")
    name = signed_by.get_full_name() or signed_by.get_username()
    if not also_by:
        raise RecordRefusedError("also_by", "A second person signs with you: type the name.")
    if also_by.casefold() in {name.casefold(), signed_by.get_username().casefold()}:
        raise RecordRefusedError("also_by", "The second person is another one than you.")
    counts = list(bucket.counts.filter(round=bucket.round).select_related("seat__opened_by"))
    signature = Signature(
        signed_by=signed_by,
        also_by=also_by,
        reason=reason,
        difference_minor=spread_minor(bucket, counts),
    )
    return agree(
        bucket,
        lowest(bucket, counts),
        Agreement.How.SIGNED,
        people=(name[:100], also_by),
        signature=signature,
    )


@transaction.atomic
def set_aside(bucket: Bucket, *, reason: str, by: User) -> None:
    """Leave a bucket out of the table: it never came back, or was not used. Nothing is booked.

    Raises:
        RecordRefusedError: No reason was given, or it is agreed upon.
    """
    bucket = _lock(bucket)
    if not reason.strip():
        raise RecordRefusedError("reason", "Say why it is set aside.")
    if bucket.state == State.AGREED:
        raise RecordRefusedError("reason", "This bucket is agreed: undo that first.")
    if bucket.state == State.SET_ASIDE:
        return
    tell_of_settled(bucket)
    bucket.state = State.SET_ASIDE
    bucket.difference_minor = None
    bucket.save(update_fields=["state", "difference_minor"])
    note_step(bucket.occasion, Kind.SET_ASIDE, by=by, bucket=bucket, reason=reason.strip())


@transaction.atomic
def count_anew(bucket: Bucket, *, reason: str, by: User) -> None:
    """Undo whatever stands at a bucket, so that it is counted from the start.

    An agreement is undone, and its collection reversed in the books: both stay visible. Counts stay
    too, and count for nothing.

    Raises:
        RecordRefusedError: No reason was given, the table is closed, or nothing is counted yet.
    """
    _start_again(_lock(bucket), reason=reason, by=by)


@transaction.atomic
def undo_agreement(agreement: Agreement, *, reason: str, by: User) -> None:
    """As ``count_anew``, for this very agreement: never for another that followed it.

    Raises:
        RecordRefusedError: As ``count_anew``.
        RecordReversedError: It was undone before. Nothing is written.
    """
    bucket = _lock(agreement.bucket)
    if not bucket.agreements.filter(pk=agreement.pk, undone_at__isnull=True).exists():
        raise RecordReversedError(f"{agreement} was undone before")
    _start_again(bucket, reason=reason, by=by)


def _start_again(bucket: Bucket, *, reason: str, by: User) -> None:
    reason = reason.strip()
    if not reason:
        raise RecordRefusedError("reason", "Say why it is counted anew.")
    if bucket.state == State.OUT:
        raise RecordRefusedError("reason", "Nothing is counted here yet: there is nothing to undo.")
    before = bucket.get_state_display()
    tell_of_bucket(bucket)
    if bucket.state == State.AGREED:
        _undo_standing(bucket, reason=reason, by=by)
    bucket.first_round = bucket.round = bucket.round + 1
    bucket.state = State.OUT
    bucket.difference_minor, bucket.bag_number = None, ""
    bucket.save(update_fields=["state", "round", "first_round", "difference_minor", "bag_number"])
    note_step(bucket.occasion, Kind.UNDONE, by=by, bucket=bucket, reason=reason, detail=before)


def _undo_standing(bucket: Bucket, *, reason: str, by: User) -> None:
    agreement = bucket.agreements.select_related("collection").get(undone_at__isnull=True)
    _require_cheques_at_hand(agreement)
    agreement.undone_at, agreement.undone_by, agreement.undo_reason = timezone.now(), by, reason
    agreement.save(update_fields=["undone_at", "undone_by", "undo_reason"])
    if agreement.collection is not None:
        take_back(agreement.collection, reason=reason, reversed_by=by)


def _require_cheques_at_hand(agreement: Agreement) -> None:
    """Against undoing what a cheque stands on that is on its way, or has come to the books."""
    # Against a treasurer who pays one in, or clears it, at this moment.
    cheques = list(agreement.cheques.select_for_update().order_by("pk"))
    if PayingInCheque.objects.filter(cheque__in=cheques, undone_at__isnull=True).exists():
        raise RecordRefusedError(
            "reason", "A cheque of this bucket is paid in. Undo the paying-in first."
        )
    if TransferReceipt.objects.filter(cheque__in=cheques, reversed_at__isnull=True).exists():
        raise RecordRefusedError(
            "reason", "A cheque of this bucket has cleared: the national treasurer undoes that."
        )


def _lock(bucket: Bucket) -> Bucket:
    """The bucket as it is now, ours alone until commit; its table is being counted.

    The occasion first, as everywhere: against the table being closed meanwhile.
    """
    occasion = lock_occasion(bucket.occasion)
    if occasion.state not in {Occasion.State.OPEN, Occasion.State.COUNTING}:
        raise RecordRefusedError("reason", "This table is closed. Open it again first.")
    locked = Bucket.objects.select_for_update(no_key=True, of=("self",)).get(pk=bucket.pk)
    locked.occasion = occasion
    return locked
