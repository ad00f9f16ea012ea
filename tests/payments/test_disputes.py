"""A bank takes a payment back, asks about it, and decides: the books follow, in any order."""

import json
from datetime import UTC, date, datetime
from itertools import permutations
from typing import Any

import pytest
from django.test import Client

from appeals.progress import read_reading
from funds.ledger import Kind
from funds.models import JournalEntry
from payments import inbox
from payments.inbox.strip import strip_old_events
from payments.models import CardDispute, CardDisputeMovement, CardDonation, WebhookEvent
from payments.stripe_gateway.reading import read_event
from tests.contract import openapi
from tests.factories import gbp, make_branch, make_card_donation
from tests.payments.books import fees, fresh, held_by_stripe, raised_by_card
from tests.stripe_events import (
    NOON,
    Event,
    checkout_event,
    deliver,
    dispute_event,
    dispute_line,
    intent_event,
    payment_of,
    refund_event,
)

pytestmark = pytest.mark.django_db
Outcome = WebhookEvent.Outcome

DAY = 86_400
TAKEN = dispute_line(-2500, line="txn_taken", fee=2000, created=NOON)
BACK = dispute_line(2500, line="txn_back", created=NOON + 30 * DAY)


@pytest.fixture
def donation() -> CardDonation:
    return make_card_donation(gbp(25), branch=make_branch("Leeds"))


def tell(client: Client, *events: Event) -> None:
    for event in events:
        assert deliver(client, event) == 200
    inbox.act_on_everything_due()


def waiting() -> list[str]:
    return list(WebhookEvent.objects.filter(processed_at=None).values_list("last_error", flat=True))


def the_dispute() -> CardDispute:
    return CardDispute.objects.get()


def opened(donation: CardDonation, **changes: Any) -> Event:
    told: dict[str, Any] = {"lines": [TAKEN]}
    return dispute_event(donation, **(told | changes))


def won(donation: CardDonation, back: dict[str, Any] = BACK, **changes: Any) -> Event:
    told: dict[str, Any] = {"lines": [TAKEN, back], "status": "won", "told": NOON + 30 * DAY}
    return dispute_event(donation, "charge.dispute.closed", **(told | changes))


def lost(donation: CardDonation, **changes: Any) -> Event:
    told: dict[str, Any] = {"lines": [TAKEN], "status": "lost", "told": NOON + 30 * DAY}
    return dispute_event(donation, "charge.dispute.closed", **(told | changes))


@pytest.mark.contract
def test_the_events_of_these_tests_are_shaped_as_stripe_publishes(donation: CardDonation) -> None:
    for event in (opened(donation), won(donation), lost(donation), opened(donation, lines=[])):
        openapi.check_object("dispute", event["data"]["object"])


