"""The stage in real browsers: phones that direct the hall, and the page that gives them away."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from appeals.models import Appeal, DirectionStep, Night, StageRemote
from appeals.stage.hall import read_hall
from appeals.stage.remotes import make_remote, remote_code, remote_token, revoke
from funds.models import Membership
from tests.appeals.stage.directing import Command, Scene, chair, say
from tests.browser.conftest import CheckWithAxe, NewPage
from tests.browser.treasury import log_in
from tests.factories import gbp, make_appeal, make_user
from tests.live.posting import collect
from tests.site import SiteProcess

PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "is_mobile": True,
    "has_touch": True,
}
SMALL: dict[str, Any] = {**PHONE, "viewport": {"width": 360, "height": 740}}
TOO_SMALL = """() => [...document.querySelectorAll('main a, main button, main input')]
    .filter((part) => part.checkVisibility() && part.type !== 'hidden')
    .map((part) => [part.textContent.trim() || part.name, part.getBoundingClientRect()])
    .filter(([, box]) => box.height < 44)
    .map(([name, box]) => `${name}: ${box.height}`)"""
SCROLLS = "() => document.documentElement.scrollWidth > innerWidth"


@pytest.fixture
def appeal(live_site: SiteProcess) -> Appeal:
    return make_appeal()


def open_remote(page: Page, site: SiteProcess, label: str = "Speaker") -> StageRemote:
    """A phone follows a remote's link."""
    remote = make_remote(Appeal.objects.get(slug="rally"), label=label, made_by=chair())
    page.goto(f"{site.url}/stage/r/{remote_token(remote)}/")
    expect(page).to_have_url(f"{site.url}/stage/rally/")
    return remote


def open_live(page: Page, site: SiteProcess, label: str = "Speaker") -> StageRemote:
    remote = open_remote(page, site, label)
    expect(page.locator("stage-remote")).to_have_attribute("data-state", "live")
    return remote


def button(page: Page, name: str) -> Any:
    return page.get_by_role("button", name=re.compile(f"^{re.escape(name)}"))


def mark(page: Page, name: str) -> Any:
    return page.locator(f'[data-stage="{name}"]').first


def expect_pressed(page: Page, name: str) -> None:
    expect(button(page, name)).to_have_attribute("aria-pressed", "true")


