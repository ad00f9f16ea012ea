"""What the till does by itself from time to time: the same work, whoever keeps the time.

Threads inside ``serve`` run it where there is no broker. Each piece may be run again at once, and
by two processes at a time: what must not be done twice guards itself.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from payments.alarms import look_for_alarms
from payments.balance.importing import keep_up
from payments.inbox.sweep import sweep_regularly
from payments.letters import send_due_letters


@dataclass(frozen=True, slots=True)
class Chore:
    """A piece of work that is due every so often. It may ask Stripe, and wait for the answer."""

    name: str
    every_seconds: float
    run: Callable[[], object]


CHORES: Final = (
    Chore("balance", 1.0, keep_up),
    Chore("sweep", 60.0, sweep_regularly),
    Chore("letters", 1.0, send_due_letters),
    Chore("alarms", 60.0, look_for_alarms),
)
