"""A pytest plugin loaded before Django is: the environment and the database of this very run."""

import os
from pathlib import Path

import psutil
import pytest

from whipround.embedded import PROJECT_ROOT, EmbeddedDatabase, discard

_TEST_ENVIRONMENT = {
    "SECRET_KEY": "for-tests-only-for-tests-only-for-tests-only",
    "BASE_URL": "http://testserver",
    "ALLOWED_HOSTS": "testserver,127.0.0.1,localhost",
    "STRIPE_SECRET_KEY": "sk_test_for_tests",
    "STRIPE_WEBHOOK_SECRETS": "whsec_for_tests,whsec_former",
    "STRIPE_API_BASE": "http://127.0.0.1:9",
    "STRIPE_LIVEMODE": "false",
    "EMAIL_URL": "memory:",
    "DJANGO_ALLOW_ASYNC_UNSAFE": "true",  # the browser's driver runs a loop in the main thread
}


class EmbeddedDatabaseOfThisRun:
    """A server for this run alone, so that two runs side by side never meet."""

    def __init__(self) -> None:
        runs = PROJECT_ROOT / "var" / "test"
        _discard_left_by_killed_runs(runs)
        self.folder: Path = runs / str(os.getpid())
        self.server = EmbeddedDatabase(self.folder)
        # Nothing here outlives the run, so it need not survive a power cut.
        for setting in ("fsync = off", "synchronous_commit = off", "full_page_writes = off"):
            self.server.execute(f"ALTER SYSTEM SET {setting};")
        self.server.execute("SELECT pg_reload_conf();")
        os.environ["DATABASE_URL"] = self.server.url

    def pytest_unconfigure(self) -> None:
        """Stop the server and remove its data."""
        discard(self.folder)


def _discard_left_by_killed_runs(runs: Path) -> None:
    for folder in runs.glob("*"):
        if folder.name.isdecimal() and not psutil.pid_exists(int(folder.name)):
            discard(folder)


def pytest_configure(config: pytest.Config) -> None:
    """Provide the database's end; it was begun when this module was imported."""
    if _database is not None:
        config.pluginmanager.register(_database)


os.environ.update(_TEST_ENVIRONMENT)
_database = None if os.environ.get("DATABASE_URL") else EmbeddedDatabaseOfThisRun()
