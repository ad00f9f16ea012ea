"""Reading what was recorded: a treasurer finds what is theirs, and nothing else is there."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple

from django.core.exceptions import ValidationError
from django.core.paginator import Page, Paginator
from django.db.models import (
    Case,
    Count,
    DecimalField,
    F,
    Max,
    Q,
    QuerySet,
    Sum,
    Value,
    When,
    Window,
)
from django.utils import timezone

from appeals.models import Appeal
from funds.access import Access
from funds.models import Branch, User
from funds.money import Money, from_minor
from payments.denominations import every_line
from payments.models import CashCollection, PayingIn, TransferReceipt

PAGE_SIZE: Final = 50
LATE_COUNT: Final = timedelta(days=92)
"""How long a closed appeal is still offered for what was gathered while it ran."""


def recordable_appeals() -> QuerySet[Appeal]:
    """Appeals that a treasurer may record money for: open ones first, then lately closed ones."""
    now = timezone.now()
    is_open = Q(status=Appeal.Status.OPEN, opens_at__lte=now)
    lately_closed = Q(status=Appeal.Status.CLOSED, closes_at__gte=now - LATE_COUNT)
    return Appeal.objects.filter(is_open | lately_closed).order_by("-status", "-opens_at", "slug")


def open_appeals() -> QuerySet[Appeal]:
    """Appeals that take money now, newest first."""
    return recordable_appeals().filter(status=Appeal.Status.OPEN)


def visible_branches(access: Access) -> QuerySet[Branch]:
    """The branches whose pages a treasurer may see: their own, or every one."""
    branches = Branch.objects.select_related("region").order_by("name")
    if access.is_national_treasurer:
        return branches
    return branches.filter(pk__in=[branch.pk for branch in access.own_branches])


def visible_collections(access: Access) -> QuerySet[CashCollection]:
    """The collections that a treasurer may see: of their own branches, or every one."""
    collections = CashCollection.objects.select_related("appeal", "branch")
    if access.is_national_treasurer:
        return collections
    return collections.filter(branch__in=access.own_branches)


def visible_transfers() -> QuerySet[TransferReceipt]:
    """Every transfer: only the national treasurer asks. The donor is not fetched."""
    return TransferReceipt.objects.select_related("appeal", "branch")


def standing_total(
    records: QuerySet[CashCollection] | QuerySet[TransferReceipt] | QuerySet[PayingIn],
) -> list[Money]:
    """What some records come to without the reversed ones, a sum for each currency."""
    sums = (
        records.order_by()
        .filter(reversed_at__isnull=True)
        .values("amount_currency")
        .annotate(sum=Sum("amount"))
        .order_by("amount_currency")
    )
    return [Money(row["sum"], row["amount_currency"]) for row in sums]


@dataclass(frozen=True, slots=True)
class ListedCollection:
    """A row of the list. ``running_total`` is what this and all earlier rows come to."""

    collection: CashCollection
    running_total: Money


@dataclass(frozen=True, slots=True)
class CollectionPage:
    """A page of a list, newest first, and what the whole list comes to, for each currency."""

    page: Page[Any]  # of collections; the plugin's type for annotated ones has no name
    rows: list[ListedCollection]
    totals: list[Money]


def read_collection_page(
    collections: QuerySet[CashCollection], *, number: str | None
) -> CollectionPage:
    """One page of some collections. Reversed ones are listed and count for nothing.

    Running totals go by day and then by order of recording, each currency by itself. A page
    ``number`` that is none shows the first page, one beyond the end the last.
    """
    decimals: DecimalField[Decimal, Decimal] = DecimalField(max_digits=20, decimal_places=2)
    counted = Case(
        When(reversed_at__isnull=True, then=F("amount")),
        default=Value(Decimal(0)),
        output_field=decimals,
    )
    running_total = Window(
        Sum(counted, output_field=decimals),
        partition_by=[F("amount_currency")],
        order_by=[F("collected_on").asc(), F("pk").asc()],
    )
    listed = collections.annotate(running_total=running_total).order_by("-collected_on", "-pk")
    page: Page[Any] = Paginator(listed, PAGE_SIZE).get_page(number)
    rows = [
        ListedCollection(found, Money(found.running_total, found.amount.currency))
        for found in page.object_list
    ]
    return CollectionPage(page, rows, standing_total(collections))


class CountedPieces(NamedTuple):
    """One line of a count: so many of one note or coin, and what they come to."""

    label: str
    pieces: int
    total: Money


def read_count(collection: CashCollection) -> list[CountedPieces]:
    """The count of a collection, largest first, then what lies apart; may be empty."""
    currency = str(collection.amount.currency.code)
    return name_pieces({**collection.denominations, **collection.apart}, currency=currency)


def name_pieces(pieces: Mapping[str, int], *, currency: str) -> list[CountedPieces]:
    """A count in words, in the order of the sheet."""
    return [
        CountedPieces(
            piece.full_label,
            pieces[piece.key],
            from_minor(piece.face_minor * pieces[piece.key], currency),
        )
        for piece in every_line(currency)
        if piece.key in pieces
    ]


def recent_places(access: Access) -> list[str]:
    """Where the visible branches gathered cash of late, the latest first: suggestions."""
    places = (
        visible_collections(access)
        .order_by()
        .values_list("place")
        .annotate(last=Max("pk"))
        .order_by("-last")
    )
    return [place for place, _ in places[:12]]


def prefill_usual(access: Access, user: User, *, branch: str = "") -> dict[str, object]:
    """What a treasurer most likely records next, so that only the amount is left to type.

    The appeal that most of theirs were for and that is open still; what it was, and where, as
    they last recorded it themselves.

    Args:
        access: Whose records are looked at: no other branch's.
        user: Who is logged in.
        branch: The slug of the branch that it is for, if one was named.
    """
    theirs = visible_collections(access).order_by()
    if branch:
        theirs = theirs.filter(branch__slug=branch)
    usual: dict[str, object] = {"place": "Stall"}
    most = (
        theirs.filter(appeal__in=open_appeals().order_by())
        .values_list("appeal__slug")
        .annotate(times=Count("pk"), last=Max("pk"))
        .order_by("-times", "-last")
        .first()
    )
    if most is not None:
        usual["appeal"] = most[0]
    # What came from a counting table is named for its bucket there, and not by a person here.
    by_hand = theirs.filter(recorded_by=user, agreement__isnull=True, named_gift__isnull=True)
    if last := by_hand.order_by("-pk").first():
        usual |= {"kind": last.kind, "place": last.place, "branch": last.branch.slug}
    return usual


def prefill_after(access: Access, reference: str) -> dict[str, object]:
    """What the next form may take over from a collection just recorded; nothing from others'.

    Buckets are counted one after the other, at one table, by the same two people.
    """
    try:
        last = visible_collections(access).get(reference=reference)
    except (CashCollection.DoesNotExist, ValidationError):
        return {}
    return {
        **({"appeal": last.appeal.slug} if last.appeal else {}),
        "branch": last.branch.slug,
        "kind": last.kind,
        "collected_on": last.collected_on,
        "place": last.place,
        "counted_by": last.counted_by,
        "witnessed_by": last.witnessed_by,
    }


def last_recorded(appeals: Iterable[Appeal]) -> dict[tuple[int, int], date]:
    """The day of the last standing collection, by the ids of the appeal and of the branch."""
    rows = (
        CashCollection.objects.order_by()
        .filter(appeal__in=appeals, reversed_at__isnull=True)
        .values_list("appeal_id", "branch_id")
        .annotate(last=Max("collected_on"))
    )
    return {(appeal_id, branch_id): last for appeal_id, branch_id, last in rows if appeal_id}
