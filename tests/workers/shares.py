"""Who did what: the database notes which process marked each event, by its application name."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

_NOTE = """
CREATE TABLE test_share (worker text, event bigint);
CREATE FUNCTION test_note_share() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO test_share VALUES (current_setting('application_name'), NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER test_notes_share AFTER UPDATE ON payments_webhookevent FOR EACH ROW
    WHEN (OLD.processed_at IS NULL AND NEW.processed_at IS NOT NULL)
    EXECUTE FUNCTION test_note_share();
"""
_FORGET = "DROP TABLE test_share; DROP FUNCTION test_note_share() CASCADE;"


@contextmanager
def noted_shares() -> Iterator[None]:
    """Have it noted, for the block."""
    execute(_NOTE)
    try:
        yield
    finally:
        execute(_FORGET)


def read_shares() -> Counter[str]:
    """How many events each process has acted upon."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT worker, count(*) FROM test_share GROUP BY worker")
        return Counter(dict(cursor.fetchall()))


def acted_more_than_once() -> int:
    """How many events were marked twice: none, if claims hold."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT event FROM test_share GROUP BY event"
            " HAVING count(*) > 1) AS twice"
        )
        (count,) = cursor.fetchone()
    return int(count)


def cut_off(worker: str) -> int:
    """End a process's sessions with the database; answers how many there were."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = %s",
            [worker],
        )
        (count,) = cursor.fetchone()
    return int(count)


def waits_for_a_lock(worker: str) -> bool:
    """True when a session of the process waits for another transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            " AND datname = current_database() AND application_name = %s)",
            [worker],
        )
        (waits,) = cursor.fetchone()
    return bool(waits)


def execute(sql: str) -> None:
    """Run statements on the test's database."""
    with connection.cursor() as cursor:
        cursor.execute(sql)
