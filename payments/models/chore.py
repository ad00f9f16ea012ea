"""When the till last did what it does from time to time."""

from django.db import models


class ChoreRun(models.Model):
    """How a chore went last, whichever process did it.

    ``finished_at`` is the chore's own: when the last run that looked at everything began. From
    there on the next one looks, so that nothing falls between two of them. The rest is noted by
    whoever keeps the time.
    """

    name = models.CharField(max_length=30, unique=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    began_at = models.DateTimeField(null=True, blank=True, help_text="When it was last begun.")
    done_at = models.DateTimeField(null=True, blank=True, help_text="When it last ended well.")
    failed_at = models.DateTimeField(null=True, blank=True, help_text="When it last failed.")
    stripe_away_at = models.DateTimeField(
        null=True, blank=True, help_text="When it last asked Stripe in vain, and since not again."
    )
    last_error = models.TextField(blank=True, db_default="")

    def __str__(self) -> str:
        return self.name
