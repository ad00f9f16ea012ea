"""The treasurer's forms about an occasion: what goes out to it, and one bucket more."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.forms.boundfield import BoundField
from django.http import QueryDict

from appeals.models import Appeal
from funds.access import Access
from funds.models import Branch
from funds.money import Money
from payments.amounts import SYMBOLS, AmountError, parse_amount
from payments.cash_records import recordable_appeals, visible_branches
from payments.counting.tables import BucketFacts, OccasionFacts
from payments.forms.fields import (
    AmountInput,
    AppealField,
    BranchField,
    DayField,
    PlainInput,
    ReferenceField,
)
from payments.models import CashCollection, Occasion
from payments.recording import local_today

BUCKET_ROWS: Final = 8
MOST_BUCKETS: Final = 60


@dataclass(frozen=True, slots=True)
class BucketRow:
    """The boxes of one bucket."""

    number: int
    boxes: tuple[BoundField, ...]


class OccasionForm(forms.Form):
    """Where buckets go out to: the occasion, and what goes out with each of them."""

    reference = ReferenceField()
    name = forms.CharField(
        label="Place or occasion",
        max_length=100,
        widget=PlainInput(list="places"),
        help_text="Saturday rally, market square …",
        error_messages={"required": "Say where it is."},
    )
    held_on = DayField(label="Date")
    how_many = forms.IntegerField(
        label="How many buckets, tins or boxes",
        min_value=1,
        max_value=MOST_BUCKETS,
        initial=1,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        error_messages={
            "required": "Say how many.",
            "invalid": "Type a whole number.",
            "min_value": "There is at least one.",
            "max_value": f"More than {MOST_BUCKETS} are two occasions.",
        },
    )
    place_type = forms.ChoiceField(
        label="What kind of place",
        choices=Occasion.PlaceType.choices,
        initial=Occasion.PlaceType.MEETING,
        help_text="In the street or from house to house the council may want a permit.",
    )
    kind = forms.ChoiceField(
        label="What it is",
        # Subs are for no appeal: they are no occasion, and are recorded by themselves.
        choices=[
            (kind.value, kind.label)
            for kind in (CashCollection.Kind.COLLECTION, CashCollection.Kind.SALE)
        ],
        initial=CashCollection.Kind.COLLECTION,
        widget=forms.RadioSelect,
        error_messages={"required": "Say what it is."},
    )
    count_rule = forms.ChoiceField(
        label="Who counts",
        choices=Branch.CountRule.choices,
        initial=Branch.CountRule.TWO_COUNTERS,
        widget=forms.RadioSelect,
        error_messages={"required": "Say who counts."},
    )
    permit_reference = forms.CharField(
        required=False, max_length=60, label="Permit", widget=PlainInput()
    )
    permit_return_due_on = DayField(label="Its return is due on", required=False)

    def __init__(
        self,
        access: Access,
        data: QueryDict | None = None,
        *,
        initial: Mapping[str, object] | None = None,
    ) -> None:
        """Offers what the treasurer may collect for; a single choice is chosen already."""
        super().__init__(data, initial=dict(initial or {}))
        appeals = recordable_appeals()
        branches = visible_branches(access).filter(is_active=True)
        self.offered_appeals = list(appeals)
        self.offered_branches = list(branches)
        self.fields["appeal"] = AppealField(appeals)
        self.fields["branch"] = BranchField(branches, empty_label="Choose the branch")
        self.order_fields(["reference", "appeal", "branch"])
        open_now = [a for a in self.offered_appeals if a.status == Appeal.Status.OPEN]
        if len(open_now) == 1:
            self.initial.setdefault("appeal", open_now[0].slug)
        if len(self.offered_branches) == 1:
            self.initial.setdefault("branch", self.offered_branches[0].slug)
        self.initial.setdefault("held_on", local_today())
        for number in range(1, BUCKET_ROWS + 1):
            self.fields |= {
                f"bucket_{number}_{name}": field for name, field in _bucket_fields().items()
            }

    @property
    def only_appeal(self) -> Appeal | None:
        """The appeal, when there is nothing to choose."""
        return self.offered_appeals[0] if len(self.offered_appeals) == 1 else None

    @property
    def only_branch(self) -> Branch | None:
        """The branch, when there is nothing to choose."""
        return self.offered_branches[0] if len(self.offered_branches) == 1 else None

    @property
    def may_have_witness(self) -> bool:
        """Whether any branch on offer lets one person count with a witness."""
        witness = Branch.CountRule.WITNESS
        return any(branch.count_rule == witness for branch in self.offered_branches)

    @property
    def rows(self) -> list[BucketRow]:
        """The boxes of each bucket."""
        return [
            BucketRow(number, tuple(self[f"bucket_{number}_{name}"] for name in _bucket_fields()))
            for number in range(1, BUCKET_ROWS + 1)
        ]

    @property
    def has_rows(self) -> bool:
        """Whether something stands in a bucket's boxes."""
        return any(box.value() or box.errors for row in self.rows for box in row.boxes)

    def clean(self) -> dict[str, Any]:
        """Read each bucket's row; there are as many as were said, or as the last filled row."""
        cleaned = super().clean() or {}
        appeal: Appeal | None = cleaned.get("appeal")
        how_many: int | None = cleaned.get("how_many")
        if appeal is not None and how_many is not None:
            filled = [
                number
                for number in range(1, BUCKET_ROWS + 1)
                if any(cleaned.get(f"bucket_{number}_{name}") for name in _bucket_fields())
            ]
            last = max([how_many, *filled])
            cleaned["buckets"] = list(self._read_buckets(appeal, last))
        return cleaned

    def _read_buckets(self, appeal: Appeal, last: int) -> Iterator[BucketFacts]:
        for number in range(1, last + 1):
            told = {name: self.cleaned_data.get(f"bucket_{number}_{name}", "") for name in _NAMES}
            yield BucketFacts(
                seal_number=told["seal_number"],
                collector=told["collector"],
                float_amount=read_float(
                    self, f"bucket_{number}_float", told["float"], appeal.currency
                ),
            )

    def facts(self) -> OccasionFacts:
        """What a valid form says."""
        told = self.cleaned_data
        return OccasionFacts(
            appeal=told["appeal"],
            branch=told["branch"],
            kind=CashCollection.Kind(told["kind"]),
            name=told["name"],
            place_type=Occasion.PlaceType(told["place_type"]),
            held_on=told["held_on"],
            count_rule=Branch.CountRule(told["count_rule"]),
            permit_reference=told["permit_reference"],
            permit_return_due_on=told["permit_return_due_on"],
            buckets=told["buckets"],
        )


