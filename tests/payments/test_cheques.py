"""A cheque's way: listed, on a slip, cleared and raised once; or returned, and then for nothing."""

import uuid
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from appeals.progress import read_reading
from funds.access import read_access
from funds.audit import audit_ledger
from funds.models import JournalEntry, Membership, User
from funds.money import Money
from payments.audit import audit_till
from payments.banking.confirming import confirm_proposal, match_by_hand, undo_match
from payments.banking.matching import propose_matches
from payments.cheque_records import (
    ChequeState,
    cheques_in_hand,
    read_due_cheques,
    show_cheques,
    visible_cheques,
    with_states,
)
from payments.cheques import clear_cheque, return_cheque
from payments.counting.settling import count_anew
from payments.models import (
    CashCollection,
    Cheque,
    NamedGift,
    PayingIn,
    StatementLine,
    StatementMatch,
    TransferReceipt,
)
from payments.paying_in import pay_in as record_paying_in
from payments.paying_in import undo_paying_in
from payments.recording import RecordConflictError, RecordRefusedError, local_today
from payments.transfers import reverse_transfer
from tests.factories import gbp, make_branch, make_organisation, make_user
from tests.payments import test_named_gifts
from tests.payments.banking.statements import Told, take
from tests.payments.counting import Side, Table, sheet_of
from tests.payments.printed import words_of
from tests.payments.test_cash import race
from tests.payments.test_paying_in import bank, facts_of, in_bank
from tests.payments.test_treasurer_pages import text_of

pytestmark = pytest.mark.django_db

Kind = StatementMatch.Kind


def table_with_cheques(*pounds: int, cash: int = 3, held_ago: int = 0) -> Table:
    """Both counted so many £20 notes, and these cheques, so many days ago."""
    make_organisation()
    table = Table(held_on=local_today() - timedelta(days=held_ago))
    day = local_today() - timedelta(days=held_ago + 1)
    pieces = {"2000": cash} if cash else {}
    sheet = sheet_of(pieces, *((amount * 100, day) for amount in pounds))
    for side in (Side.A, Side.B):
        table.count(side, sheet=sheet, reference=uuid.uuid4())
    return table


def the_cheque(amount: int = 25) -> Cheque:
    return Cheque.objects.get(amount=amount)


def pay_in(table: Table, *, on: date | None = None, slip: str = "100123") -> PayingIn:
    """All of the table: its cash, if there is any, and its cheques."""
    return bank(
        list(CashCollection.objects.filter(reversed_at__isnull=True)),
        cheques=list(cheques_in_hand(read_access(table.treasurer))),
        slip_number=slip,
        paid_in_on=on or local_today(),
    )


def national() -> User:
    return make_user(role=Membership.Role.NATIONAL_TREASURER)


def line(amount: Money, text: str = "CREDIT 100123", *, on: date | None = None) -> StatementLine:
    (found,) = take(Told(on or local_today(), amount, text))
    return found


def state_of(cheque: Cheque) -> ChequeState:
    found = with_states(Cheque.objects.filter(pk=cheque.pk))
    return show_cheques(found)[0].state


def clean() -> bool:
    return not [*audit_till(), *audit_ledger()]


def clear(cheque: Cheque, *, on: date | None = None) -> TransferReceipt:
    return clear_cheque(cheque, cleared_on=on or local_today(), by=national())


def send_back(cheque: Cheque, **changes: Any) -> Cheque:
    told = {"returned_on": local_today(), "reason": "Refer to drawer", "by": national()}
    return return_cheque(cheque, **{**told, **changes})


