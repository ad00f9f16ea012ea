"""The operator's page: what waits, why, and what a person may do about it."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError
from django.test import Client
from django.utils import timezone

from donors.models import Donor
from funds.models import Membership, User
from payments import inbox
from payments.models import Alarm, CardDonation, Letter, WebhookEvent
from tests.factories import gbp, make_appeal, make_card_donation, make_user
from tests.payments.books import raised_by_card
from tests.stripe_events import checkout_event, deliver, refund_event

pytestmark = pytest.mark.django_db
TILL = "/treasurer/till/"


@pytest.fixture
def operator() -> User:
    make_appeal("rally")
    return make_user("olive", role=Membership.Role.OPERATOR)


@pytest.fixture
def page(operator: User) -> Client:
    client = Client()
    client.force_login(operator)
    return client


@pytest.fixture
def aside(client: Client, operator: User) -> CardDonation:
    """A donation whose event is of a version that we do not read."""
    donation = make_card_donation(gbp(25))
    deliver(client, checkout_event(donation) | {"api_version": "2011-01-01"})
    inbox.act_on_everything_due()
    return donation


def alike(event: WebhookEvent) -> dict[str, str]:
    return {"event_type": event.type, "last_error": event.last_error}


def test_when_all_is_well_it_says_so(page: Client) -> None:
    content = page.get(TILL).content.decode()
    assert "All is well" in content
    assert "never" in content


def test_what_waits_is_shown_together_with_its_reason_and_without_names(
    client: Client, page: Client
) -> None:
    for number in range(3):
        deliver(client, refund_event(make_card_donation(), refund=f"re_{number}"))
    inbox.act_on_everything_due()
    WebhookEvent.objects.update(last_error="OutOfOrderError: pi_1 is not booked yet")
    content = page.get(TILL).content.decode()
    assert "3 events" in content
    assert "pi_1 is not booked yet" in content
    assert "someone@example.org" not in content
    assert "All is well" not in content


def test_an_event_that_was_put_aside_is_tried_again_and_booked(
    page: Client, aside: CardDonation
) -> None:
    event = WebhookEvent.objects.get()
    assert "of API version 2011-01-01" in page.get(TILL).content.decode()
    answer = page.post(f"{TILL}try-again/", alike(event), follow=True)
    assert "Tried again at once: 1" in answer.content.decode()
    inbox.act_on_everything_due()
    assert raised_by_card(aside.appeal) == gbp(25)
    assert "All is well" in page.get(TILL).content.decode()


@pytest.mark.usefixtures("aside")
def test_one_settled_by_hand_is_closed_with_who_and_what(page: Client, operator: User) -> None:
    event = WebhookEvent.objects.get()
    note = "refunded in Stripe's dashboard on 3 May"
    page.post(f"{TILL}close/", alike(event) | {"note": note})
    event.refresh_from_db()
    assert (event.outcome, event.closed_by, event.closing_note) == ("by-hand", operator, note)
    assert "All is well" in page.get(TILL).content.decode()


@pytest.mark.usefixtures("aside")
def test_none_is_closed_without_a_note(page: Client) -> None:
    event = WebhookEvent.objects.get()
    answer = page.post(f"{TILL}close/", alike(event) | {"note": "  "})
    assert answer.status_code == 422
    assert "Say what was done instead" in answer.content.decode()
    with pytest.raises(ValueError, match="say what was done"):
        inbox.close_alike_by_hand(**alike(event), closed_by=make_user(), note=" ")
    assert WebhookEvent.objects.get().processed_at is None


def test_what_is_still_tried_by_itself_cannot_be_closed(client: Client, page: Client) -> None:
    deliver(client, refund_event(make_card_donation()))
    inbox.act_on_everything_due()
    page.post(f"{TILL}close/", alike(WebhookEvent.objects.get()) | {"note": "no"})
    assert WebhookEvent.objects.get().processed_at is None


@pytest.mark.usefixtures("aside")
def test_the_database_keeps_nothing_closed_by_nobody() -> None:
    with pytest.raises(IntegrityError, match="by_hand_has_person_and_note"):
        WebhookEvent.objects.update(outcome="by-hand", processed_at=timezone.now())


class TestLetters:
    @pytest.fixture
    def letter(self, operator: User) -> Letter:
        donor = Donor.objects.create(name="A. Donor", email="a.donor@example.org")
        return Letter.objects.create(
            kind=Letter.Kind.THANKS,
            key="thanks:1",
            donation=make_card_donation(donor=donor),
            claimed_at=timezone.now(),
            put_aside_at=timezone.now(),
            last_error="its sending was cut off",
        )

    def test_that_may_not_have_arrived_are_sent_again(self, page: Client, letter: Letter) -> None:
        content = page.get(TILL).content.decode()
        assert "its sending was cut off" in content
        assert "a.donor" not in content
        page.post(f"{TILL}send-again/", {"letter": [str(letter.pk), "nonsense"]})
        letter.refresh_from_db()
        assert letter.claimed_at is letter.put_aside_at is None


def test_alarms_are_shown_while_they_last_and_after(page: Client) -> None:
    alarm = Alarm.objects.create(kind=Alarm.Kind.SILENCE, detail="Look at the endpoint.")
    assert "Look at the endpoint." in page.get(TILL).content.decode()
    Alarm.objects.filter(pk=alarm.pk).update(ended_at=timezone.now() + timedelta(hours=1))
    content = page.get(TILL).content.decode()
    assert "Look at the endpoint." not in content
    assert "Alarms that are over" in content


@pytest.mark.parametrize("path", ["try-again/", "close/", "send-again/"])
def test_a_button_s_address_opened_by_itself_leads_back(page: Client, path: str) -> None:
    assert page.get(f"{TILL}{path}").headers["Location"] == TILL


def test_the_page_costs_few_queries_however_much_waits(
    client: Client, page: Client, django_assert_max_num_queries: Any
) -> None:
    for number in range(5):
        deliver(client, refund_event(make_card_donation(), refund=f"re_{number}"))
    inbox.act_on_everything_due()
    with django_assert_max_num_queries(15):
        page.get(TILL)
