"""A rally night, whole: a projector, a remote, a desk, a counting table and five donors at once.

Held at £29,950 while the count goes on, revealed at £30,275, celebrated once; the server is killed
in the middle. At the end every figure that anybody sees is the books'.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Page, expect

from appeals.models import Appeal
from appeals.progress import read_reading
from funds.models import JournalEntry, Membership
from payments.models import CardDonation, Pledge
from tests.audited import find_differences
from tests.browser.conftest import NewPage
from tests.browser.hall import Hall, sent
from tests.browser.reception import Signal
from tests.browser.test_journey import HALL, PHONE, SECRET, expect_total, pay
from tests.browser.test_pledge_desk import LAPTOP, sit_down
from tests.browser.test_pledge_desk import expect_total as expect_pledged
from tests.browser.test_stage import PHONE as REMOTE
from tests.browser.test_stage import button, mark, open_live
from tests.browser.test_without_signal import count
from tests.factories import gbp, make_appeal, make_branch, make_user
from tests.payments import test_cash
from tests.payments.counting import Side, Table
from tests.pretend_stripe.process import VISA, PretendStripe, running_pretend_stripe
from tests.site import SiteProcess, free_port

DONORS: Final = 5
COUNTS: Final = """() => {
    window.celebrations = 0;
    const celebration = document.querySelector('.celebration');
    new MutationObserver(() => { window.celebrations += celebration.hidden ? 0 : 1; })
        .observe(celebration, {attributes: true, attributeFilter: ['hidden']});
}"""


class Night:
    """The site, the stand-in for Stripe, and an appeal at £29,875 of £30,000."""

    def __init__(self, site: SiteProcess, stripe: PretendStripe) -> None:
        self.site, self.stripe = site, stripe
        leeds = make_branch("Leeds")
        self.appeal = make_appeal("rally", target=gbp(30_000), branch_targets=[(leeds, gbp(500))])
        self.treasurer = make_user("leeds", branches=[leeds])
        before = test_cash.facts_of(self.appeal, amount=gbp(29_875), branch=leeds)
        test_cash.record(before, by=self.treasurer)

    @property
    def raised(self) -> Any:
        return read_reading(Appeal.objects.get(pk=self.appeal.pk)).raised


@pytest.fixture
def night(browser: Browser, transactional_db: None) -> Iterator[Night]:
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
        yield Night(site, stripe)


@pytest.fixture
def table_hall(browser: Browser, night: Night, tmp_path: Path) -> Iterator[Hall]:
    signal = Signal(night.site)
    hall = Hall(browser, signal, tmp_path)
    try:
        yield hall
        hall.end()
    finally:
        hall.close()
        signal.close()


def give(phone: Page, night: Night, amount: int) -> None:
    """From the table card's short address to the thanks page, on a phone."""
    phone.goto(f"{night.site.url}/g/rally/leeds/")
    phone.get_by_label("Another amount").fill(str(amount))
    phone.get_by_role("button", name="Go on to pay by card").click()
    phone.wait_for_url("**/c/pay/**")
    pay(phone, VISA)
    phone.wait_for_url("**/thanks/**")
    expect(phone.get_by_role("heading", level=1)).to_contain_text("Thank you")


def test_a_rally_night_from_the_lectern_to_the_back_row(
    night: Night, table_hall: Hall, new_page: NewPage
) -> None:
    projector = new_page(viewport=HALL)
    projector.goto(f"{night.site.url}/appeals/rally/screen/")
    expect_total(projector, "£29,875")
    projector.evaluate(COUNTS)
    remote = new_page(**REMOTE)
    open_live(remote, night.site)
    desk = new_page(**LAPTOP)
    sit_down(desk, night.site, make_user("rosa", role=Membership.Role.OPERATOR), "record")
    table = Table(appeal=night.appeal, treasurer=night.treasurer)
    (_, counter), (_, other) = (table_hall.seated(table, side) for side in (Side.A, Side.B))
    expect(projector.locator('[data-live-when="being-counted"]')).to_contain_text("1 bucket")

    # Three give from their seats, and pledges are called.
    phones = [new_page(viewport=PHONE, has_touch=True) for _ in range(DONORS)]
    for phone in phones[:3]:
        give(phone, night, 25)
    expect_total(projector, "£29,950")
    expect(projector.locator('[data-screen="just-in"]')).to_contain_text("£25 from Leeds")
    desk.keyboard.type("50 50 100 leeds")
    desk.keyboard.press("Enter")
    expect_pledged(desk, "£200", "3 pledges")
    assert "promised" not in projector.locator(".screen").inner_text(), "never by itself"

    # Held; the count goes on behind it, and the server dies in the middle.
    button(remote, "Hold at £29,950").tap()
    expect(mark(remote, "held-since")).to_contain_text("held since")
    give(phones[3], night, 25)
    night.site.kill()
    desk.keyboard.type("20 leeds")
    desk.keyboard.press("Enter")
    expect(desk.locator("[data-desk=unsent]")).to_contain_text("1 not sent yet")
    expect(projector.locator('[data-live="status"]')).to_be_visible()
    expect_total(projector, "£29,950")
    night.site.start()
    expect_pledged(desk, "£220", "4 pledges")
    for page in (counter, other):
        count(page, 1, {"£20": 13, "£5": 3})
        sent(page)
    give(phones[4], night, 25)
    expect(mark(remote, "true")).to_have_text("£30,275", timeout=20_000)
    expect(mark(remote, "shown")).to_have_text("£29,950")
    expect_total(projector, "£29,950")
    assert "30,275" not in projector.content()
    assert projector.evaluate("window.celebrations") == 0

    button(remote, "Reveal £30,275").tap()
    expect(projector.locator(".celebration__words")).to_have_text("Target reached")
    expect_total(projector, "£30,275")
    expect(projector.locator(".celebration")).to_be_hidden(timeout=30_000)
    assert projector.evaluate("window.celebrations") == 1
    projector.reload()
    expect_total(projector, "£30,275")
    projector.evaluate(COUNTS)

    show_what_is_promised(projector, remote)
    assert projector.evaluate("window.celebrations") == 0, "once, whatever is reloaded"
    night.stripe.settle()
    expect_the_books(projector, night)


def show_what_is_promised(projector: Page, remote: Page) -> None:
    """When the stage says so: beside the total, and never in it."""
    button(remote, "Show what is promised").tap()
    legend = projector.locator(".screen__layers")
    expect(legend).to_contain_text("£220 promised, not in the total")
    expect(legend).to_contain_text("£30,150 counted tonight")
    expect(legend).to_contain_text("£125 in the bank or on its way")
    expect_total(projector, "£30,275")


def expect_the_books(projector: Page, night: Night) -> None:
    """Every figure that anybody sees is the books', and the books are in order."""
    reading = read_reading(Appeal.objects.get(pk=night.appeal.pk))
    assert (reading.raised, reading.promised) == (gbp(30_275), gbp(220))
    assert reading.by_method["card"] == gbp(125)
    assert CardDonation.objects.filter(received_entry__isnull=False).count() == DONORS
    assert Pledge.objects.count() == 4
    assert JournalEntry.objects.filter(kind="card-received").count() == DONORS
    assert find_differences() == []
    shown = projector.locator(".screen__total").inner_text()
    assert re.sub(r"\s*raised$", "", shown).strip() == "£30,275"
