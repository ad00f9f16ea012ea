"""From facts to the books: which decision goes with which fact, and in which order."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from django.db import transaction

from payments import card, disputes, letters, refunds
from payments.balance import payouts
from payments.batch import Batch
from payments.errors import TillError
from payments.models import WebhookEvent
from payments.monthly import life, months
from payments.pledges.following import follow_donations
from payments.stripe_gateway.facts import (
    CheckoutExpired,
    Disputed,
    Fact,
    PaymentDelayed,
    PaymentFailed,
    PaymentReceived,
    PayoutTold,
    Refunded,
    RefundTotal,
)
from payments.stripe_gateway.monthly_facts import (
    MonthFailed,
    MonthlyBegun,
    MonthlyExpired,
    MonthlyFact,
    MonthlyState,
    MonthPaid,
    MonthSettled,
)

Outcome = WebhookEvent.Outcome

# Money before what hangs on it, so that a batch in any order is a batch in order.
_DECISIONS: Final[Mapping[type[Fact], tuple[int, Callable[[Any, Batch], WebhookEvent.Outcome]]]] = {
    PaymentReceived: (0, card.book_received),
    PaymentDelayed: (1, card.note_delayed),
    PaymentFailed: (1, card.note_failed),
    CheckoutExpired: (1, card.note_expired),
    MonthlyBegun: (0, life.note_begun),
    MonthlyExpired: (0, life.note_expired),
    MonthlyState: (0, life.note_state),
    MonthPaid: (0, months.note_paid),
    MonthFailed: (0, months.note_failed),
    MonthSettled: (1, months.note_settled),
    Refunded: (2, refunds.book_refund),
    RefundTotal: (3, refunds.check_total),
    Disputed: (4, disputes.expect_payment),
    PayoutTold: (5, payouts.note_payout),
}

# What can only be booked once the batch is written, since it undoes or follows an entry.
_SEQUELS: Final[Mapping[type[Fact], Callable[[Any, Batch], WebhookEvent.Outcome]]] = {
    Refunded: refunds.book_failure,
    Disputed: disputes.book_dispute,
}


class Booked(NamedTuple):
    """What came of each fact, in their order; and the payments that are booked now."""

    results: list[WebhookEvent.Outcome | TillError]
    wakes: set[str]


@transaction.atomic
def book_facts(facts: Sequence[Fact]) -> Booked:
    """Bring facts into the books, together. What was told before changes nothing.

    A fact that cannot be booked now is answered with its error and keeps no other from being
    booked.

    Raises:
        Exception: A bug, or the database's refusal. Nothing of the whole batch is written.
    """
    batch = Batch(
        references={fact.reference for fact in facts if hasattr(fact, "reference")},
        payment_intent_ids={
            fact.payment_intent_id
            for fact in facts
            if isinstance(fact, PaymentReceived | Refunded | RefundTotal | Disputed)
        },
        monthly_facts=[fact for fact in facts if isinstance(fact, MonthlyFact)],
    )
    results: dict[int, WebhookEvent.Outcome | TillError] = {}
    for place in sorted(
        range(len(facts)), key=lambda at: (_DECISIONS[type(facts[at])][0], facts[at].told_at)
    ):
        fact = facts[place]
        try:
            results[place] = _DECISIONS[type(fact)][1](fact, batch)
        except TillError as error:
            results[place] = error
    batch.write()
    letters.enclose_news(received=batch.newly_received, refunded=batch.newly_refunded)
    for place, fact in enumerate(facts):
        if type(fact) in _SEQUELS and isinstance(results[place], Outcome):
            sequel = _SEQUELS[type(fact)](fact, batch)
            if sequel is Outcome.BOOKED or results[place] is Outcome.KNOWN:
                results[place] = sequel
    follow_donations(batch.donation_ids)
    return Booked([results[place] for place in range(len(facts))], batch.wakes)
