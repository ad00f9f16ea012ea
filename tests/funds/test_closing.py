"""Closed periods: what arrives late is posted on the first open day, and nothing else moves."""

import threading
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from pytest_django import DjangoAssertNumQueries

from funds.audit import audit_ledger
from funds.balances import account_balance
from funds.closing import (
    PeriodRefusedError,
    close_period,
    read_closed_until,
    read_first_open_day,
    reopen_period,
    stop_the_books,
)
from funds.ledger import Draft, EntryConflictError, Kind, credit, debit, post_entries, reverse_entry
from funds.models import Account, JournalEntry, PeriodClose, User
from funds.money import from_minor
from tests.factories import gbp, make_account, make_user
from tests.funds.books import execute, make_bank, post

pytestmark = pytest.mark.django_db

JULY = date(2026, 7, 1)
SEPTEMBER = date(2026, 9, 30)
OCTOBER = date(2026, 10, 1)


def close(
    until: date = SEPTEMBER, *, since: date = JULY, by: User | None = None, name: str = "Quarter 3"
) -> PeriodClose:
    return close_period(
        name=name, since=since, until=until, closed_by=by or make_user(), confirmed_by=make_user()
    )


def reopen(period: PeriodClose, *, reason: str = "A slip was forgotten") -> PeriodClose:
    return reopen_period(period, reason=reason, reopened_by=make_user(), confirmed_by=None)


