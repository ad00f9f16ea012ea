"""The donors: each opens the form, fills it in, goes to Checkout and pays, whatever breaks."""

import itertools
import re
import threading
import time
from collections.abc import Callable
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from tests.pretend_stripe.process import PretendStripe
from tests.storm.browser import Browser, GaveUpError, Patience, hidden_fields
from tests.storm.gifts import Gift, Way, think_of
from tests.storm.memory import Memory
from tests.storm.plan import Plan

_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_BACK_SECONDS: Final = 0.5


class Given(NamedTuple):
    """A gift whose donor has done their part.

    ``reference`` names the donation; ``subscription`` is "" for one that is given once.
    """

    gift: Gift
    intent: str
    reference: str
    subscription: str


class RefusedError(Exception):
    """The site turned an honest donor away."""


class Crowd:
    """Donors, so many at a time.

    Args:
        plan: How many, and how fast.
        site: Where the form is.
        stripe: Where they pay.
        memory: Learns of every payment.
        patience: Until when they try.
        on_given: Told of each gift that was paid or promised.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        site: str,
        stripe: PretendStripe,
        memory: Memory,
        patience: Patience,
        on_given: Callable[[Given], object],
    ) -> None:
        self._plan, self._site, self._stripe = plan, site, stripe
        self._memory, self._patience, self._on_given = memory, patience, on_given
        self._numbers = itertools.count(1)
        self._begun_at = time.monotonic()
        self._lock = threading.Lock()  # against two donors with one number
        self._threads = [
            threading.Thread(target=self._give, name=f"donors-{one}", daemon=True)
            for one in range(plan.donors)
        ]

    def start(self) -> None:
        """Let them come."""
        self._begun_at = time.monotonic()
        for thread in self._threads:
            thread.start()

    @property
    def is_done(self) -> bool:
        """Whether all have given, or given up."""
        return not any(thread.is_alive() for thread in self._threads)

    def _give(self) -> None:
        while (number := self._take_number()) and not self._patience.is_over:
            gift = think_of(self._plan, number)
            try:
                self._give_one(gift)
            except GaveUpError:
                self._memory.count("donors who gave up")
            except Exception as error:  # noqa: BLE001 - it is told in the report, and others give
                self._memory.note_problem(f"donor {number}: {type(error).__name__}: {error}")
            self._memory.count("donors")

    def _take_number(self) -> int:
        """The next donor's number, when it is that donor's turn; 0 when all have come."""
        with self._lock:
            number = next(self._numbers)
        if number > self._plan.payments:
            return 0
        if self._plan.per_second is not None:
            due = self._begun_at + number / self._plan.per_second
            time.sleep(max(0.0, due - time.monotonic()))
        return number

    def _give_one(self, gift: Gift) -> None:
        with Browser(self._site, self._patience) as browser:
            session = self._go_to_checkout(browser, gift)
            self._memory.count("requests sent again", browser.cuts)
        for number in gift.way.value:
            paid = self._pay(session, number, gift)
            if paid.get("paid") or paid.get("promised"):
                self._note(gift, paid)
            else:
                self._memory.count("cards declined")

    def _go_to_checkout(self, browser: Browser, gift: Gift) -> str:
        path = f"/appeals/{gift.home.appeal}/give/"
        page = browser.get(path)
        while True:
            filled = {
                **hidden_fields(page.text),
                "amount": gift.amount,
                "branch": gift.home.branch,
                "frequency": "monthly" if gift.is_monthly else "once",
                "name": "",
                "email": gift.email,
            }
            page = browser.post(path, filled)
            if page.status_code == 303:
                return urlsplit(page.headers["Location"]).path.rsplit("/", 1)[-1]
            if page.status_code != 503:
                raise RefusedError(f"{path} answered {page.status_code}")
            if self._patience.is_over:
                raise GaveUpError(path)
            self._memory.count("told that Stripe is away")
            time.sleep(_BACK_SECONDS)

    def _pay(self, session: str, number: str, gift: Gift) -> dict[str, Any]:
        by = {"bacs": number} if gift.way.is_bacs else {"card": number}
        asked: dict[str, Any] = {"session": session, **by}
        if gift.way is Way.SECURE_CARD:
            asked["three_d_secure"] = "complete"
        return self._stripe.control("pay", **asked)

    def _note(self, gift: Gift, paid: dict[str, Any]) -> None:
        found = _UUID.search(paid["url"])
        assert found, paid
        given = Given(
            gift, str(paid["payment_intent"]), found[0], str(paid.get("subscription") or "")
        )
        self._memory.note_payment(given.intent, gift.home, gift.email)
        self._memory.count("paid" if paid["paid"] else "promised")
        self._on_given(given)
