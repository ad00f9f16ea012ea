"""Telling the hall which buckets are being counted. By number only: no figure before two agree.

Called before anything is posted, so that all who change an appeal and its balances in one
transaction lock them in the same order.
"""

from typing import Final

from django.db.models import Q

from appeals.being_counted import note_being_counted, note_counted
from payments.models import Bucket, Occasion

UNSETTLED: Final = ~Q(state__in=[Bucket.State.AGREED, Bucket.State.SET_ASIDE])
"""Buckets whose count is still to come."""


def tell_of_table(occasion: Occasion) -> None:
    """An occasion was moved: its buckets lie on the table from now on, or no more."""
    keys = [_key(bucket) for bucket in occasion.buckets.filter(UNSETTLED)]
    if occasion.state == Occasion.State.COUNTING:
        note_being_counted(occasion.appeal, keys)
    else:
        note_counted(occasion.appeal, keys)


def tell_of_bucket(bucket: Bucket) -> None:
    """A bucket is to be counted, for the first time or anew, if its table is open."""
    if bucket.occasion.state == Occasion.State.COUNTING:
        note_being_counted(bucket.occasion.appeal, [_key(bucket)])


def tell_of_settled(bucket: Bucket) -> None:
    """A bucket is agreed, or set aside."""
    note_counted(bucket.occasion.appeal, [_key(bucket)])


def _key(bucket: Bucket) -> str:
    return f"bucket:{bucket.reference}"
