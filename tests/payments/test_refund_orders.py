"""Ordering refunds: never more than was given, never alone above the limit, never twice."""

import threading
import uuid
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from donors.models import Donor
from funds.money import Money
from payments.models import CardDonation, RefundOrder
from payments.recording import RecordConflictError, RecordRefusedError
from payments.refund_orders import (
    OrderDecidedError,
    approve,
    decline,
    is_withdrawable,
    order_refund,
    withdraw,
)
from payments.refundable import read_refundable
from payments.stripe_gateway.facts import RefundState
from tests.factories import gbp, make_appeal, make_card_donation, make_organisation
from tests.payments.refunding import (
    asked,
    fresh_order,
    given_back_at_stripe,
    make_national,
    make_received,
    order,
)

pytestmark = pytest.mark.django_db

Decision = RefundOrder.Decision


class TestOrdering:
    def test_a_small_one_goes_by_itself(self) -> None:
        ordered = order(make_received(gbp(25)))

        assert ordered.decision == Decision.APPROVED
        assert not ordered.needs_second_person
        assert ordered.decided_by is None
        assert fresh_order(ordered).next_attempt_at <= timezone.now()

    @pytest.mark.parametrize(("amount", "waits"), [("100", False), ("100.01", True)])
    def test_strictly_more_than_the_limit_waits_for_a_second_person(
        self, amount: str, *, waits: bool
    ) -> None:
        ordered = order(make_received(gbp(amount)))

        assert ordered.needs_second_person is waits
        assert ordered.decision == ("" if waits else Decision.APPROVED)

    @pytest.mark.parametrize(("limit", "waits"), [(None, False), (Decimal(0), True)])
    def test_the_organisation_may_want_always_or_never_two(
        self, limit: Decimal | None, *, waits: bool
    ) -> None:
        donation = make_received(gbp(5) if waits else gbp(9000))
        make_organisation(refund_second_person_above=limit)

        assert order(donation).needs_second_person is waits

    def test_parts_do_not_slip_under_the_limit(self) -> None:
        donation = make_received(gbp(150))

        assert not order(donation, gbp(60)).needs_second_person
        assert order(donation, gbp(60)).needs_second_person

    def test_what_was_given_back_at_stripe_counts_towards_the_limit(self) -> None:
        donation = make_received(gbp(150))
        given_back_at_stripe(donation, gbp(60))

        assert order(donation, gbp(60)).needs_second_person

    def test_another_currency_than_ours_always_waits(self) -> None:
        abroad = make_appeal("abroad", target=Money(1000, "EUR"))

        assert order(make_received(Money(5, "EUR"), appeal=abroad)).needs_second_person

    def test_the_same_form_twice_is_one_order(self) -> None:
        donation, reference = make_received(), uuid.uuid4()

        first = order_refund(reference, asked(donation), asked_by=make_national())
        second = order_refund(reference, asked(donation), asked_by=make_national())

        assert (first.is_new, second.is_new) == (True, False)
        assert first.order == second.order

    def test_the_same_form_with_another_amount_is_refused(self) -> None:
        donation, reference = make_received(), uuid.uuid4()
        first = order_refund(reference, asked(donation, gbp(5)), asked_by=make_national())

        with pytest.raises(RecordConflictError) as conflict:
            order_refund(reference, asked(donation, gbp(6)), asked_by=make_national())

        assert conflict.value.recorded == first.order
        assert RefundOrder.objects.count() == 1

    @pytest.mark.parametrize("taken_by", ["an order", "Stripe"])
    def test_no_more_than_is_left_is_ordered(self, taken_by: str) -> None:
        donation = make_received(gbp(25))
        if taken_by == "Stripe":
            given_back_at_stripe(donation, gbp(10))
        else:
            order(donation, gbp(10))

        with pytest.raises(RecordRefusedError, match="At most £15 of the £25") as refused:
            order(donation, gbp("15.01"))
        assert refused.value.field == "amount"
        assert order(donation, gbp(15)).amount == gbp(15)
        with pytest.raises(RecordRefusedError, match="All that is left"):
            order(donation, gbp(1))

    def test_a_refund_that_came_back_may_be_ordered_again(self) -> None:
        donation = make_received(gbp(25))
        given_back_at_stripe(donation, gbp(25))
        with pytest.raises(RecordRefusedError, match="All of it was given back already"):
            order(donation)
        given_back_at_stripe(donation, gbp(25), state=RefundState.BACK)

        assert order(donation).amount == gbp(25)

    def test_what_is_promised_is_not_there_to_give_back(self) -> None:
        donation = make_card_donation(processing_at=timezone.now())

        with pytest.raises(RecordRefusedError, match="promised and has not come yet"):
            order(donation)

    def test_what_was_never_paid_is_not_there_to_give_back(self) -> None:
        with pytest.raises(RecordRefusedError, match="No money came"):
            order(make_card_donation())

    @pytest.mark.parametrize(
        ("amount", "words"), [(gbp(0), "above nothing"), (Money(5, "EUR"), "given in GBP")]
    )
    def test_what_is_no_part_of_it_is_refused(self, amount: Money, words: str) -> None:
        with pytest.raises(RecordRefusedError, match=words):
            order(make_received(), amount)

    @pytest.mark.parametrize(
        "reason", ["Rosa Example gave twice", "rosa EXAMPLE", "wrote from rosa@example.org"]
    )
    def test_a_reason_that_names_the_donor_is_refused(self, reason: str) -> None:
        donor = Donor.objects.create(name="Rosa Example", email="rosa@example.org")

        with pytest.raises(RecordRefusedError, match="kept for years") as refused:
            order(make_received(donor=donor), reason=reason)
        assert refused.value.field == "reason"

    def test_a_short_name_within_another_word_is_none(self) -> None:
        donor = Donor.objects.create(name="Al")

        assert order(make_received(donor=donor), reason="Already given in cash").pk

    def test_a_reason_is_asked_for(self) -> None:
        with pytest.raises(RecordRefusedError, match="Say why"):
            order(make_received(), reason=" ")


