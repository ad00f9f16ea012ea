"""The forms of the bank's side: accounts, files, columns, lines and rules."""

from collections.abc import Sequence
from typing import Any, Final

from django import forms
from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import QueryDict

from appeals.models import Appeal
from funds.models import Branch
from payments.banking.files.columns import Columns
from payments.banking.files.csv_file import CsvShape, read_row
from payments.banking.files.lines import FileLine, StatementFileError
from payments.banking.files.values import DateOrder, DecimalMark
from payments.banking.records import open_lines
from payments.cash_records import recordable_appeals
from payments.forms.fields import AppealField, BranchField, DayField
from payments.models import BankAccount, StatementLine, StatementMatch

_PREVIEWED: Final = 8


class BankAccountForm(forms.Form):
    """An account of the organisation at a bank."""

    name = forms.CharField(
        label="What you call it",
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="The bank and what the account is for, such as: Unity Trust, fighting fund.",
        error_messages={"required": "Give it a name."},
    )
    currency = forms.ChoiceField(choices=[(code, code) for code in settings.CURRENCIES])

    def clean_name(self) -> str:
        """Two accounts of one name cannot be told apart."""
        name: str = self.cleaned_data["name"]
        if BankAccount.objects.filter(name__iexact=name).exists():
            raise forms.ValidationError("There is an account of that name already.")
        return name


class AccountField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """One of the organisation's accounts."""

    def __init__(self, *, required: bool = True, empty_label: str | None = None) -> None:
        super().__init__(
            BankAccount.objects.all(),
            label="Account",
            required=required,
            empty_label=empty_label,
            error_messages={
                "required": "Choose the account.",
                "invalid_choice": "Choose an account from the list.",
            },
        )


class StatementFileForm(forms.Form):
    """A file from the bank."""

    account = AccountField()
    file = forms.FileField(
        label="Statement",
        help_text="As the bank exports it: CSV, OFX or CAMT.053 (XML), up to 32 MB. A line that "
        "an earlier file brought is not taken twice.",
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.txt,.ofx,.qfx,.xml,.tsv"}),
        error_messages={
            "required": "Choose the file.",
            "empty": "The file is empty.",
            "max_length": "The file's name is too long.",
        },
    )


class ColumnsForm(forms.Form):
    """What the columns of a CSV mean, confirmed by who sees how the first rows are read."""

    date = forms.TypedChoiceField(label="Date", coerce=int, empty_value=None)
    date_order = forms.ChoiceField(
        label="A date is written",
        choices=[
            (DateOrder.DMY, "day, month, year"),
            (DateOrder.MDY, "month, day, year"),
            (DateOrder.YMD, "year, month, day"),
        ],
    )
    amount = forms.TypedChoiceField(
        label="Amount", required=False, coerce=int, empty_value=None, help_text="In and out in one."
    )
    credit = forms.TypedChoiceField(
        label="Paid in", required=False, coerce=int, empty_value=None, help_text="Or in its own."
    )
    debit = forms.TypedChoiceField(label="Paid out", required=False, coerce=int, empty_value=None)
    direction = forms.TypedChoiceField(
        label="In or out",
        required=False,
        coerce=int,
        empty_value=None,
        help_text="When the amount has no sign and another column says Credit or Debit.",
    )
    decimal_mark = forms.ChoiceField(
        label="Before the pence stands",
        choices=[(DecimalMark.POINT, "a point"), (DecimalMark.COMMA, "a comma")],
    )
    text = forms.TypedMultipleChoiceField(
        label="Description", required=False, coerce=int, widget=forms.CheckboxSelectMultiple
    )
    reference = forms.TypedChoiceField(
        label="Reference", required=False, coerce=int, empty_value=None
    )
    bank_id = forms.TypedChoiceField(
        label="The bank's own number of the line",
        required=False,
        coerce=int,
        empty_value=None,
        help_text="Only if it differs on every line.",
    )

    _PLACES: Final = ("date", "amount", "credit", "debit", "direction", "reference", "bank_id")

    def __init__(
        self, shape: CsvShape, decimals: int, data: QueryDict | None = None, *, guess: Columns
    ) -> None:
        """Offers the file's own columns, as guessed."""
        super().__init__(data, initial=guess.as_json())
        self._shape = shape
        self._decimals = decimals
        self._guess = guess
        width = max((len(row) for row in (shape.header, *shape.sample)), default=0)
        names = [(at, self._name_of(at)) for at in range(width)]
        for name in self._PLACES:
            box = self.fields[name]
            assert isinstance(box, forms.TypedChoiceField)
            box.choices = (
                names
                if name == "date" and guess.date is not None
                else [
                    ("", "none"),
                    *names,
                ]
            )
        text = self.fields["text"]
        assert isinstance(text, forms.TypedMultipleChoiceField)
        text.choices = names

    def _name_of(self, at: int) -> str:
        if at < len(self._shape.header) and self._shape.header[at]:
            return self._shape.header[at][:60]
        example = next((row[at] for row in self._shape.sample if at < len(row) and row[at]), "")
        return f"Column {at + 1}{f', such as {example[:40]}' if example else ''}"

    def clean(self) -> dict[str, Any]:
        """An amount is somewhere, once."""
        cleaned = super().clean() or {}
        amount, credit = cleaned.get("amount"), cleaned.get("credit")
        debit = cleaned.get("debit")
        if amount is None and credit is None and debit is None:
            self.add_error("amount", "Say where the amount stands.")
        elif amount is not None and (credit is not None or debit is not None):
            self.add_error("amount", "Either one column for in and out, or one for each.")
        elif cleaned.get("direction") is not None and amount is None:
            self.add_error("direction", "That only goes with one column for the amount.")
        if not self.errors:
            self._try_rows()
        return cleaned

    def _try_rows(self) -> None:
        """Whether the rows that we have seen can be read so."""
        try:
            lines = self.preview(self.columns())
        except StatementFileError as error:
            self.add_error(None, str(error))
        else:
            if not lines:
                self.add_error(None, "No row has a date and an amount, read like this.")

    def columns(self) -> Columns:
        """What a valid form says."""
        told = self.cleaned_data
        return Columns(
            **{name: told[name] for name in self._PLACES},
            text=tuple(told["text"]),
            date_order=DateOrder(told["date_order"]),
            decimal_mark=DecimalMark(told["decimal_mark"]),
        )

    def preview_as_it_stands(self) -> list[FileLine]:
        """How the first rows are read by what the form says now; none while it is wrong."""
        if not self.is_bound:
            columns = self._guess
        elif self.is_valid():
            columns = self.columns()
        else:
            return []
        try:
            return self.preview(columns)
        except StatementFileError:
            return []

    def preview(self, columns: Columns) -> list[FileLine]:
        """How the first rows are read.

        Raises:
            StatementFileError: One of the rows that were looked at cannot be read.
        """
        first = self._shape.header_row + 2
        rows = (
            read_row(row, columns, decimals=self._decimals, number=number)
            for number, row in enumerate(self._shape.sample, start=first)
        )
        return [line for line in rows if line is not None][:_PREVIEWED]


