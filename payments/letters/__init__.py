"""Letters to donors: written with the booking, sent after it, never twice.

``outbox`` writes them down, ``post`` sends them, ``words`` says what stands in them.
"""

from payments.letters.outbox import enclose_failed_refunds, enclose_news
from payments.letters.post import (
    count_put_aside,
    count_waiting,
    is_stuck,
    send_again,
    send_due_letters,
)

__all__ = [
    "count_put_aside",
    "count_waiting",
    "enclose_failed_refunds",
    "enclose_news",
    "is_stuck",
    "send_again",
    "send_due_letters",
]
