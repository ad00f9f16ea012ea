"""The donor's own page by a signed link: what it shows, changes, and tells nobody else."""

import re
import uuid
from datetime import timedelta
from decimal import Decimal
from smtplib import SMTPServerDisconnected
from typing import Any
from unittest import mock

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.core.signing import TimestampSigner
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from appeals.models import Appeal
from appeals.progress import read_reading
from donors.models import Donor
from payments import inbox
from payments.chores import CHORES
from payments.models import CardDonation, MonthlyDonation
from payments.monthly import link as link_module
from payments.monthly.link import DeadLinkError, make_token, monthly_link, read_token
from payments.monthly.posting import send_wanted_links
from tests.factories import gbp, make_appeal, make_branch, make_monthly, make_organisation
from tests.monthly_events import (
    MONTH,
    beginning,
    invoice_event,
    month_events,
    payment_of_month,
    subscription_event,
)
from tests.payments.monthly import EMAIL, begin_monthly, hear_of
from tests.payments.test_monthly import month_refund
from tests.pretend_stripe.process import PretendStripe
from tests.stripe_events import NOON, Event, deliver, dispute_event, dispute_line

pytestmark = pytest.mark.django_db

ASK = "/monthly/"


def tell(*events: Event) -> None:
    for event in events:
        deliver(Client(), event)
    inbox.act_on_everything_due()


def address(monthly: MonthlyDonation, part: str = "") -> str:
    return f"/monthly/{make_token(monthly)}/{part}"


def signed(text: str) -> str:
    """Signed by us, whatever it says."""
    return TimestampSigner(salt=link_module._SALT, sep=".").sign(text)  # noqa: SLF001


def words(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.partition("<main")[2]).split())


@pytest.fixture
def monthly() -> MonthlyDonation:
    """One that has begun: £10 a month, its first month in the books."""
    monthly = make_monthly(
        gbp(10), appeal=make_appeal("rally"), branch=make_branch("Leeds"), email=EMAIL
    )
    tell(*beginning(monthly))
    return MonthlyDonation.objects.get()


@pytest.fixture
def at_stripe(stripe: PretendStripe) -> MonthlyDonation:
    """One that runs at the stand-in."""
    make_appeal("rally")
    return hear_of(begin_monthly(stripe))


class TestLink:
    def test_it_is_absolute_and_names_nobody(self, monthly: MonthlyDonation) -> None:
        link = monthly_link(monthly)
        assert link.startswith("http://testserver/monthly/")
        assert "some.body" not in link
        assert read_token(link.split("/")[-2]) == monthly

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda token: token[:-1] + ("A" if token[-1] != "A" else "B"),
            lambda token: token[1:],
            lambda token: f"nonsense{token[:0]}",
            lambda token: token.replace(".", ":"),
            lambda token: "0" * 32 + token[32:],
            lambda token: TimestampSigner(salt="another", sep=".").sign(token[:32]),
            lambda token: signed(f"no uuid{token[:0]}"),
            lambda token: signed("0" * len(token[:32])),
        ],
        ids=[
            *("changed", "cut", "made up", "broken", "of another", "of another kind"),
            *("of nothing", "of one that is no more"),
        ],
    )
    def test_a_link_that_is_not_ours_tells_how_to_get_one(
        self, client: Client, monthly: MonthlyDonation, spoil: Any
    ) -> None:
        token = spoil(make_token(monthly))
        with pytest.raises(DeadLinkError):
            read_token(token)
        for part in ("", "back/"):
            page = client.get(f"/monthly/{token}/{part}")
            assert page.status_code == 404
            assert "This link does not work any more" in page.content.decode()
            assert 'action="/monthly/"' in page.content.decode()
            assert page["X-Robots-Tag"] == "noindex"
        for part in ("amount/", "stripe/"):
            assert client.post(f"/monthly/{token}/{part}").status_code == 404

    def test_it_works_for_a_year(self, client: Client, monthly: MonthlyDonation) -> None:
        def made(days: int) -> str:
            at = (timezone.now() - timedelta(days=days)).timestamp()
            with mock.patch("django.core.signing.time.time", return_value=at):
                return address(monthly)

        assert client.get(made(364)).status_code == 200
        assert client.get(made(366)).status_code == 404

    def test_before_anything_was_begun_there_is_no_page(self, client: Client) -> None:
        assert client.get(address(make_monthly(appeal=make_appeal()))).status_code == 404


