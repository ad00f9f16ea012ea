"""Booking what Stripe answered to a question of ours, as its events would have told it."""

import logging
from collections.abc import Iterable

from payments.booking import book_facts
from payments.errors import TillError
from payments.inbox.waiting import wake
from payments.stripe_gateway.facts import Fact, NotAFact

logger = logging.getLogger(__name__)


def book_told(told: Iterable[Fact | NotAFact]) -> int:
    """Book the facts among the answers, and wake what waited for them; answers how many.

    One that cannot be booked is logged for the operator, and keeps no other from being booked.
    """
    facts = [fact for fact in told if not isinstance(fact, NotAFact)]
    if not facts:
        return 0
    booked = book_facts(facts)
    for result in booked.results:
        if isinstance(result, TillError):
            logger.warning("what Stripe answered could not be booked: %s", result)
    wake(booked.wakes)
    return sum(not isinstance(result, TillError) for result in booked.results)
