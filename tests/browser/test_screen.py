"""The hall screen in a real browser."""

import re

import pytest
from playwright.sync_api import Page, expect

from appeals.announce import announce_change
from appeals.models import Appeal
from funds.ledger import reverse_entry
from funds.models import JournalEntry
from tests.browser.conftest import CheckWithAxe, NewPage
from tests.factories import TODAY, gbp, make_appeal, make_branch
from tests.live.posting import collect
from tests.site import SiteProcess

SIZES = [(1920, 1080), (1280, 720), (1024, 768), (390, 844)]
PARTS = (
    ".screen__title, [data-screen=pounds], .screen__news p:not([hidden]), .screen__tube, "
    ".standings tbody tr:not([hidden]), .screen__qr, .screen__address, .screen__imprint, "
    ".screen__as-at"
)
FIND_OVERFLOW = """parts => {
    const outside = [];
    for (const part of document.querySelectorAll(parts)) {
        const box = part.getBoundingClientRect();
        const isInside = box.left >= 0 && box.top >= 0
            && box.right <= innerWidth + 1 && box.bottom <= innerHeight + 1;
        if (!isInside) outside.push([part.getAttribute('class'), box.right, box.bottom]);
    }
    const root = document.documentElement;
    return {
        scrolls: root.scrollWidth > innerWidth || root.scrollHeight > innerHeight,
        outside,
    };
}"""


def raised(page: Page) -> str:
    return page.locator(".screen__total").inner_text().removesuffix("raised").strip()


def expect_raised(page: Page, text: str) -> None:
    expect(page.locator(".screen__total")).to_have_text(
        re.compile(rf"^{re.escape(text)}\s*raised$")
    )


def make_rally(*, branches: int = 8, amount: int = 0, **fields: object) -> Appeal:
    targets = [(make_branch(f"Branch {number:03}"), gbp(100)) for number in range(branches)]
    appeal = make_appeal(branch_targets=targets, **fields)  # type: ignore[arg-type]
    if amount:
        collect(appeal, gbp(amount), branch=targets[0][0] if targets else None)
    return appeal


def open_screen(page: Page, site: SiteProcess, query: str = "") -> None:
    page.goto(f"{site.url}/appeals/rally/screen/{query}")
    expect(page.locator("live-appeal")).to_have_attribute("data-state", "live")


class TestLive:
    def test_money_moves_the_total_the_table_and_the_tube(
        self, live_site: SiteProcess, page: Page
    ) -> None:
        appeal = make_rally()
        open_screen(page, live_site)
        expect_raised(page, "£0")

        collect(appeal, gbp("15000.50"), branch=make_branch("Branch 003"))

        expect_raised(page, "£15,000.50")
        expect(page.locator(".screen__news")).to_contain_text("50%")
        first = page.locator(".standings tbody tr").first
        expect(first).to_contain_text("Branch 003")
        expect(first).to_contain_text("£15,000.50")
        expect(page.locator("[data-screen=fill]")).to_have_attribute("height", "500")

    def test_the_target_is_passed_proudly(self, live_site: SiteProcess, page: Page) -> None:
        appeal = make_rally(amount=29_999)
        open_screen(page, live_site)
        expect(page.locator(".screen__news")).to_contain_text("99%")
        expect(page.locator(".screen__news")).to_contain_text("£1 to go")

        collect(appeal, gbp(12_022))

        expect(page.locator(".screen__news p:visible")).to_contain_text(
            "Target reached: £30,000. £42,021 and counting - thank you."
        )
        expect(page.locator("[role=status]")).to_have_text(
            "Target reached: £30,000. £42,021 and counting - thank you."
        )
        line = page.locator("[data-screen=target-line]")
        expect(line).to_have_attribute("transform", "translate(0 -713)")

    def test_not_every_pound_is_announced(self, live_site: SiteProcess, page: Page) -> None:
        appeal = make_rally()
        open_screen(page, live_site)
        collect(appeal, gbp(10))
        expect_raised(page, "£10")

        expect(page.locator("[role=status]")).to_be_empty()

    def test_money_taken_back_lowers_the_total(self, live_site: SiteProcess, page: Page) -> None:
        make_rally(amount=100)
        open_screen(page, live_site)
        expect_raised(page, "£100")

        reverse_entry(JournalEntry.objects.get(), reason="counted twice", occurred_on=TODAY)

        expect_raised(page, "£0")

    def test_closing_the_appeal_takes_the_way_to_give_away(
        self, live_site: SiteProcess, page: Page
    ) -> None:
        appeal = make_rally()
        open_screen(page, live_site)
        Appeal.objects.update(status=Appeal.Status.CLOSED)

        announce_change(appeal.pk)

        expect(page.locator(".screen__qr")).to_be_hidden()

    def test_reduced_motion_gets_the_figure_without_the_movement(
        self, live_site: SiteProcess, new_page: NewPage
    ) -> None:
        page = new_page(viewport={"width": 1280, "height": 720}, reduced_motion="reduce")
        appeal = make_rally()
        open_screen(page, live_site)
        page.evaluate(
            """() => {
                window.shown = [];
                const pounds = document.querySelector('[data-screen=pounds]');
                new MutationObserver(() => window.shown.push(pounds.textContent))
                    .observe(pounds, {childList: true, characterData: true, subtree: true});
            }"""
        )

        collect(appeal, gbp(9_000))

        expect_raised(page, "£9,000")
        assert set(page.evaluate("window.shown")) <= {"£0", "£9,000"}


