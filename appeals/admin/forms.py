"""The admin's forms of an appeal and its branch targets: amounts in the appeal's one currency."""

from decimal import Decimal
from itertools import pairwise
from typing import Any

from django import forms
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.utils import timezone

from appeals.models import Appeal, BranchTarget
from funds.balances import read_balances
from funds.models import Fund
from funds.money import Money
from funds.organisation import read_organisation


def amount_field(label: str, help_text: str = "") -> forms.DecimalField:
    """A positive amount with two decimals; its currency stands elsewhere."""
    return forms.DecimalField(
        label=label,
        help_text=help_text,
        min_value=Decimal(1),
        max_digits=14,
        decimal_places=2,
    )


class AppealForm(forms.ModelForm[Appeal]):
    """An appeal. A new one is in the organisation's currency, and every one keeps its own."""

    target_amount = amount_field("Target", "In the organisation's currency.")

    class Meta:
        model = Appeal
        fields = (
            "title",
            "slug",
            "story",
            "fund",
            "stretch_targets",
            "opens_at",
            "closes_at",
            "status",
            "suggested_amounts",
            "minimum",
            "show_league",
            "is_standing",
        )

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - Django's signature
        super().__init__(*args, **options)
        if self.instance.pk:
            self.initial["target_amount"] = self.instance.target.amount
            self.fields["target_amount"].help_text = f"In {self.instance.currency}."

    def clean(self) -> dict[str, Any]:
        """Put amount and currency together; refuse what would hide money or mislead a donor."""
        cleaned = super().clean() or {}
        target = cleaned.get("target_amount")
        if target is not None:
            self.instance.target = Money(target, self._currency())
            stretches = cleaned.get("stretch_targets") or []
            steps = pairwise([target, *stretches])
            if any(next_step <= step for step, next_step in steps):
                self.add_error("stretch_targets", "Each must be more than the one before it.")
        if cleaned.get("status") == Appeal.Status.DRAFT and self._has_postings():
            self.add_error("status", "Money was booked for this appeal: close it instead.")
        if cleaned.get("status") == Appeal.Status.OPEN and "status" in self.changed_data:
            closes_at = cleaned.get("closes_at")
            if closes_at and closes_at <= timezone.now():
                self.add_error("closes_at", "To open it, empty this, or give a time to come.")
        if cleaned.get("status") == Appeal.Status.CLOSED:
            now = timezone.now()
            closes_at = cleaned.get("closes_at")
            # Closed by hand is closed from now on: what is gathered later belongs elsewhere.
            cleaned["closes_at"] = closes_at if closes_at and closes_at < now else now
        if cleaned.get("is_standing"):
            self._require_the_only_one(cleaned.get("fund") or getattr(self.instance, "fund", None))
        return cleaned

    def _require_the_only_one(self, fund: Fund | None) -> None:
        """The database's rule in kind words: it looks at no field that the form does not show."""
        others = Appeal.objects.filter(fund=fund, is_standing=True).exclude(pk=self.instance.pk)
        if fund is not None and (other := others.first()):
            self.add_error("is_standing", f"“{other.title}” is this fund's: untick it there first.")

    def _currency(self) -> str:
        if self.instance.pk:
            return self.instance.currency
        try:
            return read_organisation().currency
        except ImproperlyConfigured as error:
            raise ValidationError("Set up the organisation first.") from error

    def _has_postings(self) -> bool:
        if not self.instance.pk:
            return False
        return bool(read_balances(self.instance.accounts.values_list("account_id", flat=True)))


class BranchTargetForm(forms.ModelForm[BranchTarget]):
    """A branch's share, as an amount; the appeal's currency is put to it when it is saved."""

    amount = amount_field("Target")

    class Meta:
        model = BranchTarget
        fields = ("branch",)

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - Django's signature
        super().__init__(*args, **options)
        if self.instance.pk:
            self.initial["amount"] = self.instance.target.amount


class BranchTargetFormSet(
    forms.BaseInlineFormSet[BranchTarget, Appeal, forms.ModelForm[BranchTarget]]
):
    """The shares of one appeal, in its currency."""

    def save_new(self, form: forms.ModelForm[BranchTarget], commit: bool = True) -> BranchTarget:  # noqa: FBT001, FBT002
        """Add a share."""
        self._put_currency(form)
        return super().save_new(form, commit=commit)

    def save_existing(
        self,
        form: forms.ModelForm[BranchTarget],
        obj: BranchTarget,
        commit: bool = True,  # noqa: FBT001, FBT002 - Django's signature
    ) -> BranchTarget:
        """Change a share."""
        self._put_currency(form)
        return super().save_existing(form, obj, commit=commit)

    def _put_currency(self, form: forms.ModelForm[BranchTarget]) -> None:
        form.instance.target = Money(form.cleaned_data["amount"], self.instance.currency)
