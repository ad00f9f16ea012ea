"""The pledge desk in a real browser: by keys, by thumb, without a signal, and by two typists."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from appeals.models import Appeal
from appeals.progress import read_reading
from funds.models import Membership, User
from payments.models import CheckLine, Pledge, PledgeList
from payments.pledges.comparing import compare
from tests.browser.conftest import CheckWithAxe, NewPage
from tests.browser.treasury import log_in
from tests.factories import gbp, make_appeal, make_branch, make_user
from tests.payments.pledges.stream import TOWNS, found_in, make_stream
from tests.site import SiteProcess

PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "is_mobile": True,
    "has_touch": True,
}
SMALL: dict[str, Any] = {**PHONE, "viewport": {"width": 360, "height": 640}}
LAPTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
DESK = "/desk/rally/"


@pytest.fixture
def appeal(live_site: SiteProcess) -> Appeal:
    for town in TOWNS:
        make_branch(town)
    return make_appeal("rally", title="Rally for Socialism")


@pytest.fixture
def rosa(appeal: Appeal) -> User:
    return make_user("rosa", role=Membership.Role.OPERATOR)


def sit_down(page: Page, site: SiteProcess, user: User, side: str) -> None:
    log_in(page, site, user, to=DESK)
    page.get_by_role("button", name=f"Type the {side}").click()
    expect(page.locator(".desk__tap").first).to_be_visible()  # its script is there
    expect(page.get_by_label("What is called")).to_be_focused()


def expect_total(page: Page, amount: str, pledges: str) -> None:
    expect(page.locator("[data-desk-total]")).to_contain_text(amount)
    expect(page.locator("[data-desk-total]")).to_contain_text(pledges)


def test_by_keys_alone(
    live_site: SiteProcess, appeal: Appeal, rosa: User, new_page: NewPage
) -> None:
    page = new_page(**LAPTOP)
    sit_down(page, live_site, rosa, "record")
    keys = page.keyboard

    keys.type("50 50 100 leeds")
    keys.press("Enter")
    keys.type("3x500 york cash")
    keys.press("Enter")
    expect_total(page, "£1,700", "6 pledges")
    assert read_reading(appeal).promised == gbp(1700)

    keys.press("ArrowUp")
    expect(page.get_by_label("What is called")).to_have_value("3x500 york cash")
    keys.press("ArrowUp")
    expect(page.get_by_label("What is called")).to_have_value("50 50 100 leeds")
    keys.press("ArrowDown")
    keys.press("ArrowDown")
    keys.press("Control+z")
    expect_total(page, "£200", "3 pledges")
    expect(page.get_by_label("What is called")).to_be_focused()
    assert read_reading(appeal).promised == gbp(200)


def test_what_is_not_understood_is_not_lost(
    live_site: SiteProcess, appeal: Appeal, rosa: User, new_page: NewPage
) -> None:
    page = new_page(**LAPTOP)
    sit_down(page, live_site, rosa, "record")

    page.keyboard.type("50 lleeds")
    page.keyboard.press("Enter")
    page.keyboard.type("20 york")
    page.keyboard.press("Enter")
    expect_total(page, "£20", "1 pledge")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Not taken: 50 lleeds. No branch begins with “lleeds”.")
    alert.get_by_role("button", name="Put it right").click()
    box = page.get_by_label("What is called")
    expect(box).to_have_value("50 lleeds")
    box.fill("50 leeds")
    box.press("Enter")
    expect_total(page, "£70", "2 pledges")
    expect(page.get_by_role("alert")).to_have_count(0)


@pytest.mark.parametrize("phone", [PHONE, SMALL], ids=["390", "360"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_by_thumb_on_the_ladder(
    live_site: SiteProcess,
    appeal: Appeal,
    rosa: User,
    new_page: NewPage,
    axe: CheckWithAxe,
    phone: dict[str, Any],
    theme: str,
) -> None:
    page = new_page(**phone, color_scheme=theme)
    sit_down(page, live_site, rosa, "record")
    for _ in range(3):
        page.get_by_role("button", name="One more hand at £500").tap()
    page.get_by_role("button", name="One more hand at £20", exact=True).tap()
    expect(page.locator("[data-desk=hands]")).to_have_text("3 at £500, 1 at £20")
    axe(page)
    page.get_by_label("Branch, if none is typed").select_option("leeds")
    page.get_by_role("button", name="Take it down").tap()

    expect_total(page, "£1,520", "4 pledges")
    expect(page.locator("[data-desk=hands]")).to_be_hidden()
    assert {str(one.branch) for one in Pledge.objects.all()} == {"Leeds"}
    page.locator("[data-desk-strike]").first.get_by_role("button").tap()
    expect_total(page, "£1,500", "3 pledges")
    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    small = page.locator("main button:visible").evaluate_all(
        "(all) => all.filter((one) => one.getBoundingClientRect().height < 44).length"
    )
    assert small == 0


def test_without_a_signal_it_waits_and_counts_once(
    live_site: SiteProcess, appeal: Appeal, rosa: User, new_page: NewPage
) -> None:
    page = new_page(**LAPTOP)
    sit_down(page, live_site, rosa, "record")
    page.context.set_offline(True)
    for line in ("50 leeds", "20 york"):
        page.keyboard.type(line)
        page.keyboard.press("Enter")
    unsent = page.locator("[data-desk=unsent]")
    expect(unsent).to_contain_text("2 not sent yet")
    page.keyboard.press("Control+z")
    expect(unsent).to_contain_text("1 not sent yet")
    page.keyboard.type("100 hull")
    page.keyboard.press("Enter")
    expect(unsent).to_contain_text("2 not sent yet")
    assert not Pledge.objects.exists()

    page.context.set_offline(False)
    expect_total(page, "£150", "2 pledges")
    expect(unsent).to_be_hidden()


def test_what_waits_survives_a_server_that_was_killed_and_a_reload(
    live_site: SiteProcess, appeal: Appeal, rosa: User, new_page: NewPage
) -> None:
    page = new_page(**LAPTOP)
    sit_down(page, live_site, rosa, "record")
    live_site.kill()
    page.keyboard.type("50 leeds")
    page.keyboard.press("Enter")
    expect(page.locator("[data-desk=unsent]")).to_contain_text("1 not sent yet")
    live_site.start()

    expect_total(page, "£50", "1 pledge")
    page.reload()
    expect_total(page, "£50", "1 pledge")
    assert Pledge.objects.count() == 1


def test_without_javascript_it_is_forms(
    live_site: SiteProcess, appeal: Appeal, rosa: User, new_page: NewPage
) -> None:
    page = new_page(**LAPTOP, java_script_enabled=False)
    log_in(page, live_site, rosa, to=DESK)
    page.get_by_role("button", name="Type the record").click()
    page.get_by_label("What is called").fill("50 leeds")
    page.get_by_label("£500", exact=True).fill("2")
    page.get_by_role("button", name="Take it down").click()
    expect_total(page, "£1,050", "3 pledges")
    page.get_by_role("button", name="Undo the last entry").click()
    expect_total(page, "£0", "0 pledges")


def test_two_typists_keep_up_and_every_difference_is_found(
    live_site: SiteProcess,
    appeal: Appeal,
    rosa: User,
    new_page: NewPage,
    axe: CheckWithAxe,
) -> None:
    """Forty entries by two, key by key, a sixth of them misheard by the second."""
    karl = make_user("karl", role=Membership.Role.CHAIR)
    clara = make_user("clara", role=Membership.Role.NATIONAL_TREASURER)
    stream = make_stream(40, seed=5)
    first, second, lead = new_page(**LAPTOP), new_page(**LAPTOP), new_page(**LAPTOP)
    sit_down(first, live_site, rosa, "record")
    sit_down(second, live_site, karl, "check")
    log_in(lead, live_site, clara, to=f"{DESK}compare/")

    for heard, misheard in zip(stream.record, stream.check, strict=True):
        for page, line in ((first, heard), (second, misheard)):
            if line:
                page.keyboard.type(line)
                page.keyboard.press("Enter")
    expect_total(first, f"£{stream.record_total:,}", "pledges")
    for page in (first, second):
        expect(page.locator("[data-desk=unsent]")).to_be_hidden(timeout=20_000)
        page.get_by_role("button", name="The calling is over").click()
        expect(page.get_by_role("heading", name="Sit down at the desk")).to_be_visible()

    record, check = PledgeList.objects.order_by("pk")
    assert found_in(compare(record, check).differences) == stream.planted, "all, and no other"
    planted = stream.planted.total()
    expect(lead.locator("[data-desk=differ]")).to_contain_text(f"{planted} line")
    axe(lead)
    for left in range(planted, 0, -1):
        expect(lead.locator(".desk__difference")).to_have_count(left)
        lead.get_by_role("button", name="The record is right").first.click()
    expect(lead.locator("[data-desk=differ]")).to_contain_text("The two lists agree")
    assert read_reading(appeal).promised == gbp(stream.record_total)
    assert read_reading(appeal).raised == gbp(0)
    assert CheckLine.objects.exists()
