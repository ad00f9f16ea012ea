"""The short addresses of the give page, as they stand on screens, cards and posters."""

from django.http import HttpRequest, HttpResponseRedirect
from django.views.decorators.http import require_safe

from payments.short_address import long_path


@require_safe
def short(request: HttpRequest, appeal: str, branch: str = "") -> HttpResponseRedirect:  # noqa: ARG001 - Django's
    """On to the give form (302, so that where it leads may change). An unknown appeal is a 404."""
    return HttpResponseRedirect(long_path(appeal, branch))
