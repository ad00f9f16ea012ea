"""PostgreSQL guards: the figures that a period was signed on are never edited or deleted."""

from django.db import migrations

FORWARDS = """
CREATE TRIGGER tie_out_row_is_append_only BEFORE UPDATE OR DELETE
    ON payments_tieoutrow FOR EACH ROW EXECUTE FUNCTION funds_refuse_change();
CREATE TRIGGER tie_out_row_is_not_truncated BEFORE TRUNCATE
    ON payments_tieoutrow FOR EACH STATEMENT EXECUTE FUNCTION funds_refuse_change();
"""

BACKWARDS = """
DROP TRIGGER tie_out_row_is_not_truncated ON payments_tieoutrow;
DROP TRIGGER tie_out_row_is_append_only ON payments_tieoutrow;
"""


class Migration(migrations.Migration):
    """Reversible, so that the guards can be rebuilt."""

    dependencies = [("payments", "0020_two_person_acts")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
