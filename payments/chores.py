"""What the till does by itself from time to time: the same work, whoever keeps the time.

Threads inside ``serve`` run it where there is no broker. Each piece may be run again at once, and
by two processes at a time: what must not be done twice guards itself.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from payments.alarms import look_for_alarms
from payments.banking.chores import do_bank_work
from payments.fees import book_due_fees
from payments.inbox.sweep import sweep_regularly
from payments.letters import send_due_letters
from payments.nudges import send_due_nudges
from payments.refund_sending import send_due_refunds
from payments.shield.counting import forget_old_attempts
from payments.shield.ending import end_unwanted_checkouts
from payments.shield.limits import LOOK_EVERY
from payments.shield.telling import tell_of_attacks
from payments.shield.watch import watch


@dataclass(frozen=True, slots=True)
class Chore:
    """A piece of work that is due every so often. It may ask Stripe, and wait for the answer."""

    name: str
    every_seconds: float
    run: Callable[[], object]


CHORES: Final = (
    Chore("refund-orders", 1.0, send_due_refunds),
    Chore("fees", 1.0, book_due_fees),
    Chore("sweep", 60.0, sweep_regularly),
    Chore("letters", 1.0, send_due_letters),
    Chore("alarms", 60.0, look_for_alarms),
    Chore("bank", 1.0, do_bank_work),
    Chore("nudges", 3600.0, send_due_nudges),
    Chore("watch", LOOK_EVERY.total_seconds(), watch),
    Chore("tell-of-attacks", 5.0, tell_of_attacks),
    Chore("end-checkouts", 2.0, end_unwanted_checkouts),
    Chore("forget-attempts", 3600.0, forget_old_attempts),
)
