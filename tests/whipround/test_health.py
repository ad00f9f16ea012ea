from datetime import timedelta

import pytest
from django.db import DatabaseError, connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from payments.models import WebhookEvent

pytestmark = pytest.mark.django_db


def keep_event(*, waited: timedelta) -> None:
    WebhookEvent.objects.create(
        stripe_id="evt_1",
        type="charge.updated",
        api_version="2026-08-26.dahlia",
        object_id="ch_1",
        created_at=timezone.now(),
        livemode=False,
        body="{}",
        received_at=timezone.now() - waited,
    )


def test_the_process_is_up(client: Client) -> None:
    assert client.get("/healthz").json() == {"status": "up"}


def test_a_sound_site_is_ready(client: Client) -> None:
    keep_event(waited=timedelta(minutes=1))

    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json()["checks"] == {"database": "ok", "migrations": "ok", "inbox": "ok"}


def test_a_stuck_inbox_is_not_ready(client: Client) -> None:
    keep_event(waited=timedelta(minutes=6))

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert "wait too long" in answer.json()["checks"]["inbox"]


def test_a_missing_migration_is_not_ready(client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'donors'")

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert "run manage.py migrate" in answer.json()["checks"]["migrations"]


def test_a_lost_database_is_not_ready_and_the_process_stays_up(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object) -> None:
        raise DatabaseError("gone")

    monkeypatch.setattr("whipround.health.MigrationExecutor", refuse)

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["checks"]["database"] == "not reachable"
    assert client.get("/healthz").status_code == 200


def test_a_dead_redis_is_warned_of_and_the_site_is_ready(
    client: Client, settings: Settings
) -> None:
    """Things are late then, and never lost."""
    assert client.get("/readyz").json()["warnings"] == {}
    settings.REDIS_URL = "redis://127.0.0.1:9"

    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json()["warnings"]["redis"].startswith("not reachable: ConnectionError")
