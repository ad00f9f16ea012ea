"""Booking: each line that was taken gets its entries, or waits with the reason.

A line's fee is booked whatever the line is about. Its amount is booked here when nobody else will
tell of it (payouts, fees for the account, what is not ours); a donation, a refund or a dispute is
booked by its own events, and the line then finds that entry by its key.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from funds import chart
from funds.ledger import Draft, EntryConflictError, Kind, post_entries
from funds.models import JournalEntry
from payments.balance.deciding import Category, Decision, Whose, decide, read_owners
from payments.balance.kinds import Meaning, meaning_of
from payments.models import BalanceLine
from payments.retrying import delay_seconds, describe_error
from payments.stripe_lines import Accounts, fee_draft, held_lines

BATCH_SIZE: Final = 200

# The database's own trouble says nothing about a line: nothing is marked, all is tried again.
_TRANSIENT: Final = (OperationalError, InterfaceError)

# Booked here, by the line: which account stands against clearing, of which kind the entry is, and
# what it says to the treasurer.
_OWN: Final = {
    Category.ACCOUNT_FEE: (chart.FEES, Kind.STRIPE_FEE, "Stripe's fee for the account"),
    Category.NOT_OURS: (chart.UNALLOCATED_RECEIPTS, Kind.UNALLOCATED, "Not of this site: {type}"),
    Category.PAYOUT: (chart.PAYOUTS_IN_TRANSIT, Kind.PAYOUT, "Payout to the bank"),
    Category.PAYOUT_FAILED: (
        chart.PAYOUTS_IN_TRANSIT,
        Kind.PAYOUT_FAILED,
        "Payout that came back to Stripe",
    ),
}


class BookedLines(NamedTuple):
    """How many lines were tried, and how many of them are done with."""

    tried: int
    booked: int


class _Result(NamedTuple):
    """What came of a line. ``error`` says what it waits for, ``is_aside`` for a person."""

    line: BalanceLine
    is_booked: bool
    is_aside: bool
    error: str


def due_lines() -> QuerySet[BalanceLine]:
    """Lines that are to be booked, now or later; not those put aside for a person."""
    return BalanceLine.objects.filter(booked_at__isnull=True, put_aside_at__isnull=True)


def book_due_lines(limit: int = BATCH_SIZE) -> BookedLines:
    """Book lines that are due, oldest attempt first, in one transaction.

    Others' lines are passed over. A line that cannot be booked waits, alone, with the reason.

    Raises:
        OperationalError, InterfaceError: The database's trouble. Nothing is marked.
    """
    with transaction.atomic():
        lines = list(
            due_lines()
            .filter(next_attempt_at__lte=Now())
            .order_by("next_attempt_at", "pk")
            .select_for_update(skip_locked=True)[:limit]
        )
        if not lines:
            return BookedLines(0, 0)
        results = _judge(lines)
        _mark(results)
    return BookedLines(len(lines), sum(result.is_booked for result in results))


def book_everything_due() -> int:
    """Batch after batch, until nothing is due; answers how many lines are done with."""
    booked = 0
    while True:
        done = book_due_lines()
        booked += done.booked
        if done.tried == 0:
            return booked


def _judge(lines: Sequence[BalanceLine]) -> list[_Result]:
    """Book lines together; when that fails, by halves, down to the one at fault."""
    try:
        with transaction.atomic():
            return _book(lines)
    except _TRANSIENT:
        raise
    except Exception as error:  # noqa: BLE001 - a bug must cost one line's delay, never the others'
        if len(lines) == 1:
            is_aside = isinstance(error, EntryConflictError)
            return [
                _Result(lines[0], is_booked=False, is_aside=is_aside, error=describe_error(error))
            ]
    half = len(lines) // 2
    return _judge(lines[:half]) + _judge(lines[half:])


def _book(lines: Sequence[BalanceLine]) -> list[_Result]:
    _decide_late(lines)
    accounts = Accounts()
    drafts = {line.pk: _drafts(line, accounts) for line in lines}
    posted = [draft for of_line in drafts.values() for draft in of_line]
    if posted:
        post_entries(posted)
        connection.check_constraints()  # what would fail at commit must fail here, and alone
    own = {draft.source_key for draft in posted}
    told = {line.principal_key for line in lines} - own - {""}
    in_books = own | set(
        JournalEntry.objects.filter(source_key__in=told).values_list("source_key", flat=True)
    )
    return [_result(line, in_books) for line in lines]


def _result(line: BalanceLine, in_books: set[str]) -> _Result:
    if line.category == Category.ASIDE:
        return _Result(line, is_booked=False, is_aside=True, error=line.last_error)
    if line.category == Category.UNDECIDED:
        return _Result(line, is_booked=False, is_aside=False, error=line.last_error)
    is_booked = not line.principal_key or line.principal_key in in_books
    error = "" if is_booked else f"{line.principal_key} is not in the books yet"
    return _Result(line, is_booked=is_booked, is_aside=False, error=error)


def _decide_late(lines: Sequence[BalanceLine]) -> None:
    """Decide what could not be decided when the lines were taken, as far as it can be now."""
    undecided = [line for line in lines if line.category == Category.UNDECIDED]
    if not undecided:
        return
    owners = read_owners(undecided)
    for line in undecided:
        whose = owners[line.payment_intent_id]
        is_failure = meaning_of(line.type, line.reporting_category) is Meaning.CHARGE_FAILED
        if is_failure and whose is Whose.OURS:
            decision = _decide_failed_charge(line, lines)
        else:
            decision = decide(line, whose)
        if decision.category == Category.UNDECIDED and line.last_error:
            continue  # what asking Stripe came to says more
        line.category, line.principal_key, line.last_error = decision


def _decide_failed_charge(line: BalanceLine, lines: Sequence[BalanceLine]) -> Decision:
    """Stripe shows a direct debit before it has come, and takes it back when it does not.

    What was never raised is not taken off either: both lines are booked as not ours, and come to
    nothing. What was raised is taken off by the event that tells of the failure.

    Source: docs.stripe.com/reports/balance-transaction-types, ``payment_failure_refund``.
    """
    payment = line.payment_intent_id
    if JournalEntry.objects.filter(source_key=f"stripe:{payment}:received").exists():
        return Decision(Category.REFUND, f"stripe:{payment}:failed")
    for charge in due_lines().filter(payment_intent_id=payment, category=Category.DONATION):
        charge.category, charge.principal_key = Category.NOT_OURS, charge.key("unallocated")
        charge.save(update_fields=["category", "principal_key"])
        for here in lines:  # the rows in hand are written as they are in hand
            if here.pk == charge.pk:
                here.category, here.principal_key = charge.category, charge.principal_key
    return Decision(Category.NOT_OURS, line.key("unallocated"))


def _drafts(line: BalanceLine, accounts: Accounts) -> list[Draft]:
    drafts = []
    if line.fee_minor:
        drafts.append(
            fee_draft(
                line.stripe_id,
                line.fee,
                on=line.occurred_on,
                fees=accounts.chart_account(chart.FEES, line.currency),
                clearing=accounts.chart_account(chart.STRIPE_CLEARING, line.currency),
            )
        )
    category = Category(line.category)
    if category in _OWN and line.amount_minor:
        other, kind, memo = _OWN[category]
        drafts.append(
            Draft(
                line.principal_key,
                kind,
                line.occurred_on,
                memo.format(type=line.type),
                held_lines(other, line.amount, accounts=accounts),
            )
        )
    elif category not in {Category.ASIDE, Category.UNDECIDED}:
        drafts += _exchange(line, accounts)
    return drafts


def _exchange(line: BalanceLine, accounts: Accounts) -> list[Draft]:
    """What was booked in the currency it was paid in, and is held in another by Stripe.

    Dr currency exchange, Cr clearing in the first; Dr clearing, Cr currency exchange in the
    second; the other way round for what leaves. What the two differ by in value is Stripe's rate.
    """
    source = line.source_amount
    if source is None or not source.amount or not line.amount_minor:
        return []
    first, second = line.source_currency, line.currency
    return [
        Draft(
            line.key(name),
            Kind.EXCHANGE,
            line.occurred_on,
            f"Changed by Stripe from {first} to {second}",
            held_lines(chart.CURRENCY_EXCHANGE, amount, accounts=accounts),
        )
        for name, amount in (("converted-from", -source), ("converted-to", line.amount))
    ]


_MARK: Final = """
UPDATE payments_balanceline l
   SET category = done.category, principal_key = done.principal_key,
       booked_at = CASE WHEN done.is_booked THEN now() END,
       put_aside_at = CASE WHEN done.is_aside THEN now() END,
       attempts = attempts + 1, last_error = done.error,
       next_attempt_at = statement_timestamp() + done.delay_seconds * interval '1 second'
  FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::bool[], %s::bool[], %s::text[],
              %s::numeric[])
    AS done (id, category, principal_key, is_booked, is_aside, error, delay_seconds)
 WHERE l.id = done.id
"""


def _mark(results: Sequence[_Result]) -> None:
    rows = [
        (
            result.line.pk,
            str(result.line.category),
            result.line.principal_key,
            result.is_booked,
            result.is_aside,
            result.error,
            delay_seconds(result.line.attempts),
        )
        for result in results
    ]
    with connection.cursor() as cursor:
        cursor.execute(_MARK, [list(column) for column in zip(*rows, strict=True)])
