"""The hall screen when things break: it never blanks, and never shows an older figure.

Its page and its files are kept by the browser, and so is the last reading, with its time.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.appeals.books import receive, refund
from tests.appeals.stage.directing import Command, Scene, chair, say
from tests.browser.conftest import NewPage
from tests.browser.hall import Hall, until
from tests.browser.reception import Air, Phone
from tests.browser.test_screen import expect_raised, make_rally, open_screen
from tests.browser.test_without_signal import next_release
from tests.factories import gbp, make_branch
from tests.faults.site import running_site, wait_until
from tests.site import SiteProcess
from tests.stripe_events import checkout_event

SCREEN = "/appeals/rally/screen/"
KEPT = re.compile(r"^Last known at \d\d:\d\d$")
LAPTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 720}}
IS_KEPT = """async (path) => {
    for (const name of await caches.keys()) {
        if (!name.startsWith("whip-round-screens-")) continue;
        const cache = await caches.open(name);
        const kept = [...await cache.keys()].map(({ url }) => new URL(url).pathname);
        return kept.includes(path) && kept.some((each) => each.endsWith("/qr.svg"));
    }
    return false;
}"""


def wait_until_kept(page: Page) -> None:
    until(lambda: page.evaluate(IS_KEPT, SCREEN), page)


def remembered(page: Page) -> str:
    """What the browser has stored of the hall, as text."""
    return str(page.evaluate("localStorage.getItem('whip-round:rally:hall')"))


def test_a_reload_without_network_shows_the_last_figure_with_its_time(
    live_site: SiteProcess, page: Page
) -> None:
    appeal = make_rally(amount=50)
    open_screen(page, live_site)
    wait_until_kept(page)
    receive(appeal, gbp("100.50"), branch=make_branch("Branch 003"))
    expect_raised(page, "£150.50")
    as_at = page.locator("[data-live=as-at]").inner_text()
    page.context.set_offline(True)

    page.reload()

    expect_raised(page, "£150.50")
    expect(page.locator(".screen__stale")).to_have_text(f"Last known at {as_at}")
    expect(page.locator(".standings tbody tr").first).to_contain_text("Branch 003")
    assert page.locator(".screen__qr").evaluate("image => image.complete && image.naturalWidth > 0")
    assert page.evaluate("document.fonts.check('800 20px Archivo')")

    receive(appeal, gbp(1))
    page.context.set_offline(False)
    page.evaluate("dispatchEvent(new Event('online'))")
    expect_raised(page, "£151.50")
    expect(page.locator(".screen__stale")).to_be_hidden()


def test_the_older_figure_of_the_kept_page_is_never_seen(
    live_site: SiteProcess, page: Page
) -> None:
    """The page was kept with £50 in it; £150 was shown since."""
    appeal = make_rally(amount=50)
    open_screen(page, live_site)
    wait_until_kept(page)
    receive(appeal, gbp(100))
    expect_raised(page, "£150")
    page.add_init_script(
        """window.seen = [];
        const look = () => {
            const total = document.querySelector('.screen__total');
            if (total?.checkVisibility({visibilityProperty: true})) seen.push(total.innerText);
            requestAnimationFrame(look);
        };
        look();"""
    )
    page.context.set_offline(True)

    page.reload()
    expect_raised(page, "£150")
    page.wait_for_timeout(300)

    seen = {text.partition("\n")[0].split()[0] for text in page.evaluate("window.seen")}
    assert seen == {"£150"}


def test_the_scene_the_held_figure_and_dark_paper_survive_it_too(
    live_site: SiteProcess, page: Page
) -> None:
    appeal, by = make_rally(amount=29_950), chair()
    open_screen(page, live_site, "?theme=dark")
    wait_until_kept(page)
    say(appeal, Command.HOLD, by=by)
    receive(appeal, gbp(325))
    say(appeal, Command.SCENE, scene=Scene.THANKS, by=by)
    expect(page.locator("hall-screen")).to_have_attribute("data-scene", "thanks")
    page.context.set_offline(True)

    page.reload()

    expect(page.locator("hall-screen")).to_have_attribute("data-scene", "thanks")
    expect_raised(page, "£29,950")
    expect(page.locator(".page--dark")).to_have_count(1)
    assert "30275" not in remembered(page)


def test_the_true_figure_of_the_appeals_own_page_is_no_figure_of_the_hall(
    live_site: SiteProcess, page: Page
) -> None:
    appeal = make_rally(amount=100)
    say(appeal, Command.HOLD, by=chair())
    receive(appeal, gbp(50))
    page.goto(f"{live_site.url}/appeals/rally/")
    expect(page.locator("live-appeal")).to_have_attribute("data-state", "live")
    expect(page.locator('[data-live="raised"]').first).to_have_text("£150")

    open_screen(page, live_site)

    expect_raised(page, "£100")


def test_it_opens_after_the_laptop_was_off_while_the_server_is_away(
    hall: Hall, live_site: SiteProcess
) -> None:
    appeal = make_rally(amount=42_000)
    laptop = hall.phone("laptop")
    page = laptop.open()
    open_screen(page, live_site)
    wait_until_kept(page)
    receive(appeal, gbp(21))
    expect_raised(page, "£42,021")
    page.wait_for_timeout(500)
    laptop.close()
    live_site.kill()

    page = laptop.open()
    page.goto(live_site.url + SCREEN)

    expect_raised(page, "£42,021")
    expect(page.locator(".screen__stale")).to_have_text(KEPT)
    live_site.start()
    receive(appeal, gbp(1))
    expect_raised(page, "£42,022")


def test_it_opens_while_the_network_is_gone_or_the_server_is_in_trouble(hall: Hall) -> None:
    """Its stream never came: then it shows the figure that the page was kept with."""
    make_rally(amount=42_021)
    laptop = hall.phone("laptop")
    page = laptop.open()
    page.goto(hall.signal.url + SCREEN)
    wait_until_kept(page)
    page.wait_for_timeout(500)
    laptop.close()

    for air in (Air.GONE, Air.BROKEN):
        hall.signal.air = air
        page = laptop.open()
        page.goto(hall.signal.url + SCREEN)
        expect_raised(page, "£42,021")
        expect(page.locator(".screen__stale")).to_have_text(KEPT)
        laptop.close()


def test_a_page_of_the_halls_network_is_not_kept_for_a_screen(hall: Hall) -> None:
    make_rally(amount=100)
    page = hall.phone("laptop").open()
    page.goto(hall.signal.url + SCREEN)
    wait_until_kept(page)
    hall.signal.air = Air.PORTAL
    page.reload()
    expect(page.get_by_text("Welcome!")).to_be_visible()

    hall.signal.air = Air.GONE
    page.goto(hall.signal.url + SCREEN)

    expect_raised(page, "£100")


@pytest.mark.parametrize("days", [-1, 1])
def test_a_clock_that_is_wrong_by_a_day_changes_nothing(
    browser: Browser, live_site: SiteProcess, new_page: NewPage, tmp_path: Path, days: int
) -> None:
    appeal = make_rally(amount=14_990)
    right = new_page(**LAPTOP)
    open_screen(right, live_site)
    laptop = Phone(browser.browser_type, tmp_path / "wrong", **LAPTOP)
    try:
        page = laptop.open()
        laptop.set_clock_off(days=days)
        open_screen(page, live_site)
        wait_until_kept(page)
        receive(appeal, gbp(10))
        refund(appeal, gbp(1))

        expect_raised(page, "£14,999")
        for part in (".screen__as-at", ".screen__just-in", ".screen__lowered"):
            expect(page.locator(part)).to_have_text(right.locator(part).text_content() or "")
        page.context.set_offline(True)
        page.reload()
        expect_raised(page, "£14,999")
        expect(page.locator(".screen__stale")).to_have_text(
            re.compile(r"^Last known at \d\d:\d\d on \d+ \w+$")
        )
        assert laptop.errors == []
    finally:
        laptop.close()


def test_a_laptop_that_slept_says_at_once_that_it_does_not_know(
    live_site: SiteProcess, new_page: NewPage
) -> None:
    appeal = make_rally(amount=100)
    page = new_page(**LAPTOP)
    page.add_init_script(
        """window.streams = 0;
        const Real = EventSource;
        window.EventSource = class extends Real {
            constructor(...told) { super(...told); window.streams += 1; }
        };
        window.states = [];
        addEventListener("live-state", ({ detail }) => window.states.push(detail.state));"""
    )
    page.clock.install()
    open_screen(page, live_site)
    expect_raised(page, "£100")
    page.evaluate("window.states = []")
    receive(appeal, gbp(50))

    page.clock.fast_forward(30 * 60_000)

    expect_raised(page, "£150")
    expect(page.locator("live-appeal")).to_have_attribute("data-state", "live")
    assert page.evaluate("window.states") == ["lost", "live"]
    assert page.evaluate("window.streams") == 2


def test_a_celebration_that_the_end_of_the_browser_cut_short_is_over(
    hall: Hall, live_site: SiteProcess
) -> None:
    appeal = make_rally(amount=14_990)
    laptop = hall.phone("laptop")
    page = laptop.open()
    open_screen(page, live_site)
    expect_raised(page, "£14,990")
    receive(appeal, gbp(10))
    expect(page.locator(".celebration")).to_be_visible()
    page.wait_for_timeout(1_000)
    laptop.close()

    page = laptop.open()
    open_screen(page, live_site)

    expect_raised(page, "£15,000")
    expect(page.locator(".celebration")).to_be_hidden()


def test_a_phone_of_the_counting_table_goes_on_as_before(
    live_site: SiteProcess, page: Page
) -> None:
    """The screen shares the service worker with the pages that count."""
    make_rally()
    open_screen(page, live_site)
    wait_until_kept(page)
    page.context.set_offline(True)

    page.goto(f"{live_site.url}/count/waiting/")
    expect(page.locator("unsent-line")).to_be_attached()
    page.goto(f"{live_site.url}/treasurer/")
    expect(page.get_by_text("No signal").first).to_be_visible()


def test_a_new_release_brings_the_kept_screen_along_or_waits(hall: Hall) -> None:
    make_rally(amount=100)
    page = hall.phone("laptop").open()
    page.goto(hall.signal.url + SCREEN)
    wait_until_kept(page)
    before = kept_releases(page)
    update = "navigator.serviceWorker.ready.then((found) => found.update()).catch(() => 0)"

    hall.signal.rewrite = next_release("aaaa", unless=SCREEN)
    page.evaluate(update)
    page.wait_for_timeout(2_000)
    assert before <= kept_releases(page), "the page could not be had: the old release stays"

    hall.signal.rewrite = next_release("bbbb")
    page.evaluate(update)
    until(lambda: kept_releases(page) == {"whip-round-screens-bbbb"}, page)
    hall.signal.air = Air.GONE
    page.reload()
    expect_raised(page, "£100")


def kept_releases(page: Page) -> set[str]:
    names: list[str] = page.evaluate("caches.keys()")
    return {name for name in names if name.startswith("whip-round-screens-")}


def test_the_worker_keeps_nothing_else_of_an_appeal(live_site: SiteProcess, page: Page) -> None:
    make_rally()
    open_screen(page, live_site)
    wait_until_kept(page)
    page.goto(f"{live_site.url}/appeals/rally/")
    page.goto(f"{live_site.url}/appeals/rally/give/")

    kept = page.evaluate(
        """async () => {
            const found = [];
            for (const name of await caches.keys()) {
                const cache = await caches.open(name);
                for (const { url } of await cache.keys()) found.push(new URL(url).pathname);
            }
            return found.filter((path) => path.startsWith("/appeals/") || path.startsWith("/api/"));
        }"""
    )

    assert sorted(kept) == ["/appeals/rally/qr.svg", SCREEN]


@pytest.mark.fault
def test_a_restarted_postgresql_costs_no_figure(new_page: NewPage) -> None:
    with running_site(donations=2) as (site, (first, second)):
        assert site.deliver(json.dumps(checkout_event(first)).encode()) == 200
        wait_until(lambda: site.raised_minor() == 2500, why=site.log)
        page = new_page(**LAPTOP)
        page.goto(site.url + SCREEN)
        expect_raised(page, "£25")
        wait_until_kept(page)

        site.database.stop(mode="immediate")
        page.wait_for_timeout(2_000)
        expect_raised(page, "£25")
        page.reload()
        expect_raised(page, "£25")
        expect(page.locator(".screen__stale")).to_have_text(KEPT)
        site.database.start_again()
        wait_until(lambda: site.readiness() == 200, why=site.log)
        assert site.deliver(json.dumps(checkout_event(second)).encode()) == 200

        expect_raised(page, "£50")
        expect(page.locator(".screen__stale")).to_be_hidden()
