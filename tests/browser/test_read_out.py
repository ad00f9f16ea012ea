"""The read-out queue in a real browser: screened on one device, read at the lectern on another."""

import uuid
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from appeals.models import Appeal
from donors.models import Donor
from donors.names import NameForm
from funds.models import Membership, User
from payments.models import CardDonation, ReadOutStep
from payments.readout.deciding import decide, set_rule
from payments.readout.standing import Decision
from tests.browser.conftest import CheckWithAxe, NewPage
from tests.browser.treasury import log_in
from tests.factories import gbp, make_appeal, make_branch, make_user
from tests.payments.refunding import given_back_at_stripe, make_received
from tests.site import SiteProcess

PHONE = {"width": 390, "height": 844}
SMALL_PHONE = {"width": 360, "height": 640}
LAPTOP = {"width": 1280, "height": 800}
LECTERN = {"width": 1024, "height": 768}
SCREENING_PATH = "/desk/rally/read-out/"
LECTERN_PATH = "/desk/rally/lectern/"


@pytest.fixture
def appeal(live_site: SiteProcess) -> Appeal:
    make_branch("Leeds")
    return make_appeal("rally", title="Rally for Socialism")


@pytest.fixture
def chair(appeal: Appeal) -> User:
    return make_user("chair", role=Membership.Role.CHAIR)


def came(amount: int, *, branch: str = "Leeds", **donor: Any) -> CardDonation:
    told = Donor.objects.create(**donor) if donor else None
    return make_received(gbp(amount), branch=make_branch(branch), donor=told)


def say(donation: CardDonation, decision: Decision, *, by: User) -> None:
    decide(donation.appeal, donation.reference, decision, key=uuid.uuid4(), seen=0, by=by)


def passed(amount: int, *, by: User, **more: Any) -> CardDonation:
    donation = came(amount, **more)
    say(donation, Decision.PASS, by=by)
    return donation


def expect_amount(page: Page, text: str) -> None:
    expect(page.locator(".lectern__amount")).to_have_text(text)


