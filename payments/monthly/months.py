"""Months: each invoice that was paid is a card donation of its own.

Whose an invoice is and by which payment it was paid are told apart, in either order. The first is
noted, the second books.
"""

from typing import Final
from uuid import UUID, uuid5

from appeals.standing import appeal_that_takes
from payments.batch import Batch
from payments.errors import AmountMismatchError, PaidTwiceError
from payments.models import CardDonation, MonthlyDonation, MonthlyInvoice, WebhookEvent
from payments.stripe_gateway.monthly_facts import MonthFailed, MonthPaid, MonthSettled

Outcome = WebhookEvent.Outcome

_INVOICES: Final = UUID("7e9f6c1a-6d0e-4b52-9c55-3f2f4d1c8a10")
"""The space of names in which an invoice's donation has its reference. Never to be changed."""


def month_reference(invoice_id: str) -> UUID:
    """The reference of the donation that an invoice is: the same however often it is told."""
    return uuid5(_INVOICES, invoice_id)


def note_paid(fact: MonthPaid, batch: Batch) -> WebhookEvent.Outcome:
    """Money came for a month: book it, if the payment is known that brought it.

    Also for a second subscription of the same donor, whose state waits for a person: the money is
    there.

    Raises:
        UnknownDonationError: The reference is not one of ours.
        AmountMismatchError: It came in another currency than the appeal's.
    """
    invoice = _invoice_of(fact, batch)
    if invoice is None:
        return Outcome.NOT_OURS
    if not invoice.is_paid:
        invoice.is_paid = True
        invoice.save(update_fields=["is_paid"])
    return _book_if_whole(invoice, batch)


def note_settled(fact: MonthSettled, batch: Batch) -> WebhookEvent.Outcome:
    """A payment paid an invoice: book it, if it is known whose month it is.

    Raises:
        PaidTwiceError: Another payment paid it already.
        AmountMismatchError: It came in another currency than the appeal's.
    """
    invoice = batch.monthly.invoice(fact.invoice_id)
    if invoice is None:
        return Outcome.NOT_OURS
    if invoice.payment_intent_id is None:
        invoice.payment_intent_id = fact.payment_intent_id
        invoice.amount = fact.amount
        invoice.paid_at = fact.paid_at
        invoice.save(update_fields=["payment_intent_id", "amount", "amount_currency", "paid_at"])
    elif invoice.payment_intent_id != fact.payment_intent_id:
        raise PaidTwiceError(
            f"{invoice} is paid by {invoice.payment_intent_id}; {fact.payment_intent_id} must be "
            "refunded or recorded by hand"
        )
    return _book_if_whole(invoice, batch)


def note_failed(fact: MonthFailed, batch: Batch) -> WebhookEvent.Outcome:
    """A month's payment did not succeed: since when, and when Stripe tries again.

    Raises:
        UnknownDonationError: The reference is not one of ours.
        AmountMismatchError: It was paid all the same, in another currency than the appeal's.
    """
    invoice = _invoice_of(fact, batch)
    if invoice is None:
        return Outcome.NOT_OURS
    if invoice.first_failed_at is None or fact.told_at < invoice.first_failed_at:
        invoice.first_failed_at = fact.told_at
    if invoice.last_failed_at is None or fact.told_at >= invoice.last_failed_at:
        invoice.last_failed_at = fact.told_at
        invoice.next_attempt_at = fact.next_attempt_at
    invoice.save(update_fields=["first_failed_at", "last_failed_at", "next_attempt_at"])
    return _book_if_whole(invoice, batch)


def _invoice_of(fact: MonthPaid | MonthFailed, batch: Batch) -> MonthlyInvoice | None:
    """The invoice, with whose it is; None, and nothing kept of it, for one of others."""
    monthly = batch.monthly.told_of(fact)
    invoice = batch.monthly.invoice(fact.invoice_id)
    if monthly is None or invoice is None:
        batch.monthly.forget_invoice(fact.invoice_id)
        return None
    batch.monthly.link(monthly, subscription_id=fact.subscription_id, customer_id=fact.customer_id)
    if invoice.monthly is None:
        invoice.monthly = monthly
        invoice.save(update_fields=["monthly"])
    return invoice


def _book_if_whole(invoice: MonthlyInvoice, batch: Batch) -> WebhookEvent.Outcome:
    """Make the month's donation, and book it, once both are known: whose it is, and its payment."""
    monthly, payment_intent_id = invoice.monthly, invoice.payment_intent_id
    if monthly is None or payment_intent_id is None:
        return Outcome.NOTED
    if CardDonation.objects.filter(invoice_id=invoice.invoice_id).exists():
        return Outcome.KNOWN
    donation = _make_donation(invoice, monthly)
    batch.adopt(donation)
    assert invoice.paid_at is not None
    key, on = f"stripe:{payment_intent_id}:received", batch.local_date(invoice.paid_at)
    batch.receive(donation, payment_intent_id, batch.received(donation, key=key, on=on))
    return Outcome.BOOKED


def _make_donation(invoice: MonthlyInvoice, monthly: MonthlyDonation) -> CardDonation:
    """A card donation to the appeal that takes money when the month was paid: fixed from now on."""
    assert invoice.paid_at is not None
    appeal = appeal_that_takes(monthly.appeal, at=invoice.paid_at)
    if invoice.amount.currency.code != appeal.currency:
        raise AmountMismatchError(
            f"{monthly}: {invoice} brought {invoice.amount}, the appeal is in {appeal.currency}"
        )
    return CardDonation.objects.create(
        reference=month_reference(invoice.invoice_id),
        appeal=appeal,
        branch=monthly.branch,
        amount=invoice.amount,
        monthly=monthly,
        invoice_id=invoice.invoice_id,
    )
