"""The public pages in a real browser: accessible, in both themes, on phone and laptop, and live."""

from decimal import Decimal
from functools import partial
from typing import Literal

import pytest
from django.contrib.auth.hashers import make_password
from django.template.loader import render_to_string
from playwright.sync_api import Page, Route, expect

from appeals.models import Appeal, Promise
from funds.models import Organisation, User
from tests.appeals.books import Role, receive, refund
from tests.browser.conftest import CheckWithAxe, NewPage
from tests.factories import gbp, make_appeal, make_branch, make_user
from tests.site import SiteProcess

PHONE = {"width": 390, "height": 844}
SMALL_PHONE = {"width": 360, "height": 640}
LAPTOP = {"width": 1366, "height": 768}
PATHS = (
    "/",
    "/appeals/rally/",
    "/appeals/rally/league/",
    "/appeals/strike/",
    "/appeals/camp/",
    "/privacy/",
    "/accounts/login/",
    "/accounts/password/reset/",
    "/nowhere",
)
ERRORS = ("400.html", "403.html", "403_csrf.html", "500.html")

FIND_SMALL_TARGETS = """() => [...document.querySelectorAll('a, button, input:not([type=hidden])')]
    .filter(part => !part.closest('p, .field__hint, .story, th, .card--link h3')
                    || part.matches('.button'))
    .filter(part => part.checkVisibility() && !part.closest('.skip-link'))
    .map(part => [part.textContent.trim(), part.getBoundingClientRect()])
    .filter(([, box]) => box.height < 44 || box.width < 24)
    .map(([text, box]) => `${text}: ${box.width} x ${box.height}`)"""

Theme = Literal["light", "dark"]


def fill_the_window() -> Appeal:
    """An appeal of every sort, with long names and large amounts among them."""
    leeds = make_branch("Leeds")
    far = make_branch("Llanfairpwllgwyngyll and Bangor", region="Wales and the Marches")
    rally = make_appeal(
        "rally",
        title="Rally for Socialism",
        story="We have booked the biggest hall.\n\nMore at https://example.org/report.",
        stretch_targets=[Decimal(50_000)],
        branch_targets=[(leeds, gbp(1000)), (far, gbp("1234.50"))],
    )
    receive(rally, gbp("29999.99"))
    receive(rally, gbp("400.50"), role=Role.CASH, branch=far)
    refund(rally, gbp("500.49"))
    receive(rally, gbp(3), branch=make_branch("Hull"))
    Promise.objects.create(appeal=rally, amount=gbp(1250), kind="pledge", source_key="k")
    make_appeal("strike", title="Strike fund for the bus drivers")
    camp = make_appeal("camp", title="Summer camp", status=Appeal.Status.CLOSED)
    receive(camp, gbp("12345678.90"), role=Role.TRANSFER)
    return rally


def fulfil(html: str, route: Route) -> None:
    route.fulfill(body=html, content_type="text/html")


def open_page(page: Page, site: SiteProcess, path: str) -> None:
    page.goto(f"{site.url}{path}")
    page.evaluate("document.fonts.ready")


@pytest.mark.parametrize(
    ("viewport", "theme"),
    [(PHONE, "light"), (PHONE, "dark"), (LAPTOP, "dark")],
    ids=["phone, light", "phone, dark", "laptop, dark"],
)
def test_axe_finds_nothing_on_any_public_page(
    new_page: NewPage,
    live_site: SiteProcess,
    axe: CheckWithAxe,
    theme: Theme,
    viewport: dict[str, int],
) -> None:
    fill_the_window()
    page = new_page(viewport=viewport, color_scheme=theme)

    for path in PATHS:
        open_page(page, live_site, path)
        axe(page)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_the_error_pages(
    new_page: NewPage, live_site: SiteProcess, axe: CheckWithAxe, theme: Theme
) -> None:
    fill_the_window()
    page = new_page(viewport=PHONE, color_scheme=theme)

    for template in ERRORS:
        html = render_to_string(template, {"organisation": Organisation.objects.get()})
        page.route(f"**/{template}", partial(fulfil, html))
        open_page(page, live_site, f"/{template}")
        expect(page.locator("h1")).to_be_visible()
        axe(page)


def test_axe_finds_nothing_before_the_set_up(
    page: Page, live_site: SiteProcess, axe: CheckWithAxe
) -> None:
    open_page(page, live_site, "/")

    expect(page.locator("h1")).to_have_text("Not set up yet")
    axe(page)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_the_pages_of_a_log_in(
    new_page: NewPage, live_site: SiteProcess, axe: CheckWithAxe, theme: Theme
) -> None:
    fill_the_window()
    # Tests hash passwords cheaply; the server in its own process knows only the real way.
    password = make_password("a long password", hasher="pbkdf2_sha256")
    User.objects.filter(pk=make_user("treasurer").pk).update(password=password)
    page = new_page(viewport=PHONE, color_scheme=theme)
    open_page(page, live_site, "/accounts/login/?next=/accounts/2fa/")

    page.get_by_label("Username or e-mail").fill("treasurer")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    axe(page)
    page.get_by_label("Password").fill("a long password")
    page.get_by_role("button", name="Log in").click()

    page.wait_for_url("**/accounts/2fa/")
    expect(page.locator("h1")).to_have_text("Two-step log-in")
    axe(page)
    for path in (
        "/accounts/2fa/totp/activate/",
        "/accounts/password/change/",
        "/accounts/email/",
        "/accounts/logout/",
    ):
        open_page(page, live_site, path)
        axe(page)


