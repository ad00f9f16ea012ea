"""Forms about records that stand already: which to list, and why one is reversed."""

from typing import Any, Final

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict

from appeals.models import Appeal
from funds.access import Access
from payments.cash_records import visible_branches
from payments.forms.fields import AppealField, BranchField, DayField
from payments.models import CashCollection

WRONGS: Final = ("Wrong amount", "Recorded twice", "Wrong branch or appeal")
"""What is wrong with a record most often: each is a button right after it was recorded."""


class ReverseForm(forms.Form):
    """Why a record is reversed."""

    reason = forms.CharField(
        max_length=150,
        label="What was wrong?",
        help_text="Everyone who sees the record sees this too. No donor's name.",
        error_messages={"required": "Say why it is reversed."},
    )


class CollectionFilterForm(forms.Form):
    """Which collections a list shows."""

    STANDING, REVERSED = "standing", "reversed"

    collected_from = DayField(required=False, label="From")
    collected_to = DayField(required=False, label="To")
    state = forms.ChoiceField(
        required=False,
        label="Show",
        choices=[
            ("", "All"),
            (STANDING, "Without reversed ones"),
            (REVERSED, "Only reversed ones"),
        ],
    )

    kind = forms.ChoiceField(
        required=False,
        label="What it was",
        choices=[("", "Everything"), *CashCollection.Kind.choices],
    )

    def __init__(self, access: Access, data: QueryDict) -> None:
        """Offers the appeals that ever took cash, and the treasurer's own branches."""
        super().__init__(data)
        appeals = Appeal.objects.exclude(status=Appeal.Status.DRAFT)
        self.fields["appeal"] = AppealField(appeals, required=False, empty_label="Every appeal")
        branches = visible_branches(access)
        self.fields["branch"] = BranchField(branches, required=False, empty_label="Every branch")
        self.order_fields(["appeal", "branch"])

    def narrow(self, collections: QuerySet[CashCollection]) -> QuerySet[CashCollection]:
        """Those that the form asks for; none when it asks for what there is not."""
        if not self.is_valid():
            return collections.none()
        wanted = self.cleaned_data
        conditions: dict[str, Any] = {
            "appeal": wanted["appeal"],
            "branch": wanted["branch"],
            "collected_on__gte": wanted["collected_from"],
            "collected_on__lte": wanted["collected_to"],
        }
        collections = collections.filter(
            **{name: value for name, value in conditions.items() if value is not None}
        )
        if wanted["kind"]:
            collections = collections.filter(kind=wanted["kind"])
        if wanted["state"]:
            is_reversed = wanted["state"] == self.REVERSED
            collections = collections.filter(reversed_at__isnull=not is_reversed)
        return collections
