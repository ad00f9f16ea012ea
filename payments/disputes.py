"""Disputes of card donations: what a bank takes lowers what was raised at once, a win restores it.

The money is booked by the lines of Stripe's balance that the dispute carries, each once; how the
dispute stands never decides about money. An inquiry carries no line and moves nothing. A dispute
and refunds together may take more than was given: the books follow Stripe.
"""

from datetime import datetime
from typing import Final, NamedTuple

from funds import chart
from funds.ledger import Draft, post_entries, reverse_entry
from funds.models import JournalEntry
from funds.money import Money, zero
from payments.batch import Batch
from payments.errors import AmountMismatchError
from payments.models import CardDispute, CardDisputeMovement, WebhookEvent
from payments.stripe_gateway.facts import Disputed, DisputeLine
from payments.stripe_lines import fee_draft

Outcome = WebhookEvent.Outcome
Status = CardDispute.Status
Way = CardDisputeMovement.Way

# A dispute goes from one stage to a later one, and never back.
# Source: docs.stripe.com/disputes/how-disputes-work and docs.stripe.com/disputes/inquiries.
_STAGES: Final = (
    (Status.WARNING_NEEDS_RESPONSE, Status.WARNING_UNDER_REVIEW),
    (Status.WARNING_CLOSED,),
    (Status.NEEDS_RESPONSE, Status.UNDER_REVIEW),
    (Status.PREVENTED, Status.LOST, Status.WON),
)
_STAGE_OF: Final = {
    status.value: stage for stage, statuses in enumerate(_STAGES) for status in statuses
}
_STEP_OF: Final = {
    status.value: step for statuses in _STAGES for step, status in enumerate(statuses)
}


class _Newness(NamedTuple):
    """Which of two tellings of a dispute is the newer: compared in this order."""

    movements: int
    stage: int
    told_at: datetime
    step: int


class _Movement(NamedTuple):
    """A line that moves money, and what it does to the books.

    ``amount`` is positive. ``undoes`` is the source key of what a return reverses, "" for a
    withdrawal; ``kept`` is what of that does not come back.
    """

    line: DisputeLine
    amount: Money
    undoes: str
    kept: Money

    @property
    def key(self) -> str:
        fact = "reinstated" if self.undoes else "disputed"
        return f"stripe:{self.line.balance_transaction_id}:{fact}"

    @property
    def kept_key(self) -> str:
        return f"stripe:{self.line.balance_transaction_id}:kept"


def expect_payment(fact: Disputed, batch: Batch) -> WebhookEvent.Outcome:
    """Whether the dispute can be booked now; ``book_dispute`` does so after the batch.

    Raises:
        OutOfOrderError: The payment is not booked yet.
        AmountMismatchError: Its lines are of another currency than the donation, or bring back
            what was not taken.
    """
    donation = batch.paid_donation(fact.payment_intent_id)
    for line in fact.lines:
        if line.amount.currency != donation.amount.currency:
            raise AmountMismatchError(
                f"{donation}: gave {donation.amount}, and {fact.dispute_id} moved {line.amount}"
            )
    _movements(fact)
    return Outcome.KNOWN


def book_dispute(fact: Disputed, batch: Batch) -> WebhookEvent.Outcome:
    """Keep how the dispute stands, and book what it has moved; told again, nothing changes.

    To be called when ``expect_payment`` had no objection and the batch was written, so that the
    payment itself stands. Disputes are few: they are written one by one.
    """
    movements = _movements(fact)
    dispute = CardDispute.objects.filter(stripe_id=fact.dispute_id).first()
    known: set[str] = set()
    if dispute is not None:
        known.update(dispute.movements.values_list("stripe_id", flat=True))
    is_news = dispute is None or _newness(fact, len(movements)) > _newness(dispute, len(known))
    if dispute is None:
        donation = batch.paid_donation(fact.payment_intent_id)
        dispute = CardDispute(stripe_id=fact.dispute_id, donation=donation)
    if is_news:
        _tell(dispute, fact)
    if _date_the_end(dispute, fact) or is_news:
        dispute.save()
    new = [one for one in movements if one.line.balance_transaction_id not in known]
    for movement in new:
        _book_movement(movement, dispute, batch)
    are_fees_new = _book_fees(fact, batch)
    if new or are_fees_new:
        return Outcome.BOOKED
    return Outcome.NOTED if is_news else Outcome.KNOWN


