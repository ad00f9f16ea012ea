"""The form of a paying-in: which bags, with which slip, by whom."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.http import QueryDict

from payments.forms.fields import DayField, ReferenceField
from payments.models import CashCollection, Cheque
from payments.paying_in import PayingInFacts
from payments.paying_in_records import InHand
from payments.recording import local_today


def _of_one_currency(in_hand: Sequence[InHand]) -> list[UUID]:
    """All that goes on one slip: what is in the currency of the oldest."""
    if not in_hand:
        return []
    currency = in_hand[0].collection.amount.currency
    return [
        one.collection.reference for one in in_hand if one.collection.amount.currency == currency
    ]


class PayingInForm(forms.Form):
    """What goes to the bank together. Everything of one currency is ticked at first."""

    reference = ReferenceField()
    collections = forms.TypedMultipleChoiceField(
        label="What is in it",
        coerce=UUID,
        widget=forms.CheckboxSelectMultiple,
        required=False,
        error_messages={
            "invalid_choice": "Something was banked or reversed meanwhile. Look through the list.",
        },
    )
    cheques = forms.TypedMultipleChoiceField(
        label="Cheques with it",
        coerce=UUID,
        widget=forms.CheckboxSelectMultiple,
        required=False,
        error_messages={
            "invalid_choice": "A cheque was paid in or returned meanwhile. Look through the list.",
        },
    )
    slip_number = forms.CharField(
        label="Slip number",
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="Printed on the bank's paying-in slip. The statement shows it again.",
        error_messages={"required": "Give the number of the paying-in slip."},
    )
    paid_in_on = DayField(label="Date")
    paid_in_by = forms.CharField(
        label="Paid in by", max_length=100, error_messages={"required": "Say who pays it in."}
    )
    paid_in_with = forms.CharField(
        label="Together with",
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="Go with two, wherever you can.",
    )
    bag_numbers = forms.CharField(
        label="Sealed bag numbers",
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    note = forms.CharField(
        required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(
        self,
        in_hand: Sequence[InHand],
        data: QueryDict | None = None,
        *,
        cheques: Sequence[Cheque] = (),
        initial: dict[str, Any] | None = None,
    ) -> None:
        """Offers what the treasurer has in hand."""
        super().__init__(data, initial=initial)
        self.in_hand = in_hand
        self._offered = {one.collection.reference: one.collection for one in in_hand}
        box = self.fields["collections"]
        assert isinstance(box, forms.TypedMultipleChoiceField)
        box.choices = [(reference, str(one)) for reference, one in self._offered.items()]
        self.initial.setdefault("collections", _of_one_currency(in_hand))
        self.cheques_in_hand = cheques
        self._offered_cheques = {one.reference: one for one in cheques}
        of_cheques = self.fields["cheques"]
        assert isinstance(of_cheques, forms.TypedMultipleChoiceField)
        of_cheques.choices = [(reference, reference) for reference in self._offered_cheques]
        currencies = {one.collection.amount.currency for one in in_hand}
        self.initial.setdefault(
            "cheques",
            [c.reference for c in cheques if not currencies or {c.amount.currency} == currencies],
        )
        ticked = set(self.initial["collections"])
        bags = [one.bag_number for one in in_hand if one.collection.reference in ticked]
        self.initial.setdefault("bag_numbers", ", ".join(dict.fromkeys(filter(None, bags)))[:200])
        today = local_today()
        self.initial.setdefault("paid_in_on", today)
        self.fields["paid_in_on"].widget.attrs["max"] = today.isoformat()

    @property
    def ticked(self) -> set[str]:
        """The references that are ticked, as text."""
        return {str(one) for one in self["collections"].value() or ()}

    @property
    def ticked_cheques(self) -> set[str]:
        """The same of cheques."""
        return {str(one) for one in self["cheques"].value() or ()}

    def clean(self) -> dict[str, Any]:
        """Something goes to the bank."""
        cleaned = super().clean() or {}
        if not self.errors and not (cleaned["collections"] or cleaned["cheques"]):
            self.add_error("collections", "Tick at least one collection, or a cheque.")
        return cleaned

    def facts(self) -> PayingInFacts:
        """What a valid form says."""
        told = self.cleaned_data
        collections: list[CashCollection] = [self._offered[one] for one in told["collections"]]
        return PayingInFacts(
            collections=collections,
            cheques=[self._offered_cheques[one] for one in told["cheques"]],
            slip_number=told["slip_number"],
            paid_in_on=told["paid_in_on"],
            paid_in_by=told["paid_in_by"],
            paid_in_with=told["paid_in_with"],
            bag_numbers=told["bag_numbers"],
            note=told["note"],
        )
