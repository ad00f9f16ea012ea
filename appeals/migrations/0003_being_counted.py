"""Buckets that are being counted: the hall is told of them, and never how much is in them."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("appeals", "0002_standing_appeal"),
    ]

    operations = [
        migrations.CreateModel(
            name="BeingCounted",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("source_key", models.CharField(max_length=200, unique=True)),
                (
                    "appeal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="being_counted",
                        to="appeals.appeal",
                    ),
                ),
            ],
        ),
    ]