class TestPage:
    def test_it_shows_the_amount_the_appeal_the_next_date_and_the_months(
        self, client: Client, monthly: MonthlyDonation
    ) -> None:
        tell(*month_events(monthly, 2, created=NOON + MONTH, amount=gbp("12.50")))
        text = words(client.get(address(monthly)).content.decode())
        assert "Rally Your monthly donation £10 a month, counted for Leeds" in text
        assert "The next is taken on 23 December 2026. Thank you." in text
        assert "23 Dec 2026 Rally £12.50 23 Nov 2026 Rally £10" in text
        assert "Change the card or stop" in text

    def test_it_names_nobody_and_is_for_nobody_else(
        self, client: Client, monthly: MonthlyDonation
    ) -> None:
        Donor.objects.update(name="Some Body", address="7 Hidden Lane")
        response = client.get(address(monthly))
        for personal in ("Some Body", "some.body", "Hidden Lane"):
            assert personal not in words(response.content.decode())
        assert response["X-Robots-Tag"] == "noindex"
        assert '<meta name="robots" content="noindex">' in response.content.decode()
        assert "no-store" in response["Cache-Control"]
        assert response["Referrer-Policy"] == "same-origin"  # nobody else learns the address
        assert "https://billing.stripe.com" in response["Content-Security-Policy"]

    def test_a_month_that_was_paid_back_says_so(
        self, client: Client, monthly: MonthlyDonation
    ) -> None:
        tell(month_refund(monthly, amount=400))
        assert "£10 £4 paid back" in words(client.get(address(monthly)).content.decode())
        tell(month_refund(monthly, kind="refund.failed", amount=400, status="failed"))
        assert "paid back" not in words(client.get(address(monthly)).content.decode())

    def test_a_month_that_the_donors_bank_took_back_says_so_until_it_is_won(
        self, client: Client, monthly: MonthlyDonation
    ) -> None:
        of_month: dict[str, Any] = {"payment_intent": payment_of_month(monthly)}
        stand_in = CardDonation(reference=monthly.reference, amount=monthly.amount)
        taken = dispute_line(-1000)
        tell(dispute_event(stand_in, lines=[taken], **of_month))
        text = words(client.get(address(monthly)).content.decode())
        assert "£10 £10 taken back by your bank" in text
        assert read_reading(monthly.appeal).raised == gbp(0)
        tell(
            dispute_event(
                stand_in,
                "charge.dispute.funds_reinstated",
                lines=[taken, dispute_line(1000)],
                status="won",
                told=NOON + 60,
                **of_month,
            )
        )
        assert "taken back" not in words(client.get(address(monthly)).content.decode())

    def test_a_month_that_could_not_be_taken(
        self, client: Client, monthly: MonthlyDonation
    ) -> None:
        failed_at = NOON + MONTH
        tell(subscription_event(monthly, status="past_due", created=failed_at))
        text = words(client.get(address(monthly)).content.decode())
        assert "Your bank declined it. It may not be tried again by itself." in text
        tell(invoice_event(monthly, "invoice.payment_failed", month=2, created=failed_at))
        text = words(client.get(address(monthly)).content.decode())
        assert "declined it on 23 December." in text
        assert "tries again on 26 December" in text
        tell(
            subscription_event(monthly, created=failed_at + 99),
            *month_events(monthly, 2, created=failed_at + 99),
        )
        assert "declined" not in words(client.get(address(monthly)).content.decode())

    def test_one_that_is_to_end_can_be_taken_up_again_and_not_changed(
        self, client: Client, monthly: MonthlyDonation
    ) -> None:
        tell(subscription_event(monthly, cancel_at=NOON + MONTH, created=NOON + 60))
        text = words(client.get(address(monthly)).content.decode())
        assert "You have stopped it" in text
        assert "Until 23 December 2026 you can take that back." in text
        assert "Go on with it at Stripe" in text
        assert "Change the amount" not in text

    def test_one_that_has_ended_only_tells_what_came(
        self, client: Client, monthly: MonthlyDonation
    ) -> None:
        tell(
            subscription_event(
                monthly, "customer.subscription.deleted", status="canceled", created=NOON + 60
            )
        )
        page = client.get(address(monthly)).content.decode()
        assert "It ended on 23 November 2026" in words(page)
        assert "23 Nov 2026 Rally £10" in words(page)
        assert "<form" not in page.partition("<main")[2]

    @pytest.mark.parametrize(
        ("status", "said"),
        [("incomplete", "The first is on its way"), ("incomplete_expired", "It never began")],
    )
    def test_one_whose_first_month_has_not_come(
        self, client: Client, status: str, said: str
    ) -> None:
        monthly = make_monthly(appeal=make_appeal())
        tell(subscription_event(monthly, status=status))
        text = words(client.get(address(monthly)).content.decode())
        assert said in text
        assert "Nothing yet." in text

    def test_it_says_where_the_months_go_once_the_appeal_has_closed(
        self, client: Client, monthly: MonthlyDonation
    ) -> None:
        make_appeal("fighting-fund", is_standing=True)
        Appeal.objects.filter(slug="rally").update(
            status=Appeal.Status.CLOSED, closes_at=timezone.now()
        )
        text = words(client.get(address(monthly)).content.decode())
        assert "Rally has closed. Your donation goes on to Fighting fund" in text

    def test_it_takes_few_queries_for_many_months(
        self,
        client: Client,
        monthly: MonthlyDonation,
        django_assert_max_num_queries: DjangoAssertNumQueries,
    ) -> None:
        for month in range(2, 15):
            tell(*month_events(monthly, month, created=NOON + month * MONTH))
        tell(month_refund(monthly), month_refund(monthly, 2, refund="re_2"))
        with django_assert_max_num_queries(6):
            assert client.get(address(monthly)).content.decode().count("paid back") == 2


