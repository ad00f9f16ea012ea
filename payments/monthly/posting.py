"""E-mails with the link to a donor's own page, for donors who ask for one.

Asking writes a moment and nothing else, for a known address as for an unknown one: neither the
answer nor the time that it takes tells whether somebody gives. A chore sends.
"""

import logging
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from smtplib import SMTPException
from typing import Final

from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.template.loader import render_to_string
from django.utils import timezone

from funds.organisation import read_organisation
from payments.models import MonthlyDonation
from payments.monthly.link import monthly_link

logger = logging.getLogger(__name__)

SENT_AGAIN_AFTER: Final = timedelta(minutes=15)
"""To one address at most one e-mail in that time, however often it is asked for."""

_TRIED_AGAIN_AFTER: Final = timedelta(minutes=1)
_MOST_AT_ONCE: Final = 50


def ask_for_link(email: str) -> None:
    """Wish for an e-mail to this address, if anyone gives monthly under it."""
    MonthlyDonation.objects.filter(
        Q(link_sent_at__isnull=True) | Q(link_sent_at__lt=timezone.now() - SENT_AGAIN_AFTER),
        donor__email__iexact=email,
        subscription_id__isnull=False,
        link_wanted_at__isnull=True,
    ).update(link_wanted_at=Now())


def send_wanted_links() -> int:
    """Send what was asked for: one e-mail to an address, with a link to each of its donations.

    What cannot be sent now is asked for still, and is sent later; what is being sent by another
    process is left to it. A process that dies between sends nothing: the donor asks again.
    """
    sent = 0
    for email, chosen in _take_wanted().items():
        try:
            _send(email, chosen)
        except (SMTPException, OSError) as error:
            # The message of such an error may hold the address.
            logger.warning("an e-mail with a link could not be sent: %s", type(error).__name__)
            MonthlyDonation.objects.filter(pk__in=[one.pk for one in chosen]).update(
                link_wanted_at=timezone.now() + _TRIED_AGAIN_AFTER, link_sent_at=None
            )
        else:
            sent += 1
    return sent


@transaction.atomic
def _take_wanted() -> dict[str, list[MonthlyDonation]]:
    """What is asked for, by address; marked as sent before it is."""
    wanted = list(
        MonthlyDonation.objects.filter(link_wanted_at__lte=timezone.now())
        .select_related("appeal", "donor")
        .order_by("link_wanted_at", "pk")
        # Against another process that sends: the two take different ones.
        .select_for_update(of=("self",), skip_locked=True)[:_MOST_AT_ONCE]
    )
    MonthlyDonation.objects.filter(pk__in=[monthly.pk for monthly in wanted]).update(
        link_wanted_at=None, link_sent_at=Now()
    )
    by_address: dict[str, list[MonthlyDonation]] = defaultdict(list)
    for monthly in wanted:
        if monthly.donor is not None:  # erased since it was asked for
            by_address[monthly.donor.email.casefold()].append(monthly)
    return by_address


def _send(email: str, chosen: Sequence[MonthlyDonation]) -> None:
    organisation = read_organisation()
    links = [(monthly, monthly_link(monthly)) for monthly in chosen]
    EmailMessage(
        subject="Your monthly donation",
        body=render_to_string(
            "payments/email/monthly_link.txt", {"organisation": organisation, "links": links}
        ),
        to=[email],
        reply_to=[organisation.contact_email] if organisation.contact_email else None,
    ).send()
