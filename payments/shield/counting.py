"""Counting attempts: one statement to count, one to read; shared by all processes."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

from django.db import connection
from django.utils import timezone
from django.utils.crypto import salted_hmac

from payments.models import AttemptCount, CheckoutOrigin
from payments.shield.limits import FORGET_AFTER

Kind = AttemptCount.Kind

DIGEST_LENGTH: Final = 32


class Whose(StrEnum):
    """By what an attempt is counted."""

    SESSION = "session"
    EMAIL = "email"
    APPEAL = "appeal"
    ALL = "all"
    THING = "thing"  # a challenge, a pass, a failure: what may be used or told only so often


def digest_of(whose: Whose, value: object) -> str:
    """Tells whose attempts are the same, and nothing about whom; "" of nobody."""
    if value in {"", None}:
        return ""
    text = str(value).strip().casefold()
    return salted_hmac(f"shield:{whose}", text, algorithm="sha256").hexdigest()[:DIGEST_LENGTH]


EVERYBODY: Final = digest_of(Whose.ALL, "all")


class Counted(NamedTuple):
    """What is counted for whom."""

    kind: AttemptCount.Kind
    key_digest: str


# In key order, so that two statements never wait for each other crosswise.
_COUNT: Final = """
INSERT INTO payments_attemptcount AS c (kind, key_digest, window_start, count)
SELECT kind, key_digest, %s, 1
  FROM unnest(%s::text[], %s::text[]) AS told (kind, key_digest)
 ORDER BY kind, key_digest
    ON CONFLICT (kind, key_digest, window_start) DO UPDATE SET count = c.count + 1
RETURNING c.kind, c.key_digest, c.count
"""

_READ: Final = """
SELECT c.kind, c.key_digest, sum(c.count)
  FROM unnest(%s::text[], %s::text[]) AS asked (kind, key_digest)
  JOIN payments_attemptcount c USING (kind, key_digest)
 WHERE c.window_start > %s
 GROUP BY c.kind, c.key_digest
"""

_COUNT_OPENED: Final = f"""
WITH origin AS (
    INSERT INTO payments_checkoutorigin (donation_id, session_digest, email_digest)
    SELECT id, %s, %s FROM payments_carddonation WHERE reference = %s
        ON CONFLICT (donation_id) DO NOTHING
    RETURNING donation_id
), counted AS ({_COUNT.replace("FROM unnest", "FROM origin, unnest")})
SELECT count(*) FROM origin
"""  # noqa: S608 - made of the statement above

_READ_OPENED: Final = """
SELECT count(*) FILTER (WHERE NOT is_done AND session_digest = %(session)s),
       count(*) FILTER (WHERE is_done AND session_digest = %(session)s),
       count(*) FILTER (WHERE NOT is_done AND email_digest = %(email)s)
  FROM (SELECT o.session_digest, o.email_digest,
               d.received_entry_id IS NOT NULL OR d.processing_at IS NOT NULL AS is_done
          FROM payments_checkoutorigin o
          JOIN payments_carddonation d ON d.id = o.donation_id
         WHERE o.opened_at > %(since)s
           AND (o.session_digest = nullif(%(session)s, '')
                OR o.email_digest = nullif(%(email)s, ''))) AS opened
"""


class Opened(NamedTuple):
    """Checkouts that one browser opened in the last hour, paid or not; and one address, not."""

    unpaid_by_session: int
    paid_by_session: int
    unpaid_by_email: int


def count(counted: Iterable[Counted], *, at: datetime | None = None) -> dict[Counted, int]:
    """Count one more of each, whoever's it is; answers how many each has in that minute.

    Args:
        counted: Each at most once; those of nobody are left out.
        at: When it happened; now, unless it was told later.
    """
    return _add(counted, window=_minute(at or timezone.now()))


def mark(counted: Iterable[Counted], *, until: datetime) -> dict[Counted, int]:
    """Count the use of a thing that is of one moment: its uses are never spread over windows."""
    return _add(counted, window=until)


def _add(counted: Iterable[Counted], *, window: datetime) -> dict[Counted, int]:
    told = [one for one in counted if one.key_digest]
    if not told:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [window, *_columns(told)])
        return {Counted(Kind(kind), key): count for kind, key, count in cursor.fetchall()}


def read_counts(asked: Iterable[Counted], *, within: timedelta) -> Mapping[Counted, int]:
    """How often each was counted in the time up to now; what never was is left out."""
    with connection.cursor() as cursor:
        since = _minute(timezone.now() - within)
        cursor.execute(_READ, [*_columns([one for one in asked if one.key_digest]), since])
        return {Counted(Kind(kind), key): int(total) for kind, key, total in cursor.fetchall()}


def count_opened(reference: UUID, *, session_digest: str, email_digest: str) -> None:
    """A Checkout was opened for the donation of this reference: remember by whom. Once."""
    with connection.cursor() as cursor:
        cursor.execute(
            _COUNT_OPENED,
            [
                *(session_digest, email_digest, reference),
                _minute(timezone.now()),
                *_columns([Counted(Kind.OPENED, EVERYBODY)]),
            ],
        )


def read_opened(*, session_digest: str, email_digest: str, within: timedelta) -> Opened:
    """What one browser and one address opened in the time up to now; "" opened nothing."""
    asked: dict[str, str | datetime] = {
        "session": session_digest,
        "email": email_digest,
        "since": timezone.now() - within,
    }
    with connection.cursor() as cursor:
        cursor.execute(_READ_OPENED, asked)
        return Opened(*cursor.fetchone())


def forget_old_attempts() -> int:
    """Remove what no limit looks at any more; answers how many rows."""
    before = timezone.now() - FORGET_AFTER
    counts, _ = AttemptCount.objects.filter(window_start__lt=before).delete()
    origins, _ = CheckoutOrigin.objects.filter(opened_at__lt=before).delete()
    return counts + origins


def _columns(counted: list[Counted]) -> tuple[list[str], list[str]]:
    return [one.kind.value for one in counted], [one.key_digest for one in counted]


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)
