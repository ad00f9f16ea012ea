"""What a count sheet says of one bucket: how it is kept, compared and found impossible."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from funds.money import Money, from_minor, to_minor
from funds.organisation import read_organisation
from payments.amounts import AmountTooLargeError, require_below_cap
from payments.denominations import (
    MOST_PIECES,
    UnknownDenominationError,
    counted_lines,
    denominations_in_use,
)
from payments.recording import RecordRefusedError, local_today, say_day

CHEQUE_MONTHS: Final = 6
"""How old a cheque may be. Source: UK banks' practice; the law sets no day."""


@dataclass(frozen=True, slots=True, order=True)
class ChequeLine:
    """One cheque: what it is for, in minor units, and the date that stands on it."""

    amount_minor: int
    dated_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What one person counted in one bucket.

    ``pieces`` says how many of each note and coin, by the line's key; ``foreign_pieces`` are coins
    and notes of other currencies, which are worth nothing until they are exchanged; ``cheques`` are
    no cash. Equal sheets are equal objects, in whatever order their lines were typed.
    """

    currency: str
    pieces: Mapping[str, int]
    foreign_pieces: int = 0
    cheques: tuple[ChequeLine, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As it is kept; the same for equal sheets."""
        return {
            "currency": self.currency,
            "pieces": {key: self.pieces[key] for key in sorted(self.pieces) if self.pieces[key]},
            "foreign": self.foreign_pieces,
            "cheques": [
                [cheque.amount_minor, cheque.dated_on.isoformat()]
                for cheque in sorted(self.cheques)
            ],
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Sheet":
        """A sheet as it was kept."""
        return cls(
            currency=kept["currency"],
            pieces=dict(kept["pieces"]),
            foreign_pieces=kept["foreign"],
            cheques=tuple(
                ChequeLine(amount_minor, date.fromisoformat(dated_on))
                for amount_minor, dated_on in kept["cheques"]
            ),
        )

    @property
    def is_empty(self) -> bool:
        """Nothing at all was in the bucket."""
        return not (any(self.pieces.values()) or self.foreign_pieces or self.cheques)

    def counted(self, *, on: date) -> Money:
        """What the notes and coins come to, without cheques and foreign coin.

        Raises:
            UnknownDenominationError: A line that a sheet of that day has not.
        """
        return counted_lines(self.pieces, currency=self.currency, on=on)

    @property
    def cheques_total(self) -> Money:
        """What the cheques come to, once all of them clear."""
        return from_minor(sum(cheque.amount_minor for cheque in self.cheques), self.currency)

    def worth_minor(self, *, on: date) -> int:
        """Notes, coins and cheques together, in minor units: what two counts are compared by."""
        return to_minor(self.counted(on=on) + self.cheques_total)

    def split(self, *, on: date) -> tuple[dict[int, int], dict[str, int]]:
        """The pieces that go to the bank together, by face value, and those that lie apart."""
        together = {
            piece.key: piece.face_minor for piece in denominations_in_use(self.currency, on=on)
        }
        return (
            {together[key]: number for key, number in self.pieces.items() if key in together},
            {key: number for key, number in self.pieces.items() if key not in together},
        )


def sheet_digest(sheet: Sheet, *, bucket_id: int, round_number: int, witness: str) -> str:
    """Tells a sheet that is sent again from another one under the same id."""
    told = {
        "sheet": sheet.as_json(),
        "bucket": bucket_id,
        "round": round_number,
        "witness": witness,
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def require_possible(sheet: Sheet, *, on: date) -> None:
    """Refuse what nobody can have counted, and what must not be in a bucket's line.

    Args:
        sheet: What was told.
        on: The local date on which it was gathered.

    Raises:
        RecordRefusedError: Names the field of the form and says what to do.
    """
    try:
        require_below_cap(sheet.counted(on=on))
    except (UnknownDenominationError, AmountTooLargeError) as error:
        raise RecordRefusedError("pieces", str(error)) from error
    if not 0 <= sheet.foreign_pieces <= MOST_PIECES:
        raise RecordRefusedError("foreign", "Nobody counts so many pieces.")
    for place, cheque in enumerate(sheet.cheques, start=1):
        require_possible_cheque(
            from_minor(cheque.amount_minor, sheet.currency),
            cheque.dated_on,
            on=on,
            prefix=f"cheque_{place}",
        )


def require_possible_cheque(amount: Money, dated_on: date, *, on: date, prefix: str) -> None:
    """Refuse a cheque that no bank takes, or that is over the limit and counted by name.

    Raises:
        RecordRefusedError: Names the field, ``<prefix>_amount`` or ``<prefix>_date``.
    """
    try:
        require_below_cap(amount)
    except AmountTooLargeError as error:
        raise RecordRefusedError(f"{prefix}_amount", str(error)) from error
    require_no_name_needed(amount, field=f"{prefix}_amount")
    require_bankable_date(dated_on, on=on, field=f"{prefix}_date")


def require_no_name_needed(amount: Money, *, field: str) -> None:
    """Refuse one donation of more than the organisation's limit in a bucket's line."""
    organisation = read_organisation()
    if amount.currency.code == organisation.currency and organisation.needs_identified_donor(
        amount
    ):
        raise RecordRefusedError(
            field,
            "One donation of this size is taken by name. Take it out of the bucket, do not count "
            "it in, and hand it to the treasurer, who writes down who gave it.",
        )


def require_bankable_date(dated_on: date, *, on: date, field: str) -> None:
    """Refuse a cheque that is post-dated, or older than banks take.

    Raises:
        RecordRefusedError: Says what to do with it.
    """
    if dated_on > max(on, local_today()):
        raise RecordRefusedError(
            field,
            f"This cheque is dated ahead, {say_day(dated_on)}: the bank will not take it. Leave it "
            "out and give it to the treasurer to send back.",
        )
    if dated_on < months_before(on, CHEQUE_MONTHS):
        raise RecordRefusedError(
            field,
            f"This cheque is over six months old, {say_day(dated_on)}: banks may refuse it. Leave "
            "it out and give it to the treasurer, who asks for a new one.",
        )


def months_before(day: date, months: int) -> date:
    """The same day some months earlier, or the last of that month where there is none."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, min(day.day, last))
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")
