"""The treasurer's pages in a real browser: by touch, by keyboard, without JavaScript."""

import re
import time
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from appeals.models import Appeal
from appeals.progress import read_reading
from funds.models import Branch, Membership, User
from payments.cash import reverse_collection
from payments.models import CashCollection, TransferReceipt
from tests.browser.conftest import CheckWithAxe, NewPage
from tests.browser.treasury import log_in
from tests.factories import gbp, make_appeal, make_branch, make_user
from tests.payments import test_cash, test_cash_transfers
from tests.site import SiteProcess

PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "is_mobile": True,
    "has_touch": True,
}
LAPTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
NEW = "/treasurer/collections/new/"


class Branches:
    """Leeds and York with targets in an open appeal, and the people who look after them."""

    def __init__(self) -> None:
        self.leeds: Branch = make_branch("Leeds")
        self.york: Branch = make_branch("York")
        self.appeal: Appeal = make_appeal(
            title="Rally for Socialism",
            branch_targets=[(self.leeds, gbp(1000)), (self.york, gbp(800))],
        )
        self.treasurer: User = make_user(
            "leeds", branches=[self.leeds], first_name="Leeds", last_name="Treasurer"
        )
        self.national: User = make_user("national", role=Membership.Role.NATIONAL_TREASURER)


@pytest.fixture
def branches(live_site: SiteProcess) -> Branches:
    return Branches()


def test_a_collection_is_recorded_by_touch_in_a_few_taps(
    live_site: SiteProcess, branches: Branches, new_page: NewPage
) -> None:
    page = new_page(**PHONE)
    log_in(page, live_site, branches.treasurer)

    began_at = time.monotonic()
    page.get_by_role("link", name="Log a stall").tap()
    page.get_by_label("Amount").tap()
    page.keyboard.type("312.50")
    page.get_by_text("Where, when, who").tap()
    page.get_by_label("Place or occasion").fill("Kirkgate market")
    page.get_by_role("button", name="Record").tap()
    expect(page.get_by_role("heading", name="Recorded. Thank you.")).to_be_visible()
    seconds = time.monotonic() - began_at

    expect(page.locator(".figure--huge")).to_contain_text("£312.50")
    expect(page.locator("main")).to_contain_text("31%")
    assert read_reading(branches.appeal).raised == gbp("312.50")
    collection = CashCollection.objects.get()
    assert collection.counted_by == "Leeds Treasurer"
    assert seconds < 15, "what the site itself takes of the treasurer's 30 seconds"

    page.get_by_role("link", name="Log another").tap()
    expect(page.get_by_label("Place or occasion")).to_have_value("Kirkgate market")
    expect(page.get_by_label("Amount")).to_have_value("")


def test_everything_to_press_is_big_enough_for_a_thumb(
    live_site: SiteProcess, branches: Branches, new_page: NewPage
) -> None:
    page = new_page(**PHONE)
    log_in(page, live_site, branches.treasurer, to=NEW)
    page.get_by_text("Count notes and coins").tap()

    small = page.evaluate(
        """() => [...document.querySelectorAll(
            'main button, main input:not([type=hidden]):not([type=radio]), main summary, '
            + 'main label:has([type=radio]), nav.tabs a, main .links a')]
            .filter(part => part.checkVisibility())
            .map(part => [part.outerHTML.slice(0, 80), part.getBoundingClientRect().height])
            .filter(([, height]) => height < 44)"""
    )
    assert small == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_collection_is_recorded_by_keyboard_alone(
    live_site: SiteProcess, branches: Branches, new_page: NewPage
) -> None:
    page = new_page(**LAPTOP)
    log_in(page, live_site, branches.treasurer, to=NEW)

    assert focused(page) == "id_amount"
    page.keyboard.type("25")
    page.keyboard.press("Tab")  # what it was
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # opens where, when and who
    page.keyboard.press("Tab")
    assert focused(page) == "id_place"
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.type("Station")
    page.keyboard.press("Enter")  # a form is sent from any of its boxes
    expect(page.get_by_role("heading", name="Recorded. Thank you.")).to_be_visible()

    assert CashCollection.objects.get().place == "Station"


