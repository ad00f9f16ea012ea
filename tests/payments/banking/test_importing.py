"""Taking in files: each line once, whatever overlaps, dies, or comes in another format."""

import uuid
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from payments.banking import importing, taking
from payments.banking.files.columns import Columns
from payments.banking.files.lines import StatementFileError
from payments.banking.importing import (
    ArrivedFile,
    confirm_columns,
    forget_columns,
    keep_file,
    read_due_files,
)
from payments.models import (
    BankAccount,
    ColumnMap,
    StatementFile,
    StatementImport,
    StatementLine,
)
from tests.factories import gbp, make_user
from tests.payments.banking.statements import (
    COLUMNS,
    Told,
    camt_of,
    csv_of,
    keep,
    make_account,
    ofx_of,
    read,
)
from tests.payments.test_cash import race

pytestmark = pytest.mark.django_db

State = StatementImport.State
DAY = date(2026, 11, 7)


def days(*amounts: int, first: date = DAY) -> list[Told]:
    """A line a day."""
    return [
        Told(first + timedelta(days=n), gbp(amount), f"Payer {n}", f"REF{n}", f"id{n}")
        for n, amount in enumerate(amounts)
    ]


@pytest.mark.parametrize("make", [csv_of, ofx_of, camt_of])
def test_a_statement_is_read_line_by_line(make: Any) -> None:
    kept = read(make(days(10, -20, 30)))

    assert (kept.state, kept.last_error) == (State.DONE, "")
    assert (kept.lines_total, kept.lines_read, kept.lines_new, kept.percent) == (3, 3, 3, 100)
    assert [line.amount for line in StatementLine.objects.order_by("booked_on")] == [
        gbp(10),
        gbp(-20),
        gbp(30),
    ]
    assert not StatementFile.objects.exists()


@pytest.mark.parametrize("make", [csv_of, ofx_of, camt_of])
def test_the_same_file_again_brings_nothing(make: Any) -> None:
    content = make(days(10, 20, 30))
    read(content)

    again = read(content)

    assert (again.lines_known, again.lines_new) == (3, 0)
    assert StatementLine.objects.count() == 3


@pytest.mark.parametrize("make", [csv_of, ofx_of, camt_of])
def test_files_that_overlap_bring_each_line_once(make: Any) -> None:
    all_days = days(10, 20, 30, 40, 50)
    read(make(all_days[:3]))

    later = read(make(all_days[2:]))

    assert (later.lines_known, later.lines_new) == (1, 2)
    assert StatementLine.objects.count() == 5


def test_equal_lines_of_one_day_are_two() -> None:
    twins = [Told(DAY, gbp(10), "Standing order RALLY")] * 2
    read(csv_of(twins))

    again = read(csv_of([*twins, *days(5)]))

    assert again.lines_new == 1
    assert StatementLine.objects.filter(amount_minor=1000).count() == 2


def test_a_third_twin_that_came_later_in_the_day_is_new() -> None:
    twin = Told(DAY, gbp(10), "Standing order RALLY")
    read(csv_of([twin] * 2))

    assert read(csv_of([twin] * 3)).lines_new == 1


def test_a_bank_that_gives_one_id_twice_loses_no_line() -> None:
    """One file numbers its lines from 1 each day; and one sum is booked in two parts."""
    first = Told(DAY, gbp(10), "A", bank_id="1")
    read(ofx_of([first, replace(first, amount=gbp(11)), first]))
    read(ofx_of([replace(first, day=DAY + timedelta(days=1))]))

    assert StatementLine.objects.count() == 4


def test_another_format_of_the_same_days_brings_nothing() -> None:
    told = [*days(10, 20, 30), Told(DAY, gbp(10), "Other", bank_id="x")]
    read(csv_of(told))

    for make in (ofx_of, camt_of):
        again = read(make(told), account=make_account())
        assert again.state == State.DONE, again.last_error
        assert again.lines_known == 4
        BankAccount.objects.update(number="")

    assert StatementLine.objects.count() == 4


def test_another_format_brings_what_came_since() -> None:
    twin = Told(DAY, gbp(10), "Standing order", bank_id="1")
    read(csv_of([twin]))

    later = read(ofx_of([twin, replace(twin, bank_id="2"), *days(7)]))
    back = read(csv_of([twin] * 2))

    assert later.lines_new == 2
    assert back.lines_new == 0
    assert StatementLine.objects.count() == 3


