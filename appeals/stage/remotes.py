"""Remotes: made by who may direct, given away as a link or a code, and ended."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from appeals.models import Appeal, StageRemote
from funds.access import Access
from funds.codes import code_digest, derive_code, derive_token, token_digest
from funds.models import User

REMOTE_LASTS: Final = timedelta(hours=16)
"""From setting up in the afternoon until the hall is swept."""

_USE_NOTED_EVERY: Final = timedelta(minutes=1)
_MOST_OPEN: Final = 20
_MOST_LISTED: Final = 50
_PURPOSE: Final = "appeals.stage.remotes"


class RemoteEndedError(Exception):
    """No remote is open under this link, code or cookie now."""


class TooManyRemotesError(Exception):
    """So many are open that nobody knows who holds them: revoke some first."""


def may_direct(access: Access) -> bool:
    """Whether a log-in may direct halls, make remotes, and begin and end a night."""
    return access.is_chair or access.is_operator or access.is_national_treasurer


@transaction.atomic
def make_remote(appeal: Appeal, *, label: str, made_by: User) -> StageRemote:
    """Make a remote for one evening. ``label`` says whose phone it is for.

    Raises:
        TooManyRemotesError: ``_MOST_OPEN`` are open.
    """
    Appeal.objects.select_for_update(of=("self",), no_key=True).get(pk=appeal.pk)
    if open_remotes(appeal).count() >= _MOST_OPEN:
        raise TooManyRemotesError
    remote = StageRemote(
        appeal=appeal, label=label, made_by=made_by, expires_at=timezone.now() + REMOTE_LASTS
    )
    remote.code_digest = code_digest(remote_code(remote))
    remote.token_digest = token_digest(remote_token(remote))
    remote.save()
    return remote


def remote_code(remote: StageRemote) -> str:
    """What is typed at ``/stage/``, as it is read out."""
    return derive_code(f"{_PURPOSE}.code", remote.reference)


def remote_token(remote: StageRemote) -> str:
    """What its link ends in."""
    return derive_token(f"{_PURPOSE}.token", remote.reference)


def open_remotes(appeal: Appeal | None = None) -> QuerySet[StageRemote]:
    """Those that let their bearer in now."""
    found = StageRemote.objects.select_related("appeal").filter(
        revoked_at__isnull=True, expires_at__gt=timezone.now()
    )
    return found if appeal is None else found.filter(appeal=appeal)


def recent_remotes(appeal: Appeal) -> list[StageRemote]:
    """Those that are open, and those that ended lately, newest first."""
    since = timezone.now() - REMOTE_LASTS
    found = StageRemote.objects.select_related("made_by").filter(
        appeal=appeal, expires_at__gt=since
    )
    return list(found.order_by("-made_at", "-pk")[:_MOST_LISTED])


def is_open(remote: StageRemote) -> bool:
    """Whether it lets its bearer in at this very moment, as the database knows it."""
    return open_remotes().filter(pk=remote.pk).exists()


def find_by_code(code: str) -> StageRemote:
    """The open remote that has this code, however typed.

    Raises:
        RemoteEndedError: There is none.
    """
    return _one(open_remotes().filter(code_digest=code_digest(code)))


def find_by_token(token: str) -> StageRemote:
    """The open remote that has this link.

    Raises:
        RemoteEndedError: There is none.
    """
    return _one(open_remotes().filter(token_digest=token_digest(token)))


def find_by_reference(reference: UUID, appeal: Appeal) -> StageRemote:
    """The open remote of an appeal that a phone holds.

    Raises:
        RemoteEndedError: It is revoked, over, or another appeal's.
    """
    return _one(open_remotes(appeal).filter(reference=reference))


def note_use(remote: StageRemote) -> None:
    """Keep when it was used last, to the minute: a phone asks often."""
    now = timezone.now()
    StageRemote.objects.filter(
        Q(last_used_at__isnull=True) | Q(last_used_at__lt=now - _USE_NOTED_EVERY), pk=remote.pk
    ).update(last_used_at=now)


def revoke(remotes: Iterable[StageRemote]) -> None:
    """End remotes at once; a second call changes nothing."""
    StageRemote.objects.filter(
        pk__in=[remote.pk for remote in remotes], revoked_at__isnull=True
    ).update(revoked_at=timezone.now())


def _one(found: QuerySet[StageRemote]) -> StageRemote:
    remote = found.first()
    if remote is None:
        raise RemoteEndedError
    return remote
