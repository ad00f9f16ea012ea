"""The audit, as ``audit_books`` runs it: in one snapshot, whatever is booked meanwhile."""

from itertools import chain

from django.db import connection, transaction

from appeals.stage.audit import audit_directions
from funds.audit import Difference, audit_ledger
from payments.audit import audit_till


def find_differences() -> list[Difference]:
    """All that is not as it must be, at one moment. Needs a test of real transactions."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        return list(chain(audit_ledger(), audit_till(), audit_directions()))
