"""The treasurer's forms about one bucket: how it came back, and what is decided about it."""

from django import forms

from payments.forms.fields import PlainInput
from payments.models import Bucket


class CameBackForm(forms.Form):
    """How a bucket came back."""

    seal = forms.ChoiceField(
        label="Its seal",
        choices=Bucket.Seal.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Look at the seal, and say how it is."},
    )
    note = forms.CharField(
        required=False,
        max_length=150,
        label="What you found",
        help_text="Needed when the seal is broken or missing.",
        widget=PlainInput(),
    )


class ReasonForm(forms.Form):
    """Why something is undone, set aside or called off."""

    reason = forms.CharField(
        max_length=150,
        label="Why?",
        help_text="Everyone who sees the table sees this too. No donor's name.",
        widget=PlainInput(),
        error_messages={"required": "Say why."},
    )


class SignForm(forms.Form):
    """Two signatures under a difference."""

    reason = forms.CharField(
        max_length=150,
        label="What did you find out about the difference?",
        help_text="Kept with the books. No donor's name.",
        widget=PlainInput(),
        error_messages={"required": "Write down what you found out."},
    )
    also_by = forms.CharField(
        max_length=60,
        label="Who signs with you?",
        help_text="A second person who was there, first and last name.",
        widget=PlainInput(),
        error_messages={"required": "A second person signs with you: type the name."},
    )
