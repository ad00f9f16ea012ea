"""Periods in a test's words: some days that are over, what was gathered, and closing them."""

from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.utils import timezone

from appeals.models import Appeal
from funds.access import Access
from funds.audit import audit_ledger
from funds.models import Branch, Membership, PeriodClose
from payments.audit import audit_till
from payments.closing import periods
from payments.closing.cash_book import CashBook, read_cash_book
from payments.closing.periods import PeriodFacts, name_of
from payments.closing.tie_out import (
    TieOut,
    figures_digest,
    read_tie_out,
)
from payments.models import (
    CashCollection,
)
from payments.periods import Period
from tests.factories import (
    gbp,
)
from tests.payments.refunding import make_national
from tests.payments.test_cash import facts_of, record

NATIONAL: Final = Access(frozenset({Membership.Role.NATIONAL_TREASURER}), ())
TODAY: Final = datetime.now(ZoneInfo("Europe/London")).date()
UNTIL: Final = TODAY - timedelta(days=10)
SINCE: Final = UNTIL - timedelta(days=30)
PERIOD: Final = Period(name_of(SINCE, UNTIL), SINCE, UNTIL)
OPEN_DAY: Final = UNTIL + timedelta(days=1)


def collect(appeal: Appeal, amount: int, *, on: date = UNTIL, **changes: Any) -> CashCollection:
    return record(facts_of(appeal, amount=gbp(amount), collected_on=on, **changes))


def seen(since: date = SINCE, until: date = UNTIL) -> PeriodFacts:
    return PeriodFacts(since, until, figures_digest(read_tie_out(since, until)))


def close(since: date = SINCE, until: date = UNTIL) -> PeriodClose:
    return periods.close(
        seen(since, until), closed_by=make_national("first"), confirmed_by=make_national("second")
    )


def book_of(period: Period = PERIOD, *, access: Access = NATIONAL) -> CashBook:
    branches = list(Branch.objects.order_by("name"))
    if not access.is_national_treasurer:
        branches = list(access.own_branches)
    return read_cash_book(period, branches, access, now=timezone.now())


def the_row(tie_out: list[TieOut]) -> tuple[int, int, int, int]:
    """Opening, in, banked and in hand, in whole pounds, of the only branch."""
    (one,) = tie_out
    figures = (one.opening, one.came_in, one.banked, one.in_hand)
    opening, came_in, banked, in_hand = (int(figure.amount) for figure in figures)
    return opening, came_in, banked, in_hand


def audit() -> list[str]:
    return [str(one) for one in (*audit_ledger(), *audit_till())]
