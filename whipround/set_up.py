"""The admin: where operators set up, and look into the books that nobody edits there."""

from django.contrib import admin
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from funds.access import read_access
from funds.models import User


class SetUpSite(admin.AdminSite):
    """An admin that goes by our roles and is entered by our log-in, so that its second step counts.

    Who comes in is decided here, once; what a page lets them do is decided by its class in
    ``funds.admin.doors``.
    """

    site_header = "Whip-round: set-up"
    site_title = "Set-up"
    index_title = "Set-up and books"

    def has_permission(self, request: HttpRequest) -> bool:
        """True for operators and superusers."""
        return may_set_up(request.user)

    def login(
        self,
        request: HttpRequest,
        extra_context: dict[str, object] | None = None,  # noqa: ARG002 - Django's signature
    ) -> HttpResponse:
        """Send strangers to the one log-in; for those logged in without leave there is no admin."""
        if request.user.is_authenticated and not self.has_permission(request):
            raise Http404
        return redirect_to_login(request.GET.get("next") or reverse("admin:index"))


def may_set_up(user: User | AnonymousUser) -> bool:
    """True for operators and superusers."""
    return user.is_active and (user.is_superuser or read_access(user).is_operator)
