"""What the books expect at the bank, and by which sign each would be known there.

A source reads what is not matched yet. The matcher knows nothing of where candidates come from.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Protocol

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from funds.money import to_minor
from payments.banking.words import Words, length_of, words_of
from payments.models import (
    Cheque,
    PayingIn,
    PayingInCheque,
    Payout,
    StatementMatch,
    TransferReceipt,
)

Kind = StatementMatch.Kind

_LONGEST_TO_BANK: Final = timedelta(days=10)
_TO_CLEAR: Final = timedelta(days=7)
_ABOUT: Final = timedelta(days=3)
_TO_BOUNCE: Final = timedelta(days=60)
_PAYOUT_LATE: Final = timedelta(days=5)
_SHORTEST_SLIP: Final = 3
_SHORTEST_REFERENCE: Final = 4
RETURNED: Final = frozenset(
    {"UNPAID", "RETURNED", "RETURN", "BOUNCED", "DISHONOURED", "REFERRED", "RECALL", "RECALLED"}
)
"""How banks say that a cheque or a transfer went back."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something in the books that should stand on a statement, once.

    ``target`` names it among its kind; ``amount_minor`` is signed as the bank's line is. A line
    from ``since`` to ``until`` may be it, if it holds one of ``runs`` (none: no words are needed)
    and one of ``also`` (likewise). Where it is ``proposable`` is False its signs are too weak: a
    person may still say so. ``may_differ`` allows another amount on the line.
    """

    kind: StatementMatch.Kind
    target: str
    amount_minor: int
    currency: str
    since: date
    until: date
    what: str
    runs: tuple[Words, ...] = ()
    also: frozenset[str] = frozenset()
    proposable: bool = True
    may_differ: bool = False

    @property
    def claims(self) -> frozenset[tuple[str, str]]:
        """What can be found on one line alone: cash and cheques of one slip may come together."""
        parts = {
            Kind.PAYING_IN: ("cash",),
            Kind.CHEQUES: ("cheques",),
            Kind.WITH_CHEQUES: ("cash", "cheques"),
        }.get(self.kind, (str(self.kind),))
        return frozenset((part, self.target) for part in parts)


@dataclass(frozen=True, slots=True)
class Source:
    """Where candidates of some kinds come from.

    ``read`` answers all, or only the one that is named so; ``version`` changes with whatever it
    would answer.
    """

    kinds: frozenset[StatementMatch.Kind]
    read: Callable[[str | None], Iterable[Candidate]]
    version: Callable[[], str]


def _unmatched(field: str, *kinds: StatementMatch.Kind) -> Q:
    """Of a record: no confirmed match of these kinds stands with it."""
    return ~Q(
        Exists(
            StatementMatch.objects.filter(
                kind__in=kinds,
                confirmed_at__isnull=False,
                undone_at__isnull=True,
                **{field: OuterRef("pk")},
            )
        )
    )


def _named(target: str | None) -> dict[str, int]:
    return {} if target is None else {"pk": int(target)}


def _read_payings_in(target: str | None) -> Iterable[Candidate]:
    """The cash of each slip, its cheques, and both: banks credit them in one line, or apart."""
    standing = PayingIn.objects.filter(reversed_at__isnull=True, **_named(target))
    cash = Q(amount__gt=0) & _unmatched("paying_in", Kind.PAYING_IN, Kind.WITH_CHEQUES)
    cheques = Q(cheques_amount__gt=0) & _cheques_unmatched()
    for one in standing.filter(cash):
        yield _of_slip(one, Kind.PAYING_IN, to_minor(one.amount), may_differ=True)
    for one in standing.filter(cash & cheques):
        together = to_minor(one.amount + one.cheques_amount)
        yield _of_slip(one, Kind.WITH_CHEQUES, together, may_differ=True)
    for one in standing.filter(cheques):
        yield _of_slip(one, Kind.CHEQUES, to_minor(one.cheques_amount), may_differ=False)


def _cheques_unmatched() -> Q:
    """Of a slip: neither its cheques together nor one of them alone was found on a line."""
    alone = StatementMatch.objects.filter(
        kind=Kind.TRANSFER,
        receipt__cheque__banked_lines__paying_in=OuterRef("pk"),
        confirmed_at__isnull=False,
        undone_at__isnull=True,
    )
    return _unmatched("paying_in", Kind.CHEQUES, Kind.WITH_CHEQUES) & ~Q(Exists(alone))


def _of_slip(
    one: PayingIn, kind: StatementMatch.Kind, amount_minor: int, *, may_differ: bool
) -> Candidate:
    run = words_of(one.slip_number)
    what = {
        Kind.CHEQUES: f"the cheques of slip {one.slip_number}",
        Kind.WITH_CHEQUES: f"slip {one.slip_number} with its cheques",
    }
    return Candidate(
        kind=kind,
        target=str(one.pk),
        amount_minor=amount_minor,
        currency=one.amount.currency.code,
        since=one.paid_in_on,
        until=one.paid_in_on + _LONGEST_TO_BANK,
        what=what.get(kind, f"slip {one.slip_number}"),
        runs=(run,),
        proposable=length_of(run) >= _SHORTEST_SLIP,
        may_differ=may_differ,
    )


def _read_returned(target: str | None) -> Iterable[Candidate]:
    """Cheques that the bank credited with their slip, and may take back: no receipt stands."""
    credited = StatementMatch.objects.filter(
        kind__in=[Kind.CHEQUES, Kind.WITH_CHEQUES],
        paying_in=OuterRef("paying_in"),
        confirmed_at__isnull=False,
        undone_at__isnull=True,
    )
    cleared = TransferReceipt.objects.filter(cheque=OuterRef("cheque"), reversed_at__isnull=True)
    bounced = StatementMatch.objects.filter(
        Q(cheque=OuterRef("cheque")) | Q(kind=Kind.BOUNCED, receipt__cheque=OuterRef("cheque")),
        confirmed_at__isnull=False,
        undone_at__isnull=True,
    )
    lines = PayingInCheque.objects.select_related("cheque", "paying_in").filter(
        Exists(credited), ~Exists(cleared), ~Exists(bounced), undone_at__isnull=True
    )
    if target is not None:
        lines = lines.filter(cheque=int(target))
    for line in lines:
        run = words_of(line.paying_in.slip_number)
        yield Candidate(
            kind=Kind.RETURNED,
            target=str(line.cheque_id),
            amount_minor=-to_minor(line.cheque.amount),
            currency=line.cheque.amount.currency.code,
            since=line.paying_in.paid_in_on,
            until=line.paying_in.paid_in_on + _TO_BOUNCE,
            what=f"a cheque of slip {line.paying_in.slip_number}",
            runs=(run,),
            also=RETURNED,
            proposable=length_of(run) >= _SHORTEST_SLIP,
        )


def _read_receipts(target: str | None) -> Iterable[Candidate]:
    standing = TransferReceipt.objects.filter(reversed_at__isnull=True, **_named(target))
    with_its_slip = StatementMatch.objects.filter(
        kind__in=[Kind.CHEQUES, Kind.WITH_CHEQUES],
        paying_in__cheque_lines__cheque=OuterRef("cheque"),
        paying_in__cheque_lines__undone_at__isnull=True,
        confirmed_at__isnull=False,
        undone_at__isnull=True,
    )
    alone = standing.filter(~Exists(with_its_slip))
    for one in alone.filter(_unmatched("receipt", Kind.TRANSFER, Kind.RULE)):
        before = _TO_CLEAR if one.method == TransferReceipt.Method.CHEQUE else _ABOUT
        runs = _runs_of(one)
        yield Candidate(
            kind=Kind.TRANSFER,
            target=str(one.pk),
            amount_minor=to_minor(one.amount),
            currency=one.amount.currency.code,
            since=one.received_on - before,
            until=one.received_on + _ABOUT,
            what=f"{one.get_method_display().lower()} {one.bank_reference}",
            runs=runs,
            proposable=bool(runs),
        )
    for one in standing.filter(_unmatched("receipt", Kind.BOUNCED)):
        runs = _runs_of(one)
        yield Candidate(
            kind=Kind.BOUNCED,
            target=str(one.pk),
            amount_minor=-to_minor(one.amount),
            currency=one.amount.currency.code,
            since=one.received_on - _TO_CLEAR,
            until=one.received_on + _TO_BOUNCE,
            what=f"{one.get_method_display().lower()} {one.bank_reference}",
            runs=runs,
            also=RETURNED,
            proposable=bool(runs),
        )


def _runs_of(receipt: TransferReceipt) -> tuple[Words, ...]:
    """The whole reference; of a cheque also each number in it, since banks show one of them."""
    whole = words_of(receipt.bank_reference)
    runs = [whole]
    if receipt.method == TransferReceipt.Method.CHEQUE:
        runs += [(word,) for word in whole if any(c.isdigit() for c in word)]
    return tuple(dict.fromkeys(run for run in runs if length_of(run) >= _SHORTEST_REFERENCE))


class PayoutAtBank(Protocol):
    """A payout that Stripe calls paid, and that has not come back.

    ``amount_minor`` is negative when Stripe took a debt from the bank; ``arrival_on`` is the day
    for which Stripe expects it at the bank.
    """

    @property
    def stripe_id(self) -> str:
        """Stripe's name for it."""

    @property
    def amount_minor(self) -> int:
        """In minor units."""

    @property
    def currency(self) -> str:
        """ISO 4217 code."""

    @property
    def arrival_on(self) -> date:
        """The day of arrival."""


