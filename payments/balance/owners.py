"""Whose payments are, where only Stripe can say: asked one by one, outside any transaction."""

from typing import Final

from django.db.models.functions import Now

from payments.balance.booking import due_lines
from payments.balance.deciding import Category, Whose, decide
from payments.balance.kinds import Meaning, meaning_of
from payments.models import BalanceLine
from payments.stripe_gateway.client import StripeUnavailableError
from payments.stripe_gateway.facts import NotAFact
from payments.stripe_gateway.history import read_payment
from payments.stripe_gateway.invoices import read_invoice_of_payment

_MOST_QUESTIONS: Final = 50


def ask_for_owners(*, limit: int = _MOST_QUESTIONS) -> int:
    """Ask Stripe about payments of which we do not know whose they are; answers of how many we do.

    All that waits for one of them is decided by its answer. Only what was tried before is asked
    for: most of it is settled by lines that were read a moment later.

    A key that may not read invoices keeps us from knowing: the lines say so, and all else goes on.

    Raises:
        StripeUnavailableError: Stripe does not answer at all. The rest stays undecided.
    """
    undecided = due_lines().filter(category=Category.UNDECIDED, attempts__gt=0)
    payments = list(
        undecided.exclude(payment_intent_id="")
        .order_by("payment_intent_id")
        .values_list("payment_intent_id", flat=True)
        .distinct()[:limit]
    )
    known = 0
    for payment in payments:
        lines = list(undecided.filter(payment_intent_id=payment))
        try:
            whose = _ask(payment, is_unmarked=any(_is_charge(line) for line in lines))
        except StripeUnavailableError as error:
            if not error.was_answered:
                raise
            undecided.filter(payment_intent_id=payment).update(
                last_error=f"Stripe does not tell which invoice was paid ({error}): may the key "
                "read payments and invoices?"
            )
            continue
        known += 1
        for line in lines:
            line.category, line.principal_key, line.last_error = decide(line, whose)
            BalanceLine.objects.filter(pk=line.pk, booked_at=None).update(
                category=line.category,
                principal_key=line.principal_key,
                last_error=line.last_error,
                next_attempt_at=Now(),
            )
    return known


def _ask(payment_intent_id: str, *, is_unmarked: bool) -> Whose:
    """``is_unmarked``: its charge was seen, and bears no mark of ours."""
    if not is_unmarked and read_payment(payment_intent_id) is not NotAFact.NOT_OURS:
        return Whose.OURS
    invoice = read_invoice_of_payment(payment_intent_id)
    return Whose.OURS if invoice is not None and invoice.is_ours else Whose.THEIRS


def _is_charge(line: BalanceLine) -> bool:
    return meaning_of(line.type, line.reporting_category) is Meaning.CHARGE
