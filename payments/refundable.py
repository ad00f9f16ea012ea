"""How much of a card donation can still be given back, and why not more."""

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from appeals.templatetags.money import money
from funds.money import Money, zero
from payments.models import CardDispute, CardDonation, CardRefund, RefundOrder

Status = CardDispute.Status


@dataclass(frozen=True, slots=True)
class Refundable:
    """A donation, what went back of it and stayed back, and what is ordered to go back.

    All in the donation's currency. ``disputed`` is what the donor's bank took and has. ``left`` is
    what may be ordered now.
    """

    amount: Money
    given_back: Money
    ordered: Money
    disputed: Money
    obstacle: str
    """Why nothing may be ordered at all, in words; empty when something may."""

    @property
    def left(self) -> Money:
        """Never below nothing, whatever was given back at Stripe itself."""
        left = self.amount - self.given_back - self.ordered - self.disputed
        return max(left, zero(self.amount.currency.code))

    @property
    def spoken_for(self) -> str:
        """Where the rest of the donation is, in words; empty when all of it is here."""
        parts = []
        if self.given_back:
            parts.append(f"{money(self.given_back)} was given back")
        if self.ordered:
            parts.append(f"{money(self.ordered)} is ordered to be")
        if self.disputed:
            parts.append(f"{money(self.disputed)} was taken by the donor's bank")
        return " and ".join(parts)


def open_orders() -> QuerySet[RefundOrder]:
    """Orders that wait for a second person or for Stripe: their money is spoken for."""
    return RefundOrder.objects.filter(
        Q(decision="") | Q(decision=RefundOrder.Decision.APPROVED), finished_at__isnull=True
    )


def standing_refunds() -> QuerySet[CardRefund]:
    """Refunds whose money went and did not come back, whoever made them."""
    return CardRefund.objects.filter(entry__reversed_by__isnull=True)


def read_refundable(donation: CardDonation, *, besides: RefundOrder | None = None) -> Refundable:
    """What may still be ordered of a donation; three queries, and one more for a disputed one.

    To decide upon it, hold the lock on the donation's row: every order and every refund takes it.

    Args:
        donation: Any.
        besides: An order that is not to be counted: the one that is being decided.
    """
    currency = donation.amount.currency.code
    refunds = list(donation.refunds.select_related("entry__reversed_by"))
    given_back = sum(
        (refund.amount for refund in refunds if not hasattr(refund.entry, "reversed_by")),
        zero(currency),
    )
    known = {refund.stripe_id for refund in refunds}
    ordered = sum(
        (
            order.amount
            for order in open_orders().filter(donation=donation)
            # One that Stripe told of before we marked it is counted once, as a refund.
            if order.stripe_refund_id not in known and order != besides
        ),
        zero(currency),
    )
    disputes = list(donation.disputes.prefetch_related("movements"))
    taken = (movement.taken for dispute in disputes for movement in dispute.movements.all())
    return Refundable(
        amount=donation.amount,
        given_back=given_back,
        ordered=ordered,
        disputed=sum(taken, zero(currency)),
        obstacle=_obstacle_of_disputes(disputes) or _obstacle(donation, given_back, ordered),
    )


def _obstacle_of_disputes(disputes: list[CardDispute]) -> str:
    """Stripe gives nothing back of what a bank has disputed; of what it only asks about, it does.

    Source: docs.stripe.com/api/disputes/object, ``is_charge_refundable``.
    """
    standing = {dispute.status for dispute in disputes if not dispute.is_inquiry}
    if standing & {Status.NEEDS_RESPONSE, Status.UNDER_REVIEW}:
        return (
            "The donor's bank disputes this payment and is deciding: until then Stripe gives "
            "nothing back of it. To give in, accept the dispute in Stripe's dashboard."
        )
    if Status.LOST in standing:
        return "The donor's bank took this payment back: there is nothing more to give back."
    return ""


def _obstacle(donation: CardDonation, given_back: Money, ordered: Money) -> str:
    if donation.received_entry_id is None or donation.payment_intent_id is None:
        if donation.processing_at is not None:
            return (
                "This money is promised and has not come yet: the donor's bank takes some days. "
                "Once it has come, it can be given back here."
            )
        return "No money came of this donation, so there is none to give back."
    if given_back >= donation.amount:
        return "All of it was given back already."
    if given_back + ordered >= donation.amount:
        return "All that is left of it is ordered to be given back already."
    return ""
