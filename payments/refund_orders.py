"""Ordering refunds: asked for by one treasurer, decided by a second where the sum is large.

Nothing here asks Stripe: ``payments.refund_sending`` does, once, for each approved order. An order
takes the lock on its donation's row before its own, as every booking about the donation does.
"""

import re
from dataclasses import dataclass, replace
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from appeals.templatetags.money import money
from funds.models import User
from funds.money import Money
from funds.organisation import read_organisation
from payments.models import CardDonation, RefundOrder
from payments.recording import RecordConflictError, RecordRefusedError
from payments.refundable import Refundable, read_refundable

Decision = RefundOrder.Decision


class OrderDecidedError(RuntimeError):
    """The order was decided, sent or finished before. Nothing is written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundFacts:
    """What a treasurer asks for. ``amount`` is in the donation's currency."""

    donation: CardDonation
    amount: Money
    reason: str
    stripe_reason: str = ""

    def as_fields(self) -> dict[str, object]:
        """The same as columns of ``RefundOrder``."""
        return {
            "donation": self.donation,
            "amount": self.amount,
            "reason": self.reason,
            "stripe_reason": self.stripe_reason,
        }


@dataclass(frozen=True, slots=True)
class OrderedRefund:
    """What ``order_refund`` did. ``is_new`` is False when it was ordered before."""

    order: RefundOrder
    is_new: bool


def needs_second_person(facts: RefundFacts) -> bool:
    """Whether this would wait for a second person, if it were ordered now.

    It does when, with what went back of this donation before, it is more than the organisation's
    limit: so parts do not slip under it.

    Raises:
        RecordRefusedError: It cannot be given back now; names the field.
    """
    refundable = read_refundable(facts.donation)
    _require_possible(facts, refundable)
    _require_no_name(facts)
    return read_organisation().needs_second_person(
        refundable.given_back + refundable.ordered + facts.amount
    )


@transaction.atomic
def order_refund(reference: UUID, facts: RefundFacts, *, asked_by: User) -> OrderedRefund:
    """Order that money be given back, once for its ``reference``.

    It goes by itself, or waits for a second person as ``needs_second_person`` says.

    Args:
        reference: Minted with the form: a second tap is the same order.
        facts: What the treasurer asks for.
        asked_by: Who is logged in. That they are national treasurer was checked before.

    Raises:
        RecordRefusedError: It cannot be given back now; names the field. Nothing is written.
        RecordConflictError: The reference is ordered with other content. Nothing is written.
    """
    # Against another order, or a refund that Stripe tells of, at the same moment.
    donation = CardDonation.objects.select_for_update().get(pk=facts.donation.pk)
    if ordered := RefundOrder.objects.filter(reference=reference).first():
        return _same_or_conflict(ordered, facts)
    waits = needs_second_person(replace(facts, donation=donation))
    order = RefundOrder.objects.create(
        reference=reference,
        asked_by=asked_by,
        needs_second_person=waits,
        decision="" if waits else Decision.APPROVED,
        **facts.as_fields(),
    )
    return OrderedRefund(order, is_new=True)


def _same_or_conflict(ordered: RefundOrder, facts: RefundFacts) -> OrderedRefund:
    asked = facts.as_fields()
    if {name: getattr(ordered, name) for name in asked} != asked:
        raise RecordConflictError(ordered)
    return OrderedRefund(ordered, is_new=False)


def _require_possible(facts: RefundFacts, refundable: Refundable) -> None:
    if refundable.obstacle:
        raise RecordRefusedError("amount", refundable.obstacle)
    currency = refundable.amount.currency
    if facts.amount.currency != currency:
        raise RecordRefusedError("amount", f"This donation was given in {currency.code}.")
    if facts.amount.amount <= 0:
        raise RecordRefusedError("amount", "Type an amount above nothing.")
    if facts.amount > refundable.left:
        taken = f": {refundable.spoken_for}" if refundable.spoken_for else ""
        raise RecordRefusedError(
            "amount",
            f"At most {money(refundable.left)} of the {money(refundable.amount)} can be given "
            f"back{taken}.",
        )


