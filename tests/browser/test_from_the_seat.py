"""Giving from one's seat: from the code on the table to the pay page, in few taps, no scrolling.

The code is scanned before, which is a tap too, and the pay page is Stripe's: what lies between is
ours.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from funds.models import Membership
from payments.models import CardDonation
from tests.browser.conftest import CheckWithAxe, NewPage
from tests.browser.treasury import log_in
from tests.conftest import Measured
from tests.factories import gbp, make_appeal, make_branch, make_user
from tests.pretend_stripe.process import running_pretend_stripe
from tests.site import SiteProcess, free_port

PHONE = {"width": 390, "height": 844}
SMALL_PHONE = {"width": 360, "height": 640}
LAPTOP = {"width": 1280, "height": 800}
SECRET = "whsec_of_the_seat"
MOST_TAPS = 4
MOST_SECONDS = 30
TYPING_MS = 250  # between two figures: an unhurried thumb's


@dataclass
class Thumb:
    """Taps what is in sight, and counts. It does not scroll."""

    page: Page
    taps: int = 1  # on the camera's notice of what it scanned

    def tap(self, part: Locator) -> None:
        expect(part).to_be_in_viewport(ratio=1)
        part.tap()
        self.taps += 1


@pytest.fixture
def site(browser: object, transactional_db: None) -> Iterator[SiteProcess]:
    """A site that can send donors to pay."""
    make_branch("Leeds")
    make_appeal("rally", title="Rally for Socialism")
    port = free_port()
    site = SiteProcess(STRIPE_API_BASE=f"http://127.0.0.1:{port}", STRIPE_WEBHOOK_SECRETS=SECRET)
    webhook = f"{site.url}/stripe/webhook/"
    with site, running_pretend_stripe(port=port, webhook_url=webhook, webhook_secret=SECRET):
        yield site


def phone_of(new_page: NewPage, viewport: dict[str, int], **more: Any) -> Page:
    return new_page(viewport=viewport, is_mobile=True, has_touch=True, **more)


@pytest.mark.parametrize("viewport", [PHONE, SMALL_PHONE], ids=["phone", "small phone"])
def test_from_the_code_to_the_pay_page_it_is_a_few_taps(
    site: SiteProcess, new_page: NewPage, measured: Measured, viewport: dict[str, int]
) -> None:
    page = phone_of(new_page, viewport)
    thumb = Thumb(page)

    began_at = time.monotonic()
    page.goto(f"{site.url}/g/rally/leeds/")
    thumb.tap(page.locator(".amounts__choice", has_text="£20"))
    thumb.tap(page.get_by_role("button", name="Go on to pay by card"))
    page.wait_for_url("**/c/pay/**")
    seconds = time.monotonic() - began_at

    measured(f"from the code to the pay page: {thumb.taps} taps, {seconds:.1f} s of the machines'")
    assert thumb.taps <= MOST_TAPS
    assert seconds < MOST_SECONDS / 3  # the rest is a person's: to read, and to choose
    donation = CardDonation.objects.get()
    assert donation.amount == gbp(20)
    assert donation.branch == make_branch("Leeds")


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_an_amount_of_one_s_own_costs_no_tap_more_than_there_are(
    site: SiteProcess,
    new_page: NewPage,
    scripts: bool,  # noqa: FBT001 - of a parametrised test
) -> None:
    page = phone_of(new_page, SMALL_PHONE, java_script_enabled=scripts)
    thumb = Thumb(page)

    page.goto(f"{site.url}/g/RALLY")
    thumb.tap(page.get_by_label("Another amount"))
    page.keyboard.type("27", delay=TYPING_MS)
    thumb.tap(page.get_by_role("button", name="Go on to pay by card"))
    page.wait_for_url("**/c/pay/**")

    assert thumb.taps <= MOST_TAPS
    assert CardDonation.objects.get().amount == gbp(27)
    assert CardDonation.objects.get().branch is None


def test_the_keyboard_s_own_button_goes_on_too(site: SiteProcess, new_page: NewPage) -> None:
    page = phone_of(new_page, PHONE)
    page.goto(f"{site.url}/g/rally/leeds/")
    box = page.get_by_label("Another amount")
    expect(box).to_have_attribute("enterkeyhint", "go")

    box.tap()
    page.keyboard.type("12.50")
    page.keyboard.press("Enter")

    page.wait_for_url("**/c/pay/**")
    assert CardDonation.objects.get().amount == gbp("12.50")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_way_on_covers_nothing_that_has_the_focus(
    live_site: SiteProcess, new_page: NewPage, axe: CheckWithAxe, theme: str
) -> None:
    make_branch("Leeds")
    make_appeal("rally")
    page = phone_of(new_page, SMALL_PHONE, color_scheme=theme)
    page.goto(f"{live_site.url}/g/rally/leeds/")
    axe(page)

    seen = []
    for _ in range(15):  # to the last link of the page
        page.keyboard.press("Tab")
        seen.append(
            page.evaluate(
                """() => {
                    const has = document.activeElement;
                    const box = has.getBoundingClientRect();
                    const bar = document.querySelector(".give__bar").getBoundingClientRect();
                    const isInBar = has.closest(".give__bar") !== null;
                    const isAfter = document.querySelector(".give__bar")
                        .compareDocumentPosition(has) & Node.DOCUMENT_POSITION_FOLLOWING;
                    return [has.id || has.textContent.trim() || has.value,
                            isInBar || isAfter || box.bottom <= bar.top + 1];
                }"""
            )
        )
    assert [name for name, is_free in seen if not is_free] == []
    assert any(name == "id_email" for name, _ in seen)


@pytest.mark.parametrize("viewport", [PHONE, LAPTOP], ids=["phone", "laptop"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_chair_chooses_cards_and_gets_a_pdf(
    live_site: SiteProcess,
    new_page: NewPage,
    axe: CheckWithAxe,
    viewport: dict[str, int],
    theme: str,
) -> None:
    make_branch("Leeds")
    make_appeal("rally", title="Rally for Socialism")
    page = new_page(viewport=viewport, color_scheme=theme)
    log_in(page, live_site, make_user("chair", role=Membership.Role.CHAIR))
    page.get_by_role("link", name="Table cards and posters").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Table cards and posters")
    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]

    page.get_by_label("Small cards, eight to a sheet").check()
    page.get_by_label("For which branch").select_option("leeds")
    with page.expect_request("**/seat-cards.pdf?**") as asked:
        page.get_by_role("button", name="Make the PDF").click()

    got = page.request.get(asked.value.url)
    assert got.headers["content-type"] == "application/pdf"
    assert got.body().startswith(b"%PDF-")
