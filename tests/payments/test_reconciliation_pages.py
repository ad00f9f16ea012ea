"""The reconciliation's pages, for the national treasurer: every figure opens to its lines."""

import csv
import io
import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from funds.models import Membership
from payments.booking import book_facts
from payments.models import BalanceLine, BalanceWindow, CardDonation, Payout, StripeBalance
from payments.stripe_gateway.facts import PayoutState, Refunded, RefundState
from tests.factories import gbp, make_appeal, make_branch, make_card_donation, make_user
from tests.payments.test_balance_lines import bring, make_euro_donation
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

pytestmark = pytest.mark.django_db

HOME = "/treasurer/reconciliation/"
NOVEMBER = {"since": "2026-11-01", "until": "2026-11-30"}


@pytest.fixture
def national(client: Client) -> Client:
    client.force_login(make_user("national", role=Membership.Role.NATIONAL_TREASURER))
    return client


@pytest.fixture
def donation() -> CardDonation:
    """A donation of £25 to Leeds that is in the books, with a refund of £5, and their lines."""
    make_appeal()
    BalanceWindow.objects.create(
        since=WRITTEN - timedelta(days=90),
        until=WRITTEN + timedelta(days=300),
        finished_at=timezone.now(),
    )
    donation = make_card_donation(gbp(25), branch=make_branch("Leeds"))
    refund = Refunded("re_1", payment_of(donation), gbp(5), RefundState.GONE, WRITTEN, WRITTEN)
    book_facts([received(donation), refund])
    bring(line_of(donation, stripe_id="txn_gift"), refund_line(donation, gbp(5)))
    return donation


