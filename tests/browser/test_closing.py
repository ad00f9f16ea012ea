"""Closing a period in a real browser: on a phone without JavaScript, by keyboard, for everyone."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from appeals.models import Appeal
from funds.models import PeriodClose, User
from payments.models import TwoPersonAct
from payments.two_persons.asking import undo_or_ask
from tests.browser.conftest import CheckWithAxe, NewPage
from tests.browser.test_reconciliation import (
    LAPTOP,
    PHONE,
    assert_no_sideways,
    assert_no_small_targets,
)
from tests.browser.treasury import log_in
from tests.factories import make_appeal, make_branch, make_user
from tests.payments.closed import SINCE, UNTIL, close, collect
from tests.payments.refunding import make_national
from tests.payments.test_paying_in import bank
from tests.site import SiteProcess

DAYS = f"since={SINCE.isoformat()}&until={UNTIL.isoformat()}"


@pytest.fixture
def appeal(live_site: SiteProcess) -> Appeal:
    return make_appeal(title="Rally for Socialism", opens_at=timezone.now() - timedelta(days=300))


@pytest.fixture
def national(appeal: Appeal) -> User:
    return make_national("national")


@pytest.fixture
def act(appeal: Appeal, national: User) -> TwoPersonAct:
    """Some cash of two branches, a part of it banked; and one reversal that waits."""
    collect(appeal, 1250, place="Saturday stall in front of the railway station")
    bank([collect(appeal, 400, branch=make_branch("York"))], paid_in_on=UNTIL)
    asked = undo_or_ask(
        collect(appeal, 150), reason="Counted twice", by=make_user(branches=[make_branch("Leeds")])
    )
    assert asked is not None
    return asked


@pytest.mark.parametrize("screen", [PHONE, LAPTOP], ids=["phone", "laptop"])
def test_every_page_is_for_everyone(
    new_page: NewPage,
    live_site: SiteProcess,
    national: User,
    act: TwoPersonAct,
    axe: CheckWithAxe,
    appeal: Appeal,
    screen: dict[str, Any],
) -> None:
    page = new_page(**screen)
    log_in(page, live_site, national)
    addresses = [f"/treasurer/periods/close/?{DAYS}"]
    page.goto(f"{live_site.url}{addresses[0]}")
    axe(page)
    closed = close()
    collect(appeal, 9, place="An envelope that was forgotten")
    now = f"since={SINCE.isoformat()}&until={timezone.localdate().isoformat()}"
    then = f"since={UNTIL + timedelta(days=1)}&until={timezone.localdate() - timedelta(days=2)}"
    for address in (
        f"/treasurer/periods/close/?{then}",
        "/treasurer/periods/",
        f"/treasurer/periods/{closed.reference}/",
        f"/treasurer/cash-book/?{DAYS}",
        f"/treasurer/cash-book/?{now}&branch=leeds",
        "/treasurer/second-person/",
        f"/treasurer/second-person/{act.reference}/",
    ):
        page.goto(f"{live_site.url}{address}")
        axe(page)
        assert_no_sideways(page, address)
        assert_no_small_targets(page, address)


def test_a_reversal_is_asked_for_by_one_and_confirmed_by_another_without_javascript(
    new_page: NewPage, live_site: SiteProcess, national: User, appeal: Appeal
) -> None:
    collection = collect(appeal, 150, place="Kirkgate")
    phone = new_page(**PHONE, java_script_enabled=False)
    leeds = make_user("leeds", branches=[make_branch("Leeds")])
    where = f"/treasurer/collections/{collection.reference}/"
    log_in(phone, live_site, leeds, to=where)
    phone.get_by_label("What was wrong?").fill("Counted twice")
    phone.get_by_role("button", name="Ask to reverse").tap()
    expect(phone.get_by_text("Waits for a second person", exact=True)).to_be_visible()

    laptop = new_page(**LAPTOP, java_script_enabled=False)
    log_in(laptop, live_site, national)
    laptop.get_by_role("link", name="Look, and confirm or decline").click()
    laptop.get_by_role("link", name="Reverse a collection: Kirkgate").click()
    laptop.get_by_role("button", name="Confirm").click()
    expect(laptop.get_by_text("Confirmed, and done", exact=True)).to_be_visible()

    phone.goto(f"{live_site.url}{where}")
    expect(phone.get_by_text("Reversed: it counts for nothing")).to_be_visible()


def test_a_period_is_closed_by_two_with_the_keyboard_alone(
    new_page: NewPage, live_site: SiteProcess, national: User, act: TwoPersonAct
) -> None:
    first = new_page(**LAPTOP)
    log_in(first, live_site, national, to=f"/treasurer/periods/close/?{DAYS}")
    expect(first.get_by_text("1 reversal waiting for a second person")).to_be_visible()
    button = first.get_by_role("button", name="Sign, and ask a second person")
    button.focus()
    first.keyboard.press("Enter")
    expect(first.get_by_text("Waits for a second person", exact=True)).to_be_visible()

    second = new_page(**LAPTOP)
    log_in(second, live_site, make_national("another"), to="/treasurer/periods/")
    second.get_by_role("link", name="See it, and decide").press("Enter")
    second.get_by_role("button", name="Confirm: close a period").press("Enter")
    expect(second.get_by_text("Confirmed, and done", exact=True)).to_be_visible()

    assert PeriodClose.objects.get().until == UNTIL
