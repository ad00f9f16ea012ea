"""What every page's template may name."""

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from funds.models import Organisation
from funds.organisation import OrganisationMissingError, read_organisation


def organisation(request: HttpRequest) -> dict[str, object]:  # noqa: ARG001 - Django's signature
    """The organisation, read only by pages that show it; false in a template until it is set up."""
    return {"organisation": SimpleLazyObject(_organisation_if_any)}


def _organisation_if_any() -> Organisation | None:
    """None where log-in and error pages must do without: they come before the set-up."""
    try:
        return read_organisation()
    except OrganisationMissingError:
        return None
