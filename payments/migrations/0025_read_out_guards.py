"""PostgreSQL guards: what was decided about reading out is never edited or deleted."""

from django.db import migrations

_TABLES = {"payments_readoutstep": "read_out_step", "payments_readoutrule": "read_out_rule"}

FORWARDS = "".join(
    f"""
CREATE TRIGGER {name}_is_append_only BEFORE UPDATE OR DELETE
    ON {table} FOR EACH ROW EXECUTE FUNCTION funds_refuse_change();
CREATE TRIGGER {name}_is_not_truncated BEFORE TRUNCATE
    ON {table} FOR EACH STATEMENT EXECUTE FUNCTION funds_refuse_change();
"""
    for table, name in _TABLES.items()
)

BACKWARDS = "".join(
    f"""
DROP TRIGGER {name}_is_not_truncated ON {table};
DROP TRIGGER {name}_is_append_only ON {table};
"""
    for table, name in _TABLES.items()
)


class Migration(migrations.Migration):
    """Reversible, so that the guards can be rebuilt."""

    dependencies = [("payments", "0024_read_out"), ("funds", "0002_ledger_guards")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
