"""Reading cheques: each with how far it is; a treasurer finds those of their own branches."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, Final

from django.core.paginator import Page, Paginator
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from funds.access import Access
from payments.models import (
    Cheque,
    Occasion,
    PayingIn,
    PayingInCheque,
    StatementMatch,
    TransferReceipt,
)
from payments.recording import local_today
from payments.working_days import working_days_between

PAGE_SIZE: Final = 50
CLEARS_AFTER: Final = 2
"""Working days after which the fate of a cheque is known. Source: the Cheque and Credit Clearing
Company's image clearing, by the end of the next working day; a day more, to be safe."""


_OF_CHEQUES: Final = (StatementMatch.Kind.CHEQUES, StatementMatch.Kind.WITH_CHEQUES)
"""Matches that say that the cheques of a slip are at the bank."""


class ChequeState(StrEnum):
    """How far a cheque is, in a word for lists."""

    IN_HAND = "in hand"
    PAID_IN = "paid in"
    CLEARED = "cleared"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class ShownCheque:
    """A cheque, the slip that it is on, the receipt of its clearing, and when it may clear.

    ``credited_on`` is the day of the bank's line that was confirmed as the slip's cheques.
    """

    cheque: Cheque
    paying_in: PayingIn | None
    receipt: TransferReceipt | None
    credited_on: date | None

    @property
    def state(self) -> ChequeState:
        """How far it is."""
        if self.cheque.returned_at is not None:
            return ChequeState.RETURNED
        if self.receipt is not None:
            return ChequeState.CLEARED
        return ChequeState.PAID_IN if self.paying_in is not None else ChequeState.IN_HAND

    @property
    def clears_on(self) -> date | None:
        """The day on which the bank's line lets it count as cleared; None before that."""
        if self.state != ChequeState.PAID_IN or self.credited_on is None:
            return None
        day = self.credited_on
        while working_days_between(self.credited_on, day) < CLEARS_AFTER:
            day += timedelta(days=1)
        return day

    @property
    def is_due(self) -> bool:
        """Whether it is proposed as cleared: the bank has credited it, and the days are over."""
        return self.clears_on is not None and self.clears_on <= local_today()


def _of_branches(access: Access) -> Q:
    own = access.own_branches
    return Q(agreement__bucket__occasion__branch__in=own) | Q(gift__occasion__branch__in=own)


def visible_cheques(access: Access) -> QuerySet[Cheque]:
    """The standing cheques that a treasurer may see: of their own branches, or every one."""
    cheques = Cheque.objects.select_related(
        "agreement__bucket__occasion__appeal",
        "agreement__bucket__occasion__branch",
        "gift__occasion__appeal",
        "gift__occasion__branch",
        "returned_by",
    ).filter(Q(agreement__isnull=True) | Q(agreement__undone_at__isnull=True))
    return cheques if access.is_national_treasurer else cheques.filter(_of_branches(access))


def cheques_in_hand(access: Access) -> QuerySet[Cheque]:
    """What a treasurer may pay in; the oldest first."""
    banked = PayingInCheque.objects.filter(cheque=OuterRef("pk"), undone_at__isnull=True)
    waiting = visible_cheques(access).filter(~Exists(banked), returned_at__isnull=True)
    return waiting.order_by("dated_on", "pk")


def cheques_of_occasion(occasion: Occasion) -> QuerySet[Cheque]:
    """Those that were found at one table and stand; the named ones too."""
    everyones = Cheque.objects.select_related("agreement__bucket", "gift")
    stands = Q(agreement__bucket__occasion=occasion, agreement__undone_at__isnull=True)
    return everyones.filter(stands | Q(gift__occasion=occasion)).order_by("pk")


def cheques_of(paying_in: PayingIn) -> QuerySet[Cheque]:
    """What is on a slip."""
    return (
        Cheque.objects.select_related(
            "agreement__bucket__occasion__branch", "gift__occasion__branch"
        )
        .filter(banked_lines__paying_in=paying_in)
        .order_by("pk")
    )


def with_states(cheques: QuerySet[Cheque]) -> QuerySet[Cheque]:
    """Fetched with what ``show_cheques`` needs: three queries more."""
    lines = PayingInCheque.objects.filter(undone_at__isnull=True).select_related("paying_in")
    matches = StatementMatch.objects.filter(
        kind__in=_OF_CHEQUES,
        confirmed_at__isnull=False,
        undone_at__isnull=True,
    ).select_related("line")
    standing = TransferReceipt.objects.filter(reversed_at__isnull=True)
    return cheques.prefetch_related(
        Prefetch(
            "banked_lines",
            lines.prefetch_related(Prefetch("paying_in__matches", matches, "of_cheques")),
            "standing_lines",
        ),
        Prefetch("receipts", standing, "standing_receipts"),
    )


def show_cheques(cheques: Iterable[Cheque]) -> list[ShownCheque]:
    """Each with how far it is; they must come from ``with_states``."""
    return [_show(cheque) for cheque in cheques]


def _show(cheque: Cheque) -> ShownCheque:
    kept = vars(cheque)
    line: PayingInCheque | None = next(iter(kept["standing_lines"]), None)
    paying_in = line.paying_in if line else None
    match = next(iter(vars(paying_in)["of_cheques"]), None) if paying_in else None
    return ShownCheque(
        cheque,
        paying_in,
        next(iter(kept["standing_receipts"]), None),
        match.line.booked_on if match else None,
    )


def read_due_cheques(cheques: QuerySet[Cheque]) -> list[ShownCheque]:
    """Those that the bank credited long enough ago to count as cleared; the oldest first."""
    uncleared = ~Exists(
        TransferReceipt.objects.filter(cheque=OuterRef("pk"), reversed_at__isnull=True)
    )
    credited = StatementMatch.objects.filter(
        kind__in=_OF_CHEQUES,
        paying_in__cheque_lines__cheque=OuterRef("pk"),
        paying_in__cheque_lines__undone_at__isnull=True,
        confirmed_at__isnull=False,
        undone_at__isnull=True,
    )
    waiting = cheques.filter(uncleared, Exists(credited), returned_at__isnull=True).order_by("pk")
    return [row for row in show_cheques(with_states(waiting)) if row.is_due]


@dataclass(frozen=True, slots=True)
class ChequePage:
    """A page of cheques, newest first."""

    page: Page[Any]
    rows: list[ShownCheque]


def read_cheque_page(cheques: QuerySet[Cheque], *, number: str | None) -> ChequePage:
    """One page of some cheques; the same number of queries however many."""
    page: Page[Any] = Paginator(with_states(cheques).order_by("-pk"), PAGE_SIZE).get_page(number)
    return ChequePage(page, show_cheques(page.object_list))
