"""Letters to donors: one for each fact, after it was booked, and never twice."""

import smtplib
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.db import OperationalError, connection, transaction
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from donors.models import Donor
from donors.names import NameForm
from payments import inbox, letters
from payments.letters import post as post_module
from payments.letters import send_due_letters
from payments.letters.words import compose
from payments.models import CardDonation, Letter
from tests.factories import gbp, make_appeal, make_branch, make_card_donation
from tests.site import free_port
from tests.stripe_events import NOON, Event, checkout_event, deliver, refund_event

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def donation() -> CardDonation:
    appeal = make_appeal("rally", title="Rally for Bread & Roses")
    donor = Donor.objects.create(name="A. Donor", email="a.donor@example.org")
    return make_card_donation(gbp(25), appeal=appeal, branch=make_branch("Leeds"), donor=donor)


def tell(client: Client, *events: Event) -> None:
    for event in events:
        assert deliver(client, event) == 200
    inbox.act_on_everything_due()


def sent() -> list[EmailMessage]:
    send_due_letters()
    return list(mail.outbox)


def make_due() -> None:
    Letter.objects.update(next_attempt_at=timezone.now())


class TestThanks:
    def test_they_say_what_for_how_much_when_to_whom_and_how_to_get_it_back(
        self, client: Client, donation: CardDonation
    ) -> None:
        tell(client, checkout_event(donation))
        (letter,) = sent()

        assert letter.to == ["a.donor@example.org"]
        assert letter.reply_to == ["treasurer@example.org"]
        assert letter.subject == "Thank you: your receipt for £25"
        html = str(letter.alternatives[0][0])  # type: ignore[attr-defined]
        for text in (letter.body, html):
            for said in ("£25", "23 November 2026", "Leeds", "treasurer@example.org", "/receipts/"):
                assert said in text
            assert "Promoted by" in text
        assert "Rally for Bread & Roses" in letter.body
        assert "Rally for Bread &amp; Roses" in html

    def test_a_subject_names_no_cause(self, client: Client, donation: CardDonation) -> None:
        """It is seen over a shoulder."""
        tell(client, checkout_event(donation), refund_event(donation))
        for letter in sent():
            assert "Rally" not in letter.subject
            assert "Party" not in letter.subject

    def test_who_paid_twice_has_a_letter_for_each_and_is_told_so(
        self, client: Client, donation: CardDonation
    ) -> None:
        again = checkout_event(donation, payment="pi_again", created=NOON + 60)
        tell(client, checkout_event(donation), again, again)
        tell(client, refund_event(donation, payment_intent="pi_again"))

        first, second, back = sent()
        assert {letter.to[0] for letter in (first, second, back)} == {"a.donor@example.org"}
        assert "second payment" not in first.body
        assert "second payment" in second.body
        assert "second payment" in str(second.alternatives[0][0])  # type: ignore[attr-defined]
        assert back.subject == "£25 is on its way back to you"

    def test_they_come_once_however_often_and_by_whatever_road_it_is_told(
        self, client: Client, donation: CardDonation
    ) -> None:
        for number in range(3):
            tell(client, checkout_event(donation, event_id=f"evt_{number}"))
            sent()
        assert len(mail.outbox) == 1

    def test_they_are_not_sent_before_the_booking_has_committed(
        self, client: Client, donation: CardDonation
    ) -> None:
        deliver(client, checkout_event(donation))
        with transaction.atomic():
            inbox.act_on_everything_due()
            in_another_connection(send_due_letters)
            assert mail.outbox == []
        assert len(sent()) == 1

    @pytest.mark.parametrize(
        ("show_name", "form", "said"),
        [
            (True, NameForm.FULL, "show your name with this donation, as A. Donor."),
            (True, NameForm.INITIALS, "show your name with this donation, as A. D. If"),
            (False, NameForm.FULL, "Nobody is told"),
        ],
    )
    def test_they_say_what_the_donor_chose_about_the_name(
        self,
        client: Client,
        donation: CardDonation,
        *,
        show_name: bool,
        form: NameForm,
        said: str,
    ) -> None:
        Donor.objects.update(show_name=show_name, name_form=form)
        tell(client, checkout_event(donation))
        (letter,) = sent()
        assert said in letter.body
        assert ("as A. Donor." in letter.body) is (show_name and form is NameForm.FULL)

    def test_who_left_no_address_gets_none(self, client: Client) -> None:
        make_appeal("rally")
        tell(client, checkout_event(make_card_donation()))
        assert sent() == []
        assert not Letter.objects.exists()

    def test_who_was_erased_before_gets_none(self, client: Client, donation: CardDonation) -> None:
        tell(client, checkout_event(donation))
        Donor.objects.all().delete()
        assert sent() == []
        assert Letter.objects.get().outcome == Letter.Outcome.NO_ADDRESS

    def test_a_message_is_the_same_however_often_it_is_tried(
        self, client: Client, donation: CardDonation
    ) -> None:
        tell(client, checkout_event(donation))
        ids = {
            message.extra_headers["Message-ID"]
            for _ in range(2)
            if (message := compose(Letter.objects.get()))
        }
        assert len(ids) == 1