_NAMES: Final = ("seal_number", "collector", "float")


def _bucket_fields() -> dict[str, forms.Field]:
    return {
        "seal_number": forms.CharField(
            required=False, max_length=40, label="Seal number", widget=PlainInput()
        ),
        "collector": forms.CharField(
            required=False, max_length=60, label="Who takes it", widget=PlainInput()
        ),
        "float": forms.CharField(
            required=False, max_length=40, label="Float in it", widget=AmountInput
        ),
    }


def read_float(form: forms.Form, field: str, typed: str, currency: str) -> Money | None:
    """The change that goes out in a bucket; an empty box is none."""
    if not typed:
        return None
    try:
        return parse_amount(typed, currency=currency)
    except AmountError as error:
        form.add_error(field, str(error))
        return None


class BucketForm(forms.Form):
    """One bucket more."""

    def __init__(self, occasion: Occasion, data: QueryDict | None = None) -> None:
        """Its float is in the appeal's currency."""
        super().__init__(data)
        self._currency = occasion.appeal.currency
        self.symbol = SYMBOLS.get(self._currency, "")
        self.fields |= _bucket_fields()

    def clean(self) -> dict[str, Any]:
        """Read the float."""
        cleaned = super().clean() or {}
        cleaned["float_money"] = read_float(self, "float", cleaned.get("float", ""), self._currency)
        return cleaned

    def facts(self) -> BucketFacts:
        """What a valid form says."""
        told = self.cleaned_data
        return BucketFacts(
            seal_number=told["seal_number"],
            collector=told["collector"],
            float_amount=told["float_money"],
        )