class TestDeciding:
    @pytest.fixture
    def waiting(self) -> RefundOrder:
        return order(make_received(gbp(150)))

    def test_a_second_person_lets_it_go(self, waiting: RefundOrder) -> None:
        approve(waiting, by=make_national("second"))

        approved = fresh_order(waiting)
        assert approved.decision == Decision.APPROVED
        assert approved.decided_by == make_national("second")
        assert approved.decided_at is not None

    def test_who_asked_does_not_decide(self, waiting: RefundOrder) -> None:
        with pytest.raises(RecordRefusedError, match="another must approve"):
            approve(waiting, by=make_national())
        with pytest.raises(RecordRefusedError, match="withdraw it instead"):
            decline(waiting, by=make_national(), reason="No")
        assert fresh_order(waiting).decision == ""

    def test_it_is_declined_with_a_reason_and_its_money_is_free_again(
        self, waiting: RefundOrder
    ) -> None:
        with pytest.raises(RecordRefusedError, match="Say why"):
            decline(waiting, by=make_national("second"), reason=" ")
        decline(waiting, by=make_national("second"), reason="He was paid in cash")

        assert fresh_order(waiting).decision_reason == "He was paid in cash"
        assert read_refundable(waiting.donation).left == gbp(150)

    def test_it_is_decided_once(self, waiting: RefundOrder) -> None:
        approve(waiting, by=make_national("second"))

        with pytest.raises(OrderDecidedError, match="was approved before"):
            decline(waiting, by=make_national("third"), reason="No")
        with pytest.raises(OrderDecidedError):
            approve(waiting, by=make_national("third"))
        assert fresh_order(waiting).decided_by == make_national("second")

    def test_what_stripe_gave_back_meanwhile_is_not_given_back_twice(
        self, waiting: RefundOrder
    ) -> None:
        given_back_at_stripe(waiting.donation, gbp(100))

        with pytest.raises(RecordRefusedError, match="only £50 is left"):
            approve(waiting, by=make_national("second"))
        assert fresh_order(waiting).decision == ""

    def test_it_is_withdrawn_while_it_waits(self, waiting: RefundOrder) -> None:
        withdraw(waiting, by=make_national())

        assert fresh_order(waiting).decision == Decision.WITHDRAWN
        assert read_refundable(waiting.donation).left == gbp(150)
        with pytest.raises(OrderDecidedError):
            withdraw(waiting, by=make_national())
        with pytest.raises(OrderDecidedError, match="withdrawn before"):
            approve(waiting, by=make_national("second"))

    def test_it_is_withdrawn_until_stripe_may_have_it(self) -> None:
        ordered = order(make_received())
        assert is_withdrawable(ordered)
        RefundOrder.objects.update(sent_at=timezone.now())

        with pytest.raises(OrderDecidedError, match="cannot be withdrawn any more"):
            withdraw(ordered, by=make_national())


