"""A donor gives every month: from the form, through good months and bad, to the stop."""

import html
import re
from datetime import timedelta
from urllib.parse import urlsplit

import httpx
import pytest
from django.core import mail
from django.utils import timezone

from appeals.models import Appeal
from appeals.progress import Reading, read_reading
from payments.models import CardDonation, MonthlyDonation, WebhookEvent
from tests.factories import gbp, make_appeal, make_branch
from tests.journeys.test_card import go_to_checkout, hidden_fields, pay_on_the_page, wait_until
from tests.pretend_stripe.process import INSUFFICIENT, VISA, PretendStripe

pytestmark = pytest.mark.django_db(transaction=True)

EMAIL = "some.body@example.org"


@pytest.fixture
def appeal(stripe: PretendStripe) -> Appeal:
    return make_appeal("rally", target=gbp(100), branch_targets=[(make_branch("Leeds"), gbp(50))])


def reading() -> Reading:
    return read_reading(Appeal.objects.get(slug="rally"))


def subscription_id() -> str:
    return str(MonthlyDonation.objects.get().subscription_id)


def begin(donor: httpx.Client) -> httpx.Response:
    """Give £20 a month by the form and the pay page; where Stripe sends the donor back to."""
    checkout = go_to_checkout(donor, frequency="monthly", email=EMAIL)
    paid = pay_on_the_page(donor, checkout, card=VISA)
    assert paid.status_code == 303
    return paid


def press(donor: httpx.Client, page: httpx.Response, action: str, **fields: str) -> httpx.Response:
    """Send the form of a page whose address ends so."""
    form = re.search(rf'<form[^>]*action="([^"]*{action})"[^>]*>(.*?)</form>', page.text, re.S)
    assert form is not None, page.text
    address = httpx.URL(str(page.url)).join(html.unescape(form[1]))
    sent = hidden_fields(form[2]) | fields
    return donor.post(address, data=sent, headers={"Referer": str(page.url)})


def links_sent() -> list[str]:
    """The e-mails that were asked for; each month's receipt comes by itself beside them."""
    return [str(sent.body) for sent in mail.outbox if sent.subject == "Your monthly donation"]


def own_page(donor: httpx.Client, page: httpx.Response) -> httpx.Response:
    """By the link that is asked for from the thanks page, and comes by e-mail."""
    ask = donor.get(re.findall(r'href="(/monthly/)"', page.text)[0])
    sent = press(donor, ask, "/monthly/", email=EMAIL)
    assert sent.status_code == 303
    wait_until(lambda: bool(links_sent()))
    (link,) = re.findall(r"http://\S+(/monthly/\S+/)\n", links_sent()[0])
    return donor.get(link)


def test_from_the_first_month_to_the_stop(
    donor: httpx.Client, appeal: Appeal, stripe: PretendStripe
) -> None:
    paid = begin(donor)
    wait_until(lambda: reading().raised == gbp(20))
    thanks = donor.get(paid.headers["Location"])
    assert "£20" in thanks.text
    assert "The first has come" in thanks.text
    wait_until(lambda: reading().promised_monthly == gbp(20))

    # The next month comes by itself.
    stripe.control("next_month", subscription=subscription_id())
    wait_until(lambda: reading().raised == gbp(40))

    # The one after fails, and Stripe's next attempt brings it.
    stripe.control("set_card", subscription=subscription_id(), card=INSUFFICIENT)
    month = stripe.control("next_month", subscription=subscription_id())
    assert month["paid"] is False
    wait_until(lambda: MonthlyDonation.objects.get().is_failing)
    page = own_page(donor, thanks)
    assert "A month could not be taken." in page.text
    assert "tries again on" in page.text
    assert reading().raised == gbp(40)
    assert reading().promised_monthly == gbp(20)
    stripe.control("set_card", subscription=subscription_id(), card=VISA)
    assert stripe.control("retry_invoice", invoice=month["invoice"])["paid"] is True
    wait_until(lambda: reading().raised == gbp(60))
    wait_until(lambda: not MonthlyDonation.objects.get().is_failing)

    # The donor gives more, and the next month is of the new amount.
    page = donor.get(page.url)
    changed = press(donor, page, "/amount/", amount="25")
    assert changed.status_code == 303, changed.text
    assert reading().promised_monthly == gbp(25)
    stripe.control("next_month", subscription=subscription_id())
    wait_until(lambda: reading().raised == gbp(85))
    assert [month.amount for month in CardDonation.objects.order_by("pk")][-2:] == [
        gbp(20),
        gbp(25),
    ]

    # And stops, at Stripe, without an account.
    portal = press(donor, donor.get(page.url), "/stripe/")
    assert portal.status_code == 303
    assert urlsplit(portal.headers["Location"]).netloc == urlsplit(stripe.url).netloc
    address = f"{portal.headers['Location']}/stop/{subscription_id()}"
    stopped = donor.post(address, data={"when": "now"}, follow_redirects=True)
    assert "Stopped on" in stopped.text
    (back,) = set(re.findall(r'href="(http://[^"]*/back/)"', stopped.text))
    page = donor.get(html.unescape(back), follow_redirects=True)
    assert "nothing more is taken" in page.text
    wait_until(lambda: reading().promised_monthly == gbp(0))

    stripe.settle(timeout_seconds=30)
    wait_until(lambda: not WebhookEvent.objects.filter(processed_at__isnull=True).exists())
    assert reading().raised == gbp(85)
    assert reading().card_donations == 4
    (row,) = reading().league
    assert (row.branch, row.raised) == ("leeds", gbp(85))


def test_a_refunded_month_lowers_the_thermometer(
    donor: httpx.Client, appeal: Appeal, stripe: PretendStripe
) -> None:
    begin(donor)
    wait_until(lambda: reading().raised == gbp(20))
    intent = str(CardDonation.objects.get().payment_intent_id)
    stripe.control("refund_in_dashboard", payment_intent=intent, amount=500)
    wait_until(lambda: reading().raised == gbp(15))
    stripe.settle(timeout_seconds=30)
    wait_until(lambda: not WebhookEvent.objects.filter(processed_at__isnull=True).exists())
    assert reading().raised == gbp(15)


def test_months_in_disorder_doubled_and_late_are_all_booked_once(
    donor: httpx.Client, appeal: Appeal, stripe: PretendStripe
) -> None:
    stripe.turn(duplicate=0.5, reorder=3)
    begin(donor)
    wait_until(lambda: reading().raised == gbp(20))
    for _ in range(3):
        stripe.control("next_month", subscription=subscription_id())
    wait_until(lambda: reading().raised == gbp(80))
    stripe.settle(timeout_seconds=30)
    wait_until(lambda: not WebhookEvent.objects.filter(processed_at__isnull=True).exists())
    assert reading().raised == gbp(80)
    assert reading().card_donations == 4


def test_once_the_appeal_has_closed_the_months_go_to_the_standing_appeal(
    donor: httpx.Client, appeal: Appeal, stripe: PretendStripe
) -> None:
    standing = make_appeal("fighting-fund", is_standing=True)
    begin(donor)
    wait_until(lambda: reading().raised == gbp(20))
    a_minute_ago = timezone.now() - timedelta(minutes=1)  # Stripe counts in whole seconds
    Appeal.objects.filter(slug="rally").update(status=Appeal.Status.CLOSED, closes_at=a_minute_ago)
    stripe.control("next_month", subscription=subscription_id())
    wait_until(lambda: read_reading(standing).raised == gbp(20))
    wait_until(lambda: read_reading(standing).promised_monthly == gbp(20))
    assert reading().raised == gbp(20)
    assert reading().promised_monthly == gbp(0)
