"""Writing down each step at a table: what, who, when. The one writer of ``OccasionStep``."""

from funds.models import User
from payments.models import Bucket, Occasion, OccasionStep, Seat

Kind = OccasionStep.Kind


def note_step(
    occasion: Occasion,
    kind: OccasionStep.Kind,
    *,
    by: User | None = None,
    bucket: Bucket | None = None,
    seat: Seat | None = None,
    detail: str = "",
    reason: str = "",
) -> None:
    """Write a step down, in the transaction of what it tells of. No figure of a count, no donor."""
    OccasionStep.objects.create(
        occasion=occasion,
        kind=kind,
        by=by,
        bucket=bucket,
        seat=seat,
        detail=detail[:200],
        reason=reason[:200],
    )
