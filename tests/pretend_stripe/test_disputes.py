"""Disputes: by test card and by control, lost, won, returned in part, and years later."""

from typing import Any

import pytest
import stripe

from tests.pretend_stripe.process import PretendStripe, a_session
from tests.pretend_stripe.sink import Sink

DISPUTED = "4000000000000259"
NOT_RECEIVED = "4000000000002685"
INQUIRED = "4000000000001976"
YEAR_SECONDS = 365 * 24 * 60 * 60


@pytest.fixture
def intent(pretend: PretendStripe, client: stripe.StripeClient, sink: Sink) -> str:
    """A paid donation of £25, its fee known."""
    paid = pretend.pay(client.v1.checkout.sessions.create(a_session()).id)
    pretend.settle()
    sink.clear()
    return str(paid["payment_intent"])


def lines(client: stripe.StripeClient, dispute: str) -> list[tuple[str, str, int, int]]:
    """Its balance transactions, oldest first."""
    found = client.v1.balance_transactions.list({"source": dispute}).data
    return [(one.type, one.reporting_category, one.amount, one.fee) for one in found[::-1]]


@pytest.mark.parametrize(
    ("card", "reason"), [(DISPUTED, "fraudulent"), (NOT_RECEIVED, "product_not_received")]
)
def test_a_disputed_card_pays_and_loses_the_money_with_a_fee(
    pretend: PretendStripe, client: stripe.StripeClient, sink: Sink, card: str, reason: str
) -> None:
    paid = pretend.pay(client.v1.checkout.sessions.create(a_session()).id, card=card)
    assert paid["paid"] is True
    pretend.settle()

    (dispute,) = client.v1.disputes.list({"payment_intent": paid["payment_intent"]}).data
    assert (dispute.reason, dispute.status, dispute.amount) == (reason, "needs_response", 2500)
    assert lines(client, dispute.id) == [("adjustment", "dispute", -2500, 2000)]
    (withdrawal,) = dispute.balance_transactions
    assert (withdrawal.net, withdrawal.status) == (-4500, "available")
    assert client.v1.charges.retrieve(str(dispute.charge)).disputed is True
    told = sink.types()
    assert {"charge.dispute.created", "charge.dispute.funds_withdrawn"} <= set(told)
    assert "charge.dispute.closed" not in told
    sums = pretend.state()["balance_by_category"]["gbp"]["dispute"]
    assert sums == {"count": 1, "amount": -2500, "fee": 2000, "net": -4500}


def test_an_inquiry_moves_no_money_until_it_is_escalated(
    pretend: PretendStripe, client: stripe.StripeClient, sink: Sink
) -> None:
    pretend.pay(client.v1.checkout.sessions.create(a_session()).id, card=INQUIRED)
    pretend.settle()
    (dispute,) = client.v1.disputes.list().data
    assert (dispute.status, dispute.is_charge_refundable) == ("warning_needs_response", True)
    assert lines(client, dispute.id) == []
    assert "charge.dispute.funds_withdrawn" not in sink.types()

    pretend.control("escalate_dispute", dispute=dispute.id)
    pretend.settle()
    dispute = client.v1.disputes.retrieve(dispute.id)
    assert (dispute.status, dispute.is_charge_refundable) == ("needs_response", False)
    assert lines(client, dispute.id) == [("adjustment", "dispute", -2500, 2000)]
    (updated,) = sink.of_type("charge.dispute.updated")
    assert updated["data"]["previous_attributes"]["status"] == "warning_needs_response"
    again = pretend.http.post("/_pretend/escalate_dispute", json={"dispute": dispute.id})
    assert again.status_code == 400


def test_an_inquiry_that_ends_leaves_everything_as_it_was(
    pretend: PretendStripe, client: stripe.StripeClient, sink: Sink, intent: str
) -> None:
    made = pretend.control("dispute", payment_intent=intent, inquiry=True)
    pretend.control("close_dispute", dispute=made["id"], outcome="lost")
    pretend.settle()
    (closed,) = sink.of_type("charge.dispute.closed")
    assert closed["data"]["object"]["status"] == "warning_closed"
    assert lines(client, made["id"]) == []


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ({}, (2500, 0)),
        ({"fee_returned": True}, (2500, -2000)),
        ({"amount": 1100}, (1100, 0)),
        ({"amount": 1100, "fee_returned": True}, (1100, -2000)),
    ],
)
def test_a_won_dispute_returns_what_is_said(
    pretend: PretendStripe,
    client: stripe.StripeClient,
    sink: Sink,
    intent: str,
    said: dict[str, Any],
    line: tuple[int, int],
) -> None:
    made = pretend.control("dispute", payment_intent=intent)
    pretend.control("close_dispute", dispute=made["id"], outcome="won", **said)
    pretend.settle()

    assert lines(client, made["id"]) == [
        ("adjustment", "dispute", -2500, 2000),
        ("adjustment", "dispute_reversal", *line),
    ]
    won = client.v1.disputes.retrieve(made["id"])
    assert (won.status, len(won.balance_transactions)) == ("won", 2)
    assert sorted(sink.types()) == [
        "charge.dispute.closed",
        "charge.dispute.created",
        "charge.dispute.funds_reinstated",
        "charge.dispute.funds_withdrawn",
    ]
    assert client.v1.refunds.create({"payment_intent": intent, "amount": 1}).amount == 1


