"""What came for a pledge: once for each payment, less what went back, and never raised twice."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from appeals.models import Appeal, Promise
from appeals.progress import read_reading
from payments import inbox
from payments.audit import audit_till
from payments.booking import book_facts
from payments.cash import reverse_collection
from payments.models import CardDonation, Pledge, PledgePayment
from payments.pledges.audit import audit_pledges
from payments.pledges.ending import GRACE, give_up, lapse_due_pledges, take_up
from payments.stripe_gateway.facts import (
    Disputed,
    DisputeLine,
    DisputeStatus,
    Fact,
    PaymentDelayed,
    PaymentFailed,
    PaymentReceived,
    Refunded,
    RefundState,
)
from tests.factories import gbp, make_appeal, make_card_donation
from tests.payments import test_cash
from tests.payments.pledging import make_pledge
from tests.stripe_events import (
    NOON,
    Event,
    checkout_event,
    deliver,
    dispute_event,
    dispute_line,
    refund_event,
)

State = Pledge.State


@pytest.fixture
def appeal(db: None) -> Appeal:
    return make_appeal("rally", minimum=1)


@pytest.fixture
def pledge(appeal: Appeal) -> Pledge:
    return make_pledge(appeal, gbp(50))


def paying(pledge: Pledge, amount: int) -> CardDonation:
    """A form that was sent to pay it; nothing came yet."""
    donation = make_card_donation(gbp(amount), appeal=pledge.appeal)
    PledgePayment.objects.create(
        pledge=pledge, way="card", amount=donation.amount, donation=donation
    )
    return donation


def tell(client: Client, *events: Event) -> None:
    for event in events:
        assert deliver(client, event) == 200
    inbox.act_on_everything_due()


def stands(pledge: Pledge) -> tuple[str, str, str]:
    """Its state, what came, and what the window shows as promised."""
    pledge = Pledge.objects.get(pk=pledge.pk)
    promised = Promise.objects.filter(state="open", kind="pledge")
    shown = sum((one.amount for one in promised), gbp(0))
    return str(pledge.state.value), f"{int(pledge.came.amount)}", f"{int(shown.amount)}"


def test_a_form_that_was_only_sent_is_no_payment(pledge: Pledge) -> None:
    paying(pledge, 50)
    assert stands(pledge) == ("open", "0", "50")


def test_a_payment_is_raised_once_and_promised_no_more(pledge: Pledge, client: Client) -> None:
    event = checkout_event(paying(pledge, 50))
    tell(client, event, event)
    tell(client, event)

    assert stands(pledge) == ("paid", "50", "0")
    reading = read_reading(pledge.appeal)
    assert (reading.raised, reading.promised) == (gbp(50), gbp(0))


def test_part_of_it_leaves_the_rest_promised(pledge: Pledge, client: Client) -> None:
    tell(client, checkout_event(paying(pledge, 20)))
    assert stands(pledge) == ("part-paid", "20", "30")
    tell(client, checkout_event(paying(pledge, 40)))
    assert stands(pledge) == ("paid", "60", "0")
    assert Pledge.objects.get().over_paid == gbp(10)


def test_what_is_given_back_is_owed_again(pledge: Pledge, client: Client) -> None:
    donation = paying(pledge, 50)
    tell(client, checkout_event(donation))
    tell(client, refund_event(donation, amount=2000))
    assert stands(pledge) == ("part-paid", "30", "20")
    assert read_reading(pledge.appeal).raised == gbp(30)


def test_a_refund_that_failed_came_after_all(pledge: Pledge, client: Client) -> None:
    donation = paying(pledge, 50)
    tell(client, checkout_event(donation), refund_event(donation))
    assert stands(pledge) == ("open", "0", "50")
    tell(client, refund_event(donation, "refund.failed", status="failed", told=NOON + 99))
    assert stands(pledge) == ("paid", "50", "0")


def test_what_a_bank_takes_is_owed_again_until_it_brings_it_back(
    pledge: Pledge, client: Client
) -> None:
    donation = paying(pledge, 50)
    taken = dispute_line(-5000, line="txn_taken", fee=2000, created=NOON)
    tell(client, checkout_event(donation), dispute_event(donation, lines=[taken]))
    assert stands(pledge) == ("open", "0", "50")


def test_a_delayed_payment_is_promised_once(pledge: Pledge) -> None:
    donation, now = paying(pledge, 50), timezone.now()
    delayed = PaymentDelayed(donation.reference, "pi_1", donation.amount, now)
    for _ in range(2):
        book_facts([delayed])
    assert stands(pledge) == ("open", "0", "0"), "the bank's promise stands for it"
    assert read_reading(pledge.appeal).promised == gbp(50)

    book_facts([PaymentFailed(donation.reference, now + timedelta(days=3))])
    assert stands(pledge) == ("open", "0", "50")
    assert read_reading(pledge.appeal).promised == gbp(50)

    book_facts(
        [PaymentDelayed(donation.reference, "pi_2", donation.amount, now + timedelta(days=4))]
    )
    book_facts(
        [PaymentReceived(donation.reference, "pi_2", donation.amount, now + timedelta(days=9))]
    )
    assert stands(pledge) == ("paid", "50", "0")


def test_cash_that_is_reversed_is_owed_again(pledge: Pledge) -> None:
    treasurer = pledge.taken_by
    collection = test_cash.record(test_cash.facts_of(pledge.appeal, amount=gbp(50)))
    PledgePayment.objects.create(
        pledge=pledge, way="cash", amount=gbp(50), collection=collection, noted_by=treasurer
    )
    assert [one.check for one in audit_pledges()] == ["pledge"], "nobody followed it yet"
    reverse_collection(collection, reason="Counted twice", reversed_by=treasurer)
    assert stands(pledge) == ("open", "0", "50")
    assert not list(audit_till())


class TestEnding:
    def test_given_up_and_taken_up_again(self, pledge: Pledge) -> None:
        for _ in range(2):
            give_up(pledge)
        assert stands(pledge) == ("cancelled", "0", "0")
        for _ in range(2):
            take_up(pledge)
        assert stands(pledge) == ("open", "0", "50")
        kinds = list(pledge.steps.order_by("pk").values_list("kind", flat=True))
        assert kinds == ["cancelled", "taken-up"]

    def test_what_is_paid_is_not_given_up(self, pledge: Pledge, client: Client) -> None:
        tell(client, checkout_event(paying(pledge, 50)))
        give_up(pledge)
        assert stands(pledge) == ("paid", "50", "0")

    def test_it_lapses_long_after_it_was_asked_for_and_counts_when_it_comes(
        self, appeal: Appeal, client: Client
    ) -> None:
        late = make_pledge(appeal, gbp(50), due_in_days=-GRACE.days - 1)
        early = make_pledge(appeal, gbp(20), due_in_days=-GRACE.days)
        assert (lapse_due_pledges(), lapse_due_pledges()) == (1, 0)
        assert stands(late) == ("lapsed", "0", "20")
        assert stands(early)[0] == "open"

        tell(client, checkout_event(paying(late, 50)))
        assert stands(late) == ("paid", "50", "20")

    def test_what_a_bank_has_on_its_way_does_not_lapse(self, appeal: Appeal) -> None:
        late = make_pledge(appeal, gbp(50), due_in_days=-99)
        donation = paying(late, 50)
        book_facts([PaymentDelayed(donation.reference, "pi_1", donation.amount, timezone.now())])
        assert lapse_due_pledges() == 0


def test_the_audit_finds_what_the_window_shows_wrongly(pledge: Pledge) -> None:
    assert not list(audit_pledges())
    Promise.objects.update(amount=49)
    assert "the window shows" in next(iter(audit_pledges())).detail
    Promise.objects.update(amount=50)
    Pledge.objects.update(came=5)
    assert "its payments brought" in next(iter(audit_pledges())).detail


class TestAnyHistory(TestCase):
    """Told in any order, any number of times: the window has what is owed, and no more."""

    @settings(
        max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(
        st.lists(st.tuples(st.sampled_from([10, 20, 50]), st.integers(0, 3)), max_size=4),
        st.randoms(use_true_random=False),
    )
    def test_it_ends_as_its_payments_say(
        self, payments: list[tuple[int, int]], chance: object
    ) -> None:
        appeal = Appeal.objects.filter(slug="rally").first() or make_appeal("rally", minimum=1)
        pledge = make_pledge(appeal, gbp(50))
        facts: list[Fact] = []
        came = 0
        now = timezone.now()
        for number, (amount, fate) in enumerate(payments):
            donation = paying(pledge, amount)
            payment = f"pi_{pledge.pk}_{number}"
            facts.append(PaymentReceived(donation.reference, payment, donation.amount, now))
            if fate == 1:
                facts.append(Refunded(f"re_{payment}", payment, gbp(4), RefundState.GONE, now, now))
            if fate == 2:
                line = DisputeLine(f"txn_{payment}", -donation.amount, gbp(20), now)
                facts.append(
                    Disputed(
                        dispute_id=f"du_{payment}",
                        payment_intent_id=payment,
                        amount=donation.amount,
                        reason="fraudulent",
                        status=DisputeStatus.LOST,
                        due_by=None,
                        opened_at=now,
                        lines=(line,),
                        told_at=now,
                    )
                )
            came += {1: amount - 4, 2: 0}.get(fate, amount)
        told = facts * 2
        chance.shuffle(told)  # type: ignore[attr-defined]
        for _ in range(3):  # what came too early is told again, as the inbox does
            for fact in told:
                book_facts([fact])
        pledge.refresh_from_db()
        assert pledge.came == gbp(came)
        owed = max(0, 50 - came)
        promise = Promise.objects.get(source_key=f"pledge:{pledge.reference}")
        assert (promise.amount if promise.state == "open" else gbp(0)) == gbp(owed)
        assert not [one for one in audit_pledges() if one.subject == str(pledge.reference)]
