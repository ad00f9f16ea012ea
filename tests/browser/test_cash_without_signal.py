"""A stall has no signal: "Record cash" with the network off, for one log-in alone."""

from datetime import timedelta

import pytest
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.models import Session
from playwright.sync_api import Page, expect

from appeals.progress import read_reading
from funds.models import User
from payments.models import CashCollection
from payments.recording import local_today
from tests.audited import find_differences
from tests.browser.conftest import CheckWithAxe
from tests.browser.hall import LINE, Hall, come_back, everything_on, kept, sent, stored, until
from tests.browser.reception import Air, Phone
from tests.browser.test_treasurer import NEW, Branches, branches  # noqa: F401 - a fixture
from tests.browser.treasury import PASSWORD
from tests.factories import gbp, make_user


@pytest.fixture
def stall(hall: Hall, branches: Branches) -> "Stall":  # noqa: F811
    return Stall(hall, branches)


class Stall:
    """The Leeds treasurer's phone, logged in, with the form kept on it."""

    def __init__(self, hall: Hall, branches: Branches) -> None:  # noqa: F811
        self.hall = hall
        self.signal = hall.signal
        self.branches = branches
        self.phone: Phone = hall.phone("stall")
        self.page: Page = self.phone.open()
        self.log_in(branches.treasurer)
        until(lambda: is_form_kept(self.page), self.page)

    def log_in(self, user: User, *, to: str = "/treasurer/") -> None:
        """By the form; the server knows no cheap hashes."""
        user.password = make_password(PASSWORD, hasher="pbkdf2_sha256")
        user.save()
        self.go(to)
        self.page.get_by_label("Username").fill(user.username)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.locator("main form").get_by_role("button").first.click()
        expect(self.page.get_by_role("navigation", name="Treasury")).to_be_visible()

    def go(self, address: str) -> None:
        self.page.goto(self.signal.url + address)

    def record(self, amount: str, place: str = "Kirkgate market") -> None:
        self.page.get_by_label("Amount").fill(amount)
        where = self.page.get_by_label("Place or occasion")
        if not where.is_visible():
            self.page.get_by_text("Where, when, who").tap()
        where.fill(place)
        self.page.get_by_role("button", name="Record").tap()

    def expire_session(self) -> None:
        Session.objects.all().delete()


def is_form_kept(page: Page) -> bool:
    return bool(page.evaluate(f"caches.match('{NEW}').then(Boolean)"))


def test_cash_is_recorded_with_the_network_off_even_after_closing_the_browser(
    stall: Stall, axe: CheckWithAxe
) -> None:
    stall.signal.air = Air.GONE
    stall.phone.close()
    stall.page = stall.phone.open()
    stall.go("/treasurer/")
    expect(stall.page.get_by_role("heading", name="No signal")).to_be_visible()
    axe(stall.page)
    stall.page.get_by_role("link", name="Record cash").tap()
    expect(stall.page.get_by_text("By this phone\u2019s clock")).to_be_visible()
    stall.record("312.50")
    kept(stall.page, 1)
    stall.record("20", "Station")
    kept(stall.page, 2)
    expect(stall.page.get_by_label("Amount")).to_have_value("")  # the page that follows is there
    axe(stall.page)
    assert stall.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert not CashCollection.objects.exists()

    stall.signal.air = Air.GOOD
    come_back(stall.page)

    sent(stall.page)
    found = {collection.place: collection for collection in CashCollection.objects.all()}
    assert {place: row.amount for place, row in found.items()} == {
        "Kirkgate market": gbp("312.50"),
        "Station": gbp(20),
    }
    assert {row.recorded_by for row in found.values()} == {stall.branches.treasurer}
    assert {row.collected_on for row in found.values()} == {local_today()}
    assert read_reading(stall.branches.appeal).raised == gbp("332.50")
    assert find_differences() == []
    assert "312.50" not in everything_on(stall.page)


def test_a_copy_s_form_goes_nowhere_until_the_queue_can_take_it(stall: Stall) -> None:
    stall.signal.air = Air.GONE
    script = "() => document.querySelector('[data-when-ready]').disabled"
    stall.phone.context.add_init_script(
        "addEventListener('readystatechange', () => {"
        " window.early ??= document.querySelector('[data-when-ready]')?.disabled; }, true)"
    )
    stall.go(NEW)

    until(lambda: stall.page.evaluate(script) is False, stall.page)
    assert stall.page.evaluate("window.early") is True
    stall.record("25")
    kept(stall.page, 1)


