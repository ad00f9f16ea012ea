"""Payouts and the account's own money: what leaves, what comes back, and what is left."""

from typing import Any

import pytest
import stripe

from tests.pretend_stripe.process import PretendStripe, a_session
from tests.pretend_stripe.sink import Sink

DAY_SECONDS = 24 * 60 * 60


def give(pretend: PretendStripe, client: stripe.StripeClient, *, amount: int = 2500) -> str:
    """A settled donation; the id of its payment intent."""
    session = a_session()
    session["line_items"][0]["price_data"]["unit_amount"] = amount
    paid = pretend.pay(client.v1.checkout.sessions.create(session).id)
    pretend.settle()
    return str(paid["payment_intent"])


def contents(client: stripe.StripeClient, payout: str) -> list[tuple[str, int]]:
    """What a payout took along, oldest first."""
    found = client.v1.balance_transactions.list({"payout": payout, "limit": 100}).data
    return [(one.type, one.net) for one in found[::-1]]


def test_a_payout_takes_what_is_available_and_arrives_a_working_day_later(
    pretend: PretendStripe, client: stripe.StripeClient, sink: Sink
) -> None:
    intent = give(pretend, client)
    refused = pretend.http.post("/_pretend/payout", json={})
    assert (refused.status_code, "nothing" in refused.text) == (400, True), "it is pending yet"
    pretend.control("clock", seconds=7 * DAY_SECONDS)
    give(pretend, client, amount=1000)
    client.v1.refunds.create({"payment_intent": intent, "amount": 500})
    pretend.control("account_fee", amount=42)

    (made,) = pretend.control("payout")["payouts"]
    assert (made["amount"], made["status"], made["automatic"]) == (2442 - 500 - 42, "pending", True)
    assert contents(client, made["id"]) == [], "not reconciled yet"
    pretend.settle()
    assert contents(client, made["id"]) == [
        ("charge", 2442),
        ("refund", -500),
        ("stripe_fee", -42),
        ("payout", -1900),
    ]
    payout = client.v1.payouts.retrieve(made["id"], {"expand": ["balance_transaction"]})
    assert (payout.status, payout.reconciliation_status) == ("in_transit", "completed")
    own = payout.balance_transaction
    assert isinstance(own, stripe.BalanceTransaction)
    assert (own.amount, own.source, own.type) == (-1900, payout.id, "payout")
    balance = client.v1.balance.retrieve()
    assert (balance.available[0].amount, balance.pending[0].amount) == (0, 1000 - 35)

    assert payout.arrival_date % DAY_SECONDS == 0
    pretend.control("clock", seconds=payout.arrival_date - pretend.state()["clock"] + 1)
    pretend.settle()
    assert client.v1.payouts.retrieve(made["id"]).status == "paid"
    assert [kind for kind in sink.types() if kind.startswith("payout.")] == [
        "payout.created",
        *sorted(["payout.updated", "payout.reconciliation_completed"], key=sink.types().index),
        "payout.paid",
    ]


def test_with_all_the_pending_money_goes_too_and_by_currency(
    pretend: PretendStripe, client: stripe.StripeClient
) -> None:
    give(pretend, client)
    pretend.control("foreign_payment", amount=1000, currency="eur")
    pretend.settle()
    made = pretend.control("payout", all=True)["payouts"]
    assert sorted((one["currency"], one["amount"]) for one in made) == [
        ("eur", 1000 - 40),
        ("gbp", 2442),
    ]
    balance = client.v1.balance.retrieve()
    assert [one.amount for one in balance.available] == [0, 0]
    assert [one.amount for one in balance.pending] == [0, 0]
    statuses = {one.status for one in client.v1.balance_transactions.list().data}
    assert statuses == {"available"}
    only = pretend.http.post("/_pretend/payout", json={"currency": "GBP", "all": True})
    assert only.status_code == 400, "nothing is left"


