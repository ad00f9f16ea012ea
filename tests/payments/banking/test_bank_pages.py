"""The bank's pages for the national treasurer, as a browser without JavaScript sees them."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from appeals.models import Appeal
from appeals.progress import read_reading
from funds.models import Membership, User
from payments.banking.chores import do_bank_work
from payments.banking.importing import read_due_files
from payments.banking.matching import propose_matches
from payments.models import (
    BankAccount,
    PayerRule,
    StatementImport,
    StatementLine,
    StatementMatch,
    TransferReceipt,
)
from payments.recording import local_today
from payments.views.treasurer.statements import PATH
from tests.factories import gbp, make_appeal, make_branch, make_organisation, make_user
from tests.payments.banking.statements import Told, camt_of, csv_of, keep, make_account, take
from tests.payments.test_cash import facts_of as cash_of
from tests.payments.test_cash import record
from tests.payments.test_cash_transfers import facts_of as transfer_of
from tests.payments.test_cash_transfers import record as record_transfer
from tests.payments.test_paying_in import bank
from tests.payments.test_treasurer_pages import text_of

pytestmark = pytest.mark.django_db

BANK = "/treasurer/bank/"
PROPOSALS = "/treasurer/bank/proposals/"
LINES = "/treasurer/bank/lines/"
RULES = "/treasurer/bank/references/"


@pytest.fixture
def user() -> User:
    return make_user("national", role=Membership.Role.NATIONAL_TREASURER)


@pytest.fixture
def national(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


@pytest.fixture
def appeal() -> Appeal:
    return make_appeal(branch_targets=[(make_branch("Leeds"), gbp(1000))])


def told(amount: Any, text: str, *, ago: int = 0, reference: str = "") -> Told:
    return Told(local_today() - timedelta(days=ago), gbp(amount), text, reference)


def send(client: Client, content: bytes, *, name: str = "november.csv") -> Any:
    form = {"account": make_account().pk, "file": SimpleUploadedFile(name, content)}
    return client.post(PATH, form, follow=True)


def address_of(line: StatementLine, page: str = "") -> str:
    return f"{LINES}{line.reference}/{page}"


def lines(rows: Iterable[tuple[Any, str]]) -> list[StatementLine]:
    return take(*(told(amount, text) for amount, text in rows))


class TestFiles:
    def test_the_server_takes_large_files_at_this_very_address(self) -> None:
        assert reverse("payments:statement-new") == PATH
        # That the server does is tested with a real one (tests/browser/test_banking.py).

    def test_without_an_account_one_is_named_first(self, national: Client, appeal: Appeal) -> None:
        assert "No account yet" in text_of(national.get(BANK))
        page = national.get(PATH, follow=True)
        assert page.redirect_chain == [("/treasurer/bank/accounts/new/", 302)]

        new = page.redirect_chain[0][0]
        assert national.post(new, {"name": "", "currency": "GBP"}).status_code == 422
        page = national.post(new, {"name": "Unity Trust", "currency": "GBP"}, follow=True)
        assert page.redirect_chain == [(PATH, 302)]
        again = national.post(new, {"name": "unity trust", "currency": "EUR"})
        assert again.status_code == 422
        assert BankAccount.objects.get().made_by.username == "national"

    def test_a_csv_s_columns_are_confirmed_once(self, national: Client, appeal: Appeal) -> None:
        page = send(national, csv_of([told(25, "CASH 100123"), told(-7, "RENT", ago=1)]))
        columns = page.redirect_chain[0][0]
        assert columns.endswith("/columns/")
        assert "What the columns mean" in text_of(page)
        assert "CASH 100123" in text_of(page)
        assert "\N{MINUS SIGN}£7" in text_of(page)

        form = page.context["form"].initial | {"confirmed": "yes"}
        form = {name: value for name, value in form.items() if value is not None}
        waiting = national.post(columns, form, follow=True)
        assert "Waits to be read" in text_of(waiting)
        assert 'http-equiv="refresh"' in waiting.content.decode()
        read_due_files()
        done = national.get(waiting.redirect_chain[0][0])
        assert "Read: 2 new lines" in text_of(done)
        assert "http-equiv" not in done.content.decode()
        assert national.get(columns, follow=True).redirect_chain  # it waits for that no more

        page = send(national, csv_of([told(1, "Next")]), name="december.csv")
        assert "Waits to be read" in text_of(page)

    def test_the_columns_can_be_put_right_and_are_shown_as_read(
        self, national: Client, appeal: Appeal
    ) -> None:
        page = send(national, csv_of([told(25, "CASH", reference="7")]))
        columns = page.redirect_chain[0][0]
        right = {
            "date": "0",
            "date_order": "dmy",
            "decimal_mark": ".",
            "amount": "3",
            "text": ["1", "2"],
        }

        shown = national.post(columns, right)
        assert shown.status_code == 200
        assert [line.text for line in shown.context["lines"]] == ["CASH 7"]
        for wrong, words in (
            ({"amount": ""}, "Say where the amount stands"),
            ({"credit": "3"}, "Either one column"),
            ({"direction": "1", "amount": "", "credit": "3"}, "only goes with one column"),
            ({"date": ""}, "required"),
            ({"amount": "1"}, "has a date and no amount"),
            ({"date_order": "ymd"}, "is not a date"),
            ({"date": "1"}, "No row has a date"),
        ):
            refused = national.post(columns, {**right, **wrong, "confirmed": "yes"})
            assert refused.status_code == 422
            assert words in text_of(refused) or words in str(refused.context["form"].errors)
        assert StatementImport.objects.get().state == "columns"

    def test_a_file_that_is_none_is_refused_beside_its_box(
        self, national: Client, appeal: Appeal
    ) -> None:
        assert "none of the formats" in text_of(send(national, b"%PDF-1.7"))
        assert "The file is empty" in text_of(send(national, b""))
        form = {"account": "", "file": SimpleUploadedFile("a", b"x")}
        assert "Choose the account" in text_of(national.post(PATH, form))
        assert not StatementImport.objects.exists()

    def test_progress_is_shown_while_it_is_read(self, national: Client, appeal: Appeal) -> None:
        kept = keep(camt_of([told(1, "A"), told(2, "B")]))
        StatementImport.objects.update(state="reading", lines_total=2000, lines_read=500)

        page = national.get(f"/treasurer/bank/files/{kept.reference}/", {"looked": "40"})

        assert "25% read" in text_of(page)
        assert "500 of 2,000 lines" in text_of(page)
        assert 'content="3;url=?looked=41"' in page.content.decode()
        odd = national.get(f"/treasurer/bank/files/{kept.reference}/", {"looked": "many"})
        assert 'content="1;url=?looked=1"' in odd.content.decode()
        late = national.get(f"/treasurer/bank/files/{kept.reference}/", {"looked": "9999"})
        assert 'content="15;' in late.content.decode()

    def test_a_refused_file_says_why_and_may_be_read_anew(
        self, national: Client, appeal: Appeal
    ) -> None:
        kept = keep(csv_of([told(25, "A")]).replace(b"25.00", b"25.O0"))
        read_due_files()
        address = f"/treasurer/bank/files/{kept.reference}/"

        page = national.get(address)
        assert "Row 2: “25.O0” is not an amount" in text_of(page)
        anew = national.post(f"{address}columns/", {}, follow=True)

        assert anew.redirect_chain == [(f"{address}columns/", 302)]
        assert "Not taken" in text_of(national.get(BANK)) or "confirm the columns" in text_of(
            national.get(BANK)
        )

    def test_the_overview_counts_lines_and_what_is_explained(
        self, national: Client, appeal: Appeal
    ) -> None:
        bank([record(cash_of(appeal))], slip_number="100123")
        rent, _cash, _other = lines([(-7, "RENT"), (25, "CASH 100123"), (3, "?")])
        national.post(address_of(rent, "aside/"), {"note": "Rent"})
        do_bank_work()

        page = national.get(BANK)

        (state,) = page.context["accounts"]
        assert (state.lines, state.explained, state.open) == (3, 1, 2)
        assert "1 line to confirm" in text_of(page)


class TestProposals:
    def test_the_ticked_ones_are_confirmed(self, national: Client, appeal: Appeal) -> None:
        bank([record(cash_of(appeal))], slip_number="100123")
        bank([record(cash_of(appeal, amount=gbp(30)))], slip_number="100124")
        lines([(25, "CASH 100123"), (30, "CASH 100124")])
        propose_matches()
        first, second = StatementMatch.objects.order_by("pk")

        page = national.get(PROPOSALS)
        assert page.context["listed"].ready == 2
        done = national.post(PROPOSALS, {"match": [str(first.reference), "x"]}, follow=True)

        assert "Confirmed: 1" in text_of(done)
        second.refresh_from_db()
        assert second.confirmed_at is None
        none = national.post(PROPOSALS, {}, follow=True)
        assert "Nothing was ticked" in text_of(none)

    def test_what_a_tick_is_not_enough_for_says_what_to_do(
        self, national: Client, user: User, appeal: Appeal
    ) -> None:
        bank([record(cash_of(appeal), by=user)], slip_number="100123")
        bank([record(cash_of(appeal, amount=gbp(30)))], slip_number="100124")
        national.post(RULES, {"words": "RALLY LEEDS", "appeal": "rally"})
        lines([(25, "CASH 100123"), (28, "CASH 100124"), (501, "RALLY LEEDS"), (1, "Other")])
        propose_matches()

        page = national.get(PROPOSALS)

        words = text_of(page)
        assert "another national treasurer confirms it" in words
        assert "differs by \N{MINUS SIGN}£2 Say why" in words
        assert "needs a name" in words
        assert "1 line of which the site cannot be sure" in words
        assert page.context["listed"].ready == 0
        # And whoever sends the form all the same is refused.
        every = [str(one.reference) for one in StatementMatch.objects.all()]
        refused = text_of(national.post(PROPOSALS, {"match": every}, follow=True))
        assert "You counted, recorded or paid in slip 100123" in refused
        assert "Say why the bank has another amount" in refused
        assert "full name" in refused
        assert not StatementMatch.objects.filter(confirmed_at__isnull=False).exists()

    def test_a_proposal_that_vanished_meanwhile_is_told(
        self, national: Client, appeal: Appeal
    ) -> None:
        bank([record(cash_of(appeal))], slip_number="100123")
        lines([(25, "CASH 100123")])
        propose_matches()
        reference = str(StatementMatch.objects.get().reference)
        StatementMatch.objects.all().delete()

        page = national.post(PROPOSALS, {"match": reference}, follow=True)

        assert "changed meanwhile" in text_of(page)
        assert "Nothing to confirm" in text_of(page)

    @pytest.mark.parametrize("address", [PROPOSALS, LINES, BANK, RULES])
    def test_pages_cost_the_same_queries_however_much_there_is(
        self, national: Client, appeal: Appeal, address: str
    ) -> None:
        def more(first: int, count: int) -> None:
            for number in range(first, first + count):
                bank([record(cash_of(appeal))], slip_number=f"1001{number:02}")
                national.post(
                    RULES, {"words": f"RALLY {number} LEEDS", "appeal": "rally", "branch": "leeds"}
                )
            lines(
                [
                    row
                    for number in range(first, first + count)
                    for row in (
                        (25, f"CASH 1001{number:02}"),
                        (3, f"RALLY {number} LEEDS"),
                        (1, f"Other {number}"),
                    )
                ]
            )
            propose_matches()

        more(0, 1)
        national.get(address)
        with CaptureQueriesContext(connection) as few:
            national.get(address)
        more(1, 6)
        with CaptureQueriesContext(connection) as many:
            national.get(address)

        assert len(many) == len(few) <= 12


class TestLines:
    def test_a_person_says_what_a_line_is_and_why_it_differs(
        self, national: Client, appeal: Appeal
    ) -> None:
        banked = bank([record(cash_of(appeal))], slip_number="7")
        (line,) = lines([("21.80", "DEPOSIT")])
        page = national.get(address_of(line))
        (option,) = page.context["options"]
        assert "differs by \N{MINUS SIGN}£3.20" in text_of(page)
        choice = f"{option.candidate.kind}:{option.candidate.target}"

        refused = national.post(address_of(line, "match/"), {"option": choice})
        assert refused.status_code == 422
        assert "Say why the bank has another amount" in text_of(refused)
        done = national.post(
            address_of(line, "match/"), {"option": choice, "note": "A roll was short"}, follow=True
        )

        assert "Differs by \N{MINUS SIGN}£3.20: A roll was short" in text_of(done)
        slip = national.get(f"/treasurer/payings-in/{banked.reference}/")
        assert "with a difference of" in text_of(slip)
        assert "A roll was short" in text_of(slip)
        assert "at the bank" in text_of(national.get("/treasurer/payings-in/"))

    def test_what_is_not_on_offer_cannot_be_said(self, national: Client, appeal: Appeal) -> None:
        (line,) = lines([(25, "DEPOSIT")])

        for option in ("", "paying-in:99", "nonsense:1", "aside:"):
            assert national.post(address_of(line, "match/"), {"option": option}).status_code == 200

        assert not StatementMatch.objects.exists()

    def test_what_was_said_is_undone_with_a_reason(self, national: Client, appeal: Appeal) -> None:
        (line,) = lines([(-7, "RENT")])
        assert national.post(address_of(line, "aside/"), {"note": ""}).status_code == 422
        national.post(address_of(line, "aside/"), {"note": "Rent"})
        again = national.post(address_of(line, "aside/"), {"note": "Rent"}, follow=True)
        assert "Something was said of this line meanwhile" in text_of(again)

        assert national.post(address_of(line, "undo/"), {"reason": ""}).status_code == 422
        page = national.post(address_of(line, "undo/"), {"reason": "It was wages"}, follow=True)

        assert "Said before, and undone" in text_of(page)
        assert "It was wages" in text_of(page)
        assert national.post(address_of(line, "undo/"), {"reason": "x"}).status_code == 200

    def test_a_gift_is_recorded_from_its_line(self, national: Client, appeal: Appeal) -> None:
        make_organisation(reversal_second_person_above=None)
        (line,) = lines([(501, "A N OTHER")])
        page = national.get(address_of(line, "record/"))
        assert "amount" not in page.context["form"].fields
        form = {
            "reference": str(line.reference),
            "appeal": "rally",
            "branch": "leeds",
            "method": "transfer",
            "bank_reference": "GIFT 7",
        }

        refused = national.post(address_of(line, "record/"), form)
        assert refused.status_code == 422
        assert "full name" in text_of(refused)
        assert national.post(address_of(line, "record/"), {}).status_code == 422
        done = national.post(
            address_of(line, "record/"),
            {**form, "name": "A N Other", "address": "1 Example Street"},
            follow=True,
        )

        receipt = TransferReceipt.objects.get()
        assert (receipt.amount, receipt.received_on) == (gbp(501), local_today())
        assert f"/treasurer/transfers/{receipt.reference}/" in done.content.decode()
        assert read_reading(appeal).by_method["transfer"] == gbp(501)
        again = national.post(
            address_of(line, "record/"),
            {**form, "name": "A N Other", "address": "1 Example Street"},
            follow=True,
        )
        assert "meanwhile" in text_of(again)
        undone = national.post(address_of(line, "undo/"), {"reason": "Mine"}, follow=True)
        assert "Undone" in text_of(undone)

    def test_what_its_reference_is_for_is_filled_in(self, national: Client, appeal: Appeal) -> None:
        national.post(RULES, {"words": "RALLY LEEDS", "appeal": "rally", "branch": "leeds"})
        (line,) = lines([(501, "A N OTHER rally leeds")])
        propose_matches()

        form = national.get(address_of(line, "record/")).context["form"]

        told = {name: form[name].value() for name in ("appeal", "branch", "bank_reference")}
        assert told == {"appeal": "rally", "branch": "leeds", "bank_reference": "RALLY LEEDS"}

    def test_a_returned_cheque_is_not_undone(self, national: Client, appeal: Appeal) -> None:
        cheque = record_transfer(
            transfer_of(
                appeal, method=TransferReceipt.Method.CHEQUE, bank_reference="cheque 100456"
            )
        )
        (line,) = lines([(-45_000, "UNPAID CHQ 100456")])
        propose_matches()
        national.post(PROPOSALS, {"match": str(StatementMatch.objects.get().reference)})
        cheque.refresh_from_db()
        assert cheque.reversed_at is not None

        refused = national.post(address_of(line, "undo/"), {"reason": "Paid after all"})

        assert refused.status_code == 422
        assert "The bank returned this money" in text_of(refused)

    def test_a_matched_transfer_is_not_reversed_by_hand(
        self, national: Client, appeal: Appeal
    ) -> None:
        receipt = record_transfer(transfer_of(appeal))
        lines([(45_000, "PREMISES 1")])
        propose_matches()
        national.post(PROPOSALS, {"match": str(StatementMatch.objects.get().reference)})

        page = national.post(
            f"/treasurer/transfers/{receipt.reference}/reverse/", {"reason": "Twice"}
        )

        assert page.status_code == 422
        assert "undo the match" in text_of(page)

    def test_the_list_shows_what_is_left_and_is_narrowed(
        self, national: Client, appeal: Appeal
    ) -> None:
        rent, gift, odd = lines([(-7, "RENT"), (5, "GIFT"), (6, "ODD gift")])
        national.post(address_of(rent, "aside/"), {"note": "Rent"})
        national.post(RULES, {"words": "ODD GIFT", "appeal": "rally"})
        propose_matches()

        def shown(**query: str) -> set[StatementLine]:
            return {row.line for row in national.get(LINES, query).context["listed"].rows}

        assert shown() == {gift, odd}
        assert shown(state="aside") == {rent}
        assert shown(state="confirmed") == set()
        assert shown(state="all", words="gift odd") == {odd}
        assert shown(state="all", booked_from=local_today().isoformat()) == {rent, gift, odd}
        assert shown(account=str(make_account("Other").pk)) == set()
        assert shown(account="99999") == set()
        assert "None like that" in text_of(national.get(LINES, {"words": "nothing"}))
        assert "set aside" in text_of(national.get(LINES, {"state": "aside"}))

    def test_the_ticked_lines_are_set_aside_together(
        self, national: Client, appeal: Appeal
    ) -> None:
        rent, wages, gift = lines([(-7, "RENT"), (-8, "WAGES"), (5, "GIFT")])
        ticked = [str(rent.reference), str(wages.reference)]

        assert national.post(LINES, {"line": ticked, "note": ""}).status_code == 422
        page = national.post(
            f"{LINES}?words=e", {"line": ticked, "note": "Running costs"}, follow=True
        )

        assert page.redirect_chain == [(f"{LINES}?words=e", 302)]
        assert "Set aside: 2" in text_of(page)
        assert StatementMatch.objects.count() == 2
        national.post(address_of(gift, "aside/"), {"note": "Rent"})
        assert "Every line is explained" in text_of(national.get(LINES))


class TestRules:
    def test_a_reference_is_remembered_and_stopped(self, national: Client, appeal: Appeal) -> None:
        form = {"words": "rally leeds", "appeal": "rally", "branch": "leeds"}

        page = national.post(RULES, form, follow=True)
        assert "RALLY LEEDS" in text_of(page)
        assert national.post(RULES, {**form, "branch": ""}).status_code == 422
        assert national.post(RULES, {**form, "words": "R"}).status_code == 422
        rule = PayerRule.objects.get()
        stopped = national.post(f"{RULES}{rule.reference}/stop/", follow=True)

        assert "Stopped" in text_of(stopped)
        assert list(stopped.context["rules"]) == []
        assert national.get(f"{RULES}{rule.reference}/stop/").status_code == 302

    def test_without_an_appeal_nothing_can_be_remembered(self, national: Client) -> None:
        make_organisation()

        assert "No appeal is open now" in text_of(national.get(RULES))
