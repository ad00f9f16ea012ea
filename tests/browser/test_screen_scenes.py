"""The hall screen, directed from the stage: scenes, milestones, held figures, what came."""

import re
import time
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from funds.models import User
from tests.appeals.books import receive, refund
from tests.appeals.stage.directing import Command, Scene, chair, say
from tests.browser.conftest import CheckWithAxe, NewPage
from tests.browser.test_screen import expect_raised, make_rally, open_screen
from tests.browser.test_screen_matrix import open_fed, show
from tests.factories import gbp, make_branch
from tests.hall_matrix import TOTALS, State, make_hall
from tests.site import SiteProcess

CELEBRATION = ".celebration"
SHOWS: dict[Scene, str] = {
    Scene.THERMOMETER: ".screen__tube",
    Scene.LEAGUE: ".standings",
    Scene.GIVE: ".screen__invite",
    Scene.REACHED: ".screen__news",
    Scene.THANKS: "text=Thank you",
    Scene.NOTICE: ".screen__words",
    Scene.BLANK: ".screen__imprint",
}
OURS = State(Scene.THERMOMETER, TOTALS[1], 8)


def money(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "GBP"}


def expect_celebrated(page: Page, words: str) -> None:
    expect(page.locator(CELEBRATION)).to_be_visible()
    expect(page.locator(".celebration__words")).to_have_text(words)


def expect_calm(page: Page, raised: str) -> None:
    """That figure stands there, and nothing is celebrated: a celebration begins with its figure."""
    expect_raised(page, raised)
    expect(page.locator(CELEBRATION)).to_be_hidden()


@pytest.fixture
def by(live_site: SiteProcess) -> User:
    return chair()


class TestScenes:
    def test_the_screen_follows_the_stage_through_every_scene(
        self, live_site: SiteProcess, page: Page, by: User
    ) -> None:
        appeal = make_rally(amount=42_021)
        open_screen(page, live_site)
        screen = page.locator("hall-screen")
        say(appeal, Command.NOTICE, notice="The buckets come round", by=by)
        expect(page.locator(".screen__words")).to_have_text("The buckets come round")

        for scene in [*reversed(Scene), Scene.NOTICE]:
            say(appeal, Command.SCENE, scene=scene, by=by)

            expect(screen).to_have_attribute("data-scene", scene.value)
            expect(page.locator(SHOWS[scene]).first).to_be_visible()
            expect(page.locator(".screen__imprint")).to_be_visible()
            if scene == Scene.NOTICE:
                expect(page.locator(".screen__total")).to_be_hidden()

    def test_one_scene_fades_into_the_next(
        self, live_site: SiteProcess, page: Page, by: User
    ) -> None:
        appeal = make_rally()
        page.add_init_script(
            """window.fades = 0;
            const fade = document.startViewTransition.bind(document);
            document.startViewTransition = (change) => { window.fades += 1; return fade(change); };
            """
        )
        open_screen(page, live_site)

        say(appeal, Command.SCENE, scene=Scene.GIVE, by=by)
        expect(page.locator(".screen__invite")).to_be_visible()
        receive(appeal, gbp(5))
        expect(page.locator(".screen__arrival")).to_have_text("£5 from a supporter")

        assert page.evaluate("window.fades") == 1

    def test_with_reduced_motion_nothing_moves(
        self, live_site: SiteProcess, new_page: NewPage, by: User
    ) -> None:
        appeal = make_rally(amount=29_000)
        page = new_page(viewport={"width": 1280, "height": 720}, reduced_motion="reduce")
        page.add_init_script("document.startViewTransition = () => { throw new Error('moves'); };")
        open_screen(page, live_site)
        expect_raised(page, "£29,000")

        say(appeal, Command.SCENE, scene=Scene.LEAGUE, by=by)
        expect(page.locator("hall-screen")).to_have_attribute("data-scene", "league")
        assert page.evaluate("document.getAnimations().length") == 0
        receive(appeal, gbp(1_000), branch=make_branch("Branch 003"))
        expect_celebrated(page, "Target reached")

        assert page.evaluate("document.getAnimations().length") == 0

    def test_a_league_that_is_kept_back_gives_way_to_the_tube(
        self, live_site: SiteProcess, page: Page, by: User
    ) -> None:
        appeal = make_rally(show_league=False)
        open_screen(page, live_site)

        say(appeal, Command.SCENE, scene=Scene.LEAGUE, by=by)
        say(appeal, Command.ANNOUNCE, by=by)

        expect(page.locator(".screen__next")).to_have_text("Next: £7,500, £7,500 to go")
        expect(page.locator(".screen__tube")).to_be_visible()

    def test_promised_is_shown_when_the_stage_says_so_and_never_added(
        self, live_site: SiteProcess, new_page: NewPage
    ) -> None:
        page = open_fed(live_site, new_page, (1280, 720), "light")
        reading = make_hall(OURS)
        show(page, reading)
        expect(page.locator("[data-screen=promised]")).to_have_text(
            re.compile(r"^\s*£4,285\.71 promised, not in the total$")
        )
        expect(page.locator("[data-screen=received]")).to_contain_text("£812.16")
        expect(page.locator("[data-screen=counted]")).to_contain_text("£90.24")
        expect_raised(page, "£902.40")

        layers = reading["hall"]["layers"] | {"promised": None}
        show(page, reading | {"hall": reading["hall"] | {"layers": layers}})

        expect(page.locator("[data-screen=promised]")).to_be_hidden()
        assert "4,285" not in page.locator("hall-screen").inner_text()

    @pytest.mark.parametrize("scene", [each for each in Scene if each != Scene.NOTICE])
    @pytest.mark.parametrize("query", ["", "?theme=dark"])
    def test_axe_finds_nothing(
        self,
        live_site: SiteProcess,
        new_page: NewPage,
        axe: CheckWithAxe,
        by: User,
        query: str,
        scene: Scene,
    ) -> None:
        appeal = make_rally(amount=42_021)
        say(appeal, Command.SCENE, scene=scene, by=by)
        say(appeal, Command.ANNOUNCE, by=by)
        say(appeal, Command.SHOW_PROMISED, by=by)
        page = new_page(viewport={"width": 1280, "height": 720}, reduced_motion="reduce")
        open_screen(page, live_site, query)

        axe(page)


