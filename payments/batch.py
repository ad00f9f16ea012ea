"""A batch of facts on its way into the books: read together, decided one by one, written together.

What ``card``, ``refunds``, ``disputes`` and ``balance`` share. Nothing is posted before ``write``.
"""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Final
from uuid import NAMESPACE_URL, UUID, uuid5

from django.db import connection
from django.db.models import Q

from appeals.accounts import appeal_account
from appeals.models import AppealAccount
from funds import chart
from funds.chart import ChartLine
from funds.ledger import Draft, Kind, credit, debit, post_entries
from funds.models import Account, JournalEntry
from funds.money import Money
from payments.errors import OutOfOrderError, UnknownDonationError
from payments.models import CardDonation, CardRefund
from payments.monthly.rows import MonthlyRows
from payments.stripe_gateway.monthly_facts import MonthlyFact
from payments.stripe_lines import Accounts

# What Stripe tells of a donation. Written whole, since the rows are locked since they were read.
_TOLD_BY_STRIPE: Final = {
    "payment_intent_id": "text",
    "processing_at": "timestamptz",
    "failed_at": "timestamptz",
    "checkout_ended_at": "timestamptz",
    "received_entry_id": "bigint",
}

# One statement for the whole batch: bulk_update costs half of a batch's processor time.
_UPDATE_DONATIONS: Final = f"""
UPDATE payments_carddonation d
   SET {", ".join(f"{column} = told.{column}" for column in _TOLD_BY_STRIPE)}
  FROM unnest(%s::bigint[], {", ".join(f"%s::{kind}[]" for kind in _TOLD_BY_STRIPE.values())})
    AS told (id, {", ".join(_TOLD_BY_STRIPE)})
 WHERE d.id = told.id
"""  # noqa: S608 - made of the names above


