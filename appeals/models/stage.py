"""Directing the hall: what its screen shows, who says so, and the night it is for."""

import uuid
from typing import ClassVar, Final

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from appeals.models.appeal import Appeal
from funds.models import User

NOTICE_LENGTH: Final = 200  # characters that still fill the screen legibly
_SHA256: Final = r"^[0-9a-f]{64}$"


class HeldFigures(models.Model):
    """The figures of one moment, kept so that the hall can go on seeing them. Never edited.

    ``figures`` is what ``appeals.stage.keeping`` writes and reads.
    """

    appeal = models.ForeignKey(Appeal, models.PROTECT, related_name="held_figures")
    held_at = models.DateTimeField()
    figures = models.JSONField(encoder=DjangoJSONEncoder)

    objects: ClassVar[models.Manager["HeldFigures"]] = models.Manager()

    def __str__(self) -> str:
        return f"{self.appeal_id} {self.held_at}"


class Direction(models.Model):
    """What the hall is to see of an appeal now: one row, made by the first command.

    ``step`` is the number of the step that made it so. While ``held`` is set the hall sees those
    figures and no others.
    """

    class Scene(models.TextChoices):
        """What fills the screen."""

        THERMOMETER = "thermometer", "Thermometer"
        LEAGUE = "league", "League table"
        GIVE = "give", "Give now"
        REACHED = "reached", "Target reached"
        THANKS = "thanks", "Thank you"
        NOTICE = "notice", "Notice"
        BLANK = "blank", "Blank"

    appeal = models.OneToOneField(Appeal, models.CASCADE, related_name="direction")
    step = models.PositiveBigIntegerField(default=0)
    scene = models.CharField(max_length=12, choices=Scene, default=Scene.THERMOMETER)
    notice = models.CharField(max_length=NOTICE_LENGTH, blank=True)
    shows_promised = models.BooleanField(default=False)
    announces_milestone = models.BooleanField(default=False)
    held = models.ForeignKey(HeldFigures, models.PROTECT, null=True, blank=True, related_name="+")

    objects: ClassVar[models.Manager["Direction"]] = models.Manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="direction_scene_is_known",
                condition=models.Q(
                    scene__in=[
                        "thermometer",
                        "league",
                        "give",
                        "reached",
                        "thanks",
                        "notice",
                        "blank",
                    ]
                ),
            ),
            models.CheckConstraint(
                name="direction_to_a_notice_has_its_words",
                condition=~models.Q(scene="notice") | ~models.Q(notice=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.appeal_id} {self.scene}, step {self.step}"


class StageRemote(models.Model):
    """A phone's leave to direct one appeal's hall for an evening, without a log-in.

    Its link and its code are derived from ``reference`` and our secret, so that they can be shown
    again and only their digests are kept.
    """

    reference = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    appeal = models.ForeignKey(Appeal, models.CASCADE, related_name="stage_remotes")
    label = models.CharField(max_length=60)
    token_digest = models.CharField(max_length=64, unique=True)
    code_digest = models.CharField(max_length=64, unique=True)
    made_by = models.ForeignKey(User, models.PROTECT, related_name="stage_remotes_made")
    made_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager["StageRemote"]] = models.Manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="stage_remote_digests_are_sha256",
                condition=models.Q(token_digest__regex=_SHA256, code_digest__regex=_SHA256),
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def is_open(self) -> bool:
        """Whether it lets its bearer in, as far as was read."""
        return self.revoked_at is None and self.expires_at > timezone.now()


class DirectionStep(models.Model):
    """One command that was given, with the state before and after it. Never edited or deleted.

    The states are the columns of ``Direction`` but its step; ``held`` is the key of the figures.
    """

    class Command(models.TextChoices):
        """What may be asked for."""

        SCENE = "scene", "Scene"
        NOTICE = "notice", "Notice"
        SHOW_PROMISED = "show-promised", "Show what is promised"
        HIDE_PROMISED = "hide-promised", "Hide what is promised"
        HOLD = "hold", "Hold"
        REVEAL = "reveal", "Reveal"
        ANNOUNCE = "announce", "Say what comes next"
        CLEAR = "clear", "Clear"
        UNDO = "undo", "Undo"

    appeal = models.ForeignKey(Appeal, models.PROTECT, related_name="direction_steps")
    number = models.PositiveBigIntegerField()
    key = models.UUIDField(unique=True, help_text="Made by the remote: a command is given once.")
    command = models.CharField(max_length=14, choices=Command)
    before = models.JSONField()
    after = models.JSONField()
    undoes = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="undone_by"
    )
    by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="direction_steps"
    )
    remote = models.ForeignKey(
        StageRemote, models.PROTECT, null=True, blank=True, related_name="steps"
    )
    at = models.DateTimeField(db_default=Now(), editable=False)

    objects: ClassVar[models.Manager["DirectionStep"]] = models.Manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["appeal", "number"], name="direction_step_has_its_own_number"
            ),
            models.CheckConstraint(
                name="direction_step_is_by_a_user_or_a_remote",
                condition=models.Q(by__isnull=False, remote__isnull=True)
                | models.Q(by__isnull=True, remote__isnull=False),
            ),
            models.CheckConstraint(
                name="direction_step_undoes_exactly_when_it_is_an_undo",
                condition=models.Q(command="undo", undoes__isnull=False)
                | (~models.Q(command="undo") & models.Q(undoes__isnull=True)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.appeal_id} {self.number} {self.command}"


class Night(models.Model):
    """An evening for an appeal, from its beginning to the figure that was published at its end.

    ``published`` holds what the hall saw last and what was true then; it is never edited.
    """

    appeal = models.ForeignKey(Appeal, models.PROTECT, related_name="nights")
    begun_at = models.DateTimeField()
    begun_by = models.ForeignKey(User, models.PROTECT, related_name="nights_begun")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="nights_ended"
    )
    published = models.JSONField(null=True, blank=True)

    objects: ClassVar[models.Manager["Night"]] = models.Manager()

    class Meta:
        ordering = ["-begun_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["appeal"],
                condition=models.Q(ended_at__isnull=True),
                name="appeal_has_one_open_night",
            ),
            models.CheckConstraint(
                name="night_that_ended_has_its_figure",
                condition=models.Q(
                    ended_at__isnull=True, ended_by__isnull=True, published__isnull=True
                )
                | models.Q(
                    ended_at__gte=models.F("begun_at"),
                    ended_by__isnull=False,
                    published__isnull=False,
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.appeal_id} {self.begun_at}"
