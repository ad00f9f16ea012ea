"""When the till last did what it does from time to time."""

from django.db import models


class ChoreRun(models.Model):
    """The last time that a chore was finished: from there on the next one looks.

    ``finished_at`` is when that run began, so that nothing falls between two of them.
    """

    name = models.CharField(max_length=30, unique=True)
    finished_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class ChoreOutcome(models.Model):
    """How a chore went last, whichever process did it: noted by whoever keeps the time."""

    name = models.CharField(max_length=30, unique=True)
    began_at = models.DateTimeField(help_text="When it was last begun.")
    done_at = models.DateTimeField(null=True, blank=True, help_text="When it last ended well.")
    failed_at = models.DateTimeField(null=True, blank=True, help_text="When it last failed.")
    stripe_away_at = models.DateTimeField(
        null=True, blank=True, help_text="When it asked Stripe in vain; empty once it was answered."
    )
    last_error = models.TextField(blank=True, db_default="")

    def __str__(self) -> str:
        return self.name