def test_the_same_line_in_another_account_is_another_line() -> None:
    read(csv_of(days(10)))
    read(csv_of(days(10)), account=make_account("Another bank"))

    assert StatementLine.objects.count() == 2


def test_the_database_refuses_a_line_twice_and_a_line_of_nothing() -> None:
    read(csv_of(days(10)))
    line = StatementLine.objects.get()

    with pytest.raises(IntegrityError, match="taken_once"), transaction.atomic():
        StatementLine.objects.create(
            account=line.account,
            statement_import=line.statement_import,
            key=line.key,
            booked_on=DAY,
            amount_minor=5,
        )
    with pytest.raises(IntegrityError, match="moves_money"), transaction.atomic():
        StatementLine.objects.filter(pk=line.pk).update(amount_minor=0)
    with pytest.raises(IntegrityError, match="is_finished"), transaction.atomic():
        StatementImport.objects.update(finished_at=None)


class TestColumns:
    def test_a_new_header_waits_for_a_person_and_is_remembered(self) -> None:
        account, user = make_account(), make_user()
        file = ArrivedFile("a.csv", csv_of(days(10)))

        first = keep_file(account, file, imported_by=user)
        assert first.state == State.COLUMNS
        assert read_due_files() == 0
        assert confirm_columns(first, COLUMNS, confirmed_by=user)
        assert not confirm_columns(first, COLUMNS, confirmed_by=user)
        assert read_due_files() == 1

        later = keep_file(account, ArrivedFile("b.csv", csv_of(days(1, 2))), imported_by=user)
        assert later.state == State.WAITING
        assert Columns.from_json(later.columns) == COLUMNS
        assert ColumnMap.objects.get().confirmed_by == user

    def test_a_file_that_was_read_wrongly_can_be_read_anew(self) -> None:
        kept = keep_file(
            make_account(), ArrivedFile("a.csv", csv_of(days(10))), imported_by=make_user()
        )
        wrong = replace(COLUMNS, amount=1)
        confirm_columns(kept, wrong, confirmed_by=make_user())
        read_due_files()
        kept.refresh_from_db()
        assert kept.state == State.REFUSED
        assert "“Payer 0” is not" in kept.last_error or "no amount" in kept.last_error

        assert forget_columns(kept)
        assert confirm_columns(kept, COLUMNS, confirmed_by=make_user())
        read_due_files()

        kept.refresh_from_db()
        assert (kept.state, kept.lines_new) == (State.DONE, 1)
        assert not forget_columns(kept)

    def test_a_file_that_nobody_reads_anew_goes_after_a_week(self) -> None:
        kept = keep(csv_of(days(10)).replace(b"10.00", b"ten 10"))
        read_due_files()
        assert StatementFile.objects.filter(statement_import=kept).exists()

        StatementImport.objects.update(finished_at=timezone.now() - timedelta(days=8))
        read_due_files()

        assert not StatementFile.objects.exists()
        assert not forget_columns(kept)

    def test_a_file_whose_columns_nobody_confirms_is_given_up_after_a_week(self) -> None:
        kept = keep_file(
            make_account(), ArrivedFile("a.csv", csv_of(days(10))), imported_by=make_user()
        )
        StatementImport.objects.update(imported_at=timezone.now() - timedelta(days=8))

        read_due_files()

        kept.refresh_from_db()
        assert kept.state == State.REFUSED
        assert "Send it once more" in kept.last_error


