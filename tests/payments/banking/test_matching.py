"""Proposing: right or not at all, in whatever order things came."""

import random
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payments.banking.candidates import SOURCES, Candidate, Source, payout_source
from payments.banking.chores import do_bank_work
from payments.banking.confirming import confirm_proposal
from payments.banking.matching import (
    OpenLine,
    Proposal,
    Rule,
    propose_matches,
    propose_when_due,
    work_out,
)
from payments.banking.rules import remember_reference, stop_rule
from payments.banking.words import words_of
from payments.models import MatchingRun, StatementLine, StatementMatch, TransferReceipt
from payments.paying_in import undo_paying_in
from payments.recording import RecordRefusedError, local_today
from tests.factories import gbp, make_appeal, make_branch, make_organisation, make_user
from tests.payments.banking.statements import Told, keep, make_account, ofx_of, read, take
from tests.payments.banking.year import FakePayout, Year, make_year
from tests.payments.test_cash import facts_of as cash_of
from tests.payments.test_cash import record
from tests.payments.test_cash_transfers import facts_of as transfer_of
from tests.payments.test_cash_transfers import record as record_transfer
from tests.payments.test_paying_in import bank

pytestmark = pytest.mark.django_db

Kind = StatementMatch.Kind
DAY = date(2026, 11, 7)


def line(pk: int, amount: int, told: str, *, on: date = DAY, currency: str = "GBP") -> OpenLine:
    return OpenLine(pk, on, amount * 100, currency, told)


def slip(number: str, amount: int, **changes: Any) -> Candidate:
    return replace(
        Candidate(
            kind=Kind.PAYING_IN,
            target=number,
            amount_minor=amount * 100,
            currency="GBP",
            since=DAY,
            until=DAY + timedelta(days=10),
            what=f"slip {number}",
            runs=(words_of(number),),
            may_differ=True,
        ),
        **changes,
    )


def rule(words: str, *, pk: int = 1, appeal: int = 1, branch: int | None = None) -> Rule:
    return Rule(pk, words_of(words), appeal, branch, "GBP", DAY - timedelta(days=99), words)


def proposed(
    lines: list[OpenLine], candidates: list[Candidate], rules: list[Rule] | None = None
) -> dict[int, tuple[str, str]]:
    found = work_out(lines, candidates, rules or [])
    return {pk: (one.kind, one.target) for pk, one in found.items()}


