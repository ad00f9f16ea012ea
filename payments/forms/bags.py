"""The form of a sealed bag: which buckets' cash lies in it."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import QueryDict

from payments.counting.board import BucketRow
from payments.counting.stages import Step
from payments.forms.fields import PlainInput
from payments.models import Bucket


class BagForm(forms.Form):
    """What lies in one bag. All that is agreed and in no bag yet is ticked at first."""

    buckets = forms.TypedMultipleChoiceField(
        label="Whose cash is in it",
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": "Tick at least one bucket.",
            "invalid_choice": "Something was bagged or banked meanwhile. Look through the list.",
        },
    )
    bag_number = forms.CharField(
        label="Bag number",
        max_length=40,
        help_text="As printed on the sealed bag.",
        widget=PlainInput(),
        error_messages={"required": "Give the number that is printed on the bag."},
    )
    sealed_with = forms.CharField(
        label="Sealed together with",
        max_length=60,
        help_text="The second person who was there, first and last name.",
        widget=PlainInput(),
        error_messages={"required": "Say who was there with you: first and last name."},
    )

    def __init__(self, rows: Sequence[BucketRow], data: QueryDict | None = None) -> None:
        """Offers what is agreed and lies in no bag."""
        super().__init__(data)
        self.rows = [row for row in rows if row.stage.step == Step.AGREED]
        box = self.fields["buckets"]
        assert isinstance(box, forms.TypedMultipleChoiceField)
        box.choices = [(row.bucket.number, str(row.bucket)) for row in self.rows]
        self.initial["buckets"] = [row.bucket.number for row in self.rows]

    @property
    def ticked(self) -> set[str]:
        """The numbers that are ticked, as text."""
        return {str(number) for number in self["buckets"].value() or ()}

    def facts(self) -> dict[str, Any]:
        """What a valid form says, as ``seal_bag`` asks it."""
        told = self.cleaned_data
        found: dict[int, Bucket] = {row.bucket.number: row.bucket for row in self.rows}
        return {
            "buckets": [found[number] for number in told["buckets"]],
            "bag_number": told["bag_number"],
            "sealed_with": told["sealed_with"],
        }
