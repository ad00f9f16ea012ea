"""What happened to a bucket, from its number on the list to the line of the bank: who, and when."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from appeals.templatetags.money import money
from funds.access import Access
from funds.models import User
from payments.models import Bucket, OccasionStep, PayingIn, StatementMatch
from payments.paying_in_records import visible_payings_in
from payments.recording import say_day


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One row of a history. ``bucket`` is the number of whose it is; None for the whole table's."""

    at: datetime
    what: str
    who: str
    bucket: int | None = None
    detail: str = ""
    reason: str = ""


def as_happenings(steps: Iterable[OccasionStep]) -> list[Happening]:
    """The steps of a table, which must be fetched with their people and buckets."""
    return [
        Happening(
            at=step.at,
            what=step.get_kind_display(),
            who=_name(step.by) if step.by else step.seat.sitter if step.seat else "",
            bucket=step.bucket.number if step.bucket else None,
            detail=step.detail,
            reason=step.reason,
        )
        for step in steps
    ]


def read_history(bucket: Bucket, access: Access) -> list[Happening]:
    """All of one bucket, the latest first, as a treasurer may see it.

    Of a paying-in that holds other branches' bags too, the branch sees that it is banked, by whom
    and when, and nothing else.
    """
    steps = bucket.steps.select_related("by", "bucket", "seat")
    payings_in = PayingIn.objects.filter(
        Q(lines__collection__agreement__bucket=bucket)
        | Q(cheque_lines__cheque__agreement__bucket=bucket)
    )
    banked = list(payings_in.select_related("recorded_by", "reversed_by").distinct())
    shown = set(
        visible_payings_in(access)
        .filter(pk__in=[one.pk for one in banked])
        .values_list("pk", flat=True)
    )
    matches = StatementMatch.objects.filter(paying_in__in=banked, confirmed_at__isnull=False)
    found = [
        *as_happenings(steps),
        *(row for one in banked for row in _of_paying_in(one, is_shown=one.pk in shown)),
        *(
            row
            for match in matches.select_related("line__account", "confirmed_by", "undone_by")
            for row in _of_match(match, is_shown=match.paying_in_id in shown)
        ),
    ]
    return sorted(found, key=lambda row: row.at, reverse=True)


def _of_paying_in(one: PayingIn, *, is_shown: bool) -> Iterator[Happening]:
    people = f"{one.paid_in_by} and {one.paid_in_with}" if one.paid_in_with else one.paid_in_by
    detail = f"Slip {one.slip_number}, on {say_day(one.paid_in_on)}, by {people}"
    yield Happening(
        at=one.recorded_at,
        what="Banked",
        who=_name(one.recorded_by),
        detail=detail if is_shown else f"With others', on {say_day(one.paid_in_on)}",
    )
    if one.reversed_at is not None and one.reversed_by is not None:
        yield Happening(
            at=one.reversed_at,
            what="Banking undone",
            who=_name(one.reversed_by),
            reason=one.reversal_reason if is_shown else "",
        )


def _of_match(match: StatementMatch, *, is_shown: bool) -> Iterator[Happening]:
    assert match.confirmed_at is not None
    assert match.confirmed_by is not None
    detail = f"Line of {say_day(match.line.booked_on)}"
    if match.difference_minor:
        detail += f", with a difference of {money(match.difference)}"
    yield Happening(
        at=match.confirmed_at,
        what="Found on the bank's statement",
        who=_name(match.confirmed_by),
        detail=detail if is_shown else "",
        reason=match.note if is_shown else "",
    )
    if match.undone_at is not None and match.undone_by is not None:
        yield Happening(
            at=match.undone_at,
            what="Found there by mistake",
            who=_name(match.undone_by),
            reason=match.undo_reason if is_shown else "",
        )


def _name(user: User) -> str:
    return user.get_full_name() or user.get_username()
