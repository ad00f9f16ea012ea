"""A donation that was paid twice by mistake: both payments came, both are booked, a person sees."""

import threading
from uuid import NAMESPACE_URL, uuid5

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from appeals.progress import read_reading
from payments import inbox
from payments.models import CardDonation, CardRefund, WebhookEvent
from tests.factories import gbp, make_branch, make_card_donation
from tests.payments.books import fresh, held_by_stripe, raised_by_card
from tests.stripe_events import (
    NOON,
    Event,
    checkout_event,
    deliver,
    dispute_event,
    dispute_line,
    intent_event,
    payment_of,
    refund_event,
)

pytestmark = pytest.mark.django_db
Outcome = WebhookEvent.Outcome
SECOND = "pi_second"


@pytest.fixture
def donation() -> CardDonation:
    return make_card_donation(gbp(25), branch=make_branch("Leeds"))


def tell(client: Client, *events: Event) -> None:
    for event in events:
        assert deliver(client, event) == 200
    inbox.act_on_everything_due()


def outcomes() -> list[str]:
    return list(WebhookEvent.objects.order_by("pk").values_list("outcome", flat=True))


def second(donation: CardDonation) -> Event:
    return checkout_event(donation, payment=SECOND, created=NOON + 60)


def the_second() -> CardDonation:
    return CardDonation.objects.get(payment_intent_id=SECOND)


def test_both_payments_are_booked_and_raised(client: Client, donation: CardDonation) -> None:
    tell(client, checkout_event(donation))
    tell(client, second(donation))

    again = the_second()
    assert again.again_of == donation
    assert again.reference == uuid5(NAMESPACE_URL, f"stripe:{SECOND}")
    assert (again.appeal, again.branch, again.amount) == (
        donation.appeal,
        donation.branch,
        gbp(25),
    )
    assert again.received_entry is not None
    assert again.received_entry.source_key == f"stripe:{SECOND}:received"
    assert raised_by_card(donation.appeal) == held_by_stripe() == gbp(50)
    assert read_reading(fresh(donation).appeal).card_donations == 2
    assert outcomes() == [Outcome.BOOKED, Outcome.BOOKED]
    assert not inbox.is_stuck()


def test_the_donor_stays_with_the_donation_that_they_gave(
    client: Client, donation: CardDonation
) -> None:
    tell(client, checkout_event(donation), second(donation))
    assert the_second().donor is None


def test_both_in_one_batch(client: Client, donation: CardDonation) -> None:
    tell(client, second(donation), checkout_event(donation))
    assert raised_by_card(donation.appeal) == gbp(50)
    assert set(CardDonation.objects.values_list("payment_intent_id", flat=True)) == {
        SECOND,
        payment_of(donation),
    }


def test_each_of_them_is_booked_once_however_often_it_is_told(
    client: Client, donation: CardDonation
) -> None:
    for _ in range(2):
        tell(client, checkout_event(donation), second(donation), second(donation))
        tell(client, intent_event(donation, id=SECOND))
    assert raised_by_card(donation.appeal) == gbp(50)
    assert CardDonation.objects.count() == 2
    assert outcomes().count(Outcome.KNOWN) == 6


def test_three_times_is_two_times_again(client: Client, donation: CardDonation) -> None:
    tell(client, checkout_event(donation), second(donation))
    tell(client, checkout_event(donation, payment="pi_third"))
    assert raised_by_card(donation.appeal) == gbp(75)
    assert donation.again.count() == 2


def test_one_of_them_paid_back_leaves_the_other(client: Client, donation: CardDonation) -> None:
    """pretix lost an order that was paid twice when one of the payments was refunded."""
    tell(client, checkout_event(donation), second(donation))
    tell(client, refund_event(donation))

    assert raised_by_card(donation.appeal) == gbp(25)
    assert fresh(donation).received_entry is not None
    assert CardRefund.objects.get().donation == donation
    page = client.get(f"/appeals/rally/thanks/{donation.reference}/").content.decode()
    assert "Thank you" in page


def test_the_second_one_paid_back_before_it_was_told(
    client: Client, donation: CardDonation
) -> None:
    tell(client, refund_event(donation, payment_intent=SECOND))
    tell(client, checkout_event(donation))
    assert inbox.count_waiting() == 1
    tell(client, second(donation))
    assert raised_by_card(donation.appeal) == gbp(25)
    assert CardRefund.objects.get().donation == the_second()
    assert inbox.count_waiting() == 0


def test_the_second_one_disputed_and_paid_back_in_one_batch(
    client: Client, donation: CardDonation
) -> None:
    taken = dispute_line(-2500)
    tell(
        client,
        dispute_event(donation, payment_intent=SECOND, lines=[taken]),
        refund_event(donation, payment_intent=SECOND, amount=100),
        second(donation),
        checkout_event(donation),
    )
    assert raised_by_card(donation.appeal) == gbp(24)
    assert the_second().disputes.count() == 1


def test_another_amount_is_for_a_person_here_too(client: Client, donation: CardDonation) -> None:
    tell(client, checkout_event(donation))
    tell(client, checkout_event(donation, payment=SECOND, amount_total=2600))
    assert raised_by_card(donation.appeal) == gbp(25)
    assert WebhookEvent.objects.get(processed_at=None).put_aside_at is not None


def test_what_is_told_of_a_second_attempt_once_it_is_paid_promises_nothing(
    client: Client, donation: CardDonation
) -> None:
    tell(client, checkout_event(donation))
    kind = "payment_intent.processing"
    tell(client, intent_event(donation, kind, id=SECOND, created=NOON + 60))
    assert fresh(donation).processing_at is None


def test_a_row_of_a_second_payment_names_its_payment(donation: CardDonation) -> None:
    with (
        pytest.raises(IntegrityError, match="card_donation_again_is_a_payment"),
        transaction.atomic(),
    ):
        make_card_donation(gbp(25), again_of=donation)


@pytest.mark.django_db(transaction=True)
def test_eight_workers_told_of_both_book_each_once(client: Client, donation: CardDonation) -> None:
    for number in range(8):
        deliver(client, checkout_event(donation, event_id=f"evt_a{number}"))
        deliver(client, checkout_event(donation, payment=SECOND, event_id=f"evt_b{number}"))
    start = threading.Barrier(8)

    def work() -> None:
        start.wait()
        while inbox.act_on_due(limit=1).claimed:
            pass
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert raised_by_card(donation.appeal) == gbp(50)
    assert CardDonation.objects.count() == 2
    assert outcomes().count(Outcome.BOOKED) == 2
    assert inbox.count_waiting() == 0
