"""Bacs Direct Debit: promised on the page, paid or refused days later, taken back at any time."""

from typing import Any

import pytest
import stripe

from tests.pretend_stripe.process import PretendStripe, a_session
from tests.pretend_stripe.sink import Sink
from tests.pretend_stripe.test_pay_page import Donor

DAY_SECONDS = 24 * 60 * 60
PAYS = "00012345"
REFUSED = "33333335"
INSUFFICIENT = "22222227"
TAKEN_BACK = "00034567"

ACCOUNT = {
    "email": "donor@example.org",
    "sort_code": "10-88-00",
    "account_number": PAYS,
    "name": "Test account",
    "line1": "1 High Street",
    "city": "Leeds",
    "postal_code": "LS1 1AA",
    "country": "GB",
}


@pytest.fixture
def session(pretend: PretendStripe, client: stripe.StripeClient) -> stripe.checkout.Session:
    """A session of £25 on an account that takes Direct Debit too."""
    pretend.turn(bacs=True)
    return client.v1.checkout.sessions.create(a_session())


def test_a_promise_completes_the_session_unpaid_and_moves_no_money(
    pretend: PretendStripe,
    client: stripe.StripeClient,
    sink: Sink,
    session: stripe.checkout.Session,
) -> None:
    assert session.payment_method_types == ["card", "bacs_debit"]
    promised = pretend.pay(session.id, bacs=PAYS)
    assert (promised["paid"], promised["promised"]) == (False, True)
    pretend.settle()

    done = client.v1.checkout.sessions.retrieve(session.id)
    assert (done.status, done.payment_status) == ("complete", "unpaid")
    intent = client.v1.payment_intents.retrieve(
        promised["payment_intent"], {"expand": ["latest_charge"]}
    )
    assert (intent.status, intent.amount_received) == ("processing", 0)
    charge = intent.latest_charge
    assert isinstance(charge, stripe.Charge)
    assert (charge.id[:3], charge.status, charge.paid) == ("py_", "pending", False)
    mandate_id = charge.to_dict()["payment_method_details"]["bacs_debit"]["mandate"]
    assert client.v1.mandates.retrieve(mandate_id).status == "active"
    assert sorted(sink.types()) == [
        "charge.pending",
        "checkout.session.completed",
        "mandate.updated",
        "payment_intent.created",
        "payment_intent.processing",
    ]
    assert pretend.state()["balance_transactions"] == 0
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.create({"payment_intent": intent.id})


def test_the_bank_pays_days_later_with_a_fee_of_its_own(
    pretend: PretendStripe,
    client: stripe.StripeClient,
    sink: Sink,
    session: stripe.checkout.Session,
) -> None:
    promised = pretend.pay(session.id, bacs=PAYS)
    pretend.control("clock", seconds=6 * DAY_SECONDS)
    assert client.v1.payment_intents.retrieve(promised["payment_intent"]).status == "processing"
    sink.clear()
    pretend.control("clock", seconds=DAY_SECONDS)
    pretend.settle()

    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"
    (line,) = client.v1.balance_transactions.list().data
    assert (line.type, line.reporting_category) == ("payment", "charge")
    assert (line.amount, line.fee) == (2500, 25)
    assert {
        "charge.succeeded",
        "charge.updated",
        "checkout.session.async_payment_succeeded",
        "payment_intent.succeeded",
    } <= set(sink.types())
    (told,) = sink.of_type("checkout.session.async_payment_succeeded")
    assert told["data"]["object"]["payment_status"] == "paid"
    (updated,) = sink.of_type("charge.updated")
    assert updated["data"]["object"]["balance_transaction"] == line.id


@pytest.mark.parametrize(("amount", "fee"), [(100, 20), (2500, 25), (2550, 26), (50_000, 200)])
def test_the_fee_is_one_per_cent_within_its_bounds(
    pretend: PretendStripe, client: stripe.StripeClient, amount: int, fee: int
) -> None:
    pretend.turn(bacs=True, bacs_delay_seconds=[0, 0])
    params = a_session()
    params["line_items"][0]["price_data"]["unit_amount"] = amount
    pretend.pay(client.v1.checkout.sessions.create(params).id, bacs=PAYS)
    pretend.control("clock", seconds=1)
    pretend.settle()
    (line,) = client.v1.balance_transactions.list().data
    assert (line.amount, line.fee) == (amount, fee)