class TestAmount:
    def change(self, monthly: MonthlyDonation, amount: str, **changes: str) -> Any:
        sent = {"amount": amount, "wish": str(uuid.uuid4())} | changes
        return Client().post(address(monthly, "amount/"), sent)

    def test_another_amount_holds_from_the_next_month_on(
        self, stripe: PretendStripe, at_stripe: MonthlyDonation
    ) -> None:
        response = self.change(at_stripe, "£12.50")
        assert response.status_code == 303
        assert response["Location"].startswith(f"/monthly/{at_stripe.reference.hex}")
        assert MonthlyDonation.objects.get().amount == gbp("12.50")
        assert read_reading(at_stripe.appeal).promised_monthly == gbp("12.50")
        with stripe.sdk() as sdk:
            (invoice,) = sdk.v1.invoices.list().data  # nothing is taken in between
            assert invoice.amount_paid == 1000
        month = stripe.control("next_month", subscription=at_stripe.subscription_id)
        with stripe.sdk() as sdk:
            assert sdk.v1.invoices.retrieve(month["invoice"]).amount_paid == 1250

    def test_it_is_said_on_the_page(self, client: Client, at_stripe: MonthlyDonation) -> None:
        sent = {"amount": "12.50", "wish": str(uuid.uuid4())}
        page = client.post(address(at_stripe, "amount/"), sent, follow=True)
        assert "From the next month on it is £12.50." in page.content.decode()

    def test_the_same_wish_sent_twice_is_done_once(
        self, stripe: PretendStripe, at_stripe: MonthlyDonation
    ) -> None:
        sent = {"amount": "20", "wish": str(uuid.uuid4())}
        for _ in range(2):
            assert Client().post(address(at_stripe, "amount/"), sent).status_code == 303
        with stripe.sdk() as sdk:
            prices = sdk.v1.prices.list({"limit": 100}).data
        assert sorted(price.unit_amount or 0 for price in prices) == [1000, 2000]

    def test_an_old_wish_sent_again_does_not_make_believe_that_it_holds(
        self, at_stripe: MonthlyDonation
    ) -> None:
        """Stripe answers a key that it knows with what was true then."""
        old = {"amount": "20", "wish": str(uuid.uuid4())}
        for sent in (old, {"amount": "5", "wish": str(uuid.uuid4())}, old):
            MonthlyDonation.objects.update(told_at=timezone.now() - timedelta(minutes=1))
            assert Client().post(address(at_stripe, "amount/"), sent).status_code == 303
        assert MonthlyDonation.objects.get().amount == gbp(5)

    @pytest.mark.parametrize(
        ("amount", "error"),
        [
            ("", "Type the amount that you want"),
            ("1.99", "By card we can take £2 or more"),
            ("five", "Type the amount in figures"),
            ("5\x00", "Null characters are not allowed"),
            ("9" * 31, "Type the amount in figures"),
            ("1000000", "A card can take"),
            ("500.01", "the form then asks who you are"),
        ],
    )
    def test_what_cannot_be_is_a_form_error(
        self, monthly: MonthlyDonation, amount: str, error: str
    ) -> None:
        response = self.change(monthly, amount)
        assert response.status_code == 422
        assert error in response.content.decode()
        assert 'aria-invalid="true"' in response.content.decode()
        assert MonthlyDonation.objects.get().amount == gbp(10)

    def test_who_is_identified_may_give_more(self, at_stripe: MonthlyDonation) -> None:
        Donor.objects.update(name="Some Body", address="1 Street", declares_own_money=True)
        assert self.change(at_stripe, "600").status_code == 303
        make_organisation(identified_donation_limit=Decimal(700))
        Donor.objects.update(declares_own_money=False)
        assert self.change(at_stripe, "650").status_code == 303
        Donor.objects.all().delete()
        assert self.change(MonthlyDonation.objects.get(), "701").status_code == 422

    def test_a_wish_that_is_none_asks_for_the_page_anew(self, monthly: MonthlyDonation) -> None:
        for wish in ("", "nonsense"):
            response = self.change(monthly, "12", wish=wish)
            assert response.status_code == 422
            assert "load this page anew" in response.content.decode()

    def test_one_that_ends_is_not_changed(self, monthly: MonthlyDonation) -> None:
        tell(subscription_event(monthly, cancel_at=NOON + MONTH, created=NOON + 60))
        assert self.change(monthly, "20").status_code == 422

    def test_while_stripe_is_away_nothing_is_lost(
        self, stripe: PretendStripe, at_stripe: MonthlyDonation
    ) -> None:
        stripe.turn(fail_with="500")
        response = self.change(at_stripe, "20")
        assert (response.status_code, response["Retry-After"]) == (503, "30")
        assert "does not answer just now" in response.content.decode()
        assert 'value="20"' in response.content.decode()
        assert MonthlyDonation.objects.get().amount == gbp(10)

    def test_it_is_only_posted_and_only_from_our_own_page(self, monthly: MonthlyDonation) -> None:
        assert Client().get(address(monthly, "amount/")).status_code == 405
        strict = Client(enforce_csrf_checks=True)
        assert strict.post(address(monthly, "amount/"), {"amount": "20"}).status_code == 403


