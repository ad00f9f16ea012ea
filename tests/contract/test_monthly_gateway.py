"""What our gateway asks about monthly donations, and what it reads, fits what Stripe publishes."""

from dataclasses import replace
from uuid import uuid4

import pytest

from funds.money import Money
from payments.stripe_gateway.checkouts import (
    CheckoutEnd,
    end_checkout,
    open_checkout,
    open_monthly_checkout,
)
from payments.stripe_gateway.facts import NotAFact
from payments.stripe_gateway.monthly_facts import (
    MonthlyBegun,
    MonthlyExpired,
    MonthlyState,
    MonthPaid,
    MonthSettled,
)
from payments.stripe_gateway.subscriptions import (
    change_monthly_amount,
    open_portal,
    read_month,
    read_month_of_payment,
    read_monthly_checkout,
    read_monthly_now,
)
from tests.contract.recorder import RecordingClient
from tests.contract.test_gateway import an_order, recorder, stand_in
from tests.pretend_stripe.process import PretendStripe

pytestmark = pytest.mark.contract

__all__ = ["recorder", "stand_in"]  # fixtures


@pytest.fixture
def begun(recorder: RecordingClient, stand_in: PretendStripe) -> MonthlyBegun:
    """A monthly donation of £25 that was paid once."""
    opened = open_monthly_checkout(an_order(email="a@example.org"))
    stand_in.pay(opened.session_id)
    stand_in.settle()
    told = read_monthly_checkout(opened.session_id)
    assert [type(fact) for fact in told] == [MonthlyBegun, MonthlyState, MonthPaid, MonthSettled]
    (first, *_) = told
    assert isinstance(first, MonthlyBegun)
    return first


def test_opening_and_ending(recorder: RecordingClient) -> None:
    for order in (an_order(), an_order(email="a@example.org", asks_address=True)):
        opened = open_monthly_checkout(order)
        assert open_monthly_checkout(order) == opened
        assert read_monthly_checkout(opened.session_id) == [NotAFact.NOTHING]
        assert end_checkout(opened.session_id) is CheckoutEnd.EXPIRED
        (told,) = read_monthly_checkout(opened.session_id)
        assert isinstance(told, MonthlyExpired)
        assert told.monthly == order.reference


def test_a_month_is_found_by_its_subscription_its_invoice_and_its_payment(
    recorder: RecordingClient, stand_in: PretendStripe, begun: MonthlyBegun
) -> None:
    month = stand_in.control("next_month", subscription=begun.subscription_id)
    state, *by_subscription = read_monthly_now(begun.subscription_id)
    assert isinstance(state, MonthlyState)
    assert (state.status, state.amount) == ("active", Money("25.00", "GBP"))
    for told in (
        by_subscription,
        read_month(month["invoice"]),
        read_month_of_payment(month["payment_intent"]),
    ):
        paid, settled = told
        assert isinstance(paid, MonthPaid)
        assert isinstance(settled, MonthSettled)
        assert paid.monthly == begun.monthly
        assert paid.invoice_id == settled.invoice_id == month["invoice"]
        assert settled.payment_intent_id == month["payment_intent"]
        assert settled.amount == Money("25.00", "GBP")


def test_a_payment_of_no_invoice(recorder: RecordingClient, stand_in: PretendStripe) -> None:
    once = open_checkout(an_order())
    intent = str(stand_in.pay(once.session_id)["payment_intent"])
    assert read_month_of_payment(intent) == []


def test_an_invoice_that_is_not_paid(
    recorder: RecordingClient, stand_in: PretendStripe, begun: MonthlyBegun
) -> None:
    stand_in.control("set_card", subscription=begun.subscription_id, card="4000000000000341")
    month = stand_in.control("next_month", subscription=begun.subscription_id)
    assert month["paid"] is False
    assert read_month(month["invoice"]) == []
    assert read_month_of_payment(month["payment_intent"]) == []
    (state,) = read_monthly_now(begun.subscription_id)
    assert isinstance(state, MonthlyState)
    assert state.status == "past_due"


def test_changing_the_amount(
    recorder: RecordingClient, stand_in: PretendStripe, begun: MonthlyBegun
) -> None:
    key = f"whipround-amount-{uuid4()}"
    for _ in range(2):
        state = change_monthly_amount(begun.subscription_id, Money("12.50", "GBP"), key=key)
        assert state.amount == Money("12.50", "GBP")
        assert state.monthly == begun.monthly


def test_the_portal(
    recorder: RecordingClient, stand_in: PretendStripe, begun: MonthlyBegun
) -> None:
    url = open_portal(begun.customer_id, return_url="https://give.example.org/monthly/x/back/")
    assert url.startswith(stand_in.url)


def test_another_order_is_another_checkout(recorder: RecordingClient) -> None:
    order = an_order()
    other = replace(order, reference=uuid4())
    assert open_monthly_checkout(order) != open_monthly_checkout(other)