@pytest.mark.parametrize(
    ("account", "code", "mandate"),
    [(REFUSED, "debit_not_authorized", "inactive"), (INSUFFICIENT, "insufficient_funds", "active")],
)
def test_the_bank_refuses_days_later(
    pretend: PretendStripe,
    client: stripe.StripeClient,
    sink: Sink,
    session: stripe.checkout.Session,
    account: str,
    code: str,
    mandate: str,
) -> None:
    promised = pretend.pay(session.id, bacs=account)
    pretend.settle()
    pretend.control("clock", seconds=8 * DAY_SECONDS)
    pretend.settle()

    (failed,) = sink.of_type("charge.failed")
    charge = failed["data"]["object"]
    assert (charge["status"], charge["failure_code"]) == ("failed", code)
    (intent_failed,) = sink.of_type("payment_intent.payment_failed")
    intent = intent_failed["data"]["object"]
    assert (intent["status"], intent["last_payment_error"]["code"]) == (
        "requires_payment_method",
        code,
    )
    (told,) = sink.of_type("checkout.session.async_payment_failed")
    session_then = told["data"]["object"]
    assert (session_then["status"], session_then["payment_status"]) == ("complete", "unpaid")
    mandate_id = charge["payment_method_details"]["bacs_debit"]["mandate"]
    assert client.v1.mandates.retrieve(mandate_id).status == mandate
    assert pretend.state()["balance_transactions"] == 0
    late = pretend.http.post(
        "/_pretend/end_debit", json={"payment_intent": promised["payment_intent"]}
    )
    assert late.status_code == 400


def test_a_direct_debit_may_be_taken_back_years_later_and_that_is_final(
    pretend: PretendStripe,
    client: stripe.StripeClient,
    sink: Sink,
    session: stripe.checkout.Session,
) -> None:
    promised = pretend.pay(session.id, bacs=PAYS)
    pretend.control("end_debit", payment_intent=promised["payment_intent"])
    pretend.settle()
    pretend.control("clock", seconds=5 * 365 * DAY_SECONDS)
    sink.clear()
    dispute = pretend.control("dispute", payment_intent=promised["payment_intent"])
    pretend.settle()

    assert (dispute["status"], dispute["reason"]) == ("lost", "debit_not_authorized")
    assert [one["amount"] for one in dispute["balance_transactions"]] == [-2500]
    assert sorted(sink.types()) == [
        "charge.dispute.closed",
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
    ]
    for control in ("close_dispute", "escalate_dispute"):
        asked: dict[str, Any] = {"dispute": dispute["id"]}
        asked |= {"outcome": "won"} if control == "close_dispute" else {}
        assert pretend.http.post(f"/_pretend/{control}", json=asked).status_code == 400
    inquiry = {"payment_intent": promised["payment_intent"], "inquiry": True}
    assert pretend.http.post("/_pretend/dispute", json=inquiry).status_code == 400


def test_one_account_takes_it_back_by_itself(
    pretend: PretendStripe, client: stripe.StripeClient, session: stripe.checkout.Session
) -> None:
    pretend.pay(session.id, bacs=TAKEN_BACK)
    pretend.control("clock", seconds=8 * DAY_SECONDS)
    pretend.settle()
    kinds = [one.reporting_category for one in client.v1.balance_transactions.list().data]
    assert sorted(kinds) == ["charge", "dispute"]


def test_the_bank_may_be_made_to_answer_now(
    pretend: PretendStripe, client: stripe.StripeClient, session: stripe.checkout.Session
) -> None:
    promised = pretend.pay(session.id, bacs=PAYS)
    failed = pretend.control(
        "end_debit", payment_intent=promised["payment_intent"], failure_code="account_closed"
    )
    assert failed["last_payment_error"]["code"] == "account_closed"
    pretend.control("clock", seconds=8 * DAY_SECONDS)
    pretend.settle()
    assert pretend.state()["balance_transactions"] == 0, "what has failed is not paid later"


def test_a_refund_to_a_bank_account_is_on_its_way_for_a_while(
    pretend: PretendStripe, client: stripe.StripeClient, session: stripe.checkout.Session
) -> None:
    promised = pretend.pay(session.id, bacs=PAYS)
    pretend.control("end_debit", payment_intent=promised["payment_intent"])
    refund = client.v1.refunds.create({"payment_intent": promised["payment_intent"]})
    assert (refund.id[:4], refund.status) == ("pyr_", "pending")
    pretend.settle()
    assert client.v1.refunds.retrieve(refund.id).status == "succeeded"
    (line,) = client.v1.balance_transactions.list({"source": refund.id}).data
    assert (line.type, line.reporting_category) == ("payment_refund", "refund")


