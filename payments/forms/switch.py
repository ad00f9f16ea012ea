"""The forms of the page about cards: few taps, for an emergency."""

from django import forms
from django.http import QueryDict

from appeals.models import Appeal
from payments.models import ChallengeChoice

_WHY_LENGTH = 200


class _WhyForm(forms.Form):
    """Why it is done: for the history, and never needed in a hurry."""

    why = forms.CharField(
        label="Why",
        required=False,
        max_length=_WHY_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "off", "maxlength": _WHY_LENGTH}),
        help_text="For the history below. Donors do not see it.",
        error_messages={"max_length": "Please shorten it to 200 letters."},
    )


class PauseForm(_WhyForm):
    """Take no cards: for one appeal, or for all."""

    appeal = forms.ModelChoiceField(
        Appeal.objects.none(),
        required=False,
        to_field_name="slug",
        empty_label="Every appeal",
        label="For which appeal",
        error_messages={"invalid_choice": "Choose an appeal from the list, or every one."},
    )

    def __init__(self, data: QueryDict | None = None) -> None:
        """Offers every open appeal."""
        super().__init__(data)
        appeal = self.fields["appeal"]
        assert isinstance(appeal, forms.ModelChoiceField)
        appeal.queryset = Appeal.objects.filter(status=Appeal.Status.OPEN).order_by("title")
        self.order_fields(["appeal", "why"])


class ResumeForm(forms.Form):
    """End a pause."""

    pause = forms.IntegerField(min_value=1, max_value=2**31)


class CheckForm(_WhyForm):
    """When donors' browsers are asked for the check."""

    mode = forms.ChoiceField(
        label="When the check is asked for",
        choices=ChallengeChoice.Mode.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose one of the three."},
    )

    def __init__(
        self, data: QueryDict | None = None, *, initial: dict[str, str] | None = None
    ) -> None:
        """Its ids differ from those of the other form on the page."""
        super().__init__(data, auto_id="id_check_%s", initial=initial)
        self.order_fields(["mode", "why"])
