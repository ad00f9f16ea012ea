import io
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import DatabaseError
from django.utils import timezone
from pytest_django import Settings

from appeals.models import Appeal
from funds.models import Membership
from payments.chores import CHORES
from payments.models import ChoreOutcome, WebhookEvent
from payments.stripe_gateway import API_VERSION
from payments.stripe_gateway.client import StripeUnavailableError
from payments.stripe_gateway.connection import EndpointState
from tests.factories import make_appeal, make_organisation, make_user
from tests.funds.books import execute
from tests.payments.test_audit import keep_event, paid_intent
from whipround import doctor
from whipround.doctor import Severity

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _stripe_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("whipround.doctor.check_connection", lambda: None)
    monkeypatch.setattr("whipround.doctor.read_missing_rights", list)
    sound = EndpointState(is_enabled=True, api_version=API_VERSION, missing=())
    monkeypatch.setattr("whipround.doctor.read_endpoint", lambda _: sound)


def advice(*severities: Severity) -> list[str]:
    return [
        f"{finding.subject}: {finding.advice}"
        for finding in doctor.examine()
        if finding.severity in severities
    ]


def test_a_sound_installation_has_no_failure() -> None:
    make_appeal()
    make_user(role=Membership.Role.NATIONAL_TREASURER)

    assert advice(Severity.FAILURE) == []
    assert "Stripe: answers, in test mode" in advice(Severity.OK)


def test_owning_the_books_and_plain_http_are_warned_of() -> None:
    make_appeal()

    warnings = advice(Severity.WARNING)
    assert any("owns the books' tables" in warning for warning in warnings)
    assert any(warning.startswith("BASE_URL: not https") for warning in warnings)
    assert any(warning.startswith("roles: no national treasurer") for warning in warnings)


def test_a_missing_organisation_is_a_failure() -> None:
    assert any("/admin/" in failure for failure in advice(Severity.FAILURE))


def test_a_missing_imprint_and_no_open_appeal_are_warned_of() -> None:
    make_appeal(status=Appeal.Status.CLOSED)
    make_organisation(imprint="")

    warnings = advice(Severity.WARNING)
    assert "organisation: no imprint: set it in the admin" in warnings
    assert "appeals: none is open: nobody can give" in warnings


def test_a_dropped_guard_is_a_failure() -> None:
    make_appeal()
    execute("DROP TRIGGER posting_keeps_balances ON funds_posting")

    (failure,) = advice(Severity.FAILURE)
    assert failure.startswith("guards: posting_keeps_balances")


def test_a_stuck_inbox_is_a_failure() -> None:
    make_appeal()
    keep_event("payment_intent.succeeded", paid_intent(), processed_at=None, outcome="")
    execute("UPDATE payments_webhookevent SET received_at = now() - interval '6 minutes'")

    (failure,) = advice(Severity.FAILURE)
    assert failure.startswith("inbox: 1 events wait")
    assert WebhookEvent.objects.count() == 1


