"""Where a Chromium is: on the PATH, or installed now, or nowhere."""

import shutil
import subprocess
import sys
from functools import cache
from typing import Final

from tests.apt import install, is_root

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_INSTALL_SECONDS: Final = 600

# Nothing of the browser's own goes out to the internet.
QUIET_FLAGS: Final = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def flags() -> list[str]:
    """The sandbox needs an ordinary user."""
    return [*QUIET_FLAGS, *(["--no-sandbox"] if is_root() else [])]


@cache
def find_chromium() -> str | None:
    """The path of a Chromium, ``""`` for Playwright's own, None when there is none to be had."""
    return _on_path() or _from_apt() or _from_playwright()


def _on_path() -> str | None:
    return next(filter(None, map(shutil.which, _NAMES)), None)


def _from_apt() -> str | None:
    install("chromium")
    return _on_path()


def _from_playwright() -> str | None:
    return "" if _run(sys.executable, "-m", "playwright", "install", "chromium") else None


def _run(*command: str) -> bool:
    try:
        ended = subprocess.run(command, timeout=_INSTALL_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return ended.returncode == 0
