"""The form of the national treasurer's page about bank transfers and cheques."""

from typing import Any

from django import forms
from django.http import QueryDict

from appeals.models import Appeal
from funds.models import Branch
from funds.money import Money
from funds.organisation import read_organisation
from payments.amounts import SYMBOLS, AmountError, parse_amount
from payments.cash_records import recordable_appeals
from payments.forms.fields import (
    AmountInput,
    AppealField,
    BranchField,
    DayField,
    ReferenceField,
)
from payments.models import StatementLine, TransferReceipt
from payments.recording import local_today
from payments.transfers import GivenBy, TransferFacts


class TransferForm(forms.Form):
    """One bank transfer or cheque. Its currency is its appeal's."""

    reference = ReferenceField()
    appeal = AppealField(Appeal.objects.none())
    branch = BranchField(
        Branch.objects.none(), required=False, empty_label="No branch: to the appeal as a whole"
    )
    method = forms.ChoiceField(
        label="How it came",
        choices=TransferReceipt.Method.choices,
        initial=TransferReceipt.Method.TRANSFER,
        widget=forms.RadioSelect,
        error_messages={"required": "Say how it came."},
    )
    amount = forms.CharField(
        max_length=40, widget=AmountInput, error_messages={"required": "Type the amount."}
    )
    received_on = DayField(
        label="Date", help_text="When it reached the account; for a cheque, when it cleared."
    )
    bank_reference = forms.CharField(
        label="Reference",
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="As on the bank statement; for a cheque, its number and the paying-in slip's.",
        error_messages={"required": "Give the statement's or the cheque's reference."},
    )
    name = forms.CharField(
        label="Who it came from",
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="A person's or an organisation's full name. Kept apart from the books.",
    )
    address = forms.CharField(
        label="Their address",
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off"}),
    )
    email = forms.EmailField(
        label="Their e-mail",
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        error_messages={"invalid": "That does not look like an e-mail address."},
    )
    note = forms.CharField(
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="No donor's name.",
    )

    def __init__(
        self, data: QueryDict | None = None, *, from_line: StatementLine | None = None
    ) -> None:
        """Offers every appeal that takes records and every active branch.

        Args:
            data: What was sent, if anything was.
            from_line: The bank's line that brought it: its day and amount are not asked for.
        """
        super().__init__(data)
        self._line = from_line
        appeals = recordable_appeals()
        if from_line is not None:
            appeals = appeals.filter(target_currency=from_line.account.currency)
        self.offered_appeals = list(appeals)
        self.fields["appeal"] = AppealField(appeals)
        self.fields["branch"].queryset = Branch.objects.filter(  # type: ignore[attr-defined]
            is_active=True
        )
        self.order_fields(["reference", "appeal", "branch"])
        open_now = [a for a in self.offered_appeals if a.status == Appeal.Status.OPEN]
        if len(open_now) == 1:
            self.initial.setdefault("appeal", open_now[0].slug)
        today = local_today()
        self.initial.setdefault("received_on", today)
        self.fields["received_on"].widget.attrs["max"] = today.isoformat()
        if from_line is not None:
            del self.fields["amount"], self.fields["received_on"]
            self._take_over(from_line)

    def _take_over(self, line: StatementLine) -> None:
        """What the line says, and what its reference is known to be for."""
        self.initial.setdefault("bank_reference", line.bank_reference[:120])
        proposal = line.matches.filter(confirmed_at__isnull=True, rule__isnull=False).first()
        if proposal is not None and (rule := proposal.rule) is not None:
            self.initial["appeal"] = rule.appeal.slug
            self.initial["branch"] = rule.branch.slug if rule.branch else ""
            self.initial["bank_reference"] = rule.words[:120]

    @property
    def symbol(self) -> str:
        """What stands before the amount, when every offered appeal is in one currency."""
        currencies = {appeal.currency for appeal in self.offered_appeals}
        return SYMBOLS.get(currencies.pop(), "") if len(currencies) == 1 else ""

    @property
    def identified_limit(self) -> Money | None:
        """A gift of more than this needs its giver's name and address; None for no limit."""
        organisation = read_organisation()
        limit = organisation.identified_donation_limit
        return None if limit is None else Money(limit, organisation.currency)

    def clean(self) -> dict[str, Any]:
        """Read the amount in the appeal's currency."""
        cleaned = super().clean() or {}
        appeal, typed = cleaned.get("appeal"), cleaned.get("amount")
        if appeal is not None and typed:
            try:
                cleaned["money"] = parse_amount(typed, currency=appeal.currency)
            except AmountError as error:
                self.add_error("amount", str(error))
        return cleaned

    def facts(self) -> TransferFacts:
        """What a valid form says."""
        told, line = self.cleaned_data, self._line
        money: Money = line.amount if line else told["money"]
        return TransferFacts(
            appeal=told["appeal"],
            branch=told["branch"],
            method=TransferReceipt.Method(told["method"]),
            received_on=line.booked_on if line else told["received_on"],
            amount=money,
            bank_reference=told["bank_reference"],
            given_by=GivenBy(name=told["name"], address=told["address"], email=told["email"]),
            note=told["note"],
        )
