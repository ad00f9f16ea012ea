"""The months after the first: taken, refused, tried again, and the end."""

from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
import stripe

from payments.pretend_stripe.months import next_end
from tests.pretend_stripe.monthly import a_monthly_session, begin_monthly
from tests.pretend_stripe.process import DECLINED, INSUFFICIENT, VISA, PretendStripe, a_session
from tests.pretend_stripe.sink import Sink

DAY = 24 * 60 * 60


@pytest.fixture
def monthly(pretend: PretendStripe, client: stripe.StripeClient, sink: Sink) -> stripe.Subscription:
    subscription = begin_monthly(pretend, client)
    sink.clear()
    return subscription


def period_end(subscription: stripe.Subscription) -> int:
    return int(subscription.to_dict()["items"]["data"][0]["current_period_end"])


def go_to(pretend: PretendStripe, moment: int) -> None:
    """Move the pretend clock to a moment, Unix seconds."""
    pretend.control("clock", seconds=moment - pretend.state()["clock"] + 1)


def again(client: stripe.StripeClient, subscription: stripe.Subscription) -> stripe.Subscription:
    return client.v1.subscriptions.retrieve(subscription.id)


def newest_invoice(
    client: stripe.StripeClient, subscription: stripe.Subscription
) -> stripe.Invoice:
    return client.v1.invoices.list({"subscription": subscription.id}).data[0]


def test_a_month_later_the_saved_card_pays_the_next_invoice(
    pretend: PretendStripe, client: stripe.StripeClient, sink: Sink, monthly: stripe.Subscription
) -> None:
    end = period_end(monthly)
    go_to(pretend, end)
    draft = newest_invoice(client, monthly)
    assert (draft.status, draft.billing_reason) == ("draft", "subscription_cycle")
    assert draft.automatically_finalizes_at == draft.created + 3600

    go_to(pretend, end + 3600)
    pretend.settle()
    paid = client.v1.invoices.retrieve(str(draft.id), {"expand": ["payments"]})
    assert (paid.status, paid.amount_paid) == ("paid", 1000)
    assert paid.period_end == end == paid.lines.data[0].period.start
    assert paid.to_dict()["parent"]["subscription_details"]["metadata"] == {"monthly": "m1"}
    assert period_end(again(client, monthly)) == paid.lines.data[0].period.end
    assert sorted(sink.types()) == [
        "charge.succeeded",
        "charge.updated",
        "customer.subscription.updated",
        "invoice.created",
        "invoice.finalized",
        "invoice.paid",
        "invoice.payment_succeeded",
        "invoice_payment.paid",
        "payment_intent.created",
        "payment_intent.succeeded",
    ]
    (succeeded,) = sink.of_type("charge.succeeded")
    assert succeeded["data"]["object"]["metadata"] == {}
    assert succeeded["request"] == {"id": None, "idempotency_key": None}


def test_each_month_that_passes_is_taken_once_and_in_its_own_time(
    pretend: PretendStripe, client: stripe.StripeClient, monthly: stripe.Subscription
) -> None:
    pretend.control("clock", seconds=95 * DAY)
    pretend.settle()
    invoices = client.v1.invoices.list({"subscription": monthly.id, "status": "paid"}).data
    assert len(invoices) == 4
    starts = [invoice.lines.data[0].period.start for invoice in invoices]
    for invoice, start in zip(invoices[:-1], starts[:-1], strict=True):
        assert 0 <= invoice.created - start <= 1
    assert all(later - earlier > 27 * DAY for later, earlier in pairwise(starts))
    assert len({invoice.number for invoice in invoices}) == 4
    assert pretend.state()["balance_sums"]["gbp"]["charge"] == 4000


def test_next_month_takes_a_month_at_once_and_only_once(
    pretend: PretendStripe, client: stripe.StripeClient, monthly: stripe.Subscription
) -> None:
    done = pretend.control("next_month", subscription=monthly.id)
    assert (done["paid"], done["invoice_status"], done["subscription_status"]) == (
        True,
        "paid",
        "active",
    )
    assert client.v1.payment_intents.retrieve(done["payment_intent"]).status == "succeeded"
    go_to(pretend, period_end(monthly) + 2 * DAY)
    pretend.settle()
    assert pretend.state()["invoices"] == {"paid": 2}
    assert pretend.control("next_month", all=True) == {"invoices": {"paid": 1}}


