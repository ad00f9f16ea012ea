"""A person's word: who may give it, what it posts, and that it can be taken back."""

import uuid
from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from appeals.models import Appeal
from appeals.progress import read_reading
from donors.models import Donor
from funds import chart
from funds.audit import audit_ledger
from funds.balances import account_balance, account_balance_of_branch
from funds.models import JournalEntry, User
from funds.money import Money
from payments.audit import audit_till
from payments.banking.confirming import (
    MatchChangedError,
    confirm_proposal,
    match_by_hand,
    record_from_line,
    set_aside,
    undo_match,
)
from payments.banking.matching import propose_matches
from payments.banking.rules import remember_reference
from payments.models import (
    PayingIn,
    StatementLine,
    StatementMatch,
    TransferReceipt,
)
from payments.paying_in import undo_paying_in
from payments.recording import RecordRefusedError, RecordReversedError, local_today
from payments.transfers import reverse_transfer
from tests.factories import gbp, make_appeal, make_branch, make_user
from tests.payments.banking.statements import Told, take
from tests.payments.test_cash import facts_of as cash_of
from tests.payments.test_cash import race, record
from tests.payments.test_cash_transfers import facts_of as transfer_of
from tests.payments.test_cash_transfers import record as record_transfer
from tests.payments.test_paying_in import bank, in_bank

pytestmark = pytest.mark.django_db

Kind = StatementMatch.Kind


def over_and_short() -> Money:
    return account_balance(chart.account(chart.OVER_AND_SHORT, currency="GBP"))


def a_slip() -> PayingIn:
    """Slip 100123 with £25, counted, recorded and paid in by others than who confirms."""
    return bank([record(cash_of(make_appeal()))], slip_number="100123")


def a_line(amount: Money, text: str = "CASH 100123", *, on: date | None = None) -> StatementLine:
    (line,) = take(Told(on or local_today(), amount, text))
    return line


def the_proposal() -> StatementMatch:
    propose_matches()
    return StatementMatch.objects.get(confirmed_at__isnull=True)


def clean() -> bool:
    return not [*audit_till(), *audit_ledger()]


