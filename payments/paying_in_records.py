"""Reading what is in hand and what was paid in: a treasurer finds what is theirs."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet, Sum

from funds.access import Access
from funds.models import User
from funds.money import Money, from_minor, zero
from payments.cash_records import CountedPieces, name_pieces, visible_collections
from payments.denominations import every_denomination
from payments.models import BucketCount, CashCollection, PayingIn, PayingInLine, StatementMatch
from payments.recording import local_today
from payments.working_days import CHASE_AFTER, working_days_between


def collections_in_hand(access: Access) -> QuerySet[CashCollection]:
    """What a treasurer may pay in: counted, standing, and in no standing paying-in; oldest first.

    Another branch's bags are not theirs to bank; the national treasurer banks everyone's.
    """
    return visible_collections(access).filter(is_in_hand()).order_by("collected_on", "pk")


def is_in_hand() -> Q:
    """Of a collection: it stands, and is not paid in."""
    banked = PayingInLine.objects.filter(collection=OuterRef("pk"), undone_at__isnull=True)
    return Q(reversed_at__isnull=True) & ~Q(Exists(banked))


def visible_payings_in(access: Access) -> QuerySet[PayingIn]:
    """The payings-in that a treasurer may see: those of their own branches alone, or every one."""
    payings_in = PayingIn.objects.select_related("recorded_by", "reversed_by")
    if access.is_national_treasurer:
        return payings_in
    of_others = PayingInLine.objects.filter(paying_in=OuterRef("pk")).exclude(
        collection__branch__in=access.own_branches
    )
    return payings_in.exclude(Exists(of_others))


def with_what_the_bank_says(payings_in: QuerySet[PayingIn]) -> QuerySet[PayingIn]:
    """With ``at_bank``: whether a line of the bank's statement was confirmed as each of them."""
    confirmed = StatementMatch.objects.filter(
        paying_in=OuterRef("pk"), confirmed_at__isnull=False, undone_at__isnull=True
    )
    lines = PayingInLine.objects.select_related("collection__branch", "collection__appeal")
    return payings_in.annotate(at_bank=Exists(confirmed)).prefetch_related(
        Prefetch("lines", queryset=lines)
    )


@dataclass(frozen=True, slots=True)
class BankedIn:
    """The paying-in that a collection stands in. One that holds others' bags too is not shown."""

    paying_in: PayingIn
    is_visible: bool


def banked_in(collection: CashCollection, access: Access) -> BankedIn | None:
    """Where a collection was banked, as far as its treasurer may see; None while it is in hand."""
    line = (
        PayingInLine.objects.select_related("paying_in")
        .filter(collection=collection, undone_at__isnull=True)
        .first()
    )
    if line is None:
        return None
    is_visible = visible_payings_in(access).filter(pk=line.paying_in_id).exists()
    return BankedIn(line.paying_in, is_visible)


def at_bank(paying_in: PayingIn) -> StatementMatch | None:
    """The line of the bank's statement that was confirmed as this paying-in."""
    return (
        StatementMatch.objects.select_related("line__account")
        .filter(paying_in=paying_in, confirmed_at__isnull=False, undone_at__isnull=True)
        .first()
    )


@dataclass(frozen=True, slots=True)
class InHand:
    """A collection that waits to be banked, and for how many working days it has."""

    collection: CashCollection
    working_days: int


def read_in_hand(access: Access) -> list[InHand]:
    """What a treasurer may pay in, the oldest first."""
    today = local_today()
    return [
        InHand(one, working_days_between(one.collected_on, today))
        for one in collections_in_hand(access)
    ]


def read_in_hand_total(access: Access, collection: CashCollection) -> Money:
    """All that the branch of a collection has in hand now, in the collection's currency."""
    code = collection.amount.currency.code
    mine = collections_in_hand(access).filter(branch=collection.branch, amount_currency=code)
    return Money(mine.order_by().aggregate(sum=Sum("amount", default=0))["sum"], code)


@dataclass(frozen=True, slots=True)
class Share:
    """What one branch's cash for one appeal, or its subs, comes to in a paying-in."""

    appeal: str
    branch: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Slip:
    """What stands on a paying-in slip.

    ``pieces`` are the notes and coins that were counted one by one; ``apart`` those that the bank
    takes separately, and ``apart_total`` what they come to; ``kept`` is the change that went out
    with the buckets and stays here; ``uncounted`` is what the collections hold of which only the
    amount was told.
    """

    pieces: list[CountedPieces]
    notes: Money
    coins: Money
    apart: list[CountedPieces]
    apart_total: Money
    kept: Money
    uncounted: Money
    shares: list[Share]
    total: Money


