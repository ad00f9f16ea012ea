"""Taking in the bank's files: kept when they arrive, read by a chore, each line once."""

import hashlib
import json
import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Final

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from funds.models import User
from funds.money import minor_unit
from payments.banking.files.camt_file import open_camt
from payments.banking.files.columns import Columns
from payments.banking.files.csv_file import open_csv, tell_shape
from payments.banking.files.formats import tell_format
from payments.banking.files.lines import (
    MAX_BYTES,
    MAX_LINES,
    FileLine,
    StatementFileError,
    StatementReader,
)
from payments.banking.files.ofx_file import open_ofx
from payments.banking.taking import LineTaker
from payments.models import BankAccount, ColumnMap, StatementFile, StatementImport

logger = logging.getLogger(__name__)

Format = StatementImport.Format
State = StatementImport.State

CHUNK: Final = 1000
"""Lines that are taken in one transaction, and by which the progress is told."""

_LEASE: Final = timedelta(seconds=90)
"""Who reads a file and is not heard of for so long is taken for dead."""

_MOST_ATTEMPTS: Final = 5
_KEPT_FOR: Final = timedelta(days=7)
"""So long a CSV that was not taken waits for other columns."""


@dataclass(frozen=True, slots=True)
class ArrivedFile:
    """A file as it was sent."""

    name: str
    content: bytes


@transaction.atomic
def keep_file(account: BankAccount, file: ArrivedFile, *, imported_by: User) -> StatementImport:
    """Keep a file that was sent, for the chore to read.

    A CSV waits until a person has confirmed its columns, unless its header is known.

    Raises:
        StatementFileError: It is too large, or in no format that is read. Nothing is kept.
    """
    if len(file.content) > MAX_BYTES:
        raise StatementFileError(
            f"The file is larger than {MAX_BYTES // 1024 // 1024} MB. Export a shorter time."
        )
    kind = tell_format(file.content)
    state, columns = State.WAITING, {}
    if kind == Format.CSV:
        shape = tell_shape(file.content)
        if known := ColumnMap.objects.filter(fingerprint=shape.fingerprint).first():
            columns = known.columns
        else:
            state = State.COLUMNS
    kept = StatementImport.objects.create(
        account=account,
        format=kind,
        file_name=file.name[:200],
        size_bytes=len(file.content),
        columns=columns,
        state=state,
        imported_by=imported_by,
    )
    StatementFile.objects.create(statement_import=kept, content=file.content)
    return kept


@transaction.atomic
def confirm_columns(kept: StatementImport, columns: Columns, *, confirmed_by: User) -> bool:
    """Say what a CSV's columns mean: it is read now, and so is the next file with its header.

    Answers False, and changes nothing, when the file waits for that no more.
    """
    # Against a second tap.
    locked = StatementImport.objects.select_for_update().get(pk=kept.pk)
    if locked.state != State.COLUMNS:
        return False
    shape = tell_shape(bytes(locked.file.content))
    ColumnMap.objects.update_or_create(
        fingerprint=shape.fingerprint,
        defaults={
            "columns": columns.as_json(),
            "confirmed_by": confirmed_by,
            "confirmed_at": timezone.now(),
        },
    )
    locked.columns = columns.as_json()
    locked.state = State.WAITING
    locked.save(update_fields=["columns", "state"])
    return True


@transaction.atomic
def forget_columns(kept: StatementImport) -> bool:
    """Ask again what the columns mean, when a remembered map read the file wrongly.

    Only before a line of it was taken: what is taken stays. Answers whether it could.
    """
    locked = StatementImport.objects.select_for_update().get(pk=kept.pk)
    file = StatementFile.objects.filter(statement_import=locked).first()
    if locked.format != Format.CSV or locked.state != State.REFUSED or file is None:
        return False
    locked.state = State.COLUMNS
    locked.last_error = ""
    locked.finished_at = None
    locked.save(update_fields=["state", "last_error", "finished_at"])
    return True


def read_due_files() -> int:
    """Read every file that waits; answers how many. The chore, outside any transaction."""
    done = 0
    while (kept := _claim()) is not None:
        try:
            _require_hope(kept)
            _read(kept)
        except StatementFileError as error:
            _finish(kept, State.REFUSED, error=str(error))
        done += 1
    _forget_old_files()
    return done


def _forget_old_files() -> None:
    """A file names who paid: it is not kept for ever because nobody said what its columns mean."""
    now = timezone.now()
    too_old = now - _KEPT_FOR
    StatementImport.objects.filter(state=State.COLUMNS, imported_at__lt=too_old).update(
        state=State.REFUSED,
        last_error="Nobody confirmed its columns for a week. Send it once more.",
        finished_at=now,
    )
    StatementFile.objects.filter(statement_import__finished_at__lt=too_old).delete()


