"""Card testers: many browsers and addresses, stolen cards that are declined, and no patience.

They come as they do in life: most post the form and nothing else, some look at the page first, some
keep their cookies, and a few pay for the sum.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import uuid4

import httpx

from tests.payments.shield import solve
from tests.pretend_stripe.process import DECLINED, INSUFFICIENT, PretendStripe

GIVE = "/appeals/rally/give/"
_CSRF = "a" * 32
_CARDS = (DECLINED, INSUFFICIENT)


@dataclass
class Tally:
    """What came of the attack. Seconds are by the wall's clock."""

    attempts: int = 0
    answers: Counter[int] = field(default_factory=Counter)
    declined: int = 0
    solved: int = 0
    seconds: float = 0.0
    readings: list[float] = field(default_factory=list)
    unread: int = 0

    @property
    def opened(self) -> int:
        """Checkouts."""
        return self.answers[303]

    def __str__(self) -> str:
        readings = sorted(self.readings) or [0.0]
        return (
            f"{self.attempts} attempts in {self.seconds:.0f} s "
            f"({self.attempts / max(self.seconds, 0.001):.0f}/s): "
            f"{self.opened} Checkouts opened, {self.declined} cards declined, "
            f"{self.answers[422]} sent back for the check, {self.answers[429]} refused, "
            f"{self.answers[503]} told that Stripe is away, {self.solved} sums paid for; "
            f"readers meanwhile: {len(readings)} pages, half within "
            f"{readings[len(readings) // 2] * 1000:.0f} ms, all within {readings[-1] * 1000:.0f} ms"
        )


class Testers:
    """Some machines at once, until so much was tried in spite of the check, or it takes too long.

    What is tried before ``was_seen`` is called is counted, and comes on top.
    """

    __test__ = False  # no test class, whatever pytest thinks of its name

    def __init__(self, site: str, stripe: PretendStripe, *, machines: int = 6) -> None:
        self._site = site
        self._stripe = stripe.url
        self.machines = machines
        self._lock = threading.Lock()
        self._left = 0
        self._deadline = 0.0
        self._is_seen = False
        self.tally = Tally()

    @contextmanager
    def at_work(self, *, attempts: int, seconds: float) -> Iterator[None]:
        """Attack while the block runs, and to the end; readers look at the appeal meanwhile."""
        began_at = time.monotonic()
        self._left, self._deadline = attempts, began_at + seconds
        over = threading.Event()
        reader = threading.Thread(target=self._read, args=[over])
        machines = [
            threading.Thread(target=self._attack, args=[number]) for number in range(self.machines)
        ]
        reader.start()
        for machine in machines:
            machine.start()
        try:
            yield
        finally:
            for machine in machines:
                machine.join()
            over.set()
            reader.join()
            self.tally.seconds = time.monotonic() - began_at

    def was_seen(self) -> int:
        """The check is on: from now on attempts are counted down. How many Checkouts until then."""
        with self._lock:
            self._is_seen = True
            return self.tally.opened

    def _take(self) -> bool:
        with self._lock:
            if self._left == 0 or time.monotonic() > self._deadline:
                return False
            self._left -= self._is_seen
            self.tally.attempts += 1
            return True

    def _attack(self, number: int) -> None:
        dice = random.Random(number)  # noqa: S311 - a test
        with (
            httpx.Client(base_url=self._site, timeout=60, trust_env=False) as fresh,
            httpx.Client(base_url=self._site, timeout=60, trust_env=False) as faithful,
            httpx.Client(base_url=self._stripe, timeout=60, trust_env=False) as stripe,
        ):
            while self._take():
                fresh.cookies.clear()
                kind = dice.randrange(100)
                browser = faithful if 90 <= kind < 94 else fresh
                answer = self._try(browser, looks=kind >= 80, pays=kind >= 99, dice=dice)
                with self._lock:
                    self.tally.answers[answer.status_code] += 1
                if answer.status_code == 303:
                    self._test_cards(stripe, answer.headers["Location"], dice)

    def _try(
        self, browser: httpx.Client, *, looks: bool, pays: bool, dice: random.Random
    ) -> httpx.Response:
        sent = {
            "reference": str(uuid4()),
            "amount": dice.choice(("5", "10", "20")),
            "email": f"{dice.randrange(10**9)}@example.net" if dice.random() < 0.7 else "",
        }
        if looks:
            page = browser.get(GIVE).text
            sent["reference"] = page.partition('name="reference" value="')[2][:36]
            sent["minted"] = page.partition('name="minted" value="')[2].partition('"')[0]
            if pays and (challenge := page.partition('data-challenge="')[2].partition('"')[0]):
                sent["altcha"] = solve(browser.get(challenge).json())
                with self._lock:
                    self.tally.solved += 1
        sent["csrfmiddlewaretoken"] = _CSRF  # whoever sets the cookie as well needs no page
        browser.cookies.delete("csrftoken")
        browser.cookies.set("csrftoken", _CSRF)
        return browser.post(GIVE, data=sent, headers={"Referer": f"{self._site}{GIVE}"})

    def _test_cards(self, stripe: httpx.Client, checkout: str, dice: random.Random) -> None:
        for _ in range(dice.randint(1, 3)):
            paid = stripe.post(
                "/_pretend/pay",
                json={"session": checkout.rsplit("/", 1)[-1], "card": dice.choice(_CARDS)},
            )
            if paid.status_code != 200 or paid.json()["paid"]:
                return  # somebody has ended the Checkout
            with self._lock:
                self.tally.declined += 1

    def _read(self, over: threading.Event) -> None:
        paths = ("/appeals/rally/", "/api/v1/appeals/rally/", "/appeals/rally/screen/")
        with httpx.Client(base_url=self._site, timeout=60, trust_env=False) as reader:
            while not over.wait(0.1):
                for path in paths:
                    began_at = time.monotonic()
                    if reader.get(path).status_code != 200:
                        self.tally.unread += 1
                    self.tally.readings.append(time.monotonic() - began_at)
