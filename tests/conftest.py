"""Fixtures for all tests. The environment is set earlier, by ``tests/environment.py``."""

from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
from django.conf import settings
from django.core.cache import cache
from django.core.management import CommandError
from django.core.management.commands import flush
from django.db import OperationalError, connection
from django.test import override_settings

_FLUSHES: Final = 5


@pytest.fixture(autouse=True)
def _clean_cache() -> Iterator[None]:
    """No test inherits another's counters."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture(scope="session", autouse=True)
def _cheap_passwords() -> Iterator[None]:
    """A password is hashed slowly on purpose; a test user's need not be."""
    cheap = "django.contrib.auth.hashers.MD5PasswordHasher"
    with override_settings(PASSWORD_HASHERS=[cheap, *settings.PASSWORD_HASHERS]):
        yield


@pytest.fixture(scope="session", autouse=True)
def _flush_may_truncate() -> Iterator[None]:
    """Lets Django empty the append-only tables between transactional tests, and only there."""
    handle = flush.Command.handle

    def handle_with_leave(self: flush.Command, **options: Any) -> Any:
        with connection.cursor() as cursor:
            cursor.execute("SET whipround.may_flush = 'on'")
            try:
                return _until_unlocked(lambda: handle(self, **options))
            finally:
                cursor.execute("RESET whipround.may_flush")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flush.Command, "handle", handle_with_leave)
        yield


def _until_unlocked(flush: Callable[[], Any]) -> Any:
    """A server that serves many tests does its chores meanwhile: the two may meet crosswise."""
    for _ in range(_FLUSHES):
        try:
            return flush()
        except CommandError as error:
            if not isinstance(error.__cause__, OperationalError):
                raise
    return flush()


@pytest.fixture(scope="session", autouse=True)
def _plain_static_files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Pages name static files without hashes: nothing needs collecting before a test."""
    storages = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }
    with override_settings(STORAGES=storages, STATIC_ROOT=tmp_path_factory.mktemp("static")):
        yield


Measured = Callable[[str], None]


@pytest.fixture
def measured(record_property: Callable[[str, object], None]) -> Measured:
    """Says a figure at the end of the run; a test judges no time, since machines are shared."""
    return lambda figure: record_property("measured", figure)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures that tests measured."""
    figures = [
        f"{report.nodeid}: {figure}"
        for report in terminalreporter.getreports("passed")
        for name, figure in report.user_properties
        if name == "measured"
    ]
    if figures:
        terminalreporter.section("measured")
        for figure in figures:
            terminalreporter.write_line(figure)
