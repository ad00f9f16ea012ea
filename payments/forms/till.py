"""What an operator may do about what waits."""

from django import forms


class AlikeForm(forms.Form):
    """Names events that fail alike: of one type, for one reason."""

    event_type = forms.CharField(max_length=100)
    last_error = forms.CharField(max_length=600, required=False, strip=False)


class CloseForm(AlikeForm):
    """The same, and what was done by hand instead."""

    note = forms.CharField(
        max_length=200,
        error_messages={
            "required": "Say what was done instead, for whoever asks next year: for example "
            "“refunded at Stripe on 3 May”."
        },
    )
