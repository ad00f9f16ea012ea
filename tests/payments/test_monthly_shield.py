"""Card testers who ask for monthly donations are seen as all others are."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from appeals.models import Appeal
from payments import inbox
from payments.models import CheckoutOrigin, MonthlyDonation
from payments.shield.counting import Whose, digest_of, forget_old_attempts, read_opened
from payments.shield.ending import end_unwanted_checkouts, unwanted_checkouts
from payments.shield.judging import note_opened
from payments.shield.limits import HOUR, UNPAID_OF_A_BROWSER
from payments.shield.switch import pause_cards
from payments.shield.watch import read_figures
from tests.factories import make_appeal, make_monthly, make_user
from tests.monthly_events import beginning
from tests.payments.shield import attempt
from tests.payments.test_give import GIVE
from tests.payments.test_monthly_give import monthly_content
from tests.pretend_stripe.process import PretendStripe
from tests.stripe_events import deliver

pytestmark = pytest.mark.django_db


@pytest.fixture
def appeal() -> Appeal:
    return make_appeal("rally")


def opened(appeal: Appeal, *, session: str = "a-browser") -> MonthlyDonation:
    monthly = make_monthly(appeal=appeal, checkout_expires_at=timezone.now() + timedelta(hours=2))
    note_opened(attempt(appeal, session=session), monthly.reference)
    return monthly


def begin(monthly: MonthlyDonation) -> None:
    for event in beginning(monthly):
        deliver(Client(), event)
    inbox.act_on_everything_due()


def counts(session: str = "a-browser") -> tuple[int, int]:
    """Unpaid and paid Checkouts of one browser."""
    found = read_opened(
        session_digest=digest_of(Whose.SESSION, session), email_digest="", within=HOUR
    )
    return found.unpaid_by_session, found.paid_by_session


def test_a_monthly_checkout_counts_for_its_browser_once_until_it_is_begun(appeal: Appeal) -> None:
    monthly = opened(appeal)
    note_opened(attempt(appeal, session="a-browser"), monthly.reference)
    assert CheckoutOrigin.objects.get().began == monthly
    assert counts() == (1, 0)
    begin(monthly)
    assert counts() == (0, 1)


def test_a_form_leads_to_an_origin_of_its_own(client: Client, stripe: PretendStripe) -> None:
    make_appeal("rally", title="Rally")
    assert client.post(GIVE, monthly_content(branch="")).status_code == 303
    origin = CheckoutOrigin.objects.get()
    assert origin.monthly == MonthlyDonation.objects.get()
    assert origin.donation is None
    assert origin.email_digest
    assert "some.body" not in str(origin)


def test_who_opens_too_many_and_pays_none_is_refused(client: Client, stripe: PretendStripe) -> None:
    appeal = make_appeal("rally", title="Rally")
    client.get(GIVE)  # gives the browser its mark
    assert client.post(GIVE, monthly_content(branch="")).status_code == 303
    mark = CheckoutOrigin.objects.get().session_digest
    for _ in range(UNPAID_OF_A_BROWSER):
        opened(appeal)
    CheckoutOrigin.objects.update(session_digest=mark)
    assert client.post(GIVE, monthly_content(branch="")).status_code == 429


def test_the_watch_sees_them_with_all_others(appeal: Appeal) -> None:
    begin(opened(appeal))
    opened(appeal)
    MonthlyDonation.objects.filter(started_at__isnull=False).update(started_at=timezone.now())
    for figures in read_figures(timezone.now()):
        assert (figures.opened, figures.opened_paid, figures.paid) == (2, 1, 1)


def test_a_pause_ends_the_monthly_checkouts_of_its_appeal(
    client: Client, stripe: PretendStripe
) -> None:
    rally, other = make_appeal("rally", title="Rally"), make_appeal("premises")
    client.post(GIVE, monthly_content(branch=""))
    elsewhere = opened(other)
    MonthlyDonation.objects.filter(pk=elsewhere.pk).update(checkout_session_id="cs_elsewhere")
    pause_cards(appeal=rally, why="", by=make_user())
    assert end_unwanted_checkouts() == 1
    ended = MonthlyDonation.objects.get(appeal=rally)
    assert ended.checkout_ended_at is not None
    assert MonthlyDonation.objects.get(pk=elsewhere.pk).checkout_ended_at is None
    with stripe.sdk() as sdk:
        (session,) = sdk.v1.checkout.sessions.list().data
    assert session.status == "expired"


def test_one_that_was_begun_is_not_ended(appeal: Appeal) -> None:
    monthly = opened(appeal)
    MonthlyDonation.objects.update(checkout_session_id="cs_1")
    pause_cards(appeal=None, why="", by=make_user())
    assert unwanted_checkouts().count() == 1
    begin(monthly)
    assert not unwanted_checkouts().exists()


def test_an_origin_is_forgotten_and_its_donation_stays(appeal: Appeal) -> None:
    opened(appeal)
    CheckoutOrigin.objects.update(opened_at=timezone.now() - timedelta(days=30))
    forget_old_attempts()
    assert not CheckoutOrigin.objects.exists()
    assert MonthlyDonation.objects.count() == 1
