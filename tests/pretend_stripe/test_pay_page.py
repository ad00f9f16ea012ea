"""The pay page as a browser without JavaScript sees it."""

import re
import threading
from collections.abc import Iterator

import httpx
import pytest
import stripe

from tests.pretend_stripe.monthly import a_monthly_session
from tests.pretend_stripe.process import (
    DECLINED,
    THREE_D_SECURE,
    VISA,
    PretendStripe,
    a_session,
)
from tests.pretend_stripe.sink import Sink


class Donor:
    """Fills in forms: what a page holds in hidden fields is sent along."""

    def __init__(self) -> None:
        self.http = httpx.Client(timeout=20, trust_env=False)
        self.page = ""

    def open(self, url: str) -> httpx.Response:
        answer = self.http.get(url)
        self.page = answer.text
        return answer

    def submit(self, url: str, **typed: str) -> httpx.Response:
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="(\w*)">', self.page))
        answer = self.http.post(url, data=hidden | typed)
        self.page = answer.text or self.page
        return answer


CARD = {
    "email": "donor@example.org",
    "number": "4242 4242 4242 4242",
    "expiry": "12 / 40",
    "cvc": "123",
    "name": "Test card",
}


@pytest.fixture
def donor() -> Iterator[Donor]:
    donor = Donor()
    with donor.http:
        yield donor


@pytest.fixture
def url(client: stripe.StripeClient) -> str:
    session = client.v1.checkout.sessions.create(
        a_session(payment_intent_data={"description": "For the <rally>"})
    )
    assert session.url is not None
    return session.url


def test_the_page_says_what_is_paid_and_that_no_money_moves(donor: Donor, url: str) -> None:
    answer = donor.open(url)
    assert answer.status_code == 200
    for text in ("no money moves", "Rally collection", "£25.00", "4242 4242 4242 4242"):
        assert text in donor.page
    assert "Donate £25.00" in donor.page
    assert "For the &lt;rally&gt;" in donor.page
    assert donor.page.count("<h1>") == 1
    for name in ("email", "cc-number", "cc-exp", "cc-csc", "cc-name"):
        assert f'autocomplete="{name}"' in donor.page
    names = re.findall(r'<input id="(\w+)"', donor.page)
    assert names == re.findall(r'<label for="(\w+)"', donor.page)
    assert "<script" not in donor.page
    assert donor.open(f"{url[: url.index('/c/')]}/pretend.css").status_code == 200


@pytest.mark.parametrize(
    ("submit_type", "button"),
    [(None, "Pay"), ("donate", "Donate"), ("subscribe", "Subscribe for")],
)
def test_a_monthly_donation_says_that_it_is_monthly(
    client: stripe.StripeClient, donor: Donor, submit_type: str | None, button: str
) -> None:
    session = client.v1.checkout.sessions.create(a_monthly_session(submit_type=submit_type))
    assert session.url is not None
    donor.open(session.url)
    assert f"{button} £10.00 a month</button>" in donor.page
    assert '<span class="order__amount">£10.00 a month</span>' in donor.page
    assert "For the rally" in donor.page
    donor.submit(session.url, **(CARD | {"number": THREE_D_SECURE}))
    donor.open(f"{session.url}/3ds")
    assert "£10.00 a month" in donor.page
    assert donor.submit(f"{session.url}/3ds", outcome="complete").status_code == 303
    assert client.v1.checkout.sessions.retrieve(session.id).subscription is not None


def test_paying_sends_the_donor_on_after_we_were_told(donor: Donor, url: str, sink: Sink) -> None:
    donor.open(url)
    answer = donor.submit(url, **CARD)
    assert answer.status_code == 303
    session_id = url.rsplit("/", 1)[1]
    assert answer.headers["location"] == f"http://127.0.0.1:9/thanks?session={session_id}"
    (completed,) = sink.of_type("checkout.session.completed")
    details = completed["data"]["object"]["customer_details"]
    assert (details["email"], details["name"]) == ("donor@example.org", "Test card")


def test_a_declined_card_is_told_and_another_one_pays(
    pretend: PretendStripe, donor: Donor, url: str
) -> None:
    donor.open(url)
    answer = donor.submit(url, **(CARD | {"number": DECLINED}))
    assert answer.status_code == 402
    assert "Your card was declined." in donor.page
    assert 'role="alert"' in donor.page
    assert 'aria-invalid="true"' in donor.page
    assert 'value="donor@example.org"' in donor.page, "what was typed is kept"
    assert "123" not in re.findall(r'name="cvc"[^>]*', donor.page)[0], "but for the code"

    assert donor.submit(url, **CARD).status_code == 303
    pretend.settle()
    assert pretend.state()["balance_sums"]["gbp"]["charge"] == 2500


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("number", "4242 4242 4242 4241", "card number is incorrect"),
        ("number", "4111 1111 1111 1111", "card number is incorrect"),
        ("number", "٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢", "card number is incorrect"),
        ("number", "", "card number is incorrect"),
        ("expiry", "13/40", "expiry date is invalid"),
        ("expiry", "soon", "expiry date is invalid"),
        ("expiry", "01/20", "in the past"),
        ("cvc", "12", "security code is invalid"),
        ("cvc", "", "security code is invalid"),
        ("email", "nobody", "not an e-mail address"),
        ("name", "", "Name on card is needed"),
    ],
)
def test_what_is_mistyped_is_told_beside_its_field(
    pretend: PretendStripe, donor: Donor, url: str, field: str, value: str, message: str
) -> None:
    donor.open(url)
    answer = donor.submit(url, **(CARD | {field: value}))
    assert answer.status_code in {402, 422}
    assert message in donor.page
    assert f'id="{field}-problem"' in donor.page
    assert pretend.state()["charges"] == 0
    assert pretend.state()["events"] == {}


