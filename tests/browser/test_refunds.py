"""Giving money back in a real browser, with the stand-in for Stripe behind it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from pytest_django import Settings

from appeals.models import Appeal
from appeals.progress import read_reading
from donors.models import Donor
from funds.models import User
from funds.money import Money
from payments.models import CardDonation, RefundOrder
from payments.refund_orders import approve, decline, withdraw
from payments.stripe_gateway.client import close_connections
from tests.browser.conftest import CheckWithAxe, NewPage
from tests.browser.test_treasurer import LAPTOP, PHONE, focus_by_tab
from tests.browser.treasury import log_in
from tests.factories import gbp, make_appeal, make_branch
from tests.payments.refunding import (
    given_back_at_stripe,
    make_national,
    make_received,
    order,
    pay_at,
    refunds_at,
)
from tests.pretend_stripe.process import PretendStripe, running_pretend_stripe
from tests.site import SiteProcess, free_port

SECRET = "whsec_of_the_refunds"


@dataclass
class Till:
    """The site at work, the stand-in for Stripe, an appeal, and two national treasurers."""

    site: SiteProcess
    stripe: PretendStripe
    appeal: Appeal
    first: User
    second: User

    def raised(self) -> Money:
        return read_reading(Appeal.objects.get(pk=self.appeal.pk)).raised

    def donation_page(self, donation: CardDonation) -> str:
        return f"/treasurer/cards/{donation.reference}/"


@pytest.fixture
def till(browser: object, settings: Settings, transactional_db: None) -> Iterator[Till]:
    appeal = make_appeal(title="Rally for Socialism")
    stripe_port = free_port()
    settings.STRIPE_API_BASE = f"http://127.0.0.1:{stripe_port}"
    site = SiteProcess(STRIPE_API_BASE=settings.STRIPE_API_BASE, STRIPE_WEBHOOK_SECRETS=SECRET)
    webhook = f"{site.url}/stripe/webhook/"
    with (
        site,
        running_pretend_stripe(
            port=stripe_port, webhook_url=webhook, webhook_secret=SECRET
        ) as stripe,
    ):
        yield Till(site, stripe, appeal, make_national("first"), make_national("second"))
        close_connections()


def test_a_small_gift_is_given_back_by_touch_and_the_page_says_when_it_went(
    till: Till, new_page: NewPage
) -> None:
    donation = pay_at(till.stripe, gbp(25), branch=make_branch("Leeds"))
    page = new_page(**PHONE)
    log_in(page, till.site, till.first)

    page.get_by_role("link", name="Cards", exact=True).tap()
    page.get_by_role("link", name=re.compile("Rally for Socialism")).last.tap()
    page.get_by_role("link", name="Give money back").tap()
    page.get_by_text("A part of it").tap()
    page.get_by_label("Which part of it").fill("7.50")
    page.get_by_label("Why is it given back?").fill("Meant to give less")
    page.get_by_role("button", name="Go on").tap()
    expect(page.locator(".figure--huge")).to_contain_text("seven pounds and fifty pence")
    page.get_by_role("button", name="Give £7.50 back").tap()

    expect(page.get_by_text("Given back", exact=True)).to_be_visible()
    assert till.raised() == gbp("17.50")
    till.stripe.settle()
    assert refunds_at(till.stripe, donation) == [750]


def test_two_people_give_a_large_gift_back_by_keyboard_alone(till: Till, new_page: NewPage) -> None:
    donation = pay_at(till.stripe, gbp(150))
    asking, deciding = new_page(**LAPTOP), new_page(**LAPTOP)
    log_in(asking, till.site, till.first, to=f"{till.donation_page(donation)}refund/")

    focus_by_tab(asking, "id_reason")
    asking.keyboard.type("Paid by two people")
    asking.keyboard.press("Enter")
    expect(asking.locator(".figure--huge")).to_contain_text("one hundred and fifty pounds")
    press_by_tab(asking, "Ask for £150 to be given back")
    expect(asking.get_by_text("Waits for a second person")).to_be_visible()
    assert refunds_at(till.stripe, donation) == []

    log_in(deciding, till.site, till.second)
    press_by_tab(deciding, "Cards 1 for you to decide")
    press_by_tab(deciding, "Paid by two people")
    press_by_tab(deciding, "Approve: give £150 back")
    expect(deciding.get_by_text("Given back", exact=True)).to_be_visible()
    assert till.raised() == gbp(0)

    asking.reload()
    expect(asking.locator("main")).to_contain_text("Approved by")
    assert refunds_at(till.stripe, donation) == [15000]


def press_by_tab(page: Page, name: str) -> None:
    """Walk there with the Tab key, and press Enter."""
    wanted = page.get_by_role("link", name=name).or_(page.get_by_role("button", name=name))
    wanted.wait_for()
    for _ in range(60):
        page.keyboard.press("Tab")
        if wanted.evaluate("part => part === document.activeElement"):
            page.keyboard.press("Enter")
            return
    pytest.fail(f"{name} is not reached by the Tab key")


def test_it_all_works_without_javascript(till: Till, new_page: NewPage) -> None:
    donation = pay_at(till.stripe, gbp(25))
    page = new_page(java_script_enabled=False, **PHONE)
    log_in(page, till.site, till.first, to=f"{till.donation_page(donation)}refund/")

    page.get_by_label("Which part of it").fill("5")
    page.get_by_label("Why is it given back?").fill("Gave twice")
    page.get_by_role("button", name="Go on").tap()
    expect(page.get_by_role("alert")).to_contain_text("Choose “A part of it”")
    page.get_by_text("A part of it", exact=True).tap()
    page.get_by_role("button", name="Go on").tap()
    page.get_by_role("button", name="Change something").tap()
    page.get_by_label("Which part of it").fill("6")
    page.get_by_role("button", name="Go on").tap()
    page.get_by_role("button", name="Give £6 back").tap()

    expect(page.get_by_text("Given back", exact=True)).to_be_visible()
    assert till.raised() == gbp(19)


def test_while_stripe_is_away_it_stays_on_its_way_and_then_goes(till: Till, page: Page) -> None:
    donation = pay_at(till.stripe, gbp(25))
    till.stripe.turn(fail_with="500")
    ordered = order(donation, by=till.first)
    log_in(page, till.site, till.first, to=f"/treasurer/refunds/{ordered.reference}/")

    expect(page.locator("main").get_by_role("status")).to_contain_text(
        "It is asked again by itself", timeout=60_000
    )
    expect(page.get_by_role("button", name="Withdraw it")).to_have_count(0)
    till.stripe.turn(fail_with=None)
    RefundOrder.objects.update(next_attempt_at=ordered.asked_at)
    # Nothing asks a Stripe that was away for a quarter of a minute.
    expect(page.get_by_text("Given back", exact=True)).to_be_visible(timeout=60_000)
    assert refunds_at(till.stripe, donation) == [2500]


class Shown:
    """An order in each of its states, and a donation to which much happened."""

    def __init__(self, first: User, second: User) -> None:
        donor = Donor.objects.create(
            name="Rosa Example", email="rosa.example.with.a.long.name@example.org"
        )
        self.donation = make_received(gbp(450), donor=donor, branch=make_branch("Leeds"))
        given_back_at_stripe(self.donation, gbp(20))
        self.waiting = order(self.donation, gbp(120), by=first, reason="Paid by two people")
        self.declined = order(self.donation, gbp(110), by=first, reason="Wrong appeal")
        decline(self.declined, by=second, reason="It is the right one")
        self.withdrawn = order(self.donation, gbp(105), by=second, reason="Asked by e-mail")
        withdraw(self.withdrawn, by=second)
        self.approved = order(self.donation, gbp(130), by=second, reason="Moved abroad")
        approve(self.approved, by=first)
        self.refused = order(make_received(gbp(5)), by=first, reason="Gave in cash already")


@pytest.mark.parametrize(
    ("size", "scheme"), [(PHONE, "dark"), (LAPTOP, "light")], ids=["phone-dark", "laptop-light"]
)
def test_axe_finds_nothing_on_any_page(
    till: Till,
    new_page: NewPage,
    axe: CheckWithAxe,
    size: dict[str, Any],
    scheme: str,
) -> None:
    shown = Shown(till.first, till.second)
    make_received(gbp(10))
    page = new_page(color_scheme=scheme, **size)
    log_in(page, till.site, till.second)

    for address in (
        "/treasurer/",
        "/treasurer/cards/",
        "/treasurer/cards/?find=Rosa",
        "/treasurer/cards/?find=11111",
        till.donation_page(shown.donation),
        f"{till.donation_page(shown.donation)}refund/",
        "/treasurer/refunds/",
        *(
            f"/treasurer/refunds/{one.reference}/"
            for one in (
                *(shown.waiting, shown.declined, shown.withdrawn, shown.approved, shown.refused),
            )
        ),
    ):
        page.goto(f"{till.site.url}{address}")
        for fold in page.locator("main summary").all():
            if not fold.evaluate("fold => fold.parentElement.open"):
                fold.click()
        axe(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
        assert small_targets(page) == [], address

    page.goto(f"{till.site.url}{till.donation_page(shown.donation)}refund/")
    page.get_by_role("button", name="Go on").evaluate("b => b.form.noValidate = true")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing is ordered yet")
    axe(page)
    page.get_by_label("Why is it given back?").fill("Gave twice")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", name="Give it back?")).to_be_visible()
    axe(page)
    assert small_targets(page) == []


def small_targets(page: Page) -> list[object]:
    """What a thumb would miss."""
    found = page.evaluate(
        """() => [...document.querySelectorAll(
            'main button, main input:not([type=hidden]):not([type=radio]), main select, '
            + 'main summary, main label:has([type=radio]), nav.tabs a, main .links a')]
            .map(part => [part.outerHTML.slice(0, 80), part.getBoundingClientRect().height])
            .filter(([, height]) => height < 44)"""
    )
    assert isinstance(found, list)
    return found
