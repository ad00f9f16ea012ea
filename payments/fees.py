"""Stripe's fees: taken from Stripe's own lines, never computed."""

from datetime import timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from funds import chart
from funds.ledger import Draft, Kind, credit, debit, post_entries
from funds.organisation import local_date, read_organisation
from payments.batch import Batch
from payments.models import CardDonation, WebhookEvent
from payments.stripe_gateway.facts import ChargeSettled, Fee
from payments.stripe_gateway.history import read_fee, read_fees

Outcome = WebhookEvent.Outcome

_MOST_AT_ONCE: Final = 500
_FEW: Final = 3
_MARGIN: Final = timedelta(minutes=5)  # Stripe's line is dated a moment after its charge


def note_settled(fact: ChargeSettled, batch: Batch) -> WebhookEvent.Outcome:
    """Remember where a donation's fee is to be found; ``book_due_fees`` asks for it.

    Raises:
        UnknownDonationError: The reference is not one of ours.
    """
    donation = batch.donation(fact.reference)
    if donation.balance_transaction_id == fact.balance_transaction_id:
        return Outcome.KNOWN
    donation.balance_transaction_id = fact.balance_transaction_id
    donation.charged_at = fact.charged_at
    batch.change(donation)
    return Outcome.NOTED


def book_due_fees() -> int:
    """Ask Stripe for the fees that are due and book them; answers how many were.

    One question each for a few, pages of a hundred for many. To be called outside any
    transaction.

    Raises:
        StripeUnavailableError: Those that were not learned stay due.
    """
    due = list(
        CardDonation.objects.filter(
            fee_known_at__isnull=True, received_entry__isnull=False, charged_at__isnull=False
        )
        .exclude(balance_transaction_id="")
        .order_by("charged_at")
        .values_list("balance_transaction_id", "charged_at")[:_MOST_AT_ONCE]
    )
    wanted = [balance_transaction_id for balance_transaction_id, _ in due]
    booked = 0
    if len(wanted) > _FEW:
        moments = [charged_at for _, charged_at in due if charged_at is not None]
        fees = read_fees(wanted, since=moments[0] - _MARGIN, until=moments[-1] + _MARGIN)
        booked = book_fees(fees)
        found = {fee.balance_transaction_id for fee in fees}
        wanted = [one for one in wanted if one not in found]
    for balance_transaction_id in wanted:
        booked += book_fees([read_fee(balance_transaction_id)])
    return booked


@transaction.atomic
def book_fees(fees: list[Fee]) -> int:
    """Book fees, Dr fees, Cr clearing, in the currency that Stripe took them; each once.

    Answers how many were new. A fee of nothing is known from then on and has no entry.
    """
    by_line = {fee.balance_transaction_id: fee for fee in fees}
    donations = list(
        CardDonation.objects.select_for_update(of=("self",))
        .select_related("appeal")
        .filter(balance_transaction_id__in=by_line, fee_known_at__isnull=True)
        .order_by("pk")
    )
    organisation = read_organisation()
    drafts: dict[int, Draft] = {}
    for donation in donations:
        fee = by_line[donation.balance_transaction_id]
        if fee.amount:
            currency = fee.amount.currency.code
            drafts[donation.pk] = Draft(
                f"stripe:{fee.balance_transaction_id}:fee",
                Kind.CARD_FEE,
                local_date(fee.charged_at, organisation),
                f"Card fee, {donation.appeal.title}",
                [
                    debit(chart.account(chart.FEES, currency=currency), fee.amount),
                    credit(chart.account(chart.STRIPE_CLEARING, currency=currency), fee.amount),
                ],
            )
    entries = dict(zip(drafts, post_entries(list(drafts.values())) if drafts else (), strict=True))
    known_at = timezone.now()
    for donation in donations:
        donation.fee_known_at = known_at
        if donation.pk in entries:
            donation.fee_entry = entries[donation.pk].entry
    CardDonation.objects.bulk_update(donations, ["fee_known_at", "fee_entry"])
    return len(donations)
