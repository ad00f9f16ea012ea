"""The forms of the pledge desk: what was heard, taps on the ladder, and what is done with lines."""

from typing import Any

from django import forms

from funds.models import Branch
from payments.models import PledgeList, PledgeSettlement
from payments.models.pledge import Method
from payments.pledges.by_ear import NotUnderstoodError, hear
from payments.pledges.desk import LADDER
from payments.pledges.taking import Line

_MOST_HANDS = 60


class OpenForm(forms.Form):
    """Which list somebody sits down at."""

    side = forms.ChoiceField(choices=PledgeList.Side)


class TakeForm(forms.Form):
    """A line by ear, hands by steps of the ladder, or both; cleaned into ``lines``.

    ``branch`` (a slug) and ``method`` hold where the line itself says nothing of them.
    """

    list = forms.UUIDField(widget=forms.HiddenInput)
    entry = forms.UUIDField(widget=forms.HiddenInput)
    typed = forms.CharField(required=False, max_length=200)
    branch = forms.SlugField(required=False)
    method = forms.ChoiceField(required=False, choices=[("", ""), *Method.choices])

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:  # noqa: ANN401 - Django's
        super().__init__(*args, **kwargs)
        self._currency = currency
        for step in LADDER:
            self.fields[f"hands_{step}"] = forms.IntegerField(
                required=False, min_value=0, max_value=_MOST_HANDS
            )

    def clean(self) -> dict[str, Any]:
        """Put what was understood into ``lines``."""
        told = super().clean() or self.cleaned_data
        if self.errors:
            return told
        hands = [f"{told[f'hands_{step}']}x{step}" for step in LADDER if told[f"hands_{step}"]]
        typed = " ".join([*hands, told["typed"]])
        places = {place.slug: place for place in Branch.objects.filter(is_active=True)}
        try:
            heard = hear(typed, places=list(places.values()), currency=self._currency)
        except NotUnderstoodError as error:
            self.add_error("typed", str(error))
            return told
        branch = places.get(heard.slug or told["branch"])
        method = heard.method or Method(told["method"] or Method.PROMISE)
        told["lines"] = [Line(amount, branch, method) for amount in heard.amounts]
        return told


class StrikeForm(forms.Form):
    """A line to take back, or a whole entry."""

    list = forms.UUIDField()
    line = forms.UUIDField(required=False)
    entry = forms.UUIDField(required=False)


class ListForm(forms.Form):
    """A list to close or to go on with."""

    list = forms.UUIDField()


class SettleForm(forms.Form):
    """Whose line stands; ``pledge`` and ``check_line`` are references."""

    pledge = forms.UUIDField(required=False)
    check_line = forms.UUIDField(required=False)
    choice = forms.ChoiceField(choices=PledgeSettlement.Choice)