def test_a_balance_below_zero_is_not_paid_out(
    pretend: PretendStripe, client: stripe.StripeClient
) -> None:
    pretend.control("account_fee", amount=100)
    assert pretend.http.post("/_pretend/payout", json={"all": True}).status_code == 400
    give(pretend, client)
    (made,) = pretend.control("payout", all=True)["payouts"]
    assert made["amount"] == 2342, "the next one makes up for it"


@pytest.mark.parametrize("after", ["pending", "in_transit", "paid"])
def test_a_payout_that_fails_brings_the_money_back_even_after_it_was_paid(
    pretend: PretendStripe, client: stripe.StripeClient, sink: Sink, after: str
) -> None:
    give(pretend, client)
    (made,) = pretend.control("payout", all=True)["payouts"]
    if after != "pending":
        pretend.settle()
    if after == "paid":
        pretend.control("end_payout", payout=made["id"], outcome="paid")
    assert client.v1.payouts.retrieve(made["id"]).status == after

    pretend.control(
        "end_payout", payout=made["id"], outcome="failed", failure_code="account_closed"
    )
    pretend.control("clock", seconds=7 * DAY_SECONDS)
    pretend.settle()
    failed = client.v1.payouts.retrieve(made["id"], {"expand": ["failure_balance_transaction"]})
    assert (failed.status, failed.failure_code) == ("failed", "account_closed")
    back = failed.failure_balance_transaction
    assert isinstance(back, stripe.BalanceTransaction)
    assert (back.type, back.reporting_category, back.amount) == (
        "payout_failure",
        "payout_reversal",
        2442,
    )
    assert sink.types().count("payout.paid") == (1 if after == "paid" else 0)
    (again,) = pretend.control("payout")["payouts"]
    pretend.settle()
    assert again["amount"] == 2442
    assert contents(client, again["id"]) == [("payout_failure", 2442), ("payout", -2442)]


def test_a_cancelled_payout_brings_the_money_back_and_does_not_end_twice(
    pretend: PretendStripe, client: stripe.StripeClient, sink: Sink
) -> None:
    give(pretend, client)
    (made,) = pretend.control("payout", all=True)["payouts"]
    pretend.control("end_payout", payout=made["id"], outcome="canceled")
    assert client.v1.balance.retrieve().available[0].amount == 2442
    for outcome in ("paid", "failed", "canceled"):
        asked = {"payout": made["id"], "outcome": outcome}
        assert pretend.http.post("/_pretend/end_payout", json=asked).status_code == 400
    pretend.settle()
    assert "payout.canceled" in sink.types()


def test_a_payout_that_arrives_today_says_so(
    pretend: PretendStripe, client: stripe.StripeClient
) -> None:
    give(pretend, client)
    (made,) = pretend.control("payout", all=True)["payouts"]
    arrived = pretend.control("end_payout", payout=made["id"], outcome="paid")
    assert made["created"] - DAY_SECONDS < arrived["arrival_date"] <= made["created"]


def test_each_midnight_pays_out_what_has_become_available(
    pretend: PretendStripe, client: stripe.StripeClient
) -> None:
    give(pretend, client)
    pretend.control("clock", seconds=10 * DAY_SECONDS)
    assert client.v1.payouts.list().data == [], "not unless the knob says so"
    pretend.turn(automatic_payouts=True)
    give(pretend, client, amount=1000)
    pretend.control("clock", seconds=10 * DAY_SECONDS)

    later, first = client.v1.payouts.list().data
    assert [first.amount, later.amount] == [2442, 965]
    assert first.created % DAY_SECONDS == later.created % DAY_SECONDS == 0
    assert (first.status, later.status) == ("paid", "paid")
    line = client.v1.balance_transactions.list({"source": later.id}).data[0]
    assert line.created == later.created, "at its own time, not at the clock's last stop"
    assert pretend.state()["payouts"] == {"gbp": {"paid": {"count": 2, "amount": 3407}}}