class TestPortal:
    def test_a_button_leads_to_stripes_own_page_for_this_donor(
        self, stripe: PretendStripe, at_stripe: MonthlyDonation
    ) -> None:
        response = Client().post(address(at_stripe, "stripe/"))
        assert response.status_code == 303
        assert response["Location"].startswith(stripe.url)
        portal = stripe.http.get(response["Location"]).text
        assert "£10.00 a month" in portal
        assert f'href="http://testserver/monthly/{at_stripe.reference.hex}' in portal

    def test_back_from_there_the_page_shows_at_once_what_was_changed(
        self, stripe: PretendStripe, at_stripe: MonthlyDonation
    ) -> None:
        """Before any event has come."""
        with stripe.sdk() as sdk:
            sdk.v1.subscriptions.update(
                str(at_stripe.subscription_id), {"cancel_at_period_end": True}
            )
        MonthlyDonation.objects.update(told_at=timezone.now() - timedelta(minutes=5))
        response = Client().get(address(at_stripe, "back/"), follow=True)
        assert response.redirect_chain[0][1] == 302
        assert "You have stopped it" in response.content.decode()
        assert read_reading(at_stripe.appeal).promised_monthly == gbp(0)

    def test_while_stripe_is_away_the_page_stands(
        self, stripe: PretendStripe, at_stripe: MonthlyDonation
    ) -> None:
        stripe.turn(fail_with="500")
        assert Client().post(address(at_stripe, "stripe/")).status_code == 503
        MonthlyDonation.objects.update(told_at=timezone.now() - timedelta(minutes=5))
        assert Client().get(address(at_stripe, "back/"), follow=True).status_code == 200

    def test_a_get_opens_no_portal(self, monthly: MonthlyDonation) -> None:
        assert Client().get(address(monthly, "stripe/")).status_code == 405


