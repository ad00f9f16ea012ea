"""The forms of a cheque: that it has cleared, or that it went back."""

from django import forms

from payments.forms.fields import DayField, PlainInput
from payments.recording import local_today


class ClearForm(forms.Form):
    """The day on which it cleared."""

    cleared_on = DayField(
        label="Cleared on",
        help_text="From then on the bank takes it back no more; the law calls it received then.",
    )

    def __init__(self, *args: object, **options: object) -> None:
        """It cannot have cleared on a day to come."""
        super().__init__(*args, **options)  # type: ignore[arg-type]
        self.fields["cleared_on"].widget.attrs["max"] = local_today().isoformat()


class ReturnForm(forms.Form):
    """The day on which it went back, and why."""

    returned_on = DayField(label="Went back on")
    reason = forms.CharField(
        max_length=150,
        label="Why?",
        help_text="As the bank says: refer to drawer, wrong date. No giver's name.",
        widget=PlainInput(),
        error_messages={"required": "Say why it went back."},
    )

    def __init__(self, *args: object, **options: object) -> None:
        """Today, unless another day is given."""
        super().__init__(*args, **options)  # type: ignore[arg-type]
        self.initial.setdefault("returned_on", local_today())
        self.fields["returned_on"].widget.attrs["max"] = local_today().isoformat()
