"""Writing letters down, in the very transaction that books what they tell."""

from collections.abc import Iterable

from donors.models import Donor
from payments.models import CardDonation, CardRefund, Letter

Kind = Letter.Kind


def enclose_news(*, received: Iterable[CardDonation], refunded: Iterable[CardRefund]) -> None:
    """Write down the thanks for donations that came, and the news of refunds.

    Once for each fact, however often it is told: the letter's key is unique. Donors who left no
    e-mail address get none.
    """
    thanks = [Letter(kind=Kind.THANKS, key=_key(one), donation=one) for one in received]
    news = [
        Letter(
            kind=Kind.REFUNDED,
            key=f"{Kind.REFUNDED}:{one.stripe_id}",
            donation=one.donation,
            refund=one,
        )
        for one in refunded
    ]
    _write([*thanks, *news])


def enclose_failed_refunds(failed: Iterable[CardRefund]) -> None:
    """Write down that refunds did not reach their donors; once for each."""
    _write(
        [
            Letter(
                kind=Kind.REFUND_FAILED,
                key=f"{Kind.REFUND_FAILED}:{one.stripe_id}",
                donation=one.donation,
                refund=one,
            )
            for one in failed
        ]
    )


def _key(donation: CardDonation) -> str:
    return f"{Kind.THANKS}:{donation.reference}"


def _write(letters: list[Letter]) -> None:
    if not letters:
        return
    reachable = set(
        Donor.objects.filter(pk__in={letter.donation.donor_id for letter in letters})
        .exclude(email="")
        .values_list("pk", flat=True)
    )
    wanted = [letter for letter in letters if letter.donation.donor_id in reachable]
    if wanted:
        Letter.objects.bulk_create(wanted, ignore_conflicts=True)
