"""Strays: lines of ours whose donation, refund or dispute nobody told us of. Stripe is asked.

A webhook that was lost for good shows up here: the money is on our balance, and not in the books.
"""

from datetime import timedelta
from typing import Final

from django.db.models.functions import Now
from django.utils import timezone

from funds.models import JournalEntry
from payments.balance.booking import due_lines
from payments.balance.deciding import Category
from payments.inbox.told import book_told
from payments.models import BalanceLine, CardDonation
from payments.stripe_gateway.facts import NotAFact
from payments.stripe_gateway.history import read_disputes, read_payment, read_refunds
from payments.stripe_gateway.subscriptions import read_month_of_payment

_ON_ITS_WAY: Final = timedelta(seconds=20)  # an event that is younger may still come by itself
_MOST_QUESTIONS: Final = 50
_TOLD_BY_EVENTS: Final = [
    Category.DONATION,
    Category.REFUND,
    Category.REFUND_FAILED,
    Category.DISPUTE,
    Category.DISPUTE_WON,
]


def ask_for_stray_lines(
    *, older_than: timedelta = _ON_ITS_WAY, limit: int = _MOST_QUESTIONS
) -> int:
    """Ask Stripe for what stands behind lines that are not booked; answers how many facts came.

    Those that were tried least come first, so that what nobody can book holds up no other. To be
    called outside any transaction.

    Args:
        older_than: Since when a line must have been known here.
        limit: At most so many lines.

    Raises:
        StripeUnavailableError: What was booked until then stands.
    """
    strays = (
        due_lines()
        .filter(
            category__in=_TOLD_BY_EVENTS,
            attempts__gt=0,
            known_at__lt=timezone.now() - older_than,
        )
        .exclude(payment_intent_id="")
        .order_by("attempts", "pk")[:limit]
    )
    settled = 0
    asked: set[str] = set()
    for line in strays:
        if line.payment_intent_id in asked or _is_in_books(line):
            continue
        asked.add(line.payment_intent_id)
        settled += _ask(line.payment_intent_id)
    due_lines().filter(payment_intent_id__in=asked).update(next_attempt_at=Now())
    return settled


def _is_in_books(line: BalanceLine) -> bool:
    return JournalEntry.objects.filter(source_key=line.principal_key).exists()


def _ask(payment_intent_id: str) -> int:
    settled = 0
    if not CardDonation.objects.filter(payment_intent_id=payment_intent_id).exists():
        told = read_payment(payment_intent_id)
        # A payment without our mark may be a month's, whose invoice has it.
        facts = read_month_of_payment(payment_intent_id) if told is NotAFact.NOT_OURS else [told]
        settled += book_told(facts).facts
    settled += book_told(read_refunds(payment_intent_id)).facts
    return settled + book_told(read_disputes(payment_intent_id)).facts
