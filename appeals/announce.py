"""Telling open pages that an appeal changed otherwise than by a posting.

Postings announce themselves (a trigger in ``funds``); an edited title, target or promise does
not, so whoever changes one calls ``announce_change``.
"""

from typing import Final

from django.db import connection, transaction
from django.db.models import F

from appeals.models import Appeal

CHANNEL: Final = "appeals_changed"


@transaction.atomic
def announce_change(appeal_id: int) -> None:
    """Step the appeal's revision and notify the live hub, when (and only if) this commits."""
    Appeal.objects.filter(pk=appeal_id).update(revision=F("revision") + 1)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, str(appeal_id)])


@transaction.atomic
def announce_change_of_all() -> None:
    """As ``announce_change`` for every appeal: a branch or region got another name."""
    Appeal.objects.update(revision=F("revision") + 1)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, '*')", [CHANNEL])
