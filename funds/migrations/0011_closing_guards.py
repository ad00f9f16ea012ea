"""PostgreSQL guards: a closed period takes no entry, and closes join on to each other."""

from django.db import migrations

FORWARDS = """
-- Up to which day the books are closed; NULL for not at all. Whoever posts asks here, and shares
-- this lock until commit: a period is closed only when every writer in flight is done, and one
-- that comes meanwhile waits and then sees the new day (the statements of a volatile function
-- look anew). A writer that waits behind the closing for a row of another that the closing waits
-- for is let through by PostgreSQL's own deadlock check, which reorders the queue.
CREATE FUNCTION funds_closed_until() RETURNS date LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(6289714580112049489);
    RETURN (SELECT max(until) FROM funds_periodclose WHERE reopened_at IS NULL);
END $$;

CREATE FUNCTION funds_stop_the_books() RETURNS date LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(6289714580112049489);
    RETURN (SELECT max(until) FROM funds_periodclose WHERE reopened_at IS NULL);
END $$;

-- An entry of a closed day is booked on the first open one; every other on its own date.
CREATE FUNCTION funds_entry_day_is_open() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    closed_until date := funds_closed_until();
    wrong record;
BEGIN
    SELECT source_key, occurred_on, booked_on INTO wrong FROM new_entries
     WHERE booked_on IS DISTINCT FROM
           CASE WHEN occurred_on <= closed_until THEN closed_until + 1 END
     LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'journal entry % of % is booked on %: the books are closed until %',
            wrong.source_key, wrong.occurred_on, coalesce(wrong.booked_on, wrong.occurred_on),
            coalesce(closed_until::text, 'no day') USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER journal_entry_is_in_an_open_period AFTER INSERT ON funds_journalentry
    REFERENCING NEW TABLE AS new_entries
    FOR EACH STATEMENT EXECUTE FUNCTION funds_entry_day_is_open();

-- A close joins on to the last one and is never edited; only the newest is opened again.
CREATE FUNCTION funds_period_close_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    closed_until date := funds_stop_the_books();
    settled text[] := ARRAY['reopened_at', 'reopened_by_id', 'reopen_confirmed_by_id',
                            'reopen_reason'];
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.since <> closed_until + 1 THEN
            RAISE EXCEPTION 'the books are closed until %: the next period begins the day after',
                closed_until USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - settled = to_jsonb(OLD) - settled
       AND OLD.reopened_at IS NULL AND OLD.until = closed_until THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a closed period is kept: only the newest is opened again, once'
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER period_close_is_kept BEFORE INSERT OR UPDATE OR DELETE
    ON funds_periodclose FOR EACH ROW EXECUTE FUNCTION funds_period_close_is_kept();
CREATE TRIGGER period_close_is_not_truncated BEFORE TRUNCATE
    ON funds_periodclose FOR EACH STATEMENT EXECUTE FUNCTION funds_refuse_change();
"""

BACKWARDS = """
DROP TRIGGER period_close_is_not_truncated ON funds_periodclose;
DROP TRIGGER period_close_is_kept ON funds_periodclose;
DROP FUNCTION funds_period_close_is_kept();
DROP TRIGGER journal_entry_is_in_an_open_period ON funds_journalentry;
DROP FUNCTION funds_entry_day_is_open();
DROP FUNCTION funds_stop_the_books();
DROP FUNCTION funds_closed_until();
"""


class Migration(migrations.Migration):
    """Reversible, so that the guards can be rebuilt."""

    dependencies = [("funds", "0010_period_closes")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