class TestCash:
    def test_what_is_at_the_bank_as_paid_in_posts_nothing(self) -> None:
        a_slip()
        a_line(gbp(25))
        entries = JournalEntry.objects.count()
        user = make_user()

        match = confirm_proposal(the_proposal().reference, by=user)

        assert (match.confirmed_by, match.difference_entry) == (user, None)
        assert JournalEntry.objects.count() == entries
        assert in_bank() == gbp(25)
        assert clean()

    def test_a_second_tap_changes_nothing(self) -> None:
        a_slip()
        a_line(gbp(25))
        reference, first = the_proposal().reference, make_user()
        confirm_proposal(reference, by=first)

        again = confirm_proposal(reference, by=make_user())

        assert again.confirmed_by == first

    @pytest.mark.parametrize(
        "who",
        ["recorder of the paying-in", "recorder of the count", "counter", "witness", "depositors"],
    )
    def test_who_had_the_cash_in_their_hands_does_not_confirm_it(self, who: str) -> None:
        by = make_user("ada", first_name="Ada", last_name="Counter")
        appeal = make_appeal()
        facts = cash_of(appeal)
        if who == "counter":
            facts = replace(facts, counted_by=" ada  COUNTER")
        if who == "witness":
            facts = replace(facts, witnessed_by="ada")
        bag = record(facts, by=by if who == "recorder of the count" else None)
        told = {"paid_in_with": "Ada Counter"} if who == "depositors" else {}
        recorder = by if who == "recorder of the paying-in" else make_user()
        bank([bag], slip_number="100123", by=recorder, **told)
        a_line(gbp(25))
        proposal = the_proposal()

        with pytest.raises(RecordRefusedError, match="Another national treasurer"):
            confirm_proposal(proposal.reference, by=by)

        assert confirm_proposal(proposal.reference, by=make_user()).confirmed_at is not None
        assert clean()

    @pytest.mark.parametrize(("at_bank", "short"), [("21.80", "3.20"), ("25.50", "-0.50")])
    def test_a_difference_needs_a_reason_and_goes_over_or_short(
        self, at_bank: str, short: str
    ) -> None:
        a_slip()
        a_line(gbp(at_bank))
        proposal = the_proposal()

        with pytest.raises(RecordRefusedError, match="Say why") as refused:
            confirm_proposal(proposal.reference, by=make_user(), note="  ")
        assert refused.value.field == "note"
        match = confirm_proposal(proposal.reference, by=make_user(), note="A roll was short")

        entry = match.difference_entry
        assert entry is not None
        assert entry.source_key == f"bank-difference:{match.reference}"
        assert match.note == "A roll was short"
        assert in_bank() == gbp(at_bank)
        assert over_and_short() == gbp(short)
        account = chart.account(chart.OVER_AND_SHORT, currency="GBP")
        assert account_balance_of_branch(account, branch=make_branch("Leeds")) == gbp(short)
        assert clean()

    def test_the_difference_of_a_bag_of_two_branches_is_nobody_s(self) -> None:
        appeal = make_appeal()
        bags = [record(cash_of(appeal, branch=make_branch(name))) for name in ("Leeds", "York")]
        bank(bags, slip_number="100123")
        a_line(gbp(49))

        confirm_proposal(the_proposal().reference, by=make_user(), note="A pound is missing")

        account = chart.account(chart.OVER_AND_SHORT, currency="GBP")
        assert account_balance_of_branch(account, branch=None) == gbp(1)

    def test_undone_the_difference_is_gone_and_the_line_is_open(self) -> None:
        a_slip()
        line = a_line(gbp(22))
        match = confirm_proposal(the_proposal().reference, by=make_user(), note="Short")

        with pytest.raises(RecordRefusedError, match="Say why"):
            undo_match(match, reason=" ", by=make_user())
        undone = undo_match(match, reason="Another slip", by=make_user())
        with pytest.raises(MatchChangedError):
            undo_match(match, reason="Another slip", by=make_user())
        with pytest.raises(MatchChangedError):
            confirm_proposal(match.reference, by=make_user())

        assert undone.undo_reason == "Another slip"
        assert (in_bank(), over_and_short()) == (gbp(25), gbp(0))
        assert clean()
        confirm_proposal(the_proposal().reference, by=make_user(), note="Short after all")
        assert (in_bank(), over_and_short()) == (gbp(22), gbp(3))
        assert line.matches.count() == 2
        assert clean()

    def test_a_matched_paying_in_is_not_undone_before_its_match(self) -> None:
        banked = a_slip()
        a_line(gbp(25))
        match = confirm_proposal(the_proposal().reference, by=make_user())

        with pytest.raises(RecordRefusedError, match="undoes that match first"):
            undo_paying_in(banked, reason="Wrong bag", reversed_by=make_user())

        undo_match(match, reason="Wrong line", by=make_user())
        undo_paying_in(banked, reason="Wrong bag", reversed_by=make_user())
        assert clean()

    def test_a_proposal_of_what_was_undone_meanwhile_is_not_confirmed(self) -> None:
        banked = a_slip()
        a_line(gbp(25))
        proposal = the_proposal()
        undo_paying_in(banked, reason="Wrong bag", reversed_by=make_user())

        with pytest.raises(MatchChangedError):
            confirm_proposal(proposal.reference, by=make_user())

    def test_a_person_may_say_what_the_site_cannot(self) -> None:
        """The bank's line has no number; and it is a fortnight late."""
        banked = a_slip()
        line = a_line(gbp(25), "DEPOSIT")
        assert propose_matches() == 0

        match_by_hand(line, Kind.PAYING_IN, str(banked.pk), by=make_user())

        with pytest.raises(MatchChangedError):
            match_by_hand(line, Kind.PAYING_IN, str(banked.pk), by=make_user())
        other = a_line(gbp(25), "ANOTHER DEPOSIT")
        with pytest.raises(RecordRefusedError, match="matched already"):
            match_by_hand(other, Kind.PAYING_IN, str(banked.pk), by=make_user())
        assert clean()

    def test_a_word_by_hand_takes_the_proposals_in_its_way_off(self) -> None:
        banked = a_slip()
        a_line(gbp(25))
        proposal = the_proposal()
        other = a_line(gbp(25), "DEPOSIT")

        match_by_hand(other, Kind.PAYING_IN, str(banked.pk), by=make_user())

        assert not StatementMatch.objects.filter(pk=proposal.pk).exists()

    def test_another_currency_is_not_matched(self) -> None:
        euros = make_appeal("euros", target=Money(100, "EUR"))
        banked = bank([record(cash_of(euros, amount=Money(25, "EUR")))])
        line = a_line(gbp(25), "DEPOSIT")

        with pytest.raises(RecordRefusedError):
            match_by_hand(line, Kind.PAYING_IN, str(banked.pk), by=make_user())