def test_missing_migrations_and_an_old_server_are_failures(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_appeal()
    execute("DELETE FROM django_migrations WHERE app = 'donors'")
    monkeypatch.setattr("whipround.doctor._OLDEST_POSTGRESQL", 99_00_00)

    failures = advice(Severity.FAILURE)
    assert "database: PostgreSQL 15 or later is needed" in failures
    assert any("run manage.py migrate" in failure for failure in failures)


def test_work_that_is_done_when_it_is_due_is_sound() -> None:
    make_appeal()
    assert "chores: none was done yet" in " ".join(advice(Severity.WARNING))
    for chore in CHORES:
        ChoreOutcome.objects.create(
            name=chore.name, began_at=timezone.now(), done_at=timezone.now()
        )

    assert "chores: all are done when they are due" in advice(Severity.OK)


def test_work_that_fails_is_warned_of() -> None:
    make_appeal()
    ChoreOutcome.objects.create(
        name="balance", began_at=timezone.now(), last_error="StripeUnavailableError: no answer"
    )

    warnings = advice(Severity.WARNING)
    assert "chores: balance was not done ever: StripeUnavailableError: no answer" in warnings


def test_work_that_nobody_begins_is_a_failure() -> None:
    make_appeal()
    long_ago = timezone.now() - timedelta(minutes=10)
    ChoreOutcome.objects.create(name="balance", began_at=long_ago, done_at=long_ago)

    (failure,) = advice(Severity.FAILURE)
    assert failure.startswith("chores: none was begun since")


def test_a_dead_redis_is_a_failure(settings: Settings) -> None:
    make_appeal()
    settings.REDIS_URL = "redis://127.0.0.1:9"

    (failure,) = advice(Severity.FAILURE)
    assert failure.startswith("Redis: does not answer (ConnectionError")


@pytest.mark.parametrize(("workers", "severity"), [(0, Severity.FAILURE), (2, Severity.OK)])
def test_redis_without_a_worker_is_a_failure(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, workers: int, severity: Severity
) -> None:
    make_appeal()
    settings.REDIS_URL = "redis://127.0.0.1:9"
    monkeypatch.setattr("whipround.doctor.read_redis_trouble", lambda: "")
    monkeypatch.setattr("whipround.doctor.count_workers", lambda: workers)

    assert any(line.startswith("workers: ") for line in advice(severity))


def refuse_with(error: Exception) -> Callable[[], None]:
    def refuse() -> None:
        raise error

    return refuse


def test_an_unreachable_stripe_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    make_appeal()
    error = StripeUnavailableError("AuthenticationError: 401", was_answered=True)
    monkeypatch.setattr("whipround.doctor.check_connection", refuse_with(error))

    assert advice(Severity.FAILURE) == ["Stripe: AuthenticationError: 401: check STRIPE_SECRET_KEY"]


@pytest.mark.parametrize(
    ("endpoint", "said"),
    [
        (None, "Stripe has no endpoint http://testserver/stripe/webhook/: add it"),
        (EndpointState(is_enabled=False, api_version=API_VERSION, missing=()), "has disabled"),
        (EndpointState(is_enabled=True, api_version="2011-01-01", missing=()), "we read"),
        (EndpointState(is_enabled=True, api_version="", missing=()), "the account default"),
        (
            EndpointState(is_enabled=True, api_version=API_VERSION, missing=("refund.failed",)),
            "is not told refund.failed: add",
        ),
    ],
)
def test_an_endpoint_that_would_miss_money_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, endpoint: EndpointState | None, said: str
) -> None:
    """WeVote's was disabled after days of failures, and nobody was told."""
    make_appeal()
    monkeypatch.setattr("whipround.doctor.read_endpoint", lambda _: endpoint)

    (failure,) = advice(Severity.FAILURE)
    assert failure.startswith("webhook: ")
    assert said in failure


def test_a_key_without_a_right_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    make_appeal()
    monkeypatch.setattr("whipround.doctor.read_missing_rights", lambda: ["Payouts", "Events"])

    (failure,) = advice(Severity.FAILURE)
    assert failure.startswith("Stripe's key: the key may not read Payouts, Events")


def test_a_key_that_may_not_read_endpoints_is_told_so_and_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_appeal()
    monkeypatch.setattr("whipround.doctor.read_missing_rights", lambda: ["Webhook Endpoints"])

    assert len(advice(Severity.FAILURE)) == 1


def test_a_lost_database_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = (refuse_with(DatabaseError("gone")), *doctor._LOOKS)  # noqa: SLF001
    monkeypatch.setattr("whipround.doctor._LOOKS", looks)

    assert [finding.advice for finding in doctor.examine()] == ["DatabaseError: gone"]


def test_the_command_prints_and_exits_1_on_a_failure() -> None:
    out = io.StringIO()

    with pytest.raises(SystemExit, match="1"):
        call_command("doctor", stdout=out)

    assert "FAILURE  organisation" in out.getvalue()


@pytest.mark.parametrize(("files", "is_short"), [(1024, True), (65_536, False)])
def test_too_few_open_files_for_the_streams_are_warned_of(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, files: int, *, is_short: bool
) -> None:
    settings.MAX_STREAMS = 10_000
    monkeypatch.setattr("whipround.doctor.read_file_limit", lambda: files)

    if is_short:
        (warning,) = [one for one in advice(Severity.WARNING) if one.startswith("streams")]
        assert "may open 1,024 files, so that it holds 768 live streams and not" in warning
    else:
        assert "streams: a process may hold 10,000 open" in advice(Severity.OK)
