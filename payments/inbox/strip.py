"""Stripping: a month after an event was acted on, the personal fields of its body go.

Amounts, ids and states stay, so that the event can still be read, and audited, for good.
"""

import json
from datetime import timedelta
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from payments.models import WebhookEvent

STRIPPED_AFTER: Final = timedelta(days=30)
"""From when it was acted on: as long as a donor's question or a dispute may need it."""

_BATCH_SIZE: Final = 500

# Whatever stands under these names in any of Stripe's objects, at any depth.
# Source: docs.stripe.com/api, the pages of the objects in ``stripe_gateway.reading``.
_PERSONAL: Final = frozenset(
    {
        "address",
        "billing_details",
        "collected_information",
        "customer_details",
        "customer_email",
        "email",
        "evidence",
        "name",
        "payment_method_details",
        "phone",
        "receipt_email",
        "shipping",
        "shipping_details",
    }
)


@transaction.atomic
def strip_old_events(*, limit: int = _BATCH_SIZE) -> int:
    """Empty the personal fields of events acted on 30 days ago; answers of how many.

    Events that still wait keep theirs: they are not booked yet. A second call finds the next.
    """
    events = list(
        WebhookEvent.objects.filter(
            stripped_at__isnull=True, processed_at__lt=timezone.now() - STRIPPED_AFTER
        )
        .order_by("processed_at")
        # Against another process that sweeps: the two take different events.
        .select_for_update(skip_locked=True)[:limit]
    )
    for event in events:
        event.body = json.dumps(_without_personal(json.loads(event.body)))
        event.stripped_at = timezone.now()
    WebhookEvent.objects.bulk_update(events, ["body", "stripped_at"])
    return len(events)


def _without_personal(value: Any) -> Any:  # noqa: ANN401 - JSON of any shape
    if isinstance(value, dict):
        return {
            key: None if key in _PERSONAL else _without_personal(part)
            for key, part in value.items()
        }
    if isinstance(value, list):
        return [_without_personal(part) for part in value]
    return value