def focus_by_tab(page: Page, wanted: str) -> None:
    for _ in range(40):
        page.keyboard.press("Tab")
        if focused(page) == wanted:
            return
    pytest.fail(f"{wanted} is not reached by the Tab key")


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.id"))


def test_it_all_works_without_javascript(
    live_site: SiteProcess, branches: Branches, new_page: NewPage
) -> None:
    page = new_page(java_script_enabled=False, **PHONE)
    log_in(page, live_site, branches.treasurer, to=NEW)

    page.get_by_text("Count notes and coins").tap()
    page.get_by_label("How many £20").fill("4")
    page.get_by_label("How many 50p").fill("12")
    page.get_by_label("Amount").fill("99")
    page.get_by_text("Where, when, who").tap()
    page.get_by_label("Place or occasion").fill("Market")
    page.get_by_role("button", name="Record").tap()
    expect(page.get_by_role("alert")).to_contain_text(
        "You typed £99.00, and the notes and coins come to £86.00."
    )
    expect(page.get_by_label("How many £20")).to_have_value("4")
    page.get_by_label("Amount").fill("")
    page.get_by_role("button", name="Record").tap()
    expect(page.locator(".figure--huge")).to_contain_text("£86")

    page.get_by_role("link", name="Look at it").tap()
    page.get_by_label("What was wrong?").fill("Counted twice")
    page.get_by_role("button", name="Reverse £86.00").tap()
    expect(page.locator("main")).to_contain_text("Reversed: it counts for nothing")
    expect(page.locator("main s")).to_have_text("£86")
    assert read_reading(branches.appeal).raised == gbp(0)


def test_what_is_counted_before_the_script_came_goes_into_the_amount_too(
    live_site: SiteProcess, branches: Branches, page: Page
) -> None:
    arrived: list[Route] = []

    def hold_up(route: Route) -> None:
        arrived.append(route)

    page.route("**/count-sheet*.js", hold_up)
    log_in(page, live_site, branches.treasurer, to=NEW)

    page.get_by_text("Count notes and coins").click()
    page.get_by_label("How many £50").fill("25")
    while not arrived:
        page.wait_for_timeout(20)
    arrived[0].continue_()

    expect(page.get_by_label("Amount")).to_have_value("1250.00")


def test_notes_and_coins_add_up_as_they_are_counted(
    live_site: SiteProcess, branches: Branches, page: Page
) -> None:
    log_in(page, live_site, branches.treasurer, to=NEW)
    amount, total = page.get_by_label("Amount"), page.locator(".count-sheet__sum")
    word = page.locator(".count-sheet__word")

    page.get_by_text("Count notes and coins").click()
    page.get_by_label("How many £50").fill("25")
    page.get_by_label("How many 1p").fill("3")
    expect(total).to_have_text("£1,250.03")
    expect(amount).to_have_value("1250.03")
    expect(word).to_have_text("")

    page.get_by_label("How many £50").fill("2")
    expect(amount).to_have_value("100.03")
    amount.fill("£1,100")
    expect(word).to_have_text("You typed £1,100.00, and this comes to £100.03.")
    page.get_by_label("How many 1p").fill("")
    expect(amount).to_have_value("£1,100")
    expect(total).to_have_text("£100.00")

    amount.fill("")
    expect(word).to_have_text("")
    page.get_by_label("How many £50").fill("nonsense")
    expect(total).to_have_text("£0.00")


def test_a_second_tap_while_the_first_is_under_way_sends_nothing(
    live_site: SiteProcess, branches: Branches, page: Page
) -> None:
    log_in(page, live_site, branches.treasurer, to=NEW)
    held: list[Route] = []  # by a phone at a stall

    def hold(route: Route) -> None:
        held.append(route)

    page.route(re.compile("/collections/new/"), hold)
    page.get_by_label("Amount").fill("25")

    page.get_by_role("button", name="Record").evaluate(
        "button => { setTimeout(() => button.click(), 0); setTimeout(() => button.click(), 300); }"
    )
    page.wait_for_timeout(800)

    assert [route.request.method for route in held] == ["POST"]
    held[0].continue_()

    expect(page.get_by_role("heading", name="Recorded. Thank you.")).to_be_visible()
    assert CashCollection.objects.count() == 1


