"""Which period and currency the reconciliation is to show."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django import forms

from payments.balance.matching import Part, Reason, Scope
from payments.forms.fields import DayField
from payments.periods import Period


class ScopeForm(forms.Form):
    """From, to and the currency, of those in which anything moved. Empty: the period on offer."""

    since = DayField(label="From", required=False)
    until = DayField(label="To", required=False)

    def __init__(
        self, data: Mapping[str, Any], *, currencies: Sequence[str], usual: Period
    ) -> None:
        """``usual`` is shown when nothing is asked for, or nothing that can be meant."""
        told = {key: data.get(key) for key in ("since", "until", "currency") if data.get(key)}
        asked = {"since": usual.since, "until": usual.until, "currency": currencies[0]} | told
        super().__init__(asked)
        self._usual, self._first_currency = usual, currencies[0]
        self.fields["currency"] = forms.ChoiceField(
            label="Currency",
            required=False,
            choices=[(code, code) for code in currencies],
        )
        self.has_currencies = len(currencies) > 1

    def clean(self) -> dict[str, Any]:
        """A period ends on or after the day on which it begins."""
        told = super().clean() or {}
        since, until = told.get("since"), told.get("until")
        if since and until and until < since:
            self.add_error("until", "The period ends before it begins.")
        return told

    def scope(self) -> Scope:
        """What to show: what was asked for, or the usual period when that cannot be meant."""
        if not self.is_valid():
            return Scope(self._first_currency, self._usual.since, self._usual.until)
        told = self.cleaned_data
        since: date = told["since"] or self._usual.since
        until: date = told["until"] or max(since, self._usual.until)
        return Scope(told["currency"] or self._first_currency, since, until)


def read_part(data: Mapping[str, Any]) -> Part:
    """The part that a list is asked for; donations when it is none that there is."""
    value = data.get("part", "")
    return Part(value) if value in set(Part) else Part.DONATION


def read_reason(data: Mapping[str, Any]) -> Reason:
    """The reason that a list is asked for; what waits when it is none that there is."""
    value = data.get("reason", "")
    return Reason(value) if value in set(Reason) else Reason.WAITING