class TestWorkingOut:
    def test_a_slip_s_number_and_amount_make_a_proposal(self) -> None:
        found = work_out([line(1, 25, "CASH 000123")], [slip("123", 25)], [])

        assert found == {1: Proposal(Kind.PAYING_IN, "123", "slip 123, the same amount")}

    @pytest.mark.parametrize(
        "other",
        [
            line(1, 26, "CASH 123"),
            line(1, 25, "CASH 1234"),
            line(1, 25, "CASH"),
            line(1, -25, "CASH 123"),
            line(1, 25, "CASH 123", on=DAY - timedelta(days=1)),
            line(1, 25, "CASH 123", on=DAY + timedelta(days=11)),
            line(1, 25, "CASH 123", currency="EUR"),
        ],
    )
    def test_anything_less_makes_none(self, other: OpenLine) -> None:
        assert proposed([other], [slip("123", 25)]) == {}

    def test_two_lines_that_fit_one_slip_are_left(self) -> None:
        assert proposed([line(1, 25, "CASH 123"), line(2, 25, "123")], [slip("123", 25)]) == {}

    def test_two_slips_that_fit_one_line_are_left(self) -> None:
        twins = [slip("123", 25), slip("123", 25, target="other")]

        assert proposed([line(1, 25, "CASH 123")], twins) == {}

    def test_a_weak_sign_is_left_to_a_person(self) -> None:
        assert proposed([line(1, 25, "CASH 7")], [slip("7", 25, proposable=False)]) == {}

    def test_a_long_number_finds_a_slip_of_which_the_bank_counted_other(self) -> None:
        found = work_out([line(1, 22, "CASH 100123")], [slip("100123", 25)], [])

        assert found[1].difference_minor == -300
        assert found[1].why == "slip 100123; the bank has £3.00 less"

    @pytest.mark.parametrize(
        ("lines", "candidates"),
        [
            ([line(1, 99, "CASH 100123")], [slip("100123", 25)]),
            ([line(1, 22, "CASH 123")], [slip("123", 25)]),
            ([line(1, 22, "100123"), line(2, 24, "100123")], [slip("100123", 25)]),
            ([line(1, -22, "100123")], [slip("100123", 25)]),
            ([line(1, 22, "100123")], [slip("100123", 25, may_differ=False)]),
        ],
    )
    def test_a_difference_is_proposed_only_when_it_is_small_and_alone(
        self, lines: list[OpenLine], candidates: list[Candidate]
    ) -> None:
        assert proposed(lines, candidates) == {}

    def test_an_exact_line_is_not_taken_for_a_difference(self) -> None:
        lines = [line(1, 25, "CASH 100123"), line(2, 24, "CHARGE 100123")]

        assert proposed(lines, [slip("100123", 25)]) == {1: (Kind.PAYING_IN, "100123")}

    def test_a_rule_makes_a_proposal_of_a_credit_with_its_words(self) -> None:
        lines = [
            line(1, 10, "J PAYER RALLY LEEDS"),
            line(2, -10, "RALLY LEEDS"),
            line(3, 10, "RALLY OF LEEDS"),
            line(4, 10, "RETURNED RALLY LEEDS"),
            line(5, 10, "RALLY LEEDS", on=DAY - timedelta(days=200)),
            line(6, 10, "RALLY LEEDS", currency="EUR"),
        ]

        assert proposed(lines, [], [rule("RALLY LEEDS")]) == {1: (Kind.RULE, "1")}

    def test_rules_that_contradict_are_left_and_rules_that_agree_are_not(self) -> None:
        told = [line(1, 10, "RALLY LEEDS FUND")]
        first = rule("RALLY LEEDS")

        assert proposed(told, [], [first, rule("LEEDS FUND", pk=2, branch=7)]) == {}
        assert proposed(told, [], [first, rule("RALLY LEEDS FUND", pk=2)]) == {1: (Kind.RULE, "2")}

    def test_a_rule_keeps_off_what_may_be_recorded_already(self) -> None:
        """A transfer of this amount and week was typed by hand: booking both would be twice."""
        typed = slip("GIFT", 10, kind=Kind.TRANSFER, may_differ=False)

        assert proposed([line(1, 10, "RALLY LEEDS")], [typed], [rule("RALLY LEEDS")]) == {}

    def test_a_rule_takes_what_is_left_once_the_other_is_found(self) -> None:
        typed = slip("GIFT", 10, kind=Kind.TRANSFER, may_differ=False)
        lines = [line(1, 10, "RALLY LEEDS"), line(2, 10, "GIFT")]

        assert proposed(lines, [typed], [rule("RALLY LEEDS")]) == {
            1: (Kind.RULE, "1"),
            2: (Kind.TRANSFER, "GIFT"),
        }

    @settings(max_examples=50, deadline=None)
    @given(seed=st.integers(0, 10**6), lost=st.integers(0, 5))
    def test_the_order_of_things_makes_no_difference(self, seed: int, lost: int) -> None:
        dice = random.Random(seed)  # noqa: S311 - a test's dice
        numbers = [str(dice.randrange(100, 110)) for _ in range(8)]
        lines = [
            line(pk, dice.randrange(1, 4), f"CASH {dice.choice(numbers)} RALLY LEEDS")
            for pk in range(12)
        ]
        candidates = [
            slip(number, dice.randrange(1, 4), target=str(at)) for at, number in enumerate(numbers)
        ]
        rules = [rule("RALLY LEEDS")]
        expected = work_out(lines, candidates, rules)

        dice.shuffle(lines)
        dice.shuffle(candidates)

        assert work_out(lines, candidates, rules) == expected


