"""Run as a process on another database: orders that £10 of a donation be given back."""

import os
import sys
from uuid import UUID

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "whipround.settings")
django.setup()

from payments.models import CardDonation  # noqa: E402 - needs Django
from tests.factories import gbp  # noqa: E402 - needs Django
from tests.payments.refunding import order  # noqa: E402 - needs Django

if __name__ == "__main__":
    order(CardDonation.objects.get(reference=UUID(sys.argv[1])), gbp(10))
