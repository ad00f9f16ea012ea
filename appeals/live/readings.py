"""Reads what viewers see. Runs in the hub's one reading thread, on its own connection."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.db import close_old_connections, connection, models
from django.db.utils import Error as DatabaseLayerError

from appeals.models import Appeal, AppealAccount
from appeals.progress import Reading, read_reading


@dataclass(frozen=True, slots=True)
class Directory:
    """Which appeals may be watched, by slug, and to which appeal an account belongs."""

    appeal_of_slug: Mapping[str, int]
    appeal_of_account: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The directory, and the readings that were asked for by their appeals' ids.

    An appeal that is a draft, or is gone, has none.
    """

    directory: Directory
    readings: Mapping[int, Reading]


def read_snapshot(appeal_ids: Collection[int], directory: Directory | None) -> Snapshot:
    """Read the appeals' readings, and the directory unless a known one will do.

    Raises:
        django.db.utils.Error: The database does not answer. The connection is dropped, so that
            the next call makes a new one.
    """
    close_old_connections()
    try:
        return Snapshot(
            directory=directory or _read_directory(),
            readings={
                appeal.pk: read_reading(appeal)
                for appeal in _public_appeals().filter(pk__in=appeal_ids)
            },
        )
    except DatabaseLayerError:
        connection.close()
        raise


def close_connection() -> None:
    """Close the reading thread's connection, at the end."""
    connection.close()


def _public_appeals() -> models.QuerySet[Appeal]:
    return Appeal.objects.exclude(status=Appeal.Status.DRAFT)


def _read_directory() -> Directory:
    return Directory(
        appeal_of_slug=dict(_public_appeals().values_list("slug", "pk")),
        appeal_of_account=dict(AppealAccount.objects.values_list("account_id", "appeal_id")),
    )