class TestRefunds:
    def test_a_refund_is_told_with_its_amount_and_what_went_back_in_all(
        self, client: Client, donation: CardDonation
    ) -> None:
        tell(client, checkout_event(donation))
        tell(client, refund_event(donation, amount=1000))
        _, letter = sent()
        assert letter.subject == "£10 is on its way back to you"
        assert "£10 in all" in letter.body

    def test_each_of_several_refunds_is_told_once(
        self, client: Client, donation: CardDonation
    ) -> None:
        tell(client, checkout_event(donation))
        for refund in ("re_1", "re_2", "re_1"):
            tell(client, refund_event(donation, refund=refund, amount=500))
        assert len(sent()) == 3  # the thanks, and two refunds

    def test_a_refund_that_came_back_is_told(self, client: Client, donation: CardDonation) -> None:
        tell(client, checkout_event(donation), refund_event(donation))
        failed = refund_event(donation, kind="refund.failed", status="failed", created=NOON + 9)
        tell(client, failed, failed)
        *_, letter = sent()
        assert letter.subject == "£25 could not be paid back to you"
        assert len(mail.outbox) == 3


class TestTheMailServer:
    @pytest.fixture(autouse=True)
    def _one_letter(self, client: Client, donation: CardDonation) -> None:
        tell(client, checkout_event(donation))

    def test_away_it_is_tried_again_later(self) -> None:
        with failing("open", ConnectionRefusedError(111, "refused")):
            sent()
        letter = Letter.objects.get()
        assert letter.last_error == "ConnectionRefusedError: [Errno 111] refused"
        assert letter.next_attempt_at > timezone.now()
        make_due()
        assert len(sent()) == 1

    def test_that_is_busy_is_asked_again(self) -> None:
        with failing("send_messages", smtplib.SMTPDataError(451, b"a.donor@example.org: later")):
            sent()
        letter = Letter.objects.get()
        assert letter.claimed_at is None
        assert "a.donor" not in letter.last_error
        make_due()
        assert len(sent()) == 1

    def test_that_refuses_for_good_leaves_it_to_a_person(self) -> None:
        refused = smtplib.SMTPRecipientsRefused({"a.donor@example.org": (550, b"no such user")})
        with failing("send_messages", refused):
            sent()
        make_due()
        assert sent() == []
        assert letters.count_put_aside() == 1
        letter = Letter.objects.get()
        assert letter.last_error.endswith("SMTPRecipientsRefused 550")
        assert letters.send_again([letter.pk]) == 1
        assert len(sent()) == 1

    def test_that_hangs_up_in_the_middle_may_have_it_so_it_is_not_sent_again(self) -> None:
        """Twice is worse than late: a person looks."""
        with failing("send_messages", smtplib.SMTPServerDisconnected("a.donor@example.org")):
            sent()
        make_due()
        assert sent() == []
        assert "may have arrived" in Letter.objects.get().last_error
        assert "a.donor" not in Letter.objects.get().last_error

    def test_a_sender_killed_in_the_middle_leaves_it_to_a_person(self) -> None:
        with failing("send_messages", SystemExit()), pytest.raises(SystemExit):
            send_due_letters()
        assert sent() == []
        assert letters.count_put_aside() == 0, "it may be on its way just now"
        Letter.objects.update(claimed_at=timezone.now() - timedelta(minutes=11))
        assert sent() == []
        assert letters.count_put_aside() == 1

    def test_two_senders_at_once_send_it_once(self) -> None:
        barrier = threading.Barrier(2)

        def send() -> None:
            barrier.wait()
            send_due_letters()

        in_other_connections(send, send)
        assert len(mail.outbox) == 1

    def test_a_letter_that_cannot_be_written_holds_up_no_other(
        self, client: Client, donation: CardDonation
    ) -> None:
        other = Donor.objects.create(email="other@example.org")
        second = make_card_donation(gbp(5), donor=other)
        tell(client, checkout_event(second))

        def with_a_bug(letter: Letter) -> Any:
            if letter.donation_id == donation.pk:
                raise KeyError("a.donor@example.org")
            return compose(letter)

        with mock.patch.object(post_module, "compose", with_a_bug):
            assert [letter.to for letter in sent()] == [["other@example.org"]]
        assert Letter.objects.get(ended_at=None).last_error == "cannot be written: KeyError"
        make_due()
        assert len(sent()) == 2

    def test_the_databases_trouble_is_not_the_letters(self) -> None:
        with (
            mock.patch.object(post_module, "compose", side_effect=OperationalError("gone")),
            pytest.raises(OperationalError),
        ):
            send_due_letters()
        assert Letter.objects.get().attempts == 0
        assert len(sent()) == 1

    def test_what_waits_long_is_seen(self) -> None:
        assert not letters.is_stuck()
        Letter.objects.update(created_at=timezone.now() - timedelta(minutes=31))
        assert letters.is_stuck()
        assert letters.count_waiting() == 1

    def test_what_is_on_its_way_or_sent_is_not_sent_again_by_hand(self) -> None:
        Letter.objects.update(claimed_at=timezone.now())
        assert letters.send_again(list(Letter.objects.values_list("pk", flat=True))) == 0
        Letter.objects.update(claimed_at=None)
        sent()
        assert letters.send_again(list(Letter.objects.values_list("pk", flat=True))) == 0