@pytest.mark.parametrize(
    ("began", "ends"),
    [
        ("2026-01-31", ["2026-02-28", "2026-03-31", "2026-04-30"]),
        ("2028-01-30", ["2028-02-29", "2028-03-30"]),
        ("2026-11-15", ["2026-12-15", "2027-01-15"]),
    ],
)
def test_a_month_ends_on_the_same_day_or_the_months_last(began: str, ends: list[str]) -> None:
    anchor = int(datetime.fromisoformat(f"{began}T10:20:30+00:00").timestamp())
    recurring = {"interval": "month", "interval_count": 1}
    found, start = [], anchor
    for _ in ends:
        start = next_end(recurring, anchor=anchor, start=start)
        found.append(f"{datetime.fromtimestamp(start, UTC):%Y-%m-%d}")
    assert found == ends
    yearly = next_end({"interval": "year", "interval_count": 1}, anchor=anchor, start=anchor)
    assert yearly - anchor in (365 * DAY, 366 * DAY)


def test_a_refused_month_is_tried_again_until_the_card_is_good(
    pretend: PretendStripe, client: stripe.StripeClient, sink: Sink, monthly: stripe.Subscription
) -> None:
    pretend.control("set_card", subscription=monthly.id, card=INSUFFICIENT)
    assert sink.arrivals == [], "nobody is told that a bank has become unwilling"
    go_to(pretend, period_end(monthly) + 3600)
    pretend.settle()
    (failed,) = sink.of_type("invoice.payment_failed")
    told = failed["data"]["object"]
    assert (told["attempt_count"], told["attempted"], told["status"]) == (1, True, "open")
    assert told["next_payment_attempt"] - told["status_transitions"]["finalized_at"] == 3 * DAY
    assert sink.of_type("charge.failed")
    told_of = [one["data"] for one in sink.of_type("customer.subscription.updated")]
    (moved,) = [data for data in told_of if data["object"]["status"] == "past_due"]
    assert moved["previous_attributes"] == {"status": "active"}

    go_to(pretend, told["next_payment_attempt"])
    again_open = client.v1.invoices.retrieve(told["id"])
    assert (again_open.attempt_count, again_open.status) == (2, "open")
    assert again_open.next_payment_attempt == told["next_payment_attempt"] + 5 * DAY
    pretend.control("set_card", customer=str(monthly.customer), card=VISA)
    go_to(pretend, told["next_payment_attempt"] + 5 * DAY)
    pretend.settle()
    paid = client.v1.invoices.retrieve(told["id"], {"expand": ["payments"]})
    assert (paid.attempt_count, paid.status, paid.next_payment_attempt) == (3, "paid", None)
    assert again(client, monthly).status == "active"
    assert paid.payments is not None
    intent = str(paid.payments.data[0].payment.payment_intent)
    charges = client.v1.charges.list({"payment_intent": intent}).data
    assert [charge.status for charge in charges] == ["succeeded", "failed", "failed"]


@pytest.mark.parametrize(
    ("after", "status", "tries"),
    [("cancel", "canceled", [3, 5, 7]), ("unpaid", "unpaid", [1]), ("past_due", "past_due", [])],
)
def test_what_follows_the_last_refusal_is_a_knob(
    pretend: PretendStripe,
    client: stripe.StripeClient,
    sink: Sink,
    monthly: stripe.Subscription,
    after: str,
    status: str,
    tries: list[int],
) -> None:
    pretend.turn(after_retries=after, retry_days=tries)
    pretend.control("set_card", subscription=monthly.id, card=DECLINED)
    go_to(pretend, period_end(monthly) + 16 * DAY)
    pretend.settle()

    assert len(sink.of_type("invoice.payment_failed")) == len(tries) + 1
    ended = again(client, monthly)
    assert ended.status == status
    invoice = newest_invoice(client, monthly)
    assert (invoice.status, invoice.next_payment_attempt) == ("open", None)
    deleted = sink.of_type("customer.subscription.deleted")
    assert len(deleted) == (after == "cancel")
    for one in deleted:
        details = one["data"]["object"]["cancellation_details"]
        assert details["reason"] == "payment_failed"
        assert one["data"]["object"]["ended_at"] is not None

    pretend.control("set_card", subscription=monthly.id, card=VISA)
    go_to(pretend, period_end(ended) + DAY)
    pretend.settle()
    newer = newest_invoice(client, monthly)
    expected = {"cancel": "open", "unpaid": "draft", "past_due": "paid"}[after]
    assert newer.status == expected, "who does not pay is not asked again, unless past due"
    if after == "unpaid":
        paid = client.v1.invoices.pay(str(newer.id))
        assert paid.status == "paid"
        assert again(client, monthly).status == "active"


