"""Forms about periods: which to look at, which to close, why one is opened again."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django import forms

from funds.access import Access
from payments.cash_records import visible_branches
from payments.closing.periods import name_of
from payments.forms.fields import BranchField, DayField, PlainInput
from payments.periods import Period


class CashBookForm(forms.Form):
    """Which days and which branch a cash book shows. Empty: the period on offer, every branch."""

    since = DayField(label="From", required=False)
    until = DayField(label="To", required=False)

    def __init__(self, access: Access, data: Mapping[str, Any], *, usual: Period) -> None:
        """``usual`` is shown when nothing is asked for, or nothing that can be meant."""
        told = {key: data[key] for key in ("since", "until", "branch") if data.get(key)}
        super().__init__({"since": usual.since, "until": usual.until} | told)
        self._usual = usual
        self.branches = visible_branches(access)
        self.fields["branch"] = BranchField(
            self.branches, required=False, empty_label="Every branch"
        )

    def clean(self) -> dict[str, Any]:
        """A period ends on or after the day on which it begins."""
        told = super().clean() or {}
        since, until = told.get("since"), told.get("until")
        if since and until and until < since:
            self.add_error("until", "The period ends before it begins.")
        return told

    def period(self) -> Period:
        """What to show: what was asked for, or the usual period when that cannot be meant."""
        if not self.is_valid():
            return self._usual
        told = self.cleaned_data
        since: date = told["since"] or self._usual.since
        until: date = told["until"] or max(since, self._usual.until)
        return Period(name_of(since, until), since, until)


class CloseForm(forms.Form):
    """Which days to close, and the figures that were seen."""

    since = DayField(label="From")
    until = DayField(label="To")
    figures = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)


class ReopenForm(forms.Form):
    """Why a closed period is opened again."""

    reason = forms.CharField(
        max_length=150,
        label="Why must it be opened again?",
        help_text="Kept with the books. No donor's name.",
        widget=PlainInput(),
        error_messages={"required": "Say why it is opened again."},
    )
