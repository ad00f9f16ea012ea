"""Reading tables for treasurers: how each occasion stands, and one with all that belongs to it.

Treasurers are blind as well, since they count too: a bucket's figures are read only once it is
agreed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.core.paginator import Page, Paginator
from django.db.models import Count, Prefetch, Q, QuerySet, Sum

from funds.access import Access
from funds.models import Branch
from funds.money import Money, from_minor, zero
from payments.cash_records import CountedPieces, name_pieces
from payments.counting.blind import say_difference
from payments.counting.codes import seat_code
from payments.counting.hall import UNSETTLED
from payments.counting.sheets import Sheet
from payments.models import (
    Agreement,
    Bucket,
    BucketCount,
    Cheque,
    NamedGift,
    Occasion,
    OccasionStep,
    Seat,
)

PAGE_SIZE: Final = 25


def visible_occasions(access: Access) -> QuerySet[Occasion]:
    """The occasions that a treasurer may see: of their own branches, or every one."""
    occasions = Occasion.objects.select_related("appeal", "branch", "opened_by")
    if access.is_national_treasurer:
        return occasions
    return occasions.filter(branch__in=access.own_branches)


def visible_buckets(access: Access) -> QuerySet[Bucket]:
    """The buckets of those occasions."""
    buckets = Bucket.objects.select_related("occasion__appeal", "occasion__branch")
    return buckets.filter(occasion__in=visible_occasions(access).order_by())


def visible_seats(access: Access) -> QuerySet[Seat]:
    """The seats at those occasions' tables."""
    seats = Seat.objects.select_related("occasion__appeal", "occasion__branch", "user")
    return seats.filter(occasion__in=visible_occasions(access).order_by())


