"""Reading card donations for the national treasurer: the list, and what happened to one."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.core.paginator import Page, Paginator
from django.db.models import (
    Case,
    DecimalField,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from funds.models import JournalEntry, Posting
from funds.money import Money
from funds.organisation import local_date, read_organisation
from payments.models import CardDisputeMovement, CardDonation
from payments.refundable import standing_refunds

PAGE_SIZE: Final = 50

_MONEY: Final[DecimalField[Decimal, Decimal]] = DecimalField(max_digits=14, decimal_places=2)


class CardState(StrEnum):
    """How a card donation stands, in a treasurer's words."""

    CAME = "came"
    BACK_IN_PART = "given back in part"
    BACK = "given back"
    DISPUTED = "taken by the bank"
    PROMISED = "promised"
    FAILED = "did not go through"
    ENDED = "not paid"
    UNDER_WAY = "not paid yet"


def visible_card_donations() -> QuerySet[CardDonation]:
    """Every card donation, with what went back of it or was taken: the national treasurer's.

    The donor is not fetched.
    """
    given_back = (
        standing_refunds()
        .filter(donation=OuterRef("pk"))
        .order_by()
        .values("donation")
        .annotate(sum=Sum("amount"))
        .values("sum")
    )
    signed = Case(
        When(way=CardDisputeMovement.Way.WITHDRAWN, then=F("amount")),
        default=-F("amount"),
        output_field=_MONEY,
    )
    taken = (
        CardDisputeMovement.objects.filter(dispute__donation=OuterRef("pk"))
        .order_by()
        .values("dispute__donation")
        .annotate(sum=Sum(signed))
        .values("sum")
    )
    return (
        CardDonation.objects.select_related("appeal", "branch", "received_entry")
        .annotate(
            given_back=Coalesce(
                Subquery(given_back, output_field=_MONEY), Value(Decimal(0)), output_field=_MONEY
            ),
            taken=Coalesce(
                Subquery(taken, output_field=_MONEY), Value(Decimal(0)), output_field=_MONEY
            ),
        )
        .order_by("-pk")
    )


def made_on(day: date) -> Q:
    """Donations that came, or whose form was sent, on the organisation's local day."""
    midnight = datetime.combine(day, time.min, ZoneInfo(read_organisation().time_zone))
    sent = Q(created_at__gte=midnight, created_at__lt=midnight + timedelta(days=1))
    return sent | Q(received_entry__occurred_on=day)


@dataclass(frozen=True, slots=True)
class ListedCardDonation:
    """A row of the list. ``on`` is the local date on which it came, or its form was sent."""

    donation: CardDonation
    on: date
    state: CardState
    given_back: Money
    taken: Money

    @property
    def has_come(self) -> bool:
        """True once its money stands in the books."""
        return self.donation.received_entry_id is not None


@dataclass(frozen=True, slots=True)
class CardDonationPage:
    """A page of the list, newest first."""

    page: Page[Any]  # of donations; the plugin's type for annotated ones has no name
    rows: list[ListedCardDonation]


def read_card_donation_page(
    donations: QuerySet[CardDonation], *, number: str | None
) -> CardDonationPage:
    """One page of some donations. A ``number`` that is none shows the first, or the last."""
    page: Page[Any] = Paginator(donations, PAGE_SIZE).get_page(number)
    organisation = read_organisation()
    rows = []
    for donation in page.object_list:
        given_back = Money(donation.given_back, donation.amount.currency)
        taken = Money(donation.taken, donation.amount.currency)
        entry = donation.received_entry
        rows.append(
            ListedCardDonation(
                donation,
                entry.occurred_on if entry else local_date(donation.created_at, organisation),
                card_state(donation, given_back, taken),
                given_back,
                taken,
            )
        )
    return CardDonationPage(page, rows)


def card_state(donation: CardDonation, given_back: Money, taken: Money) -> CardState:
    """How a donation stands of which so much went back, and its bank took so much."""
    if donation.received_entry_id is not None:
        if taken:
            return CardState.DISPUTED
        if given_back >= donation.amount:
            return CardState.BACK
        return CardState.BACK_IN_PART if given_back else CardState.CAME
    if donation.processing_at is not None:
        return CardState.PROMISED
    if donation.failed_at is not None:
        return CardState.FAILED
    return CardState.UNDER_WAY if donation.checkout_ended_at is None else CardState.ENDED


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened to a donation's money, on the organisation's local date.

    ``amount`` is what it added to what we hold, negative for what went; None when none moved.
    """

    on: date
    what: str
    amount: Money | None = None
    stripe_id: str = ""
    entry: JournalEntry | None = None


def read_happenings(donation: CardDonation) -> list[Happening]:
    """What happened to a donation, in order: promised, received, the fee, each refund, dispute."""
    organisation = read_organisation()
    happened = [Happening(local_date(donation.created_at, organisation), "Sent to the pay page")]
    moments = {
        "Promised: the donor's bank sends it later": donation.processing_at,
        "A payment did not go through": donation.failed_at,
        "The pay page was closed": donation.checkout_ended_at,
    }
    happened += [
        Happening(local_date(moment, organisation), what)
        for what, moment in moments.items()
        if moment is not None
    ]
    if entry := donation.received_entry:
        payment = donation.payment_intent_id or ""
        happened.append(Happening(entry.occurred_on, "Came", donation.amount, payment, entry))
    happened += [*_read_fee(donation), *_read_refunds(donation), *_read_disputes(donation)]
    return sorted(happened, key=lambda one: (one.on, one.entry.pk if one.entry else 0))


def _read_fee(donation: CardDonation) -> list[Happening]:
    entry = donation.fee_entry
    if entry is None:
        return []
    postings = entry.postings.select_related("account")
    (fee,) = (posting.amount for posting in postings if posting.side == Posting.Side.DEBIT)
    return [Happening(entry.occurred_on, "Stripe's fee", -fee, entry=entry)]


def _read_refunds(donation: CardDonation) -> list[Happening]:
    happened = []
    for refund in donation.refunds.select_related("entry__reversed_by").order_by("pk"):
        entry = refund.entry
        happened.append(
            Happening(entry.occurred_on, "Given back", -refund.amount, refund.stripe_id, entry)
        )
        back: JournalEntry | None = getattr(entry, "reversed_by", None)
        if back is not None:
            what = "Did not reach the donor, and came back"
            happened.append(
                Happening(back.occurred_on, what, refund.amount, refund.stripe_id, back)
            )
    return happened


def _read_disputes(donation: CardDonation) -> list[Happening]:
    happened = []
    movements = CardDisputeMovement.objects.filter(dispute__donation=donation)
    for movement in movements.select_related("dispute", "entry", "kept_entry").order_by("pk"):
        entry, dispute = movement.entry, movement.dispute.stripe_id
        is_taken = movement.way == CardDisputeMovement.Way.WITHDRAWN
        what = "Taken by the donor's bank" if is_taken else "Brought back by the donor's bank"
        happened.append(Happening(entry.occurred_on, what, -movement.taken, dispute, entry))
        if kept := movement.kept_entry:
            what = "The rest stays with the bank"
            happened.append(Happening(kept.occurred_on, what, None, dispute, kept))
    return happened


def read_postings(happenings: Iterable[Happening]) -> list[Posting]:
    """The lines of the books that the happenings are booked by, in order; one query."""
    entries = [one.entry.pk for one in happenings if one.entry is not None]
    return list(
        Posting.objects.filter(entry__in=entries)
        .select_related("entry", "account", "branch")
        .order_by("entry_id", "pk")
    )
