"""A treasurer's phone in a real browser: a stall logged in three taps, by keys alone, without
JavaScript, and 360 px wide. What is measured is what the site takes of thirty seconds.
"""

import time
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from appeals.progress import read_reading
from payments.models import CashCollection, Seat
from tests.browser.conftest import CheckWithAxe, NewPage
from tests.browser.test_treasurer import Branches, focused
from tests.browser.treasury import log_in
from tests.conftest import Measured
from tests.factories import gbp, make_organisation
from tests.payments import test_cash
from tests.payments.counting import Table
from tests.site import SiteProcess

SMALL: dict[str, Any] = {
    "viewport": {"width": 360, "height": 740},
    "is_mobile": True,
    "has_touch": True,
}
SECONDS = 30
"""Within which a stall is to be logged, by the issue; a person's thumbs take most of it."""

TYPING_MS = 250
"""Between two figures: an unhurried thumb's."""


@pytest.fixture
def branches(live_site: SiteProcess) -> Branches:
    """Leeds recorded a stall last week: what it was, and where, is known."""
    branches = Branches()
    test_cash.record(
        test_cash.facts_of(
            branches.appeal, kind=CashCollection.Kind.SALE, place="Kirkgate", amount=gbp(10)
        ),
        by=branches.treasurer,
    )
    return branches


def test_a_stall_is_logged_by_three_taps_and_an_amount(
    live_site: SiteProcess, branches: Branches, new_page: NewPage, measured: Measured
) -> None:
    page = new_page(**SMALL)
    log_in(page, live_site, branches.treasurer)
    taps = count_taps(page)

    began_at = time.monotonic()
    page.get_by_role("link", name="Log a stall").tap()
    page.get_by_label("Amount").tap()
    page.keyboard.type("28.50", delay=TYPING_MS)
    page.get_by_role("button", name="Record").tap()
    expect(page.get_by_role("heading", name="Recorded. Thank you.")).to_be_visible()
    seconds = time.monotonic() - began_at

    measured(f"a stall logged by touch in {seconds:.1f} s, {len(taps)} taps and 5 figures")
    assert len(taps) == 3
    assert seconds < SECONDS
    logged = CashCollection.objects.latest("pk")
    assert (logged.amount, logged.kind, logged.place) == (gbp("28.50"), "sale", "Kirkgate")
    assert logged.counted_by == "Leeds Treasurer"
    assert read_reading(branches.appeal).by_method["sales"] == gbp("38.50")
    expect(page.locator("main")).to_contain_text("From £10 to £38.50, 3% of our target £1,000.")


def count_taps(page: Page) -> list[str]:
    """What was tapped, from now on, as the browser tells it."""
    taps: list[str] = []

    def tapped(what: str) -> None:
        taps.append(what)

    page.context.expose_function("tapped", tapped)
    page.add_init_script("addEventListener('touchend', () => tapped('tap'), true)")
    page.evaluate("addEventListener('touchend', () => tapped('tap'), true)")
    return taps


def test_a_stall_is_logged_by_keys_alone(
    live_site: SiteProcess, branches: Branches, new_page: NewPage, measured: Measured
) -> None:
    page = new_page(viewport={"width": 1280, "height": 800})
    log_in(page, live_site, branches.treasurer)
    page.reload()

    began_at = time.monotonic()
    keys = 0
    while page.evaluate("document.activeElement.textContent") != "Log a stall":
        page.keyboard.press("Tab")
        keys += 1
        assert keys < 40, "the button is not reached by the Tab key"
    page.keyboard.press("Enter")
    expect(page.get_by_label("Amount")).to_be_focused()
    page.keyboard.type("28.50", delay=TYPING_MS)
    page.keyboard.press("Enter")  # a form is sent from any of its boxes
    expect(page.get_by_role("heading", name="Recorded. Thank you.")).to_be_visible()
    seconds = time.monotonic() - began_at

    measured(f"a stall logged by keys in {seconds:.1f} s, {keys + 2} keys and 5 figures")
    assert seconds < SECONDS
    assert CashCollection.objects.latest("pk").amount == gbp("28.50")


def test_by_keys_alone_all_of_the_form_is_reached_in_its_order(
    live_site: SiteProcess, branches: Branches, new_page: NewPage
) -> None:
    page = new_page(viewport={"width": 1280, "height": 800})
    log_in(page, live_site, branches.treasurer, to="/treasurer/collections/new/")

    assert focused(page) == "id_amount"
    page.keyboard.type("110")
    page.keyboard.press("Tab")
    assert focused(page) == "id_kind_1", "what it was is remembered"
    page.keyboard.press("Tab")
    assert focused(page) == "id_costs"
    page.keyboard.type("40")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # opens what is folded
    page.keyboard.press("Tab")
    assert focused(page) == "id_place"
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.type("Bracelets")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Recorded. Thank you.")).to_be_visible()

    logged = CashCollection.objects.latest("pk")
    assert (logged.place, logged.amount, logged.costs) == ("Bracelets", gbp(110), gbp(40))
    expect(page.locator("main")).to_contain_text("£150 taken, less £40 of costs")