@pytest.mark.parametrize("viewport", [PHONE, LAPTOP], ids=["phone", "laptop"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_where_things_are_let_through(
    live_site: SiteProcess,
    chair: User,
    new_page: NewPage,
    axe: CheckWithAxe,
    viewport: dict[str, int],
    theme: str,
) -> None:
    came(50)
    came(25, name="Asha Example", show_name=True, name_form=NameForm.FULL)
    passed(20, by=chair)
    say(came(30), Decision.HOLD, by=chair)
    say(came(40), Decision.READ, by=chair)
    page = new_page(viewport=viewport, color_scheme=theme)
    log_in(page, live_site, chair, to=SCREENING_PATH)

    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    heights = page.locator(".read-out__decide .button").evaluate_all(
        "all => all.map(one => one.getBoundingClientRect().height)"
    )
    assert min(heights) >= 44


def test_what_comes_stands_there_by_itself_and_what_is_decided_moves(
    live_site: SiteProcess, chair: User, page: Page
) -> None:
    came(50)
    log_in(page, live_site, chair, to=SCREENING_PATH)
    lists = {
        name: page.locator(f"[data-read-out-list={name}] > li")
        for name in ("to-decide", "ready", "held")
    }
    expect(lists["to-decide"]).to_have_count(1)

    came(75)
    expect(lists["to-decide"]).to_have_count(2)
    expect(lists["to-decide"].last).to_contain_text("£75 from a supporter in Leeds")
    page.get_by_role("button", name="Let through: £75").click()
    expect(lists["ready"]).to_have_count(1)
    page.get_by_role("button", name="Hold back: £50").click()
    expect(lists["held"]).to_have_count(1)
    expect(lists["to-decide"]).to_have_count(0)
    page.get_by_role("button", name="Undo: held back, £50").click()
    expect(lists["to-decide"]).to_have_count(1)

    assert [step.decision for step in ReadOutStep.objects.all()] == ["pass", "hold", "undo"]


def test_a_list_that_is_renewed_leaves_the_button_under_the_finger(
    live_site: SiteProcess, chair: User, page: Page
) -> None:
    came(50)
    log_in(page, live_site, chair, to=SCREENING_PATH)
    button = page.get_by_role("button", name="Hold back: £50")
    button.focus()

    came(75)
    expect(page.locator("[data-read-out-list=to-decide] > li")).to_have_count(2)

    expect(button).to_be_focused()


def test_it_says_so_when_it_has_no_connection_and_comes_back(
    live_site: SiteProcess, chair: User, page: Page
) -> None:
    log_in(page, live_site, chair, to=SCREENING_PATH)
    page.context.set_offline(True)
    expect(page.get_by_text("No connection.")).to_be_visible()

    came(50)
    page.context.set_offline(False)

    expect(page.locator("[data-read-out-list=to-decide] > li")).to_have_count(1)
    expect(page.get_by_text("No connection.")).to_be_hidden()


def test_it_says_when_the_log_in_has_ended(live_site: SiteProcess, chair: User, page: Page) -> None:
    came(50)
    log_in(page, live_site, chair, to=SCREENING_PATH)
    page.context.clear_cookies(name="sessionid")

    page.get_by_role("button", name="Let through: £50").click()

    expect(page.get_by_text("Your log-in has ended.")).to_be_visible()
    assert not ReadOutStep.objects.exists()


def test_two_people_let_it_through_on_two_devices(
    live_site: SiteProcess, appeal: Appeal, chair: User, new_page: NewPage
) -> None:
    came(50)
    set_rule(appeal, needs_two=True, by=chair)
    second = make_user("second", role=Membership.Role.OPERATOR)
    mine, theirs, lectern = (new_page(viewport=PHONE) for _ in range(3))
    log_in(mine, live_site, chair, to=SCREENING_PATH)
    log_in(theirs, live_site, second, to=SCREENING_PATH)
    speaker = make_user("speaker", role=Membership.Role.CHAIR)
    log_in(lectern, live_site, speaker, to=LECTERN_PATH)

    mine.get_by_role("button", name="Let through: £50").click()
    expect(mine.get_by_text("Now somebody else")).to_be_visible()
    expect(lectern.locator("[data-lectern-part=count]")).to_have_text(
        "0 to read, 1 waiting to be let through"
    )
    theirs.get_by_role("button", name="Let through: £50").click()

    expect_amount(lectern, "£50")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    "viewport", [LECTERN, PHONE, SMALL_PHONE], ids=["lectern", "phone", "small phone"]
)
def test_the_lectern_is_read_at_arm_s_length(
    live_site: SiteProcess,
    chair: User,
    new_page: NewPage,
    axe: CheckWithAxe,
    viewport: dict[str, int],
    theme: str,
) -> None:
    """Dark whatever the visitor's system prefers; the amount at least a tenth of the height."""
    passed(
        12_345,
        by=chair,
        branch="Llanfairpwllgwyngyll and Bangor",
        name="Wolfeschlegelsteinhausenbergerdorff Longname-Example the Younger",
        show_name=True,
        name_form=NameForm.FULL,
    )
    page = new_page(viewport=viewport, color_scheme=theme)
    log_in(page, live_site, chair, to=LECTERN_PATH)

    expect_amount(page, "£12,345")
    axe(page)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(13, 11, 9)"
    size = page.locator(".lectern__amount").evaluate(
        "one => parseFloat(getComputedStyle(one).fontSize)"
    )
    assert size >= viewport["height"] / 10
    fits = page.evaluate(
        """() => {
            const item = document.querySelector(".lectern__item");
            const root = document.documentElement;
            return [root.scrollWidth <= innerWidth, root.scrollHeight <= innerHeight,
                    item.scrollHeight <= item.clientHeight + 1,
                    item.scrollWidth <= item.clientWidth + 1];
        }"""
    )
    assert fits == [True] * 4
    for button in page.locator(".lectern__key").all():
        expect(button).to_be_in_viewport(ratio=1)


def test_a_clicker_goes_on_and_back_and_what_is_new_does_not_move_the_place(
    live_site: SiteProcess, chair: User, new_page: NewPage
) -> None:
    donations = [passed(amount, by=chair) for amount in (10, 20, 30)]
    page = new_page(viewport=LECTERN)
    log_in(page, live_site, chair, to=LECTERN_PATH)
    expect_amount(page, "£10")

    page.keyboard.press("PageDown")
    expect_amount(page, "£20")
    passed(5, by=chair)
    expect(page.locator("[data-lectern-part=count]")).to_contain_text("3 to read")
    expect_amount(page, "£20")
    page.keyboard.press("PageUp")
    expect_amount(page, "£10")
    expect(page.locator(".lectern__mark")).to_have_text("Read already")
    page.keyboard.press("Space")
    expect_amount(page, "£20")
    page.keyboard.press("s")
    expect_amount(page, "£30")
    page.keyboard.press("ArrowRight")
    expect_amount(page, "£5")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Nothing to read now.")).to_be_visible()
    page.keyboard.press("PageUp")
    expect_amount(page, "£5")

    expect(page.locator("[data-lectern-part=lost]")).to_be_hidden()
    for _ in range(100):  # what was read is told a moment after it was
        if ReadOutStep.objects.exclude(decision="pass").count() == 4:
            break
        page.wait_for_timeout(50)
    read = {
        step.donation_id: step.decision for step in ReadOutStep.objects.exclude(decision="pass")
    }
    assert [read[donation.pk] for donation in donations] == ["read", "skip", "read"]


def test_a_thumb_goes_on_and_back(live_site: SiteProcess, chair: User, new_page: NewPage) -> None:
    for amount in (10, 20):
        passed(amount, by=chair)
    page = new_page(viewport=PHONE, is_mobile=True, has_touch=True)
    log_in(page, live_site, chair, to=LECTERN_PATH)

    page.get_by_role("button", name="Read: next").tap()
    expect_amount(page, "£20")
    page.get_by_role("button", name="Back").tap()
    expect_amount(page, "£10")
    page.get_by_role("button", name="Next").tap()
    page.get_by_role("button", name="Skip").tap()

    expect(page.get_by_text("Nothing to read now.")).to_be_visible()


def test_what_is_taken_back_while_it_stands_there_is_marked(
    live_site: SiteProcess, chair: User, new_page: NewPage
) -> None:
    donation = passed(10, by=chair)
    passed(20, by=chair)
    page = new_page(viewport=LECTERN)
    log_in(page, live_site, chair, to=LECTERN_PATH)
    expect_amount(page, "£10")

    given_back_at_stripe(donation, gbp(10))

    expect(page.locator(".lectern__mark")).to_have_text("Taken back: do not read it out.")
    expect_amount(page, "£10")
    page.keyboard.press("PageDown")
    expect_amount(page, "£20")
    assert not ReadOutStep.objects.filter(decision="read").exists()


def test_without_a_connection_it_goes_on_says_so_and_tells_what_was_read(
    live_site: SiteProcess, chair: User, new_page: NewPage
) -> None:
    donations = [passed(amount, by=chair) for amount in (10, 20, 30)]
    page = new_page(viewport=LECTERN)
    log_in(page, live_site, chair, to=LECTERN_PATH)
    page.context.set_offline(True)

    page.keyboard.press("PageDown")
    expect_amount(page, "£20")
    expect(page.locator("[data-lectern-part=lost]")).to_contain_text("No connection since")
    page.keyboard.press("PageDown")
    expect_amount(page, "£30")
    page.keyboard.press("PageUp")
    expect_amount(page, "£20")
    page.keyboard.press("PageUp")
    expect_amount(page, "£10")
    assert not ReadOutStep.objects.filter(decision="read").exists()
    page.context.set_offline(False)

    expect(page.locator("[data-lectern-part=lost]")).to_be_hidden()
    expect(page.locator("[data-lectern-part=count]")).to_contain_text("1 to read")
    expect_amount(page, "£10")
    read = ReadOutStep.objects.filter(decision="read").values_list("donation_id", flat=True)
    assert list(read) == [donation.pk for donation in donations[:2]]


def test_a_server_that_is_away_is_a_lost_connection_too(
    live_site: SiteProcess, chair: User, new_page: NewPage
) -> None:
    passed(10, by=chair)
    page = new_page(viewport=LECTERN)
    log_in(page, live_site, chair, to=LECTERN_PATH)
    page.route("**/lectern.json", lambda route: route.fulfill(status=502, body="Bad gateway"))

    expect(page.locator("[data-lectern-part=lost]")).to_contain_text("No connection since")
    expect_amount(page, "£10")
    page.unroute("**/lectern.json")

    expect(page.locator("[data-lectern-part=lost]")).to_be_hidden()


def test_a_log_in_that_ended_is_told_and_what_is_there_stays(
    live_site: SiteProcess, chair: User, new_page: NewPage
) -> None:
    passed(10, by=chair)
    passed(20, by=chair)
    page = new_page(viewport=LECTERN)
    log_in(page, live_site, chair, to=LECTERN_PATH)
    page.context.clear_cookies(name="sessionid")

    expect(page.locator("[data-lectern-part=lost]")).to_contain_text("Your log-in has ended")
    page.keyboard.press("PageDown")
    expect_amount(page, "£20")


def test_it_works_without_scripts(live_site: SiteProcess, chair: User, new_page: NewPage) -> None:
    first, _ = passed(10, by=chair), passed(20, by=chair)
    came(30)
    page = new_page(viewport=LECTERN, java_script_enabled=False)
    log_in(page, live_site, chair, to=SCREENING_PATH)

    page.get_by_role("button", name="Let through: £30").click()
    page.get_by_role("link", name="Open the lectern").click()
    expect_amount(page, "£10")
    page.get_by_role("button", name="Read: next").click()
    expect_amount(page, "£20")
    page.get_by_role("button", name="Skip").click()
    expect_amount(page, "£30")
    page.get_by_role("link", name="Back").click()
    expect_amount(page, "£20")
    page.get_by_role("link", name="Back").click()
    expect_amount(page, "£10")
    page.get_by_role("link", name="Next").click()
    page.get_by_role("link", name="Next").click()
    expect_amount(page, "£30")

    assert ReadOutStep.objects.filter(donation=first, decision="read").count() == 1