class TestAskingForALink:
    """The same answer for everyone, one e-mail at most in a quarter of an hour."""

    def ask(self, email: str = EMAIL) -> str:
        response = Client().post(ASK, {"email": email}, follow=True)
        assert response.redirect_chain == [("/monthly/sent/", 303)]
        return response.content.decode()

    def test_who_gives_monthly_is_sent_a_link_that_works(
        self, client: Client, monthly: MonthlyDonation
    ) -> None:
        assert client.get(ASK).status_code == 200
        self.ask()
        assert send_wanted_links() == 1
        (sent,) = mail.outbox
        assert sent.to == [EMAIL]
        assert sent.reply_to == ["treasurer@example.org"]
        assert "£10 a month, Rally" in sent.body
        assert "1 Example Street, London" in sent.body  # the imprint
        (link,) = re.findall(r"http://testserver(/monthly/\S+/)\n", str(sent.body))
        assert "Your monthly donation" in client.get(link).content.decode()

    def test_the_answer_tells_nobody_who_gives(
        self, monthly: MonthlyDonation, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        pages = [self.ask(email) for email in (EMAIL, "nobody@example.org")]
        without_token = [re.sub(r'value="[^"]*"', "", page) for page in pages]
        assert without_token[0] == without_token[1]
        for email in (EMAIL, "nobody@example.org"):
            with django_assert_num_queries(1):
                Client().post(ASK, {"email": email})
        send_wanted_links()
        assert [sent.to for sent in mail.outbox] == [[EMAIL]]

    def test_one_e_mail_holds_a_link_to_each_of_an_addresss_donations(
        self, monthly: MonthlyDonation
    ) -> None:
        second = make_monthly(
            gbp(5), appeal=make_appeal("premises"), email=EMAIL.upper(), subscription_id="sub_2"
        )
        make_monthly(gbp(7), email=EMAIL)  # never begun
        self.ask("Some.Body@example.org")
        assert send_wanted_links() == 1
        (sent,) = mail.outbox
        assert "£10 a month, Rally" in sent.body
        assert f"£5 a month, {second.appeal.title}" in sent.body
        assert sent.body.count("/monthly/") == 2

    def test_it_is_sent_at_most_once_in_a_quarter_of_an_hour(
        self, monthly: MonthlyDonation
    ) -> None:
        for _ in range(3):
            self.ask()
            send_wanted_links()
        assert len(mail.outbox) == 1
        MonthlyDonation.objects.update(link_sent_at=timezone.now() - timedelta(minutes=16))
        self.ask()
        send_wanted_links()
        assert len(mail.outbox) == 2

    def test_an_e_mail_that_cannot_be_sent_is_sent_later(
        self, monthly: MonthlyDonation, caplog: pytest.LogCaptureFixture
    ) -> None:
        self.ask()
        with mock.patch.object(EmailMessage, "send", side_effect=SMTPServerDisconnected(EMAIL)):
            assert send_wanted_links() == 0
        assert "SMTPServerDisconnected" in caplog.text
        assert EMAIL not in caplog.text
        assert send_wanted_links() == 0  # in a minute
        MonthlyDonation.objects.update(link_wanted_at=timezone.now() - timedelta(minutes=1))
        assert send_wanted_links() == 1

    def test_who_was_erased_in_between_is_sent_nothing(self, monthly: MonthlyDonation) -> None:
        self.ask()
        Donor.objects.all().delete()
        assert send_wanted_links() == 0
        assert MonthlyDonation.objects.get().link_wanted_at is None

    @pytest.mark.parametrize("email", ["", "nonsense", "a@b\x00.org", "x" * 300 + "@example.org"])
    def test_what_is_no_address_is_a_form_error(self, client: Client, email: str) -> None:
        make_organisation()
        response = client.post(ASK, {"email": email})
        assert response.status_code == 422
        assert "field__error" in response.content.decode()

    def test_the_till_sends_by_itself(self) -> None:
        assert send_wanted_links in {chore.run for chore in CHORES}