def read_slip(collections: Iterable[CashCollection], *, currency: str) -> Slip:
    """The slip for some collections, which must be fetched with their appeal and branch."""
    faces: Counter[int] = Counter()
    apart: Counter[str] = Counter()
    kept, uncounted, total = zero(currency), zero(currency), zero(currency)
    shares: defaultdict[tuple[str, str], Money] = defaultdict(lambda: zero(currency))
    for one in collections:
        total += one.amount
        shares[one.appeal.title if one.appeal else "Subs", one.branch.name] += one.amount
        if one.denominations or one.apart:
            faces.update({int(face): number for face, number in one.denominations.items()})
            apart.update(one.apart)
            if one.float_amount.amount:
                kept += one.float_amount
        else:
            uncounted += one.amount
    pieces: list[CountedPieces] = []
    sums = {True: zero(currency), False: zero(currency)}
    for piece in every_denomination(currency):
        if number := faces[piece.face_minor]:
            comes_to = from_minor(piece.face_minor * number, currency)
            pieces.append(CountedPieces(piece.label, number, comes_to))
            sums[piece.is_note] += comes_to
    separate = name_pieces(apart, currency=currency)
    return Slip(
        pieces=pieces,
        notes=sums[True],
        coins=sums[False],
        apart=separate,
        apart_total=sum((piece.total for piece in separate), zero(currency)),
        kept=kept,
        uncounted=uncounted,
        shares=[Share(*names, amount) for names, amount in sorted(shares.items())],
        total=total,
    )


def collections_of(paying_in: PayingIn) -> list[CashCollection]:
    """What a paying-in holds, in the order in which it was gathered."""
    lines = paying_in.lines.select_related("collection__appeal", "collection__branch")
    return [
        line.collection for line in lines.order_by("collection__collected_on", "collection__pk")
    ]


@dataclass(frozen=True, slots=True)
class Handled:
    """Who had the cash of a paying-in in their hands: log-ins, and names as they were typed."""

    user_ids: frozenset[int]
    names: frozenset[str]

    def is_one_of_them(self, user: User) -> bool:
        """True for who counted, recorded or paid it in, by log-in or by name."""
        own = {_fold(user.get_full_name()), _fold(user.get_username())} - {""}
        return user.pk in self.user_ids or not own.isdisjoint(self.names)


def who_handled(paying_in: PayingIn) -> Handled:
    """Everyone who counted, recorded or paid in what a paying-in holds."""
    return who_handled_each([paying_in])[paying_in.pk]


def who_handled_each(payings_in: Iterable[PayingIn]) -> dict[int, Handled]:
    """The same for several, by key; two queries."""
    ids: dict[int, set[int]] = {}
    names: dict[int, set[str]] = {}
    for paying_in in payings_in:
        ids[paying_in.pk] = {paying_in.recorded_by_id}
        names[paying_in.pk] = {_fold(paying_in.paid_in_by), _fold(paying_in.paid_in_with)}
    lines = PayingInLine.objects.filter(paying_in__in=ids).select_related("collection")
    for line in lines:
        one = line.collection
        ids[line.paying_in_id].add(one.recorded_by_id)
        names[line.paying_in_id] |= {_fold(one.counted_by), _fold(one.witnessed_by)}
    at_tables = BucketCount.objects.filter(
        seat__user__isnull=False,
        bucket__agreements__collection__banked_lines__paying_in__in=ids,
    ).values_list("bucket__agreements__collection__banked_lines__paying_in", "seat__user")
    for paying_in_id, user_id in at_tables:
        ids[paying_in_id].add(user_id)
    return {pk: Handled(frozenset(ids[pk]), frozenset(names[pk]) - {""}) for pk in ids}


def _fold(name: str) -> str:
    return " ".join(name.casefold().split())


def suggest_slip_number(access: Access) -> str:
    """The number after the treasurer's last slip: slips come in books. Empty for none known."""
    last = visible_payings_in(access).order_by("-pk").values_list("slip_number", flat=True).first()
    if last is None or not last.isascii() or not last.isdecimal():
        return ""
    return str(int(last) + 1).zfill(len(last))


@dataclass(frozen=True, slots=True)
class WaitingCash:
    """What a branch has had in hand for longer than it should.

    ``working_days`` is for how many the oldest of it has waited, since ``since``.
    """

    branch: str
    name: str
    amounts: list[Money]
    since: date
    working_days: int


def read_waiting_cash(
    collections: QuerySet[CashCollection], *, over_days: int
) -> list[WaitingCash]:
    """Whose cash of these has waited for more than so many working days, longest first.

    Args:
        collections: Out of ``collections_in_hand``, the oldest first.
        over_days: Working days that are well enough.
    """
    today = local_today()
    waiting: defaultdict[int, list[CashCollection]] = defaultdict(list)
    for one in collections:
        if working_days_between(one.collected_on, today) > over_days:
            waiting[one.branch_id].append(one)
    return [_waiting(late, today) for late in waiting.values()]


def _waiting(late: list[CashCollection], today: date) -> WaitingCash:
    sums: defaultdict[str, list[Money]] = defaultdict(list)
    for one in late:
        sums[one.amount.currency.code].append(one.amount)
    return WaitingCash(
        branch=late[0].branch.slug,
        name=late[0].branch.name,
        amounts=[sum(amounts, zero(code)) for code, amounts in sorted(sums.items())],
        since=late[0].collected_on,
        working_days=working_days_between(late[0].collected_on, today),
    )


def read_overdue_cash(access: Access) -> list[WaitingCash]:
    """What the national treasurer hears of: the branches' own treasurers heard of it before."""
    return read_waiting_cash(collections_in_hand(access), over_days=CHASE_AFTER)
