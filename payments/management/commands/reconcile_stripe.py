"""The reconciliation by hand, or from a timer."""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.core.management import BaseCommand, CommandError

from funds.money import Money, decimal_text, to_minor
from funds.organisation import read_organisation
from payments.balance.booking import book_everything_due, due_lines
from payments.balance.contents import ask_for_overdue_payouts
from payments.balance.importing import Progress, bring_in
from payments.balance.matching import Scope
from payments.balance.owners import ask_for_owners
from payments.balance.reconciliation import (
    Reconciliation,
    Row,
    Sides,
    read_currencies,
    read_reconciliation,
)
from payments.balance.strays import ask_for_stray_lines
from payments.inbox import act_on_everything_due
from payments.periods import month_of
from payments.recording import local_today
from payments.stripe_gateway.client import StripeUnavailableError

_TELL_EVERY = 1000


class Command(BaseCommand):
    help = (
        "Read what is missing of Stripe's lines, ask for what stands behind those that are not "
        "booked, and lay both sides of a period side by side. May be ended and started again at "
        "any time: it goes on where it was. Exit 1 when a difference is not explained."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        day = date.fromisoformat
        parser.add_argument(
            "--from", dest="since", type=day, help="First day, as 2026-11-01. This month's."
        )
        parser.add_argument("--to", dest="until", type=day, help="Last day, as 2026-11-30. Today.")
        parser.add_argument("--currency", help="One of them, such as GBP. All of them.")
        parser.add_argument("--offline", action="store_true", help="Ask Stripe nothing.")
        parser.add_argument("--json", action="store_true", help="Print one JSON object.")

    def handle(self, *_args: Any, **options: Any) -> None:
        today = local_today()
        since: date = options["since"] or month_of(today).since
        until: date = options["until"] or max(since, today)
        if until < since:
            raise CommandError("the period ends before it begins")
        if not options["offline"]:
            self._read(since)
        currencies = [options["currency"]] if options["currency"] else read_currencies()
        reports = [read_reconciliation(Scope(code.upper(), since, until)) for code in currencies]
        if options["json"]:
            self.stdout.write(json.dumps([_as_json(report) for report in reports]))
        else:
            for report in reports:
                for line in _as_text(report):
                    self.stdout.write(line)
        if not all(report.is_right for report in reports):
            sys.exit(1)

    def _read(self, since: date) -> None:
        """Bring in what is missing, from the first day asked for on."""
        zone = ZoneInfo(read_organisation().time_zone)
        told = 0

        def tell(progress: Progress) -> None:
            nonlocal told
            if progress.read - told >= _TELL_EVERY:
                told = progress.read
                self.stderr.write(
                    f"  read {progress.read} lines, {progress.new} of them new, back to "
                    f"{progress.back_to.astimezone(zone):%d %B %Y %H:%M}"
                )

        try:
            imported = bring_in(since=datetime.combine(since, time(), zone), tell=tell)
            if imported is None:
                self.stderr.write("  another process reads Stripe's lines just now")
                return
            self.stderr.write(f"  read {imported.read} lines, {imported.new} of them new")
            self._ask()
            ask_for_overdue_payouts()
        except StripeUnavailableError as error:
            raise CommandError(
                f"Stripe does not answer ({error}). What was read stands; start again later."
            ) from error
        act_on_everything_due()
        book_everything_due()

    def _ask(self) -> None:
        """Ask about lines that are not booked, as long as that settles any."""
        left = due_lines().count()
        while left:
            ask_for_owners()
            ask_for_stray_lines(older_than=timedelta())
            act_on_everything_due()
            book_everything_due()
            before, left = left, due_lines().count()
            if left >= before:
                break
            self.stderr.write(f"  asked for what nobody told us of; {left} lines wait")


@dataclass(frozen=True, slots=True)
class _Columns:
    """A row of the printed table."""

    name: str
    sides: Sides


def _as_text(report: Reconciliation) -> Iterator[str]:
    scope = report.scope
    yield f"{scope.currency}, {scope.since} to {scope.until}"
    yield f"  {'':34}{'Stripe':>16}{'books':>16}{'difference':>16}"
    for columns in _columns(report):
        yield f"  {columns.name:34}" + "".join(
            f"{_plain(amount):>16}"
            for amount in (columns.sides.stripe, columns.sides.books, columns.sides.difference)
        )
    held = report.held
    told = _plain(held.told) if held.told is not None else "not asked"
    yield (
        f"  held by now: Stripe says {told}, its lines {_plain(held.by_lines)}, the books "
        f"{_plain(held.by_books)}"
    )
    for why in report.reasons:
        yield f"  {_plain(why.amount):>14}  {why.text} ({why.count})"
    verdict = "every penny is explained" if report.is_right else "not explained"
    yield f"  remainder {_plain(report.remainder)}: {verdict}"


def _columns(report: Reconciliation) -> Iterator[_Columns]:
    for row in report.rows:
        yield _row(row)
    yield _Columns("Together", report.earned)
    for row in report.paid_out:
        yield _row(row)
    yield _Columns("Change of what Stripe holds", report.change)
    yield _Columns("Held before", report.opening)
    yield _Columns("Held after", report.closing)


def _row(row: Row) -> _Columns:
    return _Columns(f"{row.name} ({row.lines}, {row.entries})", Sides(row.stripe, row.books))


def _as_json(report: Reconciliation) -> dict[str, Any]:
    scope, held = report.scope, report.held
    return {
        "currency": scope.currency,
        "from": scope.since.isoformat(),
        "to": scope.until.isoformat(),
        "rows": {
            row.part.value: _sides(Sides(row.stripe, row.books))
            | {"lines": row.lines, "entries": row.entries}
            for row in (*report.rows, *report.paid_out)
        },
        "change": _sides(report.change),
        "opening": _sides(report.opening),
        "closing": _sides(report.closing),
        "held": {
            "stripe": _plain(held.told) if held.told is not None else None,
            "lines": _plain(held.by_lines),
            "books": _plain(held.by_books),
        },
        "reasons": {
            why.reason.value: {"count": why.count, "amount": _plain(why.amount)}
            for why in report.reasons
        },
        "remainder": _plain(report.remainder),
        "ok": report.is_right,
    }


def _sides(sides: Sides) -> dict[str, str]:
    return {"stripe": _plain(sides.stripe), "books": _plain(sides.books)}


def _plain(amount: Money) -> str:
    return decimal_text(to_minor(amount), amount.currency.code)
