"""Sending orders to Stripe: each is one refund there and one in the books, whoever dies when."""

import random
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from funds.ledger import Kind
from funds.models import JournalEntry
from funds.money import Money
from payments import refund_sending
from payments.audit import audit_till
from payments.booking import book_facts
from payments.models import CardDonation, CardRefund, RefundOrder
from payments.refund_orders import OrderDecidedError, approve, decline, is_withdrawable, withdraw
from payments.refund_sending import CLAIM_LASTS, KEY_IS_SAFE_FOR, send_due_refunds
from payments.refundable import read_refundable
from payments.stripe_gateway import refunding as gateway
from payments.stripe_gateway.client import TIMEOUT_SECONDS, StripeUnavailableError
from payments.stripe_gateway.facts import Refunded, RefundState
from payments.stripe_gateway.refunding import (
    Hold,
    MadeRefund,
    NoRightToRefundError,
    RefundRefusedError,
    Refusal,
)
from tests.factories import gbp
from tests.payments.books import held_by_stripe, raised_by_card
from tests.payments.refunding import (
    DiedError,
    events_of,
    fresh_order,
    let_claims_run_out,
    make_national,
    make_received,
    order,
    pay_at,
    refunds_at,
    tell,
)
from tests.payments.test_refund_orders import at_once
from tests.pretend_stripe.process import PretendStripe

pytestmark = pytest.mark.django_db

Outcome = RefundOrder.Outcome


def asking(effect: Callable[[gateway.RefundRequest], MadeRefund] | Exception) -> Any:
    """Stripe's part is played by ``effect``."""
    return mock.patch.object(refund_sending, "give_back", side_effect=effect)


def dying_after(work: Callable[..., Any]) -> Any:
    """What ``work`` did at Stripe is done, and its answer reaches nobody."""

    def die(*asked: Any) -> Any:
        work(*asked)
        raise DiedError

    return die


def make_it_old(order: RefundOrder) -> None:
    """Sent so long ago that Stripe has forgotten the key."""
    longer = KEY_IS_SAFE_FOR + timedelta(hours=10)
    RefundOrder.objects.filter(pk=order.pk).update(sent_at=timezone.now() - longer)


def made(
    order: RefundOrder, state: RefundState = RefundState.GONE, *, hold: Hold | None = None
) -> MadeRefund:
    payment = order.donation.payment_intent_id
    assert payment is not None
    now = timezone.now()
    fact = Refunded(f"re_{order.pk}", payment, order.amount, state, now, now)
    return MadeRefund(fact, str(order.reference), hold)


