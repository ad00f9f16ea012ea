"""A counter's forms: who sits here, and what was in a bucket. On a phone, in a hall.

A page sends ``SheetForm`` as a form, a phone's queue sends the same fields as JSON.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.forms.boundfield import BoundField

from appeals.templatetags.money import money
from funds.money import Money, to_minor
from funds.organisation import read_organisation
from payments.amounts import SYMBOLS, AmountError, parse_amount
from payments.counting.blind import needs_witness
from payments.counting.hand_in import HandIn
from payments.counting.sheets import ChequeLine, Sheet
from payments.denominations import (
    MOST_PIECES,
    SCOTTISH_OR_NORTHERN_IRISH,
    Denomination,
    lines_on,
)
from payments.forms.cash import pieces_field_name
from payments.forms.fields import AmountInput, DayField, PiecesField, ReferenceField
from payments.models import Seat

CHEQUE_ROWS: Final = 6
NO, YES = "no", "yes"
LARGE_GIFT_WORDS: Final = (
    "Thank you for looking. Take it out of the bucket and do not count it in. Hand it "
    "to the treasurer, who writes down who gave it. Then count the rest, and answer No."
)


class CodeForm(forms.Form):
    """The code of a seat, typed from a slip or from what the treasurer reads out."""

    code = forms.CharField(
        max_length=40,
        label="Your code",
        help_text="Twelve letters and figures, from the treasurer.",
        widget=forms.TextInput(
            attrs={
                "autocomplete": "off",
                "autocapitalize": "characters",
                "spellcheck": "false",
                "enterkeyhint": "go",
            }
        ),
        error_messages={"required": "Type your code."},
    )


class SitForm(forms.Form):
    """Who sits down, and whether they are close to somebody else at the table."""

    name = forms.CharField(
        max_length=60,
        required=False,
        label="Your name",
        help_text="First and last. It is kept with what you count.",
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    related = forms.ChoiceField(
        label="Are you related to, or living with, anybody else who counts here?",
        choices=[(NO, "No"), (YES, "Yes")],
        widget=forms.RadioSelect,
        error_messages={"required": "Please answer: no, or yes."},
    )
    related_note = forms.CharField(
        max_length=200,
        required=False,
        label="If yes: why could no one else count?",
        help_text="The treasurer sees it.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


@dataclass(frozen=True, slots=True)
class LineGroup:
    """The boxes of one column of the sheet."""

    name: str
    boxes: tuple[BoundField, ...]
    is_apart: bool

    @property
    def is_used(self) -> bool:
        """Whether something stands in it."""
        return any(box.value() or box.errors for box in self.boxes)


class SheetForm(forms.Form):
    """What one person counted in one bucket."""

    large_gift_words = LARGE_GIFT_WORDS  # for the phone, which stops it without a signal too

    sheet = ReferenceField()
    bucket = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    round = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    counted_at = forms.DateTimeField(required=False, widget=forms.HiddenInput)
    foreign = forms.CharField(
        required=False,
        max_length=12,
        label="Foreign coins and notes",
        help_text="How many pieces. They are worth nothing until they are exchanged.",
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    is_empty = forms.BooleanField(
        required=False,
        label="The bucket is empty",
        help_text="Tick this only if nothing at all was in it.",
    )

    def __init__(self, seat: Seat, data: Mapping[str, Any] | None = None, **options: Any) -> None:  # noqa: ANN401
        """The lines of the day on which it was gathered, in the appeal's currency."""
        super().__init__(data, **options)
        occasion = seat.occasion
        self._on = occasion.held_on
        self.currency = occasion.appeal.currency
        self.symbol = SYMBOLS.get(self.currency, "")
        self.lines = lines_on(self.currency, on=self._on)
        for piece in self.lines:
            self.fields[self.field_name(piece)] = PiecesField(piece)
        for place in range(1, CHEQUE_ROWS + 1):
            self._add_cheque(place)
        if limit := large_gift_limit(self.currency):
            self.fields["large_gift"] = _large_gift_field(limit)
        if needs_witness(seat):
            self.fields["witness"] = forms.CharField(
                max_length=60,
                label="Who watched you count?",
                help_text="First and last name. Another person than you.",
                widget=forms.TextInput(attrs={"autocomplete": "off"}),
                error_messages={"required": "Say who watched you count."},
            )

    def field_name(self, piece: Denomination) -> str:
        """How a line's box is called: ``count_GBP_2000``, ``count_GBP_2000-paper``."""
        if not piece.issue:
            return pieces_field_name(self.currency, piece.face_minor)
        return f"count_{self.currency}_{piece.key}"

    def _add_cheque(self, place: int) -> None:
        prefix = f"cheque_{place}"
        self.fields[f"{prefix}_amount"] = forms.CharField(
            required=False, max_length=40, label="Amount in figures", widget=AmountInput
        )
        self.fields[f"{prefix}_date"] = DayField(label="Date on the cheque", required=False)
        self.fields[f"{prefix}_payee"] = forms.BooleanField(
            required=False, label="It is made out to us"
        )
        self.fields[f"{prefix}_words"] = forms.BooleanField(
            required=False, label="The words say the same as the figures"
        )

    @property
    def groups(self) -> list[LineGroup]:
        """The columns of the sheet, those that lie apart last."""
        named: dict[str, list[BoundField]] = {}
        for piece in self.lines:
            named.setdefault(group_of(piece), []).append(self[self.field_name(piece)])
        return [
            LineGroup(name, tuple(boxes), is_apart=name not in {"Notes", "Coins"})
            for name, boxes in named.items()
        ]

    @property
    def cheques(self) -> Iterator[list[BoundField]]:
        """The boxes of each cheque."""
        for place in range(1, CHEQUE_ROWS + 1):
            yield [self[f"cheque_{place}_{part}"] for part in ("amount", "date", "payee", "words")]

    @property
    def has_cheques(self) -> bool:
        """Whether something stands in a cheque's boxes."""
        return any(box.value() or box.errors for boxes in self.cheques for box in boxes)

    def clean_foreign(self) -> int:
        """How many pieces; an empty box is none."""
        typed: str = self.cleaned_data["foreign"]
        if not typed:
            return 0
        if not typed.isdecimal() or not typed.isascii() or int(typed) > MOST_PIECES:
            raise ValidationError("How many pieces? Type a whole number.")
        return int(typed)

    def clean_large_gift(self) -> str:
        """Stops kindly where somebody's large donation lies in the bucket."""
        answer: str = self.cleaned_data["large_gift"]
        if answer == YES:
            raise ValidationError(LARGE_GIFT_WORDS)
        return answer

    def clean(self) -> dict[str, Any]:
        """Read the cheques, and see that an empty sheet is meant."""
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        cleaned["cheques"] = tuple(self._read_cheques(cleaned))
        if self.errors:
            return cleaned
        sheet = self._sheet(cleaned)
        if sheet.is_empty and not cleaned["is_empty"]:
            self.add_error("is_empty", "Nothing is typed. Count, or tick that the bucket is empty.")
        elif cleaned["is_empty"] and not sheet.is_empty:
            self.add_error("is_empty", "Something is typed above: then the bucket is not empty.")
        cleaned["told"] = sheet
        return cleaned

    def _read_cheques(self, cleaned: dict[str, Any]) -> Iterator[ChequeLine]:
        for place in range(1, CHEQUE_ROWS + 1):
            prefix = f"cheque_{place}"
            typed, dated_on = cleaned[f"{prefix}_amount"], cleaned[f"{prefix}_date"]
            ticks = (cleaned[f"{prefix}_payee"], cleaned[f"{prefix}_words"])
            if not (typed or dated_on or any(ticks)):
                continue
            if line := self._read_cheque(prefix, typed, dated_on, ticks):
                yield line

    def _read_cheque(
        self, prefix: str, typed: str, dated_on: date | None, ticks: tuple[bool, bool]
    ) -> ChequeLine | None:
        try:
            amount = parse_amount(typed, currency=self.currency)
        except AmountError as error:
            self.add_error(f"{prefix}_amount", str(error))
            return None
        if dated_on is None:
            self.add_error(f"{prefix}_date", "Give the date that stands on the cheque.")
            return None
        leave_out = "Then the bank will not take it: leave it out, and give it to the treasurer."
        for part, is_ticked, wrong in (
            ("payee", ticks[0], f"Is it made out to somebody else? {leave_out}"),
            ("words", ticks[1], f"Do words and figures differ? {leave_out}"),
        ):
            if not is_ticked:
                self.add_error(f"{prefix}_{part}", wrong)
        return ChequeLine(to_minor(amount), dated_on)

    def _sheet(self, cleaned: dict[str, Any]) -> Sheet:
        counted = ((piece.key, cleaned[self.field_name(piece)]) for piece in self.lines)
        return Sheet(
            currency=self.currency,
            pieces={key: number for key, number in counted if number},
            foreign_pieces=cleaned["foreign"],
            cheques=cleaned["cheques"],
        )

    def hand_in(self) -> HandIn:
        """What a valid form says."""
        told = self.cleaned_data
        return HandIn(
            reference=told["sheet"],
            bucket=told["bucket"],
            round=told["round"],
            sheet=told["told"],
            counted_at=told["counted_at"],
            witness=" ".join(told.get("witness", "").split()),
        )


def group_of(piece: Denomination) -> str:
    """The column of the sheet that a line stands in."""
    if piece.issue == SCOTTISH_OR_NORTHERN_IRISH:
        return "Scottish and Northern Irish notes"
    if piece.issue:
        return "Withdrawn, banked separately"
    return "Notes" if piece.is_note else "Coins"


def large_gift_limit(currency: str) -> Money | None:
    """Over what one donation is taken by name, if there is such a limit in this currency."""
    organisation = read_organisation()
    limit = organisation.identified_donation_limit
    return (
        Money(limit, currency) if limit is not None and organisation.currency == currency else None
    )


def _large_gift_field(limit: Money) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=f"Is there one donation of more than {money(limit)} in it, whose giver can be told?",
        help_text="An envelope with a name, a cheque, notes that you saw one person put in.",
        choices=[(NO, "No"), (YES, "Yes")],
        widget=forms.RadioSelect,
        error_messages={"required": "Please look, and answer: no, or yes."},
    )
