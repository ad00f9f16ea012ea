"""The treasurer's form of a count sheet that was counted on paper: the screen's boxes, and who."""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django import forms

from appeals.templatetags.money import money
from funds.models import Branch
from funds.organisation import read_organisation
from payments.amounts import AmountError, parse_amount
from payments.counting.on_paper import PaperSheet
from payments.counting.sheets import Sheet
from payments.forms.fields import AmountInput, DayField, PlainInput
from payments.forms.sheets import NO, YES, SheetForm
from payments.models import Bucket, Seat
from payments.recording import local_today


class PaperSheetForm(SheetForm):
    """What stands on one paper sheet of a bucket. Its time is the organisation's local one."""

    side = forms.ChoiceField(
        label="Whose sheet is it?",
        widget=forms.RadioSelect,
        error_messages={
            "required": "Say whose sheet it is: the letter stands at its top.",
            "invalid_choice": "Choose whose sheet it is from these.",
        },
    )
    counter = forms.CharField(
        max_length=60,
        label="Who counted",
        help_text="First and last name, as signed.",
        widget=PlainInput(),
        error_messages={"required": "Type the name of who counted: first and last."},
    )
    related = forms.ChoiceField(
        label="Related to, or living with, another who counted?",
        choices=[(NO, "No"), (YES, "Yes")],
        widget=forms.RadioSelect,
        error_messages={"required": "Say what is ticked on the sheet: no, or yes."},
    )
    related_note = forms.CharField(
        max_length=200, required=False, label="If yes: why could no one else?", widget=PlainInput()
    )
    counted_on = DayField(label="Counted on")
    counted_time = forms.TimeField(
        label="at",
        widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
        error_messages={
            "required": "Give the time that stands on the sheet.",
            "invalid": "Give the time as hours and minutes, like 19:40.",
        },
    )
    paper_total = forms.CharField(
        required=False,
        max_length=40,
        label="Notes and coins, as added up on the paper",
        help_text="To find slips in typing. Empty if nobody added it up.",
        widget=AmountInput,
    )

    def __init__(
        self,
        bucket: Bucket,
        data: Mapping[str, Any] | None = None,
        **options: Any,  # noqa: ANN401 - a form's own
    ) -> None:
        """The lines of the day on which it was gathered, and the sides that it has."""
        occasion = bucket.occasion
        super().__init__(Seat(occasion=occasion), data, **options)  # a seat that nobody has
        del self.fields["counted_at"]
        sides = [Seat.Side.A, Seat.Side.B]
        if occasion.count_rule == Branch.CountRule.WITNESS:
            sides = [Seat.Side.A]
        elif bucket.state == Bucket.State.DISPUTED:
            sides = [Seat.Side.THIRD]
        box = self.fields["side"]
        assert isinstance(box, forms.ChoiceField)
        box.choices = [(side.value, side.label) for side in sides]
        if len(sides) == 1:
            self.initial["side"] = sides[0].value
        self.initial.setdefault("counted_on", occasion.held_on)
        day = self.fields["counted_on"].widget.attrs
        day["min"], day["max"] = occasion.held_on.isoformat(), local_today().isoformat()

    def clean(self) -> dict[str, Any]:
        """The paper's own sum shows a slip in typing, before the two sheets are compared."""
        cleaned = super().clean()
        typed = cleaned.get("paper_total")
        if not typed or self.errors:
            return cleaned
        sheet: Sheet = cleaned["told"]
        counted = sheet.counted(on=self._on)
        try:
            on_paper = parse_amount(typed, currency=self.currency)
        except AmountError as error:
            self.add_error("paper_total", str(error))
            return cleaned
        if on_paper != counted:
            self.add_error(
                "paper_total",
                f"The boxes come to {money(counted)}, and you typed {money(on_paper)} here. "
                "Compare each box with the paper. If the paper was added up wrongly, empty this.",
            )
        return cleaned

    def paper(self) -> PaperSheet:
        """What a valid form says."""
        told = self.cleaned_data
        day: date = told["counted_on"]
        at: time = told["counted_time"]
        return PaperSheet(
            reference=told["sheet"],
            side=Seat.Side(told["side"]),
            counter=told["counter"],
            is_related=told["related"] == YES,
            related_note=told["related_note"],
            round=told["round"],
            sheet=told["told"],
            counted_at=datetime.combine(day, at, tzinfo=ZoneInfo(read_organisation().time_zone)),
            witness=" ".join(told.get("witness", "").split()),
        )
