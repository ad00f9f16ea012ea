"""The signed link to a donor's own page. Whoever has it is let in, so only an e-mail holds it."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.core.signing import BadSignature, TimestampSigner
from django.urls import reverse

from payments.models import MonthlyDonation

LIVES_FOR: Final = timedelta(days=365)
"""How long a link works. Each e-mail holds a new one, and an old one leads to where to ask."""

_SALT: Final = "payments.monthly.link"


class DeadLinkError(Exception):
    """Not a link of ours, or too old, or to what is no more. A new one can be asked for."""


def monthly_link(monthly: MonthlyDonation) -> str:
    """The absolute address of the donor's page, for an e-mail to them and for nobody else."""
    return f"{settings.BASE_URL}{reverse('payments:monthly', args=[make_token(monthly)])}"


def make_token(monthly: MonthlyDonation) -> str:
    """The signed part of the address: our reference and the time, and nothing of the donor."""
    return _signer().sign(monthly.reference.hex)


def read_token(token: str) -> MonthlyDonation:
    """The monthly donation that a link is to, with its appeal, branch and donor.

    Raises:
        DeadLinkError: Whatever is wrong with it.
    """
    try:
        reference = UUID(_signer().unsign(token, max_age=LIVES_FOR))
        return MonthlyDonation.objects.select_related("appeal", "branch", "donor").get(
            reference=reference, subscription_id__isnull=False
        )
    except (BadSignature, ValueError, MonthlyDonation.DoesNotExist) as error:
        raise DeadLinkError from error


def _signer() -> TimestampSigner:
    return TimestampSigner(salt=_SALT, sep=".")  # a colon in an address is broken by some mailers
