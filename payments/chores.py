"""What the till does by itself from time to time: the same work, whoever keeps the time.

Each piece may be run again at once, and by two processes at a time: what must not be done twice
guards itself.
"""

from typing import Final

from payments.alarms import look_for_alarms
from payments.balance.importing import keep_up
from payments.banking.chores import do_bank_work
from payments.banking.strip import strip_old_lines
from payments.inbox.sweep import sweep_regularly
from payments.letters import send_due_letters
from payments.monthly.posting import send_wanted_links
from payments.nudges import send_due_nudges
from payments.pledges.ending import lapse_due_pledges
from payments.refund_sending import send_due_refunds
from payments.shield.counting import forget_old_attempts
from payments.shield.ending import end_unwanted_checkouts
from payments.shield.telling import tell_of_attacks
from payments.shield.watch import watch
from payments.timekeeping import Chore

__all__ = ["CHORES", "Chore"]

CHORES: Final = (
    Chore("refund-orders", 1.0, send_due_refunds),
    Chore("balance", 1.0, keep_up),
    Chore("sweep", 60.0, sweep_regularly),
    Chore("monthly-links", 2.0, send_wanted_links, asks_stripe=False),
    Chore("letters", 1.0, send_due_letters, asks_stripe=False),
    Chore("alarms", 60.0, look_for_alarms, asks_stripe=False),
    Chore("watch", 1.0, watch, asks_stripe=False),  # it says itself when it is due
    Chore("tell-of-attacks", 5.0, tell_of_attacks, asks_stripe=False),
    Chore("bank", 1.0, do_bank_work, asks_stripe=False),
    Chore("strip-bank-lines", 3600.0, strip_old_lines, asks_stripe=False),
    Chore("nudges", 3600.0, send_due_nudges, asks_stripe=False),
    Chore("lapse-pledges", 3600.0, lapse_due_pledges, asks_stripe=False),
    Chore("end-checkouts", 2.0, end_unwanted_checkouts),
    Chore("forget-attempts", 3600.0, forget_old_attempts, asks_stripe=False),
)