def test_the_same_form_sent_five_times_counts_once(stall: Stall) -> None:
    stall.go(NEW)
    stall.signal.air = Air.ANSWERS_LOST
    stall.record("25")
    kept(stall.page, 1)
    while len(stall.signal.posts) < 6:  # the log-in was one
        stall.page.get_by_role("link", name="1 waiting to be sent").tap()
        stall.page.get_by_role("button", name="Send now").tap()
        expect(stall.page.get_by_text("No signal yet")).to_be_visible()
    stall.signal.air = Air.GOOD
    stall.page.get_by_role("button", name="Send now").tap()

    sent(stall.page)
    assert CashCollection.objects.count() == 1


def test_the_phones_clock_names_the_day_and_the_treasurer_sees_it(stall: Stall) -> None:
    stall.signal.air = Air.GONE
    stall.phone.set_clock_off(days=-1)
    stall.go(NEW)
    yesterday = local_today() - timedelta(days=1)
    expect(stall.page.get_by_label("Date")).to_have_value(yesterday.isoformat())
    expect(stall.page.get_by_text("Is it the right day?")).to_be_visible()
    stall.page.get_by_label("Date").fill(local_today().isoformat())
    stall.record("25")
    kept(stall.page, 1)

    stall.signal.air = Air.GOOD

    sent(stall.page)
    assert CashCollection.objects.get().collected_on == local_today()


def test_who_was_logged_out_meanwhile_is_asked_to_log_in_and_nothing_is_lost(
    stall: Stall,
) -> None:
    stall.go(NEW)
    stall.signal.air = Air.GONE
    stall.record("25")
    kept(stall.page, 1)
    stall.expire_session()

    stall.signal.air = Air.GOOD
    come_back(stall.page)
    expect(stall.page.locator(LINE)).to_contain_text("Log in to send 1")
    stall.page.locator(LINE).get_by_role("link").tap()
    expect(stall.page.get_by_text("You were logged out")).to_be_visible()
    assert not CashCollection.objects.exists()
    stall.log_in(stall.branches.treasurer)

    sent(stall.page)
    assert CashCollection.objects.get().recorded_by == stall.branches.treasurer


def test_another_log_in_sends_nothing_in_ones_place_and_sees_no_figure(stall: Stall) -> None:
    stall.go(NEW)
    stall.signal.air = Air.GONE
    stall.record("4321")
    kept(stall.page, 1)
    stall.expire_session()
    other = make_user("other", branches=[stall.branches.leeds], first_name="Another")

    stall.signal.air = Air.GOOD
    stall.log_in(other)
    expect(stall.page.locator(LINE)).to_contain_text("1 of another log-in")
    assert "4321" not in stall.page.content()
    stall.go(NEW)
    expect(stall.page.get_by_label("Amount")).to_have_value("")
    assert "4321" not in stall.page.content()
    until(lambda: "Another" in everything_on(stall.page), stall.page)  # their own form is kept now
    assert not CashCollection.objects.exists()

    stall.expire_session()
    stall.log_in(stall.branches.treasurer)
    sent(stall.page)
    assert CashCollection.objects.get().recorded_by == stall.branches.treasurer


def test_log_out_warns_of_what_is_not_sent(stall: Stall, axe: CheckWithAxe) -> None:
    stall.go(NEW)
    stall.signal.air = Air.GONE
    stall.record("25")
    kept(stall.page, 1)
    stall.signal.air = Air.GOOD
    hold = stall.signal.hold_posts_to("/treasurer/collections/new/")
    stall.go("/accounts/logout/")
    stall.page.locator("main").get_by_role("button", name="Log out").tap()

    warning = stall.page.get_by_role("alert")
    expect(warning).to_contain_text("1 is not sent yet", timeout=20_000)
    expect(stall.page.locator(LINE)).to_contain_text("1 waiting to be sent")
    axe(stall.page)
    assert Session.objects.count() == 1
    stall.page.get_by_role("button", name="Log out all the same").tap()
    stall.page.wait_for_url(stall.signal.url + "/")
    assert len(stored(stall.page, "queue")) == 1
    assert not is_form_kept(stall.page)

    hold.clear()
    stall.log_in(stall.branches.treasurer)
    sent(stall.page)
    assert CashCollection.objects.count() == 1


def test_log_out_sends_what_can_be_sent_and_leaves_nothing(stall: Stall) -> None:
    stall.go(NEW)
    stall.signal.air = Air.GONE
    stall.record("25")
    kept(stall.page, 1)
    stall.page.get_by_label("Amount").fill("4321")
    stall.page.wait_for_timeout(600)
    assert len(stored(stall.page, "drafts")) == 1
    stall.signal.air = Air.GOOD
    stall.go("/accounts/logout/")
    stall.page.locator("main").get_by_role("button", name="Log out").tap()
    stall.page.wait_for_url(stall.signal.url + "/")

    assert CashCollection.objects.count() == 1
    assert not is_form_kept(stall.page)
    assert stored(stall.page, "queue") == []
    assert "4321" not in everything_on(stall.page)
