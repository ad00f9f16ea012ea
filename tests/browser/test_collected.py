"""What has come of the pledges, in a real browser: read on a phone and a laptop."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from funds.models import Membership
from payments.models import Pledge
from payments.models.pledge import Method
from tests.browser.conftest import CheckWithAxe, NewPage
from tests.browser.treasury import log_in
from tests.factories import gbp, make_appeal, make_branch, make_user
from tests.payments.pledging import make_pledge
from tests.site import SiteProcess

PHONE = {"width": 390, "height": 844}
LAPTOP = {"width": 1280, "height": 800}


@pytest.mark.parametrize("viewport", [PHONE, LAPTOP], ids=["phone", "laptop"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_is_read_from_the_desk_on(
    live_site: SiteProcess,
    new_page: NewPage,
    axe: CheckWithAxe,
    viewport: dict[str, int],
    theme: str,
) -> None:
    appeal = make_appeal("rally", title="Rally for Socialism", target=gbp(30000))
    chair = make_user("chair", role=Membership.Role.CHAIR)
    newcastle = make_branch("Newcastle-upon-Tyne and Gateshead")
    make_pledge(appeal, gbp("12345.67"), branch=newcastle, method=Method.STANDING)
    paid = make_pledge(appeal, gbp(250), branch=make_branch("Leeds"), method=Method.CARD)
    Pledge.objects.filter(pk=paid.pk).update(came=gbp(260))
    ended = make_pledge(appeal, gbp(20))
    Pledge.objects.filter(pk=ended.pk).update(cancelled_at=timezone.now())
    page = new_page(viewport=viewport, color_scheme=theme)
    log_in(page, live_site, chair, to="/desk/rally/")

    page.get_by_role("link", name="What has come").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("What has come")
    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    expect(page.get_by_role("row", name="Leeds")).to_contain_text("100%")
    expect(page.get_by_role("row", name="Cancelled")).to_contain_text("1 pledge")
    for link in page.locator(".links a").all():
        box = link.bounding_box()
        assert box is not None
        assert box["height"] >= 44
    with page.expect_download() as download:
        page.get_by_role("link", name="For a spreadsheet").click()
    assert download.value.suggested_filename == "collected-rally.csv"