class TestMilestones:
    def test_each_is_celebrated_once_over_reloads_a_killed_server_and_a_refund(
        self, live_site: SiteProcess, page: Page
    ) -> None:
        appeal = make_rally(amount=14_000)
        open_screen(page, live_site)
        expect_calm(page, "£14,000")

        receive(appeal, gbp(1_010))
        expect_celebrated(page, "Half way")
        expect(page.locator(".celebration__sum")).to_have_text("£15,010")
        page.reload()
        expect_calm(page, "£15,010")

        live_site.kill()
        expect(page.locator(".screen__stale")).to_be_visible()
        receive(appeal, gbp(8_000))
        live_site.start()
        expect_celebrated(page, "Three quarters of the way")
        expect(page.locator(CELEBRATION)).to_be_hidden(timeout=12_000)

        refund(appeal, gbp(1_000))
        expect_calm(page, "£22,010")
        receive(appeal, gbp(1_000))
        expect_calm(page, "£23,010")
        live_site.stop()
        live_site.start()
        page.reload()
        expect_calm(page, "£23,010")

    def test_what_was_passed_before_it_was_first_opened_is_no_news(
        self, live_site: SiteProcess, page: Page
    ) -> None:
        appeal = make_rally(amount=29_999)
        open_screen(page, live_site)
        expect_calm(page, "£29,999")

        receive(appeal, gbp(1))

        expect_celebrated(page, "Target reached")

    def test_held_nothing_is_celebrated_and_the_reveal_is(
        self, live_site: SiteProcess, page: Page, by: User
    ) -> None:
        appeal = make_rally(amount=29_950)
        open_screen(page, live_site)
        say(appeal, Command.HOLD, by=by)
        receive(appeal, gbp(325))
        say(appeal, Command.SCENE, scene=Scene.LEAGUE, by=by)
        expect(page.locator("hall-screen")).to_have_attribute("data-scene", "league")
        say(appeal, Command.CLEAR, by=by)
        expect_calm(page, "£29,950")
        assert "30,275" not in page.content()
        page.reload()
        expect_calm(page, "£29,950")

        say(appeal, Command.REVEAL, by=by)

        expect_celebrated(page, "Target reached")
        expect(page.locator(".celebration__sum")).to_have_text("£30,275")
        expect_raised(page, "£30,275")

    def test_a_blank_screen_stays_blank_and_celebrates_after(
        self, live_site: SiteProcess, page: Page, by: User
    ) -> None:
        appeal = make_rally(amount=29_950)
        open_screen(page, live_site)
        expect_calm(page, "£29,950")
        say(appeal, Command.SCENE, scene=Scene.BLANK, by=by)
        receive(appeal, gbp(50))
        expect(page.locator("[data-screen=pounds]")).to_have_text("£30,000")
        expect(page.locator(CELEBRATION)).to_be_hidden()

        say(appeal, Command.CLEAR, by=by)

        expect_celebrated(page, "Target reached")
        say(appeal, Command.SCENE, scene=Scene.BLANK, by=by)
        expect(page.locator(CELEBRATION)).to_be_hidden()

    def test_of_several_at_once_the_highest_is_celebrated_and_stretch_targets_are_too(
        self, live_site: SiteProcess, page: Page
    ) -> None:
        appeal = make_rally(stretch_targets=[40_000, 50_000])
        open_screen(page, live_site)
        expect_calm(page, "£0")

        receive(appeal, gbp(40_000))
        expect_celebrated(page, "£40,000 reached")
        page.reload()
        expect_calm(page, "£40,000")
        receive(appeal, gbp(10_000))

        expect_celebrated(page, "£50,000 reached")

    def test_a_lowered_target_is_passed_by_nobodys_money(
        self, live_site: SiteProcess, new_page: NewPage
    ) -> None:
        page = open_fed(live_site, new_page, (1280, 720), "light")
        reading = make_hall(OURS)
        show(page, reading)

        milestone = {"percent": 100, "amount": money("500.00")}
        show(page, reading | {"hall": reading["hall"] | {"milestones": [milestone]}})

        expect(page.locator(CELEBRATION)).to_be_hidden()

    def test_restored_books_begin_anew(self, live_site: SiteProcess, new_page: NewPage) -> None:
        page = open_fed(live_site, new_page, (1280, 720), "light")
        reading = make_hall(OURS)
        milestones = [{"percent": 25, "amount": money("1000.00")}]
        reading["hall"]["milestones"] = milestones
        show(page, reading)
        show(page, reading | {"raised": money("1000.00")})
        expect_celebrated(page, "A quarter of the way")
        page.reload()
        page.wait_for_function("window.stream !== undefined")

        show(page, reading | {"epoch": "restored", "raised": money("900.00")})
        expect(page.locator(CELEBRATION)).to_be_hidden()
        show(page, reading | {"epoch": "restored", "raised": money("1000.00")})

        expect_celebrated(page, "A quarter of the way")


