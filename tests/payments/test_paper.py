"""What is printed: sheets with the screen's boxes, labels without names, slips to pay by."""

import uuid
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from appeals.models import Appeal
from funds.models import Branch, Membership, Organisation, User
from payments.banking.payee import say_payee
from payments.banking.rules import remember_reference
from payments.counting.settling import set_aside
from payments.counting.tables import BucketFacts, open_occasion
from payments.forms.sheets import SheetForm
from payments.models import BankAccount, Occasion, Seat
from payments.paper.count_sheets import sheets_of
from payments.paper.pledge_slips import LONGEST_REFERENCE, reference_to_quote
from payments.recording import RecordRefusedError, say_day
from tests.factories import gbp, make_appeal, make_branch, make_organisation, make_user
from tests.payments.banking.statements import make_account
from tests.payments.counting import Side, Table, occasion_facts
from tests.payments.printed import pages_of, words_of
from tests.payments.test_treasurer_pages import text_of

pytestmark = pytest.mark.django_db

IBAN = "GB33BUKB20201555555555"


def going_out(buckets: int = 2, **changes: Any) -> Occasion:
    """Buckets with seals and collectors, not back yet."""
    out = [
        BucketFacts(
            seal_number=f"S 104{number}", collector=f"Collector {number}", float_amount=gbp(5)
        )
        for number in range(1, buckets + 1)
    ]
    facts = occasion_facts(make_appeal(), **{"buckets": out, **changes})
    by = make_user(branches=[facts.branch])
    return open_occasion(uuid.uuid4(), facts, opened_by=by)


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def printed(occasion: Occasion, what: str) -> bytes:
    client = client_of(occasion.opened_by)
    response = client.get(reverse(f"payments:occasion-{what}", args=[occasion.reference]))
    assert response.headers["Content-Type"] == "application/pdf"
    assert response.content.startswith(b"%PDF-")
    return response.content


class TestCountSheets:
    def test_each_bucket_has_a_sheet_for_each_of_two_counters(self) -> None:
        occasion = going_out(buckets=2)

        content = printed(occasion, "count-sheets")

        words = words_of(content)
        assert pages_of(content) == 4
        assert words.count("Count sheet A") == words.count("Count sheet B") == 2
        for expected in ("Rally", "Leeds", "S 1041", "S 1042", "Collector 2", "£5.00"):
            assert expected in words
        assert say_day(occasion.held_on) in words

    def test_it_has_the_boxes_of_the_screen_in_the_same_order(self) -> None:
        occasion = going_out(buckets=1)
        form = SheetForm(Seat(occasion=occasion))

        (sheet, _) = sheets_of(occasion, organisation="X", address=lambda *_: "https://x")

        assert sheet.lines == form.lines
        words = words_of(printed(occasion, "count-sheets"))
        places = [words.index(group.name) for group in form.groups]
        assert places == sorted(places)
        for piece in form.lines:
            assert f"{piece.label} \N{MULTIPLICATION SIGN}" in words
        assert "One donation of more than £500.00 in it" in words
        assert words.count("made out to us") == 2 * len(list(form.cheques))

    def test_with_a_witness_there_is_one_sheet_and_the_witness_signs_it(self) -> None:
        branch = make_branch("Small")
        branch.count_rule = Branch.CountRule.WITNESS
        branch.save()
        occasion = going_out(buckets=1, branch=branch, count_rule=Branch.CountRule.WITNESS)

        content = printed(occasion, "count-sheets")

        assert pages_of(content) == 1
        assert "Witness, first and last name" in words_of(content)

    def test_what_is_settled_needs_no_sheet_and_what_is_disputed_a_third(self) -> None:
        table = Table(buckets=3)
        table.both_count(bucket=1)
        set_aside(table.bucket(2), reason="Not used", by=table.treasurer)
        for _ in range(2):
            table.count(Side.A, {"2000": 1}, bucket=3)
            table.count(Side.B, {"2000": 2}, bucket=3)

        content = printed(table.occasion, "count-sheets")

        assert pages_of(content) == 1
        assert "Count sheet C" in words_of(content)

    def test_where_all_is_counted_the_page_says_so(self) -> None:
        table = Table()
        table.both_count()
        address = reverse("payments:occasion-count-sheets", args=[table.occasion.reference])

        page = client_of(table.treasurer).get(address, follow=True)

        assert "there is no sheet to print" in text_of(page)

    def test_blank_ones_are_in_the_organisations_currency(self) -> None:
        make_organisation(currency="EUR")
        client = client_of(make_user(branches=[make_branch("Leeds")]))

        content = client.get(reverse("payments:paper-count-sheets")).content

        assert pages_of(content) == 2
        assert "€500" in words_of(content)
        assert "Witness, first and last name" in words_of(content)
        assert "Scottish" not in words_of(content)

    def test_printing_costs_the_same_queries_however_many_buckets(self) -> None:
        few = going_out(buckets=1)
        client = client_of(few.opened_by)
        with CaptureQueriesContext(connection) as first:
            client.get(reverse("payments:occasion-count-sheets", args=[few.reference]))
        many = open_occasion(
            uuid.uuid4(),
            occasion_facts(few.appeal, buckets=[BucketFacts()] * 6),
            opened_by=few.opened_by,
        )
        with CaptureQueriesContext(connection) as second:
            client.get(reverse("payments:occasion-count-sheets", args=[many.reference]))

        assert len(second) == len(first) <= 12


