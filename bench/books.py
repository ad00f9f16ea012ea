"""Books of a size: copies of the benchmark's database, on the same server, filled and audited.

Rows go in with the triggers off; digests and balances are worked out as the ledger and its trigger
would have, and ``audit_books``' own checks must find nothing.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

import psycopg
from django.db import connection
from psycopg import sql

from appeals.accounts import Role, appeal_account
from bench.donations import BRANCHES, make_waiting
from funds import chart
from funds.audit import audit_ledger
from funds.digest import ENTRY_DIGEST_SQL
from payments.models import CardDonation

T = TypeVar("T")

# Card donations that were booked: each a row, an entry and its two postings.
_LOAD: Final = f"""
SET session_replication_role = replica;
INSERT INTO funds_posting (entry_id, account_id, side, amount_minor, branch_id)
    SELECT n, line.account_id, line.side, 100 + n % 5000,
           CASE line.side WHEN 'credit' THEN {{first_branch}} + n % {BRANCHES} END
      FROM generate_series(1, {{entries}}) n
     CROSS JOIN (VALUES ({{clearing}}, 'debit'), ({{card}}, 'credit')) AS line (account_id, side);
INSERT INTO funds_journalentry (id, source_key, kind, occurred_on, memo, digest)
    OVERRIDING SYSTEM VALUE
    SELECT e.id, e.source_key, e.kind, e.occurred_on, e.memo, {ENTRY_DIGEST_SQL}
      FROM (SELECT n AS id, 'stripe:pi_old_' || n || ':received' AS source_key,
                   'card-received' AS kind, DATE '2026-11-21' AS occurred_on,
                   NULL::date AS booked_on, '' AS memo,
                   NULL::bigint AS reverses_id
              FROM generate_series(1, {{entries}}) n) e;
SELECT setval(pg_get_serial_sequence('funds_journalentry', 'id'), {{entries}});
INSERT INTO payments_carddonation ({{columns}})
    SELECT {{values}} FROM payments_carddonation one, generate_series(1, {{entries}}) n
     WHERE one.id = {{template}};
INSERT INTO funds_balance (account_id, branch_id, debit_minor, credit_minor, debit_entries,
                           credit_entries, postings)
    SELECT account_id, branch_id,
           coalesce(sum(amount_minor) FILTER (WHERE side = 'debit'), 0),
           coalesce(sum(amount_minor) FILTER (WHERE side = 'credit'), 0),
           count(*) FILTER (WHERE side = 'debit'), count(*) FILTER (WHERE side = 'credit'), count(*)
      FROM funds_posting GROUP BY account_id, branch_id;
RESET session_replication_role;
"""  # noqa: S608 - made of the names above
_OWN: Final = {
    "reference": "gen_random_uuid()",
    "branch_id": f"one.branch_id + n % {BRANCHES}",
    "payment_intent_id": "'pi_old_' || n",
    "received_entry_id": "n",
}


def make_books(name: str, *, postings: int) -> None:
    """A copy of this database that holds so many postings of card donations.

    Raises:
        RuntimeError: The books do not audit clean.
    """
    copy_database(name)
    with turned_to(name):
        _fill(postings // 2)
        if differences := [str(difference) for difference in audit_ledger()]:
            raise RuntimeError(f"{len(differences)} differences, first: {differences[0]}")


def _fill(entries: int) -> None:
    (one,) = make_waiting(1)
    template = CardDonation.objects.get(pk=one.pk)
    fields = CardDonation._meta.concrete_fields  # noqa: SLF001 - Django documents it as public
    columns = [str(field.column) for field in fields if not field.primary_key]
    with connection.cursor() as cursor:
        cursor.execute(
            _LOAD.format(
                entries=entries,
                clearing=chart.account(chart.STRIPE_CLEARING, currency="GBP").pk,
                card=appeal_account(template.appeal, Role.CARD).pk,
                first_branch=template.branch_id,
                template=template.pk,
                columns=", ".join(columns),
                values=", ".join(_OWN.get(column, f"one.{column}") for column in columns),
            )
        )
        cursor.execute("DELETE FROM payments_carddonation WHERE id = %s", [template.pk])
        cursor.execute("VACUUM ANALYZE")


def copy_database(name: str) -> None:
    """A copy of this database on the same server."""
    home = str(connection.settings_dict["NAME"])
    connection.close()
    parameters = connection.get_connection_params() | {"dbname": "template1"}
    parameters.pop("cursor_factory", None)
    parameters.pop("context", None)
    with psycopg.connect(**parameters, autocommit=True) as server:
        make = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        server.execute(make.format(sql.Identifier(name), sql.Identifier(home)))


@contextmanager
def turned_to(name: str) -> Iterator[None]:
    """Django's connection goes to another database of the server, for the block."""
    home = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = home


def in_books(name: str, action: Callable[[], T]) -> T:
    """Do something in another database."""
    with turned_to(name):
        return action()
