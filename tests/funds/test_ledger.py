import threading

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError
from pytest_django import DjangoAssertNumQueries

from funds.balances import account_balance, account_balance_of_branch, read_balances
from funds.digest import DigestLine, entry_digest
from funds.ledger import (
    AlreadyReversedError,
    EntryConflictError,
    Kind,
    Line,
    UnbalancedEntryError,
    credit,
    debit,
    post_entry,
    reverse_entry,
)
from funds.models import Account, Balance, JournalEntry, Posting
from funds.money import Money
from tests.factories import TODAY, gbp, make_account, make_branch
from tests.funds.books import execute, make_bank, post

pytestmark = pytest.mark.django_db


def post_lines(*lines: Line) -> None:
    post_entry(
        source_key="k", kind=Kind.CASH_COUNTED, occurred_on=TODAY, memo="", lines=list(lines)
    )


class TestPosting:
    def test_a_fact_told_twice_is_booked_once(self) -> None:
        bank, income = make_bank(), make_account()

        first = post(bank, income, gbp(20), source_key="cash:1:counted")
        second = post(bank, income, gbp(20), source_key="cash:1:counted")

        assert first.is_new
        assert not second.is_new
        assert second.entry == first.entry
        assert JournalEntry.objects.count() == 1
        assert account_balance(income) == gbp(20)
        assert account_balance(bank) == gbp(20)

    def test_the_same_key_with_other_lines_is_refused(self) -> None:
        bank, income = make_bank(), make_account()
        post(bank, income, gbp(20), source_key="k")

        with pytest.raises(EntryConflictError, match="k is already posted with other lines"):
            post(bank, income, gbp(21), source_key="k")

        assert account_balance(income) == gbp(20)

    def test_the_same_key_for_another_branch_is_refused(self) -> None:
        bank, income = make_bank(), make_account()
        post(bank, income, gbp(20), source_key="k", branch=make_branch("Leeds"))

        with pytest.raises(EntryConflictError):
            post(bank, income, gbp(20), source_key="k", branch=make_branch("York"))

    def test_the_entry_that_comes_back_is_the_one_that_stands(self) -> None:
        entry = post(make_bank(), make_account(), gbp(20)).entry

        standing = JournalEntry.objects.get()
        assert (entry.pk, entry.posted_at) == (standing.pk, standing.posted_at)
        assert entry.digest == standing.digest

    @pytest.mark.parametrize("amount", ["0", "-1", "-0.01"])
    def test_an_amount_is_positive(self, amount: str) -> None:
        bank, income = make_bank(), make_account()

        with pytest.raises(UnbalancedEntryError, match="not a positive amount"):
            post_lines(debit(bank, gbp(amount)), credit(income, gbp(amount)))

    def test_an_entry_has_two_lines_or_more(self) -> None:
        with pytest.raises(UnbalancedEntryError, match="two lines or more"):
            post_lines(debit(make_bank(), gbp(1)))

    def test_debits_equal_credits(self) -> None:
        with pytest.raises(UnbalancedEntryError, match="debits less credits"):
            post_lines(debit(make_bank(), gbp(1)), credit(make_account(), gbp("0.99")))

    def test_an_account_holds_its_own_currency_only(self) -> None:
        with pytest.raises(UnbalancedEntryError, match="cannot hold"):
            post_lines(debit(make_bank(), Money(1, "EUR")), credit(make_account(), gbp(1)))

    def test_an_entry_is_of_one_currency(self) -> None:
        pounds, euros = make_bank(), make_account(currency="EUR")
        with pytest.raises(UnbalancedEntryError):
            post_lines(debit(pounds, gbp(1)), credit(euros, Money(1, "EUR")))


