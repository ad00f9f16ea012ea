"""Reads what viewers see. Runs in the hub's one reading thread, on its own connection."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from django.db import close_old_connections, connection, models
from django.db.utils import Error as DatabaseLayerError

from appeals.models import Appeal, AppealAccount
from appeals.progress import Reading, read_reading
from appeals.stage.hall import HallReading, read_hall


class Kind(StrEnum):
    """What of an appeal is watched: what is true, or what its hall sees."""

    PUBLIC = "public"
    HALL = "hall"


class TopicKey(NamedTuple):
    """Names what is watched."""

    kind: Kind
    appeal_id: int


_READERS: Final[Mapping[Kind, Callable[[Appeal], Reading | HallReading]]] = {
    Kind.PUBLIC: read_reading,
    Kind.HALL: read_hall,
}


@dataclass(frozen=True, slots=True)
class Directory:
    """Which appeals may be watched, by slug, and to which appeal an account belongs."""

    appeal_of_slug: Mapping[str, int]
    appeal_of_account: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The directory, and the readings that were asked for.

    An appeal that is a draft, or is gone, has none. ``failures`` are those that could not be made
    of what the database holds: they keep no other from being read.
    """

    directory: Directory
    readings: Mapping[TopicKey, Reading | HallReading]
    failures: Mapping[TopicKey, Exception] = field(default_factory=dict)


def read_snapshot(wanted: Collection[TopicKey], directory: Directory | None) -> Snapshot:
    """Read what is wanted, and the directory unless a known one will do.

    Raises:
        django.db.utils.Error: The database does not answer. The connection is dropped, so that
            the next call makes a new one.
    """
    close_old_connections()
    try:
        directory = directory or _read_directory()
        kinds: defaultdict[int, list[Kind]] = defaultdict(list)
        for kind, appeal_id in wanted:
            kinds[appeal_id].append(kind)
        readings: dict[TopicKey, Reading | HallReading] = {}
        failures: dict[TopicKey, Exception] = {}
        for appeal in _public_appeals().filter(pk__in=kinds):
            for kind in kinds[appeal.pk]:
                key = TopicKey(kind, appeal.pk)
                try:
                    readings[key] = _READERS[kind](appeal)
                except DatabaseLayerError:
                    raise
                except Exception as error:  # noqa: BLE001 - told by the hub, and tried again
                    failures[key] = error
        return Snapshot(directory, readings, failures)
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
