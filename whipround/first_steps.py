"""What a visitor of a fresh installation sees instead of an error."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from funds.organisation import OrganisationMissingError


class FirstStepsMiddleware:
    """Answers with the first steps wherever a page needs the organisation before it is set up."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass everything on; only a missing organisation concerns us."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The page of first steps for a missing organisation; None leaves others as they were."""
        if isinstance(exception, OrganisationMissingError):
            return render(request, "first_steps.html")
        return None
