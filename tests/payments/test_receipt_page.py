"""The receipt behind a signed link: the books' word, for whoever has the link and nobody else."""

import pytest
from django.test import Client

from donors.models import Donor
from payments import inbox
from payments.models import CardDonation
from payments.receipts import receipt_url
from tests.factories import gbp, make_branch, make_card_donation
from tests.stripe_events import checkout_event, deliver, dispute_event, dispute_line, refund_event

pytestmark = pytest.mark.django_db


@pytest.fixture
def donation(client: Client) -> CardDonation:
    donor = Donor.objects.create(name="A. Donor", email="a.donor@example.org")
    donation = make_card_donation(gbp("25.50"), branch=make_branch("Leeds"), donor=donor)
    deliver(client, checkout_event(donation))
    inbox.act_on_everything_due()
    return donation


def path(donation: CardDonation) -> str:
    return receipt_url(donation).removeprefix("http://testserver")


def test_it_says_who_gave_what_for_what_when_and_to_whom(
    client: Client, donation: CardDonation
) -> None:
    page = client.get(path(donation)).content.decode()
    for said in ("A. Donor", "£25.50", "Rally", "Leeds", "23 November 2026", "Promoted by"):
        assert said in page


def test_after_a_refund_it_says_what_was_kept(client: Client, donation: CardDonation) -> None:
    deliver(client, refund_event(donation, amount=1000))
    inbox.act_on_everything_due()
    page = client.get(path(donation)).content.decode()
    assert "kept of £25.50" in page
    assert "£15.50" in page


def test_what_the_bank_took_back_was_not_kept(client: Client, donation: CardDonation) -> None:
    deliver(client, refund_event(donation, amount=1000))
    deliver(client, dispute_event(donation, lines=[dispute_line(-2550, line="txn_taken")]))
    inbox.act_on_everything_due()
    page = client.get(path(donation)).content.decode()
    assert '<span class="figure__value">£0</span>' in page
    assert "taken back by the bank" in page
    back = dispute_line(2550, line="txn_back")
    won = dispute_event(
        donation,
        "charge.dispute.closed",
        lines=[dispute_line(-2550, line="txn_taken"), back],
        status="won",
    )
    deliver(client, won)
    inbox.act_on_everything_due()
    page = client.get(path(donation)).content.decode()
    assert "£15.50" in page
    assert "taken back by the bank" not in page


def test_paid_twice_it_says_so_on_the_second_and_how_to_get_it_back(
    client: Client, donation: CardDonation
) -> None:
    deliver(client, checkout_event(donation, payment="pi_again"))
    inbox.act_on_everything_due()
    again = CardDonation.objects.get(again_of=donation)

    page = client.get(path(again)).content.decode()
    assert "second payment" in page
    assert "A. Donor" in page
    assert "second payment" not in client.get(path(donation)).content.decode()


def test_after_the_donor_was_erased_it_names_nobody(client: Client, donation: CardDonation) -> None:
    Donor.objects.all().delete()
    page = client.get(path(donation)).content.decode()
    assert "A. Donor" not in page
    assert "£25.50" in page


def test_no_cache_no_search_engine_and_no_other_site_learns_the_link(
    client: Client, donation: CardDonation
) -> None:
    response = client.get(path(donation))
    assert "no-store" in response["Cache-Control"]
    assert response["X-Robots-Tag"] == "noindex"
    assert response["Referrer-Policy"] == "no-referrer"


def test_a_link_made_up_or_changed_leads_nowhere(client: Client, donation: CardDonation) -> None:
    good = path(donation)
    for bad in (
        f"/receipts/{donation.reference}/",
        f"/receipts/{donation.reference.hex}/",
        good[:-3] + "xx/",
        "/receipts/é:nonsense/",
    ):
        assert client.get(bad).status_code == 404


def test_a_donation_that_has_not_come_has_no_receipt(client: Client) -> None:
    assert client.get(path(make_card_donation())).status_code == 404


def test_the_page_costs_few_queries(
    client: Client, donation: CardDonation, django_assert_max_num_queries: object
) -> None:
    with django_assert_max_num_queries(5):  # type: ignore[operator]
        client.get(path(donation))
