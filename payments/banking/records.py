"""Reading the bank's side: accounts, files, lines, and what waits for the national treasurer."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from django.core.paginator import Page, Paginator
from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet

from funds.models import User
from funds.money import Money, from_minor
from funds.organisation import read_organisation
from payments.banking.candidates import SOURCES, Candidate, Source, read_candidates
from payments.models import (
    BankAccount,
    PayerRule,
    StatementImport,
    StatementLine,
    StatementMatch,
)
from payments.paying_in_records import who_handled_each

Kind = StatementMatch.Kind
State = StatementImport.State

PAGE_SIZE: Final = 50
_NEAR_DAYS: Final = timedelta(days=30)
_MOST_OPTIONS: Final = 12

# After how many looks a page that waits for a file waits how many seconds.
_LOOKS: Final = ((30, 1), (120, 3))
_AT_LAST_SECONDS: Final = 15


@dataclass(frozen=True, slots=True)
class AccountState:
    """One account: how much of it is read, and how much of that is explained."""

    account: BankAccount
    lines: int
    explained: int
    last_on: date | None

    @property
    def open(self) -> int:
        """Lines of which nobody has said what they are."""
        return self.lines - self.explained


def read_accounts() -> list[AccountState]:
    """Every account, by name; one query."""
    accounts = BankAccount.objects.annotate(
        line_count=Count("lines", distinct=True),
        explained=Count(
            "lines__matches",
            filter=Q(
                lines__matches__confirmed_at__isnull=False, lines__matches__undone_at__isnull=True
            ),
        ),
        last_on=Max("lines__booked_on"),
    ).order_by("name")
    return [
        AccountState(one, vars(one)["line_count"], vars(one)["explained"], vars(one)["last_on"])
        for one in accounts
    ]


def visible_imports() -> QuerySet[StatementImport]:
    """Every file, newest first: only the national treasurer asks."""
    return StatementImport.objects.select_related("account", "imported_by")


def visible_lines() -> QuerySet[StatementLine]:
    """Every line: only the national treasurer asks."""
    return StatementLine.objects.select_related("account")


def visible_rules() -> QuerySet[PayerRule]:
    """Every rule: only the national treasurer asks."""
    return PayerRule.objects.select_related("appeal", "branch", "made_by")


def open_lines() -> Q:
    """Of a line: nobody has said what it is."""
    return ~Q(Exists(_said()))


def _said() -> QuerySet[StatementMatch]:
    return StatementMatch.objects.filter(
        line=OuterRef("pk"), confirmed_at__isnull=False, undone_at__isnull=True
    )


@dataclass(frozen=True, slots=True)
class ShownImport:
    """A file, for a page that has asked so often before how far it is."""

    statement_import: StatementImport
    looked: int = 0

    @property
    def look_again_seconds(self) -> int:
        """Soon while it is read; 0 for never."""
        if self.statement_import.state not in {State.WAITING, State.READING}:
            return 0
        return next((wait for looks, wait in _LOOKS if self.looked < looks), _AT_LAST_SECONDS)

    @property
    def look_again_url(self) -> str:
        """Where the page asks next."""
        return f"?looked={self.looked + 1}"


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A line, and what is said or proposed of it, if anything."""

    line: StatementLine
    match: StatementMatch | None

    @property
    def is_confirmed(self) -> bool:
        """True when a person has said what it is."""
        return self.match is not None and self.match.confirmed_at is not None


@dataclass(frozen=True, slots=True)
class LinePage:
    """A page of lines, newest first."""

    page: Page[Any]
    rows: list[ShownLine]


def read_line_page(lines: QuerySet[StatementLine], *, number: str | None) -> LinePage:
    """One page of some lines; the matches of a page are one query more."""
    page: Page[Any] = Paginator(lines.order_by("-booked_on", "-pk"), PAGE_SIZE).get_page(number)
    shown = list(page.object_list)
    matches = {match.line_id: match for match in _standing(shown)}
    return LinePage(page, [ShownLine(line, matches.get(line.pk)) for line in shown])


