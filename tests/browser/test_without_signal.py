"""Works with no signal: open, count and hand in with the network off, in real browsers."""

import json
import re
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from appeals.progress import read_reading
from funds.models import Branch
from payments.counting.seats import end_seat
from payments.counting.tables import close_table
from payments.models import Bucket, BucketCount, CashCollection
from payments.views.seat_access import address_of
from tests.audited import find_differences
from tests.browser.conftest import CheckWithAxe
from tests.browser.hall import (
    LINE,
    READY,
    Hall,
    come_back,
    everything_on,
    kept,
    open_at,
    sent,
    stored,
    until,
)
from tests.browser.reception import Air
from tests.factories import gbp, make_branch
from tests.payments.counting import Side, Table
from tests.site import SiteProcess


@pytest.fixture
def table(live_site: SiteProcess) -> Table:
    return Table(buckets=3)


def type_in(page: Page, bucket: int, pieces: dict[str, int]) -> None:
    page.get_by_role("link", name=re.compile(f"Count bucket {bucket}")).tap()
    for label, number in pieces.items():
        page.get_by_label(f"How many {label}", exact=True).first.fill(str(number))
    page.get_by_label("No", exact=True).check()


def count(page: Page, bucket: int, pieces: dict[str, int]) -> None:
    type_in(page, bucket, pieces)
    page.get_by_role("button", name="Hand in").tap()


def test_open_count_and_hand_in_with_the_network_off(
    hall: Hall, table: Table, axe: CheckWithAxe
) -> None:
    phone, page = hall.seated(table, Side.A)
    phone.context.set_offline(True)

    page.reload()
    expect(page.locator(LINE)).to_contain_text("No signal. You can go on counting.")
    count(page, 2, {"£20": 12, "20p": 4})
    kept(page, 1)
    expect(page.locator("[data-bucket='2']")).to_contain_text("It waits on this phone to be sent")
    expect(page.get_by_role("link", name="Count bucket 2")).to_be_hidden()
    assert not BucketCount.objects.exists()
    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    phone.context.set_offline(False)
    come_back(page)

    sent(page)
    count_ = BucketCount.objects.get()
    assert (count_.bucket.number, count_.sheet["pieces"]) == (2, {"2000": 12, "20": 4})
    expect(page.locator("[data-bucket='2']")).to_contain_text("The other count is still to come")


def test_it_opens_counts_and_hands_in_even_after_closing_the_browser(
    hall: Hall, table: Table
) -> None:
    phone, page = hall.seated(table, Side.A)
    hall.signal.air = Air.GONE
    phone.close()

    page = phone.open()
    page.goto(hall.signal.url + "/count/")
    page.get_by_role("link", name="Saturday rally, counter a").tap()
    type_in(page, 1, {"£10": 7})
    page.wait_for_timeout(600)
    phone.close()

    page = phone.open()
    hall.go(page, table, Side.A)
    page.get_by_role("link", name="Count bucket 1").tap()
    expect(page.get_by_text("This goes on where you stopped")).to_be_visible()
    expect(page.get_by_label("How many £10", exact=True).first).to_have_value("7")
    expect(page.locator(".count-sheet__sum")).to_have_text("£70.00")
    page.get_by_role("button", name="Hand in").tap()
    kept(page, 1)
    phone.close()

    hall.signal.air = Air.GOOD
    page = phone.open()
    hall.go(page, table, Side.A)
    sent(page)
    assert BucketCount.objects.get().sheet["pieces"] == {"1000": 7}


def test_the_same_sheet_sent_five_times_counts_once(hall: Hall, table: Table) -> None:
    _, page = hall.seated(table, Side.A)
    hall.signal.air = Air.ANSWERS_LOST
    count(page, 1, {"£5": 9})
    kept(page, 1)

    while len(hall.signal.posts) < 5:
        sheets = len(hall.signal.posts)
        page.reload()
        page.wait_for_timeout(200)
        assert len(hall.signal.posts) > sheets
        expect(page.locator(LINE)).to_contain_text("1 waiting to be sent")
    hall.signal.air = Air.GOOD
    page.reload()
    come_back(page)

    sent(page)
    assert len(hall.signal.posts) > 5
    assert BucketCount.objects.count() == 1
    table.count(Side.B, {"500": 9})
    assert read_reading(table.appeal).raised == gbp(45)
    assert CashCollection.objects.count() == 1


