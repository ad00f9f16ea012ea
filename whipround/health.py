"""Whether the process is up, and whether it is ready for visitors."""

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from payments.inbox import is_stuck
from whipround.workers import read_redis_trouble


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:  # noqa: ARG001 - Django's signature
    """The process is up: 200, whatever the database does."""
    return JsonResponse({"status": "up"})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:  # noqa: ARG001 - Django's signature
    """200 when the database answers, migrations are applied and the inbox is not stuck; else 503.

    The body names each check with ``ok`` or what is wrong, and warns of what makes things late
    only: a Redis that does not answer.
    """
    checks = {"database": "ok", "migrations": "ok", "inbox": "ok"}
    try:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            checks["migrations"] = "not applied: run manage.py migrate"
        elif is_stuck():
            checks["inbox"] = "events wait too long: see /treasurer/till/"
    except DatabaseError:
        checks = {"database": "not reachable", "migrations": "unknown", "inbox": "unknown"}
    is_ready = all(state == "ok" for state in checks.values())
    return JsonResponse(
        {
            "status": "ready" if is_ready else "not ready",
            "checks": checks,
            "warnings": _read_warnings(),
        },
        status=200 if is_ready else 503,
    )


def _read_warnings() -> dict[str, str]:
    if settings.REDIS_URL and (trouble := read_redis_trouble()):
        return {"redis": f"not reachable: {trouble}"}
    return {}