def _require_no_name(facts: RefundFacts) -> None:
    """A reason stands for years, where a donor's details may be erased on their wish.

    Raises:
        RecordRefusedError: There is no reason, or it names the donor.
    """
    if not facts.reason.strip():
        raise RecordRefusedError("reason", "Say why it is given back.")
    donor = facts.donation.donor
    name = donor.name.strip() if donor else ""
    names_them = name and re.search(rf"\b{re.escape(name)}\b", facts.reason, re.IGNORECASE)
    if "@" in facts.reason or names_them:
        raise RecordRefusedError(
            "reason", "Leave out the donor's name and e-mail address: this is kept for years."
        )


@transaction.atomic
def approve(order: RefundOrder, *, by: User) -> RefundOrder:
    """Let an order go that waits for a second person.

    Args:
        order: Any.
        by: Who is logged in. That they are national treasurer was checked before.

    Raises:
        OrderDecidedError: It was decided before. Nothing is written.
        RecordRefusedError: They asked for it themselves, or so much cannot be given back any
            more. Nothing is written.
    """
    # Against a refund told by Stripe, and another order, that may take what this one wants.
    donation = CardDonation.objects.select_for_update().get(pk=order.donation_id)
    undecided = _undecided(order)
    if undecided.asked_by_id == by.pk:
        raise RecordRefusedError("decision", "You asked for it: another must approve it.")
    refundable = read_refundable(donation, besides=undecided)
    if undecided.amount > refundable.left:
        raise RecordRefusedError(
            "decision",
            f"Since it was asked for, {refundable.spoken_for}: so only "
            f"{money(refundable.left)} is left. Decline this one, and order what is left.",
        )
    return _decide(undecided, Decision.APPROVED, by=by)


@transaction.atomic
def decline(order: RefundOrder, *, by: User, reason: str) -> RefundOrder:
    """Refuse an order that waits for a second person. Its money may be ordered again.

    Raises:
        OrderDecidedError: It was decided before. Nothing is written.
        RecordRefusedError: There is no reason, or they asked for it themselves and may withdraw
            it. Nothing is written.
    """
    undecided = _undecided(order)
    if undecided.asked_by_id == by.pk:
        raise RecordRefusedError("decision", "You asked for it: withdraw it instead.")
    if not reason.strip():
        raise RecordRefusedError("reason", "Say why it is declined.")
    return _decide(undecided, Decision.DECLINED, by=by, reason=reason.strip())


@transaction.atomic
def withdraw(order: RefundOrder, *, by: User) -> RefundOrder:
    """Take an order back that Stripe has not got: nothing was given back, and nothing will be.

    Raises:
        OrderDecidedError: It was declined or withdrawn before, Stripe has made the refund, or
            Stripe may have it. Nothing is written.
    """
    # Against the sender, that claims it at this moment.
    locked = RefundOrder.objects.select_for_update().get(pk=order.pk)
    if not is_withdrawable(locked):
        raise OrderDecidedError(f"{locked} cannot be withdrawn any more")
    return _decide(locked, Decision.WITHDRAWN, by=by)


def is_withdrawable(order: RefundOrder) -> bool:
    """True until Stripe may have it, and again once Stripe has refused it for now."""
    return (
        order.decision in {"", Decision.APPROVED}
        and order.finished_at is None
        and order.sent_at is None
    )


def _undecided(order: RefundOrder) -> RefundOrder:
    """The order, locked against another decision at the same moment."""
    locked = RefundOrder.objects.select_for_update().get(pk=order.pk)
    if locked.decision:
        raise OrderDecidedError(f"{locked} was {locked.get_decision_display().lower()} before")
    return locked


def _decide(
    order: RefundOrder, decision: RefundOrder.Decision, *, by: User, reason: str = ""
) -> RefundOrder:
    order.decision, order.decided_by, order.decided_at = decision, by, timezone.now()
    order.decision_reason = reason
    # A person looked at it just now: it need not wait for the hour at which it was last put off.
    order.next_attempt_at = order.decided_at
    order.save(
        update_fields=[
            *("decision", "decided_by", "decided_at", "decision_reason", "next_attempt_at")
        ]
    )
    return order
