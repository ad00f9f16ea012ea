"""Paying in: booked once, each bag once, undone in sight."""

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from appeals.accounts import Role, appeal_account
from appeals.progress import read_reading
from funds import chart
from funds.audit import audit_ledger
from funds.balances import account_balance, account_balance_of_branch
from funds.models import JournalEntry, User
from funds.money import Money
from payments.audit import audit_till
from payments.cash import reverse_collection
from payments.models import CashCollection, PayingIn, PayingInLine
from payments.paying_in import PayingInFacts, pay_in, undo_paying_in
from payments.paying_in_records import read_slip
from payments.recording import (
    RecordConflictError,
    RecordRefusedError,
    RecordReversedError,
    local_today,
)
from tests.factories import gbp, make_appeal, make_branch, make_user
from tests.payments.test_cash import facts_of as cash_of
from tests.payments.test_cash import race, record

pytestmark = pytest.mark.django_db


def facts_of(collections: Sequence[CashCollection], **changes: Any) -> PayingInFacts:
    """Slip 000123, handed in today by two."""
    return replace(
        PayingInFacts(
            collections=collections,
            slip_number="000123",
            paid_in_on=local_today(),
            paid_in_by="First depositor",
            paid_in_with="Second depositor",
        ),
        **changes,
    )


def bank(
    collections: Sequence[CashCollection], *, by: User | None = None, **changes: Any
) -> PayingIn:
    facts = facts_of(collections, **changes)
    return pay_in(uuid.uuid4(), facts, recorded_by=by or make_user()).paying_in


def in_bank(currency: str = "GBP") -> Money:
    return account_balance(chart.account(chart.BANK, currency=currency))


def test_what_is_paid_in_leaves_the_hand_and_stays_raised() -> None:
    appeal = make_appeal()
    first, second = record(cash_of(appeal)), record(cash_of(appeal, amount=gbp("10.50")))

    banked = bank([first, second])

    reading = read_reading(appeal)
    assert reading.raised == gbp("35.50")
    assert reading.counted_not_banked == gbp(0)
    assert in_bank() == banked.amount == gbp("35.50")
    assert banked.entry.source_key == f"paying-in:{banked.reference}:banked"
    assert banked.entry.postings.count() == 2


def test_each_branch_and_appeal_has_its_own_line_in_the_entry() -> None:
    rally, fund = make_appeal("rally"), make_appeal("fund")
    leeds, york = make_branch("Leeds"), make_branch("York")
    bags = [
        record(cash_of(rally, branch=leeds, amount=gbp(10))),
        record(cash_of(rally, branch=york, amount=gbp(20))),
        record(cash_of(fund, branch=leeds, amount=gbp(30))),
        record(cash_of(rally, branch=leeds, amount=gbp(5), kind=CashCollection.Kind.SALE)),
    ]

    banked = bank(bags)

    credited = {
        (posting.account.code, posting.branch): posting.amount
        for posting in banked.entry.postings.filter(side="credit")
    }
    in_hand = {appeal: appeal_account(appeal, Role.CASH_IN_HAND).code for appeal in (rally, fund)}
    assert credited == {
        (in_hand[rally], leeds): gbp(15),
        (in_hand[rally], york): gbp(20),
        (in_hand[fund], leeds): gbp(30),
    }
    assert not list(audit_till())


def test_one_branch_s_bag_leaves_the_other_s_in_hand() -> None:
    appeal, leeds, york = make_appeal(), make_branch("Leeds"), make_branch("York")
    bag, _other = record(cash_of(appeal, branch=leeds)), record(cash_of(appeal, branch=york))

    bank([bag])

    account = appeal_account(appeal, Role.CASH_IN_HAND)
    assert account_balance_of_branch(account, branch=leeds) == gbp(0)
    assert account_balance_of_branch(account, branch=york) == gbp(25)


def test_the_same_form_twice_banks_once() -> None:
    facts, reference = facts_of([record(cash_of(make_appeal()))]), uuid.uuid4()

    first = pay_in(reference, facts, recorded_by=make_user())
    second = pay_in(reference, facts, recorded_by=make_user())

    assert first.is_new
    assert not second.is_new
    assert in_bank() == gbp(25)


def test_the_same_reference_with_other_content_is_a_conflict() -> None:
    appeal, reference = make_appeal(), uuid.uuid4()
    first, second = record(cash_of(appeal)), record(cash_of(appeal))
    pay_in(reference, facts_of([first]), recorded_by=make_user())

    for told in (facts_of([second]), facts_of([first], slip_number="7")):
        with pytest.raises(RecordConflictError):
            pay_in(reference, told, recorded_by=make_user())

    assert in_bank() == gbp(25)


def test_a_bag_is_banked_once() -> None:
    bag = record(cash_of(make_appeal()))
    bank([bag])

    with pytest.raises(RecordRefusedError, match="is banked already, with slip 000123"):
        bank([bag], slip_number="000124")

    assert in_bank() == gbp(25)


