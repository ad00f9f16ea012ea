"""Any history of donations, sales and subs, banked and undone, keeps the books to the penny."""

import uuid
from dataclasses import dataclass, field
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from appeals.models import Appeal
from appeals.progress import read_reading
from funds import chart
from funds.access import read_access
from funds.audit import audit_ledger
from funds.balances import account_balance
from funds.models import Branch, Membership, User
from funds.money import Money
from payments.audit import audit_till
from payments.cash import CollectionFacts, record_collection, reverse_collection
from payments.models import CashCollection, PayingIn
from payments.my_branch import read_my_branches
from payments.paying_in import PayingInFacts, pay_in, undo_paying_in
from payments.recording import local_today
from payments.standings import read_standings
from tests.factories import gbp, make_appeal, make_branch, make_user

pytestmark = pytest.mark.django_db

Kind = CashCollection.Kind
BRANCHES: Final = ("Leeds", "York")

recorded = st.tuples(
    st.just("record"),
    st.sampled_from(Kind),
    st.sampled_from(BRANCHES),
    st.integers(1, 50_000),  # pence that were counted
    st.integers(0, 20_000),  # pence of costs, if it is a sale
)
step = st.one_of(
    recorded,
    recorded,
    st.tuples(st.just("reverse"), st.integers(0, 30)),
    st.tuples(st.just("bank"), st.integers(0, 255)),
    st.tuples(st.just("undo"), st.integers(0, 30)),
)


@dataclass
class Till:
    """The steps taken in the books, and beside them what they must come to, by plain sums."""

    appeal: Appeal
    user: User
    branches: dict[str, Branch]
    in_hand: list[CashCollection] = field(default_factory=list)
    banked: list[tuple[PayingIn, list[CashCollection]]] = field(default_factory=list)

    def record(self, kind: Kind, branch: str, minor: int, costs: int) -> None:
        """Each one is told twice: a retry of the phone."""
        facts = CollectionFacts(
            appeal=None if kind == Kind.SUBS else self.appeal,
            branch=self.branches[branch],
            kind=kind,
            collected_on=local_today(),
            place="Stall",
            amount=gbp(minor) / 100,
            costs=gbp(costs) / 100 if kind == Kind.SALE else None,
            pieces={},
            counted_by="First counter",
        )
        reference = uuid.uuid4()
        for _ in range(2):
            collection = record_collection(reference, facts, recorded_by=self.user).collection
        self.in_hand.append(collection)

    def reverse(self, which: int) -> None:
        if self.in_hand:
            one = self.in_hand.pop(which % len(self.in_hand))
            reverse_collection(one, reason="Wrong amount", reversed_by=self.user)

    def bank(self, which: int) -> None:
        """The bits of ``which`` say what goes into the bag."""
        bag = [one for place, one in enumerate(self.in_hand) if which >> place % 8 & 1]
        if bag:
            facts = PayingInFacts(
                collections=bag,
                slip_number="1",
                paid_in_on=local_today(),
                paid_in_by="First depositor",
            )
            self.banked.append((pay_in(uuid.uuid4(), facts, recorded_by=self.user).paying_in, bag))
            self.in_hand = [one for one in self.in_hand if one not in bag]

    def undo(self, which: int) -> None:
        if self.banked:
            paying_in, bag = self.banked.pop(which % len(self.banked))
            undo_paying_in(paying_in, reason="Wrong bag", reversed_by=self.user)
            self.in_hand += bag


def total(collections: list[CashCollection]) -> Money:
    return sum((one.amount for one in collections), gbp(0))


def of(collections: list[CashCollection], *kinds: Kind, branch: str = "") -> list[CashCollection]:
    return [
        one
        for one in collections
        if one.kind in kinds and (not branch or one.branch.name == branch)
    ]


class TestAnyHistory(TestCase):
    @settings(max_examples=25, deadline=None)
    @given(st.lists(step, max_size=14))
    def test_the_books_say_what_was_done(self, history: list[tuple[object, ...]]) -> None:
        till = Till(
            make_appeal(),
            make_user("national", role=Membership.Role.NATIONAL_TREASURER),
            {name: make_branch(name) for name in BRANCHES},
        )

        for what, *told in history:
            getattr(till, str(what))(*told)

        bags = [one for _, bag in till.banked for one in bag]
        standing = till.in_hand + bags
        reading = read_reading(till.appeal)
        assert reading.by_method["cash"] == total(of(standing, Kind.COLLECTION))
        assert reading.by_method["sales"] == total(of(standing, Kind.SALE))
        assert reading.raised == total(of(standing, Kind.COLLECTION, Kind.SALE))
        assert reading.counted_not_banked == total(of(till.in_hand, Kind.COLLECTION, Kind.SALE))
        assert held(chart.SUBS) == total(of(standing, Kind.SUBS))
        assert held(chart.SUBS_IN_HAND) == total(of(till.in_hand, Kind.SUBS))
        assert held(chart.BANK) == total(bags)
        branches = list(till.branches.values())
        for one in read_standings(till.appeal, branches).branches:
            theirs = of(standing, Kind.COLLECTION, Kind.SALE, branch=one.name)
            assert one.raised == total(theirs)
            assert one.collections == len(theirs)
        for mine in read_my_branches(read_access(till.user), branches):
            theirs = of(till.in_hand, *Kind, branch=mine.branch.name)
            assert sum(mine.in_hand, gbp(0)) == total(theirs)
            assert sum(mine.subs, gbp(0)) == total(of(theirs, Kind.SUBS))
        assert not list(audit_till())
        assert not list(audit_ledger())


def held(line: chart.ChartLine) -> Money:
    return account_balance(chart.account(line, currency="GBP"))
