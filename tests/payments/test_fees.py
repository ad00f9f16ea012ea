"""Fees: Stripe's own figure, learned late, booked once."""

from datetime import timedelta
from unittest import mock

import pytest
from django.utils import timezone

from funds.balances import account_balance
from funds.chart import FEES, account
from funds.ledger import Kind
from funds.models import JournalEntry
from funds.money import Money
from payments import fees
from payments.booking import book_facts
from payments.models import CardDonation
from payments.stripe_gateway import history
from payments.stripe_gateway.client import StripeUnavailableError
from payments.stripe_gateway.facts import ChargeSettled, Fee, PaymentReceived
from tests.factories import gbp, make_card_donation
from tests.payments.books import fees as fees_booked
from tests.payments.books import fresh, held_by_stripe
from tests.pretend_stripe.process import PretendStripe, a_session

pytestmark = pytest.mark.django_db


def settled(donation: CardDonation, line: str, *, minutes_ago: int = 0) -> None:
    now = timezone.now() - timedelta(minutes=minutes_ago)
    book_facts(
        [
            ChargeSettled(donation.reference, line, now, now),
            PaymentReceived(donation.reference, f"pi_{line}", donation.amount, now),
        ]
    )


def charged(stripe: PretendStripe, *, amount_minor: int = 2500) -> str:
    """Pay something at the stand-in; the id of Stripe's line about the charge."""
    item = a_session()["line_items"][0]
    item["price_data"]["unit_amount"] = amount_minor
    with stripe.sdk() as sdk:
        session = sdk.v1.checkout.sessions.create(a_session(line_items=[item]))
        stripe.pay(session.id)
        stripe.settle()
        charge = sdk.v1.charges.list({"limit": 1}).data[0]
    return str(charge.balance_transaction)


def test_the_fee_is_stripes_own_figure(stripe: PretendStripe) -> None:
    donation = make_card_donation(gbp(25))
    line = charged(stripe)
    settled(donation, line)
    assert held_by_stripe() == gbp(25)

    assert fees.book_due_fees() == 1
    entry = JournalEntry.objects.get(kind=Kind.CARD_FEE)
    assert entry.source_key == f"stripe:{line}:fee"
    assert fees_booked() == gbp("0.58")  # 1.5 % of £25 and 20p, as the stand-in's table says
    assert held_by_stripe() == gbp("24.42")
    assert fresh(donation).fee_entry == entry
    assert fees.book_due_fees() == 0


def test_few_are_asked_for_one_by_one_and_many_by_the_page(stripe: PretendStripe) -> None:
    for count, list_calls in ((2, 0), (7, 1)):
        for _ in range(count):
            settled(make_card_donation(), charged(stripe))
        with (
            mock.patch("payments.fees.read_fees", wraps=history.read_fees) as by_page,
            mock.patch("payments.fees.read_fee", wraps=history.read_fee) as one_by_one,
        ):
            assert fees.book_due_fees() == count
        assert by_page.call_count == list_calls
        assert one_by_one.call_count == (0 if list_calls else count)


def test_pages_are_turned_until_all_are_found(
    stripe: PretendStripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("payments.stripe_gateway.history.PAGE_SIZE", 2)
    for _ in range(5):
        settled(make_card_donation(), charged(stripe))
    assert fees.book_due_fees() == 5


def test_one_that_the_list_does_not_hold_is_asked_for(stripe: PretendStripe) -> None:
    """Stripe's line may be dated long after its charge."""
    lines = [charged(stripe) for _ in range(4)]
    for line in lines:
        settled(make_card_donation(), line, minutes_ago=600)
    assert fees.book_due_fees() == 4


def test_a_fee_of_nothing_is_known_and_has_no_entry() -> None:
    donation = make_card_donation()
    settled(donation, "txn_1")
    assert fees.book_fees([Fee("txn_1", gbp(0), timezone.now())]) == 1
    assert fresh(donation).fee_known_at is not None
    assert fresh(donation).fee_entry is None


def test_a_fee_told_twice_is_booked_once() -> None:
    settled(make_card_donation(), "txn_1")
    for _ in range(2):
        fees.book_fees([Fee("txn_1", gbp("0.58"), timezone.now())])
    assert fees_booked() == gbp("0.58")


def test_a_fee_in_another_currency_stands_in_its_own_accounts() -> None:
    settled(make_card_donation(), "txn_1")
    euros = Money("0.60", "EUR")
    fees.book_fees([Fee("txn_1", euros, timezone.now())])
    assert account_balance(account(FEES, currency="EUR")) == euros
    assert fees_booked() == gbp(0)


def test_a_fee_is_not_booked_before_its_payment(stripe: PretendStripe) -> None:
    donation = make_card_donation()
    now = timezone.now()
    book_facts([ChargeSettled(donation.reference, charged(stripe), now, now)])
    assert fees.book_due_fees() == 0
    book_facts([PaymentReceived(donation.reference, "pi_1", donation.amount, now)])
    assert fees.book_due_fees() == 1


def test_while_stripe_is_away_fees_stay_due(stripe: PretendStripe) -> None:
    settled(make_card_donation(), charged(stripe))
    stripe.turn(fail_with="500")
    with pytest.raises(StripeUnavailableError):
        fees.book_due_fees()
    stripe.turn(fail_with=None)
    assert fees.book_due_fees() == 1