class TestOneRemote:
    def test_hold_the_count_goes_on_and_reveal(
        self, live_site: SiteProcess, new_page: NewPage, appeal: Appeal
    ) -> None:
        collect(appeal, gbp(29_950))
        page = new_page(**PHONE)
        open_live(page, live_site)
        expect(button(page, "Reveal")).to_be_hidden()

        button(page, "Hold at £29,950").tap()
        expect(mark(page, "held-since")).to_contain_text("held since")
        collect(appeal, gbp(325))

        expect(mark(page, "true")).to_have_text("£30,275")
        expect(mark(page, "shown")).to_have_text("£29,950")
        expect(mark(page, "ahead")).to_have_text("£325 more")
        assert read_hall(appeal).reading.raised == gbp(29_950)

        button(page, "Reveal £30,275").tap()
        expect(mark(page, "shown")).to_have_text("£30,275")
        expect(mark(page, "held-since")).to_have_text("live")
        expect(mark(page, "ahead")).to_have_text("the same")
        expect(button(page, "Hold at £30,275")).to_be_visible()
        assert read_hall(appeal).reading.raised == gbp(30_275)

    def test_scenes_a_notice_and_an_undo_that_says_what_it_undoes(
        self, live_site: SiteProcess, new_page: NewPage, appeal: Appeal
    ) -> None:
        page = new_page(**PHONE)
        open_live(page, live_site)

        button(page, "League table").tap()
        expect_pressed(page, "League table")
        page.get_by_label("Notice").fill("Back at 20:30")
        button(page, "Show the notice").tap()
        expect(mark(page, "last")).to_contain_text("notice “Back at 20:30”, by Speaker")
        expect(button(page, "Undo")).to_contain_text("notice “Back at 20:30”")
        expect(mark(page, "back")).to_have_text("After an undo back to League table.")
        assert read_hall(appeal).notice == "Back at 20:30"

        button(page, "Undo").tap()
        expect_pressed(page, "League table")
        assert read_hall(appeal).scene == Scene.LEAGUE

    def test_promised_the_next_milestone_and_clear(
        self, live_site: SiteProcess, new_page: NewPage, appeal: Appeal
    ) -> None:
        page = new_page(**PHONE)
        open_live(page, live_site)

        button(page, "Show what is promised").tap()
        expect(mark(page, "promised-word")).to_have_text("shown to the hall")
        button(page, "Tell the hall").tap()
        expect(mark(page, "next")).to_have_text("£7,500 (25%): £7,500 to go · the hall is told")
        button(page, "Clear").tap()
        expect(mark(page, "next")).to_have_text("£7,500 (25%): £7,500 to go")
        expect(button(page, "Hide what is promised")).to_be_visible()
        assert read_hall(appeal).shows_promised

    def test_two_quick_taps_undo_one_step(
        self, live_site: SiteProcess, new_page: NewPage, appeal: Appeal
    ) -> None:
        page = new_page(**PHONE)
        open_live(page, live_site)
        for name in ("League table", "Give now"):
            button(page, name).tap()
            expect_pressed(page, name)

        button(page, "Undo").dblclick(delay=20)

        expect_pressed(page, "League table")
        page.wait_for_timeout(800)  # a second undo would have come by then
        assert DirectionStep.objects.filter(command="undo").count() == 1
        assert read_hall(appeal).scene == Scene.LEAGUE

    def test_quick_taps_on_different_buttons_come_in_their_order(
        self, live_site: SiteProcess, new_page: NewPage, appeal: Appeal
    ) -> None:
        page = new_page(**PHONE)
        open_live(page, live_site)

        page.evaluate(
            """() => ['League table', 'Give now', 'Thank you', 'Blank'].forEach((name) =>
                [...document.querySelectorAll('button')]
                    .find((button) => button.textContent.trim() === name).click())"""
        )

        expect_pressed(page, "Blank")
        page.wait_for_timeout(300)
        steps = DirectionStep.objects.order_by("number")
        assert [step.after["scene"] for step in steps] == ["league", "give", "thanks", "blank"]
        assert read_hall(appeal).scene == Scene.BLANK


class TestTwoRemotes:
    def test_each_sees_at_once_what_the_other_did(
        self, live_site: SiteProcess, new_page: NewPage, appeal: Appeal
    ) -> None:
        one, other = new_page(**PHONE), new_page(**SMALL)
        open_live(one, live_site, "Chair")
        open_live(other, live_site, "Speaker")

        button(one, "League table").tap()
        expect_pressed(other, "League table")
        expect(mark(other, "last")).to_contain_text("scene League table, by Chair")
        button(other, "Undo").tap()
        expect_pressed(one, "Thermometer")
        expect(mark(one, "last")).to_contain_text("undone: scene League table, by Speaker")
        assert read_hall(appeal).step == 2

    def test_an_undo_of_what_was_not_seen_is_refused_and_shows_what_is(
        self, live_site: SiteProcess, new_page: NewPage, appeal: Appeal
    ) -> None:
        page = new_page(**PHONE)
        # A phone whose streams are gone and which has not noticed.
        for address in ("**/live/**", "**/api/**", "**/board.json"):
            page.route(address, lambda route: route.abort())
        open_remote(page, live_site)
        button(page, "League table").tap()
        expect_pressed(page, "League table")
        say(appeal, Command.SCENE, scene=Scene.GIVE, by=chair())

        button(page, "Undo").tap()

        expect(mark(page, "message")).to_contain_text("directed just now")
        expect_pressed(page, "Give now")
        assert read_hall(appeal).scene == Scene.GIVE

    def test_a_remote_revoked_in_the_middle_directs_nothing_more(
        self, live_site: SiteProcess, new_page: NewPage, appeal: Appeal
    ) -> None:
        page, other = new_page(**PHONE), new_page(**PHONE)
        remote = open_live(page, live_site)
        open_live(other, live_site, "Chair")
        button(page, "League table").tap()
        expect_pressed(page, "League table")
        revoke([remote])

        button(page, "Blank").tap()

        expect(mark(page, "message")).to_contain_text("This remote has ended")
        expect(button(page, "Blank")).to_be_disabled()
        assert read_hall(appeal).scene == Scene.LEAGUE
        button(other, "Give now").tap()
        expect_pressed(other, "Give now")


