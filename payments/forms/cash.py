"""The forms of the treasurer's pages about cash: what they ask, and in which words they refuse."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.forms.boundfield import BoundField, BoundWidget
from django.http import QueryDict
from django.utils import timezone

from appeals.models import Appeal
from funds.access import Access
from funds.models import Branch
from funds.money import Money
from funds.organisation import local_date, read_organisation
from payments.amounts import SYMBOLS, AmountError, parse_amount
from payments.cash import CollectionFacts
from payments.cash_records import recordable_appeals, visible_branches
from payments.denominations import (
    Denomination,
    UnknownDenominationError,
    counted_total,
    denominations_in_use,
)
from payments.forms.fields import (
    AmountInput,
    AppealField,
    BranchField,
    DayField,
    PiecesField,
    ReferenceField,
)
from payments.models import CashCollection


@dataclass(frozen=True, slots=True)
class CountSheet:
    """The boxes for the notes and coins of one currency."""

    currency: str
    symbol: str
    notes: tuple[BoundField, ...]
    coins: tuple[BoundField, ...]
    is_used: bool


@dataclass(frozen=True, slots=True)
class KindChoice:
    """An answer to what the money is: ``box`` is its button, ``detail`` tells it from others."""

    box: BoundWidget
    detail: str


_KINDS: Final = {
    CashCollection.Kind.COLLECTION: ("Donations", "into a bucket or tin, for nothing in return"),
    CashCollection.Kind.SALE: ("Sale", "a stall: something was given in return"),
    CashCollection.Kind.SUBS: ("Subs", "membership money: it raises no appeal"),
}


def pieces_field_name(currency: str, face_minor: int) -> str:
    """How the box for a note or coin is called: ``count_GBP_5000`` for £50 notes."""
    return f"count_{currency}_{face_minor}"


class CollectionForm(forms.Form):
    """One collection. Its currency is its appeal's; its amount is typed, or counted, or both.

    Only the amount is always left to tell: all else is guessed, and stands there to be changed.
    Subs are for no appeal, whichever is chosen, and in the organisation's currency.
    """

    reference = ReferenceField()
    amount = forms.CharField(
        required=False,
        max_length=40,
        widget=AmountInput,
        help_text="All that is in the bucket, tin or cash box now.",
    )
    costs = forms.CharField(
        required=False,
        max_length=40,
        label="Costs paid out of the takings",
        widget=AmountInput,
        help_text="What you took out for materials or the pitch before you counted.",
    )
    place = forms.CharField(
        label="Place or occasion",
        max_length=120,
        widget=forms.TextInput(attrs={"list": "places", "autocomplete": "off"}),
        help_text="Market square, Saturday rally, branch meeting …",
        error_messages={"required": "Say where it was gathered."},
    )
    collected_on = DayField(label="Date")
    kind = forms.ChoiceField(
        label="What it was",
        choices=[(kind.value, name) for kind, (name, _) in _KINDS.items()],
        initial=CashCollection.Kind.COLLECTION,
        widget=forms.RadioSelect,
        error_messages={"required": "Say what it was."},
    )
    counted_by = forms.CharField(max_length=100, error_messages={"required": "Say who counted it."})
    witnessed_by = forms.CharField(
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="The second person at the table. Count with one wherever you can.",
    )
    note = forms.CharField(
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="No donor's name.",
    )

    def __init__(
        self,
        access: Access,
        data: QueryDict | None = None,
        *,
        initial: Mapping[str, object] | None = None,
    ) -> None:
        """Offers what the treasurer may record for; a single choice is chosen already."""
        super().__init__(data, initial=dict(initial or {}))
        appeals = recordable_appeals()
        branches = visible_branches(access).filter(is_active=True)
        self.offered_appeals = list(appeals)
        self.offered_branches = list(branches)
        self.fields["appeal"] = AppealField(appeals, required=False)
        self.fields["branch"] = BranchField(branches, empty_label="Choose the branch")
        self.order_fields(["reference", "appeal", "branch"])
        open_now = [a for a in self.offered_appeals if a.status == Appeal.Status.OPEN]
        if len(open_now) == 1:
            self.initial.setdefault("appeal", open_now[0].slug)
        if len(self.offered_branches) == 1:
            self.initial.setdefault("branch", self.offered_branches[0].slug)
        organisation = read_organisation()
        self.own_currency = organisation.currency
        if data is None:  # with errors, the summary of them comes first
            self.fields["amount"].widget.attrs["autofocus"] = True
        self.today = today = local_date(timezone.now(), organisation)
        self.initial.setdefault("collected_on", today)
        self.fields["collected_on"].widget.attrs["max"] = today.isoformat()
        self.currencies = sorted(
            {self.own_currency} | {appeal.currency for appeal in self.offered_appeals}
        )
        if not self.offered_appeals:
            self.initial["kind"] = CashCollection.Kind.SUBS.value
        for currency in self.currencies:
            for piece in self._offered_pieces(currency):
                name = pieces_field_name(currency, piece.face_minor)
                self.fields[name] = PiecesField(piece)

    @property
    def symbol(self) -> str:
        """What stands before the amount, when it can be in one currency only."""
        return SYMBOLS.get(self.currencies[0], "") if len(self.currencies) == 1 else ""

    @property
    def only_appeal(self) -> Appeal | None:
        """The appeal, when there is nothing to choose."""
        return self.offered_appeals[0] if len(self.offered_appeals) == 1 else None

    @property
    def kinds(self) -> list[KindChoice]:
        """The answers to what it was; while no appeal takes money it is subs."""
        offered = list(zip(self["kind"], _KINDS.values(), strict=True))
        if not self.offered_appeals:
            offered = offered[-1:]
        return [KindChoice(box, detail) for box, (_, detail) in offered]

    @property
    def chosen_appeal(self) -> Appeal | None:
        """The appeal that is filled in, to be named while its box is folded away."""
        value = self["appeal"].value()
        return next((appeal for appeal in self.offered_appeals if appeal.slug == value), None)

    @property
    def chosen_branch(self) -> Branch | None:
        """The branch that is filled in."""
        value = self["branch"].value()
        return next((branch for branch in self.offered_branches if branch.slug == value), None)

    @property
    def is_today(self) -> bool:
        """Whether the date is today's: as it is unless somebody changes it."""
        return str(self["collected_on"].value()) == self.today.isoformat()

    @property
    def shows_details(self) -> bool:
        """Whether the details stand open: something in them is wrong, or could not be guessed."""
        names = ("appeal", "branch", "place", "collected_on", "counted_by", "witnessed_by", "note")
        wanted = ("branch", "place", "counted_by") + (("appeal",) if self.offered_appeals else ())
        return any(self[name].errors for name in names) or not all(
            self[name].value() for name in wanted
        )

    @property
    def only_branch(self) -> Branch | None:
        """The branch, when there is nothing to choose."""
        return self.offered_branches[0] if len(self.offered_branches) == 1 else None

    @property
    def sheets(self) -> list[CountSheet]:
        """A count sheet for each currency on offer."""
        return [self._sheet(currency) for currency in self.currencies]

    def _offered_pieces(self, currency: str) -> tuple[Denomination, ...]:
        return denominations_in_use(currency, on=self.today)

    def _sheet(self, currency: str) -> CountSheet:
        notes: list[BoundField] = []
        coins: list[BoundField] = []
        for piece in self._offered_pieces(currency):
            box = self[pieces_field_name(currency, piece.face_minor)]
            (notes if piece.is_note else coins).append(box)
        return CountSheet(
            currency=currency,
            symbol=SYMBOLS.get(currency, ""),
            notes=tuple(notes),
            coins=tuple(coins),
            is_used=any(box.value() or box.errors for box in (*notes, *coins)),
        )

    def clean_witnessed_by(self) -> str:
        """A witness is a second person."""
        witness: str = self.cleaned_data["witnessed_by"]
        counter: str = self.cleaned_data.get("counted_by", "")
        if witness and witness.casefold() == counter.casefold():
            raise ValidationError(
                "The witness is a second person. Leave it empty if there was none."
            )
        return witness

    def clean(self) -> dict[str, Any]:
        """Work out the amount: as typed, or what the notes and coins come to; and the costs."""
        cleaned = super().clean() or {}
        if cleaned.get("kind") == CashCollection.Kind.SUBS:
            cleaned["appeal"] = None
            currency: str | None = self.own_currency
        else:
            appeal: Appeal | None = cleaned.get("appeal")
            if appeal is None and "appeal" not in self.errors:
                self.add_error("appeal", "Choose the appeal.")
            currency = appeal.currency if appeal else None
        if currency is not None:
            self._read_money(cleaned, currency)
        return cleaned

    def _read_money(self, cleaned: dict[str, Any], currency: str) -> None:
        if not self._has_errors_in_pieces():
            cleaned["pieces"] = dict(self._pieces(currency))
            others = [code for code in self.currencies if code != currency]
            if any(number for code in others for _, number in self._pieces(code)):
                what = "Subs are" if cleaned["appeal"] is None else "This appeal is"
                self.add_error("amount", f"{what} in {currency}: count only that.")
            elif amount := self._read_amount(currency):
                cleaned["money"] = amount
        if typed := cleaned.get("costs"):
            try:
                cleaned["costs_money"] = parse_amount(typed, currency=currency)
            except AmountError as error:
                self.add_error("costs", str(error))

    def _has_errors_in_pieces(self) -> bool:
        return any(name.startswith("count_") for name in self.errors)

    def _pieces(self, currency: str) -> Iterator[tuple[int, int]]:
        for piece in self._offered_pieces(currency):
            name = pieces_field_name(currency, piece.face_minor)
            if number := self.cleaned_data.get(name):
                yield piece.face_minor, number

    def _read_amount(self, currency: str) -> Money | None:
        typed, pieces = self.cleaned_data.get("amount", ""), self.cleaned_data["pieces"]
        try:
            if typed:
                return parse_amount(typed, currency=currency)
            if pieces:
                on = self.cleaned_data.get("collected_on") or self.today
                return counted_total(pieces, currency=currency, on=on)
        except (AmountError, UnknownDenominationError) as error:
            self.add_error("amount", str(error))
            return None
        self.add_error("amount", "Type the amount, or count the notes and coins below.")
        return None

    def facts(self) -> CollectionFacts:
        """What a valid form says."""
        told = self.cleaned_data
        return CollectionFacts(
            appeal=told["appeal"],
            branch=told["branch"],
            kind=CashCollection.Kind(told["kind"]),
            collected_on=told["collected_on"],
            place=told["place"],
            amount=told["money"],
            pieces=told["pieces"],
            counted_by=told["counted_by"],
            witnessed_by=told["witnessed_by"],
            note=told["note"],
            costs=told.get("costs_money"),
        )
