"""A donor gives by card: from the form to the thermometer, and back again."""

import html
import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest

from appeals.models import Appeal
from appeals.progress import read_reading
from funds.money import Money
from payments.models import CardDonation, WebhookEvent
from tests.factories import gbp, make_appeal, make_branch
from tests.payments.books import fees, held_by_stripe
from tests.pretend_stripe.process import (
    DECLINED,
    INSUFFICIENT,
    THREE_D_SECURE,
    VISA,
    PretendStripe,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def appeal(stripe: PretendStripe) -> Appeal:
    return make_appeal("rally", target=gbp(100), branch_targets=[(make_branch("Leeds"), gbp(50))])


def raised(appeal: Appeal) -> Money:
    return read_reading(Appeal.objects.get(pk=appeal.pk)).raised


def wait_until(is_so: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def hidden_fields(page: str) -> dict[str, str]:
    inputs = re.findall(r"<input[^>]*type=\"hidden\"[^>]*>", page)
    found = [
        (re.search(r'name="([^"]+)"', one), re.search(r'value="([^"]*)"', one)) for one in inputs
    ]
    return {name[1]: html.unescape(value[1]) for name, value in found if name and value}


def go_to_checkout(donor: httpx.Client, **answers: str) -> str:
    """Fill the form in and send it; the address of the pay page."""
    page = donor.get("/appeals/rally/give/", params={"branch": "leeds"})
    assert page.status_code == 200
    sent = hidden_fields(page.text) | {"amount": "20", "branch": "leeds"} | answers
    response = donor.post("/appeals/rally/give/", data=sent, headers={"Referer": str(page.url)})
    assert response.status_code == 303, response.text
    return response.headers["Location"]


def pay_on_the_page(donor: httpx.Client, address: str, *, card: str) -> httpx.Response:
    """Type the card into the stand-in's page."""
    page = donor.get(address)
    assert "no money moves" in page.text
    form = hidden_fields(page.text) | {
        "email": "someone@example.org",
        "number": card,
        "expiry": "12 / 40",
        "cvc": "123",
        "name": "Test card",
    }
    action = re.search(r'<form[^>]*action="([^"]+)"', page.text)
    assert action is not None
    return donor.post(urljoin(address, html.unescape(action[1])), data=form)


def session_of(address: str) -> str:
    return address.rsplit("/", 1)[-1]


def test_a_paid_donation_is_thanked_for_and_on_the_thermometer(
    donor: httpx.Client, appeal: Appeal, stripe: PretendStripe
) -> None:
    """Stripe waits for our answer before it sends the donor back: the page need not wait."""
    checkout = go_to_checkout(donor, amount="other", other_amount="£25")
    paid = pay_on_the_page(donor, checkout, card=VISA)
    assert paid.status_code == 303
    wait_until(lambda: raised(appeal) == gbp(25))
    page = donor.get(paid.headers["Location"])
    assert "Thank you" in page.text
    assert "£25" in page.text

    reading = read_reading(Appeal.objects.get(pk=appeal.pk))
    (row,) = reading.league
    assert (row.branch, row.raised, row.percent) == ("leeds", gbp(25), 50)
    assert (reading.percent, reading.card_donations) == (25, 1)


def test_the_real_fee_comes_late_and_is_booked(
    donor: httpx.Client, appeal: Appeal, stripe: PretendStripe
) -> None:
    stripe.pay(session_of(go_to_checkout(donor)))
    wait_until(lambda: fees() == gbp("0.50"))
    assert raised(appeal) == gbp(20)
    sums = stripe.state()
    assert held_by_stripe() == gbp("19.50"), sums


@pytest.mark.parametrize("card", [DECLINED, INSUFFICIENT])
def test_a_declined_card_books_nothing_and_the_donor_may_try_another(
    donor: httpx.Client, appeal: Appeal, stripe: PretendStripe, card: str
) -> None:
    checkout = go_to_checkout(donor)
    declined = pay_on_the_page(donor, checkout, card=card)
    assert declined.status_code != 303
    wait_until(lambda: CardDonation.objects.get().failed_at is not None)
    assert raised(appeal) == gbp(0)
    reference = CardDonation.objects.get().reference
    assert "did not go through" in donor.get(f"/appeals/rally/thanks/{reference}/").text

    assert pay_on_the_page(donor, checkout, card=VISA).status_code == 303
    wait_until(lambda: raised(appeal) == gbp(20))
    assert "Thank you" in donor.get(f"/appeals/rally/thanks/{reference}/").text


@pytest.mark.parametrize(("answer", "comes"), [("complete", 20), ("fail", 0)])
def test_the_banks_question_decides(
    donor: httpx.Client, appeal: Appeal, stripe: PretendStripe, answer: str, comes: int
) -> None:
    session = session_of(go_to_checkout(donor))
    outcome = stripe.pay(session, card=THREE_D_SECURE, three_d_secure=answer)
    assert outcome["paid"] is bool(comes)
    stripe.settle(timeout_seconds=30)
    wait_until(lambda: not WebhookEvent.objects.filter(processed_at__isnull=True).exists())
    assert raised(appeal) == gbp(comes)


@pytest.mark.parametrize(("amount", "left"), [(None, 0), (750, "12.50")])
def test_a_refund_in_the_dashboard_lowers_the_thermometer(
    donor: httpx.Client,
    appeal: Appeal,
    stripe: PretendStripe,
    amount: int | None,
    left: Any,
) -> None:
    paid = stripe.pay(session_of(go_to_checkout(donor)))
    wait_until(lambda: raised(appeal) == gbp(20))
    asked = {"payment_intent": paid["payment_intent"]} | ({"amount": amount} if amount else {})
    stripe.control("refund_in_dashboard", **asked)
    wait_until(lambda: raised(appeal) == gbp(left))
    stripe.settle(timeout_seconds=30)
    wait_until(lambda: not WebhookEvent.objects.filter(processed_at__isnull=True).exists())
    assert raised(appeal) == gbp(left)
    reference = CardDonation.objects.get().reference
    assert "paid back" in donor.get(f"/appeals/rally/thanks/{reference}/").text


def test_a_refund_that_fails_raises_it_again(
    donor: httpx.Client, appeal: Appeal, stripe: PretendStripe
) -> None:
    paid = stripe.pay(session_of(go_to_checkout(donor)))
    wait_until(lambda: raised(appeal) == gbp(20))
    stripe.turn(refund_fails=1.0, charge_updated_delay_seconds=[1.0, 1.0])
    stripe.control("refund_in_dashboard", payment_intent=paid["payment_intent"])
    wait_until(lambda: raised(appeal) == gbp(0))
    wait_until(lambda: raised(appeal) == gbp(20))
    assert (
        "paid back"
        not in donor.get(f"/appeals/rally/thanks/{CardDonation.objects.get().reference}/").text
    )


def test_the_way_back_from_checkout_finds_the_form_filled_in(
    donor: httpx.Client, appeal: Appeal, stripe: PretendStripe
) -> None:
    checkout = go_to_checkout(donor, amount="other", other_amount="17")
    back = re.search(r'href="([^"]*/give/[^"]*)"', donor.get(checkout).text)
    assert back is not None
    page = donor.get(html.unescape(back[1]))
    assert re.search(r'name="other_amount"[^>]*value="17.00"', page.text)
    assert '<option value="leeds" selected>' in page.text


def test_a_donor_whose_webhooks_were_lost_is_thanked_once_they_are_sent_again(
    donor: httpx.Client, appeal: Appeal, stripe: PretendStripe
) -> None:
    stripe.turn(drop=1.0)
    paid = stripe.pay(session_of(go_to_checkout(donor)))
    page = donor.get(paid["url"])
    assert "We are waiting for word" in page.text
    stripe.turn(drop=0.0)
    stripe.control("redeliver", undelivered=True)
    wait_until(lambda: raised(appeal) == gbp(20))
    assert "Thank you" in donor.get(paid["url"]).text
