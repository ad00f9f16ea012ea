"""Cash from the hand to the bank's statement, in a real browser: paid in, imported, confirmed."""

import os
import re
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from appeals.models import Appeal
from appeals.progress import read_reading
from funds import chart
from funds.balances import account_balance
from funds.models import Branch, Membership, User
from payments.banking.chores import do_bank_work
from payments.banking.rules import remember_reference
from payments.models import CashCollection, PayingIn, StatementImport, StatementLine, StatementMatch
from payments.recording import local_today
from tests.audited import find_differences
from tests.browser.conftest import CheckWithAxe, NewPage
from tests.browser.test_treasurer import LAPTOP, PHONE
from tests.browser.treasury import log_in
from tests.factories import gbp, make_appeal, make_branch, make_user
from tests.payments.banking.statements import Told, csv_of, make_account, ofx_of, take
from tests.payments.test_cash import facts_of as cash_of
from tests.payments.test_cash import record
from tests.payments.test_paying_in import bank
from tests.site import SiteProcess

PICTURES = os.environ.get("BANKING_PICTURES", "")


class Treasury:
    """Leeds with three bags in hand, its treasurer, and a national treasurer who counted none."""

    def __init__(self) -> None:
        self.leeds: Branch = make_branch("Leeds")
        self.appeal: Appeal = make_appeal(
            title="Rally for Socialism", branch_targets=[(self.leeds, gbp(1000))]
        )
        self.treasurer: User = make_user(
            "leeds", branches=[self.leeds], first_name="Leeds", last_name="Treasurer"
        )
        self.national: User = make_user("national", role=Membership.Role.NATIONAL_TREASURER)
        self.bags = [
            self.bag("Kirkgate market", "25", pieces={2000: 1, 100: 5}, days=8),
            self.bag("Saturday rally", "112.50", pieces={5000: 1, 1000: 6, 50: 5}, days=1),
            self.bag("Bracelets", "15", kind=CashCollection.Kind.SALE),
        ]

    def bag(self, place: str, amount: str, *, days: int = 0, **changes: Any) -> CashCollection:
        facts = cash_of(
            self.appeal,
            place=place,
            amount=gbp(amount),
            collected_on=local_today() - timedelta(days=days),
            **changes,
        )
        return record(facts, by=self.treasurer)


@pytest.fixture
def treasury(live_site: SiteProcess) -> Treasury:
    return Treasury()