class TestDatabaseGuards:
    """What holds even for code that goes around ``payments.refund_orders``."""

    @pytest.mark.parametrize(
        ("constraint", "fields"),
        [
            ("refund_order_amount_is_positive", {"amount": 0}),
            ("refund_order_has_a_reason", {"reason": ""}),
            (
                "refund_order_second_person_is_another",
                {"decision": "approved", "decided_by": "first", "decided_at": "now"},
            ),
            (
                "refund_order_second_person_is_another",
                {
                    "decision": "declined",
                    "decided_by": "first",
                    "decided_at": "now",
                    "decision_reason": "No",
                },
            ),
            ("refund_order_is_decided_by_a_person_at_a_time", {"decision": "approved"}),
            (
                "refund_order_is_decided_by_a_person_at_a_time",
                {"decision": "approved", "decided_by": "second"},
            ),
            (
                "refund_order_is_decided_by_a_person_at_a_time",
                {"decision": "nodded", "decided_by": "second", "decided_at": "now"},
            ),
            ("refund_order_is_decided_by_a_person_at_a_time", {"decided_by": "second"}),
            (
                "refund_order_is_declined_with_a_reason",
                {
                    "decision": "declined",
                    "decided_by": "second",
                    "decided_at": "now",
                    "decision_reason": "",
                },
            ),
            ("refund_order_is_sent_when_approved", {"sent_at": "now"}),
            ("refund_order_is_sent_when_approved", {"stripe_refund_id": "re_1"}),
            (
                "refund_order_is_finished_with_an_outcome",
                {
                    "decision": "approved",
                    "decided_by": "second",
                    "decided_at": "now",
                    "outcome": "refunded",
                    "finished_at": "now",
                },
            ),
            (
                "refund_order_is_finished_with_an_outcome",
                {
                    "decision": "approved",
                    "decided_by": "second",
                    "decided_at": "now",
                    "outcome": "refused",
                },
            ),
        ],
    )
    def test_the_database_refuses(self, constraint: str, fields: dict[str, Any]) -> None:
        waiting = order(make_received(gbp(150)))
        people = {"first": make_national(), "second": make_national("second")}
        told = {
            name: timezone.now() if value == "now" else people.get(value, value)
            for name, value in fields.items()
        }

        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            RefundOrder.objects.filter(pk=waiting.pk).update(**told)

    def test_one_refund_of_stripe_belongs_to_one_order(self) -> None:
        donation = make_received(gbp(25))
        first, second = order(donation, gbp(1)), order(donation, gbp(1))
        RefundOrder.objects.filter(pk=first.pk).update(stripe_refund_id="re_1")

        with pytest.raises(IntegrityError, match="stripe_refund_id"), transaction.atomic():
            RefundOrder.objects.filter(pk=second.pk).update(stripe_refund_id="re_1")

    def test_the_limit_is_not_negative(self) -> None:
        organisation = make_organisation()
        organisation.refund_second_person_above = Decimal(-1)

        with pytest.raises(IntegrityError, match="refund_limit_is_not_negative"):
            organisation.save()


def at_once(*works: Callable[[], object]) -> list[object]:
    """Run them in threads that start together; what each answered or raised."""
    start, results = threading.Barrier(len(works)), list[object]()

    def run(work: Callable[[], object]) -> None:
        start.wait()
        try:
            results.append(work())
        except Exception as error:  # noqa: BLE001 - the test judges it
            results.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.django_db(transaction=True)
class TestRaces:
    def test_two_treasurers_at_once_order_no_more_than_was_given(self) -> None:
        donation = make_received(gbp(25))
        people = [make_national(f"person-{number}") for number in range(6)]

        results = at_once(*(partial(order, donation, gbp(10), by=by) for by in people))

        assert sum(isinstance(result, RefundOrder) for result in results) == 2
        assert sum(isinstance(result, RecordRefusedError) for result in results) == 4
        assert read_refundable(CardDonation.objects.get()).left == gbp(5)

    def test_a_double_tap_at_the_same_moment_is_one_order(self) -> None:
        donation, reference, by = make_received(gbp(25)), uuid.uuid4(), make_national()

        results = at_once(
            *[partial(order_refund, reference, asked(donation, gbp(5)), asked_by=by)] * 4
        )

        assert {type(result).__name__ for result in results} == {"OrderedRefund"}
        assert RefundOrder.objects.count() == 1

    def test_a_refund_told_by_stripe_at_the_same_moment_leaves_only_the_rest(self) -> None:
        for _ in range(5):
            donation, by = make_received(gbp(25)), make_national()
            at_once(
                partial(given_back_at_stripe, donation, gbp(20), refund=f"re_{donation.pk}"),
                partial(order, donation, gbp(20), by=by),
            )
            found = read_refundable(CardDonation.objects.get(pk=donation.pk))
            assert found.given_back == gbp(20)
            assert found.left in {gbp(0), gbp(5)}

    def test_approved_and_withdrawn_at_once_it_is_only_one_of_them(self) -> None:
        waiting = order(make_received(gbp(150)))
        first, second = make_national(), make_national("second")

        results = at_once(
            partial(approve, waiting, by=second), partial(withdraw, waiting, by=first)
        )

        # An approved order may still be withdrawn, a withdrawn one is never approved.
        assert fresh_order(waiting).decision == Decision.WITHDRAWN
        assert sum(isinstance(result, OrderDecidedError) for result in results) <= 1
