"""How a pledge ends without money: given up by whoever made it, or lapsed. Nothing is chased."""

from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from payments.models import Pledge, PledgeStep
from payments.pledges.window import tell_window
from payments.recording import local_today

Kind = PledgeStep.Kind

GRACE: Final = timedelta(days=28)
"""After the day by which it was asked for. What comes later counts all the same."""

_AT_ONCE: Final = 200


@transaction.atomic
def give_up(pledge: Pledge) -> None:
    """Whoever made it cannot keep it. A second time nothing happens, nor to one that is paid."""
    pledge = _lock(pledge)
    if pledge.state not in {Pledge.State.OPEN, Pledge.State.PART_PAID, Pledge.State.LAPSED}:
        return
    pledge.cancelled_at = timezone.now()
    pledge.save(update_fields=["cancelled_at"])
    _step(pledge, Kind.CANCELLED, reason="Given up by whoever made it")


@transaction.atomic
def take_up(pledge: Pledge) -> None:
    """Whoever gave it up, or let it lapse, keeps it after all."""
    pledge = _lock(pledge)
    if pledge.state not in {Pledge.State.CANCELLED, Pledge.State.LAPSED}:
        return
    pledge.cancelled_at = pledge.lapsed_at = None
    pledge.due_on = max(pledge.due_on, local_today())
    pledge.save(update_fields=["cancelled_at", "lapsed_at", "due_on"])
    _step(pledge, Kind.TAKEN_UP, reason="")


def lapse_due_pledges() -> int:
    """Let lapse what was not paid long after it was asked for; answers how many.

    What a bank has on its way does not lapse.
    """
    due = Pledge.objects.filter(
        due_on__lt=local_today() - GRACE,
        came__lt=F("amount"),
        on_its_way=0,
        struck_at=None,
        cancelled_at=None,
        lapsed_at=None,
    ).order_by("pk")
    lapsed = 0
    for pledge in due[:_AT_ONCE]:
        with transaction.atomic():
            locked = _lock(pledge)
            is_due = locked.state in {Pledge.State.OPEN, Pledge.State.PART_PAID}
            if not is_due or locked.on_its_way.amount > 0:
                continue
            locked.lapsed_at = timezone.now()
            locked.save(update_fields=["lapsed_at"])
            _step(locked, Kind.LAPSED, reason="")
            lapsed += 1
    return lapsed


def _lock(pledge: Pledge) -> Pledge:
    found = Pledge.objects.select_for_update(of=("self",)).select_related("appeal", "branch")
    return found.get(pk=pledge.pk)


def _step(pledge: Pledge, kind: PledgeStep.Kind, *, reason: str) -> None:
    PledgeStep.objects.create(kind=kind, list_id=pledge.list_id, pledge=pledge, reason=reason)
    tell_window(pledge)
