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
