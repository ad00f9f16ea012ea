"""Cheques that were taken by name before are cheques too; slips are in one currency throughout."""

from django.db import migrations

FORWARDS = """
INSERT INTO payments_cheque (gift_id, position, amount, amount_currency, dated_on, return_reason)
SELECT id, 1, amount, amount_currency, dated_on, ''
  FROM payments_namedgift WHERE form = 'cheque' AND outcome = 'accepted';
UPDATE payments_payingin SET cheques_amount_currency = amount_currency
 WHERE cheques_amount_currency <> amount_currency;
"""

BACKWARDS = "DELETE FROM payments_cheque WHERE gift_id IS NOT NULL;"


class Migration(migrations.Migration):
    """Rows alone, apart from the change of the tables."""

    dependencies = [("payments", "0017_cheques")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
