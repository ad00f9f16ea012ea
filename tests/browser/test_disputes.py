"""Disputes, and donations paid twice, in a real browser: seen on a phone, noted by touch."""

import os
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from appeals.models import Appeal
from funds.models import Membership, User
from payments import inbox
from payments.models import CardDonation
from tests.browser.conftest import CheckWithAxe, NewPage
from tests.browser.treasury import log_in
from tests.factories import gbp, make_appeal, make_branch, make_card_donation, make_user
from tests.site import SiteProcess
from tests.stripe_events import (
    NOON,
    Event,
    checkout_event,
    deliver,
    dispute_event,
    dispute_line,
    refund_event,
)

PHONE: dict[str, Any] = {
    "viewport": {"width": 360, "height": 780},
    "is_mobile": True,
    "has_touch": True,
}
LAPTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
PAGES = ("/treasurer/", "/treasurer/disputes/", "/treasurer/paid-twice/")


@pytest.fixture
def appeal(live_site: SiteProcess) -> Appeal:
    return make_appeal(title="Rally for Socialism")


@pytest.fixture
def national(appeal: Appeal) -> User:
    return make_user("national", role=Membership.Role.NATIONAL_TREASURER)


@pytest.fixture
def donations(appeal: Appeal) -> list[CardDonation]:
    """One to be answered, one asked about, one lost, and two paid twice, of which one is back."""
    leeds = make_branch("Leeds")
    made = [make_card_donation(gbp(5 * n), appeal=appeal, branch=leeds) for n in range(1, 6)]
    open_, asked, lost, twice, back = made
    long_id = "1TQ8ZyKjLQjouIutq27IcJvW"
    told = [checkout_event(one) for one in made]
    told += [
        dispute_event(
            open_, dispute=f"du_{long_id}", lines=[dispute_line(-500, fee=2000)], reason="duplicate"
        ),
        dispute_event(asked, dispute="du_2", status="warning_needs_response", created=NOON + 9),
        dispute_event(
            lost,
            "charge.dispute.closed",
            dispute="du_3",
            status="lost",
            lines=[dispute_line(-1500, fee=2000)],
        ),
        checkout_event(twice, payment=f"pi_3{long_id}"),
        checkout_event(back, payment="pi_back"),
        refund_event(back, payment_intent="pi_back"),
    ]
    tell(*told)
    return made


def tell(*events: Event) -> None:
    for event in events:
        assert deliver(Client(), event) == 200
    inbox.act_on_everything_due()


def show(page: Page, name: str) -> None:
    """Keep a picture to look at, when PICTURES names a folder."""
    if folder := os.environ.get("PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


@pytest.mark.parametrize("size", ["phone", "laptop"])
def test_the_pages_are_found_and_fit(
    live_site: SiteProcess,
    national: User,
    donations: list[CardDonation],
    new_page: NewPage,
    axe: CheckWithAxe,
    size: str,
) -> None:
    page = new_page(**(PHONE if size == "phone" else LAPTOP))
    log_in(page, live_site, national)
    expect(page.locator("main")).to_contain_text("2 disputes to answer")
    for number, address in enumerate(PAGES):
        page.goto(live_site.url + address)
        show(page, f"{size}-{number}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
        small = page.evaluate(
            """() => [...document.querySelectorAll('main button, nav.tabs a, main .links a')]
                .map(part => [part.outerHTML.slice(0, 80), part.getBoundingClientRect().height])
                .filter(([, height]) => height < 44)"""
        )
        assert small == [], address
        axe(page)


def test_that_both_were_meant_is_noted_by_touch(
    live_site: SiteProcess, national: User, donations: list[CardDonation], new_page: NewPage
) -> None:
    page = new_page(**PHONE)
    log_in(page, live_site, national)
    page.get_by_role("link", name="See both payments").tap()
    page.get_by_role("button", name="The donor meant both").tap()
    expect(page.get_by_text("Both stay")).to_be_visible()
    expect(page.get_by_role("button", name="The donor meant both")).to_have_count(0)
    assert CardDonation.objects.filter(meant_by=national).count() == 1


def test_a_donor_is_told_what_their_bank_did(
    live_site: SiteProcess, donations: list[CardDonation], new_page: NewPage, axe: CheckWithAxe
) -> None:
    page = new_page(**PHONE)
    open_, _, lost, twice, _ = donations
    for donation, words in (
        (open_, "Your bank is looking into it"),
        (lost, "Back with your bank"),
        (twice, "It was paid twice"),
    ):
        page.goto(f"{live_site.url}/appeals/rally/thanks/{donation.reference}/")
        expect(page.locator("main")).to_contain_text(words)
        show(page, f"thanks-{words.split()[0]}-{donation.pk}")
        axe(page)