class TestLateFacts:
    def test_a_fact_of_an_open_day_is_booked_on_its_own_date(self) -> None:
        entry = post(make_bank(), make_account(), gbp(1), occurred_on=OCTOBER).entry

        assert entry.booked_on is None
        assert entry.day_in_books == OCTOBER

    def test_a_fact_of_a_closed_day_is_booked_on_the_first_open_one(self) -> None:
        bank, income = make_bank(), make_account()
        close()

        late = post(bank, income, gbp(3), occurred_on=date(2026, 9, 28)).entry
        last = post(bank, income, gbp(2), occurred_on=SEPTEMBER).entry
        first_open = post(bank, income, gbp(1), occurred_on=OCTOBER).entry

        for entry in (late, last):
            stands = JournalEntry.objects.get(pk=entry.pk)
            assert stands.booked_on == entry.booked_on == OCTOBER
            assert stands.digest == entry.digest
            assert stands.day_in_books == OCTOBER
        assert late.occurred_on == date(2026, 9, 28)
        assert first_open.booked_on is None
        assert list(audit_ledger()) == []

    def test_a_fact_from_before_the_first_period_is_late_too(self) -> None:
        close()

        entry = post(make_bank(), make_account(), gbp(1), occurred_on=date(2025, 1, 1)).entry

        assert entry.booked_on == OCTOBER

    def test_one_batch_holds_both(self) -> None:
        bank, income = make_bank(), make_account()
        close()
        drafts = [
            Draft(
                f"k{n}", Kind.CASH_COUNTED, day, "", [debit(bank, gbp(1)), credit(income, gbp(1))]
            )
            for n, day in enumerate([SEPTEMBER, OCTOBER, JULY])
        ]

        posted = post_entries(drafts)

        assert [one.entry.booked_on for one in posted] == [OCTOBER, None, OCTOBER]
        assert list(audit_ledger()) == []

    def test_a_fact_told_again_after_the_closing_is_found_as_it_was_booked(self) -> None:
        bank, income = make_bank(), make_account()
        before = post(bank, income, gbp(1), source_key="early", occurred_on=SEPTEMBER).entry
        close()
        late = post(bank, income, gbp(1), source_key="late", occurred_on=SEPTEMBER).entry
        close(date(2026, 12, 31), since=OCTOBER, name="Quarter 4")

        early_again = post(bank, income, gbp(1), source_key="early", occurred_on=SEPTEMBER)
        late_again = post(bank, income, gbp(1), source_key="late", occurred_on=SEPTEMBER)

        assert (early_again.entry, early_again.is_new) == (before, False)
        assert (late_again.entry, late_again.is_new) == (late, False)
        assert early_again.entry.booked_on is None
        assert late_again.entry.booked_on == OCTOBER
        assert account_balance(income) == gbp(2)

    def test_a_late_fact_told_again_with_other_lines_is_still_refused(self) -> None:
        bank, income = make_bank(), make_account()
        close()
        post(bank, income, gbp(1), source_key="k", occurred_on=SEPTEMBER)

        with pytest.raises(EntryConflictError):
            post(bank, income, gbp(2), source_key="k", occurred_on=SEPTEMBER)

    def test_a_reversal_dated_in_a_closed_period_is_late_too(self) -> None:
        bank, income = make_bank(), make_account()
        entry = post(bank, income, gbp(5), occurred_on=SEPTEMBER).entry
        close()

        reversal = reverse_entry(entry, reason="bounced", occurred_on=SEPTEMBER).entry

        assert reversal.booked_on == OCTOBER
        assert account_balance(income) == gbp(0)
        assert list(audit_ledger()) == []

    def test_posting_costs_the_two_statements_it_did(
        self, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        bank, income = make_bank(), make_account()
        close()

        with django_assert_num_queries(4):  # two, and a savepoint around them
            post(bank, income, gbp(1), occurred_on=SEPTEMBER)


class TestClosing:
    def test_periods_join_on_to_each_other(self) -> None:
        assert read_closed_until() is None
        assert read_first_open_day() is None
        close()
        assert read_closed_until() == SEPTEMBER
        assert read_first_open_day() == OCTOBER

        for since in (SEPTEMBER, date(2026, 10, 2)):
            with pytest.raises(PeriodRefusedError, match="closed until 2026-09-30"):
                close(date(2026, 12, 31), since=since)

        close(date(2026, 10, 31), since=OCTOBER, name="October")
        assert read_closed_until() == date(2026, 10, 31)

    def test_a_period_does_not_end_before_it_begins(self) -> None:
        with pytest.raises(PeriodRefusedError, match="ends before it begins"):
            close(JULY, since=SEPTEMBER)

    def test_only_the_newest_is_opened_again_once_and_with_a_reason(self) -> None:
        first = close()
        second = close(date(2026, 12, 31), since=OCTOBER, name="Quarter 4")

        with pytest.raises(PeriodRefusedError, match="Only the newest"):
            reopen(first)
        with pytest.raises(PeriodRefusedError, match="Say why"):
            reopen(second, reason="  ")
        reopen(second)
        with pytest.raises(PeriodRefusedError, match="opened again before"):
            reopen(second)
        assert read_closed_until() == SEPTEMBER
        reopen(first)
        assert read_closed_until() is None

    def test_a_day_that_is_open_again_takes_entries_and_is_closed_anew(self) -> None:
        bank, income = make_bank(), make_account()
        first = close()
        late = post(bank, income, gbp(1), occurred_on=SEPTEMBER).entry
        reopen(first)

        entry = post(bank, income, gbp(1), occurred_on=SEPTEMBER).entry
        close()

        assert entry.booked_on is None
        assert JournalEntry.objects.get(pk=late.pk).booked_on == OCTOBER
        assert list(audit_ledger()) == []


class TestDatabaseGuards:
    """What holds even for code that goes around ``funds.ledger`` and ``funds.closing``."""

    @pytest.mark.parametrize(
        ("occurred_on", "booked_on"),
        [
            (SEPTEMBER, None),
            (SEPTEMBER, date(2026, 10, 2)),
            (JULY, date(2026, 9, 1)),
            (OCTOBER, date(2026, 10, 2)),
        ],
    )
    def test_an_entry_stands_on_its_own_date_or_on_the_first_open_day(
        self, occurred_on: date, booked_on: date | None
    ) -> None:
        close()

        with pytest.raises(IntegrityError, match="the books are closed until 2026-09-30"):
            JournalEntry.objects.create(
                source_key="k",
                kind=Kind.CASH_COUNTED,
                occurred_on=occurred_on,
                booked_on=booked_on,
                digest="0" * 64,
            )

    def test_nothing_is_moved_while_nothing_is_closed(self) -> None:
        with pytest.raises(IntegrityError, match="closed until no day"):
            JournalEntry.objects.create(
                source_key="k",
                kind=Kind.CASH_COUNTED,
                occurred_on=SEPTEMBER,
                booked_on=OCTOBER,
                digest="0" * 64,
            )

    def test_a_period_that_does_not_join_on_is_refused(self) -> None:
        close()

        with pytest.raises(IntegrityError, match="begins the day after"):
            PeriodClose.objects.create(
                name="A gap",
                since=date(2026, 11, 1),
                until=date(2026, 11, 30),
                closed_by=make_user(),
            )

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE funds_periodclose SET until = until + 1",
            "UPDATE funds_periodclose SET name = 'x'",
            "DELETE FROM funds_periodclose",
        ],
    )
    def test_a_closed_period_is_kept(self, statement: str) -> None:
        close()

        with pytest.raises(IntegrityError, match="a closed period is kept"):
            execute(statement)

    def test_a_period_under_another_is_not_opened_behind_its_back(self) -> None:
        first = close()
        close(date(2026, 12, 31), since=OCTOBER, name="Quarter 4")

        with pytest.raises(IntegrityError, match="only the newest"):
            execute(
                "UPDATE funds_periodclose SET reopened_at = now(), reopen_reason = 'x',"
                f" reopened_by_id = {make_user().pk} WHERE id = {first.pk}"
            )

    def test_closed_periods_are_not_truncated(self) -> None:
        close()

        with pytest.raises(IntegrityError, match="append-only"):
            execute("TRUNCATE funds_periodclose CASCADE")


