"""Receipts for months: one for each, to who gives every month, with the link to their own page."""

import re
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from donors.models import Donor
from payments import inbox
from payments.letters import send_due_letters
from payments.models import CardDonation, Letter, MonthlyDonation
from payments.receipts import receipt_url
from tests.factories import gbp, make_appeal, make_card_donation, make_monthly
from tests.monthly_events import MONTH, beginning, month_events
from tests.payments.test_monthly import month_refund
from tests.stripe_events import NOON, Event, checkout_event, deliver

pytestmark = pytest.mark.django_db(transaction=True)

EMAIL = "some.body@example.org"


@pytest.fixture
def monthly() -> MonthlyDonation:
    return make_monthly(gbp(10), appeal=make_appeal("rally", title="Rally"), email=EMAIL)


def tell(*events: Event) -> None:
    for event in events:
        assert deliver(Client(), event) == 200
    inbox.act_on_everything_due()


def sent() -> list[Any]:
    send_due_letters()
    return list(mail.outbox)


def html_of(letter: Any) -> str:
    return str(letter.alternatives[0][0])


def test_each_month_is_thanked_for_once(monthly: MonthlyDonation) -> None:
    for _ in range(2):
        tell(*beginning(monthly), *month_events(monthly, 2, created=NOON + MONTH, amount=gbp(12)))
    letters = sent()
    assert [letter.to for letter in letters] == [[EMAIL]] * 2
    assert [letter.subject for letter in letters] == [
        "Thank you: your receipt for £10",
        "Thank you: your receipt for £12",
    ]
    assert "23 November 2026" in letters[0].body
    assert "23 December 2026" in letters[1].body


def test_a_months_letter_holds_the_link_by_which_it_is_changed_or_stopped(
    client: Client, monthly: MonthlyDonation
) -> None:
    tell(*beginning(monthly))
    (letter,) = sent()
    for text in (letter.body, html_of(letter)):
        (link,) = set(re.findall(r"http://testserver(/monthly/[^\s\"]+/)", text))
        assert "Your monthly donation" in client.get(link).content.decode()
    assert "YOU GIVE EVERY MONTH" in letter.body


def test_a_letter_for_a_donation_given_once_holds_none(client: Client) -> None:
    make_appeal("rally")
    tell(checkout_event(make_card_donation(donor=Donor.objects.create(email=EMAIL))))
    (letter,) = sent()
    for text in (letter.body, html_of(letter)):
        assert "/monthly/" not in text
        assert "every month" not in text.lower()


def test_the_receipt_to_print_names_its_giver_and_holds_no_key_to_the_donation(
    client: Client, monthly: MonthlyDonation
) -> None:
    """It is printed and handed on: whoever has it must not be able to change what is given."""
    Donor.objects.update(name="Some Body")
    tell(*beginning(monthly))
    month = CardDonation.objects.get()
    page = client.get(receipt_url(month).removeprefix("http://testserver")).content.decode()
    assert "Some Body" in page
    assert "£10" in page
    assert "/monthly/" not in page


def test_a_refund_of_a_month_is_told_to_who_gives_every_month(monthly: MonthlyDonation) -> None:
    tell(*beginning(monthly), month_refund(monthly, amount=400))
    assert [letter.subject for letter in sent()] == [
        "Thank you: your receipt for £10",
        "£4 is on its way back to you",
    ]


def test_who_was_erased_is_written_to_no_more(monthly: MonthlyDonation) -> None:
    tell(*beginning(monthly))
    Donor.objects.all().delete()
    assert sent() == []
    assert Letter.objects.get().outcome == Letter.Outcome.NO_ADDRESS
    tell(*month_events(monthly, 2, created=NOON + MONTH))
    assert Letter.objects.count() == 1