class TestPayouts:
    def source(self, *payouts: FakePayout) -> tuple[Source, ...]:
        return (payout_source(lambda: payouts, version=lambda: str(len(payouts))),)

    def test_a_payout_is_known_by_stripe_s_name_amount_and_day(self) -> None:
        make_organisation()
        take(
            Told(DAY, gbp(100), "STRIPE PAYMENTS UK"),
            Told(DAY, gbp(100), "STRIPEY SHIRTS"),
            Told(DAY, gbp(-20), "Stripe debt"),
        )
        sources = self.source(
            FakePayout("po_1", 10000, "gbp", DAY), FakePayout("po_2", -2000, "gbp", DAY)
        )

        assert propose_matches(sources) == 2

        found = StatementMatch.objects.values_list("line__text", "payout_id").order_by("payout_id")
        assert list(found) == [("STRIPE PAYMENTS UK", "po_1"), ("Stripe debt", "po_2")]

    def test_two_payouts_of_one_amount_in_a_week_are_left(self) -> None:
        make_organisation()
        take(Told(DAY, gbp(100), "STRIPE"), Told(DAY, gbp(100), "STRIPE"))
        payouts = [FakePayout(f"po_{n}", 10000, "GBP", DAY) for n in range(2)]

        assert propose_matches(self.source(*payouts)) == 0

    def test_a_confirmed_payout_posts_nothing_and_is_no_candidate_any_more(self) -> None:
        make_organisation()
        take(Told(DAY, gbp(100), "STRIPE"))
        sources = self.source(FakePayout("po_1", 10000, "gbp", DAY))
        propose_matches(sources)
        reference = StatementMatch.objects.get().reference

        match = confirm_proposal(reference, by=make_user(), sources=sources)

        assert match.difference_entry is None
        assert list(sources[0].read(None)) == []


class TestProposing:
    def test_proposals_follow_what_changes(self) -> None:
        today, appeal = local_today_of(), make_appeal()
        banked = bank([record(cash_of(appeal))], slip_number="100123", paid_in_on=today)
        take(Told(today, gbp(25), "CASH 100123"))
        do_bank_work()
        first = StatementMatch.objects.get()

        assert not do_bank_work()  # nothing changed
        take(Told(today, gbp(7), "Another"))
        assert propose_when_due()
        assert StatementMatch.objects.get() == first  # the same row: a page may show it

        undo_paying_in(banked, reason="Wrong bag", reversed_by=make_user())
        assert propose_when_due()
        assert not StatementMatch.objects.exists()
        assert MatchingRun.objects.count() == 1

    def test_a_second_line_that_fits_takes_the_proposal_away(self) -> None:
        today = local_today_of()
        bank([record(cash_of(make_appeal()))], slip_number="100123")
        take(Told(today, gbp(25), "CASH 100123"))
        propose_matches()
        take(Told(today, gbp(25), "100123 CREDIT"), account=make_account("Another"))
        propose_matches()

        assert not StatementMatch.objects.exists()

    def test_a_cheque_is_known_by_one_of_its_numbers_and_so_is_its_return(self) -> None:
        today = local_today_of()
        cheque = record_transfer(
            transfer_of(
                make_appeal(),
                method=TransferReceipt.Method.CHEQUE,
                bank_reference="Slip 12, cheque 000456",
                amount=gbp(40),
            )
        )
        take(
            Told(today, gbp(40), "CHEQUES", "456"),
            Told(today, gbp(-40), "UNPAID CHQ", "000456"),
            Told(today, gbp(-40), "CHQ", "000456"),
        )
        cheque_456 = StatementMatch.objects.filter(receipt=cheque)

        # 456 is short; the whole of the reference is not on the line.
        propose_matches()
        assert not cheque_456.exists()

        TransferReceipt.objects.filter(pk=cheque.pk).update(bank_reference="cheque 123456")
        StatementLine.objects.filter(bank_reference__contains="456").update(bank_reference="123456")
        propose_matches()
        assert list(cheque_456.order_by("line_id").values_list("kind", flat=True)) == [
            Kind.TRANSFER,
            Kind.BOUNCED,
        ]

    def test_nothing_is_done_before_there_is_a_line(self) -> None:
        assert not propose_when_due()
        assert not MatchingRun.objects.exists()


