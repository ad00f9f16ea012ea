"""The cash book on screen, on paper and as a spreadsheet; the pages that close a period."""

import csv
import io
import re
import zlib
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from appeals.models import Appeal
from funds.access import Access
from funds.models import Membership, PeriodClose, User
from funds.money import to_minor
from payments.banking.confirming import match_by_hand
from payments.cash import reverse_collection
from payments.closing.cash_book_pdf import draw_cash_book
from payments.closing.columns import cash_book_rows
from payments.models import (
    CashCollection,
    StatementMatch,
    TwoPersonAct,
)
from payments.paying_in import undo_paying_in
from payments.periods import Period, quarter_of
from payments.recording import RecordRefusedError
from payments.two_persons.asking import ask_to_close, ask_to_reopen
from payments.two_persons.deciding import confirm
from tests.factories import (
    gbp,
    make_appeal,
    make_branch,
    make_organisation,
    make_user,
)
from tests.payments.banking.statements import Told
from tests.payments.banking.statements import take as take_lines
from tests.payments.closed import (
    OPEN_DAY,
    SINCE,
    TODAY,
    UNTIL,
    audit,
    book_of,
    close,
    collect,
    seen,
)
from tests.payments.refunding import make_national
from tests.payments.test_paying_in import bank

pytestmark = pytest.mark.django_db


@pytest.fixture
def appeal() -> Appeal:
    return make_appeal(opens_at=timezone.now() - timedelta(days=300))


class TestCashBook:
    def test_each_line_says_where_it_was_held_banked_and_matched(self, appeal: Appeal) -> None:
        stall = collect(appeal, 10, kind=CashCollection.Kind.SALE, place="Bracelets")
        bagged = collect(appeal, 40, place="Kirkgate")
        banked = bank([bagged], paid_in_on=UNTIL, slip_number="100200")
        (line,) = take_lines(Told(UNTIL, gbp(40), "SLIP 100200"))
        match_by_hand(
            line, StatementMatch.Kind.PAYING_IN, str(banked.pk), by=make_national("matcher")
        )

        lines = {one.description: one for one in book_of().books[0].lines}

        assert set(lines) == {"Bracelets (stall)", "Kirkgate", "Paid in, slip 100200"}
        in_hand, in_bank = lines["Bracelets (stall)"], lines["Kirkgate"]
        assert (in_hand.held_where, in_hand.slip, in_hand.banked_on) == ("in hand", "", None)
        assert in_hand.short_reference == str(stall.reference)[:8]
        assert (in_bank.held_where, in_bank.slip) == ("at the bank", "100200")
        assert in_bank.banked_on == in_bank.matched_on == UNTIL
        out = lines["Paid in, slip 100200"]
        assert (out.came_in, out.went_out, out.matched_on) == (None, gbp(40), UNTIL)

    def test_what_was_banked_after_the_period_was_in_hand_at_its_end(self, appeal: Appeal) -> None:
        bank([collect(appeal, 40)], paid_in_on=TODAY)

        (line,) = book_of().books[0].lines

        assert (line.held_where, line.slip) == ("in hand", "")

    def test_reversals_and_undone_slips_are_lines_of_their_own(self, appeal: Appeal) -> None:
        wrong = collect(appeal, 7, place="Market")
        undo_paying_in(bank([collect(appeal, 9)]), reason="Wrong bag", reversed_by=make_user())
        reverse_collection(wrong, reason="Twice", reversed_by=make_user())

        moves = [
            (line.move, int(line.amount.amount), line.held_where)
            for line in book_of(Period("", SINCE, TODAY)).books[0].lines
        ]

        assert moves == [
            ("counted", 7, "in hand"),
            ("counted", 9, "in hand"),
            ("banked", -9, "at the bank"),
            ("brought-back", 9, "in hand"),
            ("taken-back", -7, ""),
        ]

    def test_the_lines_add_up_to_the_tie_out(self, appeal: Appeal) -> None:
        collect(appeal, 5, on=SINCE)
        bank([collect(appeal, 20)], paid_in_on=UNTIL)
        book = book_of()

        for branch_book in book.books:
            (one,) = branch_book.tie_out
            moved = sum(to_minor(line.amount) for line in branch_book.lines)
            assert one.opening_minor + moved == one.in_hand_minor

    def test_a_branch_sees_no_slip_that_holds_another_s_cash(self, appeal: Appeal) -> None:
        leeds, york = make_branch("Leeds"), make_branch("York")
        own = collect(appeal, 20, branch=york)
        bank([own, collect(appeal, 30, branch=leeds)], paid_in_on=UNTIL, slip_number="100300")
        access = Access(frozenset({Membership.Role.BRANCH_TREASURER}), (york,))

        rows = list(cash_book_rows(book_of(access=access)))

        text = "\n".join(",".join(row) for row in rows)
        assert "100300" not in text
        assert "Leeds" not in text
        assert "Paid in by the national treasurer" in text

    def test_no_cell_is_a_formula_for_a_spreadsheet(self, appeal: Appeal) -> None:
        collect(appeal, 20, place="=HYPERLINK(1)")
        bank([collect(appeal, 5, on=SINCE)], paid_in_on=UNTIL)

        cells = [cell for row in cash_book_rows(book_of()) for cell in row]

        assert "'=HYPERLINK(1)" in cells
        assert not [cell for cell in cells if cell.startswith(("=", "+", "@"))]

    def test_the_printed_book_holds_the_lines_and_the_figures(self, appeal: Appeal) -> None:
        for number in range(60):
            collect(appeal, 1, place=f"Stall {number}, {'a long way off, ' * 4}")
        close()
        collect(appeal, 5)

        signed = text_of_pdf(draw_cash_book(book_of(), organisation="The Example Party"))
        after = text_of_pdf(
            draw_cash_book(book_of(Period("x", OPEN_DAY, TODAY)), organisation="The Example Party")
        )
        empty = text_of_pdf(
            draw_cash_book(
                book_of(Period("x", date(2020, 1, 1), date(2020, 1, 2))), organisation="Ours"
            )
        )

        assert "confirmed by second" in signed
        assert signed.count("Stall ") == 60
        assert "£60.00" in signed
        assert "£65.00" in after
        assert "late: own date" in after
        assert "Not closed" in after
        assert "No cash moved" in empty


