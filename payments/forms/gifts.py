"""The treasurer's form about one large donation that was found in a bucket."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import QueryDict

from donors.sealed import GiverDetails
from payments.amounts import SYMBOLS, AmountError, parse_amount
from payments.counting.gifts import GiftFacts
from payments.forms.fields import AmountInput, DayField, PlainInput, ReferenceField
from payments.models import NamedGift, Occasion


class GiftForm(forms.Form):
    """One donation over the limit, and who gave it."""

    reference = ReferenceField()
    form = forms.ChoiceField(
        label="What was found",
        choices=NamedGift.Form.choices,
        initial=NamedGift.Form.CASH,
        widget=forms.RadioSelect,
    )
    amount = forms.CharField(max_length=40, label="Amount", widget=AmountInput)
    dated_on = DayField(label="Date on the cheque", required=False)
    outcome = forms.ChoiceField(
        label="What becomes of it",
        choices=NamedGift.Outcome.choices,
        initial=NamedGift.Outcome.ACCEPTED,
        widget=forms.RadioSelect,
    )
    giver_name = forms.CharField(
        required=False, max_length=200, label="Who gave it", widget=PlainInput()
    )
    giver_address = forms.CharField(
        required=False,
        max_length=500,
        label="Address",
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off"}),
    )
    giver_contact = forms.CharField(
        required=False, max_length=200, label="Telephone or e-mail", widget=PlainInput()
    )
    reason = forms.CharField(
        required=False,
        max_length=150,
        label="If refused: why, and how it was given back",
        help_text="No name: everyone who sees the table sees this.",
        widget=PlainInput(),
    )
    counted_by = forms.CharField(max_length=60, label="Counted by", widget=PlainInput())
    witnessed_by = forms.CharField(
        max_length=60,
        label="And by",
        help_text="The second person.",
        widget=PlainInput(),
        error_messages={"required": "Two people look at it: type the second one's name."},
    )

    def __init__(
        self,
        occasion: Occasion,
        data: QueryDict | None = None,
        *,
        initial: Mapping[str, object] | None = None,
    ) -> None:
        """The amount is in the appeal's currency."""
        super().__init__(data, initial=dict(initial or {}))
        self._currency = occasion.appeal.currency
        self.symbol = SYMBOLS.get(self._currency, "")

    def clean(self) -> dict[str, Any]:
        """Read the amount."""
        cleaned = super().clean() or {}
        try:
            cleaned["money"] = parse_amount(cleaned.get("amount", ""), currency=self._currency)
        except AmountError as error:
            if "amount" not in self.errors:
                self.add_error("amount", str(error))
        return cleaned

    def facts(self) -> GiftFacts:
        """What a valid form says."""
        told = self.cleaned_data
        is_taken = told["outcome"] == NamedGift.Outcome.ACCEPTED
        return GiftFacts(
            form=NamedGift.Form(told["form"]),
            outcome=NamedGift.Outcome(told["outcome"]),
            amount=told["money"],
            counted_by=told["counted_by"],
            witnessed_by=told["witnessed_by"],
            dated_on=told["dated_on"],
            reason=told["reason"],
            giver=GiverDetails(
                name=told["giver_name"],
                address=told["giver_address"],
                contact=told["giver_contact"],
            )
            if is_taken
            else None,
        )
