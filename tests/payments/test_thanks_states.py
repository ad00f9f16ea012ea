"""What the page that thanks a donor says of money that went back, or came twice."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from payments import inbox
from payments.models import CardDonation
from tests.factories import gbp, make_branch, make_card_donation
from tests.stripe_events import (
    NOON,
    Event,
    checkout_event,
    deliver,
    dispute_event,
    dispute_line,
    refund_event,
)

pytestmark = pytest.mark.django_db

TAKEN = dispute_line(-2500, line="txn_taken", fee=2000)
BACK = dispute_line(2500, line="txn_back")


@pytest.fixture
def donation(client: Client) -> CardDonation:
    donation = make_card_donation(gbp(25), branch=make_branch("Leeds"))
    tell(client, checkout_event(donation))
    return donation


def tell(client: Client, *events: Event) -> None:
    for event in events:
        assert deliver(client, event) == 200
    inbox.act_on_everything_due()


def read(donation: CardDonation) -> str:
    """The page's words, without its head and foot, in one line."""
    page = Client().get(f"/appeals/rally/thanks/{donation.reference}/").content.decode()
    main = re.search(r"<main.*</main>", page, re.DOTALL)
    assert main is not None
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main[0]))


def ended(donation: CardDonation, status: str, *lines: dict[str, object]) -> Event:
    kind = "charge.dispute.closed"
    return dispute_event(donation, kind, lines=[TAKEN, *lines], status=status, told=NOON + 9)


def test_disputed(client: Client, donation: CardDonation) -> None:
    tell(client, dispute_event(donation, lines=[TAKEN]))
    page = read(donation)
    assert "Your bank has taken £25 back" in page
    assert "Thank you" not in page


def test_an_inquiry_is_nothing_to_tell(client: Client, donation: CardDonation) -> None:
    tell(client, dispute_event(donation, status="warning_needs_response"))
    assert "It has come" in read(donation)


def test_disputed_and_won(client: Client, donation: CardDonation) -> None:
    tell(client, dispute_event(donation, lines=[TAKEN]), ended(donation, "won", BACK))
    page = read(donation)
    assert "It has come" in page
    assert "bank" not in page


def test_disputed_and_lost(client: Client, donation: CardDonation) -> None:
    tell(client, ended(donation, "lost"))
    page = read(donation)
    assert "Your bank took £25 back, and decided to keep it" in page
    assert "Give again" in page


@pytest.mark.parametrize(
    ("status", "word"), [("needs_response", "is looking into"), ("lost", "of it back.")]
)
def test_disputed_in_part(client: Client, donation: CardDonation, status: str, word: str) -> None:
    part = dispute_line(-1000, line="txn_part")
    tell(client, dispute_event(donation, lines=[part], status=status))
    page = read(donation)
    assert "£15 counted for Leeds" in page
    assert "Your bank has taken £10 of it back" in page
    assert word in page


@pytest.mark.parametrize("status", ["needs_response", "lost"])
def test_paid_back_in_part_and_disputed_for_more_than_the_rest(
    client: Client, donation: CardDonation, status: str
) -> None:
    tell(client, refund_event(donation, amount=1000))
    tell(client, dispute_event(donation, lines=[TAKEN], status=status))
    page = read(donation)
    assert "£25 back" in page
    assert "£10 was paid back to your card" in page


def test_paid_twice(client: Client, donation: CardDonation) -> None:
    tell(client, checkout_event(donation, payment="pi_second"))
    page = read(donation)
    assert "£50 counted for Leeds" in page
    assert "It was paid twice: £50 came, and you agreed to £25" in page
    assert "treasurer@example.org" in page


@pytest.mark.parametrize("payment", [None, "pi_second"])
def test_paid_twice_and_either_one_paid_back(
    client: Client, donation: CardDonation, payment: str | None
) -> None:
    tell(client, checkout_event(donation, payment="pi_second"))
    changes: dict[str, Any] = {"payment_intent": payment} if payment else {}
    tell(client, refund_event(donation, **changes))
    page = read(donation)
    assert "Thank you" in page
    assert "£25 counted for Leeds" in page
    assert "what was too much went back" in page


def test_paid_twice_and_both_paid_back(client: Client, donation: CardDonation) -> None:
    tell(client, checkout_event(donation, payment="pi_second"))
    tell(client, refund_event(donation))
    tell(client, refund_event(donation, refund="re_2", payment_intent="pi_second"))
    assert "Your £50 was paid back" in read(donation)


def test_while_nothing_has_come_the_page_costs_one_question_to_the_database() -> None:
    """Phones ask for it again and again while they wait."""
    donation = make_card_donation(gbp(25))
    client = Client()
    client.get(f"/appeals/rally/thanks/{donation.reference}/")
    with CaptureQueriesContext(connection) as queries:
        client.get(f"/appeals/rally/thanks/{donation.reference}/")
    asked = [query["sql"] for query in queries if "payments_" in query["sql"]]
    assert len(asked) == 1
