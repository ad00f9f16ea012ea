"""Payouts: what Stripe tells of them, in any order, and what that does to the bank's account.

That a payout left Stripe, or came back, is a line of Stripe's and booked as such (``booking``):
Dr payouts in transit, Cr clearing. That it is at the bank, only Stripe's word on the payout says:
Dr bank, Cr payouts in transit, dated by the day of arrival.
"""

from collections.abc import Sequence
from typing import Final

from django.db import transaction

from funds import chart
from funds.chart import ChartLine
from funds.ledger import Draft, Kind, Line, credit, debit, post_entries
from funds.money import to_minor
from payments.batch import Batch
from payments.models import Payout, WebhookEvent
from payments.stripe_gateway.facts import PayoutTold
from payments.stripe_lines import Accounts, ChartReader

Outcome = WebhookEvent.Outcome
Status = Payout.Status

# Stripe's own order: what fails may have been called paid before, and never the other way round.
_PROGRESS: Final = (
    Status.PENDING,
    Status.IN_TRANSIT,
    Status.PAID,
    Status.CANCELED,
    Status.FAILED,
)
_ENDED_BADLY: Final = frozenset({Status.CANCELED, Status.FAILED})


def note_payout(fact: PayoutTold, batch: Batch) -> WebhookEvent.Outcome:
    """Keep what an event tells of a payout; what is older than what we know changes nothing.

    Paid: Dr bank, Cr payouts in transit. Failed after Stripe had called it paid: the opposite.
    """
    drafts = _keep([fact], batch)
    for draft in drafts:
        batch.post(draft, lambda _entry: None)
    return Outcome.BOOKED if drafts else Outcome.NOTED


@transaction.atomic
def note_payouts(facts: Sequence[PayoutTold]) -> None:
    """Keep what Stripe answers about payouts, and book it, as ``note_payout`` does for events."""
    if facts and (drafts := _keep(facts, Accounts())):
        post_entries(drafts)


def _keep(facts: Sequence[PayoutTold], accounts: ChartReader) -> list[Draft]:
    """Bring the rows up to what is told; answers with the entries that this very news calls for.

    Rows are locked in key order, against another worker that was told of the same payouts.
    """
    by_id = {fact.payout_id: fact for fact in sorted(facts, key=lambda fact: fact.told_at)}
    Payout.objects.bulk_create(
        (_new_row(fact) for _, fact in sorted(by_id.items())), ignore_conflicts=True
    )
    payouts = {
        payout.stripe_id: payout
        for payout in Payout.objects.select_for_update()
        .filter(stripe_id__in=by_id)
        .order_by("stripe_id")
    }
    drafts = [draft for fact in facts for draft in _tell(payouts[fact.payout_id], fact, accounts)]
    for payout in payouts.values():
        payout.save()
    return drafts


def _new_row(fact: PayoutTold) -> Payout:
    return Payout(
        stripe_id=fact.payout_id,
        amount_minor=to_minor(fact.amount),
        currency=fact.amount.currency.code,
        status=Status.PENDING,
        automatic=fact.is_automatic,
        created_at=fact.created_at,
        arrival_on=fact.arrival_on,
        told_at=fact.told_at,
    )


def _tell(payout: Payout, fact: PayoutTold, accounts: ChartReader) -> list[Draft]:
    """Bring a row up to what is told, and answer with the entries that this calls for."""
    status = Status(fact.state.value)
    if _PROGRESS.index(status) > _PROGRESS.index(Status(payout.status)):
        payout.status = status
    if fact.told_at >= payout.told_at:
        payout.told_at, payout.arrival_on = fact.told_at, fact.arrival_on
    payout.has_contents = payout.has_contents or fact.has_contents
    was_returned = payout.paid_at is not None and payout.failed_at is not None
    drafts = []
    if status is Status.PAID and payout.paid_at is None:
        payout.paid_at = fact.told_at
        drafts.append(_paid(payout, accounts))
    if status in _ENDED_BADLY and payout.failed_at is None:
        payout.failed_at = fact.told_at
    if payout.paid_at is not None and payout.failed_at is not None and not was_returned:
        drafts.append(_returned(payout, accounts))
    return drafts


def _paid(payout: Payout, accounts: ChartReader) -> Draft:
    """Dr bank, Cr payouts in transit; a debt that Stripe took from the bank the other way."""
    return Draft(
        f"stripe:{payout.stripe_id}:paid",
        Kind.PAYOUT_PAID,
        payout.arrival_on,
        "Payout from Stripe, at the bank",
        _lines(payout, chart.BANK, chart.PAYOUTS_IN_TRANSIT, accounts),
    )


def _returned(payout: Payout, accounts: ChartReader) -> Draft:
    """Stripe called it paid, and then failed: the bank never had it, or sent it back."""
    assert payout.failed_at is not None
    return Draft(
        f"stripe:{payout.stripe_id}:returned",
        Kind.PAYOUT_RETURNED,
        accounts.local_date(payout.failed_at),
        "Payout from Stripe, sent back by the bank",
        _lines(payout, chart.PAYOUTS_IN_TRANSIT, chart.BANK, accounts),
    )


def _lines(payout: Payout, to: ChartLine, by: ChartLine, accounts: ChartReader) -> list[Line]:
    if payout.amount_minor < 0:
        to, by = by, to
    amount = abs(payout.amount)
    return [
        debit(accounts.chart_account(to, payout.currency), amount),
        credit(accounts.chart_account(by, payout.currency), amount),
    ]