def test_3d_secure_asks_on_a_page_of_its_own(
    pretend: PretendStripe, donor: Donor, url: str
) -> None:
    donor.open(url)
    asked = donor.submit(url, **(CARD | {"number": THREE_D_SECURE}))
    assert (asked.status_code, asked.headers["location"]) == (
        303,
        f"/c/pay/{url.rsplit('/', maxsplit=1)[-1]}/3ds",
    )
    question = f"{url}/3ds"
    assert donor.open(question).status_code == 200
    assert "Complete" in donor.page
    assert pretend.state()["charges"] == 0

    failed = donor.submit(question, outcome="fail")
    assert failed.status_code == 402
    assert "unable to authenticate" in donor.page
    donor.submit(url, **(CARD | {"number": THREE_D_SECURE}))
    donor.open(question)
    passed = donor.submit(question, outcome="complete")
    assert passed.status_code == 303
    assert passed.headers["location"].startswith("http://127.0.0.1:9/thanks")
    assert donor.submit(question, outcome="complete").status_code == 303, "a second click"
    assert pretend.state()["charges"] == 1


def test_the_question_without_a_card_leads_back_to_the_form(donor: Donor, url: str) -> None:
    assert (
        donor.open(f"{url}/3ds").headers["location"] == f"/c/pay/{url.rsplit('/', maxsplit=1)[-1]}"
    )


def test_a_double_click_pays_once_and_leads_to_one_place(
    pretend: PretendStripe, donor: Donor, url: str, sink: Sink
) -> None:
    sink.slow_seconds = 0.3
    donor.open(url)
    answers: list[httpx.Response] = []
    clicks = [
        threading.Thread(target=lambda: answers.append(donor.submit(url, **CARD))) for _ in range(3)
    ]
    for click in clicks:
        click.start()
    for click in clicks:
        click.join()
    pretend.settle()

    assert [answer.status_code for answer in answers] == [303] * 3
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert pretend.state()["charges"] == 1
    assert len(sink.of_type("checkout.session.completed")) == 1


def test_a_paid_session_says_so_and_takes_nothing_more(
    pretend: PretendStripe, donor: Donor, url: str
) -> None:
    donor.open(url)
    donor.submit(url, **CARD)
    again = donor.open(url)
    assert again.status_code == 200
    assert "paid already" in donor.page
    assert 'href="http://127.0.0.1:9/thanks' in donor.page
    assert donor.submit(url, **CARD).status_code == 409
    assert pretend.state()["charges"] == 1


def test_an_expired_session_says_so_and_leads_back(
    pretend: PretendStripe, client: stripe.StripeClient, donor: Donor, url: str
) -> None:
    donor.open(url)
    client.v1.checkout.sessions.expire(url.rsplit("/", 1)[1])
    answer = donor.submit(url, **CARD)
    assert answer.status_code == 410
    assert "expired" in donor.page
    assert 'href="http://127.0.0.1:9/give"' in donor.page
    assert pretend.state()["charges"] == 0


def test_the_address_is_asked_for_when_the_law_needs_it(
    client: stripe.StripeClient, donor: Donor, sink: Sink
) -> None:
    session = client.v1.checkout.sessions.create(
        a_session(billing_address_collection="required", customer_email="known@example.org")
    )
    assert session.url is not None
    donor.open(session.url)
    assert 'value="known@example.org"' in donor.page
    assert donor.submit(session.url, **CARD).status_code == 422
    assert "Postcode is needed" in donor.page
    address = {"line1": "1 High Street", "city": "Leeds", "postal_code": "LS1 1AA"}
    assert donor.submit(session.url, **CARD, **address, country="gb").status_code == 303
    (completed,) = sink.of_type("checkout.session.completed")
    details = completed["data"]["object"]["customer_details"]
    assert details["email"] == "known@example.org", "the merchant's word stands"
    assert details["address"]["postal_code"] == "LS1 1AA"
    assert details["address"]["country"] == "GB"


def test_what_is_not_there_is_a_clear_page(pretend: PretendStripe, donor: Donor) -> None:
    answer = donor.open(f"{pretend.url}/c/pay/cs_test_none")
    assert answer.status_code == 404
    assert "There is no such payment" in donor.page
    assert donor.http.put(f"{pretend.url}/c/pay/cs_test_none").status_code == 404
    large = donor.http.post(f"{pretend.url}/c/pay/cs_test_none", content=b"x" * 1_100_000)
    assert large.status_code == 413


def test_the_amount_is_the_sessions_whatever_the_form_says(
    pretend: PretendStripe, donor: Donor, url: str
) -> None:
    donor.open(url)
    donor.submit(url, **CARD, amount="1", number_again=VISA)
    pretend.settle()
    assert pretend.state()["balance_sums"]["gbp"]["charge"] == 2500