class TestLabels:
    def test_each_bucket_has_one_and_nothing_personal_stands_on_it(self) -> None:
        occasion = going_out(buckets=9)

        content = printed(occasion, "labels")

        words = words_of(content)
        assert pages_of(content) == 2
        for expected in ("S 1041", "S 1049", "Rally", "The Example Party"):
            assert expected in words
        assert f"Leeds, {say_day(occasion.held_on)}" in words
        assert "Collector" not in words


class TestPledgeSlips:
    def slips(self, user: User, **query: str) -> Any:
        return client_of(user).get(reverse("payments:paper-pledge-slips"), query)

    def test_they_say_where_to_pay_and_by_which_reference(self) -> None:
        leeds = make_branch("Leeds")
        make_appeal(title="Premises fund")
        by = make_user(branches=[leeds])
        say_payee(
            make_account(), name=" The  Example Party", sort_code="608301", number="12345678", by=by
        )

        words = words_of(self.slips(by, appeal="rally", branch="leeds").content)

        for expected in (
            "Premises fund",
            "Leeds",
            "The Example Party",
            "60-83-01",
            "12345678",
            "RALLY LEEDS",
            "every month",
            "First payment on",
            "For more than £500.00 at a time: this is my own money and I am on a UK electoral",
            "To give may reveal a political",
            "Promoted by the Example Party",
        ):
            assert words.count(expected) >= 2, expected  # two to a page

    def test_without_an_account_or_a_branch_there_are_lines_to_write_on(self) -> None:
        make_appeal()
        make_organisation(identified_donation_limit=None, regime=Organisation.Regime.UNION)
        national = make_user(role=Membership.Role.NATIONAL_TREASURER)

        words = words_of(self.slips(national, appeal="rally", branch="").content)

        assert "Sort code" in words
        assert "own money" not in words
        assert "RALLY" in words

    def test_an_iban_stands_alone(self) -> None:
        make_appeal()
        national = make_user(role=Membership.Role.NATIONAL_TREASURER)
        say_payee(make_account(), name="The Party", sort_code="", number=IBAN, by=national)

        words = words_of(self.slips(national, appeal="rally").content)

        assert f"IBAN {IBAN}" in words
        assert "Sort code" not in words

    def test_another_branch_and_a_draft_have_none(self) -> None:
        make_appeal()
        make_appeal("draft", status=Appeal.Status.DRAFT)
        make_branch("York")
        by = make_user(branches=[make_branch("Leeds")])

        for query in ({"appeal": "rally", "branch": "york"}, {"appeal": "draft"}, {}):
            assert self.slips(by, **query).headers["Location"] == "/treasurer/paper/"

    def test_a_remembered_reference_is_quoted_if_a_bank_passes_it_on(self) -> None:
        appeal, leeds = make_appeal(), make_branch("Leeds")
        by = make_user()
        remember_reference("A reference far too long", appeal=appeal, branch=leeds, made_by=by)
        assert reference_to_quote(appeal, leeds) == "RALLY LEEDS"
        remember_reference("FF LEEDS", appeal=appeal, branch=leeds, made_by=by)
        assert reference_to_quote(appeal, leeds) == "FF LEEDS"

    @pytest.mark.parametrize(
        ("appeal", "branch", "reference"),
        [
            ("rally-for-socialism-2026", "", "RALLY FOR SOCIALIS"),
            ("rally-for-socialism-2026", "newcastle-upon-tyne", "RALLY FOR NEWCASTL"),
            ("ff", "newcastle-upon-tyne", "FF NEWCASTLE UPON"),
        ],
    )
    def test_long_names_are_cut_so_that_both_are_known(
        self, appeal: str, branch: str, reference: str
    ) -> None:
        found = reference_to_quote(
            make_appeal(appeal), make_branch(branch.title()) if branch else None
        )

        assert found == reference
        assert len(found) <= LONGEST_REFERENCE