def test_payouts_are_found_by_status_and_arrival(
    pretend: PretendStripe, client: stripe.StripeClient
) -> None:
    give(pretend, client)
    (made,) = pretend.control("payout", all=True)["payouts"]
    arrival = made["arrival_date"]
    payouts = client.v1.payouts
    assert len(payouts.list({"status": "pending"}).data) == 1
    assert payouts.list({"status": "paid"}).data == []
    assert len(payouts.list({"arrival_date": arrival}).data) == 1
    assert payouts.list({"arrival_date": {"gt": arrival}}).data == []


def test_every_line_shows_what_moved_the_money(
    pretend: PretendStripe, client: stripe.StripeClient
) -> None:
    intent = give(pretend, client)
    other = give(pretend, client)
    client.v1.refunds.create({"payment_intent": intent, "amount": 100})
    pretend.control("dispute", payment_intent=other)
    pretend.control("foreign_payment", amount=900, without_intent=True)
    pretend.control("account_fee", amount=5)
    give(pretend, client, amount=9000)
    pretend.control("payout", all=True)

    found = client.v1.balance_transactions.list({"limit": 100, "expand": ["data.source"]}).data
    sources: dict[str, set[Any]] = {}
    for line in found:
        shown = line.to_dict()["source"]
        intent_id = shown.get("payment_intent", "-") if shown else "none"
        sources.setdefault(line.type, set()).add(intent_id)
    assert sources["refund"] == {intent}
    assert sources["adjustment"] == {other}
    assert {None, intent, other} < sources["charge"]
    assert sources["payout"] == {"-"}
    assert sources["stripe_fee"] == {"none"}


def test_money_that_is_not_ours_carries_nothing_of_ours(
    pretend: PretendStripe, client: stripe.StripeClient
) -> None:
    paid = pretend.control("foreign_payment", amount=4200, description="A T-shirt")
    charge = client.v1.charges.retrieve(paid["charge"])
    assert (charge.amount, charge.description) == (4200, "A T-shirt")
    assert (charge.payment_intent, charge.to_dict()["metadata"]) == (paid["payment_intent"], {})
    refund = pretend.control("refund_in_dashboard", charge=paid["charge"], amount=200)
    assert refund["payment_intent"] == paid["payment_intent"]
    bare = pretend.control("foreign_payment", amount=100, without_intent=True)
    assert bare["payment_intent"] is None
    assert pretend.control("refund_in_dashboard", charge=bare["charge"])["amount"] == 100


def test_a_movement_of_any_type_may_be_made(
    pretend: PretendStripe, client: stripe.StripeClient
) -> None:
    made = pretend.control("odd_transaction", type="moon_tax", amount=-300, fee=2)
    line = client.v1.balance_transactions.retrieve(made["id"])
    assert (line.type, line.reporting_category, line.net) == ("moon_tax", "moon_tax", -302)
    assert pretend.state()["balance_by_type"]["gbp"]["moon_tax"]["net"] == -302


@pytest.mark.parametrize(
    ("control", "asked"),
    [
        ("account_fee", {}),
        ("account_fee", {"amount": 0}),
        ("account_fee", {"amount": 5, "currency": "xxx"}),
        ("odd_transaction", {"amount": 5}),
        ("foreign_payment", {"amount": 1}),
        ("foreign_payment", {}),
        ("end_payout", {"outcome": "paid"}),
        ("end_payout", {"payout": "po_none", "outcome": "paid"}),
        ("end_payout", {"payout": "po_none", "outcome": "lost"}),
        ("payout", {"all": 1}),
    ],
)
def test_money_that_cannot_move_is_refused(
    pretend: PretendStripe, control: str, asked: dict[str, Any]
) -> None:
    assert pretend.http.post(f"/_pretend/{control}", json=asked).status_code == 400
    assert pretend.state()["balance_transactions"] == 0
