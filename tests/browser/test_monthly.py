"""Giving every month in a real browser: a phone, a keyboard, no scripts, and axe on every page."""

import re
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect

from appeals.models import Appeal, Promise
from appeals.promises import set_promise
from payments.models import MonthlyDonation
from payments.monthly.link import make_token
from tests.browser.conftest import CheckWithAxe, NewPage
from tests.browser.test_journey import Rally, rally
from tests.browser.test_public_pages import PHONE, SMALL_PHONE
from tests.factories import gbp, make_appeal
from tests.pretend_stripe.process import INSUFFICIENT, VISA
from tests.site import SiteProcess

EMAIL = "supporter@example.org"

# A radio button's whole label is tapped; words in a sentence may be smaller, and the field that
# only machines fill in is tapped by nobody.
FIND_SMALL_TARGETS = """() => [...document.querySelectorAll('a, button, input:not([type=hidden])')]
    .filter(part => !part.closest('p, .field__hint, th') || part.matches('.button'))
    .filter(part => part.checkVisibility() && !part.closest('.skip-link, [aria-hidden=true]'))
    .map(part => part.matches('[type=radio], [type=checkbox]') ? part.closest('label, div') : part)
    .map(part => [part.textContent.trim(), part.getBoundingClientRect()])
    .filter(([, box]) => box.height < 44 || box.width < 24)
    .map(([text, box]) => `${text}: ${box.width} x ${box.height}`)"""

__all__ = ["rally"]  # a fixture


@dataclass
class Donor:
    """Somebody with a browser, at the rally."""

    phone: Page
    rally: Rally

    def go_to_pay(self) -> None:
        """£10 a month for Leeds."""
        self.phone.goto(f"{self.rally.url}/give/")
        self.phone.get_by_text("£10", exact=True).click()
        self.phone.get_by_text("Every month", exact=True).click()
        self.phone.get_by_label("Which branch may count it?").select_option("leeds")
        self.phone.get_by_label("Your e-mail address").fill(EMAIL)
        self.phone.get_by_role("button", name="Go on to pay by card").click()
        self.phone.wait_for_url("**/c/pay/**")

    def begin(self) -> None:
        """Pay the first month, and see that it came."""
        self.go_to_pay()
        self.phone.get_by_label("Card number").fill(VISA)
        self.phone.get_by_label("Expiry").fill("12/39")
        self.phone.get_by_label("Security code").fill("123")
        self.phone.get_by_label("Name on card").fill("Test card")
        self.phone.get_by_role("button", name="Donate").click()
        self.phone.wait_for_url("**/thanks/**")
        thanked = self.phone.get_by_text("The first has come")
        expect(thanked).to_be_visible(timeout=15_000)

    def open_own_page(self) -> None:
        """By the link that an e-mail would hold."""
        token = make_token(MonthlyDonation.objects.get())
        self.phone.goto(f"{self.rally.site.url}/monthly/{token}/")


def expect_sound(page: Page, axe: CheckWithAxe) -> None:
    """Nothing for axe to find, nothing too small for a thumb, nothing wider than the phone."""
    assert page.evaluate(FIND_SMALL_TARGETS) == []
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= page.evaluate("innerWidth")
    axe(page)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_from_the_form_to_the_stop_on_a_phone(
    rally: Rally, new_page: NewPage, axe: CheckWithAxe, theme: str
) -> None:
    phone = new_page(viewport=SMALL_PHONE, has_touch=True, is_mobile=True, color_scheme=theme)
    donor = Donor(phone, rally)
    phone.goto(f"{rally.url}/give/?frequency=monthly")
    expect_sound(phone, axe)
    donor.begin()
    expect_sound(phone, axe)

    donor.open_own_page()
    expect(phone.locator("h1")).to_have_text("Your monthly donation")
    expect(phone.get_by_role("row", name="Rally £10")).to_be_visible()
    expect_sound(phone, axe)
    phone.get_by_label("From the next month on").fill("1")
    phone.get_by_role("button", name="Change it").click()
    expect(phone.get_by_text("By card we can take £2 or more")).to_be_visible()
    expect_sound(phone, axe)
    phone.get_by_label("From the next month on").fill("12.50")
    phone.get_by_role("button", name="Change it").click()
    expect(phone.get_by_text("From the next month on it is £12.50.")).to_be_visible()
    expect(phone.locator(".figure__value")).to_have_text("£12.50")

    subscription = MonthlyDonation.objects.get().subscription_id
    rally.stripe.control("set_card", subscription=subscription, card=INSUFFICIENT)
    rally.stripe.control("next_month", subscription=subscription)
    rally.stripe.settle()
    expect_in_time(phone, "A month could not be taken.")
    expect_sound(phone, axe)

    phone.get_by_role("button", name="Change the card or stop").click()
    phone.wait_for_url(re.compile(r"/p/session/"))
    phone.get_by_role("link", name="Stop monthly donation").click()
    phone.get_by_label("Now").check()
    phone.get_by_role("button", name="Stop").click()
    phone.get_by_role("link", name=re.compile("Return|Back")).click()
    expect(phone.get_by_text("nothing more is taken")).to_be_visible()
    expect_sound(phone, axe)


