"""Directing the hall: what it sees, who says so, and the night it is for."""

import uuid

import django.core.serializers.json
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("appeals", "0003_being_counted"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="HeldFigures",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("held_at", models.DateTimeField()),
                (
                    "figures",
                    models.JSONField(encoder=django.core.serializers.json.DjangoJSONEncoder),
                ),
                (
                    "appeal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="held_figures",
                        to="appeals.appeal",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="StageRemote",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("reference", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("label", models.CharField(max_length=60)),
                ("token_digest", models.CharField(max_length=64, unique=True)),
                ("code_digest", models.CharField(max_length=64, unique=True)),
                (
                    "made_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                ("expires_at", models.DateTimeField()),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
                ("last_used_at", models.DateTimeField(blank=True, null=True)),
                (
                    "appeal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="stage_remotes",
                        to="appeals.appeal",
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="stage_remotes_made",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="DirectionStep",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveBigIntegerField()),
                (
                    "key",
                    models.UUIDField(
                        help_text="Made by the remote: a command is given once.", unique=True
                    ),
                ),
                (
                    "command",
                    models.CharField(
                        choices=[
                            ("scene", "Scene"),
                            ("notice", "Notice"),
                            ("show-promised", "Show what is promised"),
                            ("hide-promised", "Hide what is promised"),
                            ("hold", "Hold"),
                            ("reveal", "Reveal"),
                            ("announce", "Say what comes next"),
                            ("clear", "Clear"),
                            ("undo", "Undo"),
                        ],
                        max_length=14,
                    ),
                ),
                ("before", models.JSONField()),
                ("after", models.JSONField()),
                (
                    "at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                (
                    "appeal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="direction_steps",
                        to="appeals.appeal",
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="direction_steps",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "undoes",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="undone_by",
                        to="appeals.directionstep",
                    ),
                ),
                (
                    "remote",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="steps",
                        to="appeals.stageremote",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Direction",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("step", models.PositiveBigIntegerField(default=0)),
                (
                    "scene",
                    models.CharField(
                        choices=[
                            ("thermometer", "Thermometer"),
                            ("league", "League table"),
                            ("give", "Give now"),
                            ("reached", "Target reached"),
                            ("thanks", "Thank you"),
                            ("notice", "Notice"),
                            ("blank", "Blank"),
                        ],
                        default="thermometer",
                        max_length=12,
                    ),
                ),
                ("notice", models.CharField(blank=True, max_length=200)),
                ("shows_promised", models.BooleanField(default=False)),
                ("announces_milestone", models.BooleanField(default=False)),
                (
                    "appeal",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="direction",
                        to="appeals.appeal",
                    ),
                ),
                (
                    "held",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="appeals.heldfigures",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "scene__in",
                                [
                                    "thermometer",
                                    "league",
                                    "give",
                                    "reached",
                                    "thanks",
                                    "notice",
                                    "blank",
                                ],
                            )
                        ),
                        name="direction_scene_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("scene", "notice"), _negated=True),
                            models.Q(("notice", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="direction_to_a_notice_has_its_words",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Night",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("begun_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("published", models.JSONField(blank=True, null=True)),
                (
                    "appeal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="nights",
                        to="appeals.appeal",
                    ),
                ),
                (
                    "begun_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="nights_begun",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "ended_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="nights_ended",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-begun_at"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=("appeal",),
                        name="appeal_has_one_open_night",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("ended_at__isnull", True),
                                ("ended_by__isnull", True),
                                ("published__isnull", True),
                            ),
                            models.Q(
                                ("ended_at__gte", models.F("begun_at")),
                                ("ended_by__isnull", False),
                                ("published__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="night_that_ended_has_its_figure",
                    ),
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="stageremote",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("code_digest__regex", "^[0-9a-f]{64}$"),
                    ("token_digest__regex", "^[0-9a-f]{64}$"),
                ),
                name="stage_remote_digests_are_sha256",
            ),
        ),
        migrations.AddConstraint(
            model_name="directionstep",
            constraint=models.UniqueConstraint(
                fields=("appeal", "number"), name="direction_step_has_its_own_number"
            ),
        ),
        migrations.AddConstraint(
            model_name="directionstep",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("by__isnull", False), ("remote__isnull", True)),
                    models.Q(("by__isnull", True), ("remote__isnull", False)),
                    _connector="OR",
                ),
                name="direction_step_is_by_a_user_or_a_remote",
            ),
        ),
        migrations.AddConstraint(
            model_name="directionstep",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("command", "undo"), ("undoes__isnull", False)),
                    models.Q(
                        models.Q(("command", "undo"), _negated=True), ("undoes__isnull", True)
                    ),
                    _connector="OR",
                ),
                name="direction_step_undoes_exactly_when_it_is_an_undo",
            ),
        ),
    ]