def movement_keys(fact: Disputed) -> list[str]:
    """The source keys under which the books must hold what a dispute has moved.

    Raises:
        AmountMismatchError: As ``expect_payment``.
    """
    return [movement.key for movement in _movements(fact)]


def _movements(fact: Disputed) -> list[_Movement]:
    """What the lines do, in their order. A return undoes what stands withdrawn just then.

    Raises:
        AmountMismatchError: A line brings back more than was taken, or it is not to be told what.
    """
    movements: list[_Movement] = []
    standing: list[tuple[str, Money]] = []
    for line in fact.lines:
        nothing = zero(line.amount.currency.code)
        if line.amount < nothing:
            taken = _Movement(line, -line.amount, "", nothing)
            standing.append((taken.key, taken.amount))
            movements.append(taken)
        elif line.amount > nothing:
            if len(standing) != 1 or line.amount > standing[0][1]:
                taken_so_far = ", ".join(str(amount) for _, amount in standing) or "nothing"
                raise AmountMismatchError(
                    f"{fact.dispute_id}: {line.balance_transaction_id} brings back {line.amount}, "
                    f"and {taken_so_far} was taken"
                )
            ((undoes, withdrawn),) = standing
            back = _Movement(line, line.amount, undoes, withdrawn - line.amount)
            standing = [(back.kept_key, back.kept)] if back.kept else []
            movements.append(back)
    return movements


def _newness(telling: Disputed | CardDispute, movements: int) -> _Newness:
    status = str(telling.status)
    return _Newness(movements, _STAGE_OF[status], telling.told_at, _STEP_OF[status])


def _tell(dispute: CardDispute, fact: Disputed) -> None:
    dispute.amount = fact.amount
    dispute.reason = fact.reason
    dispute.status = fact.status.value
    dispute.evidence_due_by = fact.due_by
    dispute.opened_at = fact.opened_at
    dispute.told_at = fact.told_at


def _date_the_end(dispute: CardDispute, fact: Disputed) -> bool:
    """Keep when its end was first told, whatever came first to us; True when that changes."""
    closed_at = None
    if not dispute.is_open:
        told = [] if fact.status.value in CardDispute.OPEN else [fact.told_at]
        closed_at = min(told + ([dispute.closed_at] if dispute.closed_at else []))
    changes = dispute.closed_at != closed_at
    dispute.closed_at = closed_at
    return changes


def _book_movement(movement: _Movement, dispute: CardDispute, batch: Batch) -> None:
    """Dr the appeal's card account, Cr clearing; or the reversal of that.

    A reversal adds no second donation to the appeal's count. When only a part came back, the
    whole is reversed and the rest is posted anew.
    """
    on = batch.local_date(movement.line.made_at)
    donation, kept = dispute.donation, None
    if movement.undoes:
        entry, _ = reverse_entry(
            JournalEntry.objects.get(source_key=movement.undoes),
            reason="the bank gave disputed money back",
            occurred_on=on,
            source_key=movement.key,
        )
        if movement.kept:
            kept = _post(batch.disputed(donation, movement.kept, key=movement.kept_key, on=on))
    else:
        entry = _post(batch.disputed(donation, movement.amount, key=movement.key, on=on))
    CardDisputeMovement.objects.create(
        stripe_id=movement.line.balance_transaction_id,
        dispute=dispute,
        way=Way.RETURNED if movement.undoes else Way.WITHDRAWN,
        amount=movement.amount,
        entry=entry,
        kept_entry=kept,
    )


def _post(draft: Draft) -> JournalEntry:
    (posted,) = post_entries([draft])
    return posted.entry


def _book_fees(fact: Disputed, batch: Batch) -> bool:
    """Book what Stripe kept of each line; True when any was not booked yet."""
    drafts = [
        fee_draft(
            line.balance_transaction_id,
            line.fee,
            on=batch.local_date(line.made_at),
            fees=batch.chart_account(chart.FEES, line.fee.currency.code),
            clearing=batch.clearing(line.fee.currency.code),
        )
        for line in fact.lines
        if line.fee
    ]
    return any(posted.is_new for posted in post_entries(drafts)) if drafts else False
