"""The forms of a donor's own page about their monthly donation."""

import uuid
from typing import Any, Final

from django import forms
from django.http import QueryDict

from donors.models import Donor
from funds.models import Organisation
from funds.money import Money
from payments.amounts import SYMBOLS, AmountError
from payments.forms.card_amount import needs_identified_donor, read_card_amount
from payments.forms.fields import AmountInput
from payments.models import MonthlyDonation

_IDENTIFY: Final = (
    "For that much a month the law asks us to know who gives. Please stop this one, and give anew: "
    "the form then asks who you are."
)


class MonthlyAmountForm(forms.Form):
    """Another amount from the next month on. ``wish`` names what the donor wants done once."""

    amount = forms.CharField(
        max_length=30,
        label="From the next month on",
        widget=AmountInput,
        error_messages={
            "required": "Type the amount that you want to give every month.",
            "max_length": "Type the amount in figures.",
        },
    )
    wish = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        monthly: MonthlyDonation,
        organisation: Organisation,
    ) -> None:
        """The form of one monthly donation."""
        super().__init__(data, initial={"wish": uuid.uuid4()})
        self._monthly = monthly
        self._organisation = organisation

    @property
    def symbol(self) -> str:
        """What stands before an amount."""
        return SYMBOLS.get(self._monthly.appeal.currency, self._monthly.appeal.currency)

    def clean(self) -> dict[str, Any]:
        """Read the amount by the rules of the give form."""
        told: dict[str, Any] = super().clean() or self.cleaned_data
        if "amount" in told:
            try:
                told["money"] = self._read(told["amount"])
            except AmountError as error:
                self.add_error("amount", str(error))
        return told

    def _read(self, typed: str) -> Money:
        amount = read_card_amount(
            typed, appeal=self._monthly.appeal, organisation=self._organisation
        )
        if needs_identified_donor(amount, self._organisation) and not _is_identified(
            self._monthly.donor
        ):
            raise AmountError(_IDENTIFY)
        return amount


class LinkForm(forms.Form):
    """Where to send the link to."""

    email = forms.EmailField(
        max_length=254,
        label="Your e-mail address",
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={
            "required": "Type the e-mail address that you gave us.",
            "invalid": "Type the e-mail address like name@example.org.",
        },
    )


def _is_identified(donor: Donor | None) -> bool:
    return donor is not None and bool(donor.name and donor.address and donor.declares_own_money)
