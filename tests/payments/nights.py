"""A night in a test's words: begun, ended, and what came of it since.

A test is one transaction, in which ``now()`` stands still; entries are told apart from a night's
beginning and end by their moment. So here the books keep the clock's own.
"""

import uuid
from datetime import date, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from appeals.models import Appeal, Night
from appeals.stage.nights import begin_night, end_night
from donors.models import Donor
from funds.models import Branch, User
from funds.money import Money, zero
from payments.booking import book_facts
from payments.cash import reverse_collection
from payments.models import CardDonation, CashCollection, Pledge, PledgeList, PledgePayment
from payments.pledges.window import tell_window
from payments.recording import local_today
from payments.stripe_gateway.facts import PaymentReceived, Refunded, RefundState
from tests.factories import make_card_donation
from tests.payments import test_cash
from tests.payments.refunding import make_received


def let_the_clock_go() -> None:
    """Until this test ends, each entry is posted at its own moment."""
    with connection.cursor() as cursor:
        cursor.execute(
            "ALTER TABLE funds_journalentry ALTER COLUMN posted_at SET DEFAULT clock_timestamp()"
        )


class Evening:
    """One appeal's night, from its beginning on. ``by`` does everything."""

    def __init__(self, appeal: Appeal, by: User) -> None:
        self.appeal = appeal
        self.by = by
        self.night = begin_night(appeal, by=by)

    def end(self) -> Night:
        self.night = end_night(self.appeal, by=self.by)
        return self.night

    def card(
        self, amount: Money, *, branch: Branch | None = None, is_late: bool = False
    ) -> CardDonation:
        """A donation that came. A late one was sent in the night and is booked only now."""
        if not is_late:
            return make_received(amount, appeal=self.appeal, branch=branch)
        donation = make_card_donation(amount, appeal=self.appeal, branch=branch)
        sent_at = self.night.begun_at + timedelta(microseconds=1)
        CardDonation.objects.filter(pk=donation.pk).update(created_at=sent_at)
        payment = f"pi_{donation.reference.hex[:16]}"
        book_facts([PaymentReceived(donation.reference, payment, amount, timezone.now())])
        donation.refresh_from_db()
        return donation

    def give_back(self, donation: CardDonation, amount: Money) -> None:
        now = timezone.now()
        assert donation.payment_intent_id is not None
        refund = f"re_{uuid.uuid4().hex}"
        told = (donation.payment_intent_id, amount, RefundState.GONE, now, now)
        book_facts([Refunded(refund, *told)])

    def cash(
        self, amount: Money, *, on: date | None = None, branch: Branch | None = None, **changes: Any
    ) -> CashCollection:
        """A collection that is counted; gathered today unless another day is given."""
        told = {"collected_on": on or local_today(), "amount": amount, **changes}
        if branch is not None:
            told["branch"] = branch
        return test_cash.record(test_cash.facts_of(self.appeal, **told), by=self.by)

    def take_back(self, collection: CashCollection) -> None:
        reverse_collection(collection, reason="Counted anew", reversed_by=self.by)
        collection.pledge_payments.update(
            undone_at=timezone.now(), undone_by=self.by, undo_reason="Counted anew"
        )
        for payment in collection.pledge_payments.select_related("pledge"):
            self._follow(payment.pledge)

    def pledge(self, amount: Money, **donor: Any) -> Pledge:
        record, _ = PledgeList.objects.get_or_create(
            appeal=self.appeal, round=1, side=PledgeList.Side.RECORD, typist=self.by
        )
        pledge = Pledge.objects.create(
            list=record,
            entry=uuid.uuid4(),
            place=0,
            code=uuid.uuid4().hex[:12],
            appeal=self.appeal,
            amount=amount,
            taken_by=self.by,
            due_on=local_today(),
            donor=Donor.objects.create(**donor) if donor else None,
        )
        Pledge.objects.filter(pk=pledge.pk).update(taken_at=timezone.now())
        pledge.refresh_from_db()
        tell_window(pledge)
        return pledge

    def pay_by_card(self, pledge: Pledge, amount: Money) -> CardDonation:
        donation = make_received(amount, appeal=self.appeal)
        PledgePayment.objects.create(pledge=pledge, way="card", amount=amount, donation=donation)
        self._follow(pledge)
        return donation

    def pay_in_cash(
        self, pledge: Pledge, amount: Money, *, among: Money, on: date
    ) -> CashCollection:
        """Part of what is counted: the rest is somebody else's."""
        collection = self.cash(among, on=on)
        PledgePayment.objects.create(
            pledge=pledge, way="cash", amount=amount, collection=collection, noted_by=self.by
        )
        PledgePayment.objects.filter(collection=collection).update(noted_at=timezone.now())
        self._follow(pledge)
        return collection

    def lapse(self, pledge: Pledge) -> None:
        Pledge.objects.filter(pk=pledge.pk, lapsed_at=None).update(lapsed_at=timezone.now())
        self._follow(pledge)

    def _follow(self, pledge: Pledge) -> None:
        """What its payments come to, as the desk keeps it."""
        standing = pledge.payments.filter(undone_at__isnull=True)
        came = sum((payment.amount for payment in standing), zero(self.appeal.currency))
        Pledge.objects.filter(pk=pledge.pk).update(came=came)
        pledge.refresh_from_db()
        tell_window(pledge)
