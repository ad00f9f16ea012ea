"""Closing a quarter: the cash book, its tie-out, what comes late, and that nothing jams."""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, Final

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from appeals.models import Appeal
from funds.audit import audit_ledger
from funds.balances import read_balances
from funds.models import JournalEntry, PeriodClose
from funds.money import from_minor, to_minor
from payments import inbox
from payments.audit import audit_till
from payments.balance.taking import take
from payments.booking import book_facts
from payments.cash import in_hand_account, reverse_collection
from payments.closing import periods
from payments.closing.cash_book import CashBook, find_close
from payments.closing.checklist import read_open_items
from payments.closing.columns import cash_book_rows
from payments.closing.late import read_late
from payments.closing.periods import name_of, read_next_period, require_closable
from payments.closing.tie_out import (
    TieOut,
    read_signed_tie_out,
    read_tie_out,
    total_of,
)
from payments.models import (
    BalanceWindow,
    CardDonation,
    CashCollection,
    PayingIn,
    PayingInLine,
    TieOutRow,
    WebhookEvent,
)
from payments.paying_in import undo_paying_in
from payments.periods import Period, quarter_of
from payments.recording import RecordRefusedError
from payments.stripe_gateway.facts import PaymentReceived, Refunded, RefundState
from payments.two_persons.asking import undo_or_ask
from tests.factories import (
    gbp,
    make_appeal,
    make_branch,
    make_card_donation,
    make_user,
)
from tests.funds.books import execute
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
    the_row,
)
from tests.payments.counting import Table
from tests.payments.refunding import make_national, order
from tests.payments.test_cash import facts_of, record
from tests.payments.test_paying_in import bank
from tests.stripe_events import checkout_event, deliver, refund_event
from tests.stripe_lines import a_line

pytestmark = pytest.mark.django_db


@pytest.fixture
def appeal() -> Appeal:
    return make_appeal(opens_at=timezone.now() - timedelta(days=300))


class TestTieOut:
    def test_opening_and_in_less_banked_is_in_hand(self, appeal: Appeal) -> None:
        collect(appeal, 5, on=SINCE - timedelta(days=1))
        collect(appeal, 20)
        wrong = collect(appeal, 7, on=SINCE)
        reverse_collection(wrong, reason="Twice", reversed_by=make_user())
        bank([collect(appeal, 40)], paid_in_on=UNTIL)

        # Reversed today, after the period: there it still stands.
        assert the_row(read_tie_out(SINCE, UNTIL)) == (5, 67, 40, 32)
        assert the_row(read_tie_out(SINCE, TODAY)) == (5, 60, 40, 25)

    def test_each_branch_and_currency_has_its_row_and_they_add_up(self, appeal: Appeal) -> None:
        euros = make_appeal("euro", target=from_minor(10**6, "EUR"), opens_at=appeal.opens_at)
        collect(appeal, 1)
        collect(appeal, 2, branch=make_branch("York"))
        record(facts_of(euros, amount=from_minor(300, "EUR"), collected_on=UNTIL))

        tie_out = read_tie_out(SINCE, UNTIL)

        assert [(one.name, one.currency, one.in_hand_minor) for one in tie_out] == [
            ("Leeds", "EUR", 300),
            ("Leeds", "GBP", 100),
            ("York", "GBP", 200),
        ]
        assert [(one.currency, one.in_hand_minor) for one in total_of(tie_out)] == [
            ("EUR", 300),
            ("GBP", 300),
        ]
        assert all(one.ties for one in [*tie_out, *total_of(tie_out)])

    def test_where_nothing_moved_there_is_no_row(self, appeal: Appeal) -> None:
        collect(appeal, 5, on=OPEN_DAY)

        assert read_tie_out(SINCE, UNTIL) == []


