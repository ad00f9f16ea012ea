"""Forms about card donations: which to list, and what to give back of one."""

import re
from datetime import date
from typing import Any, Final
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import QueryDict

from appeals.models import Appeal
from appeals.templatetags.money import money
from funds.models import Branch
from funds.money import Money
from funds.organisation import read_organisation
from payments.amounts import SYMBOLS, AmountError, parse_amount
from payments.card_records import made_on
from payments.forms.fields import AmountInput, AppealField, BranchField, DayField, ReferenceField
from payments.models import CardDispute, CardDonation, CardRefund, RefundOrder
from payments.refund_orders import RefundFacts
from payments.refundable import Refundable

_STRIPE_ID: Final = re.compile(r"(?P<kind>pi|re|cs|du|dp)_[A-Za-z0-9_]+")


class FindField(forms.CharField):
    """One box that finds a donation by whatever the treasurer has in hand."""

    def __init__(self) -> None:
        super().__init__(
            required=False,
            label="Find",
            max_length=120,
            help_text="Stripe's id (pi_…, re_…, du_…), our reference, an amount, or a date.",
            widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        )

    def clean(self, value: str | None) -> Q | None:
        """What to look for; None for nothing."""
        typed = super().clean(value)
        if not typed:
            return None
        if told := _STRIPE_ID.fullmatch(typed):
            return _of_stripe(told["kind"], typed)
        try:
            reference = UUID(typed)
        except ValueError:
            return self._of_day(typed) or self._of_amount(typed)
        ordered = RefundOrder.objects.filter(reference=reference).values("donation")
        return Q(reference=reference) | Q(pk__in=ordered)

    def _of_day(self, typed: str) -> Q | None:
        try:
            day = DayField(label="").clean(typed)
        except ValidationError:
            return None
        assert isinstance(day, date)
        return made_on(day)

    def _of_amount(self, typed: str) -> Q:
        try:
            amount = parse_amount(typed, currency=read_organisation().currency)
        except AmountError as error:
            raise ValidationError(
                "Type Stripe's id of a payment, refund or dispute, our reference, an amount like "
                "25 or 25.50, or a date like 21/11/2026."
            ) from error
        return Q(amount=amount.amount)


def _of_stripe(kind: str, stripe_id: str) -> Q:
    if kind == "re":
        return Q(pk__in=CardRefund.objects.filter(stripe_id=stripe_id).values("donation"))
    if kind in {"du", "dp"}:
        return Q(pk__in=CardDispute.objects.filter(stripe_id=stripe_id).values("donation"))
    return Q(payment_intent_id=stripe_id) if kind == "pi" else Q(checkout_session_id=stripe_id)


class CardDonationFilterForm(forms.Form):
    """Which card donations a list shows: those that came or will, unless another is asked for."""

    find = FindField()
    state = forms.ChoiceField(
        required=False,
        label="Show",
        choices=[
            ("", "Came, or promised"),
            ("back", "Given back, in full or in part"),
            ("disputed", "Disputed by the donor's bank"),
            ("promised", "Promised, not come yet"),
            ("unpaid", "Not paid"),
            ("all", "All"),
        ],
    )

    def __init__(self, data: QueryDict) -> None:
        """Offers the appeals that ever took cards, and every branch."""
        super().__init__(data)
        appeals = Appeal.objects.exclude(status=Appeal.Status.DRAFT)
        self.fields["appeal"] = AppealField(appeals, required=False, empty_label="Every appeal")
        branches = Branch.objects.order_by("name")
        self.fields["branch"] = BranchField(branches, required=False, empty_label="Every branch")
        self.order_fields(["find", "appeal", "branch"])

    def narrow(self, donations: QuerySet[CardDonation]) -> QuerySet[CardDonation]:
        """Those that the form asks for; none when it asks for what there is not.

        What is looked for by name is found in any state.
        """
        if not self.is_valid():
            return donations.none()
        wanted = self.cleaned_data
        if wanted["find"] is not None:
            donations = donations.filter(wanted["find"])
        for name in ("appeal", "branch"):
            if wanted[name] is not None:
                donations = donations.filter(**{name: wanted[name]})
        state = wanted["state"] or ("all" if wanted["find"] is not None else "")
        return donations.filter(_STATES[state])


_HAS_COME: Final = Q(received_entry__isnull=False)
_IS_PROMISED: Final = Q(received_entry__isnull=True, processing_at__isnull=False)
_STATES: Final = {
    "": _HAS_COME | _IS_PROMISED,
    "back": Q(given_back__gt=0),
    "disputed": Q(pk__in=CardDispute.objects.values("donation")),
    "promised": _IS_PROMISED,
    "unpaid": Q(received_entry__isnull=True, processing_at__isnull=True),
    "all": Q(),
}


class RefundForm(forms.Form):
    """What is to be given back of one donation, and why."""

    ALL, PART = "all", "part"

    reference = ReferenceField()
    how_much = forms.ChoiceField(
        label="How much",
        widget=forms.RadioSelect,
        error_messages={"required": "Say how much.", "invalid_choice": "Say how much."},
    )
    amount = forms.CharField(
        required=False, max_length=40, label="Which part of it", widget=AmountInput
    )
    reason = forms.CharField(
        max_length=200,
        label="Why is it given back?",
        help_text="Kept with the books. No donor's name.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Say why it is given back."},
    )
    stripe_reason = forms.ChoiceField(
        required=False,
        label="What Stripe is told",
        help_text="“The card was not the donor's own” also makes Stripe block that card here.",
        choices=[("", "Nothing"), *RefundOrder.StripeReason.choices],
    )

    def __init__(
        self, donation: CardDonation, refundable: Refundable, data: QueryDict | None = None
    ) -> None:
        """Offers all that is left of the donation, or a part of it."""
        super().__init__(data)
        self.donation = donation
        self._left = refundable.left
        self.symbol = SYMBOLS.get(self._left.currency.code, "")
        is_whole = refundable.left == refundable.amount
        whole = f"All of it: {money(self._left)}" if is_whole else f"The rest: {money(self._left)}"
        how_much = self.fields["how_much"]
        assert isinstance(how_much, forms.ChoiceField)
        how_much.choices = [(self.ALL, whole), (self.PART, "A part of it")]
        self.initial["how_much"] = self.ALL

    def clean(self) -> dict[str, Any]:
        """Read the part in the donation's currency."""
        cleaned = super().clean() or {}
        how_much, typed = cleaned.get("how_much"), cleaned.get("amount", "")
        if how_much == self.ALL:
            cleaned["money"] = self._left
            if typed:
                self.add_error("amount", "Choose “A part of it”, or leave this empty.")
        elif how_much == self.PART:
            try:
                cleaned["money"] = parse_amount(typed, currency=self._left.currency.code)
            except AmountError as error:
                self.add_error("amount", str(error))
        return cleaned

    def facts(self) -> RefundFacts:
        """What a valid form asks for."""
        told = self.cleaned_data
        amount: Money = told["money"]
        return RefundFacts(
            donation=self.donation,
            amount=amount,
            reason=told["reason"],
            stripe_reason=told["stripe_reason"],
        )


class DeclineForm(forms.Form):
    """Why an order is declined."""

    reason = forms.CharField(
        max_length=200,
        label="Why not?",
        help_text="Whoever asked sees this. No donor's name.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Say why it is declined."},
    )
