"""The forms of the read-out queue: one decision about one thing, and how many must let it through.

Nothing in them is typed: what is wrong with one is a page that is too old, or no page of ours.
"""

from django import forms

from payments.models import ReadOutStep


class DecisionForm(forms.Form):
    """One decision. ``seen`` is the step that the page showed last of this thing, or 0."""

    key = forms.UUIDField()
    item = forms.UUIDField()
    decision = forms.ChoiceField(choices=ReadOutStep.Decision)
    seen = forms.IntegerField(min_value=0, max_value=2**62)


class RuleForm(forms.Form):
    """Whether two people must let a thing through."""

    needs_two = forms.BooleanField(required=False)
