"""What came to an account last, by index; the plain index on the account said no more."""

import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("funds", "0011_closing_guards"),
    ]

    operations = [
        migrations.AlterField(
            model_name="posting",
            name="account",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="postings",
                to="funds.account",
            ),
        ),
        migrations.AddIndex(
            model_name="posting",
            index=models.Index(
                models.F("account"),
                models.F("side"),
                django.db.models.expressions.CombinedExpression(
                    models.F("id"), "*", models.Value(-1)
                ),
                name="posting_newest_idx",
            ),
        ),
    ]