def look(page: Page, axe: CheckWithAxe, name: str) -> None:
    """Nothing too small for a thumb, nothing wider than the page, nothing that axe finds."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
    small = page.evaluate(
        """() => [...document.querySelectorAll(
            'main button, main input:not([type=hidden]):not([type=radio]):not([type=checkbox]), '
            + 'main select, main summary, main .ticks__label, nav.tabs a, main .links a')]
            .filter(part => part.offsetParent)
            .map(part => [part.outerHTML.slice(0, 80), part.getBoundingClientRect().height])
            .filter(([, height]) => height < 44)"""
    )
    assert small == [], name
    if PICTURES:
        width = page.viewport_size["width"] if page.viewport_size else 0
        page.screenshot(path=Path(PICTURES) / f"{name}-{width}.png", full_page=True)
    axe(page)


def test_what_is_in_hand_is_banked_by_touch_in_three_taps_and_a_number(
    live_site: SiteProcess, treasury: Treasury, new_page: NewPage, axe: CheckWithAxe
) -> None:
    page = new_page(**PHONE)
    log_in(page, live_site, treasury.treasurer)
    expect(page.locator("main")).to_contain_text("in hand")
    began_at = time.monotonic()

    page.get_by_role("link", name="Bank it").first.tap()
    page.get_by_label("Slip number").tap()
    page.keyboard.type("100123")
    expect(page.locator("ticked-sum output")).to_have_text("£152.50")
    page.get_by_text("Bracelets").tap()
    expect(page.locator("ticked-sum output")).to_have_text("£137.50")
    look(page, axe, "paying-in-form")
    page.get_by_role("button", name="Record the paying-in").tap()

    expect(page.get_by_role("heading", name="Slip 100123")).to_be_visible()
    assert time.monotonic() - began_at < 30
    look(page, axe, "paying-in")
    assert PayingIn.objects.get().amount == gbp("137.50")
    assert read_reading(treasury.appeal).counted_not_banked == gbp(15)
    page.get_by_role("link", name="Paid in").first.tap()
    expect(page.get_by_role("heading", name="Paid in")).to_be_visible()
    look(page, axe, "payings-in")
    with page.expect_request(re.compile("slip.pdf")):  # a browser without a reader saves it
        page.goto(f"{live_site.url}/treasurer/payings-in/{PayingIn.objects.get().reference}/")
        page.evaluate("() => fetch(document.querySelector('main a.button').href)")


def test_from_the_hand_to_the_statement_without_javascript(
    live_site: SiteProcess, treasury: Treasury, new_page: NewPage, tmp_path: Path
) -> None:
    """The whole way: banked £3.20 short, imported, explained, and the books tie."""
    phone = new_page(**PHONE, java_script_enabled=False)
    log_in(phone, live_site, treasury.treasurer, to="/treasurer/payings-in/new/")
    phone.get_by_label("Slip number").fill("100123")
    phone.get_by_role("button", name="Record the paying-in").tap()
    expect(phone.get_by_role("heading", name="Slip 100123")).to_be_visible()

    desk = new_page(**LAPTOP, java_script_enabled=False)
    log_in(desk, live_site, treasury.national, to="/treasurer/bank/")
    desk.get_by_role("link", name="Name an account").click()
    desk.get_by_label("What you call it").fill("Unity Trust")
    desk.get_by_role("button", name="Keep").click()
    lines = [
        Told(local_today(), gbp("149.30"), "CASH PAID IN", "100123"),
        Told(local_today(), gbp(-700), "RENT"),
    ]
    file = tmp_path / "november.csv"
    file.write_bytes(csv_of(lines))
    desk.get_by_label("Statement").set_input_files(file)
    desk.get_by_role("button", name="Send").click()
    expect(desk.get_by_role("heading", name="What the columns mean")).to_be_visible()
    desk.get_by_role("button", name="That is right").click()
    expect(desk.locator("main")).to_contain_text("Read: 2 new lines", timeout=20_000)

    desk.goto(f"{live_site.url}/treasurer/bank/proposals/")
    for _ in range(20):
        if desk.get_by_role("link", name="Say why, and confirm it").count():
            break
        time.sleep(0.5)
        desk.reload()
    desk.get_by_role("link", name="Say why, and confirm it").click()
    desk.get_by_label("Why the bank has another amount").fill("A bag of coins was short")
    desk.get_by_label(re.compile("slip 100123")).check()
    desk.get_by_role("button", name="Yes, that is it").click()
    expect(desk.locator("main")).to_contain_text("A bag of coins was short")

    bank_account = chart.account(chart.BANK, currency="GBP")
    short = chart.account(chart.OVER_AND_SHORT, currency="GBP")
    assert account_balance(bank_account) == gbp("149.30")
    assert account_balance(short) == gbp("3.20")
    assert read_reading(treasury.appeal).counted_not_banked == gbp(0)
    assert find_differences() == []
    phone.reload()
    expect(phone.locator("main")).to_contain_text("with a difference of")


@pytest.mark.parametrize("size", [PHONE, LAPTOP], ids=["phone", "laptop"])
def test_every_page_of_the_bank_is_for_everyone(
    live_site: SiteProcess,
    treasury: Treasury,
    new_page: NewPage,
    axe: CheckWithAxe,
    size: dict[str, Any],
    tmp_path: Path,
) -> None:
    bank([treasury.bags[0]], slip_number="100123", by=treasury.treasurer)
    bank([treasury.bags[1]], slip_number="100124", by=treasury.treasurer)
    remember_reference(
        "RALLY LEEDS", appeal=treasury.appeal, branch=treasury.leeds, made_by=treasury.national
    )
    today = local_today()
    rent, *_ = take(
        Told(today, gbp(-700), "RENT HALL 7"),
        Told(today, gbp(25), "CASH PAID IN 100123"),
        Told(today, gbp("109.30"), "CASH PAID IN", "100124"),
        Told(today, gbp(10), "A N OTHER STO", "RALLY LEEDS"),
        Told(today, gbp(600), "A N OTHER FPI", "RALLY LEEDS"),
        Told(today, gbp(3), "SOMETHING ELSE WITH QUITE A LONG TEXT THAT GOES ON AND ON AND ON"),
    )
    # The site's own worker may be at it too.
    do_bank_work()
    page = new_page(**size)
    log_in(page, live_site, treasury.national, to="/treasurer/bank/")
    look(page, axe, "bank")
    for name, path in {
        "home": "",
        "proposals": "bank/proposals/",
        "lines": "bank/lines/",
        "references": "bank/references/",
        "file": "bank/files/new/",
        "account": "bank/accounts/new/",
        "line-rent": f"bank/lines/{rent.reference}/",
        "record": f"bank/lines/{StatementLine.objects.get(amount_minor=60000).reference}/record/",
        "line-differs": f"bank/lines/{StatementLine.objects.get(amount_minor=10930).reference}/",
    }.items():
        page.goto(f"{live_site.url}/treasurer/{path}")
        look(page, axe, name)

    page.goto(f"{live_site.url}/treasurer/bank/lines/{rent.reference}/")
    page.get_by_label("What it is").fill("Rent of the hall")
    page.get_by_role("button", name="Set it aside").click()
    expect(page.locator("main")).to_contain_text("Rent of the hall")
    look(page, axe, "line-aside")

    file = tmp_path / "december.csv"
    file.write_bytes(csv_of([Told(today, gbp(1), "X")]).replace(b"Description", b"Narrative"))
    page.goto(f"{live_site.url}/treasurer/bank/files/new/")
    page.get_by_label("Statement").set_input_files(file)
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", name="What the columns mean")).to_be_visible()
    page.get_by_text("Something is read wrongly").click()
    look(page, axe, "columns")

    page.goto(f"{live_site.url}/treasurer/bank/proposals/")
    page.get_by_role("button", name="Confirm what is ticked").click()
    expect(page.locator("main")).to_contain_text("Confirmed: 2")


def test_a_large_statement_is_sent_and_read_with_progress_in_sight(
    live_site: SiteProcess, treasury: Treasury, new_page: NewPage, tmp_path: Path
) -> None:
    """50,000 lines, from the press of the button to the last line, in under a minute."""
    make_account()
    first = local_today() - timedelta(days=364)
    file = tmp_path / "year.ofx"
    file.write_bytes(
        ofx_of(
            Told(first + timedelta(days=n % 365), gbp(1 + n % 97), f"Payer {n}", bank_id=f"n{n}")
            for n in range(50_000)
        )
    )
    page = new_page(**LAPTOP)
    log_in(page, live_site, treasury.national, to="/treasurer/bank/files/new/")
    page.get_by_label("Statement").set_input_files(file)
    began_at = time.monotonic()

    page.get_by_role("button", name="Send").click()
    seen = set()
    while StatementImport.objects.filter(state="done").count() == 0:
        text = page.locator("main").inner_text()
        seen |= set(re.findall(r"([0-9]+)% READ|([0-9]+)% read", text))
        assert time.monotonic() - began_at < 60
        time.sleep(0.2)

    expect(page.locator("main")).to_contain_text("Read: 50,000 new lines", timeout=20_000)
    assert time.monotonic() - began_at < 60
    assert seen, "the page told how far it was"
    assert StatementLine.objects.count() == 50_000
    assert StatementMatch.objects.count() == 0