class TestMoney:
    def test_what_a_bank_takes_lowers_what_was_raised_at_once(
        self, client: Client, donation: CardDonation
    ) -> None:
        """GiveWP did not handle disputes."""
        tell(client, checkout_event(donation), opened(donation, created=NOON + DAY))

        entry = JournalEntry.objects.get(kind=Kind.CARD_DISPUTED)
        assert entry.source_key == "stripe:txn_taken:disputed"
        assert entry.occurred_on == date(2026, 11, 23)
        assert entry.postings.get(side="debit").branch == donation.branch
        assert raised_by_card(donation.appeal) == gbp(0)
        assert read_reading(fresh(donation).appeal).raised == gbp(0)
        assert CardDisputeMovement.objects.get().entry == entry

    def test_its_fee_is_booked_by_its_own_line(
        self, client: Client, donation: CardDonation
    ) -> None:
        tell(client, checkout_event(donation), opened(donation))
        entry = JournalEntry.objects.get(kind=Kind.CARD_FEE)
        assert (entry.source_key, entry.memo) == ("stripe:txn_taken:fee", "Stripe's fee")
        assert fees() == gbp(20)
        assert held_by_stripe() == gbp(-20)

    def test_a_fee_that_is_given_back_comes_off_the_fees(
        self, client: Client, donation: CardDonation
    ) -> None:
        back = dispute_line(2500, line="txn_back", fee=-2000)
        tell(client, checkout_event(donation), opened(donation), won(donation, back))
        assert fees() == gbp(0)
        assert held_by_stripe() == gbp(25)

    def test_a_fee_that_was_known_before_is_not_booked_twice(
        self, client: Client, donation: CardDonation
    ) -> None:
        from funds import chart  # noqa: PLC0415
        from funds.ledger import post_entries  # noqa: PLC0415
        from payments.stripe_lines import fee_draft  # noqa: PLC0415
        from tests.factories import TODAY  # noqa: PLC0415

        accounts = {
            "fees": chart.account(chart.FEES, currency="GBP"),
            "clearing": chart.account(chart.STRIPE_CLEARING, currency="GBP"),
        }
        post_entries([fee_draft("txn_taken", gbp(20), on=TODAY, **accounts)])
        tell(client, checkout_event(donation), opened(donation))
        assert fees() == gbp(20)
        assert not waiting()

    def test_a_won_dispute_is_restored(self, client: Client, donation: CardDonation) -> None:
        tell(client, checkout_event(donation), opened(donation))
        tell(client, won(donation, told=NOON + 31 * DAY))

        reversal = JournalEntry.objects.get(kind=Kind.REVERSAL)
        assert reversal.source_key == "stripe:txn_back:reinstated"
        assert reversal.reverses == JournalEntry.objects.get(source_key="stripe:txn_taken:disputed")
        assert reversal.occurred_on == date(2026, 12, 23)
        assert raised_by_card(donation.appeal) == gbp(25)
        assert fees() == gbp(20)

    def test_a_won_dispute_is_no_second_donation(
        self, client: Client, donation: CardDonation
    ) -> None:
        tell(client, checkout_event(donation), opened(donation), won(donation))
        reading = read_reading(fresh(donation).appeal)
        assert (reading.raised, reading.card_donations) == (gbp(25), 1)

    def test_a_part_that_comes_back_leaves_the_rest_taken(
        self, client: Client, donation: CardDonation
    ) -> None:
        part = dispute_line(1000, line="txn_part", created=NOON + DAY)
        tell(client, checkout_event(donation), opened(donation), won(donation, part))

        assert raised_by_card(donation.appeal) == gbp(10)
        kept = JournalEntry.objects.get(source_key="stripe:txn_part:kept")
        assert kept.kind == Kind.CARD_DISPUTED
        movement = CardDisputeMovement.objects.get(stripe_id="txn_part")
        assert (movement.kept_entry, movement.way) == (kept, "returned")
        assert read_reading(fresh(donation).appeal).card_donations == 1

    def test_a_rest_that_comes_back_later_undoes_the_rest(
        self, client: Client, donation: CardDonation
    ) -> None:
        part = dispute_line(1000, line="txn_part", created=NOON + DAY)
        rest = dispute_line(1500, line="txn_rest", created=NOON + 2 * DAY)
        both = won(donation, lines=[TAKEN, part, rest], told=NOON + 3 * DAY)
        tell(client, checkout_event(donation), opened(donation), won(donation, part), both)
        assert raised_by_card(donation.appeal) == gbp(25)
        assert not waiting()

    def test_what_is_taken_again_after_it_came_back_counts_no_more(
        self, client: Client, donation: CardDonation
    ) -> None:
        again = dispute_line(-2500, line="txn_again", created=NOON + 40 * DAY)
        told = NOON + 41 * DAY
        tell(client, checkout_event(donation), opened(donation), won(donation))
        tell(client, lost(donation, lines=[TAKEN, BACK, again], told=told))
        assert raised_by_card(donation.appeal) == gbp(0)
        assert the_dispute().status == "lost"

    def test_a_lost_dispute_stays(self, client: Client, donation: CardDonation) -> None:
        tell(client, checkout_event(donation), opened(donation), lost(donation))
        assert raised_by_card(donation.appeal) == gbp(0)
        assert the_dispute().status == "lost"

    def test_a_dispute_of_a_part_takes_its_part(
        self, client: Client, donation: CardDonation
    ) -> None:
        line = dispute_line(-700, line="txn_taken", fee=2000)
        tell(client, checkout_event(donation), opened(donation, lines=[line], amount=700))
        assert raised_by_card(donation.appeal) == gbp(18)
        assert the_dispute().amount == gbp(7)

    def test_an_inquiry_moves_nothing(self, client: Client, donation: CardDonation) -> None:
        inquiry = opened(donation, lines=[], status="warning_needs_response")
        closed = dispute_event(
            donation, "charge.dispute.closed", status="warning_closed", told=NOON + 9
        )
        tell(client, checkout_event(donation), inquiry)
        assert raised_by_card(donation.appeal) == gbp(25)
        assert the_dispute().is_inquiry
        tell(client, closed)
        assert (the_dispute().status, the_dispute().is_open) == ("warning_closed", False)
        assert JournalEntry.objects.count() == 1

    def test_an_inquiry_that_becomes_a_dispute_takes_the_money(
        self, client: Client, donation: CardDonation
    ) -> None:
        inquiry = opened(donation, lines=[], status="warning_under_review")
        tell(client, checkout_event(donation), opened(donation, told=NOON + DAY), inquiry)
        assert raised_by_card(donation.appeal) == gbp(0)
        assert the_dispute().status == "needs_response"

    def test_a_dispute_and_a_refund_may_take_more_than_was_given(
        self, client: Client, donation: CardDonation
    ) -> None:
        """A bank may dispute the whole of what was given back in part: Stripe takes both."""
        tell(client, checkout_event(donation), refund_event(donation, amount=1000))
        tell(client, opened(donation))
        assert raised_by_card(donation.appeal) == gbp(-10)
        tell(client, won(donation))
        assert raised_by_card(donation.appeal) == gbp(15)

    def test_years_after_it_came_a_bank_debit_may_be_taken_back(
        self, client: Client, donation: CardDonation
    ) -> None:
        """A claim under the Bacs guarantee has no time limit: a dated negative entry."""
        paid_on = NOON + 5 * DAY
        tell(client, checkout_event(donation, payment_status="unpaid"))
        kind = "checkout.session.async_payment_succeeded"
        tell(client, checkout_event(donation, kind, created=paid_on))
        years_later = int(datetime(2031, 3, 4, 12, tzinfo=UTC).timestamp())
        line = dispute_line(-2500, line="txn_taken", fee=700, created=years_later)
        told: dict[str, Any] = {
            "lines": [line],
            "reason": "debit_not_authorized",
            "created": years_later,
        }
        tell(client, opened(donation, **told), lost(donation, **(told | {"told": years_later})))

        entry = JournalEntry.objects.get(kind=Kind.CARD_DISPUTED)
        assert entry.occurred_on == date(2031, 3, 4)
        assert raised_by_card(donation.appeal) == gbp(0)
        received = JournalEntry.objects.get(kind=Kind.CARD_RECEIVED)
        assert received.occurred_on == date(2026, 11, 28)

    def test_more_than_was_taken_is_for_a_person(
        self, client: Client, donation: CardDonation
    ) -> None:
        back = dispute_line(2501, line="txn_back")
        tell(client, checkout_event(donation), opened(donation), won(donation, back))
        assert raised_by_card(donation.appeal) == gbp(0)
        event = WebhookEvent.objects.get(processed_at=None)
        assert event.put_aside_at is not None
        assert "txn_back brings back £25.01, and £25.00 was taken" in event.last_error

    def test_what_comes_back_without_having_gone_is_for_a_person(
        self, client: Client, donation: CardDonation
    ) -> None:
        tell(client, checkout_event(donation), won(donation, lines=[BACK]))
        assert "nothing was taken" in waiting()[0]
        assert not CardDispute.objects.exists()

    def test_another_currency_is_for_a_person(self, client: Client, donation: CardDonation) -> None:
        line = dispute_line(-2900, currency="eur")
        tell(client, checkout_event(donation), opened(donation, lines=[line]))
        assert WebhookEvent.objects.get(processed_at=None).put_aside_at is not None
        assert raised_by_card(donation.appeal) == gbp(25)


