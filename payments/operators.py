"""Telling the operators: what they should know wherever they are."""

import logging

from django.core.mail import EmailMessage

from funds.models import Membership, User

logger = logging.getLogger(__name__)


def tell_operators(subject: str, text: str) -> int:
    """E-mail every operator who has an address; answers how many there are.

    Must not be called inside a transaction or a request: it talks to the mail server.

    Args:
        subject: One line, nothing personal.
        text: Plain text, nothing personal.

    Raises:
        OSError: The mail server did not take it (``smtplib``'s errors are such too).
    """
    addresses = sorted(
        User.objects.filter(is_active=True, memberships__role=Membership.Role.OPERATOR)
        .exclude(email="")
        .values_list("email", flat=True)
        .distinct()
    )
    if addresses:
        EmailMessage(subject, text, bcc=addresses).send()
    else:
        logger.warning("no operator has an e-mail address; nobody was told: %s", subject)
    return len(addresses)
