"""What the storm itself knows of what happened, against which the site's books are held."""

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple


class Home(NamedTuple):
    """Where money of a payment belongs: an appeal, and a branch or "" for none."""

    appeal: str
    branch: str


@dataclass
class Memory:
    """Shared by all threads of the storm.

    Attributes:
        homes: By payment intent: where its money belongs. All payments that this site began.
        letters_to: By e-mail address: how many thanks there may be at most.
        orders: Refund orders that the site accepted, by their reference: pence.
        counts: Of everything worth a line in the report.
        problems: What should not have happened at all.
    """

    homes: dict[str, Home] = field(default_factory=dict)
    letters_to: Counter[str] = field(default_factory=Counter)
    orders: dict[str, int] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()  # against the other threads

    def count(self, what: str, times: int = 1) -> None:
        """One more of this."""
        with self._lock:
            self.counts[what] += times

    def note_payment(self, intent: str, home: Home, email: str) -> None:
        """A payment intent of ours exists, and its money may come."""
        with self._lock:
            self.homes[intent] = home
            if email:
                self.letters_to[email] += 1

    def note_order(self, reference: str, pence: int) -> None:
        """The site has accepted a refund order."""
        with self._lock:
            self.orders[reference] = pence

    def note_problem(self, problem: str) -> None:
        """Something that should not have happened."""
        with self._lock:
            self.problems.append(problem)
