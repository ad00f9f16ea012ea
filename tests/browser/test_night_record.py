"""The night's record in a real browser: read on a phone and a laptop, opened, and printed."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from appeals.models import Night
from appeals.stage.nights import end_night
from funds.models import Membership
from tests.browser.conftest import CheckWithAxe, NewPage
from tests.browser.treasury import log_in
from tests.factories import gbp, make_appeal, make_branch, make_user
from tests.payments.refunding import given_back_at_stripe, make_received
from tests.site import SiteProcess

PHONE = {"width": 390, "height": 844}
LAPTOP = {"width": 1280, "height": 800}


@pytest.mark.parametrize("viewport", [PHONE, LAPTOP], ids=["phone", "laptop"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_record_is_read_opened_and_printed(
    live_site: SiteProcess,
    new_page: NewPage,
    axe: CheckWithAxe,
    viewport: dict[str, int],
    theme: str,
) -> None:
    appeal = make_appeal("rally", title="Rally for Socialism", target=gbp(100))
    chair = make_user("chair", role=Membership.Role.CHAIR)
    begun_at = timezone.now() - timedelta(hours=2)
    Night.objects.create(appeal=appeal, begun_at=begun_at, begun_by=chair)
    for amount in (30, 25, 70):
        donation = make_received(gbp(amount), appeal=appeal, branch=make_branch("Leeds"))
    night = end_night(appeal, by=chair)
    given_back_at_stripe(donation, gbp(5))
    page = new_page(viewport=viewport, color_scheme=theme)
    log_in(page, live_site, chair, to=f"/desk/rally/night/{night.pk}/")

    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    expect(page.get_by_role("img", name="From £0 at")).to_be_visible()
    line = page.get_by_role("row", name="Card donations paid back since")
    expect(line).to_contain_text("\N{MINUS SIGN}£5")
    line.locator("summary").click()
    expect(line.locator(".night__entries li")).to_have_count(1)
    page.get_by_text("The same as a table").click()
    expect(page.get_by_role("region", name="The evening, minute by minute")).to_be_visible()
    axe(page)
    expect(page.locator("tfoot")).to_contain_text("£120")

    page.emulate_media(media="print")
    expect(page.get_by_role("link", name="For a spreadsheet")).to_be_hidden()
