"""What Stripe knows of the past. Never asked for inside a database transaction."""

import json
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from payments.stripe_gateway import OUR_METADATA_KEY
from payments.stripe_gateway.client import PAGE_SIZE, answers, client
from payments.stripe_gateway.events import VerifiedEvent, describe_event
from payments.stripe_gateway.facts import Fact, NotAFact
from payments.stripe_gateway.reading import (
    EVENT_TYPES,
    moment,
    read_refund,
    read_succeeded_intent,
)


def read_payment(payment_intent_id: str) -> Fact | NotAFact:
    """A payment that we heard of and do not know: received, not ours, or not come yet (NOTHING).

    Raises:
        StripeUnavailableError: Not known.
    """
    with answers():
        intent = (
            client()
            .v1.payment_intents.retrieve(payment_intent_id, {"expand": ["latest_charge"]})
            .to_dict()
        )
    reference = (intent["metadata"] or {}).get(OUR_METADATA_KEY)
    if reference is None:
        return NotAFact.NOT_OURS
    if intent["status"] != "succeeded":
        return NotAFact.NOTHING
    return read_succeeded_intent(
        intent, UUID(reference), moment(intent["latest_charge"]["created"])
    )


def read_refunds(payment_intent_id: str) -> list[Fact | NotAFact]:
    """Every refund of a payment, as it stands now.

    Raises:
        StripeUnavailableError: Not known.
    """
    with answers():
        refunds = client().v1.refunds.list(
            {"payment_intent": payment_intent_id, "limit": PAGE_SIZE}
        )
        return [
            read_refund(refund.to_dict(), timezone.now()) for refund in refunds.auto_paging_iter()
        ]


def read_undelivered_events(*, within: timedelta, settle: timedelta) -> Iterator[VerifiedEvent]:
    """Events that some endpoint has not answered for, newest first.

    Args:
        within: How far back; Stripe keeps events for 30 days.
        settle: Leave out what is younger: it is being delivered at this moment.

    Raises:
        StripeUnavailableError: Stripe stopped answering; what came before stands.

    Source: docs.stripe.com/api/events/list.
    """
    now = timezone.now()
    with answers():
        page = client().v1.events.list(
            {
                "delivery_success": False,
                "types": list(EVENT_TYPES),
                "created": {
                    "gte": int((now - within).timestamp()),
                    "lte": int((now - settle).timestamp()),
                },
                "limit": PAGE_SIZE,
            }
        )
        for event in page.auto_paging_iter():
            shape = event.to_dict()
            yield describe_event(shape, body=json.dumps(shape))