def test_two_phones_that_disagree_are_shown_and_never_overwritten(hall: Hall, table: Table) -> None:
    (_, asha), (_, ben) = hall.seated(table, Side.A), hall.seated(table, Side.B)
    hall.signal.air = Air.GONE
    count(asha, 1, {"£20": 12, "£1": 31, "20p": 4})
    count(ben, 1, {"£20": 12, "£1": 35})
    for page in (asha, ben):
        kept(page, 1)

    hall.signal.air = Air.GOOD
    for page in (asha, ben):
        page.reload()
        come_back(page)  # whatever pause was left of the tries before
        sent(page)
    for side, page in ((Side.A, asha), (Side.B, ben)):
        hall.go(page, table, side)
        expect(page.locator("main")).to_contain_text(
            "The two counts differ by £3.20. Count again, each on your own."
        )
    first = BucketCount.objects.order_by("side").values_list("sheet", flat=True)
    assert [sheet["pieces"] for sheet in first] == [
        {"2000": 12, "100": 31, "20": 4},
        {"2000": 12, "100": 35},
    ]
    assert read_reading(table.appeal).raised == gbp(0)

    hall.signal.air = Air.GONE
    for page in (asha, ben):
        count(page, 1, {"£20": 12, "£1": 35})
        kept(page, 1)
    hall.signal.air = Air.GOOD
    for page in (asha, ben):
        page.reload()
        come_back(page)  # whatever pause was left of the tries before
        sent(page)
    hall.go(asha, table, Side.A)
    expect(asha.locator("main")).to_contain_text("Agreed: £275. Thank you.")
    assert BucketCount.objects.count() == 4
    assert find_differences() == []


def test_a_sheet_that_comes_too_late_is_shown_until_the_treasurer_has_seen_it(
    hall: Hall, table: Table, axe: CheckWithAxe
) -> None:
    phone, page = hall.seated(table, Side.A)
    hall.signal.air = Air.GONE
    count(page, 1, {"£20": 2})
    kept(page, 1)
    mine = table.seats[Side.A]
    table.seat(Side.A)  # somebody else takes over that side
    table.both_count({"2000": 3})

    hall.signal.air = Air.GOOD
    page.reload()
    notice = page.get_by_role("alert")
    expect(notice).to_contain_text("Not taken: Bucket 1")
    expect(notice).to_contain_text("Bucket 1 was settled without this sheet")
    expect(page.locator(LINE)).to_contain_text("1 not taken")
    axe(page)
    phone.close()

    page = phone.open()
    page.goto(hall.signal.url + address_of(mine))
    page.get_by_text("What was handed in").tap()
    expect(page.get_by_role("alert").locator("dl")).to_contain_text("£20")
    page.get_by_role("button", name="Done, I showed it to the treasurer").tap()
    expect(page.locator(LINE)).not_to_contain_text("not taken")
    page.reload()
    expect(page.get_by_role("alert")).to_have_count(0)
    assert table.bucket().state == Bucket.State.AGREED
    assert read_reading(table.appeal).raised == gbp(60)


def test_how_many_wait_is_always_visible(hall: Hall, table: Table, axe: CheckWithAxe) -> None:
    phone, page = hall.seated(table, Side.A)
    phone.context.set_offline(True)
    for bucket in (1, 2, 3):
        count(page, bucket, {"£5": bucket})
        kept(page, bucket)
    line = page.locator(LINE)

    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    expect(line).to_be_in_viewport()
    line.get_by_role("link").tap()
    expect(page.get_by_role("heading", name="Waiting to be sent")).to_be_visible()
    expect(line).to_contain_text("3 waiting to be sent")
    for bucket in (1, 2, 3):
        expect(page.get_by_role("heading", name=f"Bucket {bucket}", exact=True)).to_be_visible()
    expect(page.locator("main")).to_contain_text("Saturday rally, handed in")
    assert "£" not in page.locator("main").inner_text()
    page.get_by_role("button", name="Send now").tap()
    expect(page.get_by_text("No signal yet")).to_be_visible()
    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    phone.context.set_offline(False)  # it sends by itself: nobody need tap again
    expect(page.get_by_text("Nothing waits on this phone")).to_be_visible()
    sent(page)
    assert BucketCount.objects.count() == 3


