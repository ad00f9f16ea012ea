"""Sending letters: each at most once, whatever dies.

A letter is claimed in a transaction of its own just before it is handed over. What the mail
server refuses is tried again, or put aside when it refuses for good. What was handed over with no
answer may have arrived: a person decides.
"""

import logging
import smtplib
from collections.abc import Collection
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final

from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import InterfaceError, OperationalError
from django.db.models import F, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from payments.letters.words import compose
from payments.models import Letter
from payments.retrying import delay_seconds, describe_error

logger = logging.getLogger(__name__)

Outcome = Letter.Outcome

STUCK_AFTER: Final = timedelta(minutes=30)
CUT_AFTER: Final = timedelta(minutes=10)
"""A letter that was claimed so long ago was cut off: no mail server takes that long."""

BATCH_SIZE: Final = 50
_CUT: Final = "its sending was cut off: it may have arrived. Send it again only if it did not."

# The server answered, and the answer was no: nothing was taken.
_REFUSALS: Final = (
    smtplib.SMTPResponseException,
    smtplib.SMTPRecipientsRefused,
    smtplib.SMTPNotSupportedError,
)


def send_due_letters() -> int:
    """Send what is due, oldest first; answers how many were sent.

    To be called outside any transaction. May run in several processes at once.
    """
    _put_aside_what_was_cut()
    due = list(
        _due()
        .filter(next_attempt_at__lte=Now())
        .order_by("pk")
        .select_related(
            *("donation__appeal", "donation__branch", "donation__donor", "refund"),
            *("donation__monthly__donor", "donation__again_of__donor"),
        )[:BATCH_SIZE]
    )
    if not due:
        return 0
    connection = get_connection()
    sent = 0
    try:
        for place, letter in enumerate(due):
            try:
                connection.open()  # anew after a failure: a server that hung up took one along
            except Exception as error:  # noqa: BLE001 - whatever it is, nothing was handed over
                for left in due[place:]:
                    _postpone(left, describe_error(error))
                break
            sent += _send(letter, connection)
    finally:
        connection.close()
    return sent


def count_waiting() -> int:
    """How many letters are still to be sent."""
    return _due().count()


def count_put_aside() -> int:
    """How many letters wait for a person."""
    return _put_aside().count()


def is_stuck() -> bool:
    """True when a letter has waited for more than half an hour."""
    return _due().filter(created_at__lt=timezone.now() - STUCK_AFTER).exists()


def send_again(letter_ids: Collection[int]) -> int:
    """A person says that letters did not arrive: they are due once more. Answers how many."""
    return (
        Letter.objects.filter(pk__in=letter_ids, ended_at__isnull=True)
        .exclude(claimed_at__isnull=False, put_aside_at__isnull=True)  # on its way just now
        .update(claimed_at=None, put_aside_at=None, next_attempt_at=Now(), last_error="")
    )


def _due() -> QuerySet[Letter]:
    return Letter.objects.filter(
        ended_at__isnull=True, claimed_at__isnull=True, put_aside_at__isnull=True
    )


def _put_aside() -> QuerySet[Letter]:
    return Letter.objects.filter(ended_at__isnull=True, put_aside_at__isnull=False)


def _send(letter: Letter, connection: BaseEmailBackend) -> bool:
    """Send one letter; True when the server took it."""
    try:
        message = compose(letter)
    except (OperationalError, InterfaceError):
        raise  # the database's trouble says nothing about the letter
    except Exception as error:
        # Not logged with its message, which may repeat what the donor wrote.
        logger.exception("a letter cannot be written")
        _postpone(letter, f"cannot be written: {type(error).__name__}")
        return False
    if not _claim(letter):
        return False
    if message is None:
        _end(letter, Outcome.NO_ADDRESS)
        return False
    return _hand_over(letter, message, connection)


def _claim(letter: Letter) -> bool:
    """Take the letter, against another process that sends it too; the update is the lock."""
    return bool(_due().filter(pk=letter.pk).update(claimed_at=Now(), attempts=F("attempts") + 1))


def _hand_over(
    letter: Letter, message: EmailMultiAlternatives, connection: BaseEmailBackend
) -> bool:
    try:
        taken = connection.send_messages([message])
    except _REFUSALS as error:
        _hang_up(connection)
        if _is_for_good(error):
            _set_aside(letter, f"the mail server refuses it for good: {_describe(error)}")
        else:
            _release(letter, f"the mail server refuses it for now: {_describe(error)}")
        return False
    except Exception as error:  # noqa: BLE001 - cut off in the middle, or a bug: not known
        _hang_up(connection)
        _set_aside(letter, f"{type(error).__name__}: {_CUT}")
        return False
    if not taken:
        _set_aside(letter, "the mail server was handed nothing: is the address one?")
        return False
    _end(letter, Outcome.SENT)
    return True


def _hang_up(connection: BaseEmailBackend) -> None:
    """What comes next gets a fresh connection: this one may be cut, and would fail it too."""
    with suppress(Exception):  # it is given up, whatever state it is in
        connection.close()


def _is_for_good(error: Exception) -> bool:
    """Whether trying again is of no use. Source: RFC 5321, 4.2.1: 5xx is permanent."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _ in error.recipients.values())
    if isinstance(error, smtplib.SMTPResponseException):
        return error.smtp_code >= 500
    return False


def _describe(error: Exception) -> str:
    """The server's code alone: its words may repeat the address."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = sorted({code for code, _ in error.recipients.values()})
        return f"{type(error).__name__} {' '.join(map(str, codes))}"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{type(error).__name__} {error.smtp_code}"
    return type(error).__name__


def _postpone(letter: Letter, reason: str) -> None:
    """It never left: try again later. What another process has taken meanwhile is left to it."""
    _due().filter(pk=letter.pk).update(**_later(letter, reason))


def _release(letter: Letter, reason: str) -> None:
    """We took it, and the server did not: try again later."""
    Letter.objects.filter(pk=letter.pk).update(claimed_at=None, **_later(letter, reason))


def _later(letter: Letter, reason: str) -> dict[str, Any]:
    """After a pause that doubles, from some ten seconds to an hour."""
    pause = timedelta(seconds=delay_seconds(letter.attempts + 4))
    return {
        "attempts": letter.attempts + 1,
        "next_attempt_at": timezone.now() + pause,
        "last_error": reason,
    }


def _set_aside(letter: Letter, reason: str) -> None:
    Letter.objects.filter(pk=letter.pk, ended_at__isnull=True).update(
        put_aside_at=Now(), last_error=reason
    )


def _end(letter: Letter, outcome: Letter.Outcome) -> None:
    Letter.objects.filter(pk=letter.pk).update(ended_at=Now(), outcome=outcome, last_error="")


def _put_aside_what_was_cut() -> None:
    """Letters whose sender died between taking them and hearing the server's answer."""
    Letter.objects.filter(
        ended_at__isnull=True,
        put_aside_at__isnull=True,
        claimed_at__lt=timezone.now() - CUT_AFTER,
    ).update(put_aside_at=Now(), last_error=_CUT)