def payout_source(
    read: Callable[[], Iterable[PayoutAtBank]], *, version: Callable[[], str]
) -> Source:
    """Payouts as candidates: the same amount, about the day, from Stripe by the line's own words.

    The bank's line seldom names the payout, so two of one amount in a week are left to a person.
    """

    def candidates(target: str | None) -> Iterable[Candidate]:
        matched = set(
            StatementMatch.objects.filter(
                kind=Kind.PAYOUT, confirmed_at__isnull=False, undone_at__isnull=True
            ).values_list("payout_id", flat=True)
        )
        for one in read():
            if one.stripe_id not in matched and target in {None, one.stripe_id}:
                yield Candidate(
                    kind=Kind.PAYOUT,
                    target=one.stripe_id,
                    amount_minor=one.amount_minor,
                    currency=one.currency.upper(),
                    since=one.arrival_on - timedelta(days=1),
                    until=one.arrival_on + _PAYOUT_LATE,
                    what=f"payout {one.stripe_id}",
                    also=frozenset({"STRIPE"}),
                )

    return Source(frozenset({Kind.PAYOUT}), candidates, version)


def _count_payings_in() -> str:
    return _count(PayingIn.objects.all())


def _count_cheques() -> str:
    counts = Cheque.objects.order_by().aggregate(all=Count("pk"), returned=Count("returned_at"))
    return f"{counts['all']}-{counts['returned']}"


