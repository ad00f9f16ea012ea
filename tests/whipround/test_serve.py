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


def test_live_only_serves_the_streams_and_nothing_else(
    worker: mock.Mock, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands = mock.Mock()
    monkeypatch.setattr(serve, "call_command", commands)
    monkeypatch.setattr(serve, "collect_changed_files", commands)
    # It asks for all the open files that it may have: not for the other tests too.
    monkeypatch.setattr("whipround.server.room_for_streams", lambda most: most)

    call_command("serve", "--live-only", "--port", "0")

    from whipround.live_only import application  # noqa: PLC0415 - loaded by the command

    (served,) = serve.SiteServer.call_args.args  # type: ignore[attr-defined]  # a mock
    assert served is application
    assert not worker.start.called
    assert not commands.called
