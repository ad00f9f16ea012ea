"""Counting messages that our own secret signed and that are not ours, for all processes."""

import logging
from typing import Final

from django.db import DatabaseError, connection

logger = logging.getLogger(__name__)

_COUNT: Final = """
INSERT INTO payments_refusal AS r (reason, day, count, last_at)
VALUES (%s, (now() AT TIME ZONE 'UTC')::date, 1, now())
ON CONFLICT (reason, day) DO UPDATE SET count = r.count + 1, last_at = now()
"""


def record_refusal(reason: str) -> None:
    """Count one more refusal of today. The answer to Stripe never depends on it."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(_COUNT, [reason])
    except DatabaseError:
        logger.warning("a refusal (%s) could not be counted", reason)