class TestRules:
    def test_a_reference_is_remembered_as_lines_are_compared_and_once(self) -> None:
        appeal, leeds, user = make_appeal(), make_branch("Leeds"), make_user()

        first = remember_reference(" rally-leeds 007", appeal=appeal, branch=leeds, made_by=user)
        again = remember_reference("RALLY LEEDS 7", appeal=appeal, branch=leeds, made_by=user)

        assert first == again
        assert first.words == "RALLY LEEDS 7"

    def test_what_is_too_short_or_taken_is_refused(self) -> None:
        appeal, user = make_appeal(), make_user()
        rule = remember_reference("RALLY", appeal=appeal, branch=None, made_by=user)

        with pytest.raises(RecordRefusedError, match="too short"):
            remember_reference("R 1 !", appeal=appeal, branch=None, made_by=user)
        with pytest.raises(RecordRefusedError, match="for Rally already"):
            remember_reference("rally", appeal=appeal, branch=make_branch("York"), made_by=user)

        assert stop_rule(rule, stopped_by=user)
        assert not stop_rule(rule, stopped_by=user)
        remember_reference("rally", appeal=appeal, branch=make_branch("York"), made_by=user)

    def test_a_stopped_rule_proposes_no_more(self) -> None:
        user = make_user()
        rule = remember_reference("RALLY", appeal=make_appeal(), branch=None, made_by=user)
        take(Told(local_today_of(), gbp(5), "RALLY"))
        assert propose_matches() == 1

        stop_rule(rule, stopped_by=user)

        assert propose_when_due()
        assert not StatementMatch.objects.exists()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_year_with_known_truth_is_matched_rightly_or_not_at_all(seed: int) -> None:
    year = make_year(seed)
    read(ofx_of(year.lines))
    sources = (*SOURCES, payout_source(lambda: year.payouts, version=str))

    propose_matches(sources)

    found = proposals_by_id(year)
    wrong = {key: one for key, one in found.items() if year.truth[key] != one}
    assert wrong == {}
    right = Counter(kind for kind, _ in found.values())
    all_of = Counter(kind for kind, _ in year.truth.values())
    # Precision is the law; that it finds most is what makes it useful.
    assert sum(right.values()) >= 0.7 * (len(year.truth) - all_of[""])
    assert set(right) == {Kind.PAYING_IN, Kind.PAYOUT, Kind.TRANSFER, Kind.BOUNCED, Kind.RULE}


@pytest.mark.parametrize("seed", [4])
def test_a_year_in_pieces_and_backwards_is_matched_the_same(seed: int) -> None:
    """Overlapping files, the later first, with a look of the matcher after each."""
    year = make_year(seed, size=200)
    sources = (*SOURCES, payout_source(lambda: year.payouts, version=str))
    days = sorted({line.day for line in year.lines})
    for first in range(len(days) - 1, -1, -40):
        span = set(days[max(0, first - 60) : first + 1])
        keep(ofx_of([line for line in year.lines if line.day in span]))
        do_bank_work()
    propose_matches(sources)
    in_pieces = proposals_by_id(year)
    assert StatementLine.objects.count() == len(year.lines)

    StatementMatch.objects.all().delete()
    propose_matches(sources)

    assert proposals_by_id(year) == in_pieces


def proposals_by_id(year: Year) -> dict[str, tuple[str, str]]:
    """What is proposed of each line, by the bank's own id, as the truth is told."""
    ids: defaultdict[tuple[date, int, str, str], list[str]] = defaultdict(list)
    for one in year.lines:
        ids[one.day, one.minor, one.text, one.reference].append(one.bank_id)
    found = {}
    for match in StatementMatch.objects.select_related("line", "rule"):
        line = match.line
        told = (line.booked_on, line.amount_minor, line.text, line.bank_reference)
        target = match.rule.words if match.rule else match.payout_id
        target = target or str(match.paying_in_id or match.receipt_id)
        found[ids[told].pop()] = (str(match.kind), target)
    return found


def local_today_of() -> date:
    """Today, where the organisation is."""
    make_organisation()
    return local_today()
