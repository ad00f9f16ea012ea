"""The courier: signed webhooks over real HTTP, at least once, in no promised order."""

import asyncio
import hashlib
import hmac
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import httpx

from payments.pretend_stripe.knobs import Knobs

RETRY_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 10.0, 10.0, 10.0, 10.0)
"""When a refused webhook is tried again. Stripe's own schedule spans three days."""

_REORDER_HOLD_SECONDS = 0.25
"""How long held webhooks wait for another one before they go out, shuffled as they are."""


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where webhooks go, and the secret that signs them."""

    endpoint_id: str
    url: str
    secret: str


@dataclass(eq=False, kw_only=True)
class Delivery:
    """One webhook on its way to one endpoint.

    Attributes:
        told: Set when the first attempt has been answered, or will never be made.
        on_success: Called once when the endpoint has answered 2xx.
    """

    event_id: str
    event_type: str
    body: bytes
    address: Address
    on_success: Callable[[], None]
    attempts: int = 0
    state: Literal["waiting", "delivered", "failed", "dropped"] = "waiting"
    last_answer: str = ""
    told: asyncio.Event = field(default_factory=asyncio.Event)


def sign(body: bytes, secret: str, *, at: int) -> str:
    """The ``Stripe-Signature`` header for a body sent at ``at`` (Unix seconds).

    Source: docs.stripe.com/webhooks/signature, "Verify manually".
    """
    signed = str(at).encode() + b"." + body
    return f"t={at},v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


class Courier:
    """Delivers webhooks, ``concurrency`` at a time, and tries again what was not answered 2xx.

    Args:
        knobs: How it misbehaves; may be changed at any time.
        retry_seconds: The pauses between attempts; after the last of them a delivery has failed.
        timeout_seconds: How long an endpoint may take to answer.
        concurrency: Connections at once.
    """

    def __init__(
        self,
        knobs: Knobs,
        *,
        retry_seconds: Sequence[float] = RETRY_SECONDS,
        timeout_seconds: float = 10.0,
        concurrency: int = 8,
    ) -> None:
        self.knobs = knobs
        self.delivered = self.failed = self.dropped = self.attempts = 0
        self._retry_seconds = tuple(retry_seconds)
        self._timeout = httpx.Timeout(timeout_seconds)
        self._concurrency = concurrency
        self._open: set[Delivery] = set()
        self._ready: deque[Delivery] = deque()
        self._ready_count = asyncio.Semaphore(0)
        self._held: list[Delivery] = []
        self._release_timer: asyncio.TimerHandle | None = None
        self._flying = 0
        self._landed = asyncio.Condition()
        self._quiet = asyncio.Event()
        self._quiet.set()

    @property
    def waiting(self) -> int:
        """How many deliveries are neither answered 2xx nor given up."""
        return len(self._open)

    def send(self, delivery: Delivery, *, ahead: bool = False) -> None:
        """Take a webhook on. ``ahead`` puts it before everything that waits already."""
        if self.knobs.falls(self.knobs.drop):
            delivery.state = "dropped"
            self.dropped += 1
            delivery.told.set()
            return
        self.resend(delivery, ahead=ahead)

    def resend(self, delivery: Delivery, *, ahead: bool = False) -> None:
        """Take a webhook on that the knob ``drop`` does not touch."""
        copies = [
            Delivery(
                event_id=delivery.event_id,
                event_type=delivery.event_type,
                body=delivery.body,
                address=delivery.address,
                on_success=lambda: None,
            )
            for _ in range(self.knobs.copies())
        ]
        for each in (delivery, *copies):
            self._open.add(each)
            self._quiet.clear()
            pause = self.knobs.between(self.knobs.delay_seconds)
            if pause:
                self._later(pause, each)
            elif self.knobs.reorder:
                self._hold(each)
            else:
                self._queue(each, ahead=ahead)

    async def until_quiet(self) -> None:
        """Wait until every delivery has been answered 2xx or given up."""
        await self._quiet.wait()

    async def until_landed(self) -> None:
        """Wait until no attempt is in progress; after ``clear`` nothing more goes out then."""
        async with self._landed:
            await self._landed.wait_for(lambda: self._flying == 0)

    def clear(self) -> None:
        """Forget every delivery; an attempt in progress ends unheeded."""
        for delivery in self._open:
            delivery.told.set()
        self._open.clear()
        self._held.clear()
        self._ready.clear()
        self.delivered = self.failed = self.dropped = self.attempts = 0
        self._quiet.set()

    async def run(self) -> None:
        """Deliver until cancelled, over connections that are kept open."""
        async with asyncio.TaskGroup() as tasks:
            for _ in range(self._concurrency):
                tasks.create_task(self._work())

    async def _work(self) -> None:
        """One delivery after the other.

        Over a transport of its own, without httpx's client around it: a quarter less work for
        each webhook, and webhooks are most of what a busy stand-in does.
        """
        async with httpx.AsyncHTTPTransport(trust_env=False) as transport:
            while True:
                await self._ready_count.acquire()
                if self._ready:
                    delivery = self._ready.popleft()
                    self._flying += 1
                    delivered = await self._attempt(transport, delivery)
                    self._flying -= 1
                    self._judge(delivery, delivered=delivered)
                    async with self._landed:
                        self._landed.notify_all()

    async def _attempt(self, transport: httpx.AsyncHTTPTransport, delivery: Delivery) -> bool:
        """Try once; say whether the endpoint answered 2xx."""
        delivery.attempts += 1
        self.attempts += 1
        try:
            answer = await transport.handle_async_request(self._request(delivery))
            try:
                await answer.aread()
            finally:
                await answer.aclose()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            delivery.last_answer = type(error).__name__
            return False
        delivery.last_answer = str(answer.status_code)
        return answer.is_success

    def _request(self, delivery: Delivery) -> httpx.Request:
        """The webhook, signed now; raises httpx.InvalidURL for an address that is none."""
        signature = sign(delivery.body, delivery.address.secret, at=int(time.time()))
        return httpx.Request(
            "POST",
            delivery.address.url,
            headers={
                "Content-Type": "application/json; charset=utf-8",
                "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
                "Stripe-Signature": signature,
            },
            content=delivery.body,
            extensions={"timeout": self._timeout.as_dict()},
        )

    def _judge(self, delivery: Delivery, *, delivered: bool) -> None:
        delivery.told.set()
        if delivery not in self._open:
            return
        if delivered:
            delivery.state = "delivered"
            self.delivered += 1
            delivery.on_success()
        elif delivery.attempts <= len(self._retry_seconds):
            self._later(self._retry_seconds[delivery.attempts - 1], delivery)
            return
        else:
            delivery.state = "failed"
            self.failed += 1
        self._open.discard(delivery)
        if not self._open:
            self._quiet.set()

    def _later(self, seconds: float, delivery: Delivery) -> None:
        asyncio.get_running_loop().call_later(seconds, self._queue, delivery)

    def _queue(self, delivery: Delivery, *, ahead: bool = False) -> None:
        if delivery not in self._open:
            return
        if ahead:
            self._ready.appendleft(delivery)
        else:
            self._ready.append(delivery)
        self._ready_count.release()

    def _hold(self, delivery: Delivery) -> None:
        """Hold back until the window of the knob ``reorder`` is full, or nothing more comes."""
        self._held.append(delivery)
        if self._release_timer is not None:
            self._release_timer.cancel()
        if len(self._held) >= self.knobs.reorder:
            self._release()
        else:
            loop = asyncio.get_running_loop()
            self._release_timer = loop.call_later(_REORDER_HOLD_SECONDS, self._release)

    def _release(self) -> None:
        held, self._held = self._held, []
        self.knobs.dice.shuffle(held)
        for delivery in held:
            self._queue(delivery)
