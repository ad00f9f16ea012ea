"""Reading who we are, and what day it is there."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.core.exceptions import ImproperlyConfigured

from funds.models import Organisation


class OrganisationMissingError(ImproperlyConfigured):
    """Nobody has set up the organisation yet. The site answers with a page that says how to."""


def read_organisation() -> Organisation:
    """The one organisation.

    Raises:
        OrganisationMissingError: It was not set up yet; the message says where to do so.
    """
    try:
        return Organisation.objects.get(pk=1)
    except Organisation.DoesNotExist as error:
        raise OrganisationMissingError(
            "Set up the organisation first: log in at /admin/ and add it under 'Organisation'"
        ) from error


def local_date(moment: datetime, organisation: Organisation) -> date:
    """The organisation's local date at an aware moment: how the books are dated."""
    return moment.astimezone(ZoneInfo(organisation.time_zone)).date()