class TestTheWay:
    def test_it_is_raised_when_it_has_cleared_and_not_before(self) -> None:
        table = table_with_cheques(25)
        cheque = the_cheque()
        assert (state_of(cheque), read_reading(table.appeal).raised) == ("in hand", gbp(60))
        paying_in = pay_in(table)
        assert (paying_in.amount, paying_in.cheques_amount) == (gbp(60), gbp(25))
        assert (state_of(cheque), read_reading(table.appeal).raised) == ("paid in", gbp(60))
        assert in_bank() == gbp(60)

        receipt = clear(cheque)

        assert (state_of(cheque), read_reading(table.appeal).raised) == ("cleared", gbp(85))
        assert in_bank() == gbp(85)
        assert receipt.method == TransferReceipt.Method.CHEQUE
        assert (receipt.branch, receipt.amount) == (table.occasion.branch, gbp(25))
        assert clear(cheque) == receipt  # a second tap
        assert TransferReceipt.objects.count() == 1
        assert clean()

    def test_one_that_bounces_after_it_cleared_is_reversed(self) -> None:
        table = table_with_cheques(25)
        pay_in(table)
        clear(the_cheque())

        send_back(the_cheque())
        send_back(the_cheque())

        assert state_of(the_cheque()) == "returned"
        assert (read_reading(table.appeal).raised, in_bank()) == (gbp(60), gbp(60))
        assert clean()

    def test_one_that_comes_back_before_that_was_never_booked(self) -> None:
        table = table_with_cheques(25)
        pay_in(table)
        before = JournalEntry.objects.count()

        send_back(the_cheque())

        assert JournalEntry.objects.count() == before
        with pytest.raises(RecordRefusedError, match="It went back"):
            clear(the_cheque())
        assert clean()

    def test_cleared_by_mistake_it_waits_again_and_may_clear_anew(self) -> None:
        table = table_with_cheques(25)
        pay_in(table)
        reverse_transfer(clear(the_cheque()), reason="Another one", reversed_by=national())
        assert state_of(the_cheque()) == "paid in"

        clear(the_cheque())

        assert read_reading(table.appeal).raised == gbp(85)
        assert TransferReceipt.objects.count() == 2
        assert clean()

    def test_one_over_the_limit_clears_with_its_giver_sealed(self) -> None:
        table = Table()
        gift = test_named_gifts.record(
            table, form=NamedGift.Form.CHEQUE, dated_on=local_today(), amount=gbp(600)
        )
        bank([], cheques=[gift.cheque])

        receipt = clear(gift.cheque)

        assert (receipt.donor, receipt.amount) == (None, gbp(600))
        assert clean()

    def test_a_slip_of_cheques_alone_posts_nothing_and_is_undone(self) -> None:
        table = table_with_cheques(25, 30, cash=0)
        paying_in = pay_in(table)
        assert (paying_in.entry, paying_in.cheques_amount) == (None, gbp(55))
        assert clean()

        undo_paying_in(paying_in, reason="Wrong slip", reversed_by=table.treasurer)

        assert state_of(the_cheque()) == "in hand"
        assert pay_in(table, slip="100124").cheques_amount == gbp(55)
        assert clean()