class TestOrder:
    def test_a_dispute_told_before_its_payment_waits_and_is_woken_by_it(
        self, client: Client, donation: CardDonation
    ) -> None:
        tell(client, opened(donation))
        assert waiting() == [f"OutOfOrderError: {payment_of(donation)} is not booked yet"]
        assert not CardDispute.objects.exists()
        tell(client, intent_event(donation))
        assert raised_by_card(donation.appeal) == gbp(0)
        assert not waiting()

    def test_a_dispute_and_its_payment_in_one_batch(
        self, client: Client, donation: CardDonation
    ) -> None:
        tell(client, won(donation), opened(donation), checkout_event(donation))
        assert raised_by_card(donation.appeal) == gbp(25)
        assert JournalEntry.objects.count() == 4
        assert not waiting()

    def test_every_order_of_its_events_ends_the_same(self, client: Client) -> None:
        """podkrepi let a late event overwrite a newer state."""
        ends = set()
        for number, order in enumerate(permutations(range(4))):
            donation = make_card_donation(gbp(25))
            taken, back = (dict(line, id=f"{line['id']}_{number}") for line in (TAKEN, BACK))
            about: dict[str, Any] = {"dispute": f"du_{number}"}
            withdrawn, reinstated = "charge.dispute.funds_withdrawn", "charge.dispute.updated"
            events = [
                opened(donation, lines=[], **about),
                dispute_event(donation, withdrawn, lines=[taken], told=NOON + 1, **about),
                dispute_event(
                    donation,
                    reinstated,
                    lines=[taken],
                    status="under_review",
                    told=NOON + DAY,
                    **about,
                ),
                won(donation, lines=[taken, back], **about),
            ]
            tell(client, checkout_event(donation))
            for place in order:
                tell(client, events[place])
            dispute = CardDispute.objects.get(stripe_id=f"du_{number}")
            ends.add((dispute.status, dispute.told_at, dispute.closed_at))
            assert raised_by_card(donation.appeal) == gbp(25 * (number + 1))
        moment = datetime.fromtimestamp(NOON + 30 * DAY, UTC)
        assert ends == {("won", moment, moment)}

    def test_what_is_told_in_the_same_second_goes_by_how_far_it_is(
        self, client: Client, donation: CardDonation
    ) -> None:
        answered = opened(donation, status="under_review")
        tell(client, checkout_event(donation), answered, opened(donation))
        assert the_dispute().status == "under_review"

    def test_the_end_is_dated_by_when_it_was_first_told(
        self, client: Client, donation: CardDonation
    ) -> None:
        reinstated = won(donation, told=NOON + 31 * DAY)
        tell(client, checkout_event(donation), opened(donation))
        tell(client, reinstated)
        tell(client, won(donation))
        assert the_dispute().closed_at == datetime.fromtimestamp(NOON + 30 * DAY, UTC)

    def test_told_again_nothing_changes(self, client: Client, donation: CardDonation) -> None:
        tell(client, checkout_event(donation))
        for _ in range(3):
            tell(client, opened(donation))
        outcomes = WebhookEvent.objects.order_by("pk").values_list("outcome", flat=True)
        assert list(outcomes) == [Outcome.BOOKED, Outcome.BOOKED, Outcome.KNOWN, Outcome.KNOWN]
        assert JournalEntry.objects.count() == 3

    def test_news_without_money_is_noted(self, client: Client, donation: CardDonation) -> None:
        tell(client, checkout_event(donation), opened(donation))
        tell(client, opened(donation, status="under_review", told=NOON + DAY))
        assert WebhookEvent.objects.latest("pk").outcome == Outcome.NOTED


