"""What Stripe knows of the past. Never asked for inside a database transaction."""

import json
import logging
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

import stripe
from django.utils import timezone

from payments.stripe_gateway import OUR_METADATA_KEY
from payments.stripe_gateway.amounts import from_stripe
from payments.stripe_gateway.client import PAGE_SIZE, answers, client
from payments.stripe_gateway.events import (
    NotFromOurStripeError,
    VerifiedEvent,
    describe_event,
)
from payments.stripe_gateway.facts import Fact, Fee, NotAFact
from payments.stripe_gateway.reading import (
    EVENT_TYPES,
    moment,
    read_dispute,
    read_refund,
    read_succeeded_intent,
    this_second,
)

if TYPE_CHECKING:
    from stripe.params import EventListParams

logger = logging.getLogger(__name__)

_MOST_PAGES: Final = 50
_MOST_TYPES: Final = 20  # docs.stripe.com/api/events/list, ``types``


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
            read_refund(refund.to_dict(), this_second()) for refund in refunds.auto_paging_iter()
        ]


def read_disputes(payment_intent_id: str) -> list[Fact | NotAFact]:
    """Every dispute of a payment, as it stands now.

    Raises:
        StripeUnavailableError: Not known.
    """
    with answers():
        disputes = client().v1.disputes.list(
            {"payment_intent": payment_intent_id, "limit": PAGE_SIZE}
        )
        return [read_dispute(one.to_dict(), this_second()) for one in disputes.auto_paging_iter()]


def read_fee(balance_transaction_id: str) -> Fee:
    """What Stripe kept of one charge.

    Raises:
        StripeUnavailableError: Not known.
    """
    with answers():
        return _fee(client().v1.balance_transactions.retrieve(balance_transaction_id))


def read_fees(wanted: Collection[str], *, since: datetime, until: datetime) -> list[Fee]:
    """The fees of some charges made between two moments, by pages of a hundred lines.

    Those that Stripe's list does not hold between them are left out.

    Raises:
        StripeUnavailableError: Not known.
    """
    missing = set(wanted)
    fees: list[Fee] = []
    with answers():
        page = client().v1.balance_transactions.list(
            {
                "created": {"gte": int(since.timestamp()), "lte": int(until.timestamp())},
                "limit": PAGE_SIZE,
            }
        )
        for _ in range(_MOST_PAGES):
            found = [line for line in page.data if line.id in missing]
            missing.difference_update(line.id for line in found)
            fees += [_fee(line) for line in found]
            if not missing or not page.has_more:
                break
            page = page.next_page()
    return fees


def read_undelivered_events(*, within: timedelta, settle: timedelta) -> Iterator[VerifiedEvent]:
    """Events that some endpoint has not answered for.

    Args:
        within: How far back; Stripe keeps events for 30 days.
        settle: Leave out what is younger: it is being delivered at this moment.

    Raises:
        StripeUnavailableError: Stripe stopped answering; what came before stands.

    Source: docs.stripe.com/api/events/list.
    """
    now = timezone.now()
    yield from _read_events(since=now - within, until=now - settle, undelivered=True)


def read_events(*, since: datetime, until: datetime) -> Iterator[VerifiedEvent]:
    """Every event that we act upon, made from ``since`` to ``until``, delivered or not.

    An event may count as delivered and be unknown here: a backup was restored, or no endpoint was
    registered.

    Raises:
        StripeUnavailableError: Stripe stopped answering; what came before stands.
    """
    yield from _read_events(since=since, until=until, undelivered=False)


def _read_events(*, since: datetime, until: datetime, undelivered: bool) -> Iterator[VerifiedEvent]:
    """Newest first, for as many of our types at a time as Stripe takes."""
    asked: EventListParams = {
        "created": {"gte": int(since.timestamp()), "lte": int(until.timestamp())},
        "limit": PAGE_SIZE,
    }
    if undelivered:
        asked["delivery_success"] = False
    with answers():
        for first in range(0, len(EVENT_TYPES), _MOST_TYPES):
            asked["types"] = list(EVENT_TYPES[first : first + _MOST_TYPES])
            page = client().v1.events.list(asked)
            for event in page.auto_paging_iter():
                shape = event.to_dict()
                try:
                    described = describe_event(shape, body=json.dumps(shape))
                except NotFromOurStripeError as error:
                    logger.warning("Stripe's list of events holds one of another %s", error.reason)
                else:
                    yield described


def _fee(line: stripe.BalanceTransaction) -> Fee:
    return Fee(
        balance_transaction_id=line.id,
        amount=from_stripe(line.fee, line.currency),
        charged_at=moment(line.created),
    )
