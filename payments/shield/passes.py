"""The way for everyone: a link by e-mail that opens the form without the check.

For a donor without JavaScript, or whose browser cannot do the sum. The link says nothing of the
donor; it lives for two hours and lets a few forms of one appeal through.
"""

import secrets
from datetime import UTC, datetime
from enum import Enum
from typing import Final, NamedTuple
from urllib.parse import urlencode

from django.conf import settings
from django.core import signing
from django.core.mail import EmailMessage
from django.urls import reverse

from appeals.models import Appeal
from payments.shield.counting import (
    EVERYBODY,
    Counted,
    Kind,
    Whose,
    count,
    digest_of,
    mark,
    read_counts,
)
from payments.shield.limits import (
    HOUR,
    LINKS_FOR_AN_ADDRESS,
    LINKS_IN_ALL,
    LINKS_OF_A_BROWSER,
    PASS_LIVES,
    PASS_USES,
)

_SALT: Final = "payments.shield.pass"

_TEXT: Final = """\
Thank you for wanting to give to "{title}".

This link opens the form without the check. It works for two hours:

{link}

You did not ask for this? Then do nothing: nothing was taken, and nothing will be.

{imprint}
"""


class Sent(Enum):
    """What became of somebody's wish for a link."""

    SENT = "sent"
    ENOUGH = "so many were sent already that this one was not"


class _Pass(NamedTuple):
    serial: str
    minted_at: datetime


def mint_pass(appeal: Appeal) -> str:
    """A new pass for the appeal's form."""
    return signing.TimestampSigner(salt=_SALT).sign(f"{appeal.pk}-{secrets.token_hex(12)}")


def is_pass(token: str, appeal: Appeal) -> bool:
    """Whether it is a pass for this appeal and its time is not over. Uses nothing up."""
    return _read(token, appeal) is not None


def use_pass(token: str, appeal: Appeal) -> bool:
    """Let one form through; False for what is no pass, too old, or used too often."""
    found = _read(token, appeal)
    if found is None:
        return False
    used = Counted(Kind.PASSED, digest_of(Whose.THING, found.serial))
    return mark([used], until=found.minted_at)[used] <= PASS_USES


def send_pass(
    appeal: Appeal,
    *,
    email: str,
    session: str,
    prefill: dict[str, str],
    organisation_imprint: str,
) -> Sent:
    """E-mail a pass, within limits by address, by browser and in all.

    Must not be called inside a transaction: it talks to the mail server.

    Args:
        appeal: Whose form it opens.
        email: Where to; valid in form.
        session: The browser that asks, or "".
        prefill: What the link fills in again: an amount, a branch's slug. Nothing personal.
        organisation_imprint: Stands under the letter.

    Raises:
        OSError: The mail server does not take it (``smtplib``'s errors are such too).
    """
    limits = {
        Counted(Kind.MAILED, digest_of(Whose.EMAIL, email)): LINKS_FOR_AN_ADDRESS,
        Counted(Kind.MAILED, digest_of(Whose.SESSION, session)): LINKS_OF_A_BROWSER,
        Counted(Kind.MAILED, EVERYBODY): LINKS_IN_ALL,
    }
    count(limits)
    sent = read_counts(limits, within=HOUR)
    if any(sent.get(counted, 0) > most for counted, most in limits.items()):
        return Sent.ENOUGH
    give = reverse("payments:give", args=[appeal.slug])
    filled = {name: value for name, value in prefill.items() if value}
    link = f"{settings.BASE_URL}{give}?{urlencode(filled | {'pass': mint_pass(appeal)})}"
    EmailMessage(
        subject="Your link to the form",  # seen over a shoulder: it names no cause
        body=_TEXT.format(title=appeal.title, link=link, imprint=organisation_imprint),
        to=[email],
        headers={"Auto-Submitted": "auto-generated"},
    ).send()
    return Sent.SENT


def _read(token: str, appeal: Appeal) -> _Pass | None:
    signer = signing.TimestampSigner(salt=_SALT)
    try:
        value = signer.unsign(token, max_age=PASS_LIVES)
    except signing.BadSignature:
        return None
    of_appeal, _, serial = value.partition("-")
    if of_appeal != str(appeal.pk):
        return None
    minted = signing.b62_decode(token.rsplit(":", 2)[1])
    return _Pass(serial, datetime.fromtimestamp(minted, UTC))