class TestRefusals:
    def test_nothing_of_a_file_is_taken_when_a_row_cannot_be_read(self) -> None:
        kept = read(csv_of(days(10, 20, 30)).replace(b"30.00", b"3O.00"))

        assert kept.state == State.REFUSED
        assert "Row 4" in kept.last_error
        assert not StatementLine.objects.exists()

    def test_another_account_s_statement_is_refused(self) -> None:
        read(ofx_of(days(10), number="111"))

        assert "not of Unity Trust" in read(ofx_of(days(10), number="222")).last_error
        other = read(ofx_of(days(20), number="111"), account=make_account("Another"))
        assert "is of Unity Trust, not of Another" in other.last_error
        assert StatementLine.objects.count() == 1

    def test_another_currency_is_refused(self) -> None:
        kept = read(camt_of(days(10)), account=make_account("Euros", currency="EUR"))

        assert kept.last_error == "This statement is in GBP, and Euros in EUR."
        assert not StatementFile.objects.exists()

    def test_too_large_and_too_long_files_are_refused(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(importing, "MAX_LINES", 2)
        assert "more than 2 lines" in read(csv_of(days(1, 2, 3))).last_error

        monkeypatch.setattr(importing, "MAX_BYTES", 10)
        with pytest.raises(StatementFileError, match="larger than"):
            keep(csv_of(days(10)))


class TestDying:
    def test_a_reader_that_dies_is_followed_by_another_that_takes_each_line_once(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(importing, "CHUNK", 2)
        kept = keep(csv_of(days(1, 2, 3, 4, 5)))
        taken: list[int] = []

        class DyingTaker(taking.LineTaker):
            def take(self, lines: Any) -> int:
                if taken:
                    raise RuntimeError("killed")
                taken.append(1)
                return super().take(lines)

        with monkeypatch.context() as patch:
            patch.setattr(importing, "LineTaker", DyingTaker)
            with pytest.raises(RuntimeError):
                read_due_files()
        assert StatementLine.objects.count() == 2
        assert read_due_files() == 0  # it may be alive yet

        StatementImport.objects.update(claimed_until=timezone.now())
        assert read_due_files() == 1

        kept.refresh_from_db()
        assert (kept.state, kept.lines_read, kept.lines_new) == (State.DONE, 5, 5)
        assert StatementLine.objects.count() == 5

    def test_a_file_that_kills_its_reader_again_and_again_is_given_up(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        kept = keep(csv_of(days(1)))

        def die(_kept: StatementImport) -> None:
            raise RuntimeError("killed")

        monkeypatch.setattr(importing, "_read", die)
        for _ in range(5):
            with pytest.raises(RuntimeError):
                read_due_files()
            StatementImport.objects.update(claimed_until=None)
        read_due_files()

        kept.refresh_from_db()
        assert kept.state == State.REFUSED
        assert "operator" in kept.last_error

    @pytest.mark.django_db(transaction=True)
    def test_workers_at_the_same_moment_take_each_line_once(self) -> None:
        contents = [csv_of(days(1, 2, 3)), csv_of(days(1, 2, 3, 4)), ofx_of(days(1, 2, 3, 4, 5))]
        for content in contents:
            keep(content)

        results = race(*[read_due_files] * 3)
        read_due_files()

        assert [one for one in results if isinstance(one, Exception)] == []
        assert StatementLine.objects.count() == 5
        assert set(StatementImport.objects.values_list("state", flat=True)) == {State.DONE}


class AnyOverlap(TestCase):
    """Whatever whole days the files hold, and in whatever order and format they come."""

    @settings(max_examples=30, deadline=None)
    @given(
        amounts=st.lists(
            st.tuples(st.integers(0, 4), st.sampled_from([10, 20]), st.sampled_from("ab")),
            max_size=14,
        ),
        spans=st.lists(
            st.tuples(st.integers(0, 4), st.integers(0, 4), st.sampled_from(["csv", "ofx"])),
            max_size=6,
        ),
    )
    def test_the_account_holds_each_line_of_each_covered_day_once(
        self, amounts: list[tuple[int, int, str]], spans: list[tuple[int, int, str]]
    ) -> None:
        account = BankAccount.objects.create(
            name=uuid.uuid4().hex, currency="GBP", made_by=make_user()
        )
        number = uuid.uuid4().hex
        told = [
            Told(DAY + timedelta(days=day), gbp(amount), f"Payer {who}", bank_id=f"id{at}")
            for at, (day, amount, who) in enumerate(sorted(amounts))
        ]
        covered: set[date] = set()
        for first, last, kind in spans:
            span = {DAY + timedelta(days=n) for n in range(first, last + 1)}
            covered |= span
            lines = [one for one in told if one.day in span]
            if not lines:
                continue
            content = csv_of(lines) if kind == "csv" else ofx_of(lines, number=number)
            kept = read(content, account=account)
            assert kept.state == State.DONE, kept.last_error

        held = StatementLine.objects.filter(account=account).values_list(
            "booked_on", "amount_minor"
        )
        assert sorted(held) == sorted((one.day, one.minor) for one in told if one.day in covered)
