"""The answer to a form that was taken."""

from http import HTTPStatus

from django.http import HttpResponseRedirect


class SeeOther(HttpResponseRedirect):
    """Go there with a GET: after a POST, to pay, to be thanked, or to see what was changed."""

    status_code = HTTPStatus.SEE_OTHER