class TestTransfers:
    def rule(self, appeal: Appeal) -> None:
        remember_reference(
            "RALLY LEEDS", appeal=appeal, branch=make_branch("Leeds"), made_by=make_user()
        )

    def test_a_line_with_a_known_reference_becomes_a_transfer(self) -> None:
        appeal = make_appeal()
        self.rule(appeal)
        line = a_line(gbp(10), "A N OTHER rally leeds")

        match = confirm_proposal(the_proposal().reference, by=make_user())

        assert match.receipt is not None
        assert match.made_receipt
        assert match.receipt.received_on == line.booked_on
        assert match.receipt.bank_reference == "RALLY LEEDS"  # not what names the payer
        assert "OTHER" not in match.receipt.entry.memo
        assert read_reading(appeal).by_method["transfer"] == gbp(10)
        assert in_bank() == gbp(10)
        assert clean()

    def test_undone_it_is_reversed_and_may_be_confirmed_anew(self) -> None:
        appeal = make_appeal()
        self.rule(appeal)
        a_line(gbp(10), "rally leeds")
        for _ in range(2):
            match = confirm_proposal(the_proposal().reference, by=make_user())
            undo_match(match, reason="For another appeal", by=make_user())
        match = confirm_proposal(the_proposal().reference, by=make_user())

        assert TransferReceipt.objects.count() == 3
        assert read_reading(appeal).raised == in_bank() == gbp(10)
        assert clean()

    def test_over_the_limit_a_name_is_needed_and_the_line_is_recorded_with_it(self) -> None:
        appeal = make_appeal()
        self.rule(appeal)
        line = a_line(gbp(501), "rally leeds")
        proposal = the_proposal()

        with pytest.raises(RecordRefusedError) as refused:
            confirm_proposal(proposal.reference, by=make_user())
        assert refused.value.field == "name"

        told = transfer_of(appeal, amount=gbp(1), received_on=date(2026, 5, 1))
        match = record_from_line(line, told, by=make_user())

        assert match.receipt is not None
        assert match.receipt.amount == gbp(501)  # as the line has it, whatever was told
        assert match.receipt.received_on == line.booked_on
        assert match.receipt.donor is not None
        assert not StatementMatch.objects.filter(confirmed_at__isnull=True).exists()
        with pytest.raises(MatchChangedError):
            record_from_line(line, told, by=make_user())
        assert Donor.objects.count() == 1
        assert clean()

    def test_one_recorded_by_hand_is_found_and_posts_nothing_more(self) -> None:
        receipt = record_transfer(transfer_of(make_appeal(), bank_reference="PREMISES 1"))
        a_line(gbp(45_000), "TFR premises 1")

        match = confirm_proposal(the_proposal().reference, by=make_user())

        assert match.receipt == receipt
        assert not match.made_receipt
        assert in_bank() == gbp(45_000)
        with pytest.raises(RecordRefusedError, match="undo the match"):
            reverse_transfer(receipt, reason="Twice", reversed_by=make_user())
        undo_match(match, reason="Another one", by=make_user())
        assert in_bank() == gbp(45_000)
        reverse_transfer(receipt, reason="Twice", reversed_by=make_user())
        assert clean()

    def test_another_amount_is_no_transfer(self) -> None:
        receipt = record_transfer(transfer_of(make_appeal()))
        line = a_line(gbp(44_000), "PREMISES 1")

        with pytest.raises(RecordRefusedError, match="The amounts differ"):
            match_by_hand(line, Kind.TRANSFER, str(receipt.pk), by=make_user(), note="so what")

    def test_a_cheque_that_bounces_comes_off_on_the_day_the_bank_says(self) -> None:
        appeal = make_appeal()
        day = local_today() - timedelta(days=9)
        cheque = record_transfer(
            transfer_of(
                appeal,
                method=TransferReceipt.Method.CHEQUE,
                bank_reference="cheque 100456",
                received_on=day,
            )
        )
        a_line(gbp(45_000), "CHQ 100456", on=day)
        cleared = confirm_proposal(the_proposal().reference, by=make_user())
        a_line(gbp(-45_000), "UNPAID CHQ 100456", on=day + timedelta(days=4))

        bounced = confirm_proposal(the_proposal().reference, by=make_user())

        cheque.refresh_from_db()
        assert cheque.reversal_reason == "Returned by the bank"
        reversal = JournalEntry.objects.get(reverses=cheque.entry)
        assert reversal.occurred_on == day + timedelta(days=4)
        assert read_reading(appeal).raised == in_bank() == gbp(0)
        for match in (bounced, cleared):
            with pytest.raises(RecordRefusedError, match="returned this money"):
                undo_match(match, reason="Paid after all", by=make_user())
        with pytest.raises(RecordRefusedError):
            reverse_transfer(cheque, reason="Twice", reversed_by=make_user())
        assert clean()

    def test_a_cheque_that_was_reversed_by_hand_does_not_bounce(self) -> None:
        cheque = record_transfer(
            transfer_of(
                make_appeal(), method=TransferReceipt.Method.CHEQUE, bank_reference="100456"
            )
        )
        a_line(gbp(-45_000), "UNPAID 100456")
        proposal = the_proposal()
        reverse_transfer(cheque, reason="It bounced", reversed_by=make_user())

        with pytest.raises(RecordRefusedError, match="undone meanwhile"):
            confirm_proposal(proposal.reference, by=make_user())
        with pytest.raises(RecordReversedError):
            reverse_transfer(cheque, reason="It bounced", reversed_by=make_user())


