"""Deciding what is read out: the one writer of its steps and of the rule about them."""

from uuid import UUID

from django.db import transaction

from appeals.models import Appeal
from funds.models import User
from payments.models import CardDonation, Pledge, ReadOutRule, ReadOutStep
from payments.readout.queue import read_rule
from payments.readout.standing import Decision, standing_of


class NoItemError(Exception):
    """No donation that came to this appeal, and no pledge, has that reference."""


class StaleDecisionError(Exception):
    """Somebody decided about it since the page was made. Nothing was written: look again."""


@transaction.atomic
def decide(
    appeal: Appeal,
    item: UUID,
    decision: ReadOutStep.Decision,
    *,
    key: UUID,
    seen: int,
    by: User,
) -> None:
    """Write one decision down. The same ``key`` again changes nothing.

    Args:
        appeal: Whose evening.
        item: The donation's reference, or the pledge's.
        decision: What was decided. Reading out is a fact and is kept whatever was decided before.
        key: Made for this one decision, by the page.
        seen: The key of the step that counted last when the page was made; an undo takes back that
            one and no other.
        by: Who decides.

    Raises:
        NoItemError: There is no such thing that came.
        StaleDecisionError: An undo of what is not the last any more.
    """
    thing = _find(appeal, item)
    if ReadOutStep.objects.filter(key=key).exists():
        return
    undoes = None
    if decision == Decision.UNDO:
        standing = standing_of(thing.read_out_steps.order_by("pk"), needs_two=False)
        undoes = standing.last
        if undoes is None or undoes.pk != seen:
            raise StaleDecisionError
    ReadOutStep.objects.create(
        appeal=appeal,
        donation=thing if isinstance(thing, CardDonation) else None,
        pledge=thing if isinstance(thing, Pledge) else None,
        key=key,
        decision=decision,
        undoes=undoes,
        by=by,
    )


def _find(appeal: Appeal, item: UUID) -> CardDonation | Pledge:
    # Against another screener, so that an undo takes back what its page showed.
    donations = CardDonation.objects.select_for_update(of=("self",))
    pledges = Pledge.objects.select_for_update(of=("self",))
    thing = (
        donations.filter(appeal=appeal, reference=item, received_entry__isnull=False).first()
        or pledges.filter(appeal=appeal, reference=item).first()
    )
    if thing is None:
        raise NoItemError
    return thing


@transaction.atomic
def set_rule(appeal: Appeal, *, needs_two: bool, by: User) -> None:
    """Say how many people must let a thing through from now on; nothing where it is so already."""
    # Against somebody else who sets it: each row changes what the one before it said.
    appeal = Appeal.objects.select_for_update().get(pk=appeal.pk)
    rule = read_rule(appeal)
    if needs_two != (rule is not None and rule.needs_two):
        ReadOutRule.objects.create(appeal=appeal, needs_two=needs_two, by=by)
