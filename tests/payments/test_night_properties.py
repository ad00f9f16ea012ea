"""Any history of a night and of what came after it.

The published figure and the listed movements come to today's figure, and that is what plain sums
say it is.
"""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from appeals.models import Night
from funds.money import Money
from payments.models import CardDonation, CashCollection, Pledge
from payments.night.reconciled import reconcile
from payments.recording import local_today
from tests.appeals.stage.directing import Command, say
from tests.factories import gbp, make_appeal, make_branch, make_user
from tests.payments.nights import Evening, let_the_clock_go

pytestmark = pytest.mark.django_db

pence = st.integers(1, 50_000)
which = st.integers(0, 20)
during = st.one_of(
    st.tuples(st.just("card"), pence),
    st.tuples(st.just("cash"), pence),
    st.tuples(st.just("pledge"), pence),
    st.tuples(st.just("give_back"), which, pence),
    st.tuples(st.just("take_back"), which),
    st.tuples(st.just("pay_by_card"), which, pence),
    st.tuples(st.just("lapse"), which),
)
after = st.one_of(
    during,
    during,
    st.tuples(st.just("late_card"), pence),
    st.tuples(st.just("old_cash"), pence),
    st.tuples(st.just("pay_in_cash"), which, pence, pence),
)


@dataclass
class Standing:
    """What is left of one donation or collection, and whether it is that night's."""

    left: Money
    is_nights: bool


@dataclass
class Told:
    """The steps taken in the books, and beside them plain sums."""

    evening: Evening
    cards: list[tuple[CardDonation, Standing]] = field(default_factory=list)
    counts: list[tuple[CashCollection, Standing, Money]] = field(default_factory=list)
    paying: list[tuple[CardDonation, Standing]] = field(default_factory=list)
    pledges: list[tuple[Pledge, bool]] = field(default_factory=list)
    has_ended: bool = False

    def card(self, minor: int) -> None:
        amount = gbp(minor) / 100
        self.cards.append((self.evening.card(amount), Standing(amount, not self.has_ended)))

    def late_card(self, minor: int) -> None:
        amount = gbp(minor) / 100
        donation = self.evening.card(amount, is_late=True)
        self.cards.append((donation, Standing(amount, is_nights=True)))

    def cash(self, minor: int) -> None:
        """Gathered today: that night's, whenever it is counted."""
        amount = gbp(minor) / 100
        self.counts.append((self.evening.cash(amount), Standing(amount, is_nights=True), gbp(0)))

    def old_cash(self, minor: int) -> None:
        amount = gbp(minor) / 100
        counted = self.evening.cash(amount, on=local_today() - timedelta(days=3))
        self.counts.append((counted, Standing(amount, is_nights=False), gbp(0)))

    def pledge(self, minor: int) -> None:
        self.pledges.append((self.evening.pledge(gbp(minor) / 100), not self.has_ended))

    def give_back(self, place: int, minor: int) -> None:
        if self.cards:
            donation, money = self.cards[place % len(self.cards)]
            amount = min(gbp(minor) / 100, money.left)
            if amount:
                self.evening.give_back(donation, amount)
                money.left -= amount

    def take_back(self, place: int) -> None:
        if self.counts:
            counted, *_ = self.counts.pop(place % len(self.counts))
            self.evening.take_back(counted)

    def pay_by_card(self, place: int, minor: int) -> None:
        if self.pledges:
            pledge, is_nights = self.pledges[place % len(self.pledges)]
            amount = gbp(minor) / 100
            donation = self.evening.pay_by_card(pledge, amount)
            # Not among those that are given back: that would promise it again.
            self.paying.append((donation, Standing(amount, is_nights or not self.has_ended)))

    def pay_in_cash(self, place: int, minor: int, more: int) -> None:
        if self.pledges:
            pledge, is_nights = self.pledges[place % len(self.pledges)]
            amount, among = gbp(minor) / 100, gbp(minor + more) / 100
            day = local_today() - timedelta(days=3)
            counted = self.evening.pay_in_cash(pledge, amount, among=among, on=day)
            part = amount if is_nights else gbp(0)
            self.counts.append((counted, Standing(among, is_nights=False), part))

    def lapse(self, place: int) -> None:
        if self.pledges:
            self.evening.lapse(self.pledges[place % len(self.pledges)][0])

    @property
    def raised(self) -> Money:
        cards = [money.left for _, money in [*self.cards, *self.paying] if money.is_nights]
        counts = [money.left if money.is_nights else part for _, money, part in self.counts]
        return sum([*cards, *counts], gbp(0))

    @property
    def promised(self) -> Money:
        for pledge, _ in self.pledges:
            pledge.refresh_from_db()
        return sum((pledge.promised for pledge, is_nights in self.pledges if is_nights), gbp(0))


class TestAnyHistory(TestCase):
    @settings(max_examples=40, deadline=None)
    @given(
        before=st.lists(during, max_size=6),
        night=st.lists(during, max_size=8),
        since=st.lists(after, max_size=10),
        shows=st.booleans(),
        holds=st.booleans(),
    )
    def test_published_and_listed_come_to_today(
        self,
        before: list[tuple[object, ...]],
        night: list[tuple[object, ...]],
        since: list[tuple[object, ...]],
        *,
        shows: bool,
        holds: bool,
    ) -> None:
        let_the_clock_go()
        make_branch("Leeds")
        appeal, by = make_appeal("rally"), make_user()
        told = Told(Evening(appeal, by))
        for what, *more in before:
            getattr(told, str(what))(*more)
        if shows:
            say(appeal, Command.SHOW_PROMISED, by=by)
        if holds:
            say(appeal, Command.HOLD, by=by)
        for what, *more in night:
            getattr(told, str(what))(*more)
        ended = told.evening.end()
        told.has_ended = True
        for what, *more in since:
            getattr(told, str(what))(*more)

        found = reconcile(Night.objects.select_related("appeal").get(pk=ended.pk), most=50)

        assert found.today_raised == told.raised
        assert found.today_promised == (told.promised if shows else None)
        listed = sum((line.amount for line in found.lines), found.published)
        assert listed == found.today
        assert found.remainder == gbp(0)
        keys = {line.key for line in found.lines}
        assert "moment" not in keys
        assert holds or not keys & {"held", "promised-other"}
