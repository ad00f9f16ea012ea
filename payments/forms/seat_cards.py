"""The form of table cards and posters: for which branch, on what paper, and who prints them."""

from typing import Final

from django import forms
from django.http import QueryDict

from appeals.stage.remotes import may_direct
from funds.access import Access
from funds.models import Branch
from payments.cash_records import visible_branches
from payments.forms.fields import PlainInput
from payments.paper.seat_cards import SHEET_NAMES, Sheet

EVERY: Final = "*"
"""Stands for all branches that are offered. No branch is called so."""


class SeatCardsForm(forms.Form):
    """What to print. Who runs the evening prints for all; a branch's treasurer for the branch."""

    sheet = forms.ChoiceField(
        label="What to print",
        choices=[(sheet.value, name) for sheet, name in SHEET_NAMES.items()],
        initial=Sheet.TENT,
        widget=forms.RadioSelect,
        error_messages={
            "required": "Choose what to print.",
            "invalid_choice": "Choose what to print from these.",
        },
    )
    branch = forms.ChoiceField(
        required=False,
        label="For which branch",
        help_text="What is given by its card counts for that branch, unless the donor changes it.",
        error_messages={"invalid_choice": "Choose a branch from the list."},
    )
    printer = forms.CharField(
        required=False,
        max_length=150,
        label="Who prints it: name and address",
        help_text="The law asks for it on what is printed to win people for a party. If you print "
        "it yourselves, it is your own name and address.",
        widget=PlainInput(),
        error_messages={"max_length": "Please shorten it to 150 letters."},
    )

    def __init__(self, access: Access, data: QueryDict | None = None) -> None:
        """Offers the branches that the visitor may print for, and all of these at once."""
        super().__init__(data)
        is_for_all = may_direct(access)
        found = Branch.objects.order_by("name") if is_for_all else visible_branches(access)
        self._branches = list(found.filter(is_active=True))
        field = self.fields["branch"]
        assert isinstance(field, forms.ChoiceField)
        choices = [("", "No branch: for the whole hall")] if is_for_all else []
        if len(self._branches) > 1:
            choices.append((EVERY, f"Each of {len(self._branches)} branches, a sheet for each"))
        field.choices = choices + [(branch.slug, branch.name) for branch in self._branches]
        field.required = not is_for_all
        field.error_messages["required"] = "Choose the branch."
        if not is_for_all and self._branches:
            self.initial["branch"] = self._branches[0].slug

    def chosen(self) -> list[Branch | None]:
        """For whom a valid form asks: one branch, each of them, or None for no branch."""
        asked = self.cleaned_data["branch"]
        if not asked:
            return [None]
        return [branch for branch in self._branches if asked in {EVERY, branch.slug}]
