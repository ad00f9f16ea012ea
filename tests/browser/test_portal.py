"""The stand-in's portal in a real browser: a keyboard is enough, and axe finds nothing."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import CheckWithAxe, NewPage
from tests.pretend_stripe.monthly import begin_monthly
from tests.pretend_stripe.process import PretendStripe, running_pretend_stripe


@pytest.fixture(scope="module")
def stand_in() -> Iterator[PretendStripe]:
    with running_pretend_stripe(knobs={"charge_updated_delay_seconds": [0, 0]}) as process:
        yield process


@pytest.fixture
def portal(stand_in: PretendStripe) -> str:
    """The address of a portal for a donor of £10 a month, some of it refused."""
    stand_in.reset()
    with stand_in.sdk() as client:
        monthly = begin_monthly(stand_in, client)
        stand_in.control("next_month", subscription=monthly.id)
        session = client.v1.billing_portal.sessions.create(
            {"customer": str(monthly.customer), "return_url": "http://127.0.0.1:9/monthly"}
        )
    return session.url


def test_a_donor_stops_with_the_keyboard_alone(portal: str, page: Page) -> None:
    page.goto(portal)
    page.get_by_role("link", name="Stop monthly donation").press("Enter")
    page.get_by_role("radio", name="When this month is over").press("ArrowDown")
    expect(page.get_by_role("radio", name="Now")).to_be_checked()
    page.get_by_role("button", name="Stop monthly donation").press("Enter")
    expect(page.get_by_role("status")).to_have_text("Your monthly donation has been stopped.")
    expect(page.get_by_text("Stopped on")).to_be_visible()


def test_every_page_fits_a_phone_and_pleases_axe(
    portal: str, new_page: NewPage, axe: CheckWithAxe
) -> None:
    for width in (360, 1280):
        page = new_page(viewport={"width": width, "height": 740})
        page.goto(portal)
        axe(page)
        page.get_by_role("link", name="Change card").click()
        page.get_by_role("button", name="Save card").click()
        expect(page.get_by_role("alert")).to_contain_text("The card was not changed")
        axe(page)
        page.get_by_role("link", name="Keep the card as it is").click()
        page.get_by_role("link", name="Stop monthly donation").click()
        axe(page)
        targets = page.get_by_role("radio").or_(page.get_by_role("button"))
        assert targets.count() == 3
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