def text_of(response: Any) -> str:
    page = re.sub(r"<(script|style).*?</\1>", " ", plain(response), flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def plain(response: Any) -> str:
    """The page, with minus signs and dashes as they are typed."""
    signs = str.maketrans({"\N{MINUS SIGN}": "-", "\N{EN DASH}": "-"})
    return str(response.content.decode()).translate(signs)


def links_of(response: Any) -> list[str]:
    found = re.findall(r'href="(/treasurer/[^"]*)"', response.content.decode())
    return [link.replace("&amp;", "&") for link in found]


def cells(response: Any, name: str) -> list[str]:
    """The figures in the row of a name."""
    page = plain(response)
    row = re.search(rf'<th scope="row">{name}</th>(.*?)</tr>', page, flags=re.DOTALL)
    assert row is not None, name
    return [
        re.sub(r"<[^>]+>", "", cell).strip()
        for cell in re.findall(r"<td[^>]*>(.*?)</td>", row[1], flags=re.DOTALL)
    ]


class TestTheFigures:
    def test_both_sides_stand_side_by_side(self, national: Client, donation: CardDonation) -> None:
        page = national.get(HOME, NOVEMBER)
        assert cells(page, "Donations") == ["£25.00", "£25.00", "-"]
        assert cells(page, "Refunds") == ["-£5.00", "-£5.00", "-"]
        assert cells(page, "Fees on payments") == ["-£0.58", "-£0.58", "-"]
        assert cells(page, "Together") == ["£19.42", "£19.42", "-"]
        assert cells(page, "Held after") == ["£19.42", "£19.42", "-"]
        assert "The two sides are the same" in text_of(page)

    def test_this_month_is_shown_at_first(self, national: Client, donation: CardDonation) -> None:
        page = national.get(HOME)
        assert page.status_code == 200
        assert page.context["scope"].since.day == 1

    def test_other_days(self, national: Client, donation: CardDonation) -> None:
        page = national.get(HOME, {"since": "01/10/2026", "until": "31.10.2026"})
        assert cells(page, "Donations") == ["£0.00", "£0.00", "-"]

    def test_days_that_cannot_be_meant(self, national: Client, donation: CardDonation) -> None:
        page = national.get(HOME, {"since": "2026-11-30", "until": "2026-11-01"})
        assert page.status_code == 422
        assert "The period ends before it begins." in text_of(page)
        assert national.get(HOME, {"since": "soon"}).status_code == 422

    def test_before_anything_was_read(self, national: Client) -> None:
        make_appeal()
        assert "Nothing was read from Stripe yet" in text_of(national.get(HOME))

    def test_what_is_on_its_way_is_said(self, national: Client, donation: CardDonation) -> None:
        bring(line_of(make_card_donation(gbp(8))))
        page = national.get(HOME, NOVEMBER)
        assert cells(page, "Donations") == ["£33.00", "£25.00", "£8.00"]
        assert "Every penny is explained" in text_of(page)

    def test_what_waits_for_a_person_is_said(
        self, national: Client, donation: CardDonation
    ) -> None:
        bring(a_line("topup", gbp(9)))
        page = national.get(HOME, NOVEMBER)
        assert "Something waits for you" in text_of(page)
        assert cells(page, "Put aside for a person") == ["£9.00", "£0.00", "£9.00"]

    def test_what_nothing_explains_is_said(self, national: Client, donation: CardDonation) -> None:
        book_facts([received(make_card_donation(gbp(8)))])
        bring(a_line("stripe_fee", gbp(0), created_at=WRITTEN - timedelta(days=9)))
        assert "-£8.00 is not explained" in text_of(national.get(HOME, NOVEMBER))

    def test_stripe_s_own_word_stands_beside(
        self, national: Client, donation: CardDonation
    ) -> None:
        assert "not asked yet" in text_of(national.get(HOME, NOVEMBER))
        StripeBalance.objects.create(
            currency="GBP", available_minor=2000, pending_minor=0, told_at=WRITTEN
        )
        page = text_of(national.get(HOME, NOVEMBER))
        assert "in Stripe's own words, at 12:00, 23 November £20.00" in page
        assert "differ by £0.58" in page

    def test_a_currency_is_asked_for_where_there_are_two(
        self, national: Client, donation: CardDonation
    ) -> None:
        assert 'name="currency"' in national.get(HOME, NOVEMBER).content.decode()
        assert "<select" not in national.get(HOME, NOVEMBER).content.decode()
        other = make_euro_donation()
        page = national.get(HOME, NOVEMBER | {"currency": "EUR"})
        assert page.context["scope"].currency == "GBP", "nothing was moved in euros"
        book_facts([received(other)])
        page = national.get(HOME, NOVEMBER | {"currency": "EUR"})
        assert "<select" in page.content.decode()
        assert cells(page, "Donations") == ["€0.00", "€30.00", "-€30.00"]


class TestWhatIsBehind:
    def test_every_link_of_the_page_opens(self, national: Client, donation: CardDonation) -> None:
        bring(payout_line(a_payout(gbp(10))), a_line("topup", gbp(9)))
        bring(line_of(make_card_donation(gbp(8))))
        page = national.get(HOME, NOVEMBER)
        links = links_of(page)
        assert len([link for link in links if "/lines/?" in link]) >= 5
        assert len([link for link in links if "/entries/?" in link]) >= 4
        assert len([link for link in links if "/why/?" in link]) == 2
        for link in links:
            assert national.get(link).status_code == 200, link

    @pytest.mark.parametrize(
        ("part", "shown"),
        [("donation", "£25.00"), ("refund", "-£5.00"), ("fee", "-£0.58"), ("nonsense", "£25.00")],
    )
    def test_a_figure_s_lines(
        self, national: Client, donation: CardDonation, part: str, shown: str
    ) -> None:
        page = text_of(national.get(f"{HOME}lines/", NOVEMBER | {"part": part}))
        assert "1 in all" in page
        assert shown in page

    @pytest.mark.parametrize(
        ("part", "memo"),
        [
            ("donation", "Card donation to Rally"),
            ("fee", "Stripe's fee"),
            ("refund", "Card refund"),
        ],
    )
    def test_a_figure_s_entries(
        self, national: Client, donation: CardDonation, part: str, memo: str
    ) -> None:
        page = national.get(f"{HOME}entries/", NOVEMBER | {"part": part})
        assert memo in text_of(page).replace("&#x27;", "'")
        assert any("/reconciliation/lines/txn_" in link for link in links_of(page))

    def test_an_entry_without_a_line(self, national: Client, donation: CardDonation) -> None:
        book_facts([received(make_card_donation(gbp(8)))])
        page = national.get(f"{HOME}entries/", NOVEMBER | {"part": "donation"})
        assert "no line yet" in text_of(page)

    def test_empty_lists_say_so(self, national: Client, donation: CardDonation) -> None:
        for name in ("lines", "entries", "why"):
            page = national.get(f"{HOME}{name}/", NOVEMBER | {"part": "dispute"})
            assert "None in these days" in text_of(page)

    def test_a_line_opens_to_its_entries(self, national: Client, donation: CardDonation) -> None:
        page = text_of(national.get(f"{HOME}lines/txn_gift/"))
        for words in (
            "Card donation to Rally",
            "Held by Stripe (GBP) £25.00",
            "Leeds",
            "Card fees (GBP) £0.58",
            payment_of(donation),
            "not yet, or not known",
        ):
            assert words in page
        assert "Some Body" not in page

    def test_a_line_that_waits_says_for_what(
        self, national: Client, donation: CardDonation
    ) -> None:
        other = make_card_donation(gbp(8))
        bring(line_of(other, stripe_id="txn_waits", fee="0"))
        page = text_of(national.get(f"{HOME}lines/txn_waits/"))
        assert "It waits" in page
        assert "Not in the books yet" in page
        assert f"Awaited in the books: stripe:{payment_of(other)}:received" in page

    def test_a_changed_currency_is_shown(self, national: Client, donation: CardDonation) -> None:
        other = make_euro_donation()
        book_facts([received(other)])
        bring(
            a_line(
                "charge",
                gbp("25.50"),
                stripe_id="txn_changed",
                payment_intent_id=payment_of(other),
                is_marked=True,
                paid=other.amount,
            )
        )
        assert "Paid in another currency €30.00" in text_of(
            national.get(f"{HOME}lines/txn_changed/")
        )
        for currency, part, shown in (
            ("GBP", "exchange", "£25.50"),
            ("EUR", "donation", "€30.00"),
            ("EUR", "exchange", "-€30.00"),
        ):
            asked = NOVEMBER | {"part": part, "currency": currency}
            assert shown in text_of(national.get(f"{HOME}lines/", asked))

    def test_lists_come_by_the_page(self, national: Client, donation: CardDonation) -> None:
        bring(*(a_line("stripe_fee", gbp(-1)) for _ in range(60)))
        for name in ("lines", "entries"):
            asked = NOVEMBER | {"part": "account-fee"}
            first = national.get(f"{HOME}{name}/", asked)
            assert len(first.context["rows"]) == 50
            second = national.get(f"{HOME}{name}/", asked | {"page": "2"})
            assert len(second.context["rows"]) == 10
            assert "Page 2 of 2" in text_of(second)

    def test_the_reasons_come_by_the_page(self, national: Client, donation: CardDonation) -> None:
        bring(*(a_line("topup", gbp(1)) for _ in range(55)))
        book_facts([received(make_card_donation(gbp(8)))])
        asked = NOVEMBER | {"reason": "aside"}
        assert len(national.get(f"{HOME}why/", asked).context["rows"]) == 50
        assert len(national.get(f"{HOME}why/", asked | {"page": "2"}).context["rows"]) == 5
        bring(a_line("stripe_fee", gbp(0), created_at=WRITTEN - timedelta(days=9)))
        absent = text_of(national.get(f"{HOME}why/", NOVEMBER | {"reason": "absent"}))
        assert "in the books as stripe:pi_" in absent

    def test_the_spreadsheet_is_streamed(self, national: Client, donation: CardDonation) -> None:
        response = national.get(f"{HOME}lines.csv", NOVEMBER)
        assert response.streaming
        assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
        body = b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]
        first, second = csv.DictReader(io.StringIO(body))
        assert (first["line"], first["amount"], first["fee"], first["net"]) == (
            "txn_gift",
            "25.00",
            "0.58",
            "24.42",
        )
        assert first["entry"] == f"stripe:{payment_of(donation)}:received"
        assert (second["part"], second["amount"]) == ("refund", "-5.00")