class TestAudit:
    @pytest.mark.parametrize(
        ("change", "found"),
        [
            ("booked_on = NULL WHERE source_key = 'late'", {"closed periods are closed"}),
            ("booked_on = '2026-10-05' WHERE source_key = 'late'", {"closed periods are closed"}),
            ("booked_on = '2026-10-01' WHERE source_key = 'early'", set()),
        ],
    )
    def test_a_late_entry_moved_behind_a_dropped_trigger_is_found(
        self, change: str, found: set[str]
    ) -> None:
        bank, income = make_bank(), make_account()
        post(bank, income, gbp(1), source_key="early", occurred_on=SEPTEMBER)
        close()
        post(bank, income, gbp(1), source_key="late", occurred_on=SEPTEMBER)

        execute("ALTER TABLE funds_journalentry DISABLE TRIGGER USER")
        execute(f"UPDATE funds_journalentry SET {change}")
        execute("ALTER TABLE funds_journalentry ENABLE TRIGGER USER")

        assert {one.check for one in audit_ledger()} == found | {"digests hold"}

    def test_periods_that_do_not_join_on_are_found(self) -> None:
        close()
        execute("ALTER TABLE funds_periodclose DISABLE TRIGGER USER")
        close_until = PeriodClose.objects.create(
            name="A gap", since=date(2026, 11, 1), until=date(2026, 11, 30), closed_by=make_user()
        )
        execute("ALTER TABLE funds_periodclose ENABLE TRIGGER USER")

        assert [str(one) for one in audit_ledger()] == [
            f"closed periods join on: {close_until.name}: does not join on to Quarter 3"
        ]


def in_thread(work: Callable[[], object]) -> threading.Thread:
    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