class TestRefusals:
    def test_only_what_is_paid_in_clears_and_not_before_that(self) -> None:
        table = table_with_cheques(25, held_ago=3)
        with pytest.raises(RecordRefusedError, match="not paid in yet"):
            clear(the_cheque())
        pay_in(table)
        with pytest.raises(RecordRefusedError, match="only paid in on"):
            clear(the_cheque(), on=local_today() - timedelta(days=1))
        with pytest.raises(RecordRefusedError, match="still to come"):
            clear(the_cheque(), on=local_today() + timedelta(days=1))

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"reason": " "}, "reason"),
            ({"returned_on": date(2100, 1, 1)}, "returned_on"),
            ({"returned_on": date(2020, 1, 1)}, "returned_on"),
        ],
    )
    def test_a_return_says_why_and_when(self, changes: dict[str, Any], field: str) -> None:
        table_with_cheques(25)
        with pytest.raises(RecordRefusedError) as refused:
            send_back(the_cheque(), **changes)
        assert refused.value.field == field

    def test_it_did_not_come_back_before_it_cleared_nor_by_a_branch(self) -> None:
        table = table_with_cheques(25, held_ago=3)
        pay_in(table)
        clear(the_cheque())
        with pytest.raises(RecordRefusedError, match="not before that"):
            send_back(the_cheque(), returned_on=local_today() - timedelta(days=1))
        with pytest.raises(RecordRefusedError, match="national treasurer writes down"):
            send_back(the_cheque(), may_reverse=False)

    def test_a_cheque_is_on_one_slip_and_not_once_it_went_back(self) -> None:
        table = table_with_cheques(25, 30)
        first, second = the_cheque(25), the_cheque(30)
        bank([], cheques=[first])
        with pytest.raises(RecordRefusedError, match="paid in already"):
            bank([], cheques=[first])
        send_back(second)
        with pytest.raises(RecordRefusedError, match="went back"):
            bank([], cheques=[second])
        with pytest.raises(RecordRefusedError, match="Tick at least one"):
            bank([])
        assert table.bucket().state == "agreed"

    def test_what_has_cleared_holds_its_slip_and_its_bucket(self) -> None:
        table = table_with_cheques(25)
        paying_in = pay_in(table)
        with pytest.raises(RecordRefusedError, match="Undo the paying-in first"):
            count_anew(table.bucket(), reason="Mixed up", by=table.treasurer)
        receipt = clear(the_cheque())
        with pytest.raises(RecordRefusedError, match="has cleared, and is booked"):
            undo_paying_in(paying_in, reason="Wrong", reversed_by=table.treasurer)

        reverse_transfer(receipt, reason="Mistake", reversed_by=national())
        undo_paying_in(paying_in, reason="Wrong", reversed_by=table.treasurer)
        count_anew(table.bucket(), reason="Mixed up", by=table.treasurer)

        assert not visible_cheques(read_access(table.treasurer)).exists()
        with pytest.raises(RecordRefusedError, match="not paid in yet"):
            clear(the_cheque())
        with pytest.raises(RecordRefusedError, match="counted anew"):
            send_back(the_cheque())
        assert clean()

    def test_the_database_clears_a_cheque_once_and_banks_it_once(self) -> None:
        table = table_with_cheques(25)
        paying_in = pay_in(table)
        receipt = clear(the_cheque())
        assert paying_in.entry is not None
        with pytest.raises(IntegrityError, match="cheque_is_cleared_once"), transaction.atomic():
            TransferReceipt.objects.create(
                appeal=receipt.appeal,
                method="cheque",
                received_on=receipt.received_on,
                amount=receipt.amount,
                bank_reference="x",
                recorded_by=receipt.recorded_by,
                entry=paying_in.entry,
                cheque=the_cheque(),
            )
        with pytest.raises(IntegrityError, match="holds_cash_that_is_booked"), transaction.atomic():
            PayingIn.objects.filter(pk=paying_in.pk).update(entry=None)

    def test_the_audit_names_what_was_tampered_with(self) -> None:
        table = table_with_cheques(25)
        paying_in = pay_in(table)
        receipt = clear(the_cheque())

        Cheque.objects.update(amount=gbp(26))

        named = {(one.check, one.subject) for one in audit_till()}
        assert named == {
            ("cheques are raised when they clear", f"paying-in {paying_in.reference}"),
            ("cheques are raised when they clear", f"transfer {receipt.reference}"),
        }

    def test_the_same_slip_with_other_cheques_is_a_conflict(self) -> None:
        table_with_cheques(25, 30, cash=0)
        reference, by = uuid.uuid4(), make_user()
        first, second = the_cheque(25), the_cheque(30)
        assert record_paying_in(reference, facts_of([], cheques=[first]), recorded_by=by).is_new
        assert not record_paying_in(reference, facts_of([], cheques=[first]), recorded_by=by).is_new
        with pytest.raises(RecordConflictError):
            record_paying_in(reference, facts_of([], cheques=[second]), recorded_by=by)


