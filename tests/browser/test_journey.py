"""The main road: a donor's phone, a treasurer's phone and the hall's screen at once."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect

from funds.models import JournalEntry, User
from tests.audited import find_differences
from tests.browser.conftest import CheckWithAxe, NewPage
from tests.browser.treasury import log_in
from tests.conftest import Measured
from tests.factories import gbp, make_appeal, make_branch, make_user
from tests.pretend_stripe.process import (
    DECLINED,
    THREE_D_SECURE,
    VISA,
    PretendStripe,
    running_pretend_stripe,
)
from tests.site import SiteProcess, free_port

PHONE = {"width": 390, "height": 844}
HALL = {"width": 1920, "height": 1080}
SECRET = "whsec_of_the_journey"

# Remembers when the hall saw a text for the first time, by the machine's own clock.
WATCH_FOR = """text => {
    const seen = () => document.querySelector('.screen').innerText.includes(text)
        && (window.seenAt ??= Date.now());
    new MutationObserver(seen).observe(document.body,
        {subtree: true, childList: true, characterData: true, attributes: true});
    seen();
}"""


@dataclass
class Rally:
    """The site, the stand-in for Stripe, an open appeal and its treasurer in Leeds."""

    site: SiteProcess
    stripe: PretendStripe
    treasurer: User

    @property
    def url(self) -> str:
        return f"{self.site.url}/appeals/rally"


@pytest.fixture
def rally(browser: object, transactional_db: None) -> Iterator[Rally]:
    leeds = make_branch("Leeds")
    make_appeal("rally", target=gbp(1000), branch_targets=[(leeds, gbp(100))])
    treasurer = make_user("leeds", branches=[leeds], first_name="Treasurer")
    stripe_port = free_port()
    site = SiteProcess(
        STRIPE_API_BASE=f"http://127.0.0.1:{stripe_port}", STRIPE_WEBHOOK_SECRETS=SECRET
    )
    webhook = f"{site.url}/stripe/webhook/"
    with (
        site,
        running_pretend_stripe(
            port=stripe_port, webhook_url=webhook, webhook_secret=SECRET
        ) as stripe,
    ):
        yield Rally(site, stripe, treasurer)


@pytest.fixture
def hall(rally: Rally, new_page: NewPage) -> Page:
    page = new_page(viewport=HALL)
    page.goto(f"{rally.url}/screen/")
    return page


def expect_total(hall: Page, text: str) -> None:
    hall.wait_for_function(
        "text => document.querySelector('.screen__total').innerText.replace(/\\s*raised$/, '')"
        ".trim() === text",
        arg=text,
    )


def go_to_pay(phone: Page, rally: Rally) -> None:
    """From the QR code's address to Stripe's page: £25 for Leeds."""
    phone.goto(f"{rally.url}/give/")
    phone.get_by_label("Another amount").fill("25")
    phone.get_by_label("Which branch may count it?").select_option("leeds")
    phone.get_by_role("button", name="Go on to pay by card").click()
    phone.wait_for_url("**/c/pay/**")


def pay(phone: Page, card: str) -> None:
    phone.get_by_label("E-mail").fill("supporter@example.org")
    phone.get_by_label("Card number").fill(card)
    phone.get_by_label("Expiry").fill("12/39")
    phone.get_by_label("Security code").fill("123")
    phone.get_by_label("Name on card").fill("A SUPPORTER")
    phone.get_by_role("button", name="Donate").click()


def test_a_card_donation_is_on_the_hall_screen_within_a_second(
    rally: Rally, hall: Page, new_page: NewPage, axe: CheckWithAxe, measured: Measured
) -> None:
    expect_total(hall, "£0")
    phone = new_page(viewport=PHONE, has_touch=True)
    go_to_pay(phone, rally)
    hall.evaluate(WATCH_FOR, "£25")
    pay(phone, VISA)

    phone.wait_for_url("**/thanks/**")
    expect(phone.get_by_role("heading", level=1)).to_contain_text("Thank you")
    expect(phone.get_by_role("main")).to_contain_text("£25")
    expect_total(hall, "£25")
    expect(hall.locator("[data-league=ranked]")).to_contain_text("Leeds")
    expect(hall.locator("[data-league=ranked]")).to_contain_text("25%")

    booked_at = JournalEntry.objects.get(kind="card-received").posted_at.timestamp() * 1000
    seen_at = hall.evaluate("window.seenAt")
    measured(f"from booked to seen in the hall: {seen_at - booked_at:.0f} ms")
    axe(phone)
    axe(hall)


def test_a_declined_card_moves_nothing_and_another_may_be_tried(
    rally: Rally, hall: Page, new_page: NewPage
) -> None:
    phone = new_page(viewport=PHONE)
    go_to_pay(phone, rally)
    pay(phone, DECLINED)
    expect(phone.get_by_role("main")).to_contain_text("declined")
    rally.stripe.settle()
    assert not JournalEntry.objects.exists()

    pay(phone, THREE_D_SECURE)
    phone.get_by_role("button", name="Complete").click()

    phone.wait_for_url("**/thanks/**")
    expect_total(hall, "£25")


def test_a_donor_who_turns_back_finds_the_form_as_it_was(rally: Rally, new_page: NewPage) -> None:
    phone = new_page(viewport=PHONE)
    go_to_pay(phone, rally)
    phone.get_by_role("link", name="Back").click()

    phone.wait_for_url("**/give/**")
    expect(phone.get_by_label("Another amount")).to_have_value(re.compile(r"^25(\.00)?$"))
    expect(phone.get_by_label("Which branch may count it?")).to_have_value("leeds")


def test_without_javascript_the_whole_road_works(rally: Rally, new_page: NewPage) -> None:
    phone = new_page(viewport=PHONE, java_script_enabled=False)
    go_to_pay(phone, rally)
    pay(phone, VISA)

    phone.wait_for_url("**/thanks/**")
    expect(phone.get_by_role("heading", level=1)).to_contain_text("Thank you", timeout=15_000)


def test_a_treasurer_logs_cash_and_reverses_it_before_the_hall(
    rally: Rally, hall: Page, new_page: NewPage, axe: CheckWithAxe
) -> None:
    phone = new_page(viewport=PHONE, has_touch=True)
    log_in(phone, rally.site, rally.treasurer, to="/treasurer/collections/new/")
    phone.locator("[name=amount]").fill("90.50")
    phone.get_by_text("Where, when, who").tap()
    phone.locator("[name=place]").fill("Market stall")
    axe(phone)
    phone.get_by_role("button", name="Record").dblclick()
    expect(phone.get_by_role("heading", level=1)).to_contain_text("Recorded")
    axe(phone)
    expect_total(hall, "£90.50")

    phone.get_by_role("link", name="Look at it").tap()
    phone.locator("[name=reason]").fill("Counted twice")
    phone.get_by_role("button", name="Reverse").tap()
    expect(phone.get_by_role("main")).to_contain_text("Reversed: it counts for nothing")
    expect_total(hall, "£0")

    assert JournalEntry.objects.count() == 2
    assert find_differences() == []


def test_a_refund_in_stripes_dashboard_lowers_the_hall(
    rally: Rally, hall: Page, new_page: NewPage
) -> None:
    phone = new_page(viewport=PHONE)
    go_to_pay(phone, rally)
    pay(phone, VISA)
    phone.wait_for_url("**/thanks/**")
    expect_total(hall, "£25")

    payment = JournalEntry.objects.get(kind="card-received").source_key.split(":")[1]
    rally.stripe.control("refund_in_dashboard", payment_intent=payment, amount=1000)

    expect_total(hall, "£15")
    rally.stripe.settle()
    assert find_differences() == []