class TestOutages:
    def test_a_server_that_goes_and_comes_leaves_the_last_figure_and_says_so(
        self, live_site: SiteProcess, page: Page
    ) -> None:
        appeal = make_rally(amount=100)
        open_screen(page, live_site)
        expect_raised(page, "£100")
        expect(page.locator(".screen__stale")).to_be_hidden()

        live_site.kill()

        expect(page.locator(".screen__stale")).to_have_text(
            re.compile(r"^Last updated \d\d:\d\d - reconnecting$")
        )
        assert raised(page) == "£100"

        collect(appeal, gbp(50))
        live_site.start()

        expect_raised(page, "£150")
        expect(page.locator(".screen__stale")).to_be_hidden()

    def test_a_restored_database_is_believed(self, live_site: SiteProcess, page: Page) -> None:
        make_rally(amount=100)
        open_screen(page, live_site)
        expect_raised(page, "£100")
        page.locator("live-appeal").evaluate(
            """element => {
                element.setAttribute('epoch', 'before');
                element.setAttribute('sequence', 999999);
            }"""
        )

        live_site.stop()
        live_site.start()

        live = page.locator("live-appeal")
        expect(live).not_to_have_attribute("epoch", "before")
        assert int(live.get_attribute("sequence") or 0) < 999_999

    def test_an_older_reading_is_refused(self, live_site: SiteProcess, page: Page) -> None:
        appeal = make_rally(amount=100)
        open_screen(page, live_site)
        expect_raised(page, "£100")
        page.locator("live-appeal").evaluate("element => element.setAttribute('sequence', 999999)")

        collect(appeal, gbp(50))
        page.wait_for_timeout(1000)

        assert raised(page) == "£100"