class TestTrouble:
    def test_without_a_network_it_says_so_and_the_same_tap_counts_once(
        self, live_site: SiteProcess, new_page: NewPage, appeal: Appeal
    ) -> None:
        page = new_page(**PHONE)
        open_live(page, live_site)
        page.context.set_offline(True)
        expect(mark(page, "offline")).to_contain_text("No connection")

        button(page, "League table").tap()
        expect(mark(page, "message")).to_contain_text("No answer")
        assert read_hall(appeal).step == 0

        page.context.set_offline(False)
        expect(mark(page, "offline")).to_be_hidden()
        button(page, "League table").tap()
        expect_pressed(page, "League table")
        expect(mark(page, "message")).to_be_hidden()
        assert read_hall(appeal).step == 1

    def test_a_tap_that_arrived_without_an_answer_is_not_made_twice(
        self, live_site: SiteProcess, new_page: NewPage, appeal: Appeal
    ) -> None:
        page = new_page(**PHONE)
        open_live(page, live_site)

        def lose_the_answer(route: Any) -> None:
            route.fetch()
            route.abort()

        page.route(f"{live_site.url}/stage/rally/", lose_the_answer, times=1)
        button(page, "League table").tap()
        expect(mark(page, "message")).to_contain_text("No answer")
        expect_pressed(page, "League table")  # the stream tells
        page.wait_for_timeout(800)
        button(page, "League table").tap()
        expect(mark(page, "message")).to_be_hidden()

        assert DirectionStep.objects.count() == 1
        assert read_hall(appeal).scene == Scene.LEAGUE

    def test_it_comes_back_by_itself_after_the_server_was_killed(
        self, live_site: SiteProcess, new_page: NewPage, appeal: Appeal
    ) -> None:
        page = new_page(**PHONE)
        open_live(page, live_site)
        button(page, "Hold at").tap()
        expect(button(page, "Reveal")).to_be_visible()

        live_site.kill()
        expect(mark(page, "offline")).to_be_visible()
        collect(appeal, gbp(50))
        live_site.start()

        expect(mark(page, "true")).to_have_text("£50", timeout=40_000)
        expect(mark(page, "offline")).to_be_hidden(timeout=40_000)
        expect(mark(page, "shown")).to_have_text("£0")
        button(page, "Reveal £50").tap()
        expect(mark(page, "shown")).to_have_text("£50")

    def test_without_javascript_its_buttons_are_forms(
        self, live_site: SiteProcess, new_page: NewPage, appeal: Appeal
    ) -> None:
        collect(appeal, gbp(29_950))
        page = new_page(**SMALL, java_script_enabled=False)
        open_remote(page, live_site)

        button(page, "Hold at £29,950").tap()
        expect(button(page, "Reveal")).to_be_visible()
        collect(appeal, gbp(325))
        button(page, "League table").tap()
        expect_pressed(page, "League table")
        expect(mark(page, "shown")).to_have_text("£29,950")
        expect(mark(page, "true")).to_have_text("£30,275")
        page.get_by_label("Notice").fill("Back at 20:30")
        page.get_by_label("Notice").press("Enter")
        expect(mark(page, "last")).to_contain_text("notice “Back at 20:30”")
        button(page, "Undo").tap()
        expect_pressed(page, "League table")
        button(page, "Reveal £30,275").tap()
        expect(mark(page, "shown")).to_have_text("£30,275")
        assert read_hall(appeal).scene == Scene.LEAGUE


