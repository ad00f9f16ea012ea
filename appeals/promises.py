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
def set_promise(
    *, appeal: Appeal, branch: Branch | None, amount: Money, kind: Promise.Kind, source_key: str
) -> None:
    """What is promised now under ``source_key``: open, to this appeal, of this amount.

    For what may change while it stands, such as a monthly sum. The same again changes nothing.
    """
    now = {"appeal": appeal, "branch": branch, "amount": amount, "kind": kind}
    promise, is_new = Promise.objects.select_for_update(of=("self",)).get_or_create(
        source_key=source_key, defaults=now
    )
    former_appeal_id = promise.appeal_id
    is_same = (promise.state, promise.appeal_id, promise.branch_id, promise.amount) == (
        *(State.OPEN, appeal.pk, branch.pk if branch else None, amount),
    )
    if not is_new and is_same:
        return
    Promise.objects.filter(pk=promise.pk).update(**now, state=State.OPEN)
    # In key order, so that two who announce the same appeals do not wait for each other.
    for appeal_id in sorted({former_appeal_id, appeal.pk}):
        announce_change(appeal_id)


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
