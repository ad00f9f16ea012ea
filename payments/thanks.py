"""What became of a card donation, read from the books: for the page that thanks the donor."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse
from django.utils import timezone

from appeals.models import Appeal
from funds.models import Branch
from funds.money import Money, zero
from payments.models import CardDonation

# After how many looks a waiting page waits how many seconds. Counted from when the donor came back,
# not from the form: whoever took long to find their card hears as soon as others.
_LOOKS: Final = ((1, 1), (30, 2), (80, 10))
_AT_LAST_SECONDS: Final = 60


class State(StrEnum):
    """How a donation stands, for its donor."""

    PAID = "paid"
    REFUNDED = "refunded"
    PROCESSING = "processing"
    PENDING = "pending"
    FAILED = "failed"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Thanks:
    """A donation as its donor sees it. No personal data.

    ``refunded`` is what went back and stayed back, ``kept`` is the rest. ``look_again_seconds``
    is when a page that waits for news should ask again; 0 for never. ``looked`` is how often it
    asked before.
    """

    appeal: Appeal
    branch: Branch | None
    amount: Money
    refunded: Money
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
        return self.amount - self.refunded


def read_thanks(*, appeal_slug: str, reference: UUID, looked: int) -> Thanks:
    """How a donation to an appeal stands, for a page that has asked ``looked`` times before.

    Raises:
        CardDonation.DoesNotExist: The appeal has no donation of this reference.
    """
    donation = CardDonation.objects.select_related("appeal", "branch").get(
        reference=reference, appeal__slug=appeal_slug
    )
    refunded = sum(
        (refund.amount for refund in donation.refunds.filter(entry__reversed_by__isnull=True)),
        zero(donation.amount.currency.code),
    )
    state = _state(donation, refunded)
    return Thanks(
        appeal=donation.appeal,
        branch=donation.branch,
        amount=donation.amount,
        refunded=refunded,
        state=state,
        look_again_seconds=look_again_seconds(looked) if state is State.PENDING else 0,
        looked=looked,
    )


def _state(donation: CardDonation, refunded: Money) -> State:
    if donation.received_entry_id is not None:
        return State.REFUNDED if refunded >= donation.amount else State.PAID
    if donation.processing_at is not None:
        return State.PROCESSING
    if donation.failed_at is not None:
        return State.FAILED
    expires_at = donation.checkout_expires_at
    if donation.checkout_ended_at is not None or (expires_at and expires_at <= timezone.now()):
        return State.EXPIRED
    return State.PENDING


def look_again_seconds(looked: int) -> int:
    """Soon at first, since Stripe's word comes within a second or two; then less and less."""
    return next((seconds for looks, seconds in _LOOKS if looked < looks), _AT_LAST_SECONDS)