def test_an_attempt_at_once_takes_the_place_of_the_one_to_come(
    pretend: PretendStripe, client: stripe.StripeClient, monthly: stripe.Subscription
) -> None:
    pretend.control("set_card", subscription=monthly.id, card=DECLINED)
    failed = pretend.control("next_month", subscription=monthly.id)
    assert (failed["paid"], failed["subscription_status"]) == (False, "past_due")
    with pytest.raises(stripe.CardError) as refused:
        client.v1.invoices.pay(failed["invoice"])
    assert (refused.value.http_status, refused.value.code) == (402, "card_declined")
    pretend.control("set_card", subscription=monthly.id, card=VISA)
    paid = pretend.control("retry_invoice", invoice=failed["invoice"])
    assert (paid["paid"], paid["payment_intent"]) == (True, failed["payment_intent"])
    pretend.control("clock", seconds=20 * DAY)
    assert client.v1.invoices.retrieve(failed["invoice"]).attempt_count == 3
    with pytest.raises(stripe.InvalidRequestError, match="already paid"):
        client.v1.invoices.pay(failed["invoice"])
    with pytest.raises(AssertionError, match="not waiting"):
        pretend.control("retry_invoice", invoice=failed["invoice"])


def test_what_is_stopped_at_the_periods_end_ends_there(
    pretend: PretendStripe, client: stripe.StripeClient, sink: Sink, monthly: stripe.Subscription
) -> None:
    subscriptions = client.v1.subscriptions
    leaving = subscriptions.update(monthly.id, {"cancel_at_period_end": True})
    assert (leaving.status, leaving.cancel_at) == ("active", period_end(monthly))
    stays = subscriptions.update(monthly.id, {"cancel_at_period_end": False})
    assert (stays.cancel_at, stays.canceled_at) == (None, None)
    subscriptions.update(monthly.id, {"cancel_at_period_end": True})
    go_to(pretend, period_end(monthly))
    pretend.settle()

    gone = again(client, monthly)
    assert (gone.status, gone.cancel_at_period_end) == ("canceled", True)
    assert gone.ended_at is not None
    assert abs(gone.ended_at - period_end(monthly)) <= 1
    assert len(sink.of_type("customer.subscription.deleted")) == 1
    assert pretend.state()["invoices"] == {"paid": 1}


def test_what_is_stopped_at_once_takes_nothing_more(
    pretend: PretendStripe, client: stripe.StripeClient, sink: Sink, monthly: stripe.Subscription
) -> None:
    go_to(pretend, period_end(monthly))
    draft = newest_invoice(client, monthly)
    assert draft.status == "draft"
    gone = client.v1.subscriptions.cancel(monthly.id)
    assert (gone.status, gone.cancel_at_period_end) == ("canceled", False)
    assert gone.cancellation_details is not None
    assert gone.cancellation_details.reason == "cancellation_requested"
    pretend.control("clock", seconds=40 * DAY)
    pretend.settle()

    assert pretend.state()["invoices"] == {"paid": 1, "draft": 1}
    assert client.v1.subscriptions.list().data == []
    assert [one.id for one in client.v1.subscriptions.list({"status": "ended"}).data] == [gone.id]
    assert [one.id for one in client.v1.subscriptions.list({"status": "all"}).data] == [gone.id]
    with pytest.raises(stripe.InvalidRequestError) as unknown:
        client.v1.subscriptions.cancel(monthly.id)
    assert unknown.value.http_status == 404
    with pytest.raises(stripe.InvalidRequestError, match="can only update"):
        client.v1.subscriptions.update(monthly.id, {"cancel_at_period_end": True})
    changed = client.v1.subscriptions.update(monthly.id, {"metadata": {"why": "asked"}})
    assert changed.to_dict()["metadata"] == {"monthly": "m1", "why": "asked"}
    with pytest.raises(AssertionError, match="has ended"):
        pretend.control("next_month", subscription=monthly.id)