def named_gifts() -> QuerySet[NamedGift]:
    """Every donation over the limit: only who may read givers asks."""
    return NamedGift.objects.select_related("occasion__appeal", "occasion__branch", "giver")


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How an occasion stands, at a glance. ``raised`` is what is agreed, without floats."""

    occasion: Occasion
    buckets: int
    agreed: int
    differing: int
    set_aside: int
    raised: Money

    @property
    def being_counted(self) -> int:
        """Buckets that are in no total yet."""
        return self.buckets - self.agreed - self.set_aside

    @property
    def stage(self) -> str:
        """One word or two for the list."""
        if self.occasion.state != Occasion.State.COUNTING:
            return str(self.occasion.get_state_display())
        if self.differing:
            return "Counts differ"
        return "Being counted" if self.being_counted else "All agreed"

    @property
    def is_open(self) -> bool:
        """Whether anything is still to be done."""
        return self.occasion.state in {Occasion.State.OPEN, Occasion.State.COUNTING}


def read_standing_page(occasions: QuerySet[Occasion], *, number: str | None) -> "StandingPage":
    """One page of occasions, latest first; three queries however many buckets they have."""
    page: Page[Any] = Paginator(occasions, PAGE_SIZE).get_page(number)
    return StandingPage(page, read_standings_of(page.object_list))


@dataclass(frozen=True, slots=True)
class StandingPage:
    """A page of a list, and each row of it."""

    page: Page[Any]
    rows: list[Standing]


def read_standings_of(occasions: Iterable[Occasion]) -> list[Standing]:
    """How some occasions stand, in their order."""
    listed = list(occasions)
    states = [Bucket.State.RECOUNT, Bucket.State.DISPUTED]
    rows = (
        Bucket.objects.filter(occasion__in=listed)
        .order_by()
        .values_list("occasion_id")
        .annotate(
            buckets=Count("pk"),
            agreed=Count("pk", filter=Q(state=Bucket.State.AGREED)),
            differing=Count("pk", filter=Q(state__in=states)),
            set_aside=Count("pk", filter=Q(state=Bucket.State.SET_ASIDE)),
        )
    )
    counted = {occasion_id: counts for occasion_id, *counts in rows}
    raised = dict(
        Agreement.objects.filter(bucket__occasion__in=listed, undone_at__isnull=True, raised__gt=0)
        .order_by()
        .values_list("bucket__occasion_id")
        .annotate(sum=Sum("raised"))
    )
    standings = []
    for occasion in listed:
        buckets, agreed, differing, set_aside = counted.get(occasion.pk, (0, 0, 0, 0))
        standings.append(
            Standing(
                occasion=occasion,
                buckets=buckets,
                agreed=agreed,
                differing=differing,
                set_aside=set_aside,
                raised=Money(raised.get(occasion.pk, 0), occasion.appeal.currency),
            )
        )
    return standings


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketRow:
    """A bucket on the board: figures only once it is agreed."""

    bucket: Bucket
    agreement: Agreement | None
    difference: str
    handed_in: int

    @property
    def short(self) -> Money | None:
        """What lacks of the float, when less was counted than went out."""
        if self.agreement is None or self.agreement.raised.amount >= 0:
            return None
        return -self.agreement.raised


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatRow:
    """A seat on the board. ``code`` is for whoever sits there, while it is free."""

    seat: Seat
    code: str
    handed_in: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """One occasion with all that belongs to it."""

    standing: Standing
    buckets: list[BucketRow]
    seats: list[SeatRow]
    float_total: Money
    cheques: list[Cheque]
    gifts: list[NamedGift]
    steps: list[OccasionStep]

    @property
    def needs_a_third(self) -> bool:
        """Whether two counts of some bucket differ again."""
        return any(row.bucket.state == Bucket.State.DISPUTED for row in self.buckets)


def read_board(occasion: Occasion) -> Board:
    """The board of one occasion; the same number of queries however many buckets it has."""
    (standing,) = read_standings_of([occasion])
    currency = occasion.appeal.currency
    buckets = list(
        occasion.buckets.prefetch_related(
            Prefetch("agreements", Agreement.objects.filter(undone_at__isnull=True), "standing")
        )
    )
    by_round: dict[tuple[int, int], int] = {}
    by_seat: dict[int, int] = {}
    for bucket_id, number, seat_id in BucketCount.objects.filter(
        bucket__occasion=occasion
    ).values_list("bucket_id", "round", "seat_id"):
        by_round[bucket_id, number] = by_round.get((bucket_id, number), 0) + 1
        by_seat[seat_id] = by_seat.get(seat_id, 0) + 1
    return Board(
        standing=standing,
        buckets=[
            BucketRow(
                bucket=bucket,
                agreement=next(iter(vars(bucket)["standing"]), None),
                difference=_difference(bucket, currency),
                handed_in=by_round.get((bucket.pk, bucket.round), 0),
            )
            for bucket in buckets
        ],
        seats=[
            SeatRow(seat=seat, code=seat_code(seat), handed_in=by_seat.get(seat.pk, 0))
            for seat in occasion.seats.select_related("user")
        ],
        float_total=sum((bucket.float_amount for bucket in buckets), zero(currency)),
        cheques=list(
            Cheque.objects.select_related("agreement__bucket").filter(
                agreement__bucket__occasion=occasion, agreement__undone_at__isnull=True
            )
        ),
        gifts=list(occasion.named_gifts.select_related("collection")),
        steps=list(occasion.steps.select_related("by", "bucket", "seat").order_by("-pk")),
    )


def _difference(bucket: Bucket, currency: str) -> str:
    if bucket.difference_minor is None:
        return ""
    return say_difference(from_minor(bucket.difference_minor, currency))


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreedCount:
    """One count of a bucket that is agreed: who, when by which clock, and what it came to."""

    count: BucketCount
    counted: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketPage:
    """One bucket: its agreement with its lines, and every step. Figures only once agreed."""

    row: BucketRow
    pieces: list[CountedPieces]
    foreign_pieces: int
    cheques: list[Cheque]
    counts: list[AgreedCount]
    undone: list[Agreement]
    steps: list[OccasionStep]


def read_bucket(bucket: Bucket) -> BucketPage:
    """One bucket, as its treasurer may see it."""
    occasion = bucket.occasion
    currency = occasion.appeal.currency
    agreements = list(
        bucket.agreements.select_related("count", "collection", "signed_by", "undone_by")
    )
    agreement = next((found for found in agreements if found.undone_at is None), None)
    sheet = Sheet.from_json(agreement.count.sheet) if agreement else None
    counts = []
    if agreement is not None:
        attempt = bucket.counts.filter(round__gte=bucket.first_round).select_related("seat")
        counts = [
            AgreedCount(
                count=count, counted=Sheet.from_json(count.sheet).counted(on=occasion.held_on)
            )
            for count in attempt
        ]
    return BucketPage(
        row=BucketRow(
            bucket=bucket,
            agreement=agreement,
            difference=_difference(bucket, currency),
            handed_in=bucket.counts.filter(round=bucket.round).count(),
        ),
        pieces=name_pieces(sheet.pieces, currency=currency) if sheet else [],
        foreign_pieces=sheet.foreign_pieces if sheet else 0,
        cheques=list(agreement.cheques.all()) if agreement else [],
        counts=counts,
        undone=[found for found in agreements if found.undone_at is not None],
        steps=list(bucket.steps.select_related("by", "seat").order_by("-pk")),
    )


def count_being_counted(branches: QuerySet[Branch]) -> int:
    """How many buckets of some branches lie on a table now, and so are in no total; one query."""
    return Bucket.objects.filter(
        UNSETTLED,
        occasion__branch__in=branches.order_by(),
        occasion__state=Occasion.State.COUNTING,
    ).count()