def test_data_on_the_phone_is_removed_once_sent(hall: Hall, table: Table) -> None:
    phone, page = hall.seated(table, Side.A)
    phone.context.set_offline(True)
    type_in(page, 1, {"£20": 4321})
    page.wait_for_timeout(600)
    assert [draft["fields"]["count_GBP_2000"] for draft in stored(page, "drafts")] == ["4321"]
    page.get_by_role("button", name="Hand in").tap()
    kept(page, 1)
    assert stored(page, "drafts") == []
    assert [item["fields"]["count_GBP_2000"] for item in stored(page, "queue")] == ["4321"]

    phone.context.set_offline(False)
    come_back(page)
    sent(page)

    assert stored(page, "queue") == []
    left = everything_on(page)
    assert "4321" not in left
    assert "86,420" not in left


def test_it_is_killed_while_it_sends_and_counts_once(hall: Hall, table: Table) -> None:
    phone, page = hall.seated_a_while_ago(table, Side.A)
    hall.signal.air = Air.ANSWERS_HELD
    type_in(page, 3, {"£50": 2})
    page.get_by_role("button", name="Hand in").tap(no_wait_after=True)
    until(BucketCount.objects.exists)
    phone.kill()

    hall.signal.air = Air.GONE
    page = phone.open()
    hall.go(page, table, Side.A)
    expect(page.locator(LINE)).to_contain_text("1 waiting to be sent")
    hall.signal.air = Air.GOOD
    page.reload()
    come_back(page)

    sent(page)
    assert BucketCount.objects.get().sheet["pieces"] == {"5000": 2}
    assert stored(page, "queue") == []


def test_it_is_killed_while_somebody_types_and_nothing_typed_is_lost(
    hall: Hall, table: Table
) -> None:
    phone, page = hall.seated_a_while_ago(table, Side.A)
    hall.signal.air = Air.GONE
    type_in(page, 1, {"£10": 8, "50p": 3})
    page.wait_for_timeout(1000)
    phone.kill()

    page = phone.open()
    hall.go(page, table, Side.A)
    page.get_by_role("link", name="Count bucket 1").tap()

    expect(page.locator(".count-sheet__sum")).to_have_text("£81.50")
    expect(page.get_by_label("No", exact=True)).to_be_checked()


@pytest.mark.parametrize("days", [-1, 1])
def test_the_phones_clock_may_be_wrong_by_a_day(hall: Hall, table: Table, days: int) -> None:
    phone, page = hall.seated(table, Side.A)
    hall.signal.air = Air.GONE
    count(page, 1, {"£10": 1})
    kept(page, 1)
    phone.set_clock_off(days=days)
    page.reload()
    count(page, 2, {"£10": 2})
    kept(page, 2)

    hall.signal.air = Air.GOOD  # and nobody touches the phone: its timer must not wait for a day
    sent(page)

    told = {count_.bucket.number: count_ for count_ in BucketCount.objects.all()}
    assert set(told) == {1, 2}
    wrong = told[2].counted_at
    assert wrong is not None
    off_seconds = (wrong - timezone.now()).total_seconds() - days * 86_400
    assert abs(off_seconds) < 300, "kept beside our own time"
    assert abs((told[2].received_at - timezone.now()).total_seconds()) < 300


@pytest.mark.parametrize("air", [Air.BROKEN, Air.PORTAL, Air.SILENT])
def test_a_server_in_trouble_loses_nothing(hall: Hall, table: Table, air: Air) -> None:
    _, page = hall.seated(table, Side.A)
    type_in(page, 1, {"£10": 1})
    hall.signal.air = air
    page.get_by_role("button", name="Hand in").tap()
    until(lambda: len(hall.signal.posts) > 0)
    if air is Air.PORTAL:
        expect(page.get_by_text("Welcome!")).to_be_visible()
        hall.signal.air = Air.GONE
        hall.go(page, table, Side.A)
        expect(page.locator(LINE)).to_contain_text("1 waiting to be sent")
    else:
        kept(page, 1)
    assert not BucketCount.objects.exists()

    hall.signal.air = Air.GOOD
    page.reload()
    come_back(page)
    sent(page)
    assert BucketCount.objects.count() == 1


