"""Opening a Checkout for a donation, given once or every month: once for each form that is sent.

The donation is written first and Stripe is asked afterwards, outside any transaction, under a key
made from the donation's own reference. So a double click, a reload and a lost answer all lead to
the same Checkout.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, TypeAlias
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
from payments.models import CardDonation, MonthlyDonation, Pledge, PledgePayment
from payments.stripe_gateway.checkouts import (
    CheckoutEnd,
    CheckoutOrder,
    end_checkout,
    open_checkout,
    open_monthly_checkout,
)

Begun: TypeAlias = CardDonation | MonthlyDonation
"""What a form began: the rules below are the same for both."""

ONCE: Final = "once"
MONTHLY: Final = "monthly"

_MODELS: Final[Mapping[str, type[CardDonation] | type[MonthlyDonation]]] = {
    ONCE: CardDonation,
    MONTHLY: MonthlyDonation,
}
_OTHER: Final = {ONCE: MONTHLY, MONTHLY: ONCE}

LIVES_FOR: Final = timedelta(hours=2)
"""How long a donor has to pay. Stripe takes 30 minutes to 24 hours."""

_OPENS_WITHIN: Final = timedelta(minutes=60)  # leaves the 30 minutes that Stripe asks for
_LAST_MINUTES: Final = timedelta(minutes=2)  # too short to type a card's number in


@dataclass(frozen=True, slots=True)
class Giving:
    """What a donor asks to give.

    Attributes:
        frequency: ``ONCE`` or ``MONTHLY``.
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
    pledge: Pledge | None = None


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
    begun, is_new = _take_reference(giving, content)
    if is_new:
        return _open(begun)
    is_same = begun.content_digest == content
    if begun.appeal_id != giving.appeal.pk or not (is_same or giving.is_own_reference):
        return _begin_anew(giving)
    if begun.is_donors_part_done or (not is_same and _has_finished(begun)):
        return ToThanks(begun.reference)
    if not is_same or _is_over(begun):
        return _begin_anew(giving)
    if begun.checkout_url:
        return ToCheckout(begun.checkout_url, begun.reference)
    return _open(begun)


def _content_digest(giving: Giving) -> str:
    """Tells one form's content from another's, and nothing of what it says to who reads it."""
    donor = giving.donor
    content = (
        *(giving.appeal.slug, giving.branch.slug if giving.branch else "", giving.amount.amount),
        *(giving.amount.currency.code, giving.frequency, donor.name, donor.email, donor.address),
        *(donor.show_name, donor.name_form.value, donor.declares_own_money),
        *([giving.pledge.code] if giving.pledge else []),
    )
    # The reference stands in too: the same words in another donation have another digest.
    return salted_hmac(
        f"giving:{giving.reference}", "\x1f".join(map(str, content)), algorithm="sha256"
    ).hexdigest()


@transaction.atomic
def _take_reference(giving: Giving, content: str) -> tuple[Begun, bool]:
    """What this reference began; the unique index lets one of two double clicks begin it."""
    wanted, other = _MODELS[giving.frequency], _MODELS[_OTHER[giving.frequency]]
    if former := other.objects.select_related("appeal").filter(reference=giving.reference).first():
        return former, False  # the donor went back and chose the other frequency
    begun, is_new = wanted.objects.select_related("appeal").get_or_create(
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
        begun.donor = keep_details(giving.donor)
        begun.save(update_fields=["donor"])
        if giving.pledge and isinstance(begun, CardDonation):
            PledgePayment.objects.create(
                pledge=giving.pledge,
                way=PledgePayment.Way.CARD,
                amount=giving.amount,
                donation=begun,
            )
    return begun, is_new


def _begin_anew(giving: Giving) -> ToCheckout:
    anew = replace(giving, reference=uuid4())
    begun, _ = _take_reference(anew, _content_digest(anew))
    return _open(begun)


def _is_over(begun: Begun) -> bool:
    now = timezone.now()
    expires_at = begun.checkout_expires_at
    return (
        begun.checkout_ended_at is not None
        or expires_at is None
        or expires_at < now + _LAST_MINUTES
        or (not begun.checkout_url and expires_at < now + LIVES_FOR - _OPENS_WITHIN)
    )


def _has_finished(begun: Begun) -> bool:
    """End the former Checkout; True when the donor was quicker and has paid it."""
    if begun.checkout_session_id is None or begun.checkout_ended_at is not None:
        return False
    if end_checkout(begun.checkout_session_id) is CheckoutEnd.FINISHED:
        return True
    type(begun).objects.filter(pk=begun.pk, checkout_ended_at__isnull=True).update(
        checkout_ended_at=timezone.now()
    )
    return False


def _open(begun: Begun) -> ToCheckout:
    opens = open_monthly_checkout if isinstance(begun, MonthlyDonation) else open_checkout
    opened = opens(_order(begun))
    type(begun).objects.filter(pk=begun.pk).update(
        checkout_session_id=opened.session_id, checkout_url=opened.url
    )
    return ToCheckout(opened.url, begun.reference)


def _order(begun: Begun) -> CheckoutOrder:
    """Made of what is stored alone, so that a second request says the very same."""
    appeal, donor = begun.appeal, begun.donor
    amount = from_minor(to_minor(begun.amount), begun.amount.currency.code)
    assert begun.checkout_expires_at is not None
    again = {"amount": str(amount.amount)}
    if begun.branch:
        again["branch"] = begun.branch.slug
    if code := _pledge_code(begun):
        again["pledge"] = code
    description = f"Donation: {appeal.title}"
    if isinstance(begun, MonthlyDonation):
        again["frequency"] = MONTHLY
        description = f"Monthly donation: {appeal.title}"
    give = reverse("payments:give", args=[appeal.slug])
    thanks = reverse("payments:thanks", args=[appeal.slug, begun.reference])
    return CheckoutOrder(
        reference=begun.reference,
        amount=amount,
        description=description,
        expires_at=begun.checkout_expires_at,
        email=donor.email if donor else "",
        asks_address=bool(donor and donor.address),  # who must be identified, must be so by Stripe
        success_url=f"{settings.BASE_URL}{thanks}",
        cancel_url=f"{settings.BASE_URL}{give}?{urlencode(again)}",
    )


def _pledge_code(begun: Begun) -> str:
    """Of the pledge that it pays, if any."""
    if not isinstance(begun, CardDonation):
        return ""
    paid = Pledge.objects.filter(payments__donation=begun).values_list("code", flat=True)
    return paid.first() or ""
