"""The form by which a donor gives. It parses and explains; the rules stand elsewhere."""

import re
from typing import Any, Final

from django import forms
from django.http import QueryDict

from appeals.models import Appeal
from appeals.templatetags.money import money
from donors.details import DonorDetails
from donors.names import NameForm
from funds.models import Branch, Organisation
from funds.money import Money
from payments.amounts import SYMBOLS, AmountError, parse_amount
from payments.checkout import MONTHLY, ONCE
from payments.forms.card_amount import needs_identified_donor, read_card_amount
from payments.forms.fields import AmountInput
from payments.models import Pledge
from payments.pledges.codes import plain

OTHER: Final = "other"
"""What the last amount button says: the amount stands in the box beside it."""

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


class GiveForm(forms.Form):
    """What a donor tells us before Checkout: how much, for which branch, and, if they like, who.

    ``needs_identity`` is true for an amount over the organisation's limit: then the part about
    the donor is shown and required. ``unknown_branch`` is true when the address named a branch
    that there is not.
    """

    amount = forms.CharField(required=False)
    other_amount = forms.CharField(required=False, label="Another amount", widget=AmountInput)
    branch = forms.ModelChoiceField(
        Branch.objects.none(),
        required=False,
        to_field_name="slug",
        error_messages={"invalid_choice": "Choose a branch from the list, or none."},
    )
    frequency = forms.ChoiceField(
        required=False,
        choices=[(ONCE, "Once"), (MONTHLY, "Every month")],
        initial=ONCE,
        error_messages={"invalid_choice": "Choose to give once, or every month."},
    )
    name = forms.CharField(
        required=False,
        max_length=200,
        label="Your name",
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={"max_length": "Please shorten the name to 200 letters."},
    )
    email = forms.EmailField(
        required=False,
        max_length=254,
        label="Your e-mail address",
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={"invalid": "Type the e-mail address like name@example.org."},
    )
    show_name = forms.BooleanField(required=False, label="You may show my name with this donation")
    name_form = forms.ChoiceField(
        required=False,
        label="How may it be shown, or read out?",
        choices=NameForm,
        initial=NameForm.INITIALS,
        error_messages={"invalid_choice": "Choose from these how it may be shown."},
    )
    address = forms.CharField(
        required=False,
        max_length=500,
        label="Your home address",
        widget=forms.Textarea(attrs={"autocomplete": "street-address", "rows": 3}),
        error_messages={"max_length": "Please shorten the address to 500 letters."},
    )
    declares_own_money = forms.BooleanField(
        required=False, label="This is my own money, and I am on a UK electoral register."
    )

    pledge = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        appeal: Appeal,
        organisation: Organisation,
        initial: dict[str, str] | None = None,
    ) -> None:
        """A form of one appeal."""
        super().__init__(data, initial=initial)
        self.appeal = appeal
        self._organisation = organisation
        self.needs_identity = False
        self.unknown_branch = False
        self.paid_pledge: Pledge | None = None
        branches = Branch.objects.filter(is_active=True).select_related("region")
        self.branches = branches.order_by("region__name", "name")
        branch_field = self.fields["branch"]
        assert isinstance(branch_field, forms.ModelChoiceField)
        branch_field.queryset = self.branches

    @property
    def limit(self) -> Money | None:
        """Over this amount the donor must be identified."""
        limit = self._organisation.identified_donation_limit
        return None if limit is None else Money(limit, self._organisation.currency)

    @property
    def symbol(self) -> str:
        """What stands before an amount."""
        return SYMBOLS.get(self.appeal.currency, self.appeal.currency)

    @property
    def is_monthly(self) -> bool:
        """Whether to give every month is chosen."""
        return bool(self["frequency"].value() == MONTHLY)

    @property
    def shown_form(self) -> str:
        """Which form of the name is chosen."""
        return str(self["name_form"].value() or NameForm.INITIALS)

    @property
    def asked_branch(self) -> Branch | None:
        """The branch that the address asked for: a card on a table, or a branch's own link."""
        asked = self.initial.get("branch", "")
        return next((branch for branch in self.branches if branch.slug == asked), None)

    @property
    def choices(self) -> list[tuple[str, Money]]:
        """The amount buttons: what each sends, and what it says."""
        return [
            (f"{amount.normalize():f}", Money(amount, self.appeal.currency))
            for amount in self.appeal.suggested_amounts
        ]

    @property
    def chosen(self) -> str:
        """Which button is pressed: an amount, ``OTHER``, or none yet."""
        amount = str(self["amount"].value() or "")
        typed = self._lenient(amount)
        for value, money_of_button in self.choices:
            if typed == money_of_button:
                return value
        return OTHER if amount or self["other_amount"].value() else ""

    @property
    def typed(self) -> str:
        """What stands in the box for another amount."""
        if self.chosen != OTHER:
            return ""
        amount = str(self["amount"].value() or "")
        return str(self["other_amount"].value() or "") or ("" if amount == OTHER else amount)

    @property
    def donor(self) -> DonorDetails:
        """What the donor told of themselves; an address only where it was asked for."""
        told = self.cleaned_data
        return DonorDetails(
            name=told["name"],
            email=told["email"],
            address=told["address"] if self.needs_identity else "",
            show_name=told["show_name"],
            name_form=told["name_form"],
            declares_own_money=told["declares_own_money"] and self.needs_identity,
        )

    def clean_name(self) -> str:
        """One line of text."""
        return _CONTROL.sub(" ", self.cleaned_data["name"]).strip()

    def clean_name_form(self) -> NameForm:
        """The least that tells a name, unless the donor chose otherwise."""
        return NameForm(self.cleaned_data["name_form"] or NameForm.INITIALS)

    def clean_pledge(self) -> str:
        """The code of a pledge to this appeal, which this pays."""
        return self._find_pledge(self.cleaned_data["pledge"])

    def clean_frequency(self) -> str:
        """Once, unless the donor chose otherwise."""
        return str(self.cleaned_data["frequency"] or ONCE)

    def clean(self) -> dict[str, Any]:
        """Read the amount, and ask for what it makes necessary."""
        told: dict[str, Any] = super().clean() or self.cleaned_data
        if amount := self._read_amount():
            told["money"] = amount
            self.needs_identity = self._needs_identity(amount)
        if told.get("frequency") == MONTHLY and self.paid_pledge:
            self.add_error("frequency", "A pledge is paid once. To give monthly too, use the form.")
        if told.get("frequency") == MONTHLY and "email" in told and not told["email"]:
            self.add_error(
                "email",
                "To give every month, tell us your e-mail address: it brings you the link by "
                "which you change or stop it.",
            )
        if self.needs_identity:
            self._require_identity(told)
        elif told.get("show_name") and "name" in told and not told["name"]:
            self.add_error("name", "Tell us the name that may be shown, or untick the box.")
        return told

    def prefill(self) -> None:
        """Make sense of what the address asked for: a branch that we know, an amount we take."""
        self.initial["pledge"] = self._find_pledge(self.initial.get("pledge", ""))
        slug = self.initial.get("branch", "")
        self.unknown_branch = bool(slug) and all(branch.slug != slug for branch in self.branches)
        if self.unknown_branch:
            self.initial["branch"] = ""
        wanted = self._lenient(self.initial.get("amount", ""))
        if wanted is None:
            self.initial["amount"] = ""
        else:
            self.needs_identity = self._needs_identity(wanted)

    def _find_pledge(self, typed: str) -> str:
        """Keep the pledge that is meant; the code, or nothing for one that is not known here."""
        found = Pledge.objects.select_related("branch").filter(struck_at=None, appeal=self.appeal)
        self.paid_pledge = found.filter(code=plain(typed)).first() if typed else None
        return self.paid_pledge.code if self.paid_pledge else ""

    def _needs_identity(self, amount: Money) -> bool:
        return needs_identified_donor(amount, self._organisation)

    def _require_identity(self, told: dict[str, Any]) -> None:
        if "name" in told and not told["name"]:
            self.add_error("name", "For this amount the law asks for your full name.")
        if "address" in told and not told["address"]:
            self.add_error("address", "For this amount the law asks for your home address.")
        if not told.get("declares_own_money"):
            self.add_error(
                "declares_own_money",
                "We may take this amount only if you can tick this box.",
            )

    def _read_amount(self) -> Money | None:
        """The amount, or None with an error beside the buttons."""
        pressed = self.cleaned_data.get("amount")
        typed = self.cleaned_data.get("other_amount")
        try:
            return self._choose_amount(pressed, typed)
        except AmountError as error:
            self.errors.pop("amount", None)
            self.errors.pop("other_amount", None)
            self.add_error("amount", str(error))
        return None

    def _choose_amount(self, pressed: str | None, typed: str | None) -> Money:
        """A button's amount, or the one typed into the box; None where letters are no text."""
        if pressed is None or typed is None:
            raise AmountError(f"Type the amount in figures, like {self.symbol}25.")
        if pressed in {"", OTHER}:
            if not typed:
                raise AmountError("Choose an amount, or type your own.")
            return self._read_money(typed)
        amount = self._read_money(pressed)
        if typed and self._read_money(typed) != amount:
            raise AmountError(
                f"You chose {money(amount)} and typed {self.symbol}{typed.lstrip(self.symbol)}: "
                "choose one of the two."
            )
        return amount

    def _read_money(self, text: str) -> Money:
        return read_card_amount(text, appeal=self.appeal, organisation=self._organisation)

    def _lenient(self, text: str) -> Money | None:
        try:
            return parse_amount("".join(text.split()), currency=self.appeal.currency)
        except AmountError:
            return None
