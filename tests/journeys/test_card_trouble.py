"""Card money that goes wrong, over real HTTP: disputes, debits that come late, paid twice."""

from collections.abc import Callable

import httpx
import pytest

from appeals.models import Appeal
from appeals.progress import Reading, read_reading
from funds.models import JournalEntry
from payments import inbox
from payments.models import CardDispute, CardDonation
from payments.stripe_gateway import OUR_METADATA_KEY
from tests.factories import gbp, make_appeal, make_branch
from tests.journeys.test_card import go_to_checkout, session_of, wait_until
from tests.pretend_stripe.process import PretendStripe

pytestmark = pytest.mark.django_db(transaction=True)

PAYING_ACCOUNT = "00012345"


@pytest.fixture
def appeal(stripe: PretendStripe) -> Appeal:
    return make_appeal("rally", target=gbp(100), branch_targets=[(make_branch("Leeds"), gbp(50))])


def reading(appeal: Appeal) -> Reading:
    return read_reading(Appeal.objects.get(pk=appeal.pk))


def raised_is(appeal: Appeal, pounds: str | int) -> Callable[[], bool]:
    return lambda: bool(reading(appeal).raised == gbp(pounds))


def give(donor: httpx.Client, appeal: Appeal, stripe: PretendStripe) -> str:
    """Give £20; the payment's id."""
    paid = stripe.pay(session_of(go_to_checkout(donor)))
    wait_until(raised_is(appeal, 20))
    return str(paid["payment_intent"])


def thanks(donor: httpx.Client) -> str:
    reference = CardDonation.objects.get(again_of=None).reference
    return donor.get(f"/appeals/rally/thanks/{reference}/").text


def settle(stripe: PretendStripe) -> None:
    """Everything has arrived, and nothing waits."""
    stripe.settle(timeout_seconds=30)
    wait_until(lambda: inbox.count_waiting() == 0)


@pytest.mark.parametrize(("amount", "left"), [(None, 20), (1500, 15)])
def test_a_dispute_lowers_the_thermometer_at_once_and_a_win_raises_it(
    donor: httpx.Client, appeal: Appeal, stripe: PretendStripe, amount: int | None, left: int
) -> None:
    dispute = stripe.control("dispute", payment_intent=give(donor, appeal, stripe))
    wait_until(raised_is(appeal, 0))
    assert "Your bank has taken £20 back" in thanks(donor)

    returned = {"amount": amount} if amount else {}
    stripe.control("close_dispute", dispute=dispute["id"], outcome="won", **returned)
    wait_until(raised_is(appeal, left))
    settle(stripe)
    assert reading(appeal).card_donations == 1
    assert CardDispute.objects.get().status == "won"
    assert f"£{left}" in thanks(donor)


def test_a_lost_dispute_stays_lost(
    donor: httpx.Client, appeal: Appeal, stripe: PretendStripe
) -> None:
    dispute = stripe.control("dispute", payment_intent=give(donor, appeal, stripe))
    stripe.control("close_dispute", dispute=dispute["id"], outcome="lost")
    wait_until(lambda: CardDispute.objects.filter(status="lost").exists())
    settle(stripe)
    assert reading(appeal).raised == gbp(0)
    assert "decided to keep it" in thanks(donor)


def test_an_inquiry_takes_nothing_until_it_becomes_a_dispute(
    donor: httpx.Client, appeal: Appeal, stripe: PretendStripe
) -> None:
    payment = give(donor, appeal, stripe)
    inquiry = stripe.control("dispute", payment_intent=payment, inquiry=True)
    wait_until(CardDispute.objects.exists)
    settle(stripe)
    assert reading(appeal).raised == gbp(20)
    stripe.control("escalate_dispute", dispute=inquiry["id"])
    wait_until(raised_is(appeal, 0))
    settle(stripe)
    assert CardDispute.objects.get().status == "needs_response"


@pytest.mark.parametrize("shuffled", [False, True])
def test_a_direct_debit_is_promised_comes_late_and_may_be_taken_back(
    donor: httpx.Client,
    appeal: Appeal,
    stripe: PretendStripe,
    shuffled: bool,  # noqa: FBT001 - a case
) -> None:
    stripe.turn(bacs=True, **({"duplicate": 1.0, "reorder": 2} if shuffled else {}))
    paid = stripe.pay(session_of(go_to_checkout(donor)), bacs=PAYING_ACCOUNT)
    wait_until(lambda: bool(reading(appeal).promised == gbp(20)))
    assert reading(appeal).raised == gbp(0)
    assert "count it as promised" in thanks(donor)

    stripe.control("end_debit", payment_intent=paid["payment_intent"])
    wait_until(raised_is(appeal, 20))
    settle(stripe)
    assert reading(appeal).promised == gbp(0)

    stripe.control("dispute", payment_intent=paid["payment_intent"])
    wait_until(raised_is(appeal, 0))
    settle(stripe)
    assert CardDispute.objects.get().status == "lost"
    assert JournalEntry.objects.filter(kind="card-disputed").count() == 1


def test_a_direct_debit_that_fails_is_promised_no_more(
    donor: httpx.Client, appeal: Appeal, stripe: PretendStripe
) -> None:
    stripe.turn(bacs=True)
    paid = stripe.pay(session_of(go_to_checkout(donor)), bacs=PAYING_ACCOUNT)
    wait_until(lambda: bool(reading(appeal).promised == gbp(20)))
    failed = {"payment_intent": paid["payment_intent"], "failure_code": "insufficient_funds"}
    stripe.control("end_debit", **failed)
    wait_until(lambda: bool(reading(appeal).promised == gbp(0)))
    settle(stripe)
    assert reading(appeal).raised == gbp(0)
    assert "did not go through" in thanks(donor)


def test_a_donation_paid_twice_counts_twice_until_one_is_paid_back(
    donor: httpx.Client, appeal: Appeal, stripe: PretendStripe
) -> None:
    first = give(donor, appeal, stripe)
    reference = str(CardDonation.objects.get().reference)
    with stripe.sdk() as sdk:
        sdk.v1.payment_intents.create(
            {
                "amount": 2000,
                "currency": "gbp",
                "payment_method": "pm_card_visa",
                "confirm": True,
                "metadata": {OUR_METADATA_KEY: reference},
            }
        )
    wait_until(raised_is(appeal, 40))
    assert "It was paid twice" in thanks(donor)
    stripe.control("refund_in_dashboard", payment_intent=first)
    wait_until(raised_is(appeal, 20))
    settle(stripe)
    assert "what was too much went back" in thanks(donor)
