"""What the till does by itself from time to time: the same work, whoever keeps the time.

Each piece may be run again at once, and by two processes at a time: what must not be done twice
guards itself.
"""

from typing import Final

from payments.alarms import look_for_alarms
from payments.fees import book_due_fees
from payments.inbox.sweep import sweep_regularly
from payments.letters import send_due_letters
from payments.timekeeping import Chore

__all__ = ["CHORES", "Chore"]

CHORES: Final = (
    Chore("fees", 1.0, book_due_fees),
    Chore("sweep", 60.0, sweep_regularly),
    Chore("letters", 1.0, send_due_letters, asks_stripe=False),
    Chore("alarms", 60.0, look_for_alarms, asks_stripe=False),
)
