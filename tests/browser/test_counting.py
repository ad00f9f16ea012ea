"""The counting table in real browsers: three phones, one difference, one agreement."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from appeals.progress import read_reading
from payments.models import Bucket, BucketCount, CashCollection, Occasion
from tests.audited import find_differences
from tests.browser.conftest import CheckWithAxe, NewPage
from tests.browser.test_treasurer import PHONE, Branches, branches  # noqa: F401 - a fixture
from tests.browser.treasury import log_in
from tests.factories import gbp
from tests.site import SiteProcess

SMALL: dict[str, Any] = {**PHONE, "viewport": {"width": 360, "height": 740}}


def open_table(page: Page) -> None:
    """The treasurer sends one bucket out, with a seal and no float, and opens the table."""
    page.get_by_role("link", name="Send buckets out", exact=True).first.tap()
    page.get_by_label("Place or occasion").fill("Saturday rally")
    page.get_by_text("Seals, collectors and floats").tap()
    page.get_by_label("Seal number").first.fill("S 1041")
    page.get_by_role("button", name="Send them out").tap()
    page.get_by_role("button", name="Open the table").tap()
    expect(page.get_by_text("The table is open")).to_be_visible()


def open_seat(page: Page, name: str) -> str:
    """The address that the seat's QR code holds: its code is on the page too."""
    page.get_by_role("button", name=f"Open a seat for {name}").tap()
    page.wait_for_url("**/treasurer/seats/**")
    expect(page.locator("img.qr")).to_be_visible()
    code = page.locator(".seat-code").inner_text()
    page.get_by_role("link", name="Back to the table").tap()
    page.wait_for_url("**/treasurer/occasions/**")
    return code


def sit_down(page: Page, site: SiteProcess, code: str, name: str) -> None:
    page.goto(f"{site.url}/count/")
    page.get_by_label("Your code").fill(code.lower())
    page.get_by_role("button", name="Go on").tap()
    page.get_by_label("Your name").fill(name)
    page.get_by_label("No", exact=True).check()
    page.get_by_role("button", name="Take this seat").tap()
    expect(page.get_by_text("1 bucket for you to count")).to_be_visible()


def count(page: Page, pieces: dict[str, int], *, again: bool = False) -> None:
    page.get_by_role("link", name=f"Count bucket 1{' again' if again else ''}").tap()
    for label, number in pieces.items():
        page.get_by_label(f"How many {label}", exact=True).first.fill(str(number))
    page.get_by_label("No", exact=True).check()
    page.get_by_role("button", name="Hand in").tap()
    expect(page.get_by_text("Handed in. Thank you.")).to_be_visible()


def see(page: Page, words: str) -> None:
    """Look again, as the page asks, until it says so."""
    page.goto(page.url.partition("?")[0])
    expect(page.locator("main")).to_contain_text(words)


def hides(page: Page, *figures: str) -> None:
    text = page.content()
    assert not [figure for figure in figures if figure in text]


def test_two_phones_differ_by_three_pounds_twenty_and_then_agree(
    live_site: SiteProcess,
    branches: Branches,  # noqa: F811
    new_page: NewPage,
    axe: CheckWithAxe,
) -> None:
    treasurer, asha, ben = new_page(**PHONE), new_page(**SMALL), new_page(**PHONE)
    log_in(treasurer, live_site, branches.treasurer)
    open_table(treasurer)
    sit_down(asha, live_site, open_seat(treasurer, "counter A"), "Asha Example")
    sit_down(ben, live_site, open_seat(treasurer, "counter B"), "Ben Example")
    board = f"{live_site.url}/treasurer/occasions/{Occasion.objects.get().reference}/"

    count(asha, {"£20": 12, "£1": 31, "20p": 4})
    see(ben, "1 bucket for you to count")
    treasurer.goto(board)
    expect(treasurer.get_by_text("in no total yet").first).to_be_visible()
    for page in (ben, treasurer):
        hides(page, "271.80")
    assert read_reading(branches.appeal).raised == gbp(0)

    count(ben, {"£20": 12, "£1": 35})
    differ = "The two counts differ by £3.20. Count again, each on your own."
    for page in (asha, ben):
        see(page, differ)
        hides(page, "271.80", "275")
    treasurer.goto(board)
    expect(treasurer.locator("main")).to_contain_text("The two counts differ by £3.20")
    hides(treasurer, "271.80", "£275")
    assert not CashCollection.objects.exists()

    count(asha, {"£20": 12, "£1": 35}, again=True)
    see(ben, differ)
    count(ben, {"£20": 12, "£1": 35}, again=True)
    for page in (asha, ben):
        see(page, "Agreed: £275. Thank you.")

    treasurer.goto(board)
    expect(treasurer.locator("main")).to_contain_text("Everything is agreed")
    treasurer.get_by_role("button", name="Close the table").tap()
    expect(treasurer.get_by_text("Counted and closed").first).to_be_visible()
    asha.reload()
    expect(asha.get_by_role("heading", level=1)).to_contain_text("nothing here")

    collection = CashCollection.objects.get()
    assert (collection.counted_by, collection.witnessed_by) == ("Asha Example", "Ben Example")
    assert collection.amount == read_reading(branches.appeal).raised == gbp(275)
    assert BucketCount.objects.filter(counted_at__isnull=False).count() == 4
    assert find_differences() == []
    treasurer.get_by_role("link", name="Bucket 1").tap()
    expect(treasurer.locator("main")).to_contain_text("£271.80")
    axe(treasurer)