def expect_in_time(page: Page, text: str) -> None:
    """The page does not look again by itself: a donor would load it anew."""
    for _ in range(20):
        page.reload()
        if page.get_by_text(text).is_visible():
            return
        page.wait_for_timeout(250)
    raise AssertionError(f"{text} never came")


def test_it_all_works_without_scripts(rally: Rally, new_page: NewPage) -> None:
    donor = Donor(new_page(viewport=PHONE, java_script_enabled=False), rally)
    donor.begin()
    donor.open_own_page()
    donor.phone.get_by_label("From the next month on").fill("7")
    donor.phone.get_by_role("button", name="Change it").click()
    expect(donor.phone.get_by_text("From the next month on it is £7.")).to_be_visible()
    donor.phone.get_by_role("button", name="Change the card or stop").click()
    expect(donor.phone.get_by_text("£7.00 a month")).to_be_visible()


def test_how_often_is_chosen_with_the_keyboard_alone(rally: Rally, page: Page) -> None:
    page.goto(f"{rally.url}/give/")
    optional = page.locator("label[for=id_email] .field__optional")
    expect(optional).to_be_visible()
    page.get_by_label("Once").focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("Every month")).to_be_checked()
    expect(optional).to_be_hidden()
    page.get_by_label("Another amount").fill("10")
    page.keyboard.press("Enter")
    expect(page.get_by_text("To give every month, tell us your e-mail address")).to_be_visible()
    expect(page.get_by_label("Every month")).to_be_checked()
    page.get_by_label("Your e-mail address").fill(EMAIL)
    page.keyboard.press("Enter")
    page.wait_for_url("**/c/pay/**")


def test_a_dead_link_and_the_way_to_a_new_one(
    live_site: SiteProcess, new_page: NewPage, axe: CheckWithAxe
) -> None:
    make_appeal("rally")
    phone = new_page(viewport=SMALL_PHONE, has_touch=True, is_mobile=True)
    phone.goto(f"{live_site.url}/monthly/nonsense/")
    expect_sound(phone, axe)
    phone.get_by_role("button", name="Send me the link").click()
    expect(phone.get_by_text("Type the e-mail address that you gave us.")).to_be_visible()
    expect_sound(phone, axe)
    phone.get_by_label("Your e-mail address").fill(EMAIL)
    phone.get_by_role("button", name="Send me the link").click()
    expect(phone.locator("h1")).to_have_text("Look into your e-mail")
    expect_sound(phone, axe)


def test_what_is_promised_every_month_moves_on_an_open_page(
    live_site: SiteProcess, page: Page, axe: CheckWithAxe
) -> None:
    appeal = make_appeal("rally")
    page.goto(f"{live_site.url}/appeals/rally/")
    line = page.locator('[data-live-when="promised-monthly"]')
    expect(line).to_be_hidden()
    expect(page.locator("live-appeal")).to_have_attribute("data-state", "live")

    def promise(amount: int) -> None:
        set_promise(
            appeal=Appeal.objects.get(),
            branch=None,
            amount=gbp(amount),
            kind=Promise.Kind.MONTHLY,
            source_key="monthly:1",
        )

    promise(340)
    expect(line).to_have_text("£340 is promised every month. Each month is counted when it comes.")
    promise(350)
    expect(line).to_contain_text("£350")
    expect(page.locator(".appeal__raised")).to_have_text("£0")
    assert appeal.slug == "rally"
    axe(page)