def another_amount(subscription: stripe.Subscription, **changes: Any) -> Any:
    """Parameters that make it £15 a month from the next invoice on."""
    (item,) = subscription.to_dict()["items"]["data"]
    data = {
        "currency": "gbp",
        "product": item["price"]["product"],
        "unit_amount": 1500,
        "recurring": {"interval": "month"},
    }
    return {
        "items": [{"id": item["id"], "price_data": data | changes}],
        "proration_behavior": "none",
    }


def test_another_amount_counts_from_the_next_invoice_on(
    pretend: PretendStripe, client: stripe.StripeClient, sink: Sink, monthly: stripe.Subscription
) -> None:
    changed = client.v1.subscriptions.update(monthly.id, another_amount(monthly))
    assert changed.to_dict()["items"]["data"][0]["price"]["unit_amount"] == 1500
    pretend.settle()
    (updated,) = sink.of_type("customer.subscription.updated")
    before = updated["data"]["previous_attributes"]
    assert before["items"]["data"][0]["price"]["unit_amount"] == 1000
    assert before.keys() == {"items"}
    assert pretend.state()["charges"] == 1, "nothing is taken for this month"
    done = pretend.control("next_month", subscription=monthly.id)
    assert client.v1.invoices.retrieve(done["invoice"]).amount_paid == 1500


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"proration_behavior": None}, "proration_behavior"),
        ({"currency": "eur"}, "items[0][price]"),
        ({"recurring": {"interval": "year"}}, "items[0][price]"),
        ({"product": "prod_none"}, "items[0][price_data][product]"),
        ({"default_payment_method": "pm_none"}, "default_payment_method"),
        ({"items": [{"quantity": 2}]}, "items[0][id]"),
    ],
)
def test_a_change_that_cannot_be_is_refused(
    client: stripe.StripeClient,
    monthly: stripe.Subscription,
    changes: dict[str, Any],
    param: str,
) -> None:
    whole = ("proration_behavior", "default_payment_method", "items")
    inner = {name: value for name, value in changes.items() if name not in whole}
    outer = {name: value for name, value in changes.items() if name in whole}
    params = another_amount(monthly, **inner) | outer
    wanted: Any = {name: value for name, value in params.items() if value is not None}
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.subscriptions.update(monthly.id, wanted)
    assert refusal.value.param == param
    assert again(client, monthly) == monthly


def test_a_price_that_is_no_longer_sold_cannot_be_had(
    client: stripe.StripeClient, monthly: stripe.Subscription
) -> None:
    product = client.v1.products.create({"name": "Old", "active": False})
    with pytest.raises(stripe.InvalidRequestError, match="inactive"):
        client.v1.subscriptions.update(monthly.id, another_amount(monthly, product=product.id))
    with pytest.raises(stripe.InvalidRequestError, match="either `product`"):
        client.v1.prices.create({"currency": "gbp", "unit_amount": 1})


def test_a_price_and_a_quantity_may_be_chosen_by_id(
    pretend: PretendStripe, client: stripe.StripeClient, monthly: stripe.Subscription
) -> None:
    (item,) = monthly.to_dict()["items"]["data"]
    recurring: Any = {"interval": "month"}
    price = client.v1.prices.create(
        {
            "currency": "gbp",
            "unit_amount": 300,
            "product": item["price"]["product"],
            "recurring": recurring,
        }
    )
    update = client.v1.subscriptions.update
    update(
        monthly.id,
        {"items": [{"id": item["id"], "price": price.id}], "proration_behavior": "none"},
    )
    update(monthly.id, {"items": [{"id": item["id"], "quantity": 3}], "proration_behavior": "none"})
    done = pretend.control("next_month", subscription=monthly.id)
    assert client.v1.invoices.retrieve(done["invoice"]).amount_paid == 900