class TestClosing:
    def test_the_figures_are_kept_as_they_were_signed_whatever_comes_late(
        self, appeal: Appeal
    ) -> None:
        collect(appeal, 20)
        banked = bank([collect(appeal, 40)], paid_in_on=UNTIL)
        closed = close()
        signed, drawn = read_signed_tie_out(closed), list(cash_book_rows(book_of()))

        late = collect(appeal, 100)
        undo_paying_in(banked, reason="Wrong bag", reversed_by=make_user())
        reverse_collection(late, reason="Twice", reversed_by=make_user())

        assert late.entry.booked_on == OPEN_DAY
        assert read_signed_tie_out(closed) == signed == read_tie_out(SINCE, UNTIL)
        assert list(cash_book_rows(book_of())) == drawn
        assert find_close(SINCE, UNTIL) == closed
        assert audit() == []

    def test_what_arrived_late_is_listed_with_its_own_date_at_the_next_closing(
        self, appeal: Appeal
    ) -> None:
        closed = close()
        collect(appeal, 30, on=UNTIL - timedelta(days=3))

        late = read_late(OPEN_DAY, TODAY)

        assert late.count == 1
        (fact,) = late.shown
        assert (fact.own_period, fact.amounts) == (closed.name, [gbp(30)])
        assert fact.entry.occurred_on == UNTIL - timedelta(days=3)
        assert fact.entry.booked_on == OPEN_DAY
        assert the_row(read_tie_out(OPEN_DAY, TODAY)) == (0, 30, 0, 30)

    def test_a_day_before_any_closed_period_is_named_by_its_quarter(self, appeal: Appeal) -> None:
        close(UNTIL, UNTIL)
        day = UNTIL - timedelta(days=100)
        collect(appeal, 30, on=day)

        (fact,) = read_late(OPEN_DAY, TODAY).shown
        assert fact.own_period == quarter_of(day).name

    def test_figures_that_changed_since_they_were_seen_are_not_signed(self, appeal: Appeal) -> None:
        facts = seen()
        collect(appeal, 1)

        with pytest.raises(RecordRefusedError, match="since you looked"):
            periods.close(facts, closed_by=make_user(), confirmed_by=None)

        assert not PeriodClose.objects.exists()

    def test_what_is_not_over_or_does_not_join_on_is_not_closed(self, appeal: Appeal) -> None:
        with pytest.raises(RecordRefusedError, match="not over yet"):
            require_closable(SINCE, TODAY)
        with pytest.raises(RecordRefusedError, match="before it begins"):
            require_closable(UNTIL, SINCE)
        close()
        with pytest.raises(RecordRefusedError, match="the next period begins on"):
            require_closable(OPEN_DAY + timedelta(days=1), TODAY - timedelta(days=1))

    def test_the_next_period_is_the_rest_of_the_quarter_after_the_last(
        self, appeal: Appeal
    ) -> None:
        assert read_next_period() == quarter_of(TODAY)
        day = TODAY - timedelta(days=200)
        collect(appeal, 1, on=day)
        first = read_next_period()
        assert first == quarter_of(day)

        close(first.since, first.since + timedelta(days=9))

        following = read_next_period()
        assert (following.since, following.until) == (
            first.since + timedelta(days=10),
            first.until,
        )
        assert " to " in following.name

    def test_a_period_is_called_as_people_call_it(self) -> None:
        assert name_of(date(2026, 7, 1), date(2026, 9, 30)) == "Quarter 3 of 2026"
        assert name_of(date(2026, 7, 1), date(2026, 7, 31)) == "July 2026"
        assert name_of(date(2026, 1, 1), date(2026, 12, 31)) == "2026"
        assert name_of(date(2026, 7, 2), date(2026, 7, 3)) == "2 July 2026 to 3 July 2026"

    def test_opened_again_and_closed_anew_both_sets_of_figures_stand(self, appeal: Appeal) -> None:
        collect(appeal, 20)
        first = close()
        with pytest.raises(RecordRefusedError, match="Say why"):
            periods.reopen(first, reason=" ", reopened_by=make_user(), confirmed_by=None)
        periods.reopen(first, reason="Forgotten", reopened_by=make_user(), confirmed_by=None)
        collect(appeal, 1)

        second = close()

        assert the_row(read_signed_tie_out(first))[1] == 20
        assert the_row(read_signed_tie_out(second))[1] == 21
        assert find_close(SINCE, UNTIL) == second
        assert audit() == []

    def test_signed_figures_are_not_edited(self, appeal: Appeal) -> None:
        collect(appeal, 20)
        close()

        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            TieOutRow.objects.update(counted_minor=1)

    def test_signed_figures_edited_behind_a_dropped_trigger_are_found(self, appeal: Appeal) -> None:
        collect(appeal, 20)
        close()
        execute("ALTER TABLE payments_tieoutrow DISABLE TRIGGER USER")
        execute("UPDATE payments_tieoutrow SET counted_minor = 1, in_hand_minor = 1")
        execute("ALTER TABLE payments_tieoutrow ENABLE TRIGGER USER")

        assert [one.check for one in audit_till()] == ["signed figures stand"]

    def test_figures_that_do_not_tie_are_refused_by_the_database(self, appeal: Appeal) -> None:
        closed = close()
        names = ("opening", "counted", "taken_back", "banked", "brought_back", "other", "short")
        figures = {f"{name}_minor": 0 for name in names}

        with pytest.raises(IntegrityError, match="tie_out_ties"), transaction.atomic():
            TieOutRow.objects.create(
                period_close=closed, currency="GBP", in_hand_minor=1, **figures
            )


