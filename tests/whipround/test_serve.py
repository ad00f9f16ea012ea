"""Who does the inbox's work: ``serve`` where there is no Redis, Celery's workers where there is."""

from unittest import mock

import pytest
from django.core.management import call_command
from pytest_django import Settings

from whipround.management.commands import serve


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> mock.Mock:
    monkeypatch.setattr(serve, "SiteServer", mock.Mock())
    worker = mock.Mock()
    monkeypatch.setattr(serve, "InboxWorker", mock.Mock(return_value=worker))
    return worker


@pytest.mark.parametrize(
    ("redis_url", "asked", "works"),
    [
        ("", [], True),
        ("", ["--no-worker"], False),
        ("redis://127.0.0.1:9", [], False),
        ("redis://127.0.0.1:9", ["--worker"], True),
    ],
)
def test_it_works_itself_unless_celery_does(
    worker: mock.Mock, settings: Settings, redis_url: str, asked: list[str], *, works: bool
) -> None:
    settings.REDIS_URL = redis_url

    call_command("serve", "--port", "0", "--no-migrate", "--no-static", *asked)

    assert worker.start.called is works
    assert worker.stop.called is works
