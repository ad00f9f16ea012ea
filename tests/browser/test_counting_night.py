"""An evening at the counting table, whole: three phones, the hall's screen, and a desk on Monday.

Two people count with no signal and differ by £3.20; the hall is told that buckets are counted, and
how much is in them only once two agree; what was agreed is banked, and the bank's statement has it.
"""

import re
import time
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Page, expect

from appeals.progress import read_reading
from funds import chart
from funds.balances import account_balance
from payments.models import Bucket, BucketCount, CashCollection, PayingIn, StatementMatch
from payments.recording import local_today
from tests.audited import find_differences
from tests.browser.conftest import NewPage
from tests.browser.hall import READY, Hall, kept, sent
from tests.browser.test_counting import open_seat
from tests.browser.test_treasurer import LAPTOP, PHONE, Branches, branches  # noqa: F401 - a fixture
from tests.browser.test_without_signal import count
from tests.browser.treasury import log_in
from tests.factories import gbp
from tests.payments.banking.statements import Told, csv_of
from tests.site import SiteProcess

PROJECTOR: Final[dict[str, Any]] = {"viewport": {"width": 1920, "height": 1080}}


class Screen:
    """The hall's screen, as the hall reads it."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def shows(self, total: str, being_counted: str) -> None:
        """Within a second or two; it says nothing of counting where there is none."""
        expect(self._page.locator(".screen__total")).to_contain_text(total)
        layers = self._page.locator('[data-live-when="being-counted"]')
        if being_counted:
            expect(layers).to_contain_text(being_counted)
        else:
            expect(layers).to_be_hidden()


def send_two_buckets_out(page: Page) -> str:
    """By the treasurer's phone; answers the address of the table, which is open."""
    page.get_by_role("link", name="Counting tables").first.tap()
    page.get_by_role("link", name="Send buckets out", exact=True).first.tap()
    page.get_by_label("Place or occasion").fill("Saturday rally")
    page.get_by_label("How many buckets").fill("2")
    page.get_by_role("button", name="Send them out").tap()
    page.get_by_role("button", name="Open the table").tap()
    expect(page.get_by_text("The table is open")).to_be_visible()
    return page.url


def sit_down(hall: Hall, code: str, name: str) -> Page:
    """On a phone of one's own, while there is still a signal."""
    page = hall.phone(name.split(maxsplit=1)[0].lower()).open()
    page.goto(f"{hall.signal.url}/count/{code}/")
    page.get_by_label("Your name").fill(name)
    page.get_by_label("No", exact=True).check()
    page.get_by_role("button", name="Take this seat").tap()
    expect(page.get_by_text(READY)).to_be_visible()
    return page


def test_an_evening_from_the_bucket_to_the_bank(
    live_site: SiteProcess,
    branches: Branches,  # noqa: F811
    hall: Hall,
    new_page: NewPage,
    tmp_path: Path,
) -> None:
    projector, treasurer = new_page(**PROJECTOR), new_page(**PHONE)
    projector.goto(f"{live_site.url}/appeals/{branches.appeal.slug}/screen/")
    screen = Screen(projector)
    screen.shows("£0", "")
    log_in(treasurer, live_site, branches.treasurer)
    board = send_two_buckets_out(treasurer)
    screen.shows("£0", "2 buckets")
    asha = sit_down(hall, open_seat(treasurer, "counter A"), "Asha Example")
    ben = sit_down(hall, open_seat(treasurer, "counter B"), "Ben Example")

    # The hall's cellar has no signal.
    for page in (asha, ben):
        page.context.set_offline(True)
    count(asha, 1, {"£20": 3, "£1": 4})
    count(ben, 1, {"£20": 3, "£1": 4})
    count(asha, 2, {"£20": 12, "£1": 31, "20p": 4})
    count(ben, 2, {"£20": 12, "£1": 35})
    for page in (asha, ben):
        kept(page, 2)
    assert not BucketCount.objects.exists()
    screen.shows("£0", "2 buckets")

    # Up the stairs, one after the other.
    asha.context.set_offline(False)
    sent(asha)
    screen.shows("£0", "2 buckets")
    ben.context.set_offline(False)
    sent(ben)
    screen.shows("£64", "1 bucket")
    differ = "The two counts differ by £3.20. Count again, each on your own."
    for page in (asha, ben):
        page.reload()
        expect(page.locator("main")).to_contain_text(differ)
        assert not re.search(r"271\.80|£275", page.content())
    assert read_reading(branches.appeal).raised == gbp(64)

    for page in (asha, ben):
        count(page, 2, {"£20": 12, "£1": 35})
        sent(page)
    screen.shows("£339", "")
    treasurer.goto(board)
    treasurer.get_by_role("button", name="Close the table").tap()
    expect(treasurer.get_by_text("Counted and closed").first).to_be_visible()
    assert {bucket.state for bucket in Bucket.objects.all()} == {Bucket.State.AGREED}

    # On Monday it is paid in, and the bank's statement is read by somebody who did not count.
    treasurer.goto(f"{live_site.url}/treasurer/payings-in/new/")
    treasurer.get_by_label("Slip number").fill("100123")
    treasurer.get_by_role("button", name="Record the paying-in").tap()
    expect(treasurer.get_by_role("heading", name="Slip 100123")).to_be_visible()
    match_on_the_statement(new_page(**LAPTOP), live_site, branches, tmp_path)

    reading = read_reading(branches.appeal)
    assert (reading.raised, reading.counted_not_banked, reading.being_counted) == (
        *(gbp(339), gbp(0)),
        0,
    )
    assert reading.by_method["cash"] == gbp(339)
    assert account_balance(chart.account(chart.BANK, currency="GBP")) == gbp(339)
    assert account_balance(chart.account(chart.OVER_AND_SHORT, currency="GBP")) == gbp(0)
    assert {found.counted_by for found in CashCollection.objects.all()} == {"Asha Example"}
    match = StatementMatch.objects.get(confirmed_at__isnull=False)
    assert (match.paying_in, match.confirmed_by) == (PayingIn.objects.get(), branches.national)
    assert find_differences() == []
    screen.shows("£339", "")


def match_on_the_statement(
    desk: Page,
    live_site: SiteProcess,
    branches: Branches,  # noqa: F811
    tmp_path: Path,
) -> None:
    """The national treasurer names the account, sends the file, and confirms what is proposed."""
    log_in(desk, live_site, branches.national, to="/treasurer/bank/")
    desk.get_by_role("link", name="Name an account").click()
    desk.get_by_label("What you call it").fill("Unity Trust")
    desk.get_by_role("button", name="Keep").click()
    file = tmp_path / "november.csv"
    file.write_bytes(
        csv_of(
            [
                Told(local_today(), gbp(339), "CASH PAID IN", "100123"),
                Told(local_today(), gbp(-700), "RENT"),
            ]
        )
    )
    desk.get_by_label("Statement").set_input_files(file)
    desk.get_by_role("button", name="Send").click()
    desk.get_by_role("button", name="That is right").click()
    expect(desk.locator("main")).to_contain_text("Read: 2 new lines", timeout=20_000)
    desk.goto(f"{live_site.url}/treasurer/bank/proposals/")
    confirm = desk.get_by_role("button", name="Confirm what is ticked")
    for _ in range(40):
        if confirm.count():
            break
        time.sleep(0.5)
        desk.reload()
    confirm.click()
    expect(desk.locator("main")).to_contain_text("Confirmed: 1")
