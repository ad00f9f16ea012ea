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


def _giver_id(letter: Letter) -> int | None:
    """Without reading the donor: a batch may write hundreds of letters. Few are paid twice."""
    donation = letter.donation
    if donation is None:
        return letter.pledge.donor_id if letter.pledge else None
    if donation.again_of is not None:
        return donation.again_of.donor_id
    return donation.monthly.donor_id if donation.monthly else donation.donor_id


def _write(letters: list[Letter]) -> None:
    if not letters:
        return
    givers = [_giver_id(letter) for letter in letters]
    reachable = set(
        Donor.objects.filter(pk__in=set(givers)).exclude(email="").values_list("pk", flat=True)
    )
    wanted = [letter for letter, giver in zip(letters, givers, strict=True) if giver in reachable]
    if wanted:
        Letter.objects.bulk_create(wanted, ignore_conflicts=True)
