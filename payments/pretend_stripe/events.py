"""Events: what happened, as Stripe tells it. Kept for the list, handed to the courier."""

import json
from dataclasses import dataclass, field

from payments.pretend_stripe import API_VERSION
from payments.pretend_stripe.delivery import Address, Delivery
from payments.pretend_stripe.store import Store
from payments.pretend_stripe.wire import Obj, to_json


@dataclass(frozen=True)
class Cause:
    """The API request that an event comes from; both are None for what happens by itself."""

    request_id: str | None = None
    idempotency_key: str | None = None


@dataclass(kw_only=True)
class KeptEvent:
    """An event and the endpoints that have yet to answer 2xx to it.

    The body is kept as it was sent: an event is a snapshot and never changes.
    """

    body: bytes
    deliveries: list[Delivery] = field(default_factory=list)
    unanswered: set[str] = field(default_factory=set)

    def shown(self) -> Obj:
        """The event as the API shows it now."""
        shown: Obj = json.loads(self.body)
        shown["pending_webhooks"] = len(self.unanswered)
        return shown


class EventLog:
    """All events. The list works on entries without bodies, so that filters are quick."""

    def __init__(self) -> None:
        self.index = Store("event")
        self._kept: dict[str, KeptEvent] = {}

    def __len__(self) -> int:
        return len(self.index)

    def keep(self, entry: Obj, kept: KeptEvent) -> None:
        """Keep an event: its entry (``id``, ``type``, ``created``) and the rest."""
        self.index.add(entry)
        self._kept[entry["id"]] = kept

    def get(self, event_id: str) -> KeptEvent:
        """The event with that id, else 404."""
        self.index.get(event_id)
        return self._kept[event_id]

    def undelivered(self) -> list[str]:
        """Ids of the events that some endpoint has not answered 2xx to, oldest first."""
        return [entry["id"] for entry in self.index if self._kept[entry["id"]].unanswered]

    def page(self, params: Obj, *, url: str) -> Obj:
        """One page of the list, by ``type`` (may end in ``*``), ``types``, ``delivery_success``."""
        types = params.get("types", [params["type"]] if "type" in params else None)
        success = params.get("delivery_success")

        def belongs(entry: Obj) -> bool:
            if types is not None and not any(matches(entry["type"], wanted) for wanted in types):
                return False
            return success is None or success == (not self._kept[entry["id"]].unanswered)

        page = self.index.page(params, url=url, where=belongs)
        page["data"] = [self._kept[entry["id"]].shown() for entry in page["data"]]
        return page


def matches(event_type: str, wanted: str) -> bool:
    """Whether a type is meant by ``charge.updated``, ``charge.*`` or ``*``."""
    return wanted in ("*", event_type) or (
        wanted.endswith(".*") and event_type.startswith(wanted[:-1])
    )


def event_body(
    *,
    event_id: str,
    event_type: str,
    created: int,
    obj: Obj,
    previous: Obj | None,
    cause: Cause,
    pending_webhooks: int,
) -> bytes:
    """The event as it goes out.

    Args:
        event_id: ``evt_…``.
        event_type: Such as ``charge.updated``.
        created: Unix seconds.
        obj: What it is about, as it is now.
        previous: For what changed: the members' former values.
        cause: Where it comes from.
        pending_webhooks: How many endpoints it goes to.
    """
    data: Obj = {"object": obj}
    if previous is not None:
        data["previous_attributes"] = previous
    return to_json(
        {
            "id": event_id,
            "object": "event",
            "api_version": API_VERSION,
            "created": created,
            "data": data,
            "livemode": False,
            "pending_webhooks": pending_webhooks,
            "request": {"id": cause.request_id, "idempotency_key": cause.idempotency_key},
            "type": event_type,
        }
    )


def delivery_of(event_id: str, event_type: str, kept: KeptEvent, address: Address) -> Delivery:
    """A delivery of a kept event to one endpoint; its success is noted with the event."""
    delivery = Delivery(
        event_id=event_id,
        event_type=event_type,
        body=kept.body,
        address=address,
        on_success=lambda: kept.unanswered.discard(address.endpoint_id),
    )
    kept.deliveries.append(delivery)
    return delivery