class TestAtTheBank:
    def test_cash_and_cheques_in_one_line(self) -> None:
        table = table_with_cheques(25)
        pay_in(table)
        found = line(gbp(85))
        propose_matches()

        proposal = StatementMatch.objects.get()
        assert (proposal.kind, proposal.line) == (Kind.WITH_CHEQUES, found)
        confirm_proposal(proposal.reference, by=national())

        assert (state_of(the_cheque()), in_bank()) == ("paid in", gbp(60))  # it has not cleared
        clear(the_cheque())
        assert in_bank() == gbp(85)
        assert clean()

    def test_cash_and_cheques_in_two_lines(self) -> None:
        table = table_with_cheques(25)
        pay_in(table)
        cash, cheques = line(gbp(60)), line(gbp(25))
        propose_matches()

        kinds = {match.line: match.kind for match in StatementMatch.objects.all()}
        assert kinds == {cash: Kind.PAYING_IN, cheques: Kind.CHEQUES}
        by = national()
        for match in StatementMatch.objects.all():
            confirm_proposal(match.reference, by=by)
        assert StatementMatch.objects.filter(confirmed_at__isnull=False).count() == 2
        assert clean()

    def test_a_slip_that_could_be_both_is_left_to_a_person(self) -> None:
        table = table_with_cheques(25)
        pay_in(table)
        line(gbp(60))
        line(gbp(85))

        assert propose_matches() == 0

    def test_one_of_several_cheques_by_itself_is_not_taken_for_the_slip(self) -> None:
        table = table_with_cheques(25, 30)
        pay_in(table)
        cash, _, _ = line(gbp(60)), line(gbp(25)), line(gbp(30))
        propose_matches()

        assert [match.line for match in StatementMatch.objects.all()] == [cash]

    def test_a_difference_is_in_the_whole(self) -> None:
        table = table_with_cheques(25)
        paying_in = pay_in(table)
        match = match_by_hand(
            line(gbp("84.50")), Kind.WITH_CHEQUES, str(paying_in.pk), by=national(), note="Foreign"
        )
        assert match.difference == gbp("-0.50")
        assert clean()

    def test_cheques_alone_may_not_differ(self) -> None:
        table = table_with_cheques(25)
        paying_in = pay_in(table)
        with pytest.raises(RecordRefusedError, match="The amounts differ"):
            match_by_hand(line(gbp(24)), Kind.CHEQUES, str(paying_in.pk), by=national(), note="x")

    def test_two_days_after_the_credit_it_is_proposed_as_cleared(self) -> None:
        table = table_with_cheques(25, held_ago=9)
        paid_in_on = local_today() - timedelta(days=7)
        paying_in = pay_in(table, on=paid_in_on)
        assert read_due_cheques(Cheque.objects.all()) == []
        match_by_hand(
            line(gbp(85), on=paid_in_on), Kind.WITH_CHEQUES, str(paying_in.pk), by=national()
        )

        (due,) = read_due_cheques(visible_cheques(read_access(national())))

        assert due.clears_on is not None
        assert due.clears_on > paid_in_on
        assert due.clears_on.weekday() < 5

    def test_a_credit_of_today_is_not_cleared_yet(self) -> None:
        table = table_with_cheques(25)
        paying_in = pay_in(table)
        match_by_hand(line(gbp(85)), Kind.WITH_CHEQUES, str(paying_in.pk), by=national())

        assert read_due_cheques(visible_cheques(read_access(national()))) == []

    def test_the_bank_takes_back_what_never_cleared_and_nothing_is_booked(self) -> None:
        table = table_with_cheques(25)
        paying_in = pay_in(table)
        match_by_hand(line(gbp(85)), Kind.WITH_CHEQUES, str(paying_in.pk), by=national())
        line(gbp(-25), "UNPAID CHEQUE 100123")
        propose_matches()
        before = JournalEntry.objects.count()

        match = confirm_proposal(
            StatementMatch.objects.get(kind=Kind.RETURNED).reference, by=national()
        )

        assert state_of(the_cheque()) == "returned"
        assert JournalEntry.objects.count() == before
        with pytest.raises(RecordRefusedError, match="The bank returned this money"):
            undo_match(match, reason="No", by=national())
        assert clean()

    def test_the_bank_takes_back_what_had_cleared_and_it_is_reversed(self) -> None:
        table = table_with_cheques(25)
        paying_in = pay_in(table)
        match_by_hand(line(gbp(85)), Kind.WITH_CHEQUES, str(paying_in.pk), by=national())
        receipt = clear(the_cheque())
        back = line(gbp(-25), "UNPAID CHEQUE 100123")
        match_by_hand(back, Kind.BOUNCED, str(receipt.pk), by=national())

        assert state_of(the_cheque()) == "returned"
        assert (in_bank(), read_reading(table.appeal).raised) == (gbp(60), gbp(60))
        assert clean()

    def test_what_came_with_its_slip_is_no_transfer_to_be_found_again(self) -> None:
        table = table_with_cheques(25)
        paying_in = pay_in(table)
        match_by_hand(line(gbp(85)), Kind.WITH_CHEQUES, str(paying_in.pk), by=national())
        clear(the_cheque())
        line(gbp(25), "CHEQUE 100123")

        assert propose_matches() == 0


