"""The forms about what is printed: for which appeal and branch, and where donors pay to."""

from django import forms
from django.http import QueryDict

from funds.access import Access
from payments.cash_records import recordable_appeals, visible_branches
from payments.forms.fields import AppealField, BranchField, PlainInput


class PledgeSlipsForm(forms.Form):
    """For which appeal and branch slips are printed. The branch may be left to the giver."""

    def __init__(self, access: Access, data: QueryDict | None = None) -> None:
        """Offers what the treasurer acts for; a single choice is chosen already."""
        super().__init__(data)
        self.fields["appeal"] = AppealField(recordable_appeals())
        branches = visible_branches(access).filter(is_active=True)
        self.fields["branch"] = BranchField(
            branches, required=False, empty_label="No branch: the giver may write one"
        )
        offered = list(branches[:2])
        if len(offered) == 1:
            self.initial["branch"] = offered[0].slug
        newest = recordable_appeals().first()
        if newest is not None:
            self.initial["appeal"] = newest.slug


class PayeeForm(forms.Form):
    """Where donors are asked to pay to."""

    name = forms.CharField(
        label="In whose name the account is",
        max_length=70,
        widget=PlainInput(),
        help_text="As the bank has it: a payer's bank compares it.",
        error_messages={"required": "Give the name that the account is in."},
    )
    sort_code = forms.CharField(
        label="Sort code",
        required=False,
        max_length=12,
        widget=PlainInput(inputmode="numeric"),
        help_text="Leave it empty for an IBAN.",
    )
    number = forms.CharField(
        label="Account number, or IBAN",
        max_length=42,
        widget=PlainInput(),
        error_messages={"required": "Give the account number, or the IBAN."},
    )
