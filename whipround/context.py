"""What every page's template may name."""

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from funds.organisation import read_organisation


def organisation(request: HttpRequest) -> dict[str, object]:  # noqa: ARG001 - Django's signature
    """The organisation, read only by pages that show it."""
    return {"organisation": SimpleLazyObject(read_organisation)}
