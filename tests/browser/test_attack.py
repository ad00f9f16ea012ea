"""Giving while card testers are at work, in a real Chromium: the sum, its other ways, the pause."""

import re
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from funds.models import Membership
from payments.models import Attack, CardPause
from tests.browser.conftest import CheckWithAxe, NewPage
from tests.browser.test_journey import PHONE, Rally, expect_total, hall, pay, rally
from tests.browser.treasury import log_in
from tests.conftest import Measured
from tests.factories import make_user
from tests.payments.shield import make_attack
from tests.pretend_stripe.process import VISA

__all__ = ["hall", "rally"]  # fixtures

DONE = "Done. Thank you."


@pytest.fixture
def attack(rally: Rally) -> Attack:
    """It stands for as long as the test."""
    return make_attack(last_seen_at=timezone.now())


def fill(phone: Page, rally: Rally) -> None:
    phone.goto(f"{rally.url}/give/")
    phone.get_by_label("Another amount").fill("25")


def send(phone: Page) -> None:
    phone.get_by_role("button", name="Go on to pay by card").click()


def test_a_donor_gives_with_a_sum_that_the_phone_does_by_itself(
    rally: Rally,
    attack: Attack,
    hall: Page,
    new_page: NewPage,
    axe: CheckWithAxe,
    measured: Measured,
) -> None:
    phone = new_page(viewport=PHONE, has_touch=True)
    fill(phone, rally)
    expect(phone.get_by_role("status").filter(has_text=DONE)).to_be_visible()
    seconds = phone.evaluate(
        "performance.now() - performance.getEntriesByType('navigation')[0].domInteractive"
    )
    measured(f"the sum was done {seconds:.0f} ms after the page was there, at most")
    send(phone)
    phone.wait_for_url("**/c/pay/**")
    pay(phone, VISA)

    phone.wait_for_url("**/thanks/**")
    expect(phone.get_by_role("heading", level=1)).to_contain_text("Thank you")
    expect_total(hall, "£25")
    phone.goto(f"{rally.url}/give/")
    phone.get_by_text("The check does not work for me").tap()
    axe(phone)


def test_a_donor_who_is_quicker_than_the_sum_goes_on_by_itself(
    rally: Rally, attack: Attack, new_page: NewPage
) -> None:
    Attack.objects.update(level=3)
    phone = new_page(viewport=PHONE)
    phone.goto(f"{rally.url}/give/?amount=25")
    send(phone)
    expect(phone.get_by_role("status").filter(has_text="One moment")).to_be_visible()
    phone.wait_for_url("**/c/pay/**", timeout=60_000)


def test_a_form_from_before_the_attack_is_kept_and_goes_on(rally: Rally, new_page: NewPage) -> None:
    phone = new_page(viewport=PHONE)
    fill(phone, rally)
    make_attack()
    send(phone)
    expect(phone.get_by_role("alert")).to_contain_text("One small check first")
    expect(phone.get_by_label("Another amount")).to_have_value("25")
    expect(phone.get_by_role("status").filter(has_text=DONE)).to_be_visible()
    send(phone)
    phone.wait_for_url("**/c/pay/**")


def test_back_from_stripe_the_sum_is_done_again(
    rally: Rally, attack: Attack, new_page: NewPage
) -> None:
    phone = new_page(viewport=PHONE)
    fill(phone, rally)
    send(phone)
    phone.wait_for_url("**/c/pay/**")
    phone.go_back()
    phone.get_by_label("Another amount").fill("30")
    expect(phone.get_by_role("status").filter(has_text=DONE)).to_be_visible()
    send(phone)
    phone.wait_for_url("**/c/pay/**")


@pytest.mark.parametrize("way", ["no scripts", "no worker"])
def test_whoever_cannot_do_the_sum_is_sent_a_link(
    rally: Rally, attack: Attack, new_page: NewPage, axe: CheckWithAxe, way: str
) -> None:
    has_scripts = way != "no scripts"
    phone = new_page(viewport=PHONE, java_script_enabled=has_scripts)
    if has_scripts:
        phone.route("**/give/challenge/**", lambda route: route.abort())
    fill(phone, rally)
    if has_scripts:
        expect(phone.get_by_role("status").filter(has_text="could not do the sum")).to_be_visible()
    else:
        expect(phone.get_by_text("scripts are off in your browser")).to_be_visible()
        phone.get_by_text("The check does not work for me", exact=True).click()
    send(phone)
    expect(phone.get_by_role("alert")).to_contain_text("One small check first")
    if not has_scripts:
        phone.get_by_text("The check does not work for me", exact=True).click()
    phone.get_by_label("Send the link to this e-mail address").fill("some.body@example.org")
    if has_scripts:
        phone.keyboard.press("Enter")
    else:
        phone.get_by_role("button", name="Send me a link").click()
    expect(phone.get_by_text("We have sent you a link.")).to_be_visible()
    expect(phone.get_by_label("Another amount")).to_have_value("25")
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if has_scripts:
        axe(phone)


def test_an_operator_pauses_cards_with_two_taps_and_undoes_it(
    rally: Rally, hall: Page, new_page: NewPage, axe: CheckWithAxe
) -> None:
    make_attack(declined=41)
    operator = make_user("operator", role=Membership.Role.OPERATOR)
    options: dict[str, Any] = {"viewport": PHONE, "has_touch": True}
    phone, donor = new_page(**options), new_page(**options)
    log_in(phone, rally.site, operator)

    phone.get_by_role("link", name="Pause cards", exact=True).tap()
    expect(phone.get_by_role("heading", level=1)).to_have_text("Cards are taken")
    axe(phone)
    phone.get_by_role("button", name="Pause cards").tap()
    expect(phone.get_by_role("heading", level=1)).to_have_text("Cards are paused")
    axe(phone)
    small = phone.evaluate(
        """() => [...document.querySelectorAll('main button, main summary, main label:has(input)')]
            .map(part => [part.outerHTML.slice(0, 80), part.getBoundingClientRect().height])
            .filter(([, height]) => height < 44)"""
    )
    assert small == []
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")

    donor.goto(f"{rally.url}/give/")
    expect(donor.get_by_role("heading", level=1)).to_have_text("Cards have a short rest")
    axe(donor)
    expect_total(hall, "£0")
    assert hall.evaluate("document.querySelector('.screen') !== null")

    phone.get_by_role("button", name="Take cards again").tap()
    expect(phone.get_by_role("heading", level=1)).to_have_text("Cards are taken")
    donor.get_by_role("link", name="Try again").tap()
    expect(donor.get_by_role("heading", level=1)).to_have_text(re.compile("Give by card"))
    assert CardPause.objects.get().resumed_by == operator


def test_the_page_about_cards_works_by_keyboard(rally: Rally, page: Page) -> None:
    operator = make_user("operator", role=Membership.Role.OPERATOR)
    log_in(page, rally.site, operator, to="/treasurer/card-switch/")
    page.get_by_role("button", name="Pause cards").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Cards are paused")
    page.get_by_role("button", name="Take cards again").focus()
    page.keyboard.press("Space")
    expect(page.get_by_role("heading", level=1)).to_have_text("Cards are taken")
