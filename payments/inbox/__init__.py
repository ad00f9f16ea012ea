"""The webhook inbox: keep each Stripe event once, then act on it once.

Stripe delivers at least once and in no promised order. Keeping is separate from acting, so that
a bug in acting loses no event: it waits, is tried again, and shows in the admin with its error.
"""

from payments.inbox.act import Acted, act_on_due, act_on_everything_due
from payments.inbox.doorbell import DOORBELL
from payments.inbox.keep import keep
from payments.inbox.waiting import (
    STUCK_AFTER,
    close_alike_by_hand,
    count_waiting,
    is_stuck,
    put_aside,
    try_again,
    try_again_alike,
)

__all__ = [
    "DOORBELL",
    "STUCK_AFTER",
    "Acted",
    "act_on_due",
    "act_on_everything_due",
    "close_alike_by_hand",
    "count_waiting",
    "is_stuck",
    "keep",
    "put_aside",
    "try_again",
    "try_again_alike",
]
