"""PostgreSQL guards: steps of direction, held figures and a published night are never edited."""

from django.db import migrations

_TABLES = {"appeals_directionstep": "direction_step", "appeals_heldfigures": "held_figures"}

FORWARDS = "".join(
    f"""
CREATE TRIGGER {name}_is_append_only BEFORE UPDATE OR DELETE
    ON {table} FOR EACH ROW EXECUTE FUNCTION funds_refuse_change();
CREATE TRIGGER {name}_is_not_truncated BEFORE TRUNCATE
    ON {table} FOR EACH STATEMENT EXECUTE FUNCTION funds_refuse_change();
"""
    for table, name in _TABLES.items()
)
FORWARDS += """
CREATE FUNCTION appeals_night_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.ended_at IS NULL THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a night is kept, and its figure with it' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER night_is_kept BEFORE UPDATE OR DELETE
    ON appeals_night FOR EACH ROW EXECUTE FUNCTION appeals_night_is_kept();
CREATE TRIGGER night_is_not_truncated BEFORE TRUNCATE
    ON appeals_night FOR EACH STATEMENT EXECUTE FUNCTION funds_refuse_change();
"""

BACKWARDS = """
DROP TRIGGER night_is_not_truncated ON appeals_night;
DROP TRIGGER night_is_kept ON appeals_night;
DROP FUNCTION appeals_night_is_kept();
"""
BACKWARDS += "".join(
    f"""
DROP TRIGGER {name}_is_not_truncated ON {table};
DROP TRIGGER {name}_is_append_only ON {table};
"""
    for table, name in _TABLES.items()
)


class Migration(migrations.Migration):
    """Reversible, so that the guards can be rebuilt."""

    dependencies = [("appeals", "0004_stage"), ("funds", "0002_ledger_guards")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
