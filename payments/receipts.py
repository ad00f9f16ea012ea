"""What a donor's receipt says, read from the books: for the letter, and for the page to print."""

from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.urls import reverse

from donors.models import Donor
from funds.models import Organisation
from funds.money import Money, zero
from funds.organisation import read_organisation
from payments.models import CardDisputeMovement, CardDonation
from payments.monthly.link import monthly_link

_SIGNER: Final = Signer(salt="payments.receipts")


class NoReceiptError(Exception):
    """The link is not one of ours, or its donation has not come."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """A donation that came, as its donor is told of it. Holds personal data: the donor's own.

    ``received_on`` is the organisation's local date. ``refunded`` went back and stayed back;
    ``disputed`` the donor's bank took and has.
    ``name`` and ``email`` are empty where the donor gave none, or was erased. ``shown_name`` is
    the name in the form that may be shown, if it may. ``number`` names it to the treasurer.
    ``is_again`` says that the donor had paid the same donation before, most likely by mistake.
    ``monthly_url`` is, for a month, where its donor changes or stops it: for their letters alone.
    """

    organisation: Organisation
    number: str
    appeal: str
    branch: str
    amount: Money
    refunded: Money
    disputed: Money
    received_on: date
    name: str
    email: str
    shown_name: str
    url: str
    monthly_url: str
    is_again: bool

    @property
    def kept(self) -> Money:
        """What the appeal has of it now; a bank may take back what was paid back before."""
        return max(self.amount - self.refunded - self.disputed, self.amount * 0)


def receipt_url(donation: CardDonation) -> str:
    """The signed address of a donation's receipt, absolute. Whoever has it may read the receipt."""
    token = _SIGNER.sign(donation.reference.hex)
    return settings.BASE_URL + reverse("payments:receipt", args=[token])


def read_receipt_behind(token: str) -> Receipt:
    """The receipt that a link leads to.

    Raises:
        NoReceiptError: The link was not made by us, or the donation has not come.
    """
    try:
        reference = UUID(_SIGNER.unsign(token))
    except (BadSignature, ValueError):
        raise NoReceiptError from None
    donation = (
        CardDonation.objects.select_related(
            *("appeal", "branch", "received_entry"),
            *("donor", "monthly__donor", "again_of__donor"),
        )
        .filter(reference=reference, received_entry__isnull=False)
        .first()
    )
    if donation is None:
        raise NoReceiptError
    return read_receipt(donation)


def read_receipt(donation: CardDonation) -> Receipt:
    """The receipt of a donation whose money came."""
    assert donation.received_entry is not None
    donor = donation.giver or Donor()
    refunded = sum(
        (refund.amount for refund in donation.refunds.filter(entry__reversed_by__isnull=True)),
        zero(donation.amount.currency.code),
    )
    movements = CardDisputeMovement.objects.filter(dispute__donation=donation)
    disputed = sum((movement.taken for movement in movements), zero(donation.amount.currency.code))
    return Receipt(
        organisation=read_organisation(),
        number=donation.reference.hex[:8].upper(),
        appeal=donation.appeal.title,
        branch=donation.branch.name if donation.branch else "",
        amount=donation.amount,
        refunded=refunded,
        disputed=disputed,
        received_on=donation.received_entry.occurred_on,
        name=donor.name,
        email=donor.email,
        shown_name=donor.shown_name,
        url=receipt_url(donation),
        monthly_url=monthly_link(donation.monthly) if donation.monthly else "",
        is_again=donation.again_of_id is not None,
    )