class TestReversing:
    def test_a_reversal_cancels_and_both_stay(self) -> None:
        bank, income, branch = make_bank(), make_account(), make_branch()
        entry = post(bank, income, gbp(20), branch=branch).entry

        reversal = reverse_entry(entry, reason="counted twice", occurred_on=TODAY).entry

        assert account_balance(income) == gbp(0)
        assert account_balance_of_branch(income, branch=branch) == gbp(0)
        assert reversal.reverses == entry
        assert reversal.memo == "Reversed: counted twice"
        assert JournalEntry.objects.count() == 2

    def test_a_reversed_entry_counts_no_more_but_the_clock_goes_on(self) -> None:
        income = make_account()
        entry = post(make_bank(), income, gbp(20)).entry
        reverse_entry(entry, reason="counted twice", occurred_on=TODAY)

        (balance,) = read_balances([income.pk])
        assert (balance.credit_entries, balance.debit_entries) == (0, 0)
        assert balance.postings == 2

    def test_reversing_twice_reverses_once(self) -> None:
        entry = post(make_bank(), make_account(), gbp(20)).entry

        first = reverse_entry(entry, reason="a", occurred_on=TODAY)
        second = reverse_entry(entry, reason="a", occurred_on=TODAY)

        assert second.entry == first.entry
        assert not second.is_new

    def test_an_entry_is_not_reversed_for_two_reasons(self) -> None:
        entry = post(make_bank(), make_account(), gbp(20)).entry
        reverse_entry(entry, reason="a", occurred_on=TODAY, source_key="stripe:re_1:failed")

        with pytest.raises(AlreadyReversedError):
            reverse_entry(entry, reason="b", occurred_on=TODAY)

    def test_a_reason_is_required(self) -> None:
        entry = post(make_bank(), make_account(), gbp(20)).entry

        with pytest.raises(ValueError, match="say why"):
            reverse_entry(entry, reason="  ", occurred_on=TODAY)

    def test_a_reversal_is_not_reversed(self) -> None:
        entry = post(make_bank(), make_account(), gbp(20)).entry
        reversal = reverse_entry(entry, reason="a", occurred_on=TODAY).entry

        with pytest.raises(ValueError, match="post the fact again"):
            reverse_entry(reversal, reason="b", occurred_on=TODAY)


class TestBalances:
    def test_branches_and_no_branch_are_kept_apart(self) -> None:
        bank, income = make_bank(), make_account()
        leeds, york = make_branch("Leeds"), make_branch("York")
        post(bank, income, gbp(20), branch=leeds)
        post(bank, income, gbp(5), branch=york)
        post(bank, income, gbp(1))

        assert account_balance(income) == gbp(26)
        assert account_balance_of_branch(income, branch=leeds) == gbp(20)
        assert account_balance_of_branch(income, branch=None) == gbp(1)
        assert len(read_balances([income.pk])) == 3

    def test_reading_costs_one_query_whatever_was_posted(
        self, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        bank, income = make_bank(), make_account()
        for _ in range(5):
            post(bank, income, gbp(1))

        with django_assert_num_queries(1):
            assert account_balance(income) == gbp(5)

    def test_an_account_never_posted_to_holds_nothing(self) -> None:
        assert account_balance(make_account()) == gbp(0)

    def test_two_lines_to_one_account_add_up(self) -> None:
        bank, income = make_bank(), make_account()
        post_lines(debit(bank, gbp(3)), credit(income, gbp(1)), credit(income, gbp(2)))

        assert account_balance(income) == gbp(3)


class TestDatabaseGuards:
    """What holds even for code that goes around ``post_entry``."""

    def test_an_entry_without_postings_cannot_commit(self) -> None:
        def commit_bare_entry() -> None:
            with transaction.atomic():
                JournalEntry.objects.create(
                    source_key="k", kind=Kind.CASH_COUNTED, occurred_on=TODAY, digest="0" * 64
                )
                connection.check_constraints()  # fires deferred triggers, as COMMIT would

        with pytest.raises(IntegrityError, match="not balanced"):
            commit_bare_entry()

    def test_an_unbalanced_posting_cannot_be_added_later(self) -> None:
        bank = make_bank()
        entry = post(bank, make_account(), gbp(1)).entry

        def add_posting() -> None:
            with transaction.atomic():
                Posting.objects.create(entry=entry, account=bank, side="debit", amount_minor=1)
                connection.check_constraints()

        with pytest.raises(IntegrityError, match="not balanced"):
            add_posting()

    def test_two_currencies_cannot_commit(self) -> None:
        pounds, euros = make_bank(), make_account(currency="EUR")
        entry = post(pounds, make_account(), gbp(1)).entry

        def add_postings() -> None:
            with transaction.atomic():
                for account, side in ((pounds, "debit"), (euros, "credit")):
                    Posting.objects.create(entry=entry, account=account, side=side, amount_minor=1)
                connection.check_constraints()

        with pytest.raises(IntegrityError, match="2 currencies"):
            add_postings()

    @pytest.mark.parametrize("amount_minor", [0, -1])
    def test_a_posting_is_positive(self, amount_minor: int) -> None:
        entry = post(make_bank(), make_account(), gbp(1)).entry

        with pytest.raises(IntegrityError, match="posting_amount_is_positive"):
            Posting.objects.create(
                entry=entry, account=make_account(), side="debit", amount_minor=amount_minor
            )

    @pytest.mark.parametrize("table", ["funds_posting", "funds_journalentry"])
    @pytest.mark.parametrize(
        "statement",
        ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {} CASCADE"],
    )
    def test_the_journal_is_append_only(self, table: str, statement: str) -> None:
        post(make_bank(), make_account(), gbp(1))

        with pytest.raises(IntegrityError, match="append-only"):
            execute(statement.format(table))

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE funds_balance SET credit_minor = credit_minor + 1",
            "DELETE FROM funds_balance",
            """INSERT INTO funds_balance (account_id, debit_minor, credit_minor, debit_entries,
            credit_entries, postings) SELECT id, 0, 1, 0, 1, 1 FROM funds_account""",
        ],
    )
    def test_nobody_writes_a_balance_by_hand(self, statement: str) -> None:
        post(make_bank(), make_account(), gbp(1))

        with pytest.raises(IntegrityError, match="kept by the postings"):
            execute(statement)

    def test_balances_are_not_truncated(self) -> None:
        post(make_bank(), make_account(), gbp(1))

        with pytest.raises(IntegrityError, match="append-only"):
            execute("TRUNCATE funds_balance")

    @pytest.mark.parametrize("change", [{"currency": "EUR"}, {"kind": "liability"}])
    def test_an_account_that_was_posted_to_keeps_its_meaning(self, change: dict[str, str]) -> None:
        income = make_account()
        post(make_bank(), income, gbp(1))

        with pytest.raises(IntegrityError, match="its kind and currency stay"):
            Account.objects.filter(pk=income.pk).update(**change)

    def test_what_the_books_touch_cannot_be_deleted(self) -> None:
        income, branch = make_account(), make_branch()
        entry = post(make_bank(), income, gbp(1), branch=branch).entry

        for touched in (income, branch, entry):
            with pytest.raises(ProtectedError):
                touched.delete()

    def test_the_balance_of_an_account_and_branch_is_one_row(self) -> None:
        bank, income = make_bank(), make_account()
        for _ in range(3):
            post(bank, income, gbp(1))

        assert Balance.objects.filter(account=income, branch=None).count() == 1