@pytest.mark.parametrize(
    ("bacs", "changes", "offered"),
    [
        (False, {}, ["card"]),
        (True, {}, ["card", "bacs_debit"]),
        (True, {"excluded_payment_method_types": ["bacs_debit"]}, ["card"]),
        (True, {"excluded_payment_method_types": ["card"]}, ["bacs_debit"]),
        (True, {"payment_method_types": ["bacs_debit"]}, ["bacs_debit"]),
    ],
)
def test_what_a_session_offers(
    pretend: PretendStripe,
    client: stripe.StripeClient,
    bacs: bool,  # noqa: FBT001 - a row of the table
    changes: dict[str, Any],
    offered: list[str],
) -> None:
    pretend.turn(bacs=bacs)
    made = client.v1.checkout.sessions.create(a_session(**changes))
    assert made.payment_method_types == offered


def test_it_is_for_pounds_only_and_for_accounts_that_take_it(
    pretend: PretendStripe, client: stripe.StripeClient
) -> None:
    params = a_session()
    params["line_items"][0]["price_data"]["currency"] = "eur"
    pretend.turn(bacs=True)
    made = client.v1.checkout.sessions.create(params)
    assert made.payment_method_types == ["card"]
    answer = pretend.http.post("/_pretend/pay", json={"session": made.id, "bacs": PAYS})
    assert (answer.status_code, "does not offer" in answer.text) == (400, True)
    pretend.turn(bacs=False)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.checkout.sessions.create(a_session(payment_method_types=["bacs_debit"]))
    assert refused.value.param == "payment_method_types"


def test_the_page_takes_a_direct_debit_without_javascript(
    pretend: PretendStripe, sink: Sink, session: stripe.checkout.Session
) -> None:
    donor = Donor()
    with donor.http:
        assert session.url is not None
        donor.open(session.url)
        assert f'href="/c/pay/{session.id}/bacs"' in donor.page
        url = f"{session.url}/bacs"
        assert donor.open(url).status_code == 200
        for text in ("Sort code", "Direct Debit Guarantee", "Donate £25.00", "108800"):
            assert text in donor.page
        assert "<script" not in donor.page

        assert donor.submit(url, **(ACCOUNT | {"postal_code": ""})).status_code == 422
        assert "Postcode is needed" in donor.page
        assert donor.submit(url, **(ACCOUNT | {"sort_code": "20-00-00"})).status_code == 402
        assert "Your sort code is incorrect" in donor.page
        assert donor.submit(url, **(ACCOUNT | {"account_number": "1"})).status_code == 402
        assert "Your account number is incorrect" in donor.page
        assert pretend.state()["payment_intents"] == 0
        answer = donor.submit(url, **ACCOUNT)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("http://127.0.0.1:9/thanks")
        assert donor.submit(url, **ACCOUNT).status_code == 303, "a double click"
        donor.page = ""
        assert donor.open(url).status_code == 200
        assert "Your bank has been asked already" in donor.page
    (completed,) = sink.of_type("checkout.session.completed")
    details = completed["data"]["object"]["customer_details"]
    assert details["address"]["postal_code"] == "LS1 1AA"
    assert pretend.state()["charges"] == 1


def test_a_page_shows_only_the_ways_that_its_session_offers(
    pretend: PretendStripe, client: stripe.StripeClient
) -> None:
    plain = client.v1.checkout.sessions.create(a_session())
    pretend.turn(bacs=True)
    bank_only = client.v1.checkout.sessions.create(a_session(payment_method_types=["bacs_debit"]))
    donor = Donor()
    with donor.http:
        assert plain.url is not None
        assert bank_only.url is not None
        donor.open(plain.url)
        assert "How to pay" not in donor.page
        answer = donor.open(f"{plain.url}/bacs")
        assert answer.headers["location"] == f"/c/pay/{plain.id}"
        answer = donor.open(bank_only.url)
        assert answer.headers["location"] == f"/c/pay/{bank_only.id}/bacs"
        assert donor.open(f"{bank_only.url}/bacs").status_code == 200
        assert "How to pay" not in donor.page


def test_a_declined_card_leaves_the_debit_possible(
    pretend: PretendStripe, client: stripe.StripeClient, session: stripe.checkout.Session
) -> None:
    refused = pretend.pay(session.id, card="4000000000000002")
    promised = pretend.pay(session.id, bacs=PAYS)
    assert promised["payment_intent"] == refused["payment_intent"]
    intent = client.v1.payment_intents.retrieve(promised["payment_intent"])
    assert (intent.status, intent.last_payment_error) == ("processing", None)
    assert len(client.v1.charges.list({"payment_intent": intent.id}).data) == 2
