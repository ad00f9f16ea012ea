"""Alarms: seen when they should be, told once, over when they are over."""

from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from donors.models import Donor
from funds.models import Membership
from payments import inbox
from payments.alarms import look_for_alarms, refusals
from payments.alarms.look import find_alarms
from payments.models import Alarm, ChoreRun, Letter, Refusal, WebhookEvent
from tests.factories import make_appeal, make_card_donation, make_user
from tests.stripe_events import checkout_event, deliver, make_event

pytestmark = pytest.mark.django_db
Kind = Alarm.Kind


@pytest.fixture(autouse=True)
def _operator() -> None:
    make_appeal("rally")
    make_user("olive", role=Membership.Role.OPERATOR)
    make_user("norma", role=Membership.Role.NATIONAL_TREASURER)


def make_kept_event(**fields: Any) -> WebhookEvent:
    number = WebhookEvent.objects.count()
    fields = {"created_at": timezone.now() - timedelta(minutes=10)} | fields
    return WebhookEvent.objects.create(
        stripe_id=f"evt_kept_{number}",
        type="checkout.session.completed",
        api_version="x",
        object_id="cs_1",
        livemode=False,
        body="{}",
        **fields,
    )


def long_ago(**ago: int) -> Any:
    return timezone.now() - timedelta(**ago)


class TestSilence:
    """Open Collective's success page was shown for a day while the books stayed empty."""

    def swept(self) -> None:
        make_kept_event(road=WebhookEvent.Road.SWEEP)

    def test_money_that_only_asking_brought_is_told(self) -> None:
        self.swept()
        assert "no webhook ever came" in find_alarms()[Kind.SILENCE]

    def test_a_webhook_since_then_ends_it(self) -> None:
        self.swept()
        make_kept_event()
        assert Kind.SILENCE not in find_alarms()

    def test_the_last_webhook_before_it_is_named(self) -> None:
        event = make_kept_event()
        WebhookEvent.objects.update(received_at=long_ago(hours=1))
        self.swept()
        assert Kind.SILENCE in find_alarms()
        assert "the last webhook came at" in find_alarms()[Kind.SILENCE]
        assert event.road == WebhookEvent.Road.WEBHOOK

    def test_what_is_still_on_its_way_is_no_silence(self) -> None:
        make_kept_event(road=WebhookEvent.Road.SWEEP, created_at=timezone.now())
        assert Kind.SILENCE not in find_alarms()

    def test_a_quiet_night_is_no_silence(self) -> None:
        make_kept_event()
        WebhookEvent.objects.update(received_at=long_ago(hours=9))
        assert Kind.SILENCE not in find_alarms()


def test_events_that_wait_long_are_told() -> None:
    make_kept_event()
    assert Kind.INBOX not in find_alarms()
    WebhookEvent.objects.update(received_at=long_ago(minutes=6))
    assert "1 events wait" in find_alarms()[Kind.INBOX]


def test_an_event_of_an_unknown_version_is_put_aside_and_told(client: Client) -> None:
    event = checkout_event(make_card_donation()) | {"api_version": "2011-01-01"}
    assert deliver(client, event) == 200
    inbox.act_on_everything_due()
    assert "1 event cannot be booked" in find_alarms()[Kind.PUT_ASIDE]


class TestAnotherAccountOrMode:
    def test_is_refused_counted_and_told(self, client: Client) -> None:
        event = make_event("payout.paid", {"id": "po_1", "object": "payout"})
        assert deliver(client, event | {"livemode": True}) == 400
        assert deliver(client, event | {"livemode": True}) == 400
        assert deliver(client, event | {"account": "acct_other"}) == 400
        assert not WebhookEvent.objects.exists()
        assert dict(Refusal.objects.values_list("reason", "count")) == {"mode": 2, "account": 1}
        told = find_alarms()[Kind.REFUSED]
        assert "1 of another account" in told
        assert "2 of another mode" in told

    def test_a_strangers_flood_grows_no_table(self, client: Client) -> None:
        event = make_event("payout.paid", {"id": "po_1", "object": "payout"})
        assert deliver(client, event, secret="whsec_forged") == 400
        assert not Refusal.objects.exists()

    def test_is_over_after_a_day_without_one(self) -> None:
        refusals.record_refusal("mode")
        assert Kind.REFUSED in find_alarms()
        Refusal.objects.update(last_at=long_ago(hours=25))
        assert Kind.REFUSED not in find_alarms()

    def test_the_answer_does_not_hang_on_the_count(self, client: Client) -> None:
        event = make_event("payout.paid", {"id": "po_1", "object": "payout"})
        with mock.patch.object(refusals, "_COUNT", "SELECT 1 / 0 WHERE %s <> ''"):
            assert deliver(client, event | {"livemode": True}) == 400


def test_stripe_not_asked_for_long_is_told() -> None:
    assert Kind.SWEEP not in find_alarms(), "nothing was ever swept: the site is new"
    ChoreRun.objects.create(name="sweep", finished_at=long_ago(minutes=21))
    assert "no worker runs" in find_alarms()[Kind.SWEEP]


def test_letters_that_lie_are_told() -> None:
    donor = Donor.objects.create(email="a.donor@example.org")
    letter = Letter.objects.create(
        kind=Letter.Kind.THANKS, key="thanks:1", donation=make_card_donation(donor=donor)
    )
    assert Kind.LETTERS not in find_alarms()
    Letter.objects.update(created_at=long_ago(minutes=31))
    assert "does the mail server" in find_alarms()[Kind.LETTERS]
    Letter.objects.filter(pk=letter.pk).update(put_aside_at=timezone.now())
    assert "may or may not have arrived" in find_alarms()[Kind.LETTERS]


class TestTelling:
    @pytest.fixture(autouse=True)
    def _stuck(self) -> None:
        make_kept_event()
        WebhookEvent.objects.update(received_at=long_ago(minutes=6))

    def test_operators_are_written_to_once(self) -> None:
        for _ in range(3):
            assert look_for_alarms() == 1
        (letter,) = mail.outbox
        assert letter.to == ["olive@example.org"]
        assert "Events wait too long" in letter.subject
        assert "http://testserver/treasurer/till/" in letter.body

    def test_it_is_told_again_after_a_day(self) -> None:
        look_for_alarms()
        Alarm.objects.update(told_at=long_ago(hours=25))
        look_for_alarms()
        assert len(mail.outbox) == 2

    def test_it_ends_and_the_next_is_another(self) -> None:
        look_for_alarms()
        WebhookEvent.objects.update(received_at=timezone.now())
        assert look_for_alarms() == 0
        WebhookEvent.objects.update(received_at=long_ago(minutes=6))
        look_for_alarms()
        assert Alarm.objects.filter(ended_at__isnull=False).count() == 1
        assert len(mail.outbox) == 2

    def test_mail_that_is_not_taken_is_tried_at_the_next_look(self) -> None:
        backend = "django.core.mail.backends.locmem.EmailBackend.send_messages"
        with mock.patch(backend, side_effect=ConnectionRefusedError):
            look_for_alarms()
        assert Alarm.objects.get().told_at is None
        look_for_alarms()
        assert len(mail.outbox) == 1

    def test_without_an_operators_address_it_is_logged(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        Membership.objects.filter(role=Membership.Role.OPERATOR).delete()
        look_for_alarms()
        assert "no operator has an e-mail address" in caplog.text
        assert Alarm.objects.get().told_at is not None
