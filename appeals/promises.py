"""What is promised to an appeal and has not come. Promises are never part of what was raised."""

from django.db import transaction

from appeals.announce import announce_change
from appeals.models import Appeal, Promise
from funds.models import Branch
from funds.money import Money

Kind = Promise.Kind
State = Promise.State


@transaction.atomic
def open_promise(
    *, appeal: Appeal, branch: Branch | None, amount: Money, kind: Promise.Kind, source_key: str
) -> None:
    """Note that money is promised; one promise for each ``source_key``, however often told.

    A promise that had lapsed is open again; one that was kept stays kept.
    """
    promise, is_new = Promise.objects.select_for_update().get_or_create(
        source_key=source_key,
        defaults={"appeal": appeal, "branch": branch, "amount": amount, "kind": kind},
    )
    if is_new or promise.state == State.LAPSED:
        Promise.objects.filter(pk=promise.pk).update(state=State.OPEN)
        announce_change(appeal.pk)


@transaction.atomic
def keep_promise(source_key: str) -> None:
    """The money came: it is promised no more. Nothing happens when nothing was promised."""
    _end(source_key, State.KEPT)


@transaction.atomic
def let_promise_lapse(source_key: str) -> None:
    """It is certain that the money will not come. A kept promise stays kept."""
    _end(source_key, State.LAPSED)


def _end(source_key: str, state: Promise.State) -> None:
    promise = (
        Promise.objects.select_for_update().filter(source_key=source_key, state=State.OPEN).first()
    )
    if promise is not None:
        Promise.objects.filter(pk=promise.pk).update(state=state)
        announce_change(promise.appeal_id)
