"""The short addresses of the give page: for QR codes in the hall, and for people who type.

``/g/rally/`` leads to the form of an appeal, ``/g/rally/leeds/`` to the same set to a branch.
"""

from django.conf import settings
from django.http import Http404
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.text import slugify

from appeals.models import Appeal
from appeals.window import public_appeals
from funds.models import Branch


def short_address(appeal: Appeal, branch: Branch | None = None) -> str:
    """The whole address, as a QR code holds it."""
    if branch is None:
        return f"{settings.BASE_URL}{reverse('payments:short', args=[appeal.slug])}"
    path = reverse("payments:short-branch", args=[appeal.slug, branch.slug])
    return f"{settings.BASE_URL}{path}"


def as_typed(address: str) -> str:
    """An address as people read and type it: no scheme, no slash at the end."""
    return address.partition("://")[2].rstrip("/")


def long_path(typed_appeal: str, typed_branch: str = "") -> str:
    """Where a typed address leads: to the give form, set to the branch if we know one like that.

    Capitals, spaces and accents do not matter. A branch that we do not know is passed on as it was
    typed: the form says so, and takes the donation without it.

    Raises:
        Http404: No public appeal has that name.
    """
    wanted = slugify(typed_appeal)
    found = sorted(
        public_appeals().filter(slug__iexact=wanted), key=lambda appeal: appeal.slug != wanted
    )
    if not found:
        raise Http404
    form = reverse("payments:give", args=[found[0].slug])
    if not typed_branch:
        return form
    branch = Branch.objects.filter(slug__iexact=slugify(typed_branch), is_active=True).first()
    named = branch.slug if branch else slugify(typed_branch) or "unknown"
    return f"{form}?{urlencode({'branch': named})}"
