"""Keeping alarms, and writing to the operators about them: once, and then once a day."""

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from payments.alarms.look import find_alarms
from payments.models import Alarm
from payments.operators import tell_operators

logger = logging.getLogger(__name__)

TOLD_AGAIN_AFTER: Final = timedelta(days=1)


def look_for_alarms() -> int:
    """Look for what is wrong, keep it, and write to the operators; answers how many are open.

    An alarm that stays is told again after a day; one that is over ends by itself. When the mail
    cannot be sent the next look tries again. To be called outside any transaction.
    """
    found = find_alarms()
    _keep(found)
    _tell()
    return len(found)


@transaction.atomic
def _keep(found: Mapping[Alarm.Kind, str]) -> None:
    now = timezone.now()
    still = Alarm.objects.filter(ended_at__isnull=True)
    still.exclude(kind__in=found).update(ended_at=now)
    for kind, detail in found.items():
        if not still.filter(kind=kind).update(detail=detail):
            Alarm.objects.bulk_create([Alarm(kind=kind, detail=detail)], ignore_conflicts=True)


def _tell() -> None:
    """Claim what is to be told, so that of two processes one writes; give it back on failure."""
    now = timezone.now()
    due = Q(told_at__isnull=True) | Q(told_at__lt=now - TOLD_AGAIN_AFTER)
    claimed = [
        alarm
        for alarm in Alarm.objects.filter(due, ended_at__isnull=True).order_by("since")
        if Alarm.objects.filter(due, pk=alarm.pk).update(told_at=now)
    ]
    if not claimed:
        return
    where = settings.BASE_URL + reverse("payments:till")
    text = "\n\n".join(
        f"{alarm.get_kind_display()}, since {alarm.since:%H:%M} UTC on {alarm.since:%d %B}.\n"
        f"{alarm.detail}"
        for alarm in claimed
    )
    subject = "; ".join(alarm.get_kind_display() for alarm in claimed)
    try:
        tell_operators(subject, f"{text}\n\nWhat waits, and what to do: {where}\n")
    except OSError as error:  # smtplib's errors are among them
        logger.warning("the operators could not be written to: %s", type(error).__name__)
        for alarm in claimed:
            Alarm.objects.filter(pk=alarm.pk).update(told_at=alarm.told_at)
