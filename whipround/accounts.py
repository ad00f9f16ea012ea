"""How log-in differs from allauth's ways: nobody signs up, operators make the log-ins."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest
from django.urls import reverse

from funds.access import read_access


class ClosedAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Log-in without sign-up."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002 - allauth's signature
        """Never: a log-in to the treasury is given, not taken."""
        return False

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Where a log-in lands that asked for no page: operators set up, all others have a home."""
        access = read_access(request.user)
        has_pages_of_its_own = access.is_treasurer or access.is_chair
        sets_up = access.is_operator or request.user.is_superuser
        goes_to_admin = sets_up and not has_pages_of_its_own
        return reverse("admin:index" if goes_to_admin else "payments:treasurer")
