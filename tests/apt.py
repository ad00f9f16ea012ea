"""Installing what a test needs, where we may: one at a time, whatever tests run side by side."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_INSTALL_SECONDS: Final = 600
_POLICY: Final = Path("/usr/sbin/policy-rc.d")
_LOCK: Final = Path(tempfile.gettempdir()) / "whip-round-tests-apt.lock"


def is_root() -> bool:
    """Whether packages may be installed."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def install(package: str) -> None:
    """With apt, as root; not started as a service: a policy forbids it for the while."""
    if not (is_root() and shutil.which("apt-get")):
        return
    with _alone():
        is_ours = not _POLICY.exists()
        if is_ours:
            _POLICY.write_text("#!/bin/sh\nexit 101\n")
            _POLICY.chmod(0o755)
        try:
            _run("apt-get", "update", "-q")
            _run("apt-get", "install", "-y", "-q", "--no-install-recommends", package)
        finally:
            if is_ours:
                _POLICY.unlink()


@contextmanager
def _alone() -> Iterator[None]:
    """Apt refuses a second one, and the policy is one file for all."""
    import fcntl  # noqa: PLC0415 - where there is apt there is this

    with _LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _run(*command: str) -> None:
    try:
        subprocess.run(command, timeout=_INSTALL_SECONDS, check=False, capture_output=True)
    except (OSError, subprocess.TimeoutExpired):
        return
