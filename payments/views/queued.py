"""What a phone's queue asks of the till, and how it is answered: in JSON, by one set of words.

200 and 201 name what was taken; 409 has an ``objection``, 422 the ``errors`` of each field.
"""

from django import forms
from django.http import HttpRequest, HttpResponse, JsonResponse


def wants_json(request: HttpRequest) -> bool:
    """Whether a queue asks, and no browser's page."""
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"


def tell_errors(form: forms.Form) -> HttpResponse:
    """What cannot be right, by field."""
    errors = {name: list(map(str, found)) for name, found in form.errors.items()}
    return JsonResponse({"errors": errors}, status=422)


def tell_objection(objection: str, message: str, *, status: int = 409) -> HttpResponse:
    """Why it is not taken, though nothing may be wrong with it."""
    return JsonResponse({"objection": objection, "message": message}, status=status)
