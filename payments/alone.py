"""Work that one process at a time needs to do: the others need not ask Stripe the same."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def alone(lock: int) -> Iterator[bool]:
    """True for one process (or thread) at a time, until the block ends; False for the others.

    Nobody waits. A process that dies lets go, since its connection ends.

    Args:
        lock: Names the work among PostgreSQL's advisory locks.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [lock])
        (is_ours,) = cursor.fetchone()
    try:
        yield bool(is_ours)
    finally:
        if is_ours:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [lock])
