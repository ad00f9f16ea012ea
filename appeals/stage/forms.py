"""The forms of the stage: a tap on a remote, a code that is typed, a remote that is made."""

import uuid
from typing import Any, Final

from django import forms

from appeals.models import StageRemote
from appeals.stage.commands import Command, Order, Scene

_SCENES: Final = [(f"{Command.SCENE}:{scene}", scene.label) for scene in Scene]
_OTHERS: Final = [(str(command), command.label) for command in Command if command != Command.SCENE]
_LARGEST_STEP: Final = 2**53  # what a browser counts exactly


class OrderForm(forms.Form):
    """A tap: which button (``do``), on a page made with ``key`` when the newest step was ``seen``.

    The command's own key is made of the page's and the button's: a button that is tapped twice is
    one command, and two buttons of a page are two.
    """

    key = forms.UUIDField()
    seen = forms.IntegerField(min_value=0, max_value=_LARGEST_STEP)
    do = forms.ChoiceField(choices=[*_SCENES, *_OTHERS])
    notice = forms.CharField(max_length=2000, required=False)

    def order(self) -> Order:
        """What is asked for; only of a valid form."""
        told: dict[str, Any] = self.cleaned_data
        command, _, scene = told["do"].partition(":")
        return Order(
            key=uuid.uuid5(told["key"], f"{told['do']} {told['notice']}"),
            command=Command(command),
            seen=told["seen"],
            scene=Scene(scene) if scene else Scene.THERMOMETER,
            notice=told["notice"],
        )


class CodeForm(forms.Form):
    """The code of a remote, as it was read out or written down."""

    code = forms.CharField(
        max_length=40,
        label="The code",
        help_text="Twelve letters and figures, from whoever set up the evening.",
        widget=forms.TextInput(
            attrs={
                "autocomplete": "off",
                "autocapitalize": "characters",
                "spellcheck": "false",
                "enterkeyhint": "go",
            }
        ),
        error_messages={"required": "Type the code."},
    )


class RemoteForm(forms.ModelForm[StageRemote]):
    """Whose phone a remote is for."""

    class Meta:
        model = StageRemote
        fields = ("label",)
        labels = {"label": "Whose phone is it for?"}
        help_texts = {"label": "So that you know later whom to ask: “Collection speaker”."}
        error_messages = {"label": {"required": "Say whose phone it is for."}}
        widgets = {"label": forms.TextInput(attrs={"autocomplete": "off"})}