class TestSending:
    def test_an_order_is_given_back_and_booked_at_once(self, stripe: PretendStripe) -> None:
        donation = pay_at(stripe, gbp(25))
        ordered = order(donation, gbp(10), stripe_reason="duplicate")

        assert send_due_refunds() == 1

        sent = fresh_order(ordered)
        assert sent.outcome == Outcome.REFUNDED
        assert sent.finished_at is not None
        refund = CardRefund.objects.get()
        assert refund.stripe_id == sent.stripe_refund_id
        assert refund.amount == gbp(10)
        assert refunds_at(stripe, donation) == [1000]
        assert raised_by_card(donation.appeal) == held_by_stripe() == gbp(15)
        with stripe.sdk() as sdk:
            told = sdk.v1.refunds.retrieve(refund.stripe_id).to_dict()
        assert told["metadata"] == {"whipround_refund": str(ordered.reference)}
        assert told["reason"] == "duplicate"
        assert send_due_refunds() == 0
        assert list(audit_till()) == []

    def test_what_waits_for_a_second_person_is_not_sent(self, stripe: PretendStripe) -> None:
        donation = pay_at(stripe, gbp(150))
        waiting = order(donation)
        assert send_due_refunds() == 0

        approve(waiting, by=make_national("second"))
        assert send_due_refunds() == 1
        assert refunds_at(stripe, donation) == [15000]

    def test_what_was_declined_or_withdrawn_is_never_sent(self, stripe: PretendStripe) -> None:
        donation = pay_at(stripe, gbp(150))
        decline(order(donation), by=make_national("second"), reason="No")
        withdraw(order(donation), by=make_national())
        withdraw(order(donation, gbp(5)), by=make_national())

        assert send_due_refunds() == 0
        assert refunds_at(stripe, donation) == []

    def test_all_that_is_due_goes_the_longest_waiting_first(self, stripe: PretendStripe) -> None:
        donation = pay_at(stripe, gbp(25))
        for pounds in (1, 2, 3):
            order(donation, gbp(pounds))

        assert send_due_refunds() == 3
        assert refunds_at(stripe, donation) == [300, 200, 100]

    def test_a_run_sends_only_so_many_that_other_chores_are_not_held_up(
        self, stripe: PretendStripe, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(refund_sending, "_MOST_AT_ONCE", 2)
        donation = pay_at(stripe, gbp(25))
        for _ in range(3):
            order(donation, gbp(1))

        assert (send_due_refunds(), send_due_refunds()) == (2, 1)


class TestDying:
    def test_the_process_dies_between_the_call_and_the_answer(self, stripe: PretendStripe) -> None:
        donation = pay_at(stripe, gbp(25))
        ordered = order(donation, gbp(10))
        with (
            asking(dying_after(gateway.give_back)),
            pytest.raises(DiedError),
        ):
            send_due_refunds()
        assert refunds_at(stripe, donation) == [1000]
        assert not CardRefund.objects.exists()
        with pytest.raises(OrderDecidedError):
            withdraw(ordered, by=make_national())

        assert send_due_refunds() == 0, "whoever claimed it may be alive"
        let_claims_run_out()
        assert send_due_refunds() == 1

        assert fresh_order(ordered).outcome == Outcome.REFUNDED
        assert refunds_at(stripe, donation) == [1000]
        assert raised_by_card(donation.appeal) == gbp(15)

    def test_it_dies_before_the_call(self, stripe: PretendStripe) -> None:
        donation = pay_at(stripe, gbp(25))
        ordered = order(donation, gbp(10))
        with asking(dying_after(lambda _: None)), pytest.raises(DiedError):
            send_due_refunds()
        let_claims_run_out()
        send_due_refunds()

        assert fresh_order(ordered).attempts == 2
        assert refunds_at(stripe, donation) == [1000]

    def test_it_dies_while_it_books(self, stripe: PretendStripe) -> None:
        donation = pay_at(stripe, gbp(25))
        ordered = order(donation, gbp(10))
        dying = mock.patch.object(refund_sending, "book_facts", dying_after(book_facts))
        with dying, pytest.raises(DiedError):
            send_due_refunds()
        assert not CardRefund.objects.exists(), "the booking and the order's end come together"
        let_claims_run_out()
        send_due_refunds()

        assert fresh_order(ordered).outcome == Outcome.REFUNDED
        assert refunds_at(stripe, donation) == [1000]
        assert JournalEntry.objects.filter(kind=Kind.CARD_REFUND).count() == 1

    def test_the_answer_is_cut_in_the_middle(self, stripe: PretendStripe) -> None:
        donation = pay_at(stripe, gbp(25))
        ordered = order(donation, gbp(10))
        stripe.turn(fail_with="cut")
        with pytest.raises(StripeUnavailableError):
            send_due_refunds()
        stripe.turn(fail_with=None)
        assert refunds_at(stripe, donation) == [1000]
        held_up = fresh_order(ordered)
        assert "asked again by itself" in held_up.last_error
        assert held_up.next_attempt_at <= timezone.now() + timedelta(seconds=2)
        assert not is_withdrawable(held_up)

        let_claims_run_out()
        send_due_refunds()
        assert fresh_order(ordered).last_error == ""
        assert refunds_at(stripe, donation) == [1000]
        assert raised_by_card(donation.appeal) == gbp(15)

    @pytest.mark.parametrize("failure", ["500", "429"])
    def test_stripe_stumbles_and_the_others_still_go(
        self, stripe: PretendStripe, failure: str
    ) -> None:
        donation = pay_at(stripe, gbp(25))
        first, second = order(donation, gbp(10)), order(donation, gbp(5))
        stripe.turn(fail_with=failure)
        assert send_due_refunds() == 2, "each once, though the first is due again by now"
        stripe.turn(fail_with=None)
        let_claims_run_out()
        assert send_due_refunds() == 2

        assert fresh_order(first).outcome == fresh_order(second).outcome == Outcome.REFUNDED
        assert sorted(refunds_at(stripe, donation)) == [500, 1000]

    @pytest.mark.parametrize("was_made", [True, False])
    def test_once_the_key_is_forgotten_it_is_looked_for_before_it_is_asked_for(
        self, stripe: PretendStripe, *, was_made: bool
    ) -> None:
        donation = pay_at(stripe, gbp(25))
        ordered = order(donation, gbp(10))
        work = gateway.give_back if was_made else lambda _: None
        with asking(dying_after(work)), pytest.raises(DiedError):
            send_due_refunds()
        stripe.control("clock", seconds=30 * 3600)
        make_it_old(ordered)
        let_claims_run_out()

        send_due_refunds()
        assert fresh_order(ordered).outcome == Outcome.REFUNDED
        assert refunds_at(stripe, donation) == [1000]

    def test_a_claim_outlasts_the_longest_question(self) -> None:
        longest_pauses = 2 * 5
        assert CLAIM_LASTS.total_seconds() > 3 * TIMEOUT_SECONDS + longest_pauses

    def test_stale_news_of_a_finished_order_changes_nothing(self, stripe: PretendStripe) -> None:
        """A process comes back to life after its claim ran out and another has done the work."""
        donation = pay_at(stripe, gbp(25))
        ordered = order(donation, gbp(10))
        revived: list[object] = []

        def be_slow(request: gateway.RefundRequest) -> MadeRefund:
            if not revived:
                revived.append(request)
                let_claims_run_out()
                send_due_refunds()
            return gateway.give_back(request)

        with asking(be_slow):
            assert send_due_refunds() == 1
        done = fresh_order(ordered)
        assert (done.outcome, done.attempts) == (Outcome.REFUNDED, 2)
        assert refunds_at(stripe, donation) == [1000]
        assert raised_by_card(donation.appeal) == gbp(15)


class TestOneRefund:
    """Ours and its webhooks are one."""

    def test_our_own_refund_and_its_webhooks_are_one(
        self, stripe: PretendStripe, client: Client
    ) -> None:
        """WooCommerce counted its own refund and the webhook about it."""
        donation = pay_at(stripe, gbp(25))
        order(donation, gbp(10))
        send_due_refunds()
        tell(client, events_of(stripe) * 2)

        assert read_refundable(donation).given_back == gbp(10)
        assert raised_by_card(donation.appeal) == gbp(15)

    def test_the_webhook_beats_our_commit(self, stripe: PretendStripe, client: Client) -> None:
        """Gumroad recorded the refund two or three times."""
        donation = pay_at(stripe, gbp(25))
        ordered = order(donation, gbp(10))

        def answer_late(request: gateway.RefundRequest) -> MadeRefund:
            answer = gateway.give_back(request)
            tell(client, events_of(stripe))
            assert CardRefund.objects.count() == 1
            return answer

        with asking(answer_late):
            send_due_refunds()
        assert fresh_order(ordered).outcome == Outcome.REFUNDED
        assert CardRefund.objects.count() == 1
        assert raised_by_card(donation.appeal) == gbp(15)

    def test_webhooks_tell_of_it_before_the_dead_process_is_followed(
        self, stripe: PretendStripe, client: Client
    ) -> None:
        donation = pay_at(stripe, gbp(25))
        ordered = order(donation, gbp(10))
        with asking(dying_after(gateway.give_back)), pytest.raises(DiedError):
            send_due_refunds()
        tell(client, events_of(stripe))
        assert raised_by_card(donation.appeal) == gbp(15)
        let_claims_run_out()
        send_due_refunds()

        assert fresh_order(ordered).stripe_refund_id == CardRefund.objects.get().stripe_id
        assert read_refundable(donation).left == gbp(15)

    def test_our_refund_fails_and_may_be_ordered_again(
        self, stripe: PretendStripe, client: Client
    ) -> None:
        donation = pay_at(stripe, gbp(25))
        stripe.turn(refund_fails=1)
        order(donation)
        send_due_refunds()
        tell(client, events_of(stripe))
        assert raised_by_card(donation.appeal) == gbp(25)

        stripe.turn(refund_fails=0)
        again = order(donation)
        send_due_refunds()
        assert fresh_order(again).outcome == Outcome.REFUNDED
        assert raised_by_card(donation.appeal) == gbp(0)

    @settings(
        max_examples=25,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(dice=st.randoms(use_true_random=False))
    def test_whatever_dies_and_in_whatever_order_it_is_told_each_order_is_one_refund(
        self, stripe: PretendStripe, client: Client, dice: random.Random
    ) -> None:
        donation = pay_at(stripe, gbp(50))
        payment = donation.payment_intent_id
        orders = [order(donation, gbp(dice.randint(1, 10))) for _ in range(dice.randint(1, 4))]

        def disturb() -> None:
            match dice.choice(["send", "die", "lapse", "tell", "dashboard"]):
                case "send":
                    send_due_refunds()
                case "die":
                    with asking(dying_after(gateway.give_back)), suppress(DiedError):
                        send_due_refunds()
                case "lapse":
                    let_claims_run_out()
                case "tell":
                    events = about(payment, events_of(stripe))
                    tell(client, dice.choices(events, k=dice.randint(1, 5)))
                case "dashboard":
                    stripe.control("refund_in_dashboard", payment_intent=payment, amount=1)

        for _ in range(dice.randint(1, 8)):
            disturb()
        let_claims_run_out()
        send_due_refunds()
        events = about(payment, events_of(stripe))
        dice.shuffle(events)
        tell(client, events)

        there = refunds_at(stripe, donation)
        ours = {fresh_order(one).stripe_refund_id for one in orders}
        assert len(ours) == len(orders)
        assert None not in ours
        assert donation.refunds.count() == len(there)
        assert read_refundable(donation).given_back == gbp(sum(there)) / 100
        assert list(audit_till()) == []


def about(payment: str | None, events: list[Any]) -> list[Any]:
    """Events about one payment and its refunds."""
    return [
        event
        for event in events
        if payment in {event["data"]["object"].get(name) for name in ("id", "payment_intent")}
    ]


class TestRefusals:
    def test_given_back_in_the_dashboard_before_it_is_said_and_learned(
        self, stripe: PretendStripe
    ) -> None:
        donation = pay_at(stripe, gbp(25))
        ordered = order(donation)
        stripe.control("refund_in_dashboard", payment_intent=donation.payment_intent_id)
        send_due_refunds()

        refused = fresh_order(ordered)
        assert refused.outcome == Outcome.REFUSED
        assert "given back already" in refused.last_error
        assert read_refundable(donation).given_back == gbp(25)
        assert raised_by_card(donation.appeal) == gbp(0)

    def test_more_than_stripe_has_left_is_said_and_the_rest_may_be_ordered(
        self, stripe: PretendStripe
    ) -> None:
        donation = pay_at(stripe, gbp(25))
        ordered = order(donation, gbp(20))
        stripe.control("refund_in_dashboard", payment_intent=donation.payment_intent_id, amount=700)
        send_due_refunds()

        assert "less than this is left" in fresh_order(ordered).last_error
        assert read_refundable(donation).left == gbp(18)
        again = order(donation, gbp(18))
        send_due_refunds()
        assert fresh_order(again).outcome == Outcome.REFUNDED

    def test_a_refusal_because_we_did_it_ourselves_is_no_refusal(
        self, stripe: PretendStripe
    ) -> None:
        """The key was lost at Stripe before its time, and ours is what was given back."""
        donation = pay_at(stripe, gbp(25))
        ordered = order(donation)
        with asking(dying_after(gateway.give_back)), pytest.raises(DiedError):
            send_due_refunds()
        stripe.control("clock", seconds=30 * 3600)
        let_claims_run_out()
        send_due_refunds()

        assert fresh_order(ordered).outcome == Outcome.REFUNDED
        assert refunds_at(stripe, donation) == [2500]

    @pytest.mark.parametrize(
        ("refusal", "words"),
        [
            (Refusal.DISPUTED, "disputes this payment"),
            (Refusal.UNKNOWN_PAYMENT, "does not know this payment"),
            (Refusal.OTHER, "Stripe refused it"),
        ],
    )
    def test_what_stripe_refuses_for_good_ends_in_words(
        self, stripe: PretendStripe, refusal: Refusal, words: str
    ) -> None:
        ordered = order(pay_at(stripe))
        with asking(RefundRefusedError(refusal, code="")):
            send_due_refunds()

        refused = fresh_order(ordered)
        assert refused.outcome == Outcome.REFUSED
        assert words in refused.last_error
        assert read_refundable(ordered.donation).left == gbp(25)

    def test_an_empty_balance_is_waited_for_and_asked_under_another_key(
        self, stripe: PretendStripe
    ) -> None:
        """Stripe would repeat its refusal to the former key for a day."""
        donation = pay_at(stripe)
        ordered = order(donation)
        with asking(RefundRefusedError(Refusal.BALANCE, code="")):
            send_due_refunds()
        held_up = fresh_order(ordered)
        assert held_up.outcome == ""
        assert "does not hold enough" in held_up.last_error
        assert held_up.next_attempt_at > timezone.now() + timedelta(minutes=50)
        assert is_withdrawable(held_up)

        let_claims_run_out()
        with mock.patch.object(refund_sending, "give_back", wraps=gateway.give_back) as asked:
            send_due_refunds()
        assert asked.call_args.args[0].idempotency_key == f"whipround-refund-{ordered.reference}-1"
        assert fresh_order(ordered).outcome == Outcome.REFUNDED
        assert refunds_at(stripe, donation) == [2500]

    def test_a_key_without_the_right_leaves_open_what_an_earlier_one_did(
        self, stripe: PretendStripe
    ) -> None:
        """The answer was lost, and the operator changed the key meanwhile: not asked for anew."""
        donation = pay_at(stripe, gbp(25))
        ordered = order(donation, gbp(10))
        with asking(dying_after(gateway.give_back)), pytest.raises(DiedError):
            send_due_refunds()
        let_claims_run_out()
        with asking(NoRightToRefundError()):
            send_due_refunds()
        held_up = fresh_order(ordered)
        assert "the operator must allow" in held_up.last_error
        assert not is_withdrawable(held_up)

        let_claims_run_out()
        send_due_refunds()
        assert refunds_at(stripe, donation) == [1000]
        assert fresh_order(ordered).outcome == Outcome.REFUNDED

    def test_a_refusal_of_what_ended_elsewhere_changes_nothing(self) -> None:
        ordered = order(make_received())

        def end_it(_: gateway.RefundRequest) -> MadeRefund:
            RefundOrder.objects.update(
                outcome="refunded", finished_at=timezone.now(), stripe_refund_id="re_1"
            )
            raise RefundRefusedError(Refusal.UNKNOWN_PAYMENT, code="resource_missing")

        with asking(end_it):
            send_due_refunds()
        assert fresh_order(ordered).outcome == Outcome.REFUNDED
        assert fresh_order(ordered).last_error == ""

    def test_the_audit_finds_an_order_whose_refund_is_not_booked(self) -> None:
        ordered = order(make_received())
        RefundOrder.objects.update(
            outcome="refunded", finished_at=timezone.now(), stripe_refund_id="re_1"
        )

        (difference,) = audit_till()
        assert str(ordered.reference) in str(difference)


class TestHolds:
    """Refunds that Stripe has made and that do not go at once."""

    def test_one_that_waits_for_the_balance_is_booked_and_said(self) -> None:
        ordered = order(make_received())
        with asking(lambda _: made(ordered, hold=Hold.BALANCE)):
            send_due_refunds()

        held_up = fresh_order(ordered)
        assert held_up.outcome == Outcome.REFUNDED
        assert "once the account there holds enough" in held_up.last_error
        assert read_refundable(ordered.donation).given_back == gbp(25)

    @pytest.mark.parametrize(
        ("later", "outcome", "given_back"),
        [(RefundState.GONE, "refunded", 25), (RefundState.NEVER_WENT, "refused", 0)],
    )
    def test_one_that_waits_for_the_donor_is_looked_after(
        self, later: RefundState, outcome: str, given_back: int
    ) -> None:
        ordered = order(make_received())
        with asking(lambda _: made(ordered, RefundState.NEVER_WENT, hold=Hold.DONOR)):
            send_due_refunds()
        held_up = fresh_order(ordered)
        assert (held_up.outcome, held_up.stripe_refund_id) == ("", f"re_{ordered.pk}")
        assert "waits for the donor" in held_up.last_error
        assert read_refundable(ordered.donation).left == gbp(0)

        let_claims_run_out()
        looking = mock.patch.object(
            refund_sending, "read_made_refund", return_value=made(ordered, later)
        )
        with looking:
            send_due_refunds()
        assert fresh_order(ordered).outcome == outcome
        assert read_refundable(ordered.donation).given_back == gbp(given_back)

    def test_one_that_cannot_be_booked_waits_with_its_error(self) -> None:
        ordered = order(make_received())
        fact = Refunded(
            "re_1",
            ordered.donation.payment_intent_id or "",
            Money(25, "EUR"),
            RefundState.GONE,
            timezone.now(),
            timezone.now(),
        )
        with asking(lambda _: MadeRefund(fact, str(ordered.reference), None)):
            send_due_refunds()

        held_up = fresh_order(ordered)
        assert held_up.outcome == ""
        assert "could not be booked" in held_up.last_error
        assert held_up.stripe_refund_id == "re_1"


@pytest.mark.django_db(transaction=True)
class TestRaces:
    def test_two_chores_at_once_send_each_order_once(self, stripe: PretendStripe) -> None:
        donation = pay_at(stripe, gbp(25))
        for pounds in (1, 2, 3):
            order(donation, gbp(pounds))

        results = at_once(send_due_refunds, send_due_refunds, send_due_refunds)

        assert sum(result for result in results if isinstance(result, int)) == 3
        assert sorted(refunds_at(stripe, donation)) == [100, 200, 300]
        assert raised_by_card(donation.appeal) == gbp(19)

    def test_both_ask_at_once_after_a_claim_ran_out(self, stripe: PretendStripe) -> None:
        """Even then there is one refund: Stripe's key is the second defence."""
        donation = pay_at(stripe, gbp(25))
        ordered = order(donation, gbp(10))
        stripe.turn(latency_seconds=0.3)

        def late() -> int:
            let_claims_run_out()
            return send_due_refunds()

        at_once(send_due_refunds, late)
        stripe.turn(latency_seconds=0)
        let_claims_run_out()
        send_due_refunds()

        assert refunds_at(stripe, donation) == [1000]
        assert fresh_order(ordered).outcome == Outcome.REFUNDED
        assert JournalEntry.objects.filter(kind=Kind.CARD_REFUND).count() == 1

    def test_the_webhook_and_our_answer_at_the_same_moment(self, stripe: PretendStripe) -> None:
        donation = pay_at(stripe, gbp(25))
        ordered = order(donation, gbp(10))
        answers: list[MadeRefund] = []

        def answer(request: gateway.RefundRequest) -> MadeRefund:
            answers.append(gateway.give_back(request))
            results = at_once(*[lambda: book_facts([answers[0].fact])] * 2)
            assert not any(isinstance(result, Exception) for result in results)
            return answers[0]

        with asking(answer):
            send_due_refunds()
        assert CardRefund.objects.count() == 1
        assert fresh_order(ordered).outcome == Outcome.REFUNDED
        assert CardDonation.objects.get().refunds.count() == 1