@pytest.mark.parametrize(
    "viewport", [SMALL_PHONE, PHONE, LAPTOP], ids=["small phone", "phone", "laptop"]
)
def test_no_page_is_wider_than_its_screen(
    new_page: NewPage, live_site: SiteProcess, viewport: dict[str, int]
) -> None:
    fill_the_window()
    page = new_page(viewport=viewport)

    for path in PATHS:
        open_page(page, live_site, path)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= viewport["width"], path


def test_what_is_tapped_on_a_phone_is_large_enough(
    new_page: NewPage, live_site: SiteProcess
) -> None:
    fill_the_window()
    page = new_page(viewport=PHONE, has_touch=True, is_mobile=True)

    for path in PATHS:
        open_page(page, live_site, path)
        assert page.evaluate(FIND_SMALL_TARGETS) == [], path


def test_the_keyboard_skips_to_the_content_and_shows_where_it_is(
    page: Page, live_site: SiteProcess
) -> None:
    fill_the_window()
    open_page(page, live_site, "/")

    page.keyboard.press("Tab")
    skip_link = page.get_by_role("link", name="Skip to the content")
    expect(skip_link).to_be_focused()
    expect(skip_link).to_be_in_viewport()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")

    expect(page.get_by_role("link", name="Rally for Socialism", exact=True)).to_be_focused()


def test_the_whole_page_is_there_without_scripts(new_page: NewPage, live_site: SiteProcess) -> None:
    fill_the_window()
    page = new_page(viewport=PHONE, java_script_enabled=False)

    page.goto(f"{live_site.url}/appeals/rally/")

    expect(page.locator(".appeal__raised")).to_have_text("£29,903")
    expect(page.get_by_role("link", name="Give now")).to_be_visible()
    expect(page.get_by_role("button", name="Pause live updates")).to_be_hidden()
    expect(page.get_by_role("row", name="Llanfairpwllgwyngyll")).to_be_visible()


def test_a_donation_moves_figures_thermometer_and_table_of_an_open_page(
    page: Page, live_site: SiteProcess
) -> None:
    rally = fill_the_window()
    open_page(page, live_site, "/appeals/rally/")
    rays = page.locator(".thermometer__ray")
    mercury = page.locator("svg [data-live=fill]")
    expect(mercury).to_have_attribute("height", "99")
    expect(rays).to_be_hidden()

    receive(rally, gbp(1597), branch=make_branch("Leeds"))

    expect(page.locator(".appeal__raised")).to_have_text("£31,500")
    expect(page.locator(".appeal__percent")).to_have_text("105%")
    expect(mercury).to_have_attribute("height", "100")
    expect(rays).to_be_visible()
    reached = page.locator(".appeal__of [data-live-when=target-reached]")
    expect(reached).to_contain_text("Target reached: £30,000. £31,500 and counting")
    expect(reached).to_be_visible()
    first = page.locator(".league tbody tr").first
    expect(first).to_contain_text("Leeds")
    expect(first).to_contain_text("159%")


FIND_PROMINENCE = """() => {
  const total = document.querySelector(".appeal__raised");
  const range = document.createRange();
  range.selectNodeContents(total);
  const size = (element) => parseFloat(getComputedStyle(element).fontSize);
  return {
    total: size(total),
    largestElse: Math.max(...[...document.querySelectorAll("main *")]
      .filter((one) => one !== total && one.textContent.trim())
      .map(size)),
    spare: total.parentElement.getBoundingClientRect().right - range.getBoundingClientRect().right,
  };
}"""


@pytest.mark.parametrize(
    "viewport", [SMALL_PHONE, PHONE, LAPTOP], ids=["small phone", "phone", "laptop"]
)
def test_the_total_is_the_largest_thing_and_fits_while_it_grows(
    new_page: NewPage, live_site: SiteProcess, viewport: dict[str, int]
) -> None:
    rally = fill_the_window()
    page = new_page(viewport=viewport, reduced_motion="reduce")
    open_page(page, live_site, "/appeals/rally/")

    for more, total in (
        (None, "£29,903"),
        ("97087.71", "£126,990.71"),
        ("9000000", "£9,126,990.71"),
    ):
        if more:
            receive(rally, gbp(more))
        expect(page.locator(".appeal__raised")).to_have_text(total)
        seen = page.evaluate(FIND_PROMINENCE)
        assert seen["total"] > 1.3 * seen["largestElse"], total
        assert seen["spare"] >= 0, total


def test_a_live_league_table_keeps_its_sections_and_sums(
    page: Page, live_site: SiteProcess, axe: CheckWithAxe
) -> None:
    rally = fill_the_window()
    open_page(page, live_site, "/appeals/rally/league/")

    receive(rally, gbp("10.01"), branch=make_branch("Hull"))
    receive(rally, gbp(5))

    expect(page.locator("tfoot")).to_contain_text("£29,918.01")
    unranked = page.locator("[data-league=unranked] tr")
    expect(unranked).to_have_count(1)
    expect(unranked).to_contain_text("£13.01")
    expect(page.get_by_role("row", name="No branch")).to_contain_text("£29,504.50")
    axe(page)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_follows_the_visitors_theme(
    new_page: NewPage, live_site: SiteProcess, theme: Theme
) -> None:
    fill_the_window()
    page = new_page(color_scheme=theme)
    open_page(page, live_site, "/")

    background = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")

    assert background == {"light": "rgb(245, 238, 224)", "dark": "rgb(22, 18, 15)"}[theme]
    assert page.evaluate("document.fonts.check('900 40px Archivo')")