def test_a_counter_adds_up_by_thumb_on_a_small_phone(
    live_site: SiteProcess,
    branches: Branches,  # noqa: F811
    new_page: NewPage,
    axe: CheckWithAxe,
) -> None:
    treasurer, page = new_page(**PHONE), new_page(**SMALL)
    log_in(treasurer, live_site, branches.treasurer)
    open_table(treasurer)
    sit_down(page, live_site, open_seat(treasurer, "counter A"), "Asha Example")
    page.get_by_role("link", name="Count bucket 1").tap()

    for _ in range(3):
        page.get_by_role("button", name="One £20 more", exact=True).tap()
    page.get_by_role("button", name="One £20 fewer", exact=True).tap()
    page.get_by_role("button", name="One 1p fewer").tap()
    page.get_by_label("How many 50p").fill("5")
    expect(page.locator(".count-sheet__sum")).to_have_text("£42.50")
    page.locator("summary", has_text="Withdrawn, banked separately").tap()
    page.get_by_role("button", name="One £20 paper more").tap()
    expect(page.locator(".count-sheet__sum")).to_have_text("£62.50")
    for fold in ("Scottish and Northern Irish notes", "Foreign coins", "Cheques"):
        page.locator("summary", has_text=fold).tap()
    small = page.evaluate(
        """() => [...document.querySelectorAll(
            'main button, main input:not([type=hidden], [type=radio], [type=checkbox]),'
            + ' main summary, main label:has([type=radio]), main .links a')]
            .map(part => [part.outerHTML.slice(0, 80), part.getBoundingClientRect().height])
            .filter(([, height]) => height < 44)"""
    )
    assert small == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    page.get_by_label("Yes", exact=True).check()
    page.get_by_role("button", name="Hand in").tap()
    expect(page.get_by_role("alert")).to_contain_text("Hand it to the treasurer")
    axe(page)


def test_what_has_the_focus_is_never_behind_the_total(
    live_site: SiteProcess,
    branches: Branches,  # noqa: F811
    new_page: NewPage,
) -> None:
    treasurer, page = new_page(**PHONE), new_page(**SMALL)
    log_in(treasurer, live_site, branches.treasurer)
    open_table(treasurer)
    sit_down(page, live_site, open_seat(treasurer, "counter A"), "Asha Example")
    page.get_by_role("link", name="Count bucket 1").tap()
    page.get_by_label("How many £50", exact=True).first.focus()

    for _ in range(36):
        page.keyboard.press("Tab")
        hidden = page.evaluate(
            """() => {
                const part = document.activeElement.getBoundingClientRect();
                const bar = document.querySelector(".count-bar");
                return !bar.contains(document.activeElement)
                    && part.bottom > bar.getBoundingClientRect().top + 1;
            }"""
        )
        assert not hidden, page.evaluate("document.activeElement.outerHTML")


def test_it_all_works_without_javascript(
    live_site: SiteProcess,
    branches: Branches,  # noqa: F811
    new_page: NewPage,
    axe: CheckWithAxe,
) -> None:
    options = {**SMALL, "java_script_enabled": False}
    treasurer, asha, ben = new_page(**PHONE), new_page(**options), new_page(**options)
    log_in(treasurer, live_site, branches.treasurer)
    open_table(treasurer)
    sit_down(asha, live_site, open_seat(treasurer, "counter A"), "Asha Example")
    sit_down(ben, live_site, open_seat(treasurer, "counter B"), "Ben Example")

    count(asha, {"£10": 4})
    count(ben, {"£10": 4})

    see(ben, "Agreed: £40. Thank you.")
    assert Bucket.objects.get().state == Bucket.State.AGREED
    assert BucketCount.objects.filter(counted_at__isnull=True).count() == 2


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
def test_the_treasurer_s_pages_are_clean(
    live_site: SiteProcess,
    branches: Branches,  # noqa: F811
    new_page: NewPage,
    axe: CheckWithAxe,
    color_scheme: str,
) -> None:
    page = new_page(**PHONE, color_scheme=color_scheme)
    log_in(page, live_site, branches.treasurer, to="/treasurer/occasions/")
    axe(page)
    page.goto(f"{live_site.url}/treasurer/")
    open_table(page)
    axe(page)
    open_seat(page, "counter A")
    occasion = Occasion.objects.get()
    for address in (
        "/treasurer/occasions/",
        "/treasurer/occasions/new/",
        f"/treasurer/occasions/{occasion.reference}/gifts/",
        f"/treasurer/buckets/{Bucket.objects.get().reference}/",
        f"/treasurer/seats/{occasion.seats.get().reference}/",
        "/count/",
    ):
        page.goto(f"{live_site.url}{address}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
        axe(page)