@pytest.mark.django_db(transaction=True)
def test_two_who_clear_and_return_at_the_same_moment_leave_the_books_right() -> None:
    table = table_with_cheques(25)
    pay_in(table)
    by = national()
    race(
        lambda: clear_cheque(the_cheque(), cleared_on=local_today(), by=by),
        lambda: clear_cheque(the_cheque(), cleared_on=local_today(), by=by),
        lambda: return_cheque(the_cheque(), returned_on=local_today(), reason="Unpaid", by=by),
    )

    assert state_of(the_cheque()) == "returned"
    assert read_reading(table.appeal).raised == gbp(60)
    assert clean()


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


class TestPages:
    def test_a_treasurer_pays_cheques_in_with_the_cash_and_the_slip_lists_them(self) -> None:
        table = table_with_cheques(25)
        client = client_of(table.treasurer)
        form = client.get(reverse("payments:paying-in-new")).context["form"]
        told = {
            "reference": str(uuid.uuid4()),
            "collections": [str(one.reference) for one in CashCollection.objects.all()],
            "cheques": sorted(form.ticked_cheques),
            "slip_number": "100123",
            "paid_in_on": local_today().isoformat(),
            "paid_in_by": "First",
        }
        page = client.post(reverse("payments:paying-in-new"), told, follow=True)
        again = client.post(reverse("payments:paying-in-new"), told, follow=True)

        assert "£60 paid in in cash, and £25 in cheques" in text_of(page)
        assert again.status_code == 200
        paying_in = PayingIn.objects.get()
        slip = client.get(reverse("payments:paying-in-slip", args=[paying_in.reference]))
        assert "Cash and cheques £85.00" in words_of(slip.content)
        assert "£25 in cheques" in text_of(client.get(reverse("payments:payings-in")))

    def test_nothing_ticked_at_all_is_refused(self) -> None:
        table = table_with_cheques(25, cash=0)
        told = {"reference": str(uuid.uuid4()), "slip_number": "1", "paid_in_by": "First"}
        page = client_of(table.treasurer).post(
            reverse("payments:paying-in-new"), {**told, "paid_in_on": local_today().isoformat()}
        )
        assert page.status_code == 422
        assert "Tick at least one collection, or a cheque" in text_of(page)

    def test_a_slip_of_cheques_alone_has_its_page_and_its_pdf(self) -> None:
        table = table_with_cheques(25, cash=0)
        paying_in = pay_in(table)
        client = client_of(table.treasurer)

        page = client.get(reverse("payments:paying-in", args=[paying_in.reference]))
        slip = client.get(reverse("payments:paying-in-slip", args=[paying_in.reference]))

        assert "£25 in cheques" in text_of(page)
        assert "Notes and coins" not in text_of(page)
        assert "Cash and cheques £25.00" in words_of(slip.content)

    def test_the_national_treasurer_clears_what_is_due_and_one_by_hand(self) -> None:
        table = table_with_cheques(25, 30, held_ago=9)
        paid_in_on = local_today() - timedelta(days=7)
        paying_in = pay_in(table, on=paid_in_on)
        client = client_of(national())
        one = reverse("payments:cheque-clear", args=[the_cheque(30).reference])
        assert client.post(one, {"cleared_on": ""}).status_code == 422
        assert client.post(one, {"cleared_on": "2020-01-01"}).status_code == 422
        assert client.get(one).status_code == 200
        page = client.post(one, {"cleared_on": local_today().isoformat()}, follow=True)
        assert "It is raised now" in text_of(page)

        found = line(gbp(115), on=paid_in_on)
        StatementMatch.objects.filter(line=found).delete()
        match_by_hand(found, Kind.WITH_CHEQUES, str(paying_in.pk), by=national())
        cheques = reverse("payments:cheques")
        assert "Have these cleared?" in text_of(client.get(cheques))
        done = client.post(
            reverse("payments:cheques-clear"),
            {"cheque": str(the_cheque(25).reference)},
            follow=True,
        )
        assert "Cleared: 1" in text_of(done)
        assert read_reading(table.appeal).raised == gbp(115)

    def test_a_branch_sees_its_cheques_and_says_that_one_went_back(self) -> None:
        table = table_with_cheques(25)
        client = client_of(table.treasurer)
        address = reverse("payments:cheque", args=[the_cheque().reference])
        back = reverse("payments:cheque-return", args=[the_cheque().reference])
        assert "Pay it in" in text_of(client.get(address))
        assert client.post(back, {"returned_on": "", "reason": ""}).status_code == 422
        early = {"returned_on": "2020-01-01", "reason": "Unpaid"}
        assert client.post(back, early).status_code == 422
        told = {"returned_on": local_today().isoformat(), "reason": "Unsigned"}
        page = client.post(back, told, follow=True)

        assert "“Unsigned”" in text_of(page)
        assert client.get(back).status_code == 200
        assert "returned" in text_of(client.get(reverse("payments:cheques")))
        york = client_of(make_user(branches=[make_branch("York")]))
        assert "No cheque was found yet" in text_of(york.get(reverse("payments:cheques")))

    def test_a_slip_with_another_branch_s_cheque_is_not_shown(self) -> None:
        table = table_with_cheques(25, cash=0)
        paying_in = pay_in(table)
        york = client_of(make_user(branches=[make_branch("York")]))

        address = reverse("payments:paying-in", args=[paying_in.reference])
        assert york.get(address).status_code == 404

    def test_the_list_costs_the_same_queries_however_many(self) -> None:
        table = table_with_cheques(25)
        pay_in(table)
        client, address = client_of(national()), reverse("payments:cheques")
        client.get(address)
        with CaptureQueriesContext(connection) as few:
            client.get(address)
        for number in range(4):
            count_after(number)
        with CaptureQueriesContext(connection) as many:
            client.get(address)

        assert len(many) == len(few) <= 16


def count_after(number: int) -> None:
    """Another table with cheques, of another branch, that is paid in and partly cleared."""
    table = Table(branch=make_branch(f"Branch {number}"))
    sheet = sheet_of({}, (1000 + number, local_today()), (2000 + number, local_today()))
    for side in (Side.A, Side.B):
        table.count(side, sheet=sheet, reference=uuid.uuid4())
    cheques = list(cheques_in_hand(read_access(table.treasurer)))
    bank([], cheques=cheques, slip_number=f"20000{number}")
    clear(cheques[0])