def _standing(lines: Iterable[StatementLine]) -> QuerySet[StatementMatch]:
    return with_targets(StatementMatch.objects.filter(line__in=lines, undone_at__isnull=True))


def with_targets(matches: QuerySet[StatementMatch]) -> QuerySet[StatementMatch]:
    """With what a match is with, for a page."""
    return matches.select_related(
        "line__account",
        "paying_in",
        "receipt__appeal",
        "receipt__branch",
        "rule__appeal",
        "rule__branch",
        "cheque",
        "confirmed_by",
        "undone_by",
    )


def read_happenings(line: StatementLine) -> list[StatementMatch]:
    """All that was ever said of a line, newest first; proposals too."""
    return list(with_targets(line.matches.all()).order_by("-pk"))


@dataclass(frozen=True, slots=True)
class ShownProposal:
    """A proposal, and what stands in the way of confirming it with others."""

    match: StatementMatch
    is_yours: bool
    needs_note: bool
    needs_giver: bool

    @property
    def is_ready(self) -> bool:
        """True when a tick is enough."""
        return not (self.is_yours or self.needs_note or self.needs_giver)


@dataclass(frozen=True, slots=True)
class ProposalPage:
    """A page of proposals, oldest first, and how many lines are left without one."""

    page: Page[Any]
    rows: list[ShownProposal]
    left: int

    @property
    def ready(self) -> int:
        """How many of this page a tick is enough for."""
        return sum(row.is_ready for row in self.rows)


def read_proposal_page(user: User, *, number: str | None) -> ProposalPage:
    """The proposals as a national treasurer finds them."""
    proposals = with_targets(StatementMatch.objects.filter(confirmed_at__isnull=True))
    page: Page[Any] = Paginator(proposals.order_by("line__booked_on", "pk"), PAGE_SIZE).get_page(
        number
    )
    organisation = read_organisation()
    shown = list(page.object_list)
    payings_in = [match.paying_in for match in shown if match.paying_in is not None]
    handled = who_handled_each(payings_in)
    rows = [
        ShownProposal(
            match,
            is_yours=match.paying_in_id in handled
            and handled[match.paying_in_id].is_one_of_them(user),
            needs_note=bool(match.difference_minor),
            needs_giver=match.kind == Kind.RULE
            and organisation.needs_identified_donor(match.line.amount),
        )
        for match in shown
    ]
    left = StatementLine.objects.filter(open_lines()).count() - page.paginator.count
    return ProposalPage(page, rows, left)


def count_proposals() -> int:
    """How many proposals wait for a person."""
    return StatementMatch.objects.filter(confirmed_at__isnull=True).count()


@dataclass(frozen=True, slots=True)
class Option:
    """Something in the books that a line may be, and by how much the two differ."""

    candidate: Candidate
    difference: Money
    fits: bool


def read_options(line: StatementLine, sources: Sequence[Source] = SOURCES) -> list[Option]:
    """What a person may say an open line is: the same amount first, then the nearest.

    Only what lies within a month; of what may not differ, only the same amount.
    """
    currency = line.account.currency
    options = []
    for one in read_candidates(sources):
        is_in_time = one.since - _NEAR_DAYS <= line.booked_on <= one.until + _NEAR_DAYS
        difference = line.amount_minor - one.amount_minor
        same_way = (line.amount_minor > 0) == (one.amount_minor > 0)
        if (
            one.currency == currency
            and is_in_time
            and same_way
            and (one.may_differ or not difference)
        ):
            options.append((abs(difference), one))
    options.sort(key=lambda pair: (pair[0], pair[1].what))
    return [
        Option(one, line.amount - _money_of(one, line), fits=not apart)
        for apart, one in options[:_MOST_OPTIONS]
    ]


def _money_of(candidate: Candidate, line: StatementLine) -> Money:
    return from_minor(candidate.amount_minor, line.account.currency)