def test_the_knob_says_whether_a_win_returns_the_fee(
    pretend: PretendStripe, client: stripe.StripeClient, intent: str
) -> None:
    pretend.turn(dispute_fee_returned=True)
    made = pretend.control("dispute", payment_intent=intent)
    pretend.control("close_dispute", dispute=made["id"], outcome="won")
    assert lines(client, made["id"])[1] == ("adjustment", "dispute_reversal", 2500, -2000)


def test_a_lost_dispute_moves_nothing_more_and_bars_a_refund(
    pretend: PretendStripe, client: stripe.StripeClient, intent: str
) -> None:
    made = pretend.control("dispute", payment_intent=intent, amount=700, reason="duplicate")
    assert (made["amount"], made["reason"]) == (700, "duplicate")
    pretend.control("close_dispute", dispute=made["id"], outcome="lost")
    assert lines(client, made["id"]) == [("adjustment", "dispute", -700, 2000)]
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.refunds.create({"payment_intent": intent})
    assert refused.value.code == "charge_disputed"


@pytest.mark.parametrize(
    ("evidence", "status", "told"),
    [
        ("winning_evidence", "won", "charge.dispute.funds_reinstated"),
        ("losing_evidence", "lost", "charge.dispute.closed"),
        ("It was a donation.", "under_review", "charge.dispute.updated"),
    ],
)
def test_evidence_decides_as_in_stripes_test_mode(
    pretend: PretendStripe,
    client: stripe.StripeClient,
    sink: Sink,
    intent: str,
    evidence: str,
    status: str,
    told: str,
) -> None:
    made = pretend.control("dispute", payment_intent=intent)
    answered = client.v1.disputes.update(made["id"], {"evidence": {"uncategorized_text": evidence}})
    assert (answered.status, answered.evidence_details.submission_count) == ("under_review", 1)
    pretend.settle()
    assert client.v1.disputes.retrieve(made["id"]).status == status
    assert told in sink.types()


def test_evidence_may_be_gathered_before_it_is_sent(
    pretend: PretendStripe, client: stripe.StripeClient, intent: str
) -> None:
    made = pretend.control("dispute", payment_intent=intent)
    kept = client.v1.disputes.update(
        made["id"], {"evidence": {"customer_name": "A"}, "submit": False, "metadata": {"a": "b"}}
    )
    assert (kept.status, kept.evidence.customer_name) == ("needs_response", "A")
    assert kept.to_dict()["metadata"] == {"a": "b"}


def test_a_dispute_may_come_years_later_after_a_partial_refund(
    pretend: PretendStripe, client: stripe.StripeClient, intent: str
) -> None:
    client.v1.refunds.create({"payment_intent": intent, "amount": 1000})
    pretend.control("clock", seconds=3 * YEAR_SECONDS)
    made = pretend.control("dispute", payment_intent=intent)
    assert made["amount"] == 1500, "what was left of it"
    charge = client.v1.charges.retrieve(made["charge"])
    assert made["created"] - charge.created >= 3 * YEAR_SECONDS
    assert made["balance_transactions"][0]["created"] == made["created"]


def test_a_dispute_before_the_fee_is_known_settles_the_payment_first(
    pretend: PretendStripe, client: stripe.StripeClient
) -> None:
    pretend.turn(charge_updated_delay_seconds=[60, 60])
    paid = pretend.pay(client.v1.checkout.sessions.create(a_session()).id)
    pretend.control("dispute", payment_intent=paid["payment_intent"])
    types = [one.type for one in client.v1.balance_transactions.list().data]
    assert types == ["adjustment", "charge"]


@pytest.mark.parametrize(
    ("control", "asked"),
    [
        ("dispute", {}),
        ("dispute", {"charge": "ch_none"}),
        ("dispute", {"payment_intent": "pi_none"}),
        ("dispute", {"payment_intent": "the one", "charge": "ch_none"}),
        ("dispute", {"payment_intent": "the one", "amount": 2501}),
        ("dispute", {"payment_intent": "the one", "amount": 0}),
        ("dispute", {"payment_intent": "the one", "amount": True}),
        ("close_dispute", {"dispute": "du_none", "outcome": "won"}),
        ("close_dispute", {"dispute": "the open one", "outcome": "drawn"}),
        ("close_dispute", {"dispute": "the open one", "outcome": "won", "amount": 2501}),
        ("close_dispute", {"dispute": "the closed one", "outcome": "won"}),
        ("escalate_dispute", {}),
    ],
)
def test_a_dispute_that_cannot_be_is_refused(
    pretend: PretendStripe, intent: str, control: str, asked: dict[str, Any]
) -> None:
    ids = {"the one": intent}
    if "one" in asked.get("dispute", ""):
        made = pretend.control("dispute", payment_intent=intent)
        ids["the open one"] = ids["the closed one"] = made["id"]
        if "closed" in asked["dispute"]:
            pretend.control("close_dispute", dispute=made["id"], outcome="lost")
    before = pretend.state()
    sent = {name: ids.get(value, value) for name, value in asked.items()}
    answer = pretend.http.post(f"/_pretend/{control}", json=sent)
    assert answer.status_code == 400
    after = pretend.state()
    for name in ("disputes", "balance_transactions"):
        assert after[name] == before[name]


def test_what_took_no_money_cannot_be_disputed(
    pretend: PretendStripe, client: stripe.StripeClient
) -> None:
    declined = pretend.pay(
        client.v1.checkout.sessions.create(a_session()).id, card="4000000000000002"
    )
    answer = pretend.http.post(
        "/_pretend/dispute", json={"payment_intent": declined["payment_intent"]}
    )
    assert (answer.status_code, "took no money" in answer.text) == (400, True)
