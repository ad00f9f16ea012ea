"""What makes the site an app on a phone: manifests, the service worker, its two plain pages.

Everybody may have these: nothing in them is about anybody.
"""

import json
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from funds.models import Organisation
from funds.organisation import OrganisationMissingError, read_organisation
from payments.offline_files import WORKER_SCRIPTS, KeptFile, kept_files, version_of

_PAPER: Final = "#f5eee0"
_ICONS: Final = (
    ("icons/app-192.png", "192x192", "any"),
    ("icons/app-512.png", "512x512", "any"),
    ("icons/app-maskable-512.png", "512x512", "maskable"),
)
_PLAIN_PAGES: Final = (
    ("payments:no-signal", "offline/no_signal.html"),
    ("payments:count-waiting", "offline/waiting.html"),
)


@require_safe
@cache_control(no_cache=True)
def counting_manifest(_request: HttpRequest) -> HttpResponse:
    """The counters' app: it opens at the box for the code, and at the tables of this phone."""
    return _manifest(
        name=f"{_organisation_name()}: counting table",
        short_name="Counting",
        start=reverse("payments:count"),
        scope=reverse("payments:count"),
    )


@require_safe
@cache_control(no_cache=True)
def treasury_manifest(_request: HttpRequest) -> HttpResponse:
    """The treasurers' app: it opens at their own page. Its scope holds the log-in too."""
    return _manifest(
        name=f"{_organisation_name()}: treasury",
        short_name="Treasury",
        start=reverse("payments:treasurer"),
        scope="/",
    )


def _manifest(*, name: str, short_name: str, start: str, scope: str) -> HttpResponse:
    """Source: https://www.w3.org/TR/appmanifest/ ("Manifest members")."""
    told: dict[str, Any] = {
        "id": start,
        "name": name,
        "short_name": short_name,
        "lang": "en-GB",
        "start_url": start,
        "scope": scope,
        "display": "standalone",
        "background_color": _PAPER,
        "theme_color": _PAPER,
        "icons": [
            {"src": static(file), "sizes": sizes, "type": "image/png", "purpose": purpose}
            for file, sizes, purpose in _ICONS
        ],
    }
    return HttpResponse(json.dumps(told), content_type="application/manifest+json")


@require_safe
@cache_control(no_cache=True)
def service_worker(_request: HttpRequest) -> HttpResponse:
    """The worker of this release: what it keeps, and the scripts it is made of, of ours alone."""
    scripts = [static(name) for name in WORKER_SCRIPTS]
    files = [*kept_files(), *_plain_pages()]
    release = {
        "version": version_of(scripts, files),
        "files": files,
        "noSignal": reverse("payments:no-signal"),
    }
    lines = (
        f"self.WHIP_ROUND = {json.dumps(release)};",
        f"importScripts(...{json.dumps(scripts)});",
    )
    return HttpResponse("\n".join(lines), content_type="text/javascript; charset=utf-8")


def _plain_pages() -> list[KeptFile]:
    return [
        {"url": reverse(name), "revision": version_of(_render(page))} for name, page in _PLAIN_PAGES
    ]


@require_safe
def no_signal(_request: HttpRequest) -> HttpResponse:
    """What a phone shows in place of a page that it does not keep."""
    return HttpResponse(_render("offline/no_signal.html"))


@require_safe
def waiting(_request: HttpRequest) -> HttpResponse:
    """What waits on this phone to be sent: the phone itself fills it in."""
    return HttpResponse(_render("offline/waiting.html"))


def _render(page: str) -> str:
    """Without the request: a copy is kept, and must hold no visitor's name nor message."""
    return render_to_string(page, {"organisation": _organisation()})


def _organisation() -> Organisation | None:
    try:
        return read_organisation()
    except OrganisationMissingError:
        return None


def _organisation_name() -> str:
    organisation = _organisation()
    return organisation.name if organisation else "Whip-round"