class TestNothingJams:
    def test_a_stripe_event_of_a_closed_day_is_booked_on_the_first_open_one(
        self, appeal: Appeal, client: Client
    ) -> None:
        donation = make_card_donation(gbp(25), appeal=appeal)
        at = timezone.now() - timedelta(days=11)
        event = checkout_event(donation) | {"created": int(at.timestamp())}
        event["data"]["object"]["created"] = int(at.timestamp())
        close()

        assert deliver(client, event) == 200
        inbox.act_on_everything_due()

        entry = JournalEntry.objects.get()
        assert entry.occurred_on <= UNTIL
        assert entry.booked_on == OPEN_DAY
        assert audit() == []

    def test_a_refund_of_a_donation_of_a_closed_quarter(self, appeal: Appeal) -> None:
        donation = make_card_donation(gbp(25), appeal=appeal)
        then, now = timezone.now() - timedelta(days=12), timezone.now()
        book_facts([PaymentReceived(donation.reference, "pi_1", gbp(25), then)])
        close()

        late_told = timezone.now() - timedelta(days=11)
        book_facts([Refunded("re_1", "pi_1", gbp(5), RefundState.GONE, late_told, late_told)])
        book_facts([Refunded("re_2", "pi_1", gbp(6), RefundState.GONE, now, now)])

        entries = {
            entry.source_key: entry.booked_on for entry in JournalEntry.objects.order_by("pk")
        }
        assert entries == {
            "stripe:pi_1:received": None,
            "stripe:re_1:refunded": OPEN_DAY,
            "stripe:re_2:refunded": None,
        }
        assert list(audit_ledger()) == []

    def test_telling_everything_again_after_the_closing_changes_nothing(
        self, appeal: Appeal, client: Client
    ) -> None:
        donations = [make_card_donation(gbp(25), appeal=appeal) for _ in range(3)]
        old = int((timezone.now() - timedelta(days=12)).timestamp())
        events = [
            checkout_event(donation, event_id=f"evt_told_{n}")
            for n, donation in enumerate(donations)
        ]
        events.append(refund_event(donations[0], amount=500))
        for event in events:
            event["created"] = event["data"]["object"]["created"] = old
        for event in events[:2]:
            assert deliver(client, event) == 200
        inbox.act_on_everything_due()
        close()
        for event in events:
            assert deliver(client, event) == 200
        inbox.act_on_everything_due()
        before = list(JournalEntry.objects.order_by("pk").values())

        for number, event in enumerate(events):
            assert deliver(client, event | {"id": f"evt_again_{number}"}) == 200
        inbox.act_on_everything_due()

        assert list(JournalEntry.objects.order_by("pk").values()) == before
        assert {row["booked_on"] for row in before} == {None, OPEN_DAY}
        assert audit() == []

    def test_an_offline_sheet_of_a_closed_day_is_booked_with_its_own_date(
        self, appeal: Appeal
    ) -> None:
        table = Table(appeal=appeal, held_on=UNTIL)
        close()

        table.both_count({"2000": 3})

        collection = CashCollection.objects.get()
        assert collection.collected_on == collection.entry.occurred_on == UNTIL
        assert collection.entry.booked_on == OPEN_DAY
        (line,) = book_of(Period("", OPEN_DAY, TODAY)).books[0].lines
        assert line.is_late
        assert (line.day, line.own_day) == (OPEN_DAY, UNTIL)
        assert audit() == []


