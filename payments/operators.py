"""Writing to those who look after the site."""

import logging

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import Q

from funds.models import Membership, User

logger = logging.getLogger(__name__)


def tell_operators(subject: str, text: str) -> int:
    """Send a plain letter to every operator with an address; answers how many there are.

    To be called outside any transaction. No personal data may stand in it.

    Raises:
        OSError: The mail server did not take it.
    """
    addresses = sorted(
        User.objects.filter(
            Q(memberships__role=Membership.Role.OPERATOR) | Q(is_superuser=True), is_active=True
        )
        .exclude(email="")
        .values_list("email", flat=True)
        .distinct()
    )
    if not addresses:
        logger.error("no operator has an e-mail address: nobody was told of '%s'", subject)
        return 0
    EmailMessage(
        subject=f"[Whip-round] {subject}",
        body=text,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=addresses,
        headers={"Auto-Submitted": "auto-generated"},
    ).send()
    return len(addresses)