def test_the_database_refuses_a_second_standing_line_of_a_bag() -> None:
    appeal = make_appeal()
    bag = record(cash_of(appeal))
    banked = bank([bag])
    other = bank([record(cash_of(appeal))])

    with pytest.raises(IntegrityError, match="collection_is_banked_once"), transaction.atomic():
        PayingInLine.objects.create(paying_in=other, collection=bag)
    with pytest.raises(IntegrityError, match="paying_in_has_a_slip_number"), transaction.atomic():
        PayingIn.objects.filter(pk=banked.pk).update(slip_number="")
    with pytest.raises(IntegrityError, match="paying_in_reversal"), transaction.atomic():
        PayingIn.objects.filter(pk=banked.pk).update(reversed_at=timezone.now())
    with pytest.raises(IntegrityError, match="paying_in_amount"), transaction.atomic():
        PayingIn.objects.filter(pk=banked.pk).update(amount=0)


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"collections": []}, "collections", "Tick at least one"),
        ({"slip_number": ""}, "slip_number", "Give the number"),
        ({"paid_in_with": "first DEPOSITOR"}, "paid_in_with", "the same person"),
        ({"paid_in_on": timedelta(days=1)}, "paid_in_on", "still to come"),
        ({"paid_in_on": timedelta(days=-400)}, "paid_in_on", "over a year ago"),
        ({"paid_in_on": timedelta(days=-1)}, "paid_in_on", "only gathered on"),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    changes: dict[str, Any], field: str, words: str
) -> None:
    bag = record(cash_of(make_appeal()))
    changes = {
        name: local_today() + told if isinstance(told, timedelta) else told
        for name, told in changes.items()
    }

    with pytest.raises(RecordRefusedError, match=words) as refused:
        bank(**{"collections": [bag], **changes})

    assert refused.value.field == field
    assert not PayingIn.objects.exists()


def test_one_slip_holds_one_currency() -> None:
    euros = make_appeal("euros", target=Money(100, "EUR"))
    pounds = record(cash_of(make_appeal()))
    cents = record(cash_of(euros, amount=Money(10, "EUR")))

    with pytest.raises(RecordRefusedError, match="One slip holds one currency"):
        bank([pounds, cents])

    bank([cents])
    assert in_bank("EUR") == Money(10, "EUR")


def test_a_reversed_bag_is_not_banked() -> None:
    bag = record(cash_of(make_appeal()))
    reverse_collection(bag, reason="Counted twice", reversed_by=make_user())

    with pytest.raises(RecordRefusedError, match="was reversed meanwhile"):
        bank([bag])


def test_a_banked_bag_is_not_reversed_before_its_paying_in() -> None:
    appeal = make_appeal()
    bag = record(cash_of(appeal))
    banked = bank([bag])

    with pytest.raises(RecordRefusedError, match="paid in, with slip 000123"):
        reverse_collection(bag, reason="Counted twice", reversed_by=make_user())

    undo_paying_in(banked, reason="Wrong bag", reversed_by=make_user())
    reverse_collection(bag, reason="Counted twice", reversed_by=make_user())
    assert read_reading(appeal).raised == gbp(0)
    assert not list(audit_till())


def test_undone_it_is_in_hand_again_and_may_be_banked_anew() -> None:
    appeal, user = make_appeal(), make_user()
    bag = record(cash_of(appeal))
    banked = bank([bag])

    undone = undo_paying_in(banked, reason=" The bag was left behind ", reversed_by=user)

    assert (undone.reversal_reason, undone.reversed_by) == ("The bag was left behind", user)
    assert read_reading(appeal).counted_not_banked == gbp(25)
    assert in_bank() == gbp(0)
    bank([bag], slip_number="000124")
    assert in_bank() == gbp(25)
    assert not list(audit_till())
    assert not list(audit_ledger())


def test_an_undoing_needs_a_reason_and_happens_once() -> None:
    banked = bank([record(cash_of(make_appeal()))])

    with pytest.raises(RecordRefusedError, match="Say why"):
        undo_paying_in(banked, reason="  ", reversed_by=make_user())
    undo_paying_in(banked, reason="Wrong slip", reversed_by=make_user())
    with pytest.raises(RecordReversedError):
        undo_paying_in(banked, reason="Wrong slip", reversed_by=make_user())


@pytest.mark.django_db(transaction=True)
def test_two_who_bank_the_same_bag_at_the_same_moment_bank_it_once() -> None:
    bag, user = record(cash_of(make_appeal())), make_user()
    attempts = [
        lambda slip=slip: pay_in(uuid.uuid4(), facts_of([bag], slip_number=slip), recorded_by=user)
        for slip in ("1", "2", "3", "4")
    ]

    results = race(*attempts)

    assert sum(isinstance(one, RecordRefusedError) for one in results) == 3
    assert PayingIn.objects.count() == 1
    assert in_bank() == gbp(25)


