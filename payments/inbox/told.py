"""Booking what Stripe answered to a question of ours, as its events would have told it."""

import logging
from collections.abc import Iterable
from typing import NamedTuple

from payments.booking import book_facts
from payments.errors import TillError
from payments.inbox.waiting import wake
from payments.models import WebhookEvent
from payments.stripe_gateway.facts import Fact, NotAFact

Outcome = WebhookEvent.Outcome

logger = logging.getLogger(__name__)


class BookedAnswers(NamedTuple):
    """How many facts were booked or known, and why one of the others is for a person.

    ``is_ours`` is false when nothing was told, or only of what others began.
    """

    facts: int
    for_a_person: TillError | None
    is_ours: bool


def book_told(told: Iterable[Fact | NotAFact]) -> BookedAnswers:
    """Book the facts among the answers, and wake what waited for them.

    One that cannot be booked is logged for the operator, and keeps no other from being booked.
    """
    facts = [fact for fact in told if not isinstance(fact, NotAFact)]
    if not facts:
        return BookedAnswers(0, None, is_ours=False)
    booked = book_facts(facts)
    refused = [result for result in booked.results if isinstance(result, TillError)]
    for result in refused:
        logger.warning("what Stripe answered could not be booked: %s", result)
    wake(booked.wakes)
    for_a_person = [error for error in refused if error.most_attempts is not None]
    return BookedAnswers(
        len(facts) - len(refused),
        for_a_person[0] if for_a_person else None,
        is_ours=any(result is not Outcome.NOT_OURS for result in booked.results),
    )