def _claim() -> StatementImport | None:
    """The next file that nobody reads, now ours for a while: one of each account at a time."""
    now = timezone.now()
    is_free = Q(claimed_until__isnull=True) | Q(claimed_until__lt=now)
    due = StatementImport.objects.filter(is_free, state__in=[State.WAITING, State.READING])
    for kept in due.select_related("account").order_by("pk"):
        with transaction.atomic():
            # Against another worker that reads another file of the account: which of two formats
            # brings a line first is told by what stands.
            BankAccount.objects.select_for_update().get(pk=kept.account_id)
            others = StatementImport.objects.filter(account=kept.account, claimed_until__gte=now)
            if others.exists() or not due.filter(pk=kept.pk).update(
                claimed_until=now + _LEASE, attempts=F("attempts") + 1
            ):
                continue
        return StatementImport.objects.select_related("account", "file").get(pk=kept.pk)
    return None


def _require_hope(kept: StatementImport) -> None:
    if kept.attempts > _MOST_ATTEMPTS:
        logger.error("statement import %s was given up", kept.reference)
        raise StatementFileError(
            "It could not be read, and not for anything in it that we understand. The operator "
            "finds the reason in the log."
        )


def _read(kept: StatementImport) -> None:
    """Go through the file twice: whether all of it can be read, and then line by line."""
    reader = open_file(kept)
    _require_right_account(kept, reader)
    total = sum(1 for _ in _bounded(reader))
    kept.scheme = _scheme(kept)
    _tell(
        kept,
        state=State.READING,
        scheme=kept.scheme,
        lines_total=total,
        lines_read=0,
        lines_known=0,
    )
    taker = LineTaker(kept)
    counts: Counter[str] = Counter()
    for chunk in _chunks(reader.read()):
        lines = [line for line in chunk if line is not None]
        counts["left_out"] += len(chunk) - len(lines)
        counts["known"] += len(lines) - taker.take(lines)
        counts["read"] += len(lines)
        _tell(kept, lines_read=counts["read"], lines_known=counts["known"])
    _tell(kept, lines_left_out=counts["left_out"])
    _finish(kept, State.DONE)


def _chunks(lines: Iterable[FileLine | None]) -> Iterator[list[FileLine | None]]:
    remaining = iter(lines)
    while chunk := list(islice(remaining, CHUNK)):
        yield chunk


def _scheme(kept: StatementImport) -> str:
    """Files of one scheme make the same text, and so the same key, of the same line."""
    if kept.format != Format.CSV:
        return str(kept.format)
    told = json.dumps(kept.columns, sort_keys=True)
    return f"csv {hashlib.sha256(told.encode()).hexdigest()}"


def _bounded(reader: StatementReader) -> Iterator[FileLine]:
    """Each line with money; a person hears of the first row that cannot be read."""
    for number, line in enumerate(line for line in reader.read() if line is not None):
        if number >= MAX_LINES:
            raise StatementFileError(f"The file has more than {MAX_LINES:,} lines.")
        yield line


def open_file(kept: StatementImport) -> StatementReader:
    """Understand a kept file.

    Raises:
        StatementFileError: It cannot be read.
    """
    content = bytes(kept.file.content)
    decimals = len(str(minor_unit(kept.account.currency))) - 1
    if kept.format == Format.OFX:
        return open_ofx(content, decimals=decimals)
    if kept.format == Format.CAMT:
        return open_camt(content, decimals=decimals)
    return open_csv(content, Columns.from_json(kept.columns), decimals=decimals)


def _require_right_account(kept: StatementImport, reader: StatementReader) -> None:
    """Refuse another account's statement; the first that names its account teaches us its name."""
    account = kept.account
    if reader.currency and reader.currency != account.currency:
        raise StatementFileError(
            f"This statement is in {reader.currency}, and {account.name} in {account.currency}."
        )
    if not reader.account_number or account.number == reader.account_number:
        return
    other = BankAccount.objects.filter(number=reader.account_number).first()
    if account.number or other:
        whose = other.name if other else f"the account {reader.account_number[:60]}"
        raise StatementFileError(f"This statement is of {whose}, not of {account.name}.")
    BankAccount.objects.filter(pk=account.pk, number="").update(number=reader.account_number[:60])


def _tell(kept: StatementImport, **news: object) -> None:
    """How far it is, for the page that looks on; and that we live."""
    StatementImport.objects.filter(pk=kept.pk).update(claimed_until=timezone.now() + _LEASE, **news)


@transaction.atomic
def _finish(kept: StatementImport, state: StatementImport.State, *, error: str = "") -> None:
    """Read, or refused. The bytes go, unless another map of the columns may read them yet."""
    StatementImport.objects.filter(pk=kept.pk).update(
        state=state, last_error=error, claimed_until=None, finished_at=timezone.now()
    )
    if state == State.DONE or kept.format != Format.CSV:
        StatementFile.objects.filter(statement_import=kept).delete()
