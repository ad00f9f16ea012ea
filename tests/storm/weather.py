"""Stripe's weather: its messages are never in order, and at times its API is in trouble."""

import threading
from collections import Counter
from typing import Any, Final

from tests.pretend_stripe.process import PretendStripe
from tests.storm.plan import Plan

ROUGH: Final[dict[str, Any]] = {
    "duplicate": 0.7,
    "reorder": 25,
    "delay_seconds": [0.0, 2.0],
    "drop": 0.05,
    "refund_fails": 0.1,
    "charge_updated_delay_seconds": [0.1, 1.5],
    "bacs": True,
    "bacs_delay_seconds": [1.0, 12.0],
    "redirect_wait_seconds": 0.0,
}
"""Of the messages, all through the storm."""

CALM: Final[dict[str, Any]] = {
    "duplicate": 0.0,
    "reorder": 0,
    "delay_seconds": [0.0, 0.0],
    "drop": 0.0,
    "refund_fails": 0.0,
    "latency_seconds": 0.0,
    "fail_with": None,
}

_FINE: Final = {"fail_with": None, "latency_seconds": 0.0}
_API: Final[dict[str, dict[str, Any]]] = {
    "slow": {"fail_with": None, "latency_seconds": 0.8},
    "500 now and then": {"fail_with": "500", "fail_probability": 0.4},
    "429 now and then": {"fail_with": "429", "fail_probability": 0.4},
    "cut in mid-answer": {"fail_with": "cut", "fail_probability": 0.4},
    "500 to everybody": {"fail_with": "500", "fail_probability": 1.0},
}
"""Of the API, a few seconds each."""

RETRY_SECONDS: Final = (0.2, 0.5, 1, 1, 2, 2, 3, 3, 5, 5)
"""Between a webhook's attempts: half a minute in place of Stripe's three days."""


class Weather:
    """Changes every few seconds; fine half of the time."""

    def __init__(self, plan: Plan, stripe: PretendStripe) -> None:
        self._stripe, self._dice = stripe, plan.dice("weather")
        self.seen: Counter[str] = Counter()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="weather", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Calm: nothing misbehaves any more."""
        self._stop.set()
        self._thread.join()
        self._stripe.turn(**CALM)

    def _run(self) -> None:
        kinds: list[str] = []
        while not self._stop.wait(self._dice.uniform(1.0, 4.0)):
            kinds = kinds or self._dice.sample(list(_API), len(_API))
            kind = kinds.pop()
            self.seen[kind] += 1
            self._stripe.turn(**_API[kind])
            self._stop.wait(self._dice.uniform(1.0, 4.0))
            self._stripe.turn(**_FINE)
