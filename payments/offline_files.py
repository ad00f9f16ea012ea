"""What a phone keeps to count, and a stage's laptop to show, without a signal: which static files.

The service worker fetches them together and keeps them together; a new release, with other files,
is another worker, and takes over when it has all of its own.
"""

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Final, TypedDict

from django.contrib.staticfiles.finders import find, get_finders
from django.contrib.staticfiles.storage import ManifestFilesMixin, staticfiles_storage
from django.templatetags.static import static

WORKBOX: Final = "vendor/workbox-7.4.1"
IDB: Final = "vendor/idb-8.0.4/umd.js"
WORKER_SCRIPTS: Final = (
    *(f"{WORKBOX}/workbox-{part}.prod.js" for part in ("core", "routing")),
    *(f"{WORKBOX}/workbox-{part}.prod.js" for part in ("strategies", "precaching")),
    IDB,
    "js/offline/store.js",
    "js/offline/sending.js",
    "js/offline/kept-screens.js",
    "js/offline/worker.js",
)
"""What the service worker is made of, in the order in which the parts need each other."""

_WORKER_ALONE: Final = WORKER_SCRIPTS[-2:]  # the browser keeps a worker's own scripts by itself
_KEPT_FOLDERS: Final = (
    *("css/components/", "js/offline/", "vendor/archivo-", "icons/"),
    *("css/screen/", "js/screen/", "js/live/"),  # the hall screen's
)
_KEPT_FILES: Final = (
    *("css/site.css", "css/reset.css", "css/tokens.css", "css/layout.css", "icon.svg"),
    *("js/count-sheet.js", "js/counted-at.js", "js/submit-once.js", IDB),
    *("css/screen.css", "js/hall-screen.js", "js/live-appeal.js"),
)
_KEPT_KINDS: Final = (".css", ".js", ".woff2", ".svg", ".png")


class KeptFile(TypedDict):
    """An address to keep. Without a revision its name tells its content already."""

    url: str
    revision: str | None


def kept_files() -> list[KeptFile]:
    """Every static file that the pages which open without a signal are made of."""
    return [{"url": static(name), "revision": _revision(name)} for name in _kept_names()]


def version_of(*parts: object) -> str:
    """A short name for a release: another one for anything else in it."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


@cache
def _kept_names() -> tuple[str, ...]:
    found = {path.replace("\\", "/") for finder in get_finders() for path, _ in finder.list([])}
    return tuple(
        sorted(
            name
            for name in found
            if name.endswith(_KEPT_KINDS)
            and (name in _KEPT_FILES or name.startswith(_KEPT_FOLDERS))
            and name not in _WORKER_ALONE
        )
    )


def _revision(name: str) -> str | None:
    if _has_hashed_names(staticfiles_storage):
        return None  # its address has the content's hash in it
    path = find(name)
    assert isinstance(path, str), name
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:16]


def _has_hashed_names(storage: object) -> bool:
    return isinstance(storage, ManifestFilesMixin)