class Batch:
    """The donations that some facts are about, locked, and what the facts will change.

    Must live inside one transaction. Donations are locked in key order, so two workers never
    wait for each other crosswise; a lock is against the other worker that was told of the same
    donation.
    """

    def __init__(
        self,
        *,
        references: Iterable[UUID] = (),
        payment_intent_ids: Iterable[str] = (),
        monthly_facts: Iterable[MonthlyFact] = (),
    ) -> None:
        self.wakes: set[str] = set()
        """Payments of which something is booked now: what waited for it can go on."""

        self.newly_received: list[CardDonation] = []
        self.newly_refunded: list[CardRefund] = []
        """What ``write`` booked for the first time, and for good."""

        self._chart = Accounts()
        self._drafts: dict[str, Draft] = {}
        self._follow_ups: list[tuple[str, Callable[[JournalEntry], None]]] = []
        self._changed: dict[int, CardDonation] = {}
        self._new_refunds: dict[str, CardRefund] = {}
        self._refunds: dict[str, CardRefund] | None = None
        self._payment_intent_ids = set(payment_intent_ids)
        self._by_reference = {
            donation.reference: donation
            for donation in CardDonation.objects.select_for_update(of=("self",))
            .select_related("appeal", "branch", "monthly")
            .filter(
                Q(reference__in=set(references)) | Q(payment_intent_id__in=self._payment_intent_ids)
            )
            .order_by("pk")
        }
        self._by_payment = {
            donation.payment_intent_id: donation
            for donation in self._by_reference.values()
            if donation.payment_intent_id
        }
        self._card_accounts = {
            held.appeal_id: held.account
            for held in AppealAccount.objects.select_related("account").filter(
                role=AppealAccount.Role.CARD,
                appeal__in={donation.appeal_id for donation in self._by_reference.values()},
            )
        }
        self.monthly = MonthlyRows(monthly_facts)  # after the donations: locked in one order by all

    def donation(self, reference: UUID) -> CardDonation:
        """The donation that we gave this reference.

        Raises:
            UnknownDonationError: There is none, e.g. after an old backup was restored.
        """
        try:
            return self._by_reference[reference]
        except KeyError:
            raise UnknownDonationError(
                f"no card donation has the reference {reference}: restored from an old backup, "
                "or another installation on the same Stripe account?"
            ) from None

    def paid_donation(self, payment_intent_id: str) -> CardDonation:
        """The donation whose payment is booked, or in this batch about to be.

        Raises:
            OutOfOrderError: The payment is not booked.
        """
        try:
            return self._by_payment[payment_intent_id]
        except KeyError:
            raise OutOfOrderError(f"{payment_intent_id} is not booked yet") from None

    def adopt(self, donation: CardDonation) -> None:
        """Take in a donation that these very facts have made: a month of a monthly one."""
        self._by_reference[donation.reference] = donation
        if donation.appeal_id not in self._card_accounts:
            self._card_accounts[donation.appeal_id] = appeal_account(
                donation.appeal, AppealAccount.Role.CARD
            )

    def refunds_of(self, donation: CardDonation) -> dict[str, CardRefund]:
        """The known refunds of a donation, those of this batch too, by Stripe's id."""
        if self._refunds is None:
            self._refunds = {
                refund.stripe_id: refund
                for refund in CardRefund.objects.select_related("entry").filter(
                    donation__in=self._by_reference_pks()
                )
            }
        known = self._refunds | self._new_refunds
        return {key: one for key, one in known.items() if one.donation_id == donation.pk}

    def receive(self, donation: CardDonation, payment_intent_id: str, draft: Draft) -> None:
        """Book the donation, which is paid by this payment: its refunds find it from now on."""
        donation.payment_intent_id = payment_intent_id
        self._by_payment[payment_intent_id] = donation
        self.wakes.add(payment_intent_id)

        def link(entry: JournalEntry) -> None:
            donation.received_entry = entry

        self.post(draft, link)
        self.change(donation)

    def receive_again(self, donation: CardDonation, payment_intent_id: str) -> CardDonation:
        """The donation that another payment of a paid one is; made when it is not known yet.

        Two workers that are told of the payment meet at the lock on the paid donation, so the
        second one finds what the first has made.
        """
        known = self._by_payment.get(payment_intent_id)
        if known is None:
            known, _ = CardDonation.objects.get_or_create(
                payment_intent_id=payment_intent_id,
                defaults={
                    "reference": uuid5(NAMESPACE_URL, f"stripe:{payment_intent_id}"),
                    "appeal": donation.appeal,
                    "branch": donation.branch,
                    "amount": donation.amount,
                    "content_digest": donation.content_digest,
                    "again_of": donation,
                },
            )
            self._by_reference[known.reference] = self._by_payment[payment_intent_id] = known
        return known

    def add_refund(self, refund: CardRefund, draft: Draft) -> None:
        """Book a refund that was not known."""
        self._new_refunds[refund.stripe_id] = refund
        if refund.donation.payment_intent_id:
            self.wakes.add(refund.donation.payment_intent_id)

        def link(entry: JournalEntry) -> None:
            refund.entry = entry

        self.post(draft, link)

    def post(self, draft: Draft, then: Callable[[JournalEntry], None]) -> None:
        """Book an entry with the others; ``then`` is told the entry, new or known."""
        self._drafts.setdefault(draft.source_key, draft)
        self._follow_ups.append((draft.source_key, then))

    def has_drafted(self, source_key: str) -> bool:
        """Whether this very batch is about to book the fact."""
        return source_key in self._drafts

    def change(self, donation: CardDonation) -> None:
        """Save what Stripe told of the donation with the others."""
        self._changed[donation.pk] = donation

    def clearing(self, currency: str) -> Account:
        """What Stripe holds for us."""
        return self.chart_account(chart.STRIPE_CLEARING, currency)

    def chart_account(self, line: ChartLine, currency: str) -> Account:
        """An account of the chart, looked up once a batch."""
        return self._chart.chart_account(line, currency)

    def received(self, donation: CardDonation, *, key: str, on: date) -> Draft:
        """Dr clearing, Cr the appeal's card account: a donation that came."""
        account, amount = self._card_accounts[donation.appeal_id], donation.amount
        return Draft(
            key,
            Kind.CARD_RECEIVED,
            on,
            f"Card donation to {donation.appeal.title}",
            [
                debit(self.clearing(account.currency), amount),
                credit(account, amount, branch=donation.branch),
            ],
        )

    def refunded(self, donation: CardDonation, amount: Money, *, key: str, on: date) -> Draft:
        """Dr the appeal's card account, Cr clearing: money that went back to the donor."""
        return self._taken_off(donation, amount, Kind.CARD_REFUND, "Card refund", key=key, on=on)

    def disputed(self, donation: CardDonation, amount: Money, *, key: str, on: date) -> Draft:
        """As ``refunded``: money that the donor's bank took back."""
        return self._taken_off(donation, amount, Kind.CARD_DISPUTED, "Card dispute", key=key, on=on)

    def _taken_off(
        self,
        donation: CardDonation,
        amount: Money,
        kind: JournalEntry.Kind,
        word: str,
        *,
        key: str,
        on: date,
    ) -> Draft:
        account = self._card_accounts[donation.appeal_id]
        return Draft(
            key,
            kind,
            on,
            f"{word}, {donation.appeal.title}",
            [
                debit(account, amount, branch=donation.branch),
                credit(self.clearing(account.currency), amount),
            ],
        )

    def local_date(self, moment: datetime) -> date:
        """The organisation's local date: how the books are dated."""
        return self._chart.local_date(moment)

    def write(self) -> None:
        """Post the entries and save the rows that lead to them."""
        drafts = list(self._drafts.values())
        posted = dict(zip(self._drafts, post_entries(drafts) if drafts else (), strict=True))
        for key, then in self._follow_ups:
            then(posted[key].entry)
        if self._changed:
            self._save_donations()
        if self._new_refunds:
            CardRefund.objects.bulk_create(self._new_refunds.values())
        new = {one.entry.pk for one in posted.values() if one.is_new}
        self.newly_received = [
            one for one in self._changed.values() if one.received_entry_id in new
        ]
        self.newly_refunded = [one for one in self._new_refunds.values() if one.entry_id in new]

    def _save_donations(self) -> None:
        rows = [
            (donation.pk, *(getattr(donation, column) for column in _TOLD_BY_STRIPE))
            for donation in self._changed.values()
        ]
        with connection.cursor() as cursor:
            cursor.execute(_UPDATE_DONATIONS, [list(column) for column in zip(*rows, strict=True)])

    @property
    def donation_ids(self) -> list[int]:
        """Of every donation that the batch is about."""
        return self._by_reference_pks()

    def _by_reference_pks(self) -> list[int]:
        return [donation.pk for donation in self._by_reference.values()]