def test_going_back_and_changing_the_amount_shows_what_stands(
    live_site: SiteProcess, branches: Branches, page: Page
) -> None:
    log_in(page, live_site, branches.treasurer, to=NEW)
    page.get_by_label("Amount").fill("50")
    reference = page.locator("[name=reference]").input_value()
    page.get_by_role("button", name="Record").click()
    page.get_by_role("heading", name="Recorded. Thank you.").wait_for()

    page.go_back()
    page.locator("[name=reference]").evaluate("(box, old) => box.value = old", reference)
    page.get_by_label("Amount").fill("60")
    page.get_by_role("button", name="Record").click()

    expect(page.get_by_role("alert")).to_contain_text("This form has already recorded £50")
    assert CashCollection.objects.count() == 1
    page.get_by_role("button", name="Record").click()
    expect(page.locator(".figure--huge")).to_contain_text("£60")
    assert CashCollection.objects.count() == 2


def test_the_national_treasurer_records_a_transfer(
    live_site: SiteProcess, branches: Branches, page: Page
) -> None:
    log_in(page, live_site, branches.national, to="/treasurer/transfers/new/")

    page.get_by_label("Amount").fill("45,000")
    page.get_by_label("Reference").fill("PREMISES 1")
    page.get_by_role("button", name="Record").click()
    expect(page.get_by_role("alert")).to_contain_text("needs the giver's full name")
    page.get_by_label("Who it came from").fill("The giver")
    page.get_by_label("Their address").fill("1 Example Street")
    page.get_by_role("button", name="Record").click()

    expect(page.locator(".figure--huge")).to_contain_text("£45,000")
    assert TransferReceipt.objects.get().amount == gbp(45_000)


@pytest.mark.parametrize(
    ("size", "scheme"), [(PHONE, "dark"), (LAPTOP, "light")], ids=["phone-dark", "laptop-light"]
)
def test_axe_finds_nothing_on_any_page(
    live_site: SiteProcess,
    branches: Branches,
    new_page: NewPage,
    axe: CheckWithAxe,
    size: dict[str, Any],
    scheme: str,
) -> None:
    standing = test_cash.record(
        test_cash.facts_of(branches.appeal, pieces={20_00: 1, 5_00: 1}), by=branches.treasurer
    )
    mistaken = test_cash.record(test_cash.facts_of(branches.appeal), by=branches.treasurer)
    reverse_collection(mistaken, reason="Twice", reversed_by=branches.treasurer)
    receipt = test_cash_transfers.record(test_cash_transfers.facts_of(branches.appeal))
    page = new_page(color_scheme=scheme, **size)
    log_in(page, live_site, branches.national)

    for address in (
        "/treasurer/",
        "/treasurer/branches/",
        "/treasurer/branches/leeds/",
        "/treasurer/collections/",
        "/treasurer/collections/?state=reversed&collected_from=nonsense",
        NEW,
        f"/treasurer/collections/{standing.reference}/",
        f"/treasurer/collections/{standing.reference}/recorded/",
        f"/treasurer/collections/{mistaken.reference}/",
        "/treasurer/transfers/",
        "/treasurer/transfers/new/",
        f"/treasurer/transfers/{receipt.reference}/",
    ):
        page.goto(f"{live_site.url}{address}")
        if address == NEW:
            page.get_by_text("Count notes and coins").click()
        axe(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address

    page.goto(f"{live_site.url}{NEW}")
    page.locator("form.form").evaluate("form => form.noValidate = true")
    page.get_by_role("button", name="Record").click()
    expect(page.get_by_role("alert")).to_contain_text("Not recorded yet")
    axe(page)


def test_axe_finds_nothing_on_the_first_page_of_other_roles(
    live_site: SiteProcess, branches: Branches, new_page: NewPage, axe: CheckWithAxe
) -> None:
    chair = make_user("chair", role=Membership.Role.CHAIR)
    for user in (branches.treasurer, chair, make_user("nobody")):
        page = new_page(**PHONE)
        log_in(page, live_site, user)
        axe(page)