def _count_receipts() -> str:
    return _count(TransferReceipt.objects.all())


def _count(records: QuerySet[PayingIn] | QuerySet[TransferReceipt]) -> str:
    """Records are only added to and reversed."""
    counts = records.order_by().aggregate(all=Count("pk"), reversed=Count("reversed_at"))
    return f"{counts['all']}-{counts['reversed']}"


def _count_payouts() -> str:
    counts = Payout.objects.order_by().aggregate(paid=Count("paid_at"), failed=Count("failed_at"))
    return f"{counts['paid']}-{counts['failed']}"


SOURCES: Final[tuple[Source, ...]] = (
    Source(
        frozenset({Kind.PAYING_IN, Kind.WITH_CHEQUES, Kind.CHEQUES}),
        _read_payings_in,
        _count_payings_in,
    ),
    Source(frozenset({Kind.RETURNED}), _read_returned, _count_cheques),
    Source(frozenset({Kind.TRANSFER, Kind.BOUNCED}), _read_receipts, _count_receipts),
    payout_source(
        lambda: Payout.objects.filter(paid_at__isnull=False, failed_at__isnull=True),
        version=_count_payouts,
    ),
)


def read_candidates(sources: Iterable[Source]) -> list[Candidate]:
    """All that the books expect at the bank and have not found there."""
    return [candidate for source in sources for candidate in source.read(None)]


def find_candidate(
    kind: StatementMatch.Kind, target: str, sources: Iterable[Source]
) -> Candidate | None:
    """One of them by its name; None when it is there no more, or matched."""
    return next(
        (
            candidate
            for source in sources
            if kind in source.kinds
            for candidate in source.read(target)
            if candidate.kind == kind
        ),
        None,
    )