class TestLooks:
    @pytest.mark.parametrize("phone", [PHONE, SMALL], ids=["390", "360"])
    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_a_remote_can_be_read_and_pressed(
        self,
        live_site: SiteProcess,
        new_page: NewPage,
        axe: CheckWithAxe,
        appeal: Appeal,
        phone: dict[str, Any],
        scheme: str,
    ) -> None:
        collect(appeal, gbp("12345678.90"))
        page = new_page(**phone, color_scheme=scheme)
        open_live(page, live_site, "x" * 60)
        button(page, "Hold at").tap()
        expect(button(page, "Reveal")).to_be_visible()
        page.get_by_label("Notice").fill("A" * 200)
        button(page, "Show the notice").tap()
        expect(mark(page, "undo")).to_contain_text("notice")

        assert page.evaluate(SCROLLS) is False
        assert page.evaluate(TOO_SMALL) == []
        box = mark(page, "true").bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= phone["viewport"]["width"]
        axe(page)

    def test_by_keyboard_everything_is_reached_and_focus_is_not_lost(
        self, live_site: SiteProcess, new_page: NewPage, appeal: Appeal
    ) -> None:
        page = new_page(viewport={"width": 1280, "height": 800})
        open_live(page, live_site)

        button(page, "Hold at").focus()
        page.keyboard.press("Enter")
        expect(button(page, "Reveal")).to_be_visible()
        page.keyboard.press("Tab")
        focused = page.evaluate("document.activeElement.value")
        assert focused == "reveal"
        page.keyboard.press("Enter")
        expect(button(page, "Hold at")).to_be_visible()
        assert read_hall(appeal).step == 2

    def test_the_ways_in_and_setting_up(
        self, live_site: SiteProcess, new_page: NewPage, axe: CheckWithAxe, appeal: Appeal
    ) -> None:
        chairs, phone = new_page(**PHONE), new_page(**SMALL)
        user = make_user("chair", role=Membership.Role.CHAIR)
        log_in(chairs, live_site, user, to="/stage/rally/set-up/")
        button(chairs, "Begin the night").tap()
        expect(chairs.get_by_text("The night is begun.")).to_be_visible()
        chairs.get_by_label("Whose phone is it for?").fill("Collection speaker")
        button(chairs, "Make a remote").tap()
        expect(chairs.locator("img.qr")).to_be_visible()
        axe(chairs)
        assert chairs.evaluate(SCROLLS) is False
        code = chairs.locator(".seat-code").inner_text()
        assert code == remote_code(StageRemote.objects.get())

        phone.goto(f"{live_site.url}/stage/")
        axe(phone)
        phone.get_by_label("The code").fill("nonsense")
        button(phone, "Go on").tap()
        expect(phone.get_by_text("This opens nothing now")).to_be_visible()
        axe(phone)
        phone.get_by_label("The code").fill(code.lower())
        button(phone, "Go on").tap()
        expect(phone).to_have_url(f"{live_site.url}/stage/rally/")
        expect(phone.get_by_text("Collection speaker")).to_be_visible()

        chairs.get_by_role("link", name="Back to setting up").tap()
        expect(chairs.get_by_text("Last used")).to_be_visible()
        axe(chairs)
        assert chairs.evaluate(TOO_SMALL) == []
        button(chairs, "Revoke").tap()
        expect(chairs.get_by_text("Revoked: Collection speaker.")).to_be_visible()
        phone.reload()
        expect(phone.get_by_text("This phone holds no remote")).to_be_visible()

        chairs.get_by_text("End the night").first.tap()
        button(chairs, "End the night, and keep its figure").tap()
        expect(chairs.get_by_text("the hall saw £0")).to_be_visible()
        assert Night.objects.get().ended_at is not None