def text_of_pdf(drawn: bytes) -> str:
    """What is written on its pages."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", drawn, re.DOTALL)
    pages = []
    for stream in streams:
        try:
            pages.append(zlib.decompress(stream).decode("cp1252", "replace"))
        except zlib.error:
            continue
    return "\n".join(pages)


class TestPages:
    @pytest.fixture
    def first(self) -> Client:
        return client_of(make_national("first"))

    @pytest.fixture
    def second(self) -> Client:
        return client_of(make_national("second"))

    def test_a_period_is_closed_by_two_on_the_figures_they_saw(
        self, appeal: Appeal, first: Client, second: Client
    ) -> None:
        collect(appeal, 20)
        where = reverse("payments:period-close")
        days = {"since": SINCE.isoformat(), "until": UNTIL.isoformat()}

        preview = first.get(where, days)
        page = preview.content.decode()
        assert "1 collection, £20, counted and not yet banked" in page
        told = days | {"figures": preview.context["figures"]}
        asked = first.post(where, told, follow=True)
        assert "Waits for a second person" in asked.content.decode()
        assert not PeriodClose.objects.exists()
        act = TwoPersonAct.objects.get()
        own = reverse("payments:second-person-act", args=[act.reference])
        assert "Waits for a second person" in first.get(where, days).content.decode()
        assert (
            "Waits for a second person" in first.get(reverse("payments:periods")).content.decode()
        )

        collect(appeal, 5)
        stale = second.post(f"{own}confirm/", {"figures": act.figures}, follow=True)
        assert "since you looked" in stale.content.decode()
        assert "The figures have changed" in stale.content.decode()
        figures = second.get(own).context["figures"]
        done = second.post(f"{own}confirm/", {"figures": figures}, follow=True)

        assert "Confirmed, and done" in done.content.decode()
        closed = PeriodClose.objects.get()
        assert (
            closed.closed_by.username,
            closed.confirmed_by and closed.confirmed_by.username,
        ) == (
            "first",
            "second",
        )
        shown = second.get(reverse("payments:period", args=[closed.reference])).content.decode()
        assert "£25.00" in shown
        assert closed.name in second.get(reverse("payments:periods")).content.decode()

    def test_without_a_limit_one_person_closes_and_opens_again(
        self, appeal: Appeal, first: Client
    ) -> None:
        make_organisation(reversal_second_person_above=None)
        where = reverse("payments:period-close")
        days = {"since": SINCE.isoformat(), "until": UNTIL.isoformat()}
        figures = first.get(where, days).context["figures"]

        done = first.post(where, days | {"figures": figures}, follow=True)

        closed = PeriodClose.objects.get()
        assert f"{closed.name} is closed" in done.content.decode()
        reopen = reverse("payments:period-reopen", args=[closed.reference])
        assert first.get(reopen).status_code == 200
        assert first.post(reopen, {"reason": ""}).status_code == 422
        opened = first.post(reopen, {"reason": "A slip was found"}, follow=True)
        assert "is open again" in opened.content.decode()
        assert "A slip was found" in opened.content.decode()
        assert first.post(reopen, {"reason": "Again"}).status_code == 422

    def test_it_is_opened_again_by_two(self, appeal: Appeal, first: Client, second: Client) -> None:
        closed = close()
        reopen = reverse("payments:period-reopen", args=[closed.reference])

        first.post(reopen, {"reason": "A slip was found"})

        act = TwoPersonAct.objects.get()
        own = reverse("payments:second-person-act", args=[act.reference])
        assert closed.name in second.get(own).content.decode()
        waiting = second.get(reverse("payments:period", args=[closed.reference]))
        assert "Waits for a second person" in waiting.content.decode()
        second.post(f"{own}confirm/")
        closed.refresh_from_db()
        assert closed.reopened_at is not None
        assert closed.reopen_confirmed_by == User.objects.get(username="second")
        assert audit() == []

    def test_what_cannot_be_closed_is_refused_on_the_page(
        self, appeal: Appeal, first: Client
    ) -> None:
        where = reverse("payments:period-close")
        for days in (
            {"since": SINCE.isoformat(), "until": TODAY.isoformat()},
            {"since": UNTIL.isoformat(), "until": SINCE.isoformat()},
        ):
            page = first.get(where, days)
            assert "Sign, and ask" not in page.content.decode()
            assert first.post(where, days | {"figures": "0" * 64}).status_code == 422
        assert first.post(where, {"since": "x", "until": ""}).status_code == 422
        days = {"since": SINCE.isoformat(), "until": UNTIL.isoformat()}
        stale = first.post(where, days | {"figures": "0" * 64})
        assert stale.status_code == 422
        assert "since you looked" in stale.content.decode()

    def test_one_waits_at_a_time(self, appeal: Appeal) -> None:
        closed, first = close(), make_national("first")
        act = ask_to_reopen(closed, reason="x", by=first)
        assert ask_to_reopen(closed, reason="y", by=make_national("second")) == act

        with pytest.raises(RecordRefusedError, match="waits for a second person first"):
            ask_to_close(seen(OPEN_DAY, TODAY - timedelta(days=1)), by=first)
        with pytest.raises(RecordRefusedError, match="Say why"):
            ask_to_reopen(closed, reason=" ", by=first)
        confirm(act, by=make_national("second"))

    def test_the_cash_book_on_screen_to_print_and_as_a_spreadsheet(
        self, appeal: Appeal, first: Client
    ) -> None:
        collect(appeal, 20, place="Kirkgate")
        collect(appeal, 30, branch=make_branch("York"), place="Micklegate")
        days = {"since": SINCE.isoformat(), "until": UNTIL.isoformat()}

        both = first.get(reverse("payments:cash-book"), days).content.decode()
        one = first.get(reverse("payments:cash-book"), days | {"branch": "york"}).content.decode()
        pdf = first.get(reverse("payments:cash-book-pdf"), days)
        sheet = first.get(reverse("payments:cash-book-csv"), days)

        assert "£50.00" in both
        assert "Kirkgate" not in both
        assert "Micklegate" in one
        assert "Kirkgate" not in one
        assert pdf.headers["Content-Type"] == "application/pdf"
        assert "Kirkgate" in text_of_pdf(pdf.content)
        rows = list(csv.reader(io.StringIO(sheet.content.decode())))
        assert [row[4] for row in rows[1:3]] == ["Kirkgate", "Micklegate"]
        assert rows[-1][:3] == ["York", "GBP", "0.00"]

    def test_a_branch_treasurer_sees_only_their_own(self, appeal: Appeal) -> None:
        collect(appeal, 20, place="Kirkgate")
        collect(appeal, 30, branch=make_branch("York"), place="Micklegate")
        york = client_of(make_user(branches=[make_branch("York")]))
        days = {"since": SINCE.isoformat(), "until": UNTIL.isoformat()}

        page = york.get(reverse("payments:cash-book"), days).content.decode()
        pdf = text_of_pdf(york.get(reverse("payments:cash-book-pdf"), days).content)
        theirs = york.get(reverse("payments:cash-book"), days | {"branch": "leeds"})
        nobodys = york.get(reverse("payments:cash-book-csv"), days | {"branch": "nowhere"})

        for text in (page, pdf):
            assert "Micklegate" in text
            assert "Kirkgate" not in text
            assert "Leeds" not in text
        assert theirs.status_code == 422
        assert "Micklegate" not in theirs.content.decode()
        assert "Micklegate" not in nobodys.content.decode()

    def test_days_that_cannot_be_meant_show_the_quarter(
        self, appeal: Appeal, first: Client
    ) -> None:
        told = {"since": UNTIL.isoformat(), "until": SINCE.isoformat()}

        page = first.get(reverse("payments:cash-book"), told)

        assert page.status_code == 422
        assert "ends before it begins" in page.content.decode()
        assert page.context["book"].period == quarter_of(TODAY)

    def test_pages_cost_the_same_for_many_branches(
        self, appeal: Appeal, first: Client, django_assert_max_num_queries: Any
    ) -> None:
        for name in ("Leeds", "York", "Hull", "Derby", "Bolton"):
            collect(appeal, 20, branch=make_branch(name))
        days = {"since": SINCE.isoformat(), "until": UNTIL.isoformat()}

        with django_assert_max_num_queries(15):
            assert first.get(reverse("payments:cash-book"), days).status_code == 200
        with django_assert_max_num_queries(35):
            assert first.get(reverse("payments:period-close"), days).status_code == 200


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client
