"""Remembering what a payer's reference is for, so that the next one is proposed by itself."""

from typing import Final

from django.db import IntegrityError, transaction
from django.utils import timezone

from appeals.models import Appeal
from funds.models import Branch, User
from payments.banking.words import length_of, words_of
from payments.models import PayerRule
from payments.recording import RecordRefusedError

_SHORTEST: Final = 5


def remember_reference(
    told: str, *, appeal: Appeal, branch: Branch | None, made_by: User
) -> PayerRule:
    """Remember that money with these words in its reference is for an appeal and a branch.

    A second call with the same answers returns the first rule.

    Args:
        told: The words, as a person typed them.
        appeal: What the money is for.
        branch: Who is credited, or none.
        made_by: Who is logged in. That they are national treasurer was checked before.

    Raises:
        RecordRefusedError: The words are too few to prove anything, or stand for something else
            already. Nothing is written.
    """
    run = words_of(told)
    if length_of(run) < _SHORTEST:
        raise RecordRefusedError(
            "words", "That is too short to tell one payment from another: give more of it."
        )
    words = " ".join(run)[:140]
    try:
        with transaction.atomic():
            return PayerRule.objects.create(
                words=words, appeal=appeal, branch=branch, made_by=made_by
            )
    except IntegrityError:
        standing = PayerRule.objects.get(words=words, stopped_at__isnull=True)
    if (standing.appeal_id, standing.branch_id) != (appeal.pk, branch.pk if branch else None):
        raise RecordRefusedError(
            "words", f"These words are for {standing.appeal} already. Stop that rule first."
        )
    return standing


def stop_rule(rule: PayerRule, *, stopped_by: User) -> bool:
    """Propose by it no more; what was confirmed stays. Answers False if it was stopped before."""
    return bool(
        PayerRule.objects.filter(pk=rule.pk, stopped_at__isnull=True).update(
            stopped_by=stopped_by, stopped_at=timezone.now()
        )
    )