def test_a_digest_does_not_depend_on_the_order_of_lines() -> None:
    lines = [DigestLine(2, "credit", 5, 0), DigestLine(1, "debit", 5, 3)]

    def digest(told: list[DigestLine]) -> str:
        return entry_digest(
            source_key="k",
            kind="cash-counted",
            occurred_on=TODAY,
            memo="",
            reverses_id=None,
            lines=told,
        )

    assert digest(lines) == digest(lines[::-1])
    assert digest(lines) != digest([lines[0], lines[1]._replace(branch_id=4)])


@pytest.mark.django_db(transaction=True)
def test_eight_racing_writers_post_a_fact_once() -> None:
    bank, income = make_bank(), make_account()
    start = threading.Barrier(8)
    outcomes: list[bool] = []

    def race() -> None:
        start.wait()
        outcomes.extend(
            post(bank, income, gbp(1), source_key=f"fact:{fact}").is_new for fact in range(5)
        )
        connection.close()

    threads = [threading.Thread(target=race) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(outcomes) == 40
    assert outcomes.count(True) == 5
    assert account_balance(income) == gbp(5)


@pytest.mark.django_db(transaction=True)
def test_writers_to_the_same_accounts_in_opposite_order_do_not_deadlock() -> None:
    one, two = make_bank(), make_bank()
    start = threading.Barrier(8)
    posted: list[bool] = []

    def race(number: int) -> None:
        first, second = (one, two) if number % 2 else (two, one)
        start.wait()
        posted.extend(
            post(first, second, gbp(1), source_key=f"{number}:{fact}").is_new for fact in range(10)
        )
        connection.close()

    threads = [threading.Thread(target=race, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(posted) == 80
    assert account_balance(one) == gbp(0)
