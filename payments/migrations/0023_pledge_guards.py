"""PostgreSQL guards: what was called at the desk, and how it was settled, is never lost.

Steps and settlements are never edited; lines and payments are struck or undone, never deleted.
"""

from django.db import migrations

_APPEND_ONLY = {
    "payments_pledgestep": "pledge_step",
    "payments_pledgesettlement": "pledge_settlement",
}
_KEPT = {
    "payments_pledge": "pledge",
    "payments_checkline": "check_line",
    "payments_pledgepayment": "pledge_payment",
}

FORWARDS = "".join(
    f"""
CREATE TRIGGER {name}_is_{word} BEFORE {acts}
    ON {table} FOR EACH ROW EXECUTE FUNCTION funds_refuse_change();
CREATE TRIGGER {name}_is_not_truncated BEFORE TRUNCATE
    ON {table} FOR EACH STATEMENT EXECUTE FUNCTION funds_refuse_change();
"""
    for tables, word, acts in (
        (_APPEND_ONLY, "append_only", "UPDATE OR DELETE"),
        (_KEPT, "kept", "DELETE"),
    )
    for table, name in tables.items()
)

BACKWARDS = "".join(
    f"""
DROP TRIGGER {name}_is_not_truncated ON {table};
DROP TRIGGER {name}_is_{word} ON {table};
"""
    for tables, word in ((_APPEND_ONLY, "append_only"), (_KEPT, "kept"))
    for table, name in tables.items()
)


class Migration(migrations.Migration):
    """Reversible, so that the guards can be rebuilt."""

    dependencies = [("payments", "0022_pledges"), ("funds", "0006_count_rule")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
