"""Keeping: one statement, and the event is safe."""

from typing import Final

from django.db import InterfaceError, OperationalError, connection

from payments.inbox.doorbell import DOORBELL
from payments.models import WebhookEvent
from payments.stripe_gateway import API_VERSION
from payments.stripe_gateway.events import VerifiedEvent

Road = WebhookEvent.Road

# Raw, since this is the whole of what a webhook waits for. Shapes that we do not read are put
# aside for a person at once.
_INSERT: Final = """
INSERT INTO payments_webhookevent (stripe_id, type, api_version, object_id, payment_intent_id,
    created_at, livemode, body, road, put_aside_at, last_error)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, CASE WHEN %s THEN now() END, %s)
ON CONFLICT (stripe_id) DO NOTHING
"""


def keep(event: VerifiedEvent, *, road: Road = Road.WEBHOOK) -> bool:
    """Store the event, once; False when it is here already. ``road`` is how we learned of it.

    Must not be called inside a transaction: what it has kept must stay kept.

    Raises:
        DatabaseError: Nothing is known to be stored. Stripe sends it again.
    """
    try:
        is_new = _insert(event, road)
    except (OperationalError, InterfaceError):
        if connection.in_atomic_block:
            raise
        connection.close()  # a kept connection that the database has cut: the next one is fresh
        is_new = _insert(event, road)
    if is_new:
        DOORBELL.set()
    return is_new


def _insert(event: VerifiedEvent, road: Road) -> bool:
    is_unknown = event.api_version != API_VERSION
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT,
            [
                event.stripe_id,
                event.type,
                event.api_version,
                event.object_id,
                event.payment_intent_id,
                event.created_at,
                event.livemode,
                event.body,
                road.value,
                is_unknown,
                f"of API version {event.api_version or '(none)'}, we read {API_VERSION}: set the "
                "webhook endpoint to that version, then try again"
                if is_unknown
                else "",
            ],
        )
        return bool(cursor.rowcount == 1)
