"""Stripping: a year after a line of the statement was explained, what may name the payer goes.

Its day and amount stay, and its key: a digest, by which an old file that is sent again is known
line by line. So do the match and whatever it recorded.
"""

from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from payments.models import StatementLine, StatementMatch

STRIPPED_AFTER: Final = timedelta(days=396)
"""From when a person said what it is: thirteen months, so that a year's standing order, a question
about it and the year's audit still find its words."""

_BATCH_SIZE: Final = 1000


@transaction.atomic
def strip_old_lines(*, limit: int = _BATCH_SIZE) -> int:
    """Empty the words of lines that were explained thirteen months ago; answers of how many.

    A line that nobody has explained keeps its words: they are all there is to explain it by. One
    whose match was undone counts from the match that stands. A second call finds the next.
    """
    long_explained = StatementMatch.objects.filter(
        line=OuterRef("pk"),
        undone_at__isnull=True,
        confirmed_at__lt=timezone.now() - STRIPPED_AFTER,
    )
    due = (
        StatementLine.objects.filter(Exists(long_explained), stripped_at__isnull=True)
        .order_by("pk")
        # Against another process, and a person who undoes a match at this moment.
        .select_for_update(skip_locked=True)
        .values_list("pk", flat=True)[:limit]
    )
    return StatementLine.objects.filter(pk__in=list(due)).update(
        text="", bank_reference="", stripped_at=timezone.now()
    )
