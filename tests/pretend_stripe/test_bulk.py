"""A past made up at once: it adds up, and lists find their way through it."""

import time
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest
import stripe

from tests.pretend_stripe.process import PretendStripe, a_session
from tests.pretend_stripe.sink import Sink

DAY_SECONDS = 24 * 60 * 60


def everything(client: stripe.StripeClient, **params: Any) -> list[stripe.BalanceTransaction]:
    asked: Any = {"limit": 100, **params}
    return list(client.v1.balance_transactions.list(asked).auto_paging_iter())


@pytest.fixture
def past(pretend: PretendStripe) -> list[dict[str, Any]]:
    """A month of 600 payments, with all that may become of them."""
    made = pretend.control(
        "bulk",
        payments=600,
        days=30,
        refund_share=0.1,
        dispute_share=0.1,
        account_fees=2,
        metadata={"donation": "{reference}"},
        listed=True,
    )
    payments: list[dict[str, Any]] = made["payments"]
    return payments


def test_a_past_adds_up_and_nobody_hears_of_it(
    pretend: PretendStripe,
    client: stripe.StripeClient,
    sink: Sink,
    past: list[dict[str, Any]],
) -> None:
    pretend.settle()
    assert sink.arrivals == []
    groups = pretend.state()["balance_by_category"]["gbp"]
    assert groups["charge"]["count"] == 600
    assert groups["charge"]["amount"] == sum(one["amount"] for one in past)
    assert groups["refund"]["amount"] == -sum(one["amount_refunded"] for one in past)
    disputed = [one for one in past if one["disputed"]]
    assert groups["dispute"]["amount"] == -sum(one["amount"] for one in disputed)
    assert groups["fee"]["count"] == 2
    assert 0 < len(disputed) < 120
    balance = client.v1.balance.retrieve()
    left = balance.available[0].amount + balance.pending[0].amount
    assert left == sum(group["net"] for group in groups.values())


def test_each_payment_carries_its_reference_and_is_found_whole(
    pretend: PretendStripe, client: stripe.StripeClient, past: list[dict[str, Any]]
) -> None:
    one = past[300]
    assert one["reference"] == str(uuid5(NAMESPACE_URL, "bulk-300"))
    intent = client.v1.payment_intents.retrieve(
        one["payment_intent"], {"expand": ["latest_charge.balance_transaction"]}
    )
    assert intent.to_dict()["metadata"] == {"donation": one["reference"]}
    assert (intent.amount_received, intent.created) == (one["amount"], one["created"])
    assert isinstance(intent.latest_charge, stripe.Charge)
    assert isinstance(intent.latest_charge.balance_transaction, stripe.BalanceTransaction)
    assert intent.latest_charge.balance_transaction.created == one["created"]
    refunded = next(one for one in past if one["amount_refunded"])
    (refund,) = client.v1.refunds.list({"payment_intent": refunded["payment_intent"]}).data
    assert refund.amount == refunded["amount_refunded"]
    disputed = next(one for one in past if one["disputed"])
    (dispute,) = client.v1.disputes.list({"charge": disputed["charge"]}).data
    assert dispute.amount == disputed["amount"]


def test_each_payout_is_the_sum_of_what_it_took_along(
    pretend: PretendStripe, client: stripe.StripeClient, past: list[dict[str, Any]]
) -> None:
    payouts = list(client.v1.payouts.list({"limit": 100}).auto_paging_iter())
    assert len(payouts) >= 15
    taken = set()
    for payout in payouts:
        contents = everything(client, payout=payout.id)
        assert sum(line.net for line in contents) == 0, "its own transaction is among them"
        assert [line.created for line in contents] == sorted(
            (line.created for line in contents), reverse=True
        )
        taken |= {line.id for line in contents}
    lines = everything(client)
    left = [line.net for line in lines if line.id not in taken]
    balance = client.v1.balance.retrieve()
    assert sum(left) == balance.available[0].amount + balance.pending[0].amount
    pretend.control("clock", seconds=7 * DAY_SECONDS)
    assert {one.status for one in client.v1.payouts.list({"limit": 100}).data} == {"paid"}
    (rest,) = pretend.control("payout")["payouts"]
    assert rest["amount"] == sum(left)


def test_lists_go_through_a_past_by_page_by_time_and_after_newer_things(
    pretend: PretendStripe, client: stripe.StripeClient
) -> None:
    newest = pretend.pay(client.v1.checkout.sessions.create(a_session()).id)
    pretend.settle()
    pretend.control("bulk", payments=250, days=10, payout_every_days=0)

    lines = everything(client)
    assert len(lines) == len({line.id for line in lines}) == 251
    moments = [line.created for line in lines]
    assert moments == sorted(moments, reverse=True)
    (intent,) = client.v1.payment_intents.list({"limit": 1}).data
    assert intent.id == newest["payment_intent"]
    middle = lines[100]
    for bounds in (
        {"gte": middle.created},
        {"gt": middle.created},
        {"lt": middle.created, "gte": lines[200].created},
        {"lte": middle.created, "gt": lines[200].created},
    ):
        expected = [line.id for line in lines if within(line.created, bounds)]
        assert [line.id for line in everything(client, created=bounds)] == expected
    back = client.v1.balance_transactions.list({"limit": 5, "ending_before": middle.id})
    assert [line.id for line in back.data] == [line.id for line in lines[95:100]]
    both = everything(client, created={"gte": lines[150].created}, starting_after=middle.id)
    assert [line.id for line in both] == [line.id for line in lines[101:151]]


def within(moment: int, bounds: dict[str, int]) -> bool:
    return (
        moment >= bounds.get("gte", 0)
        and moment > bounds.get("gt", -1)
        and moment <= bounds.get("lte", moment)
        and moment < bounds.get("lt", moment + 1)
    )


def test_a_page_of_a_long_past_takes_no_longer_than_one_of_a_short_past(
    pretend: PretendStripe,
) -> None:
    headers = {"Authorization": "Bearer sk_test_1"}

    def seconds_for_a_page_in_the_middle(payments: int) -> float:
        pretend.reset()
        made = pretend.control("bulk", payments=payments, days=300, listed=True)["payments"]
        since = made[payments // 2]["created"]
        query = f"limit=20&created[gte]={since - 1000}&created[lte]={since + 1_000_000}"
        best = 60.0
        for _ in range(7):
            started = time.perf_counter()
            page = pretend.http.get(f"/v1/balance_transactions?{query}", headers=headers)
            best = min(best, time.perf_counter() - started)
            assert page.json()["data"]
        return best

    short, long = (seconds_for_a_page_in_the_middle(count) for count in (500, 20_000))
    assert long < short * 5 + 0.005, "forty times the past"


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"payments": 0},
        {"payments": 5, "refund_share": 0.6, "dispute_share": 0.6},
        {"payments": 5, "refund_share": -0.1},
        {"payments": 5, "amounts": [5]},
        {"payments": 5, "amounts": ["a", "b"]},
        {"payments": 5, "amounts": [9, 5]},
        {"payments": 5, "days": 0},
        {"payments": 5, "payout_every_days": -1},
        {"payments": 5, "currency": "xxx"},
        {"payments": 5, "colour": "red"},
        {"payments": 5, "metadata": {"donation": 5}},
    ],
)
def test_a_past_that_cannot_be_is_refused(pretend: PretendStripe, asked: dict[str, Any]) -> None:
    assert pretend.http.post("/_pretend/bulk", json=asked).status_code == 400
    assert pretend.state()["charges"] == 0