class TestChecklist:
    def test_nothing_is_open_in_an_empty_period(self, appeal: Appeal) -> None:
        assert read_open_items(UNTIL) == []

    def test_it_names_all_that_is_open_and_stands_in_no_way(
        self, appeal: Appeal, client: Client
    ) -> None:
        collect(appeal, 20)
        bank([collect(appeal, 40)], paid_in_on=UNTIL)
        Table(appeal=appeal, held_on=UNTIL, buckets=2, branch=make_branch("York"))
        hull = make_branch("Hull")
        Table(appeal=appeal, held_on=UNTIL, branch=hull).differ_twice({"2000": 1}, {"2000": 2})
        take_lines(Told(UNTIL, gbp(12), "Who knows"))
        donation = make_card_donation(gbp(150), appeal=appeal)
        book_facts([PaymentReceived(donation.reference, "pi_1", gbp(150), timezone.now())])
        donation.refresh_from_db()
        order(donation, by=make_national("first"))
        BalanceWindow.objects.create(
            since=timezone.now() - timedelta(days=90),
            until=timezone.now() - timedelta(days=60),
            finished_at=timezone.now(),
        )
        undo_or_ask(collect(appeal, 300), reason="Twice", by=make_national("first"))

        texts = [item.text for item in read_open_items(UNTIL)]

        day = timezone.localdate() - timedelta(days=60)
        assert texts == [
            "2 collections, £320, counted and not yet banked",
            "1 bucket whose counts differ",
            "2 buckets out, or being counted",
            "1 paying-in not found on the bank's statement yet",
            "1 line of the bank's statement not explained yet",
            f"Stripe's balance is only read up to {day.day} {day:%B %Y}",
            "1 reversal waiting for a second person",
            "1 refund waiting for a second person",
        ]
        close()
        assert audit() == []

    def test_stripe_s_facts_that_wait_are_on_it(self, appeal: Appeal, client: Client) -> None:
        donation = make_card_donation(gbp(25), appeal=appeal)
        assert deliver(client, checkout_event(donation)) == 200
        WebhookEvent.objects.update(received_at=timezone.now() - timedelta(days=20))
        take([a_line("mystery", gbp(3), created_at=timezone.now() - timedelta(days=20))])

        assert [item.text for item in read_open_items(UNTIL)] == [
            "1 event of Stripe's not booked yet",
            "1 line of Stripe's balance not booked yet",
        ]


@pytest.mark.django_db(transaction=True)
def test_a_quarter_is_closed_while_the_inbox_books() -> None:
    """Forty donations of its last day arrive; each lands in it or after it, and none is lost."""
    appeal = make_appeal(opens_at=timezone.now() - timedelta(days=300))
    donations = [make_card_donation(gbp(25), appeal=appeal) for _ in range(40)]
    at = int((timezone.now() - timedelta(days=12)).timestamp())
    first, second = make_national("first"), make_national("second")
    client = Client()
    for number, donation in enumerate(donations):
        event = checkout_event(donation, event_id=f"evt_{number}")
        event["created"] = event["data"]["object"]["created"] = at
        assert deliver(client, event) == 200
    go, errors = threading.Barrier(3), []

    def run(work: Callable[[], object]) -> None:
        go.wait()
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - told below
            errors.append(error)
        finally:
            connection.close()

    def closing() -> None:
        periods.close(seen(), closed_by=first, confirmed_by=second)

    works = [inbox.act_on_everything_due, inbox.act_on_everything_due, closing]
    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    inbox.act_on_everything_due()

    assert errors == []
    assert JournalEntry.objects.count() == 40
    assert CardDonation.objects.filter(received_entry=None).count() == 0
    assert set(JournalEntry.objects.values_list("booked_on", flat=True)) <= {None, OPEN_DAY}
    assert audit() == []


STEPS: Final = st.one_of(
    st.tuples(
        st.sampled_from(["collect", "sell", "subs"]),
        *(st.integers(1, 10**6), st.integers(0, 40), st.integers(0, 1)),
    ),
    st.tuples(
        st.sampled_from(["reverse", "bank", "undo"]), st.integers(0, 9), st.just(0), st.just(0)
    ),
    st.tuples(st.just("close"), st.integers(1, 15), st.just(0), st.just(0)),
    st.tuples(st.just("reopen"), st.just(0), st.just(0), st.just(0)),
)


