"""Planted faults: each must be found, and named."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from funds.audit import audit_ledger, read_size
from funds.guards import TRIGGERS, TriggerGuard
from funds.models import Account
from tests.factories import gbp, make_account, make_branch
from tests.funds.books import execute, make_bank, post

pytestmark = pytest.mark.django_db


@pytest.fixture
def accounts() -> tuple[Account, Account]:
    """A small honest set of books."""
    bank, income = make_bank(), make_account("appeal-1:card")
    post(bank, income, gbp(20), branch=make_branch("Leeds"), source_key="stripe:pi_1:received")
    post(bank, income, gbp(5), source_key="stripe:pi_2:received")
    return bank, income


@contextmanager
def without_guards(*tables: str) -> Iterator[None]:
    """As somebody with the owner's rights could: guards off, tamper, guards on again."""
    for table in tables:
        execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    yield
    for table in tables:
        execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def found() -> list[str]:
    return [str(difference) for difference in audit_ledger()]


def test_honest_books_audit_clean(accounts: tuple[Account, Account]) -> None:
    assert found() == []
    assert read_size().postings == 4


def test_a_balance_off_by_a_penny_is_found(accounts: tuple[Account, Account]) -> None:
    with without_guards("funds_balance"):
        execute(
            "UPDATE funds_balance SET credit_minor = credit_minor + 1 WHERE credit_minor = 2000"
        )

    assert found() == [
        "balances equal the full sums: appeal-1:card, leeds: credit is 2001, the postings make 2000"
    ]


def test_a_lost_balance_is_found(accounts: tuple[Account, Account]) -> None:
    with without_guards("funds_balance"):
        execute("DELETE FROM funds_balance WHERE credit_minor = 500")

    (difference,) = found()
    assert "appeal-1:card, no branch: " in difference
    assert "credit is None, the postings make 500" in difference


def test_two_postings_edited_in_step_behind_a_dropped_trigger_are_found(
    accounts: tuple[Account, Account],
) -> None:
    """Still balanced, and the balances adjusted to match: only the digest tells."""
    with without_guards("funds_posting", "funds_balance"):
        execute("UPDATE funds_posting SET amount_minor = 2100 WHERE amount_minor = 2000")
        execute("UPDATE funds_balance SET debit_minor = 2100 WHERE debit_minor = 2000")
        execute("UPDATE funds_balance SET credit_minor = 2100 WHERE credit_minor = 2000")

    assert found() == [
        "digests hold: stripe:pi_1:received: the entry or its postings were changed after posting"
    ]


@pytest.mark.parametrize(
    "change",
    [
        "memo = 'Something else'",
        "occurred_on = occurred_on + 1",
        "source_key = 'stripe:pi_9:received'",
        "kind = 'card-fee'",
    ],
)
def test_an_edited_entry_is_found(accounts: tuple[Account, Account], change: str) -> None:
    with without_guards("funds_journalentry"):
        execute(f"UPDATE funds_journalentry SET {change} WHERE source_key = 'stripe:pi_1:received'")

    (difference,) = found()
    assert difference.startswith("digests hold: ")


def test_money_moved_to_another_branch_is_found(accounts: tuple[Account, Account]) -> None:
    york = make_branch("York")
    with without_guards("funds_posting"):
        execute(f"UPDATE funds_posting SET branch_id = {york.pk} WHERE amount_minor = 2000")

    checks = {difference.split(":")[0] for difference in found()}
    assert checks == {"digests hold", "balances equal the full sums"}


def test_an_unbalanced_entry_is_found(accounts: tuple[Account, Account]) -> None:
    with without_guards("funds_posting"):
        execute("DELETE FROM funds_posting WHERE side = 'debit' AND amount_minor = 500")

    assert any(
        difference.startswith("entries balance: stripe:pi_2:received: 1 postings")
        for difference in found()
    )


@pytest.mark.parametrize("trigger", TRIGGERS, ids=lambda trigger: trigger.name)
def test_a_dropped_trigger_is_found(
    accounts: tuple[Account, Account], trigger: TriggerGuard
) -> None:
    execute(f"DROP TRIGGER {trigger.name} ON {trigger.table}")

    assert found() == [f"guards: {trigger.name}: the trigger on {trigger.table} is missing"]


def test_a_disabled_trigger_is_found(accounts: tuple[Account, Account]) -> None:
    execute("ALTER TABLE funds_posting DISABLE TRIGGER posting_is_append_only")

    assert found() == ["guards: posting_is_append_only: the trigger on funds_posting is disabled"]


@pytest.mark.parametrize(
    "fires",
    [
        "BEFORE DELETE ON funds_posting FOR EACH ROW",
        "BEFORE UPDATE OF entry_id OR DELETE ON funds_posting FOR EACH ROW",
        "BEFORE UPDATE OR DELETE ON funds_posting FOR EACH STATEMENT",
        "BEFORE UPDATE OR DELETE ON funds_posting FOR EACH ROW WHEN (false)",
    ],
)
def test_a_trigger_that_guards_less_under_its_old_name_is_found(
    accounts: tuple[Account, Account], fires: str
) -> None:
    execute("DROP TRIGGER posting_is_append_only ON funds_posting")
    execute(f"CREATE TRIGGER posting_is_append_only {fires} EXECUTE FUNCTION funds_refuse_change()")

    (difference,) = found()
    assert difference.startswith(
        "guards: posting_is_append_only: the trigger on funds_posting fires"
    )


def test_a_guard_replaced_by_an_empty_one_is_found(accounts: tuple[Account, Account]) -> None:
    execute(
        "CREATE OR REPLACE FUNCTION funds_refuse_change() RETURNS trigger LANGUAGE plpgsql"
        " AS $$ BEGIN RETURN NEW; END $$"
    )

    assert found() == ["guards: funds_refuse_change: the function is missing or was replaced"]


def test_a_dropped_constraint_is_found(accounts: tuple[Account, Account]) -> None:
    execute("ALTER TABLE funds_posting DROP CONSTRAINT posting_amount_is_positive")

    assert found() == [
        "guards: posting_amount_is_positive: the constraint on funds_posting is missing"
    ]


def test_a_dropped_unique_index_is_found(accounts: tuple[Account, Account]) -> None:
    execute("ALTER TABLE funds_journalentry DROP CONSTRAINT funds_journalentry_source_key_key")

    assert found() == ["guards: funds_journalentry(source_key): the unique index is missing"]
