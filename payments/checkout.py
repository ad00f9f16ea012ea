"""Opening a Checkout for a donation: once for each form that a donor sends.

The donation is written first and Stripe is asked afterwards, outside any transaction, under a key
made from the donation's own reference. So a double click, a reload and a lost answer all lead to
the same Checkout.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac

from appeals.models import Appeal
from donors.details import DonorDetails, keep_details
from funds.models import Branch
from funds.money import Money, from_minor, to_minor
from payments.models import CardDonation
from payments.stripe_gateway.checkouts import (
    CheckoutEnd,
    CheckoutOrder,
    end_checkout,
    open_checkout,
)

LIVES_FOR: Final = timedelta(hours=2)
"""How long a donor has to pay. Stripe takes 30 minutes to 24 hours."""

_OPENS_WITHIN: Final = timedelta(minutes=60)  # leaves the 30 minutes that Stripe asks for
_LAST_MINUTES: Final = timedelta(minutes=2)  # too short to type a card's number in


@dataclass(frozen=True, slots=True)
class Giving:
    """What a donor asks to give.

    Attributes:
        reference: Minted with the form.
        is_own_reference: Whether this very browser sent the reference before: only then does a
            changed form end the former Checkout. A stranger's is left alone.
    """

    appeal: Appeal
    branch: Branch | None
    amount: Money
    frequency: str
    donor: DonorDetails
    reference: UUID
    is_own_reference: bool


@dataclass(frozen=True, slots=True)
class ToCheckout:
    """Send the donor to ``url``; ``reference`` names the donation from now on."""

    url: str
    reference: UUID


@dataclass(frozen=True, slots=True)
class ToThanks:
    """The donor has paid this donation already."""

    reference: UUID


def begin_giving(giving: Giving) -> ToCheckout | ToThanks:
    """Lead the donor to the Checkout of this form, opening it when it is not open yet.

    The same reference with the same content gives the same Checkout. Changed content ends the
    former one and begins another under a new reference, as does a reference that is over, too
    old, or somebody else's. One that is paid leads to its thanks.

    Raises:
        StripeUnavailableError: Nothing was booked, and no money can come. The donor may send the
            form again.
    """
    content = _content_digest(giving)
    donation, is_new = _take_reference(giving, content)
    if is_new:
        return _open(donation)
    is_same = donation.content_digest == content
    if donation.appeal_id != giving.appeal.pk or not (is_same or giving.is_own_reference):
        return _begin_anew(giving)
    if _is_paid(donation) or (not is_same and _has_finished(donation)):
        return ToThanks(donation.reference)
    if not is_same or _is_over(donation):
        return _begin_anew(giving)
    if donation.checkout_url:
        return ToCheckout(donation.checkout_url, donation.reference)
    return _open(donation)


def _content_digest(giving: Giving) -> str:
    """Tells one form's content from another's, and nothing of what it says to who reads it."""
    donor = giving.donor
    content = (
        *(giving.appeal.slug, giving.branch.slug if giving.branch else "", giving.amount.amount),
        *(giving.amount.currency.code, giving.frequency, donor.name, donor.email, donor.address),
        *(donor.show_name, donor.declares_own_money),
    )
    # The reference stands in too: the same words in another donation have another digest.
    return salted_hmac(
        f"giving:{giving.reference}", "\x1f".join(map(str, content)), algorithm="sha256"
    ).hexdigest()


@transaction.atomic
def _take_reference(giving: Giving, content: str) -> tuple[CardDonation, bool]:
    """The donation of this reference; the unique index lets one of two double clicks make it."""
    donation, is_new = CardDonation.objects.select_related("appeal").get_or_create(
        reference=giving.reference,
        defaults={
            "appeal": giving.appeal,
            "branch": giving.branch,
            "amount": giving.amount,
            "content_digest": content,
            "checkout_expires_at": timezone.now() + LIVES_FOR,
        },
    )
    if is_new:
        donation.donor = keep_details(giving.donor)
        donation.save(update_fields=["donor"])
    return donation, is_new


def _begin_anew(giving: Giving) -> ToCheckout:
    anew = replace(giving, reference=uuid4())
    donation, _ = _take_reference(anew, _content_digest(anew))
    return _open(donation)


def _is_paid(donation: CardDonation) -> bool:
    """Paid, or on its way: the donor's part is done."""
    return donation.received_entry_id is not None or donation.processing_at is not None


def _is_over(donation: CardDonation) -> bool:
    now = timezone.now()
    expires_at = donation.checkout_expires_at
    return (
        donation.checkout_ended_at is not None
        or expires_at is None
        or expires_at < now + _LAST_MINUTES
        or (not donation.checkout_url and expires_at < now + LIVES_FOR - _OPENS_WITHIN)
    )


def _has_finished(donation: CardDonation) -> bool:
    """End the former Checkout; True when the donor was quicker and has paid it."""
    if donation.checkout_session_id is None or donation.checkout_ended_at is not None:
        return False
    if end_checkout(donation.checkout_session_id) is CheckoutEnd.FINISHED:
        return True
    CardDonation.objects.filter(pk=donation.pk, checkout_ended_at__isnull=True).update(
        checkout_ended_at=timezone.now()
    )
    return False


def _open(donation: CardDonation) -> ToCheckout:
    opened = open_checkout(_order(donation))
    CardDonation.objects.filter(pk=donation.pk).update(
        checkout_session_id=opened.session_id, checkout_url=opened.url
    )
    return ToCheckout(opened.url, donation.reference)


def _order(donation: CardDonation) -> CheckoutOrder:
    """Made of what is stored alone, so that a second request says the very same."""
    appeal, donor = donation.appeal, donation.donor
    amount = from_minor(to_minor(donation.amount), donation.amount.currency.code)
    assert donation.checkout_expires_at is not None
    again = {"amount": str(amount.amount)}
    if donation.branch:
        again["branch"] = donation.branch.slug
    give = reverse("payments:give", args=[appeal.slug])
    thanks = reverse("payments:thanks", args=[appeal.slug, donation.reference])
    return CheckoutOrder(
        reference=donation.reference,
        amount=amount,
        description=f"Donation: {appeal.title}",
        expires_at=donation.checkout_expires_at,
        email=donor.email if donor else "",
        asks_address=bool(donor and donor.address),  # who must be identified, must be so by Stripe
        success_url=f"{settings.BASE_URL}{thanks}",
        cancel_url=f"{settings.BASE_URL}{give}?{urlencode(again)}",
    )