def test_a_customer_is_changed_and_lends_the_card_that_is_named(
    pretend: PretendStripe, client: stripe.StripeClient, sink: Sink, monthly: stripe.Subscription
) -> None:
    customer = str(monthly.customer)
    (card,) = client.v1.customers.payment_methods.list(customer).data
    changed = client.v1.customers.update(
        customer,
        {
            "email": "new@example.org",
            "invoice_settings": {"default_payment_method": card.id},
            "metadata": {"donor": "d1"},
        },
    )
    assert changed.email == "new@example.org"
    client.v1.subscriptions.update(monthly.id, {"default_payment_method": card.id})
    pretend.settle()
    (updated,) = sink.of_type("customer.updated")
    assert updated["data"]["previous_attributes"]["email"] == "donor@example.org"
    assert not sink.of_type("customer.subscription.updated"), "it was that card already"
    other = client.v1.customers.create({"email": "other@example.org"})
    with pytest.raises(stripe.InvalidRequestError, match="attached"):
        client.v1.customers.update(
            other.id, {"invoice_settings": {"default_payment_method": card.id}}
        )
    pretend.pay(client.v1.checkout.sessions.create(a_session()).id)
    unsaved = client.v1.payment_intents.list({"limit": 1}).data[0].payment_method
    with pytest.raises(stripe.InvalidRequestError, match="attached"):
        client.v1.subscriptions.update(monthly.id, {"default_payment_method": str(unsaved)})


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("next_month", {}),
        ("next_month", {"subscription": "sub_none"}),
        ("retry_invoice", {"invoice": "in_none"}),
        ("set_card", {"card": VISA}),
        ("set_card", {"customer": "cus_none", "card": VISA}),
        ("set_card", {"customer": "cus_none", "card": "1234"}),
        ("knobs", {"after_retries": "shrug"}),
        ("knobs", {"retry_days": [0]}),
        ("knobs", {"retry_days": 3}),
    ],
)
def test_a_control_that_makes_no_sense_is_refused(
    pretend: PretendStripe, name: str, asked: dict[str, Any]
) -> None:
    answer = pretend.http.post(f"/_pretend/{name}", json=asked)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_a_months_payment_can_be_disputed_and_refunded_as_any(
    pretend: PretendStripe, client: stripe.StripeClient, sink: Sink, monthly: stripe.Subscription
) -> None:
    refunded = pretend.control("next_month", subscription=monthly.id)["payment_intent"]
    client.v1.refunds.create({"payment_intent": refunded})
    pretend.control("set_card", subscription=monthly.id, card="4000000000000259")
    disputed = pretend.control("next_month", subscription=monthly.id)["payment_intent"]
    pretend.settle()
    (refund,) = sink.of_type("charge.refunded")
    assert refund["data"]["object"]["payment_intent"] == refunded
    (dispute,) = sink.of_type("charge.dispute.created")
    assert dispute["data"]["object"]["payment_intent"] == disputed
    assert pretend.state()["subscriptions"] == {"active": 1}, "a dispute ends no subscription"


def test_many_subscriptions_renew_side_by_side(
    pretend: PretendStripe, client: stripe.StripeClient
) -> None:
    for _ in range(30):
        pretend.pay(client.v1.checkout.sessions.create(a_monthly_session()).id)
    pretend.control("clock", seconds=32 * DAY)
    pretend.settle()
    assert pretend.state()["invoices"] == {"paid": 60}


def test_a_donation_every_three_months_says_so_and_waits_so_long(
    pretend: PretendStripe, client: stripe.StripeClient
) -> None:
    price = {
        "currency": "gbp",
        "unit_amount": 3000,
        "product_data": {"name": "Rally"},
        "recurring": {"interval": "month", "interval_count": 3},
    }
    items = [{"price_data": price, "quantity": 1}]
    session = client.v1.checkout.sessions.create(a_monthly_session(line_items=items))
    assert session.url is not None
    assert "Donate £30.00 every 3 months" in pretend.http.get(session.url).text
    pretend.pay(session.id)
    pretend.control("clock", seconds=80 * DAY)
    assert pretend.state()["invoices"] == {"paid": 1}
    pretend.control("clock", seconds=14 * DAY)
    assert pretend.state()["invoices"] == {"paid": 2}
    (other,) = client.v1.invoices.list({"limit": 1, "expand": ["data.payments"]}).data
    assert other.payments is not None
    assert len(other.payments.data) == 1
    assert client.v1.subscriptions.list({"customer": "cus_none"}).data == []