class TestDeciding:
    def test_a_line_put_aside_is_decided_by_a_person(
        self, national: Client, donation: CardDonation
    ) -> None:
        bring(a_line("topup", gbp(9), stripe_id="txn_odd"))
        page = national.get(f"{HOME}lines/txn_odd/")
        assert "Book it as unallocated" in text_of(page)
        answer = national.post(f"{HOME}lines/txn_odd/decide/", {"as": "unallocated"}, follow=True)
        assert "Decided, and booked." in text_of(answer)
        assert "Decided by national" in text_of(answer)
        again = national.post(f"{HOME}lines/txn_odd/decide/", {"as": "unallocated"}, follow=True)
        assert "booked already" in text_of(again)

    def test_what_is_ours_after_all_goes_back_to_its_donation(
        self, national: Client, donation: CardDonation
    ) -> None:
        other = make_card_donation(gbp(8))
        bring(line_of(other, stripe_id="txn_theirs", is_marked=False))
        book_facts([received(other)])
        assert "Re-allocate it" in text_of(national.get(f"{HOME}lines/txn_theirs/"))
        national.post(f"{HOME}lines/txn_theirs/decide/", {"as": "ours"})
        line = BalanceLine.objects.get(stripe_id="txn_theirs")
        assert line.category == BalanceLine.Category.DONATION

    def test_nothing_is_offered_where_nothing_is_to_decide(
        self, national: Client, donation: CardDonation
    ) -> None:
        assert (
            "<form" not in national.get(f"{HOME}lines/txn_gift/").content.decode().split("<main")[1]
        )


