"""The reconciliation in a real browser: on a phone, on a laptop, down to the postings."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from appeals.models import Appeal
from funds.models import Membership, User
from payments.balance.booking import book_everything_due
from payments.balance.taking import take
from payments.booking import book_facts
from payments.models import BalanceLine, BalanceWindow, Payout, StripeBalance
from payments.stripe_gateway.facts import PayoutState, Refunded, RefundState
from tests.browser.conftest import CheckWithAxe, NewPage
from tests.browser.treasury import log_in
from tests.factories import gbp, make_appeal, make_branch, make_card_donation, make_user
from tests.site import SiteProcess
from tests.stripe_events import payment_of
from tests.stripe_lines import (
    WRITTEN,
    a_line,
    a_payout,
    line_of,
    payout_line,
    received,
    refund_line,
)

PHONE: dict[str, Any] = {
    "viewport": {"width": 360, "height": 780},
    "is_mobile": True,
    "has_touch": True,
}
LAPTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
HOME = "/treasurer/reconciliation/?since=2026-11-01&until=2026-11-30"
LONG = "txn_3TQ8ZyKjLQjouIutq27IcJvW"
PAGES = (
    HOME,
    "/treasurer/reconciliation/lines/?part=donation&since=2026-11-01&until=2026-11-30",
    "/treasurer/reconciliation/entries/?part=fee&since=2026-11-01&until=2026-11-30",
    "/treasurer/reconciliation/why/?reason=aside&since=2026-11-01&until=2026-11-30",
    f"/treasurer/reconciliation/lines/{LONG}/",
    "/treasurer/reconciliation/lines/txn_odd/",
    "/treasurer/payouts/",
    "/treasurer/payouts/po_1TQ8ZyKjLQjouIutq27IcJvW/",
)


@pytest.fixture
def appeal(live_site: SiteProcess) -> Appeal:
    return make_appeal(title="Rally for Socialism")


@pytest.fixture
def national(appeal: Appeal) -> User:
    return make_user("national", role=Membership.Role.NATIONAL_TREASURER)


@pytest.fixture
def lines(appeal: Appeal) -> None:
    """A month with everything in it: money that is booked, on its way, not ours and put aside."""
    BalanceWindow.objects.create(
        since=WRITTEN - timedelta(days=90), until=timezone.now(), finished_at=timezone.now()
    )
    leeds = make_branch("Leeds")
    gifts = [make_card_donation(gbp(1234), appeal=appeal, branch=leeds) for _ in range(3)]
    waits = make_card_donation(gbp(25), appeal=appeal)
    refund = Refunded("re_1", payment_of(gifts[0]), gbp(34), RefundState.GONE, WRITTEN, WRITTEN)
    book_facts([*(received(gift) for gift in gifts), refund])
    payout = a_payout(
        gbp("3611.87"),
        payout_id="po_1TQ8ZyKjLQjouIutq27IcJvW",
        state=PayoutState.PAID,
        has_contents=True,
    )
    take(
        [
            line_of(gifts[0], fee="18.71", stripe_id=LONG),
            *(line_of(gift, fee="18.71") for gift in gifts[1:]),
            refund_line(gifts[0], gbp(34)),
            line_of(waits),
            a_line("charge", gbp(40), fee=gbp("0.80"), payment_intent_id="pi_theirs"),
            a_line("stripe_fee", gbp(-12)),
            a_line("topup", gbp(9), stripe_id="txn_odd"),
            payout_line(payout),
        ]
    )
    book_everything_due()
    of_the_payout = BalanceLine.objects.filter(payment_intent_id__in=map(payment_of, gifts))
    of_the_payout.update(payout=Payout.objects.get())
    Payout.objects.update(contents_known_at=timezone.now())
    StripeBalance.objects.create(
        currency="GBP", available_minor=1234, pending_minor=4321, told_at=WRITTEN
    )


@pytest.mark.parametrize("screen", [PHONE, LAPTOP], ids=["phone", "laptop"])
def test_every_page_is_for_everyone(
    new_page: NewPage,
    live_site: SiteProcess,
    national: User,
    lines: None,
    axe: CheckWithAxe,
    screen: dict[str, Any],
) -> None:
    page = new_page(**screen)
    log_in(page, live_site, national)
    for number, address in enumerate(PAGES):
        page.goto(f"{live_site.url}{address}")
        _keep_picture(page, f"reconciliation-{number}-{screen['viewport']['width']}")
        axe(page)
        assert_no_sideways(page, address)
        assert_no_small_targets(page, address)


def test_a_figure_opens_down_to_its_postings(
    new_page: NewPage, live_site: SiteProcess, national: User, lines: None
) -> None:
    page = new_page(**PHONE, java_script_enabled=False)
    log_in(page, live_site, national)
    page.goto(f"{live_site.url}{HOME}")
    expect(page.get_by_text("Something waits for you")).to_be_visible()

    page.get_by_role("link", name="Donations: 4 lines, £3,727.00").tap()
    expect(page.get_by_role("heading", name="Donations")).to_be_visible()
    expect(page.get_by_text("waiting", exact=True)).to_be_visible()
    page.locator(f"a[href*='{LONG}']").tap()
    expect(page.get_by_role("heading", name="Card donation to Rally for Socialism")).to_be_visible()
    expect(page.get_by_role("heading", name="Stripe's fee")).to_be_visible()

    page.go_back()
    page.get_by_role("link", name="Back to the reconciliation").tap()
    expect(page).to_have_url(f"{live_site.url}{HOME}&currency=GBP")


def test_what_was_put_aside_is_decided_by_touch(
    new_page: NewPage, live_site: SiteProcess, national: User, lines: None
) -> None:
    page = new_page(**PHONE)
    log_in(page, live_site, national)
    page.goto(f"{live_site.url}{HOME}")
    page.get_by_role("link", name="Of a kind that is not booked by itself").tap()
    page.locator("a[href*='txn_odd']").tap()
    page.get_by_role("button", name="Book it as unallocated").tap()
    expect(page.get_by_text("Decided, and booked.")).to_be_visible()
    page.goto(f"{live_site.url}{HOME}")
    expect(page.get_by_text("Every penny is explained")).to_be_visible()


def assert_no_sideways(page: Page, address: str) -> None:
    """A phone scrolls down only."""
    wide = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    assert not wide, address


def assert_no_small_targets(page: Page, address: str) -> None:
    """A thumb finds them all."""
    small = page.evaluate(
        """() => [...document.querySelectorAll(
                'main button, nav.tabs a, main .links a, main .table a, main summary')]
            .map(part => [part.outerHTML.slice(0, 90), part.getBoundingClientRect().height])
            .filter(([, height]) => height < 44)"""
    )
    assert small == [], address


def _keep_picture(page: Page, name: str) -> None:
    """For whoever looks at the pages: only where ``PICTURES`` names a folder."""
    if folder := os.environ.get("PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
