"""The world of one stand-in: every object, the clock, the knobs and the courier."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from payments.pretend_stripe.clock import Agenda, Clock
from payments.pretend_stripe.delivery import RETRY_SECONDS, Address, Courier
from payments.pretend_stripe.events import (
    Cause,
    EventLog,
    KeptEvent,
    delivery_of,
    event_body,
    matches,
)
from payments.pretend_stripe.ids import Ids
from payments.pretend_stripe.knobs import Knobs
from payments.pretend_stripe.store import Store
from payments.pretend_stripe.wire import Obj

_DAY_SECONDS = 24 * 60 * 60


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What the command line says.

    Attributes:
        base_url: Where the stand-in itself is reached, without a slash at the end.
        webhook_url: An endpoint that is there from the start.
        webhook_secret: The secret of that endpoint.
        seed: For ids that are the same in every run.
        retry_seconds: The pauses between a webhook's attempts.
        delivery_timeout_seconds: How long an endpoint may take to answer.
        knobs: Knobs turned from the start.
    """

    base_url: str
    webhook_url: str | None = None
    webhook_secret: str | None = None
    seed: str | None = None
    retry_seconds: Sequence[float] = RETRY_SECONDS
    delivery_timeout_seconds: float = 10.0
    knobs: dict[str, Any] = field(default_factory=dict)


class World:
    """Everything that the stand-in knows. One event loop works on it, so nothing is locked.

    Args:
        setup: What the command line says.
        at_midnight: Done each time that the pretend clock passes midnight, UTC.
    """

    def __init__(self, setup: Setup, *, at_midnight: Callable[["World"], None]) -> None:
        self.setup = setup
        self._at_midnight = at_midnight
        self.clock = Clock()
        self.agenda = Agenda(self.clock)
        self.ids = Ids(setup.seed)
        self.knobs = Knobs().turned(setup.knobs)
        self.courier = Courier(
            self.knobs,
            retry_seconds=setup.retry_seconds,
            timeout_seconds=setup.delivery_timeout_seconds,
        )
        self.cause = Cause()
        self._lay_out()

    def _lay_out(self) -> None:
        self.sessions = Store("checkout.session")
        self.payment_intents = Store("payment_intent")
        self.payment_methods = Store("payment_method")
        self.charges = Store("charge", by=("payment_intent",))
        self.refunds = Store("refund", by=("charge", "payment_intent"))
        self.disputes = Store("dispute", by=("charge", "payment_intent"))
        self.payouts = Store("payout")
        self.mandates = Store("mandate")
        self.balance_transactions = Store("balance transaction", by=("source",))
        self.not_paid_out: dict[str, Obj] = {}
        """By id: balance transactions that no payout has taken along yet, oldest first."""
        self.paid_out: dict[str, list[Obj]] = {}
        """By payout id: the balance transactions that it took along, its own among them."""
        self.customers = Store("customer")
        self.endpoints = Store("webhook_endpoint")
        self.events = EventLog()
        self.secrets: dict[str, str] = {}
        self.private: dict[str, Any] = {}
        """By session id: what only the stand-in knows of a session (``checkout.Checkout``)."""
        self.answers: dict[str, Any] = {}
        """By idempotency key: answers given (``idempotency.KeptAnswer``)."""
        if self.setup.webhook_url and self.setup.webhook_secret:
            self.add_endpoint(
                url=self.setup.webhook_url, secret=self.setup.webhook_secret, enabled_events=["*"]
            )
        self._await_midnight()

    def _await_midnight(self) -> None:
        next_midnight = (self.clock.stamp() // _DAY_SECONDS + 1) * _DAY_SECONDS
        self.agenda.add(next_midnight, self._see_midnight, soon=False)

    def _see_midnight(self) -> None:
        self._at_midnight(self)
        self._await_midnight()

    def reset(self, *, seed: str | None = None) -> None:
        """Back to the start: no objects, knobs and endpoints as the command line said.

        Ids go on where they were, unless a seed is given: a database that saw the old ones
        never meets them again.
        """
        self.agenda.clear()
        self.courier.clear()
        self.clock.ahead_seconds = 0.0
        if seed is not None:
            self.ids = Ids(seed)
        self.knobs = self.courier.knobs = Knobs().turned(self.setup.knobs)
        self._lay_out()

    def turn(self, changes: dict[str, Any]) -> None:
        """Turn knobs; raises KnobError and turns none when one cannot be turned."""
        self.knobs = self.courier.knobs = self.knobs.turned(changes)

    def add_endpoint(
        self,
        *,
        url: str,
        secret: str,
        enabled_events: list[str],
        description: str | None = None,
        metadata: dict[str, str] | None = None,
    ) -> Obj:
        """Register a webhook endpoint."""
        endpoint = self.endpoints.add(
            {
                "id": self.ids.mint("we_1"),
                "object": "webhook_endpoint",
                "api_version": None,
                "application": None,
                "created": self.clock.stamp(),
                "description": description,
                "enabled_events": enabled_events,
                "livemode": False,
                "metadata": metadata or {},
                "status": "enabled",
                "url": url,
            }
        )
        self.secrets[endpoint["id"]] = secret
        return endpoint

    def emit(
        self, event_type: str, obj: Obj, *, previous: Obj | None = None, ahead: bool = False
    ) -> list[asyncio.Event]:
        """Something happened: keep the event and send it to every endpoint that wants it.

        Args:
            event_type: Such as ``charge.succeeded``.
            obj: What it is about, as it is now; later changes do not touch the event.
            previous: The changed members' former values.
            ahead: Whether it goes out before everything that waits.

        Returns:
            For each endpoint, what is set once the first attempt has been answered.
        """
        wanting = [
            Address(endpoint_id=one["id"], url=one["url"], secret=self.secrets[one["id"]])
            for one in self.endpoints
            if one["status"] == "enabled"
            and any(matches(event_type, wanted) for wanted in one["enabled_events"])
        ]
        entry: Obj = {
            "id": self.ids.mint("evt_1"),
            "type": event_type,
            "created": self.clock.stamp(),
        }
        kept = KeptEvent(
            body=event_body(
                event_id=entry["id"],
                event_type=event_type,
                created=entry["created"],
                obj=obj,
                previous=previous,
                cause=self.cause,
                pending_webhooks=len(wanting),
            ),
            unanswered={address.endpoint_id for address in wanting},
        )
        self.events.keep(entry, kept)
        deliveries = [delivery_of(entry["id"], event_type, kept, address) for address in wanting]
        for delivery in deliveries:
            self.courier.send(delivery, ahead=ahead)
        return [delivery.told for delivery in deliveries]

    def later(self) -> float:
        """When (Unix seconds) something asynchronous that starts now will be done."""
        return self.clock.now() + self.knobs.between(self.knobs.charge_updated_delay_seconds)