class TestAside:
    def test_lines_for_no_appeal_are_set_aside_with_a_note(self) -> None:
        make_appeal()
        rent, wages = take(
            Told(local_today(), gbp(-700), "RENT"), Told(local_today(), gbp(-900), "WAGES")
        )
        with pytest.raises(RecordRefusedError, match="Say what it is"):
            set_aside([rent], note=" ", by=make_user())

        assert set_aside([rent, wages], note="The hall's running", by=make_user()) == 2
        assert set_aside([rent, wages], note="Again", by=make_user()) == 0

        match = StatementMatch.objects.get(line=rent)
        assert (match.kind, match.note) == (Kind.ASIDE, "The hall's running")
        undo_match(match, reason="It was a gift", by=make_user())
        assert set_aside([rent], note="Rent", by=make_user()) == 1
        assert not JournalEntry.objects.exists()


class TestGuards:
    """The database refuses what the code should never do."""

    def match(self) -> StatementMatch:
        a_slip()
        a_line(gbp(25))
        return confirm_proposal(the_proposal().reference, by=make_user())

    @pytest.mark.parametrize(
        ("changes", "rule"),
        [
            ({"confirmed_by": None}, "confirmed_by_a_person"),
            ({"undone_at": timezone.now()}, "undone_with_reason_and_person"),
            ({"difference_minor": -5}, "differs_with_a_reason"),
            ({"kind": "payout"}, "what_its_kind_says"),
            ({"kind": "aside"}, "what_its_kind_says"),
            ({"kind": "rule"}, "what_its_kind_says"),
        ],
    )
    def test_a_match_is_whole(self, changes: dict[str, object], rule: str) -> None:
        match = self.match()

        with pytest.raises(IntegrityError, match=rule), transaction.atomic():
            StatementMatch.objects.filter(pk=match.pk).update(**changes)

    def test_a_line_is_one_thing_and_a_slip_is_matched_once(self) -> None:
        match = self.match()
        other = a_line(gbp(25), "ANOTHER")

        aside = StatementMatch(
            line=match.line,
            kind=Kind.ASIDE,
            note="Rent",
            confirmed_by=match.confirmed_by,
            confirmed_at=timezone.now(),
        )
        with pytest.raises(IntegrityError, match="is_one_thing"), transaction.atomic():
            aside.save()
        with pytest.raises(IntegrityError, match="paying_in_is_matched_once"), transaction.atomic():
            StatementMatch.objects.create(
                line=other, kind=Kind.PAYING_IN, paying_in=match.paying_in
            )