def test_a_page_of_the_halls_own_network_is_not_taken_for_ours(hall: Hall, table: Table) -> None:
    _, page = hall.seated(table, Side.A)
    hall.signal.air = Air.PORTAL
    page.reload()
    expect(page.get_by_text("Welcome!")).to_be_visible()

    hall.signal.air = Air.GONE
    page.reload()
    expect(page.get_by_role("heading", name="Saturday rally")).to_be_visible()


def test_what_waits_goes_out_by_itself_when_the_signal_is_back(hall: Hall, table: Table) -> None:
    _, page = hall.seated(table, Side.A)
    hall.signal.air = Air.GONE
    count(page, 1, {"£10": 1})
    kept(page, 1)

    hall.signal.air = Air.GOOD

    sent(page)
    assert BucketCount.objects.count() == 1


def test_a_large_donation_stops_the_count_without_a_signal_too(hall: Hall, table: Table) -> None:
    phone, page = hall.seated(table, Side.A)
    phone.context.set_offline(True)
    type_in(page, 1, {"£50": 20})
    page.get_by_label("Yes", exact=True).check()
    page.get_by_role("button", name="Hand in").tap()

    expect(page.get_by_role("alert")).to_contain_text("Hand it to the treasurer")
    assert stored(page, "queue") == []

    page.get_by_label("No", exact=True).check()
    page.get_by_label("How many 1p", exact=True).fill("two")
    page.get_by_role("button", name="Hand in").tap()
    expect(page.get_by_role("alert")).to_contain_text("How many 1p? Type a whole number.")
    page.get_by_label("How many 1p", exact=True).fill("2")
    page.get_by_role("button", name="Hand in").tap()
    kept(page, 1)


def test_a_sheet_that_cannot_be_right_is_opened_again_and_put_right(
    hall: Hall, live_site: SiteProcess
) -> None:
    branch = make_branch("Leeds")
    branch.count_rule = Branch.CountRule.WITNESS
    branch.save()
    table = Table(count_rule=Branch.CountRule.WITNESS)
    _, page = hall.seated(table, Side.A)
    hall.signal.air = Air.GONE
    type_in(page, 1, {"£10": 6})
    page.get_by_label("Who watched you count?").fill(table.seats[Side.A].sitter)
    page.get_by_role("button", name="Hand in").tap()
    kept(page, 1)
    first = stored(page, "queue")[0]["id"]

    hall.signal.air = Air.GOOD
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("The witness is a second person.")
    page.get_by_role("button", name="Open it and put it right").tap()
    expect(page.get_by_text("Not taken yet")).to_be_visible()
    expect(page.get_by_label("How many £10", exact=True).first).to_have_value("6")
    page.get_by_label("Who watched you count?").fill("Somebody Else")
    page.get_by_role("button", name="Hand in").tap()

    expect(page.get_by_text("Handed in. Thank you.")).to_be_visible()
    count_ = BucketCount.objects.get()
    assert count_.witness == "Somebody Else"
    assert str(count_.reference) != first
    assert read_reading(table.appeal).raised == gbp(60)


def test_another_seat_on_the_same_phone_sees_nothing_of_the_first(hall: Hall, table: Table) -> None:
    phone, page = hall.seated(table, Side.A)
    hall.take(phone, table, Side.B)
    hall.go(page, table, Side.B)
    expect(page.get_by_text(READY)).to_be_visible()
    hall.go(page, table, Side.A)
    phone.context.set_offline(True)
    count(page, 1, {"£20": 4321})
    kept(page, 1)

    hall.go(page, table, Side.B)
    expect(page.locator(LINE)).to_contain_text("1 waiting to be sent")
    expect(page.locator("[data-bucket='1']")).to_contain_text("To be counted.")
    assert "4321" not in page.content()
    page.get_by_role("link", name="Count bucket 1").tap()
    expect(page.get_by_label("How many £20", exact=True).first).to_have_value("")
    page.locator(LINE).get_by_role("link").tap()
    expect(page.get_by_role("heading", name="Bucket 1")).to_be_visible()
    assert "4321" not in page.content()