class TestLayout:
    @pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
    @pytest.mark.parametrize(
        ("title", "target", "amount", "branches"),
        [
            ("Rally", 30_000, 0, 8),
            ("Rally for Socialism", 30_000, 42_021, 24),
            ("T" * 40 + " " + "and so on " * 7, 10_000_000, 12_345_678, 120),
            ("Premises fund", 200_000, 45_000, 0),
        ],
        ids=["nothing", "over", "longest", "alone"],
    )
    def test_all_of_it_fits_and_nothing_scrolls(
        self,
        live_site: SiteProcess,
        new_page: NewPage,
        size: tuple[int, int],
        title: str,
        target: int,
        amount: int,
        branches: int,
    ) -> None:
        width, height = size
        make_rally(branches=branches, amount=amount, title=title, target=gbp(target))
        page = new_page(viewport={"width": width, "height": height}, reduced_motion="reduce")
        open_screen(page, live_site)
        page.wait_for_timeout(300)

        overflow = page.evaluate(FIND_OVERFLOW, PARTS)
        assert overflow == {"scrolls": False, "outside": []}

    @pytest.mark.parametrize("size", SIZES[:3], ids=lambda size: f"{size[0]}x{size[1]}")
    def test_the_total_takes_a_fifth_of_the_height(
        self, live_site: SiteProcess, new_page: NewPage, size: tuple[int, int]
    ) -> None:
        make_rally(amount=42_021)
        page = new_page(viewport={"width": size[0], "height": size[1]})
        open_screen(page, live_site)

        box = page.locator(".screen__total").bounding_box()

        assert box is not None
        assert box["height"] >= size[1] / 5

    def test_every_branch_is_shown_in_its_turn(
        self, live_site: SiteProcess, new_page: NewPage
    ) -> None:
        make_rally(branches=24)
        page = new_page(viewport={"width": 1920, "height": 1080}, reduced_motion="reduce")
        page.clock.install()
        open_screen(page, live_site)
        expect(page.locator("[data-screen=page]")).to_have_text(re.compile(r"^1 to \d of 24$"))
        seen: set[str] = set()

        for _ in range(8):
            seen.update(page.locator(".standings tbody tr:visible th").all_inner_texts())
            page.clock.run_for(8000)

        assert seen == {f"Branch {number:03}" for number in range(24)}

    def test_a_branch_on_another_page_is_seen_when_it_gets_money(
        self, live_site: SiteProcess, page: Page
    ) -> None:
        appeal = make_rally(branches=24)
        for number in range(10):
            collect(appeal, gbp(50), branch=make_branch(f"Branch {number:03}"))
        page.clock.install()
        open_screen(page, live_site)
        expect_raised(page, "£500")
        row = page.locator('[data-branch="branch-020"]')
        expect(row).to_be_hidden()
        page.clock.run_for(4_000)

        collect(appeal, gbp(5), branch=make_branch("Branch 020"))

        expect(row).to_be_visible()
        expect(row).to_contain_text("£5")
        page.clock.run_for(5_500)
        expect(page.locator("[data-screen=page]")).to_have_text(re.compile(r"^\d+ to \d+ of 24$"))

    def test_a_held_table_stays_where_it_is(self, live_site: SiteProcess, page: Page) -> None:
        make_rally(branches=24)
        page.clock.install()
        open_screen(page, live_site)
        label = page.locator("[data-screen=page]")
        before = label.inner_text()

        page.keyboard.press("p")
        page.clock.run_for(20_000)

        assert label.inner_text() == before
        page.keyboard.press("p")
        page.clock.run_for(8_000)
        assert label.inner_text() != before


class TestAccessibility:
    @pytest.mark.parametrize("query", ["", "?theme=dark"])
    @pytest.mark.parametrize("amount", [0, 42_021])
    def test_axe_finds_nothing(
        self,
        live_site: SiteProcess,
        new_page: NewPage,
        axe: CheckWithAxe,
        query: str,
        amount: int,
    ) -> None:
        make_rally(amount=amount)
        page = new_page(viewport={"width": 1280, "height": 720}, reduced_motion="reduce")
        open_screen(page, live_site, query)

        axe(page)

    def test_the_pointer_goes_away_and_comes_back(self, live_site: SiteProcess, page: Page) -> None:
        make_rally()
        page.clock.install()
        open_screen(page, live_site)
        page.mouse.move(100, 100)
        expect(page.locator(".screen__desk")).to_be_visible()

        page.clock.run_for(4_000)
        expect(page.locator(".screen__desk")).to_be_hidden()

        page.mouse.move(120, 120)
        expect(page.locator(".screen__desk")).to_be_visible()

    def test_without_scripts_the_figures_stand_as_of_page_load(
        self, live_site: SiteProcess, new_page: NewPage
    ) -> None:
        make_rally(amount=42_021)
        page = new_page(java_script_enabled=False, viewport={"width": 1280, "height": 720})
        page.goto(f"{live_site.url}/appeals/rally/screen/")

        assert raised(page).startswith("£42,021")
        expect(page.locator(".standings tbody tr").first).to_contain_text("Branch 000")
        expect(page.locator(".screen__desk")).to_be_hidden()