class LineFilterForm(forms.Form):
    """Which lines a list shows."""

    OPEN, CONFIRMED, ASIDE = "open", "confirmed", "aside"

    account = AccountField(required=False, empty_label="Every account")
    state = forms.ChoiceField(
        required=False,
        label="Show",
        choices=[
            ("", "Left to explain"),
            (CONFIRMED, "Matched"),
            (ASIDE, "Not for an appeal"),
            ("all", "All"),
        ],
    )
    words = forms.CharField(
        required=False,
        label="With the words",
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    booked_from = DayField(required=False, label="From")
    booked_to = DayField(required=False, label="To")

    def narrow(self, lines: QuerySet[StatementLine]) -> QuerySet[StatementLine]:
        """Those that the form asks for; none when it asks for what there is not."""
        if not self.is_valid():
            return lines.none()
        wanted = self.cleaned_data
        conditions: dict[str, Any] = {
            "account": wanted["account"],
            "booked_on__gte": wanted["booked_from"],
            "booked_on__lte": wanted["booked_to"],
        }
        lines = lines.filter(**{k: v for k, v in conditions.items() if v is not None})
        for word in wanted["words"].split():
            lines = lines.filter(Q(text__icontains=word) | Q(bank_reference__icontains=word))
        return self._in_state(lines, wanted["state"])

    def _in_state(self, lines: QuerySet[StatementLine], state: str) -> QuerySet[StatementLine]:
        if state == "all":
            return lines
        if not state:
            return lines.filter(open_lines())
        said = StatementMatch.objects.filter(
            line=OuterRef("pk"), confirmed_at__isnull=False, undone_at__isnull=True
        )
        is_aside = Q(kind=StatementMatch.Kind.ASIDE)
        return lines.filter(Exists(said.filter(is_aside if state == self.ASIDE else ~is_aside)))


class NoteForm(forms.Form):
    """Why the bank has another amount, or what a line is that is for no appeal."""

    note = forms.CharField(
        max_length=150,
        label="What it is",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Say what it is."},
    )


class UndoForm(forms.Form):
    """Why something is undone."""

    reason = forms.CharField(
        max_length=150,
        label="What was wrong?",
        help_text="Everyone who sees it sees this too. No donor's name.",
        error_messages={"required": "Say why it is undone."},
    )


class PayerRuleForm(forms.Form):
    """Words in a payer's reference, and what they are for."""

    words = forms.CharField(
        label="Words in the reference",
        max_length=140,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="As the bank's line has them, such as: RALLY LEEDS. Not a person's name.",
        error_messages={"required": "Give the words."},
    )
    appeal = AppealField(Appeal.objects.none())
    branch = BranchField(
        Branch.objects.none(), required=False, empty_label="No branch: to the appeal as a whole"
    )

    def __init__(self, data: QueryDict | None = None, *, words: str = "") -> None:
        """Offers every appeal that takes records and every active branch."""
        super().__init__(data, initial={"words": words})
        self.offered_appeals: Sequence[Appeal] = list(recordable_appeals())
        self.fields["appeal"] = AppealField(recordable_appeals())
        self.fields["branch"].queryset = Branch.objects.filter(  # type: ignore[attr-defined]
            is_active=True
        )
        self.order_fields(["words", "appeal", "branch"])
        if len(self.offered_appeals) == 1:
            self.initial.setdefault("appeal", self.offered_appeals[0].slug)