@pytest.mark.django_db(transaction=True)
def test_two_who_confirm_at_the_same_moment_post_one_difference() -> None:
    a_slip()
    a_line(gbp(22))
    reference = the_proposal().reference
    users = [make_user() for _ in range(4)]

    results = race(
        *[lambda by=by: confirm_proposal(reference, by=by, note="Short") for by in users]
    )

    assert [one for one in results if isinstance(one, Exception)] == []
    assert (in_bank(), over_and_short()) == (gbp(22), gbp(3))
    assert clean()


@pytest.mark.django_db(transaction=True)
def test_one_slip_and_two_lines_at_the_same_moment_are_one_match() -> None:
    banked = a_slip()
    lines = [a_line(gbp(25), "ONE"), a_line(gbp(25), "TWO")]
    user = make_user()

    results = race(
        *[
            lambda line=line: match_by_hand(line, Kind.PAYING_IN, str(banked.pk), by=user)
            for line in lines
        ]
    )

    assert sum(isinstance(one, RecordRefusedError) for one in results) == 1
    assert StatementMatch.objects.filter(confirmed_at__isnull=False).count() == 1
    assert clean()


@pytest.mark.django_db(transaction=True)
def test_the_matcher_and_a_person_at_the_same_moment_do_not_lose_a_word() -> None:
    banked = a_slip()
    a_line(gbp(25))
    reference, user = the_proposal().reference, make_user()

    race(
        lambda: confirm_proposal(reference, by=user),
        propose_matches,
        lambda: undo_paying_in(banked, reason="Wrong bag", reversed_by=user),
    )

    banked.refresh_from_db()
    is_matched = StatementMatch.objects.filter(confirmed_at__isnull=False).exists()
    assert is_matched != (banked.reversed_at is not None)
    assert clean()


class AnyOrder(TestCase):
    """Whatever is confirmed and undone, in whatever order, the bank is what its lines say."""

    @settings(max_examples=20, deadline=None)
    @given(steps=st.lists(st.tuples(st.booleans(), st.integers(0, 3)), max_size=14))
    def test_the_bank_s_account_is_what_was_paid_in_and_the_differences_that_stand(
        self, steps: list[tuple[bool, int]]
    ) -> None:
        appeal, user, other = make_appeal(f"rally-{uuid.uuid4().hex[:8]}"), make_user(), make_user()
        before, short_before = in_bank(), over_and_short()
        amounts = [25, 22, 30, 25]
        slips = [
            bank([record(cash_of(appeal), by=user)], by=user, slip_number=f"{n}{uuid.uuid4().hex}")
            for n in range(4)
        ]
        lines = [
            a_line(gbp(amount), f"CASH {one.slip_number}")
            for one, amount in zip(slips, amounts, strict=True)
        ]
        matched: dict[int, StatementMatch] = {}
        for is_confirming, n in steps:
            if is_confirming and n not in matched:
                matched[n] = match_by_hand(
                    lines[n], Kind.PAYING_IN, str(slips[n].pk), by=other, note="Counted"
                )
            elif not is_confirming and n in matched:
                undo_match(matched.pop(n), reason="Wrong", by=other)

        short = sum((gbp(25 - amounts[n]) for n in matched), gbp(0))
        assert in_bank() - before == gbp(100) - short
        assert over_and_short() - short_before == short
        assert clean()


def test_who_confirms_is_kept_with_what_they_said() -> None:
    user: User = make_user()
    a_slip()
    a_line(gbp(22))

    match = confirm_proposal(the_proposal().reference, by=user, note="Short")

    assert match.confirmed_by == user
    assert StatementMatch.objects.get(pk=match.pk).difference == gbp(-3)