@pytest.mark.django_db(transaction=True)
def test_the_same_form_at_the_same_moment_banks_once() -> None:
    bag, user, reference = record(cash_of(make_appeal())), make_user(), uuid.uuid4()
    facts = facts_of([bag])

    results = race(*[lambda: pay_in(reference, facts, recorded_by=user)] * 4)

    assert [one for one in results if isinstance(one, Exception)] == []
    assert in_bank() == gbp(25)


@pytest.mark.django_db(transaction=True)
def test_one_reference_with_two_bags_at_the_same_moment_is_a_conflict() -> None:
    appeal, user, reference = make_appeal(), make_user(), uuid.uuid4()
    bags = [record(cash_of(appeal)) for _ in range(2)]

    results = race(
        *[lambda bag=bag: pay_in(reference, facts_of([bag]), recorded_by=user) for bag in bags]
    )

    assert sum(isinstance(one, RecordConflictError) for one in results) == 1
    assert PayingIn.objects.count() == 1
    assert in_bank() == gbp(25)


@pytest.mark.django_db(transaction=True)
def test_banking_and_reversing_at_the_same_moment_do_one_of_the_two() -> None:
    bag, user = record(cash_of(make_appeal())), make_user()

    race(
        lambda: bank([bag], by=user),
        lambda: reverse_collection(bag, reason="Counted twice", reversed_by=user),
    )

    bag.refresh_from_db()
    assert (bag.reversed_at is None) == PayingIn.objects.exists()
    assert not list(audit_till())


def test_a_slip_adds_up_notes_coins_and_what_was_not_counted_by_piece() -> None:
    appeal = make_appeal()
    bags = [
        record(cash_of(appeal, amount=gbp(25), pieces={2000: 1, 100: 5})),
        record(cash_of(appeal, amount=gbp("20.50"), pieces={2000: 1, 50: 1})),
        record(cash_of(appeal, amount=gbp(7))),
    ]

    slip = read_slip(bags, currency="GBP")

    assert [(line.label, line.pieces, line.total) for line in slip.pieces] == [
        ("£20", 2, gbp(40)),
        ("£1", 5, gbp(5)),
        ("50p", 1, gbp("0.50")),
    ]
    assert (slip.notes, slip.coins, slip.uncounted) == (gbp(40), gbp("5.50"), gbp(7))
    assert slip.total == gbp("52.50")
    assert [(share.branch, share.amount) for share in slip.shares] == [("Leeds", gbp("52.50"))]


class AnyOrder(TestCase):
    """Whatever is banked, undone, reversed and banked again, the books add up."""

    @settings(max_examples=25, deadline=None)
    @given(
        steps=st.lists(
            st.tuples(
                st.sampled_from(["bank", "undo", "reverse"]),
                st.sets(st.integers(0, 3), min_size=1, max_size=3),
            ),
            max_size=12,
        )
    )
    def test_any_history_leaves_what_is_in_hand_and_what_is_banked(
        self, steps: list[tuple[str, set[int]]]
    ) -> None:
        appeal, user = make_appeal(f"rally-{uuid.uuid4().hex[:8]}"), make_user()
        branches = [make_branch("Leeds"), make_branch("York")]
        bags = [
            record(cash_of(appeal, branch=branches[n % 2], amount=gbp(10 + n)), by=user)
            for n in range(4)
        ]
        banked: dict[int, PayingIn] = {}
        gone: set[int] = set()
        before = in_bank()
        for step, chosen in steps:
            first = min(chosen)
            if step == "bank" and not chosen & (gone | set(banked)):
                paid = bank([bags[n] for n in chosen], by=user)
                banked |= dict.fromkeys(chosen, paid)
            elif step == "bank":
                with pytest.raises(RecordRefusedError):
                    bank([bags[n] for n in chosen], by=user)
            elif step == "undo" and first in banked:
                paid = banked[first]
                undo_paying_in(paid, reason="Wrong", reversed_by=user)
                banked = {n: one for n, one in banked.items() if one != paid}
            elif step == "reverse" and first not in banked and first not in gone:
                reverse_collection(bags[first], reason="Wrong", reversed_by=user)
                gone.add(first)

        at_bank = sum((bags[n].amount for n in banked), gbp(0))
        kept = sum((bags[n].amount for n in range(4) if n not in gone), gbp(0))
        reading = read_reading(appeal)
        assert in_bank() - before == at_bank
        assert reading.raised == kept
        assert reading.counted_not_banked == kept - at_bank
        assert not list(audit_till())
        connection.check_constraints()
        assert JournalEntry.objects.filter(kind="cash-banked").count() >= len(set(banked.values()))