class TestReading:
    def test_a_dispute_of_no_payment_is_not_ours(
        self, client: Client, donation: CardDonation
    ) -> None:
        tell(client, opened(donation, payment_intent=None))
        assert WebhookEvent.objects.get().outcome == Outcome.NOT_OURS

    def test_a_status_that_nobody_knows_waits_for_a_person(
        self, client: Client, donation: CardDonation
    ) -> None:
        tell(client, checkout_event(donation), opened(donation, status="levitating"))
        assert "'levitating' is not a valid DisputeStatus" in waiting()[0]

    def test_a_bank_that_takes_no_answer_sets_no_day(
        self, client: Client, donation: CardDonation
    ) -> None:
        event = opened(donation)
        event["data"]["object"]["evidence_details"]["due_by"] = 0
        tell(client, checkout_event(donation), event)
        assert the_dispute().evidence_due_by is None

    def test_the_evidence_is_stripped_after_a_month_and_the_rest_can_be_read(
        self, client: Client, donation: CardDonation
    ) -> None:
        event = opened(donation)
        event["data"]["object"]["evidence"]["customer_name"] = "A Donor"
        tell(client, checkout_event(donation), event)
        long_ago = datetime(2026, 1, 1, tzinfo=UTC)
        WebhookEvent.objects.update(processed_at=long_ago)
        strip_old_events()
        body = WebhookEvent.objects.get(type="charge.dispute.created").body
        assert "A Donor" not in body
        assert read_event(json.loads(body)) == read_event(event)