class TestFigures:
    def test_held_figures_stand_as_of_the_holding(
        self, live_site: SiteProcess, new_page: NewPage
    ) -> None:
        page = open_fed(live_site, new_page, (1280, 720), "light")

        show(page, make_hall(OURS, is_held=True, held_at="2026-11-21T20:01:00Z"))
        expect(page.locator(".screen__as-at")).to_contain_text("as at 20:01")
        show(page, make_hall(OURS) | {"as_at": "2026-11-21T20:20:00Z"})

        expect(page.locator(".screen__as-at")).to_contain_text("as at 20:20")

    def test_a_refund_says_so(self, live_site: SiteProcess, page: Page) -> None:
        appeal = make_rally()
        receive(appeal, gbp(100))
        open_screen(page, live_site)
        expect_raised(page, "£100")
        expect(page.locator(".screen__lowered")).to_be_hidden()

        refund(appeal, gbp("25.50"))

        expect_raised(page, "£74.50")
        told = page.locator(".screen__lowered")
        expect(told).to_have_text(re.compile(r"^£25\.50 was refunded at \d\d:\d\d$"))
        page.reload()
        expect(told).to_have_text(re.compile(r"^£25\.50 was refunded at \d\d:\d\d$"))

    @pytest.mark.parametrize(
        ("why", "words"),
        [
            ("refund", "was refunded"),
            ("dispute", "was taken back through a bank"),
            ("correction", "was taken off by a correction"),
            ("of a later release", "was taken off by a correction"),
        ],
    )
    def test_each_reason_has_its_words(
        self, live_site: SiteProcess, new_page: NewPage, why: str, words: str
    ) -> None:
        page = open_fed(live_site, new_page, (1280, 720), "light")
        lowered = {"why": why, "amount": money("25.00"), "at": "2026-11-21T20:14:00Z"}

        show(page, make_hall(OURS, lowered=lowered))

        expect(page.locator(".screen__lowered")).to_have_text(f"£25 {words} at 20:14")

    def test_a_lower_figure_without_a_reason_is_called_corrected_for_a_while(
        self, live_site: SiteProcess, new_page: NewPage
    ) -> None:
        page = open_fed(live_site, new_page, (1280, 720), "light")
        page.clock.install()
        known = {"why": "refund", "amount": money("1.00"), "at": "2026-11-21T20:10:00Z"}
        show_at_once(page, make_hall(OURS, lowered=known))
        expect(page.locator(".screen__lowered")).to_have_text("£1 was refunded at 20:10")

        show_at_once(page, make_hall(OURS, lowered=known) | {"raised": money("900.00")})
        expect(page.locator(".screen__lowered")).to_have_text("The total was corrected at 20:14")
        show_at_once(page, make_hall(OURS))
        expect(page.locator(".screen__lowered")).to_have_text("The total was corrected at 20:14")
        page.clock.run_for(11 * 60_000)

        expect(page.locator(".screen__lowered")).to_be_hidden()

    def test_a_figure_that_fell_while_the_screen_was_off_is_explained(
        self, live_site: SiteProcess, new_page: NewPage
    ) -> None:
        page = open_fed(live_site, new_page, (1280, 720), "light")
        show(page, make_hall(OURS))
        page.reload()
        page.wait_for_function("window.stream !== undefined")

        show(page, make_hall(OURS) | {"raised": money("800.00")})

        expect(page.locator(".screen__lowered")).to_have_text("The total was corrected at 20:14")