@pytest.mark.django_db(transaction=True)
class TestRaces:
    def test_a_closing_waits_for_a_writer_in_flight(self) -> None:
        bank, income, user = make_bank(), make_account(), make_user()
        with transaction.atomic():
            entry = post(bank, income, gbp(1), occurred_on=SEPTEMBER).entry
            closing = in_thread(lambda: close(by=user))
            closing.join(0.3)
            assert closing.is_alive(), "it must not close under an entry that is being posted"
            assert read_closed_until() is None
        closing.join(10)

        assert read_closed_until() == SEPTEMBER
        assert JournalEntry.objects.get(pk=entry.pk).booked_on is None
        assert list(audit_ledger()) == []

    def test_a_writer_that_comes_while_it_closes_waits_and_is_late(self) -> None:
        bank, income = make_bank(), make_account()
        with transaction.atomic():
            close()
            writer = in_thread(lambda: post(bank, income, gbp(1), occurred_on=SEPTEMBER))
            writer.join(0.3)
            assert writer.is_alive()
        writer.join(10)

        assert JournalEntry.objects.get().booked_on == OCTOBER
        assert list(audit_ledger()) == []

    def test_a_closing_that_fails_lets_the_writer_through_on_its_own_date(self) -> None:
        bank, income = make_bank(), make_account()
        writers: list[threading.Thread] = []

        @transaction.atomic
        def close_and_fail() -> None:
            close()
            writer = in_thread(lambda: post(bank, income, gbp(1), occurred_on=SEPTEMBER))
            writers.append(writer)
            writer.join(0.2)
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            close_and_fail()
        writers[0].join(10)

        assert JournalEntry.objects.get().booked_on is None

    def test_a_writer_behind_the_closing_is_let_through_to_another_that_waits_for_it(self) -> None:
        """No deadlock: the one holds a row and has not posted, the other has, and wants the row."""
        # Each on accounts of its own: otherwise the two would wait for each other without closing.
        one, other = ((make_bank(), make_account()) for _ in range(2))
        row, user = make_account("row"), make_user()
        has_row, has_posted, closes = (threading.Event() for _ in range(3))
        errors: list[BaseException] = []

        def guarded(work: Callable[[], object]) -> Callable[[], object]:
            def run() -> None:
                try:
                    work()
                except BaseException as error:  # noqa: BLE001 - told below
                    errors.append(error)

            return run

        @transaction.atomic
        def first() -> None:
            Account.objects.select_for_update().get(pk=row.pk)
            has_row.set()
            closes.wait(10)
            post(*one, gbp(1), occurred_on=SEPTEMBER, source_key="first")

        @transaction.atomic
        def second() -> None:
            has_row.wait(10)
            post(*other, gbp(1), occurred_on=SEPTEMBER, source_key="second")
            has_posted.set()
            Account.objects.select_for_update().get(pk=row.pk)

        def closing() -> None:
            has_posted.wait(10)
            waits = threading.Timer(0.3, closes.set)
            waits.start()
            close(by=user)

        threads = [in_thread(guarded(work)) for work in (first, second, closing)]
        for thread in threads:
            thread.join(20)

        assert errors == []
        assert read_closed_until() == SEPTEMBER
        assert account_balance(one[1]) == account_balance(other[1]) == gbp(1)
        assert list(audit_ledger()) == []

    def test_batches_of_many_writers_land_on_one_side_each(self) -> None:
        bank, income, user = make_bank(), make_account(), make_user()
        errors: list[BaseException] = []
        go = threading.Barrier(5)

        def write(number: int) -> None:
            go.wait()
            try:
                for batch in range(10):
                    post_entries(
                        [
                            Draft(
                                f"{number}:{batch}:{n}",
                                Kind.CARD_RECEIVED,
                                SEPTEMBER,
                                "",
                                [debit(bank, gbp(1)), credit(income, gbp(1))],
                            )
                            for n in range(50)
                        ]
                    )
            except BaseException as error:  # noqa: BLE001 - told below
                errors.append(error)

        def closing() -> None:
            go.wait()
            close(by=user)

        threads = [in_thread(lambda n=number: write(n)) for number in range(4)]  # type: ignore[misc]
        threads.append(in_thread(closing))
        for thread in threads:
            thread.join(60)

        assert errors == []
        assert account_balance(income) == gbp(4 * 10 * 50)
        assert list(audit_ledger()) == []

    def test_two_that_close_at_once_close_once(self) -> None:
        users = [make_user() for _ in range(2)]
        go = threading.Barrier(2)
        refused: list[str] = []

        def closing(user: User) -> None:
            go.wait()
            try:
                close(by=user)
            except PeriodRefusedError as error:
                refused.append(str(error))

        threads = [in_thread(lambda u=user: closing(u)) for user in users]  # type: ignore[misc]
        for thread in threads:
            thread.join(20)

        assert len(refused) == 1
        assert PeriodClose.objects.count() == 1

    def test_stopping_the_books_tells_the_last_closed_day(self) -> None:
        with transaction.atomic():
            assert stop_the_books() is None
        close()
        with transaction.atomic():
            assert stop_the_books() == SEPTEMBER


class ClosingLaws(TestCase):
    @settings(max_examples=40, deadline=None)
    @given(
        history=st.lists(
            st.one_of(
                st.tuples(st.just("post"), st.integers(0, 40), st.integers(1, 10**6)),
                st.tuples(st.just("again"), st.integers(0, 40), st.just(0)),
                st.tuples(st.just("close"), st.integers(1, 12), st.just(0)),
                st.tuples(st.just("reopen"), st.just(0), st.just(0)),
            ),
            max_size=20,
        )
    )
    def test_every_fact_stands_in_the_first_period_that_was_open_when_it_came(
        self, history: list[tuple[str, int, int]]
    ) -> None:
        bank, income, user = make_bank(), make_account(), make_user()
        told: dict[str, tuple[date, int, date]] = {}
        closed: list[tuple[date, PeriodClose]] = []
        for what, number, minor in history:
            first_open = closed[-1][0] + timedelta(days=1) if closed else date.min
            if what == "post":
                day, key = JULY + timedelta(days=number), f"fact:{len(told)}"
                told[key] = (day, minor, max(day, first_open))
                post(bank, income, from_minor(minor, "GBP"), occurred_on=day, source_key=key)
            elif what == "again" and told:
                key = sorted(told)[number % len(told)]
                day, was, _ = told[key]
                again = post(bank, income, from_minor(was, "GBP"), occurred_on=day, source_key=key)
                assert not again.is_new
            elif what == "close":
                since = closed[-1][0] + timedelta(days=1) if closed else JULY
                until = since + timedelta(days=number)
                closed.append((until, close(until, since=since, by=user)))
            elif what == "reopen" and closed:
                reopen(closed.pop()[1])

        stands = {
            entry.source_key: (entry.occurred_on, entry.day_in_books)
            for entry in JournalEntry.objects.all()
        }
        assert stands == {key: (day, booked) for key, (day, _, booked) in told.items()}
        total = sum(minor for _, minor, _ in told.values())
        assert account_balance(income) == from_minor(total, "GBP")
        assert list(audit_ledger()) == []