@pytest.mark.usefixtures("donation")
def test_nothing_due_opens_no_connection() -> None:
    with mock.patch.object(post_module, "get_connection") as opening:
        assert send_due_letters() == 0
    assert not opening.called


def test_the_letters_of_a_real_mail_server(
    client: Client, donation: CardDonation, settings: Settings, mail_server: "MailServer"
) -> None:
    """Over SMTP itself: one address refuses for good, one for now, the others take theirs."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = mail_server.address
    for address in ("gone@example.org", "busy@example.org", "here@example.org"):
        donor = Donor.objects.create(email=address)
        tell(client, checkout_event(make_card_donation(gbp(5), donor=donor)))
    tell(client, checkout_event(donation))

    assert send_due_letters() == 2
    assert sorted(mail_server.taken) == ["a.donor@example.org", "here@example.org"]
    assert letters.count_put_aside() == 1
    mail_server.is_busy = False
    make_due()
    assert send_due_letters() == 1
    assert sorted(mail_server.taken) == [
        "a.donor@example.org",
        "busy@example.org",
        "here@example.org",
    ]


@pytest.mark.parametrize("mood", ["hang-up@example.org", "shutting-down@example.org"])
def test_a_mail_server_that_hangs_up_on_one_letter_has_the_others_all_the_same(
    client: Client,
    donation: CardDonation,
    settings: Settings,
    mail_server: "MailServer",
    mood: str,
) -> None:
    """They went over the dead connection: every one of them was put aside for a person."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = mail_server.address
    for address in (mood, "here@example.org", "there@example.org"):
        donor = Donor.objects.create(email=address)
        tell(client, checkout_event(make_card_donation(gbp(5), donor=donor)))

    assert send_due_letters() == 2
    assert sorted(mail_server.taken) == ["here@example.org", "there@example.org"]
    (left,) = Letter.objects.filter(ended_at=None)
    assert left.donation
    assert left.donation.donor
    assert left.donation.donor.email == mood


def test_a_mail_server_that_goes_away_in_the_middle_has_the_rest_later(
    client: Client, donation: CardDonation
) -> None:
    for number in range(3):
        donor = Donor.objects.create(email=f"donor-{number}@example.org")
        tell(client, checkout_event(make_card_donation(gbp(5), donor=donor)))
    opening = [None, None, ConnectionRefusedError("gone")]
    backend = "django.core.mail.backends.locmem.EmailBackend"
    with mock.patch(f"{backend}.open", side_effect=opening):
        assert send_due_letters() == 2
    assert letters.count_put_aside() == 0
    assert letters.count_waiting() == Letter.objects.count() - 2
    make_due()
    assert send_due_letters() == Letter.objects.count() - 2


class MailServer:
    """An SMTP server with a full mailbox, a missing one, and some that it hangs up on."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.is_busy = True
        self.address = ("127.0.0.1", 0)

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, _server: object, _session: object, envelope: Any, address: str, _options: object
    ) -> str:
        if address.startswith("gone@"):
            return "550 no such user"
        if address.startswith("busy@") and self.is_busy:
            return "450 mailbox busy"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - the library's name
        self, server: Any, _session: object, envelope: Any
    ) -> str:
        if envelope.rcpt_tos[0].startswith("hang-up@"):
            server.transport.abort()
            return "451 nobody hears this"
        if envelope.rcpt_tos[0].startswith("shutting-down@"):
            return "421 shutting down"
        self.taken += envelope.rcpt_tos
        return "250 taken"


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    from aiosmtpd.controller import Controller  # noqa: PLC0415 - one test needs it

    server = MailServer()
    server.address = ("127.0.0.1", free_port())
    controller = Controller(server, hostname=server.address[0], port=server.address[1])
    controller.start()
    yield server
    controller.stop()


def failing(method: str, error: BaseException) -> Any:
    backend = "django.core.mail.backends.locmem.EmailBackend"
    return mock.patch(f"{backend}.{method}", side_effect=error)


def in_another_connection(work: Callable[[], object]) -> None:
    in_other_connections(work)


def in_other_connections(*works: Callable[[], object]) -> None:
    def run(work: Callable[[], object]) -> None:
        try:
            work()
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
