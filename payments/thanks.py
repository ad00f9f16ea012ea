"""What became of a card donation, read from the books: for the page that thanks the donor."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse
from django.utils import timezone

from appeals.models import Appeal
from funds.models import Branch
from funds.money import Money, zero
from payments.models import CardDisputeMovement, CardDonation, CardRefund

# After how many looks a waiting page waits how many seconds. Counted from when the donor came back,
# not from the form: whoever took long to find their card hears as soon as others.
_LOOKS: Final = ((1, 1), (30, 2), (80, 10))
_AT_LAST_SECONDS: Final = 60


class State(StrEnum):
    """How a donation stands, for its donor."""

    PAID = "paid"
    REFUNDED = "refunded"
    DISPUTED = "disputed"
    LOST = "lost"
    PROCESSING = "processing"
    PENDING = "pending"
    FAILED = "failed"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Thanks:
    """A donation as its donor sees it. No personal data.

    ``amount`` is what the donor agreed to; ``received`` is what came, which is more when it was
    paid twice; ``is_meant``, whether that was meant. ``refunded`` is what went back and stayed
    back, ``disputed`` what the donor's bank took and has; ``is_dispute_open``, whether it may
    still bring that back. ``look_again_seconds`` is when a page that waits for news should ask
    again; 0 for never. ``looked`` is how often it asked before.
    """

    appeal: Appeal
    branch: Branch | None
    amount: Money
    received: Money
    is_meant: bool
    refunded: Money
    disputed: Money
    is_dispute_open: bool
    state: State
    look_again_seconds: int
    looked: int

    @property
    def give_again_url(self) -> str:
        """The give form with the same amount and branch."""
        query = {"amount": str(self.amount.amount)}
        if self.branch:
            query["branch"] = self.branch.slug
        return f"{reverse('payments:give', args=[self.appeal.slug])}?{urlencode(query)}"

    @property
    def look_again_url(self) -> str:
        """Where a page that waits asks next: its own address, with how often it has asked."""
        return f"?{urlencode({'looked': self.looked + 1})}"

    @property
    def kept(self) -> Money:
        """What the appeal has of it now."""
        return self.received - self.refunded - self.disputed

    @property
    def was_paid_twice(self) -> bool:
        """Whether more came than the donor agreed to."""
        return bool(self.received > self.amount)

    @property
    def has_too_much(self) -> bool:
        """Whether the appeal still has more of it than the donor agreed to, and meant."""
        return bool(self.kept > self.amount) and not self.is_meant


class _Came(NamedTuple):
    """What the books hold of a donation, all its payments together."""

    received: Money
    is_meant: bool
    refunded: Money
    disputed: Money
    is_dispute_open: bool


def read_thanks(*, appeal_slug: str, reference: UUID, looked: int) -> Thanks:
    """How a donation to an appeal stands, for a page that has asked ``looked`` times before.

    Raises:
        CardDonation.DoesNotExist: The appeal has no donation of this reference.
    """
    donation = CardDonation.objects.select_related("appeal", "branch").get(
        reference=reference, appeal__slug=appeal_slug
    )
    came = _came(donation)
    state = _state(donation, came)
    return Thanks(
        appeal=donation.appeal,
        branch=donation.branch,
        amount=donation.amount,
        received=came.received,
        is_meant=came.is_meant,
        refunded=came.refunded,
        disputed=came.disputed,
        is_dispute_open=came.is_dispute_open,
        state=state,
        look_again_seconds=_look_again_seconds(looked) if state is State.PENDING else 0,
        looked=looked,
    )


def _came(donation: CardDonation) -> _Came:
    """No question to the database while nothing has come: then this page is asked for most."""
    nothing = zero(donation.amount.currency.code)
    if donation.received_entry_id is None:
        return _Came(nothing, False, nothing, nothing, False)  # noqa: FBT003 - nothing at all
    again = list(donation.again.all())
    payments = [donation, *again]
    refunds = CardRefund.objects.filter(donation__in=payments, entry__reversed_by__isnull=True)
    movements = CardDisputeMovement.objects.filter(dispute__donation__in=payments)
    disputes = list(movements.select_related("dispute"))
    return _Came(
        received=sum((payment.amount for payment in payments), nothing),
        is_meant=bool(again) and all(payment.meant_at is not None for payment in again),
        refunded=sum((refund.amount for refund in refunds), nothing),
        disputed=sum((movement.taken for movement in disputes), nothing),
        is_dispute_open=any(movement.dispute.is_open for movement in disputes),
    )


def _state(donation: CardDonation, came: _Came) -> State:
    if came.received:
        return _state_of_what_came(came)
    if donation.processing_at is not None:
        return State.PROCESSING
    if donation.failed_at is not None:
        return State.FAILED
    expires_at = donation.checkout_expires_at
    if donation.checkout_ended_at is not None or (expires_at and expires_at <= timezone.now()):
        return State.EXPIRED
    return State.PENDING


def _state_of_what_came(came: _Came) -> State:
    """Something of it is there; or else the last to take it back says how it stands."""
    if came.received > came.refunded + came.disputed:
        return State.PAID
    if not came.disputed:
        return State.REFUNDED
    return State.DISPUTED if came.is_dispute_open else State.LOST


def _look_again_seconds(looked: int) -> int:
    """Soon at first, since Stripe's word comes within a second or two; then less and less."""
    return next((seconds for looks, seconds in _LOOKS if looked < looks), _AT_LAST_SECONDS)
