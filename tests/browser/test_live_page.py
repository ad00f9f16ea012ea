"""An appeal's page, kept current in a real browser."""

import re

from playwright.sync_api import Page, Route, expect

from appeals.models import Appeal
from tests.browser.conftest import NewPage
from tests.factories import gbp, make_appeal, make_branch
from tests.live.posting import collect
from tests.site import SiteProcess


def open_page(page: Page, site: SiteProcess) -> None:
    page.goto(f"{site.url}/appeals/rally/")
    expect(page.locator("live-appeal")).to_have_attribute("data-state", "live")


def make_rally() -> Appeal:
    return make_appeal(branch_targets=[(make_branch("Leeds"), gbp(100))])


def expect_raised(page: Page, text: str) -> None:
    expect(page.locator('[data-live="raised"]').first).to_have_text(text)


def test_every_figure_of_the_page_moves(live_site: SiteProcess, page: Page) -> None:
    appeal = make_rally()
    open_page(page, live_site)

    collect(appeal, gbp("7500.50"), branch=make_branch("Leeds"))

    expect_raised(page, "£7,500.50")
    for name, text in {
        "percent": "25%",
        "to-go": "£22,499.50",
        "cash": "£7,500.50",
        "card": "£0",
        "counted-not-banked": "£7,500.50",
        "announcement": "A quarter of the way: £7,500.50 of £30,000.",
    }.items():
        expect(page.locator(f'[data-live="{name}"]').first).to_have_text(text)
    row = page.locator('[data-branch="leeds"]').first
    expect(row.locator('[data-cell="raised"]')).to_have_text("£7,500.50")
    expect(row.locator('[data-cell="percent"]')).to_have_text("7500%")
    expect(row.locator('[data-cell="fill"]')).to_have_attribute("width", "100")
    expect(page.locator('[data-live="fill"]').first).to_have_attribute("height", "25")


def test_live_updates_can_be_paused_and_resumed(live_site: SiteProcess, page: Page) -> None:
    appeal = make_rally()
    open_page(page, live_site)
    button = page.get_by_role("button", name="Pause live updates")
    button.click()
    expect(page.locator('[data-live="status"]').first).to_have_text(
        re.compile(r"Paused at \d\d:\d\d")
    )

    collect(appeal, gbp(50))
    page.wait_for_timeout(1000)
    expect_raised(page, "£0")

    page.get_by_role("button", name="Resume live updates").click()
    expect_raised(page, "£50")


def test_a_page_that_gets_no_stream_polls(live_site: SiteProcess, new_page: NewPage) -> None:
    page = new_page()
    asked: list[str] = []

    def refuse(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(status=503, headers={"Retry-After": "10"}, body="full")

    page.route("**/live/appeals/*", refuse)
    page.clock.install()
    appeal = make_rally()
    open_page(page, live_site)
    expect_raised(page, "£0")
    page.wait_for_timeout(300)

    collect(appeal, gbp(50))
    page.clock.run_for(20_000)

    expect_raised(page, "£50")
    assert asked
    expect(page.locator('[data-live="status"]').first).to_be_empty()


def test_a_stream_that_falls_silent_is_said_to_be_old(
    live_site: SiteProcess, new_page: NewPage
) -> None:
    page = new_page()
    make_rally()
    page.clock.install()
    open_page(page, live_site)
    expect_raised(page, "£0")
    page.wait_for_timeout(500)
    expect(page.locator('[data-live="status"]').first).to_be_empty()
    page.context.set_offline(True)

    page.clock.run_for(60_000)

    expect(page.locator('[data-live="status"]').first).to_have_text(
        re.compile(r"^Last updated \d\d:\d\d - reconnecting$")
    )
    expect(page.locator('[data-live="as-at"]').first).to_be_hidden()
    expect_raised(page, "£0")


def test_a_page_one_comes_back_to_shows_what_came_meanwhile(
    live_site: SiteProcess, page: Page
) -> None:
    appeal = make_rally()
    open_page(page, live_site)
    expect_raised(page, "£0")

    page.goto(f"{live_site.url}/privacy/")
    collect(appeal, gbp(50))
    page.go_back()

    expect_raised(page, "£50")
