"""Fields that the till's forms share."""

import re
import uuid

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import QueryDict

from appeals.models import Appeal
from funds.models import Branch
from payments.denominations import MOST_PIECES, Denomination


class AmountInput(forms.TextInput):
    """A box for an amount: the phone offers its number pad, the browser no old amounts."""

    def __init__(self) -> None:
        super().__init__(
            attrs={"inputmode": "decimal", "autocomplete": "off", "enterkeyhint": "next"}
        )


class PlainInput(forms.TextInput):
    """A box that the browser offers no old answers for."""

    def __init__(self, **attrs: str) -> None:
        super().__init__(attrs={"autocomplete": "off", **attrs})


class DayField(forms.DateField):
    """A date, picked from the phone's calendar or typed, day first."""

    def __init__(self, *, label: str, help_text: str = "", required: bool = True) -> None:
        super().__init__(
            label=label,
            help_text=help_text,
            required=required,
            widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
            input_formats=["%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y"],
            error_messages={
                "required": "Give the date.",
                "invalid": "Give the date as day/month/year, like 21/11/2026.",
            },
        )


class PiecesField(forms.CharField):
    """How many of one note or coin; an empty box is none."""

    def __init__(self, piece: Denomination) -> None:
        super().__init__(
            required=False,
            label=piece.label,
            max_length=12,
            widget=forms.TextInput(
                attrs={
                    "inputmode": "numeric",
                    "autocomplete": "off",
                    "data-face": str(piece.face_minor),
                }
            ),
        )

    def clean(self, value: str | None) -> int:
        """The number of pieces."""
        text = super().clean(value)
        if not text:
            return 0
        if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) > MOST_PIECES:
            raise ValidationError(f"How many {self.label}? Type a whole number.")
        return int(text)


class ReferenceField(forms.UUIDField):
    """Names the record that the form will make: minted with the form, sent back with it."""

    def __init__(self) -> None:
        super().__init__(
            widget=forms.HiddenInput,
            initial=uuid.uuid4,
            error_messages={
                "required": "Please send the form again.",
                "invalid": "Please send the form again.",
            },
        )


class AppealField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """An appeal by its slug; says when it is closed."""

    def __init__(
        self,
        appeals: QuerySet[Appeal],
        *,
        required: bool = True,
        empty_label: str = "Choose the appeal",
    ) -> None:
        super().__init__(
            appeals,
            required=required,
            to_field_name="slug",
            empty_label=empty_label,
            error_messages={
                "required": "Choose the appeal.",
                "invalid_choice": "Choose an appeal from the list.",
            },
        )

    def label_from_instance(self, obj: Appeal) -> str:
        """The title."""
        return f"{obj.title} (closed)" if obj.status == Appeal.Status.CLOSED else obj.title


class BranchField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A branch by its slug, of those the treasurer acts for; another is as unknown as none."""

    def __init__(
        self,
        branches: QuerySet[Branch],
        *,
        required: bool = True,
        empty_label: str = "Choose the branch",
    ) -> None:
        super().__init__(
            branches,
            required=required,
            to_field_name="slug",
            empty_label=empty_label,
            error_messages={
                "required": "Choose the branch.",
                "invalid_choice": "Choose a branch from the list.",
            },
        )


def with_new_reference(sent: QueryDict) -> QueryDict:
    """The same answers under a new reference: sent again, they make another record."""
    answers = sent.copy()
    answers["reference"] = str(uuid.uuid4())
    return answers