def test_a_slip_of_the_thumb_is_undone_and_logged_anew(
    live_site: SiteProcess, branches: Branches, new_page: NewPage
) -> None:
    page = new_page(**SMALL)
    log_in(page, live_site, branches.treasurer)
    page.get_by_role("link", name="Log a stall").tap()
    page.get_by_label("Amount").fill("98")
    page.get_by_role("button", name="Record").tap()

    page.get_by_text("Undo", exact=True).tap()
    page.get_by_role("button", name="Wrong amount").tap()
    expect(page.locator("main")).to_contain_text("Reversed: it counts for nothing")
    expect(page.locator("main")).to_contain_text("Wrong amount")
    assert read_reading(branches.appeal).raised == gbp(10)

    page.get_by_role("link", name="Record it anew").tap()
    expect(page.get_by_role("radio", name="Sale")).to_be_checked()
    page.get_by_label("Amount").fill("28.50")
    page.get_by_role("button", name="Record").tap()
    page.get_by_role("link", name="Log another").tap()
    expect(page.get_by_label("Amount")).to_have_value("")
    assert read_reading(branches.appeal).raised == gbp("38.50")


def test_sale_subs_and_donation_ask_for_what_is_theirs(
    live_site: SiteProcess, branches: Branches, new_page: NewPage
) -> None:
    page = new_page(**SMALL)
    log_in(page, live_site, branches.treasurer, to="/treasurer/collections/new/")
    costs = page.get_by_label("Costs paid out of the takings")
    told = page.locator(".log__told")

    expect(costs).to_be_visible()
    page.get_by_role("radio", name="Donations").check()
    expect(costs).to_be_hidden()
    expect(told).to_contain_text("For Rally for Socialism. Kirkgate, today, Leeds.")
    page.get_by_role("radio", name="Subs").check()
    expect(costs).to_be_hidden()
    expect(told.get_by_text("For Rally for Socialism.")).to_be_hidden()
    page.get_by_label("Amount").fill("12")
    page.get_by_role("button", name="Record").tap()

    expect(page.locator("main")).to_contain_text("Subs raise no appeal")
    expect(page.locator("main")).to_contain_text("£22 in hand now")
    assert read_reading(branches.appeal).raised == gbp(10)


def test_what_is_wrong_in_a_folded_part_is_said_and_unfolded(
    live_site: SiteProcess, branches: Branches, new_page: NewPage
) -> None:
    page = new_page(**SMALL)
    log_in(page, live_site, branches.treasurer, to="/treasurer/collections/new/")
    page.get_by_label("Amount").fill("28.50")
    page.get_by_text("Where, when, who").tap()
    page.get_by_label("Place or occasion").fill("")
    page.get_by_text("Where, when, who").tap()

    page.get_by_role("button", name="Record").tap()

    expect(page.get_by_role("alert")).to_contain_text("Say where it was gathered.")
    expect(page.get_by_label("Place or occasion")).to_be_visible()
    expect(page.get_by_label("Amount")).to_have_value("28.50")


def test_it_works_without_javascript(
    live_site: SiteProcess, branches: Branches, new_page: NewPage
) -> None:
    make_organisation(reversal_second_person_above=None)
    page = new_page(java_script_enabled=False, **SMALL)
    log_in(page, live_site, branches.treasurer)

    page.get_by_role("link", name="Log a stall").tap()
    page.get_by_label("Amount").fill("110")
    page.get_by_label("Costs paid out of the takings").fill("40")
    page.get_by_text("Where, when, who").tap()
    page.get_by_label("Place or occasion").fill("Bracelets")
    page.get_by_role("button", name="Record").tap()
    expect(page.locator("main")).to_contain_text("£150 taken, less £40 of costs")
    page.get_by_text("Undo", exact=True).tap()
    page.get_by_role("button", name="Recorded twice").tap()
    expect(page.locator("main")).to_contain_text("Reversed: it counts for nothing")

    page.get_by_role("link", name="Overview").tap()
    page.get_by_role("link", name="Bank it").tap()
    expect(page.get_by_label("Slip number")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_nothing_is_too_wide_or_too_small_for_a_thumb(
    live_site: SiteProcess, branches: Branches, new_page: NewPage, axe: CheckWithAxe, scheme: str
) -> None:
    table = Table(appeal=branches.appeal, branch=branches.leeds, treasurer=branches.treasurer)
    table.count(Seat.Side.A, {"2000": 3})
    table.count(Seat.Side.B, {"2000": 2})
    page = new_page(color_scheme=scheme, **SMALL)
    log_in(page, live_site, branches.treasurer)
    expect(page.locator(".todo__step")).to_have_count(2)

    check(page, axe)
    page.goto(f"{live_site.url}/treasurer/branches/leeds/")
    check(page, axe)
    page.goto(f"{live_site.url}/treasurer/collections/new/")
    check(page, axe)
    page.get_by_text("Where, when, who").tap()
    check(page, axe)
    page.get_by_label("Amount").fill("28.50")
    page.get_by_role("button", name="Record").tap()
    page.get_by_text("Undo", exact=True).tap()
    check(page, axe)


def check(page: Page, axe: CheckWithAxe) -> None:
    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url
    small = page.evaluate(
        """() => [...document.querySelectorAll(
            'main button, main .button, main summary, main label:has([type=radio]), '
            + 'main .links a, main input:not([type=hidden]):not([type=radio])')]
            .filter(part => part.checkVisibility())
            .map(part => [part.outerHTML.slice(0, 80), part.getBoundingClientRect().height])
            .filter(([, height]) => height < 44)"""
    )
    assert small == []


def test_amount_kind_and_button_stand_on_one_screen_of_a_phone(
    live_site: SiteProcess, branches: Branches, new_page: NewPage
) -> None:
    page = new_page(**{**SMALL, "viewport": {"width": 390, "height": 844}})
    log_in(page, live_site, branches.treasurer, to="/treasurer/collections/new/")
    page.get_by_role("radio", name="Donations").check()
    page.evaluate("scrollTo(0, 0)")

    expect(page.get_by_label("Amount")).to_be_in_viewport(ratio=1)
    expect(page.get_by_role("button", name="Record")).to_be_in_viewport(ratio=1)
