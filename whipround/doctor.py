"""What an operator should know before a rally: each finding says what to do about it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.urls import reverse
from django.utils import timezone

from appeals.models import Appeal
from appeals.stage.nights import read_forgotten_nights
from funds.audit import audit_guards
from funds.models import Membership
from funds.organisation import read_organisation
from payments.chores import CHORES
from payments.inbox import count_waiting, is_stuck
from payments.monthly.homeless import read_homeless
from payments.stripe_gateway import API_VERSION
from payments.stripe_gateway.client import StripeUnavailableError
from payments.stripe_gateway.connection import (
    EndpointState,
    check_connection,
    read_endpoint,
    read_missing_rights,
)
from payments.timekeeping import read_last_begun, read_late
from whipround.workers import count_workers, read_redis_trouble

_CHORES_REST_AT_MOST: Final = timedelta(minutes=5)
_OLDEST_POSTGRESQL: Final = 15_00_00  # deferred triggers, transition tables, NULLS NOT DISTINCT
_BOOKS: Final = ("funds_journalentry", "funds_posting", "funds_balance")


class Severity(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "FAILURE"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    severity: Severity
    subject: str
    advice: str


def examine() -> Iterator[Finding]:
    """Look at everything, in the order in which one would mend it."""
    for look in _LOOKS:
        try:
            yield from look()
        except DatabaseError as error:
            yield Finding(Severity.FAILURE, "database", f"{type(error).__name__}: {error}".strip())
            return


def _look_at_database() -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int")
        (version,) = cursor.fetchone()
    if version < _OLDEST_POSTGRESQL:
        yield Finding(Severity.FAILURE, "database", "PostgreSQL 15 or later is needed")
    else:
        yield Finding(Severity.OK, "database", f"PostgreSQL {version // 10_000} answers")


def _look_at_migrations() -> Iterator[Finding]:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        advice = f"{len(missing)} not applied: run manage.py migrate"
        yield Finding(Severity.FAILURE, "migrations", advice)
    else:
        yield Finding(Severity.OK, "migrations", "all applied")


def _look_at_guards() -> Iterator[Finding]:
    missing = list(audit_guards())
    for difference in missing:
        yield Finding(Severity.FAILURE, "guards", f"{difference.subject}: {difference.detail}")
    if not missing:
        yield Finding(Severity.OK, "guards", "the database guards the books")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_class WHERE relname = ANY(%s)"
            " AND pg_has_role(current_user, relowner, 'USAGE')",
            [list(_BOOKS)],
        )
        (owned,) = cursor.fetchone()
    if owned:
        yield Finding(
            Severity.WARNING,
            "guards",
            "the site's database role owns the books' tables and could switch the guards off: in "
            "production migrate as an owner and run as a role with SELECT and INSERT on them",
        )


def _look_at_organisation() -> Iterator[Finding]:
    try:
        organisation = read_organisation()
    except ImproperlyConfigured as error:
        yield Finding(Severity.FAILURE, "organisation", str(error))
        return
    if organisation.imprint.strip():
        yield Finding(Severity.OK, "organisation", organisation.name)
    else:
        yield Finding(Severity.WARNING, "organisation", "no imprint: set it in the admin")
    if not Appeal.objects.filter(status=Appeal.Status.OPEN).exists():
        yield Finding(Severity.WARNING, "appeals", "none is open: nobody can give")
    if not Membership.objects.filter(role=Membership.Role.NATIONAL_TREASURER).exists():
        yield Finding(Severity.WARNING, "roles", "no national treasurer: give somebody the role")


def _look_at_monthly() -> Iterator[Finding]:
    for appeal in read_homeless():
        yield Finding(
            Severity.WARNING,
            "monthly",
            f"“{appeal.title}” has closed, and its monthly donations go on to it: make an open "
            f"appeal of the fund “{appeal.fund.name}”, in {appeal.currency}, its standing appeal",
        )


def _look_at_nights() -> Iterator[Finding]:
    for night in read_forgotten_nights():
        begun_at = timezone.localtime(night.begun_at)
        advice = f"the night of {night.appeal} was begun {begun_at:%d %B, %H:%M}: end it"
        yield Finding(Severity.WARNING, "nights", advice)


def _look_at_inbox() -> Iterator[Finding]:
    waiting = count_waiting()
    if is_stuck():
        advice = f"{waiting} events wait, some for more than five minutes: see /treasurer/till/"
        yield Finding(Severity.FAILURE, "inbox", advice)
    else:
        yield Finding(Severity.OK, "inbox", f"{waiting} events wait")


def _look_at_workers() -> Iterator[Finding]:
    """With Redis, who does the work; with or without, whether it was done."""
    if settings.REDIS_URL:
        if trouble := read_redis_trouble():
            advice = f"does not answer ({trouble}): chores wait, and booking is less prompt"
            yield Finding(Severity.FAILURE, "Redis", advice)
        else:
            yield Finding(Severity.OK, "Redis", "answers")
            yield _count_workers()
    begun_at = read_last_begun()
    if begun_at is None:
        advice = "none was done yet: start the server, or with Redis a worker and beat"
        yield Finding(Severity.WARNING, "chores", advice)
    elif timezone.now() - begun_at > _CHORES_REST_AT_MOST:
        since = f"{timezone.localtime(begun_at):%d %B, %H:%M}"
        advice = (
            f"none was begun since {since}: does the server run, or with Redis worker and beat?"
        )
        yield Finding(Severity.FAILURE, "chores", advice)
    else:
        yield from _look_at_late_chores()


def _count_workers() -> Finding:
    workers = count_workers()
    if workers == 0:
        advice = "no worker answers: start celery -A whipround worker"
        return Finding(Severity.FAILURE, "workers", advice)
    return Finding(Severity.OK, "workers", f"{workers} of Celery's answer")


def _look_at_late_chores() -> Iterator[Finding]:
    late = read_late(CHORES)
    for run in late:
        ever = f"since {timezone.localtime(run.done_at):%d %B, %H:%M}" if run.done_at else "ever"
        advice = f"{run.name} was not done {ever}: {run.last_error or 'it was not begun again'}"
        yield Finding(Severity.WARNING, "chores", advice)
    if not late:
        yield Finding(Severity.OK, "chores", "all are done when they are due")


def _look_at_stripe() -> Iterator[Finding]:
    mode = "live" if settings.STRIPE_LIVEMODE else "test"
    try:
        check_connection()
        missing = read_missing_rights()
        endpoint = None if "Webhook Endpoints" in missing else read_endpoint(_webhook_url())
    except StripeUnavailableError as error:
        yield Finding(Severity.FAILURE, "Stripe", f"{error}: check STRIPE_SECRET_KEY")
        return
    yield Finding(Severity.OK, "Stripe", f"answers, in {mode} mode")
    if missing:
        advice = (
            f"the key may not read {', '.join(missing)}: give it these rights in Stripe's dashboard"
        )
        yield Finding(Severity.FAILURE, "Stripe's key", advice)
    else:
        yield Finding(Severity.OK, "Stripe's key", "may read all that is asked for")
    if "Webhook Endpoints" not in missing:
        yield from _judge_endpoint(endpoint)


def _judge_endpoint(endpoint: EndpointState | None) -> Iterator[Finding]:
    subject, url = "webhook", _webhook_url()
    if endpoint is None:
        yield Finding(Severity.FAILURE, subject, f"Stripe has no endpoint {url}: add it")
    elif not endpoint.is_enabled:
        yield Finding(Severity.FAILURE, subject, f"Stripe has disabled {url}: enable it again")
    elif not endpoint.reads_as_we_do:
        advice = (
            f"the endpoint is of API version {endpoint.api_version or '(the account default)'}, "
            f"we read {API_VERSION}: add it anew with that version"
        )
        yield Finding(Severity.FAILURE, subject, advice)
    elif endpoint.missing:
        advice = f"the endpoint is not told {', '.join(endpoint.missing)}: add these events"
        yield Finding(Severity.FAILURE, subject, advice)
    else:
        yield Finding(Severity.OK, subject, f"{url} is told all that we act upon")


def _webhook_url() -> str:
    return settings.BASE_URL + reverse("payments:stripe-webhook")


def _look_at_addresses() -> Iterator[Finding]:
    if settings.BASE_URL.startswith("https://"):
        yield Finding(Severity.OK, "BASE_URL", settings.BASE_URL)
    else:
        advice = "not https: fine on this machine, never for donors"
        yield Finding(Severity.WARNING, "BASE_URL", advice)


_LOOKS: Final[tuple[Callable[[], Iterator[Finding]], ...]] = (
    _look_at_database,
    _look_at_migrations,
    _look_at_guards,
    _look_at_organisation,
    _look_at_monthly,
    _look_at_nights,
    _look_at_inbox,
    _look_at_workers,
    _look_at_stripe,
    _look_at_addresses,
)
