"""PostgreSQL guards for rules that span rows, append-only history, and the balances it keeps."""

from django.db import migrations

FORWARDS = """
-- An entry balances, in one currency, with two postings or more: also one without any.
CREATE FUNCTION funds_entry_is_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    the_entry bigint := (to_jsonb(NEW) ->> TG_ARGV[0])::bigint;
    line_count integer;
    currency_count integer;
    net numeric;
BEGIN
    SELECT count(*), count(DISTINCT a.currency),
           sum(CASE p.side WHEN 'debit' THEN p.amount_minor ELSE -p.amount_minor END)
      INTO line_count, currency_count, net
      FROM funds_posting p JOIN funds_account a ON a.id = p.account_id
     WHERE p.entry_id = the_entry;
    IF line_count < 2 OR currency_count <> 1 OR net <> 0 THEN
        RAISE EXCEPTION 'journal entry % is not balanced: % postings, % currencies, net %',
            the_entry, line_count, currency_count, net USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

-- Deferred: postings arrive after their entry, so balance is judged at commit.
CREATE CONSTRAINT TRIGGER journal_entry_is_balanced
    AFTER INSERT ON funds_journalentry DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION funds_entry_is_balanced('id');
CREATE CONSTRAINT TRIGGER posting_keeps_entry_balanced
    AFTER INSERT ON funds_posting DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION funds_entry_is_balanced('entry_id');

-- Append-only, for UPDATE, DELETE and TRUNCATE. Only the test runner sets whipround.may_flush.
CREATE FUNCTION funds_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' AND current_setting('whipround.may_flush', true) = 'on' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '% is append-only: post a reversing entry', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER journal_entry_is_append_only BEFORE UPDATE OR DELETE
    ON funds_journalentry FOR EACH ROW EXECUTE FUNCTION funds_refuse_change();
CREATE TRIGGER journal_entry_is_not_truncated BEFORE TRUNCATE
    ON funds_journalentry FOR EACH STATEMENT EXECUTE FUNCTION funds_refuse_change();
CREATE TRIGGER posting_is_append_only BEFORE UPDATE OR DELETE
    ON funds_posting FOR EACH ROW EXECUTE FUNCTION funds_refuse_change();
CREATE TRIGGER posting_is_not_truncated BEFORE TRUNCATE
    ON funds_posting FOR EACH STATEMENT EXECUTE FUNCTION funds_refuse_change();

-- Balances: kept here, in the transaction that posts, and by nobody else. Rows are taken in key
-- order, so that two writers never wait for each other crosswise. The announcement leaves with
-- the commit and names only what changed.
CREATE FUNCTION funds_keep_balances() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed text;
BEGIN
    INSERT INTO funds_balance AS b (account_id, branch_id, debit_minor, credit_minor,
                                    debit_entries, credit_entries, postings)
    SELECT p.account_id, p.branch_id,
           coalesce(sum(p.amount_minor) FILTER (WHERE p.side = 'debit'), 0),
           coalesce(sum(p.amount_minor) FILTER (WHERE p.side = 'credit'), 0),
           count(*) FILTER (WHERE p.side = 'debit' AND e.reverses_id IS NULL)
             - count(*) FILTER (WHERE p.side = 'credit' AND e.reverses_id IS NOT NULL),
           count(*) FILTER (WHERE p.side = 'credit' AND e.reverses_id IS NULL)
             - count(*) FILTER (WHERE p.side = 'debit' AND e.reverses_id IS NOT NULL),
           count(*)
      FROM new_postings p JOIN funds_journalentry e ON e.id = p.entry_id
     GROUP BY p.account_id, p.branch_id
     ORDER BY p.account_id, p.branch_id NULLS FIRST
    ON CONFLICT (account_id, branch_id) DO UPDATE SET
        debit_minor = b.debit_minor + excluded.debit_minor,
        credit_minor = b.credit_minor + excluded.credit_minor,
        debit_entries = b.debit_entries + excluded.debit_entries,
        credit_entries = b.credit_entries + excluded.credit_entries,
        postings = b.postings + excluded.postings;
    SELECT string_agg(DISTINCT account_id::text, ',') INTO changed FROM new_postings;
    -- A payload holds less than 8000 bytes; '*' stands for any account.
    PERFORM pg_notify('funds_balance', CASE WHEN length(changed) < 7000 THEN changed ELSE '*' END);
    RETURN NULL;
END $$;
CREATE TRIGGER posting_keeps_balances AFTER INSERT ON funds_posting
    REFERENCING NEW TABLE AS new_postings
    FOR EACH STATEMENT EXECUTE FUNCTION funds_keep_balances();

CREATE FUNCTION funds_balance_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF pg_trigger_depth() < 2 THEN
        RAISE EXCEPTION 'funds_balance is kept by the postings: post an entry'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER balance_is_kept_by_postings BEFORE INSERT OR UPDATE OR DELETE
    ON funds_balance FOR EACH ROW EXECUTE FUNCTION funds_balance_is_kept();
CREATE TRIGGER balance_is_not_truncated BEFORE TRUNCATE
    ON funds_balance FOR EACH STATEMENT EXECUTE FUNCTION funds_refuse_change();

-- What an account measures cannot change under its postings.
CREATE FUNCTION funds_account_is_settled() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.currency, NEW.kind, NEW.id) IS DISTINCT FROM (OLD.currency, OLD.kind, OLD.id)
       AND EXISTS (SELECT FROM funds_posting WHERE account_id = OLD.id) THEN
        RAISE EXCEPTION 'account % is posted to: its kind and currency stay', OLD.code
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER account_is_settled_once_posted_to BEFORE UPDATE
    ON funds_account FOR EACH ROW EXECUTE FUNCTION funds_account_is_settled();
"""

BACKWARDS = """
DROP TRIGGER account_is_settled_once_posted_to ON funds_account;
DROP FUNCTION funds_account_is_settled();
DROP TRIGGER balance_is_not_truncated ON funds_balance;
DROP TRIGGER balance_is_kept_by_postings ON funds_balance;
DROP FUNCTION funds_balance_is_kept();
DROP TRIGGER posting_keeps_balances ON funds_posting;
DROP FUNCTION funds_keep_balances();
DROP TRIGGER posting_is_not_truncated ON funds_posting;
DROP TRIGGER posting_is_append_only ON funds_posting;
DROP TRIGGER journal_entry_is_not_truncated ON funds_journalentry;
DROP TRIGGER journal_entry_is_append_only ON funds_journalentry;
DROP FUNCTION funds_refuse_change();
DROP TRIGGER posting_keeps_entry_balanced ON funds_posting;
DROP TRIGGER journal_entry_is_balanced ON funds_journalentry;
DROP FUNCTION funds_entry_is_balanced();
"""


class Migration(migrations.Migration):
    """Reversible, so that the guards can be rebuilt."""

    dependencies = [("funds", "0001_initial")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
