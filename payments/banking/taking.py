"""Taking a file's lines into an account: each once, whatever files overlap."""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import TypeAlias

from django.db import transaction
from django.db.models import Count

from payments.banking.files.lines import FileLine
from payments.models import StatementImport, StatementLine

_DayAmount: TypeAlias = tuple[date, int]


class LineTaker:
    """Takes the lines of one file, from its first to its last.

    A line is known by its key. The bank's own id makes it, with the day and the amount, since
    some banks give an id twice; without one, all that the line says. The n-th that is alike in
    this file is the n-th: two equal lines of a day are two, and a file that overlaps has the same
    two. Only a file that begins or ends within a day, without ids, may hide one behind another.

    The same line in another format has another key. There the day and the amount tell: as many
    lines as other formats brought of a day and an amount are taken for known.
    """

    def __init__(self, statement_import: StatementImport) -> None:
        self._import = statement_import
        self._alike: Counter[str] = Counter()
        self._known_elsewhere: Counter[_DayAmount] = Counter()

    @transaction.atomic
    def take(self, lines: Sequence[FileLine]) -> int:
        """Take the next lines of the file; answers how many of them were new.

        Lines that this very import took before it died count as new again.
        """
        keys = [self._key(line) for line in lines]
        known = dict(
            StatementLine.objects.filter(account=self._import.account, key__in=keys).values_list(
                "key", "statement_import_id"
            )
        )
        unknown = [(k, line) for k, line in zip(keys, lines, strict=True) if k not in known]
        new = self._leave_out_known_elsewhere(unknown)
        StatementLine.objects.bulk_create(self._row(key, line) for key, line in new)
        return len(new) + sum(import_id == self._import.pk for import_id in known.values())

    def _key(self, line: FileLine) -> str:
        day = line.booked_on.isoformat()
        told = (
            ["id", line.bank_id, day, line.amount_minor]
            if line.bank_id
            else ["as", day, line.amount_minor, line.text, line.bank_reference]
        )
        digest = hashlib.sha256(json.dumps(told).encode()).hexdigest()
        self._alike[digest] += 1
        return f"{digest}:{self._alike[digest]}"

    def _leave_out_known_elsewhere(
        self, lines: Sequence[tuple[str, FileLine]]
    ) -> list[tuple[str, FileLine]]:
        held = self._held_in_other_formats([line for _, line in lines])
        new = []
        for key, line in lines:
            day_amount = (line.booked_on, line.amount_minor)
            if self._known_elsewhere[day_amount] < held.get(day_amount, 0):
                self._known_elsewhere[day_amount] += 1
            else:
                new.append((key, line))
        return new

    def _held_in_other_formats(self, lines: Sequence[FileLine]) -> dict[_DayAmount, int]:
        if not lines:
            return {}
        rows = (
            StatementLine.objects.order_by()
            .filter(
                account=self._import.account,
                booked_on__in={line.booked_on for line in lines},
                amount_minor__in={line.amount_minor for line in lines},
            )
            .exclude(statement_import__scheme=self._import.scheme)
            .values_list("booked_on", "amount_minor")
            .annotate(Count("pk"))
        )
        return {(day, minor): count for day, minor, count in rows}

    def _row(self, key: str, line: FileLine) -> StatementLine:
        return StatementLine(
            account=self._import.account,
            statement_import=self._import,
            key=key,
            booked_on=line.booked_on,
            amount_minor=line.amount_minor,
            text=line.text,
            bank_reference=line.bank_reference,
        )