class TestJustIn:
    def test_a_donation_is_on_the_line_within_the_second(
        self, live_site: SiteProcess, page: Page
    ) -> None:
        appeal = make_rally()
        open_screen(page, live_site)
        expect_raised(page, "£0")

        receive(appeal, gbp(25), branch=make_branch("Leeds"))
        begun = time.monotonic()
        page.wait_for_selector("text=£25 from Leeds", timeout=5_000)
        seconds = time.monotonic() - begun

        assert seconds < 1

    def test_many_at_once_change_it_calmly_and_the_newest_is_seen(
        self, live_site: SiteProcess, new_page: NewPage
    ) -> None:
        page = open_fed(live_site, new_page, (1280, 720), "light")
        page.evaluate(
            """() => {
                window.changes = 0;
                new MutationObserver(() => { window.changes += 1; })
                    .observe(document.querySelector('.screen__just-in'), {childList: true});
            }"""
        )

        for number in range(30):
            show_at_once(page, make_hall(OURS, just_in=arrivals(number)))
        page.wait_for_selector("text=£29 from Leeds")

        assert page.evaluate("window.changes") < 30 / 3
        first = page.locator(".screen__arrival").first
        expect(first).to_have_text("£29 from Leeds")

    def test_what_came_minutes_ago_goes(self, live_site: SiteProcess, new_page: NewPage) -> None:
        page = open_fed(live_site, new_page, (1280, 720), "light")
        page.clock.install()
        show_at_once(page, make_hall(OURS, just_in=arrivals(1)))
        expect(page.locator(".screen__arrival").first).to_have_text("£1 from Leeds")

        page.clock.run_for(5 * 60_000 + 1_000)

        expect(page.locator(".screen__arrival")).to_have_count(0)


def show_at_once(page: Page, reading: dict[str, Any]) -> None:
    """For a page whose clock stands still."""
    page.evaluate("reading => window.push(reading)", reading)


def arrivals(newest: int) -> list[dict[str, Any]]:
    return [
        {
            "key": f"key-{number}",
            "amount": money(f"{number}.00"),
            "branch": "Leeds",
            "method": "card",
            "at": "2026-11-21T20:14:07Z",
        }
        for number in range(newest, max(newest - 5, -1), -1)
    ]
