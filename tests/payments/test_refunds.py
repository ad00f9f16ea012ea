"""Refunds lower what was raised, by exactly what they are, in any order of their events."""

from datetime import date

import pytest
from django.test import Client

from funds.ledger import Kind
from funds.models import JournalEntry
from payments import inbox
from payments.models import CardDonation, CardRefund, WebhookEvent
from tests.factories import gbp, make_branch, make_card_donation
from tests.payments.books import fresh, held_by_stripe, raised_by_card
from tests.stripe_events import (
    NOON,
    Event,
    charge_event,
    checkout_event,
    deliver,
    intent_event,
    payment_of,
    refund_event,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def donation() -> CardDonation:
    return make_card_donation(gbp(25), branch=make_branch("Leeds"))


def tell(client: Client, *events: Event) -> None:
    for event in events:
        assert deliver(client, event) == 200
    inbox.act_on_everything_due()


def waiting() -> list[str]:
    return list(
        WebhookEvent.objects.filter(processed_at__isnull=True).values_list("last_error", flat=True)
    )


def test_a_full_refund_takes_the_whole_donation_off(client: Client, donation: CardDonation) -> None:
    tell(client, checkout_event(donation))
    tell(client, refund_event(donation, created=NOON + 86_400))

    entry = JournalEntry.objects.get(kind=Kind.CARD_REFUND)
    assert entry.source_key == "stripe:re_1:refunded"
    assert entry.occurred_on == date(2026, 11, 24)
    assert raised_by_card(donation.appeal) == held_by_stripe() == gbp(0)
    assert entry.postings.get(side="debit").branch == donation.branch
    assert CardRefund.objects.get().donation == donation


def test_a_partial_refund_takes_its_part_off(client: Client, donation: CardDonation) -> None:
    """GiveWP booked full refunds only."""
    tell(client, checkout_event(donation))
    tell(client, refund_event(donation, amount=1000))
    assert raised_by_card(donation.appeal) == gbp(15)


def test_several_refunds_add_up(client: Client, donation: CardDonation) -> None:
    tell(client, checkout_event(donation))
    for number, amount in enumerate((1, 999, 500)):
        tell(client, refund_event(donation, amount=amount, refund=f"re_{number}"))
    assert raised_by_card(donation.appeal) == gbp(10)


def test_a_refund_told_three_times_over_is_booked_once(
    client: Client, donation: CardDonation
) -> None:
    """Gumroad recorded it two or three times when the webhook beat the commit."""
    tell(client, checkout_event(donation))
    tell(
        client,
        refund_event(donation, amount=1000),
        refund_event(donation, "refund.updated", amount=1000),
        charge_event(donation, "charge.refunded", amount_refunded=1000),
    )
    tell(client, refund_event(donation, amount=1000))
    assert raised_by_card(donation.appeal) == gbp(15)
    assert not waiting()


def test_a_refund_that_comes_before_its_payment_waits_and_is_woken_by_it(
    client: Client, donation: CardDonation
) -> None:
    tell(client, refund_event(donation, amount=1000))
    assert waiting() == [f"OutOfOrderError: {payment_of(donation)} is not booked yet"]
    assert not JournalEntry.objects.exists()

    tell(client, intent_event(donation))
    assert raised_by_card(donation.appeal) == gbp(15)
    assert not waiting()


def test_a_refund_and_its_payment_in_one_batch(client: Client, donation: CardDonation) -> None:
    tell(client, refund_event(donation, amount=1000), checkout_event(donation))
    assert raised_by_card(donation.appeal) == gbp(15)
    assert not waiting()


@pytest.mark.parametrize("kind", ["refund.failed", "refund.updated"])
def test_a_refund_that_fails_comes_back(client: Client, donation: CardDonation, kind: str) -> None:
    tell(client, checkout_event(donation), refund_event(donation, status="pending"))
    assert raised_by_card(donation.appeal) == gbp(0)
    tell(client, refund_event(donation, kind, status="failed", told=NOON + 5 * 86_400))

    assert raised_by_card(donation.appeal) == held_by_stripe() == gbp(25)
    reversal = JournalEntry.objects.get(kind=Kind.REVERSAL)
    assert reversal.source_key == "stripe:re_1:failed"
    assert reversal.occurred_on == date(2026, 11, 28)


def test_a_failed_refund_comes_back_in_any_order_of_its_events(
    client: Client, donation: CardDonation
) -> None:
    """podkrepi let a late event overwrite a newer state."""
    failed = refund_event(donation, "refund.failed", status="failed", told=NOON + 9)
    tell(client, checkout_event(donation), failed)
    tell(client, refund_event(donation, status="pending"))
    tell(client, refund_event(donation, "refund.updated", status="succeeded"))
    tell(client, refund_event(donation, "refund.updated", status="failed", told=NOON + 9))
    assert raised_by_card(donation.appeal) == gbp(25)
    assert JournalEntry.objects.count() == 3
    assert not waiting()


def test_a_failed_refund_that_comes_before_its_payment(
    client: Client, donation: CardDonation
) -> None:
    tell(client, refund_event(donation, "refund.failed", status="failed", told=NOON + 9))
    tell(client, checkout_event(donation))
    assert raised_by_card(donation.appeal) == gbp(25)
    assert JournalEntry.objects.count() == 3


def test_a_refund_that_waits_for_the_donor_has_moved_nothing(
    client: Client, donation: CardDonation
) -> None:
    tell(client, checkout_event(donation))
    tell(client, refund_event(donation, status="requires_action", balance_transaction=None))
    tell(
        client,
        refund_event(donation, "refund.updated", status="canceled", balance_transaction=None),
    )
    assert raised_by_card(donation.appeal) == gbp(25)
    assert JournalEntry.objects.count() == 1


@pytest.mark.parametrize("late_first", [True, False])
def test_a_late_word_that_a_refund_had_not_gone_yet_does_not_undo_it(
    client: Client,
    donation: CardDonation,
    late_first: bool,  # noqa: FBT001 - a case
) -> None:
    waits = refund_event(donation, status="requires_action", balance_transaction=None)
    gone = refund_event(donation, "refund.updated", told=NOON + 9)
    tell(client, checkout_event(donation))
    for event in (waits, gone) if late_first else (gone, waits):
        tell(client, event)
    assert raised_by_card(donation.appeal) == gbp(0)
    assert JournalEntry.objects.count() == 2


@pytest.mark.parametrize("ends_as", ["failed", "canceled"])
@pytest.mark.parametrize("end_first", [True, False])
def test_a_refund_that_waits_for_money_and_never_goes_moves_nothing(
    client: Client,
    donation: CardDonation,
    ends_as: str,
    end_first: bool,  # noqa: FBT001 - a case
) -> None:
    """Stripe has nothing to pay it with yet: there is no line of its balance."""
    waits = refund_event(donation, status="pending", balance_transaction=None)
    kind = "refund.failed" if ends_as == "failed" else "refund.updated"
    ended = refund_event(donation, kind, status=ends_as, balance_transaction=None, told=NOON + 9)
    tell(client, checkout_event(donation))
    for event in (ended, waits) if end_first else (waits, ended):
        tell(client, event)
    assert raised_by_card(donation.appeal) == gbp(25)
    assert JournalEntry.objects.count() == 1
    assert not waiting()


def test_a_refund_that_waits_for_money_goes_when_it_is_there(
    client: Client, donation: CardDonation
) -> None:
    waits = refund_event(donation, status="pending", balance_transaction=None)
    tell(client, checkout_event(donation), waits)
    assert raised_by_card(donation.appeal) == gbp(25)
    tell(client, refund_event(donation, "refund.updated", told=NOON + 9))
    assert raised_by_card(donation.appeal) == gbp(0)


def test_a_cancelled_refund_comes_back_when_it_had_gone(
    client: Client, donation: CardDonation
) -> None:
    tell(client, checkout_event(donation), refund_event(donation, status="pending"))
    tell(client, refund_event(donation, "refund.updated", status="canceled", told=NOON + 9))
    assert raised_by_card(donation.appeal) == gbp(25)


def test_a_refund_of_unknown_status_waits_for_a_person(
    client: Client, donation: CardDonation
) -> None:
    tell(client, checkout_event(donation), refund_event(donation, status="levitating"))
    assert waiting() == ["ValueError: a refund of unknown status 'levitating'"]


def test_a_refund_in_another_currency_is_not_booked(client: Client, donation: CardDonation) -> None:
    tell(client, checkout_event(donation), refund_event(donation, currency="eur"))
    assert raised_by_card(donation.appeal) == gbp(25)
    assert waiting()[0].startswith("AmountMismatchError")


def test_a_refunded_charge_waits_until_its_refunds_are_known(
    client: Client, donation: CardDonation
) -> None:
    charge = charge_event(donation, "charge.refunded", amount_refunded=1000)
    tell(client, checkout_event(donation), charge)
    assert waiting()[0].startswith("OutOfOrderError")
    assert raised_by_card(donation.appeal) == gbp(25)
    assert fresh(donation).refunds.count() == 0

    tell(client, refund_event(donation, amount=1000))
    assert raised_by_card(donation.appeal) == gbp(15)
    assert not waiting()
