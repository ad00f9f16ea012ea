"""Laws of the ledger that must hold for any history, found by Hypothesis."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from funds.audit import audit_ledger
from funds.balances import account_balance, read_balances
from funds.ledger import reverse_entry
from funds.money import from_minor, to_minor
from tests.factories import TODAY, make_account, make_branch
from tests.funds.books import make_bank, post

pytestmark = pytest.mark.django_db

amounts = st.integers(min_value=1, max_value=10**12)


class LedgerLaws(TestCase):
    @settings(max_examples=40, deadline=None)
    @given(data=st.data(), donations=st.lists(amounts, max_size=8))
    def test_redelivery_in_any_order_changes_no_balance(
        self, data: st.DataObject, donations: list[int]
    ) -> None:
        bank, income = make_bank(), make_account()
        told = [(f"donation-{n}", minor) for n, minor in enumerate(donations)]
        retold = told + (data.draw(st.lists(st.sampled_from(told))) if told else [])

        for key, minor in data.draw(st.permutations(retold)):
            post(bank, income, from_minor(minor, "GBP"), source_key=key)

        assert to_minor(account_balance(income)) == sum(donations)
        assert to_minor(account_balance(bank)) == sum(donations)

    @settings(max_examples=40, deadline=None)
    @given(
        history=st.lists(
            st.tuples(amounts, st.sampled_from(["Leeds", "York", ""]), st.booleans()), max_size=8
        )
    )
    def test_balances_equal_the_sums_and_the_audit_finds_nothing(
        self, history: list[tuple[int, str, bool]]
    ) -> None:
        bank, income = make_bank(), make_account()
        expected: dict[int | None, int] = {}
        clock = 0
        for minor, name, is_reversed in history:
            branch = make_branch(name) if name else None
            entry = post(bank, income, from_minor(minor, "GBP"), branch=branch).entry
            key = branch.pk if branch else None
            expected[key] = expected.get(key, 0) + (0 if is_reversed else minor)
            if is_reversed:
                reverse_entry(entry, reason="a mistake", occurred_on=TODAY)
            now = sum(row.postings for row in read_balances([income.pk]))
            assert now > clock, "the clock of readings only grows"
            clock = now

        assert {
            row.branch_id: row.credit_minor - row.debit_minor for row in read_balances([income.pk])
        } == expected
        assert list(audit_ledger()) == []


@given(minor=st.integers(-(10**15), 10**15), currency=st.sampled_from(["GBP", "JPY", "KWD"]))
def test_minor_units_come_back_as_they_went(minor: int, currency: Any) -> None:
    assert to_minor(from_minor(minor, currency)) == minor
