"""The rows that facts about monthly donations are about, read and locked together."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Q

from payments.errors import UnknownDonationError
from payments.models import MonthlyDonation, MonthlyInvoice
from payments.stripe_gateway.monthly_facts import (
    MonthFailed,
    MonthlyFact,
    MonthlyState,
    MonthPaid,
    MonthSettled,
)


class MonthlyRows:
    """The monthly donations and invoices of some facts, locked. Lives inside a batch's transaction.

    Locked in key order, donations before invoices: two workers who were told of the same months
    never wait for each other crosswise.
    """

    def __init__(self, facts: Iterable[MonthlyFact]) -> None:
        told = list(facts)
        self._by_reference: dict[UUID, MonthlyDonation] = {}
        self._by_subscription: dict[str, MonthlyDonation] = {}
        self._invoices: dict[str, MonthlyInvoice] = {}
        if told:
            self._lock_donations(told)
            self._lock_invoices(told)

    def named(self, reference: UUID) -> MonthlyDonation:
        """The monthly donation that we gave this reference.

        Raises:
            UnknownDonationError: There is none, e.g. after an old backup was restored.
        """
        try:
            return self._by_reference[reference]
        except KeyError:
            raise UnknownDonationError(
                f"no monthly donation has the reference {reference}: restored from an old backup, "
                "or another installation on the same Stripe account?"
            ) from None

    def told_of(self, fact: MonthlyState | MonthPaid | MonthFailed) -> MonthlyDonation | None:
        """Whose subscription it is: by our mark, or by Stripe's id; None for one of others.

        Raises:
            UnknownDonationError: It bears our mark, and we do not know it.
        """
        if fact.monthly is not None:
            return self.named(fact.monthly)
        return self._by_subscription.get(fact.subscription_id)

    def link(self, monthly: MonthlyDonation, *, subscription_id: str, customer_id: str) -> bool:
        """Note the subscription at Stripe; False when it has another one already."""
        if monthly.subscription_id is None:
            monthly.subscription_id = subscription_id
            monthly.customer_id = customer_id
            monthly.save(update_fields=["subscription_id", "customer_id"])
            self._by_subscription[subscription_id] = monthly
        return monthly.subscription_id == subscription_id

    def invoice(self, invoice_id: str) -> MonthlyInvoice | None:
        """What is known of an invoice; None for one that turned out to be of others."""
        return self._invoices.get(invoice_id)

    def forget_invoice(self, invoice_id: str) -> None:
        """It is of others: nothing of it is kept."""
        if invoice := self._invoices.pop(invoice_id, None):
            invoice.delete()

    def _lock_donations(self, facts: Iterable[MonthlyFact]) -> None:
        references = {fact.monthly for fact in facts if not isinstance(fact, MonthSettled)}
        subscription_ids = {
            fact.subscription_id
            for fact in facts
            if isinstance(fact, MonthlyState | MonthPaid | MonthFailed)
        }
        for monthly in (
            MonthlyDonation.objects.select_for_update(of=("self",))
            .select_related("appeal", "branch")
            .filter(Q(reference__in=references - {None}) | Q(subscription_id__in=subscription_ids))
            .order_by("pk")
        ):
            self._by_reference[monthly.reference] = monthly
            if monthly.subscription_id is not None:
                self._by_subscription[monthly.subscription_id] = monthly

    def _lock_invoices(self, facts: Iterable[MonthlyFact]) -> None:
        """Make the rows that are missing: the unique index lets the other worker wait for us.

        Were they only looked for, one worker might be told of whose an invoice is, the other of
        its payment, and each find half of it.
        """
        ids = sorted(
            {
                fact.invoice_id
                for fact in facts
                if isinstance(fact, MonthPaid | MonthSettled | MonthFailed)
            }
        )
        MonthlyInvoice.objects.bulk_create(
            [MonthlyInvoice(invoice_id=invoice_id) for invoice_id in ids], ignore_conflicts=True
        )
        self._invoices = {
            invoice.invoice_id: invoice
            for invoice in MonthlyInvoice.objects.select_for_update(of=("self",))
            .select_related("monthly__appeal", "monthly__branch")
            .filter(invoice_id__in=ids)
            .order_by("invoice_id")
        }