class TestWhereDonorsPayTo:
    @pytest.mark.parametrize(
        ("sort_code", "number", "field"),
        [
            ("6083", "12345678", "sort_code"),
            ("60-83-01", "1234567", "number"),
            ("60-83-01", IBAN, "number"),
            ("", "12345678", "number"),
            ("", "GB33BUKB20201555555554", "number"),
        ],
    )
    def test_a_number_that_leads_astray_is_refused(
        self, sort_code: str, number: str, field: str
    ) -> None:
        with pytest.raises(RecordRefusedError) as refused:
            say_payee(
                make_account(), name="Party", sort_code=sort_code, number=number, by=make_user()
            )
        assert refused.value.field == field
        assert not BankAccount.objects.filter(payee_said_at__isnull=False).exists()

    def test_the_national_treasurer_says_it_and_it_is_kept_who(self) -> None:
        make_organisation()
        national = make_user("nat", role=Membership.Role.NATIONAL_TREASURER)
        account, client = make_account(), client_of(national)
        address = reverse("payments:bank-account-payee", args=[account.pk])
        paper = reverse("payments:paper")
        assert "nothing yet" in text_of(client.get(paper))

        told = {"name": "The Party", "sort_code": "60 83 01", "number": "12345678"}
        assert client.post(address, {**told, "number": "1"}).status_code == 422
        assert client.post(address, {**told, "name": ""}).status_code == 422
        page = client.post(address, told, follow=True)

        assert "The Party, 60-83-01 12345678 (GBP)" in text_of(page)
        assert "Last said by nat" in text_of(client.get(address))

    def test_the_database_keeps_it_whole(self) -> None:
        account = make_account()
        with (
            pytest.raises(IntegrityError, match="payee_is_whole_and_said_by_a_person"),
            transaction.atomic(),
        ):
            BankAccount.objects.filter(pk=account.pk).update(payee_name="Party")

    def test_a_name_is_needed(self) -> None:
        with pytest.raises(RecordRefusedError, match="name that the account is in"):
            say_payee(make_account(), name=" ", sort_code="", number=IBAN, by=make_user())


class TestWhereItIsFound:
    def test_a_branch_treasurer_finds_it_at_the_occasion_and_the_branch(self) -> None:
        occasion = going_out()
        client = client_of(occasion.opened_by)
        sheets = reverse("payments:occasion-count-sheets", args=[occasion.reference])
        labels = reverse("payments:occasion-labels", args=[occasion.reference])

        board = client.get(reverse("payments:occasion", args=[occasion.reference]))
        assert f'href="{sheets}"' in board.content.decode()
        assert f'href="{labels}"' in board.content.decode()
        for address in ("/treasurer/branches/leeds/", "/treasurer/occasions/"):
            assert 'href="/treasurer/paper/"' in client.get(address).content.decode()
        page = client.get("/treasurer/paper/")
        assert 'value="leeds" selected' in page.content.decode()
        assert "The national treasurer can put that right" in text_of(page)

    def test_with_no_appeal_there_are_no_slips(self) -> None:
        make_organisation()
        client = client_of(make_user(branches=[make_branch("Leeds")]))

        assert "No appeal is open now" in text_of(client.get("/treasurer/paper/"))