def test_a_seat_that_ended_leaves_nothing_on_the_phone_but_what_is_unsent(
    hall: Hall, table: Table
) -> None:
    phone, page = hall.seated(table, Side.A)
    where = address_of(table.seats[Side.A])
    hall.signal.air = Air.GONE
    type_in(page, 2, {"£5": 77})
    page.wait_for_timeout(600)
    hall.go(page, table, Side.A)
    count(page, 1, {"£5": 6})
    kept(page, 1)
    end_seat(table.seats[Side.A], by=table.treasurer)

    hall.signal.air = Air.GOOD
    hall.go(page, table, Side.A)
    expect(page.get_by_role("heading", level=1)).to_contain_text("nothing here")
    open_at(page, f"{hall.signal.url}/count/waiting/")
    expect(page.get_by_text("Not taken.")).to_be_visible()
    assert stored(page, "drafts") == []
    assert stored(page, "tables") == []
    kept_pages = [name for name, _ in json.loads(everything_on(page))[0] if where in name]
    assert kept_pages == []

    page.get_by_role("button", name="Done, I showed it to the treasurer").tap()
    expect(page.get_by_text("Nothing waits on this phone")).to_be_visible()
    assert not BucketCount.objects.exists()
    phone.close()


def test_a_new_release_brings_the_kept_pages_along_or_waits(hall: Hall, table: Table) -> None:
    phone, page = hall.seated(table, Side.A)
    before = kept_releases(page)
    hall.signal.rewrite = next_release("aaaa", unless=address_of(table.seats[Side.A]))
    page.goto(f"{hall.signal.url}/no-signal/")
    page.evaluate("navigator.serviceWorker.ready.then((found) => found.update()).catch(() => 0)")
    page.wait_for_timeout(2000)
    assert kept_releases(page) >= before, "the pages could not be had: the old release stays"

    hall.signal.rewrite = next_release("bbbb")
    page.evaluate("navigator.serviceWorker.ready.then((found) => found.update())")
    until(lambda: kept_releases(page) == {"whip-round-pages-bbbb"}, page)
    phone.context.set_offline(True)
    hall.go(page, table, Side.A)
    count(page, 1, {"£5": 1})
    kept(page, 1)


def next_release(version: str, *, unless: str = "/nothing/") -> Any:
    def rewrite(path: str, body: bytes) -> bytes:
        if path == "/sw.js":
            return re.sub(rb'"version": "[0-9a-f]+"', f'"version": "{version}"'.encode(), body)
        if path.startswith(unless):
            raise ConnectionAbortedError("cut off")
        return body

    return rewrite


def kept_releases(page: Page) -> set[str]:
    names: list[str] = page.evaluate("caches.keys()")
    return {name for name in names if name.startswith("whip-round-pages-")}


def test_the_worker_never_touches_a_donors_page(hall: Hall, table: Table) -> None:
    _, page = hall.seated(table, Side.A)
    for address in (
        "/",
        "/appeals/rally/",
        "/appeals/rally/give/",
        "/api/v1/appeals/",
        "/accounts/login/",
        "/admin/login/",
    ):
        response = page.goto(hall.signal.url + address)
        assert response is not None
        assert not response.from_service_worker, address
    response = page.goto(hall.signal.url + address_of(table.seats[Side.A]))
    assert response is not None
    assert response.from_service_worker
    names = [name for name, _ in json.loads(everything_on(page))[0]]
    assert not [name for name in names if "/appeals/" in name or "/api/" in name]


def test_a_phone_can_install_it(hall: Hall, table: Table) -> None:
    phone, page = hall.seated(table, Side.A)
    browser = phone.context.new_cdp_session(page)

    errors = browser.send("Page.getInstallabilityErrors")["installabilityErrors"]
    manifest = browser.send("Page.getAppManifest")

    assert [error for error in errors if error["errorId"] != "in-incognito"] == []
    assert manifest["errors"] == []
    told = json.loads(manifest["data"])
    assert (told["name"], told["start_url"]) == ("The Example Party: counting table", "/count/")


def test_a_table_that_was_closed_says_so_and_keeps_the_sheet(hall: Hall, live_site: Any) -> None:
    table = Table(buckets=1)
    _, page = hall.seated(table, Side.A)
    hall.signal.air = Air.GONE
    count(page, 1, {"£20": 1})
    kept(page, 1)
    table.seat(Side.A)
    table.both_count({"2000": 3})
    table.occasion.refresh_from_db()
    close_table(table.occasion, by=table.treasurer)

    hall.signal.air = Air.GOOD
    page.goto(f"{hall.signal.url}/count/waiting/")
    expect(page.get_by_text("Not taken.")).to_be_visible()
    assert read_reading(table.appeal).raised == gbp(60)