KINDS: Final = {
    "collect": CashCollection.Kind.COLLECTION,
    "sell": CashCollection.Kind.SALE,
    "subs": CashCollection.Kind.SUBS,
}


class ClosingLaws(TestCase):
    @settings(max_examples=25, deadline=None)
    @given(history=st.lists(STEPS, max_size=14))
    def test_the_tie_out_holds_for_any_history_and_equals_the_balances(
        self, history: list[tuple[str, int, int, int]]
    ) -> None:
        appeal = make_appeal(opens_at=timezone.now() - timedelta(days=300))
        branches = [make_branch("Leeds"), make_branch("York")]
        signed: list[tuple[PeriodClose, list[TieOut]]] = []
        begin = TODAY - timedelta(days=60)
        for what, number, days, which in history:
            if what in KINDS:
                facts = facts_of(
                    None if what == "subs" else appeal,
                    kind=KINDS[what],
                    amount=from_minor(number, "GBP"),
                    costs=from_minor(number // 3 if what == "sell" else 0, "GBP"),
                    collected_on=TODAY - timedelta(days=days),
                    branch=branches[which],
                )
                record(facts)
            elif what == "close":
                since = signed[-1][0].until + timedelta(days=1) if signed else begin
                until = since + timedelta(days=number)
                if until < TODAY:
                    closed = close(since, until)
                    signed.append((closed, read_signed_tie_out(closed)))
            elif what == "reopen" and signed:
                closed, _ = signed.pop()
                periods.reopen(closed, reason="x", reopened_by=make_user(), confirmed_by=None)
            else:
                self.undo_or_bank(what, number)

        self.judge(appeal, begin, signed)

    def undo_or_bank(self, what: str, number: int) -> None:
        found: list[Any] = list(
            PayingIn.objects.filter(reversed_at=None)
            if what == "undo"
            else CashCollection.objects.filter(reversed_at=None).exclude(
                banked_lines__in=_standing_lines()
            )
        )
        if not found or what == "reopen":
            return
        target = found[number % len(found)]
        if what == "bank":
            bank([target], paid_in_on=max(target.collected_on, TODAY - timedelta(days=number)))
        elif what == "undo":
            undo_paying_in(target, reason="x", reversed_by=make_user())
        else:
            reverse_collection(target, reason="x", reversed_by=make_user())

    def judge(
        self, appeal: Appeal, begin: date, signed: list[tuple[PeriodClose, list[TieOut]]]
    ) -> None:
        balances: Counter[int | None] = Counter()
        in_hand = [in_hand_account(one, currency="GBP").pk for one in (appeal, None)]
        for row in read_balances(in_hand):
            balances[row.branch_id] += row.debit_minor - row.credit_minor
        now = read_tie_out(begin, TODAY)
        assert all(one.ties for one in now)
        assert {one.branch.pk: one.in_hand_minor for one in now if one.branch} | {
            pk: 0 for pk, minor in balances.items() if minor == 0
        } == balances
        opening: dict[int, int] = {}
        for number, (closed, figures) in enumerate(signed):
            assert (
                read_signed_tie_out(closed) == figures == read_tie_out(closed.since, closed.until)
            )
            for one in figures:
                assert one.branch is not None
                if number:
                    assert one.opening_minor == opening.get(one.branch.pk, 0)
            opening = {one.branch.pk: one.in_hand_minor for one in figures if one.branch}
            book = book_of(Period("", closed.since, closed.until))
            assert_lines_make(book)
        assert [*audit_ledger(), *audit_till()] == []


def _standing_lines() -> Any:
    return PayingInLine.objects.filter(undone_at=None)


def assert_lines_make(book: CashBook) -> None:
    """Every branch's lines lead from its opening to what is in hand."""
    for branch_book in book.books:
        moved = sum(to_minor(line.amount) for line in branch_book.lines)
        assert sum(one.opening_minor for one in branch_book.tie_out) + moved == sum(
            one.in_hand_minor for one in branch_book.tie_out
        )