class TestPayouts:
    @pytest.fixture
    def payout(self, donation: CardDonation) -> Payout:
        bring(payout_line(a_payout(gbp("19.42"), state=PayoutState.PAID, has_contents=True)))
        payout = Payout.objects.get()
        BalanceLine.objects.update(payout=payout)
        Payout.objects.update(contents_known_at=timezone.now())
        return payout

    def test_a_payout_is_its_lines(self, national: Client, payout: Payout) -> None:
        for address in ("/treasurer/payouts/", f"{HOME}?since=2026-11-01&until=2026-11-30"):
            page = text_of(national.get(address))
            assert "£19.42 £19.42 £0.00" in page
        page = text_of(national.get("/treasurer/payouts/po_1/"))
        assert "its 2 lines £19.42 remainder £0.00" in page
        assert "at the bank on 26 November 2026" in page
        assert "Donations" in page

    def test_a_remainder_is_not_overlooked(self, national: Client, payout: Payout) -> None:
        BalanceLine.objects.filter(type="refund").update(payout=None)
        assert "not 0" in text_of(national.get("/treasurer/payouts/"))
        assert "The lines do not come to the payout" in text_of(
            national.get("/treasurer/payouts/po_1/")
        )

    def test_contents_that_stripe_does_not_tell(self, national: Client) -> None:
        make_appeal()
        bring(
            payout_line(a_payout()),
            payout_line(a_payout(payout_id="po_2", is_automatic=False)),
            payout_line(a_payout(payout_id="po_3", state=PayoutState.FAILED)),
        )
        page = text_of(national.get("/treasurer/payouts/"))
        for words in ("not settled yet", "by hand: not listed", "failed", "26 Nov (expected)"):
            assert words in page
        assert "has not settled yet" in text_of(national.get("/treasurer/payouts/po_1/"))
        assert "made by hand" in text_of(national.get("/treasurer/payouts/po_2/"))
        assert "It came back" in text_of(national.get("/treasurer/payouts/po_3/"))

    def test_none_yet(self, national: Client) -> None:
        make_appeal()
        assert "No payout yet" in text_of(national.get("/treasurer/payouts/"))


@pytest.mark.parametrize(
    ("address", "most"),
    [
        (HOME, 25),
        (f"{HOME}lines/", 17),
        (f"{HOME}entries/", 17),
        ("/treasurer/payouts/", 10),
        ("/treasurer/payouts/po_1/", 10),
    ],
)
def test_a_page_costs_the_same_queries_however_many_lines(
    national: Client, donation: CardDonation, address: str, most: int
) -> None:
    bring(payout_line(a_payout(gbp(10))))
    BalanceLine.objects.filter(type="charge").update(payout=Payout.objects.get())
    national.get(address, NOVEMBER)
    with CaptureQueriesContext(connection) as few:
        national.get(address, NOVEMBER)
    for number in range(12):
        book_facts([received(other := make_card_donation(gbp(9)))])
        bring(line_of(other), payout_line(a_payout(gbp(2), payout_id=f"po_more_{number}")))
    BalanceLine.objects.filter(type="charge").update(payout=Payout.objects.get(stripe_id="po_1"))
    with CaptureQueriesContext(connection) as many:
        national.get(address, NOVEMBER)
    assert len(many) == len(few) <= most
