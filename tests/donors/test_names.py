"""How much of a name is shown: what its giver chose, and nothing without their word."""

import pytest
from django.db import IntegrityError, transaction

from donors.details import DonorDetails, keep_details
from donors.models import Donor
from donors.names import NameForm, shown_name


@pytest.mark.parametrize(
    ("name", "initials", "first", "full"),
    [
        ("Asha Example", "A. E.", "Asha", "Asha Example"),
        ("  asha   van  example ", "A. V. E.", "asha", "asha van example"),
        ("Dr. Asha Example", "A. E.", "Asha", "Dr. Asha Example"),
        ("Asha", "A.", "Asha", "Asha"),
        ("Mr", "M.", "Mr", "Mr"),
        ("'Sunny' O'Brien", "S. O.", "'Sunny'", "'Sunny' O'Brien"),
        ("Łukasz 2 Żak", "Ł. Ż.", "Łukasz", "Łukasz 2 Żak"),
        ("!!! 12", "", "", ""),
        ("", "", "", ""),
    ],
)
def test_a_name_in_each_form(name: str, initials: str, first: str, full: str) -> None:
    assert shown_name(name, NameForm.INITIALS) == initials
    assert shown_name(name, NameForm.FIRST) == first
    assert shown_name(name, NameForm.FULL) == full


def test_nobody_is_named_who_did_not_say_so() -> None:
    assert Donor(name="Asha Example", name_form=NameForm.FULL).public_name == "A supporter"
    assert Donor(name="", show_name=True).public_name == "A supporter"
    assert Donor(name="...", show_name=True).public_name == "A supporter"


def test_the_least_is_shown_unless_more_is_chosen() -> None:
    assert next(iter(NameForm)) is NameForm.INITIALS
    assert Donor(name="Asha Example", show_name=True).public_name == "A. E."
    assert DonorDetails(name="Asha Example", show_name=True).name_form is NameForm.INITIALS


@pytest.mark.django_db
def test_what_was_chosen_is_kept_with_the_donation() -> None:
    kept = keep_details(DonorDetails(name="Asha Example", show_name=True, name_form=NameForm.FIRST))

    assert kept is not None
    assert Donor.objects.get(pk=kept.pk).public_name == "Asha"


@pytest.mark.django_db
def test_the_database_knows_three_forms() -> None:
    with pytest.raises(IntegrityError, match="donor_name_form_is_known"), transaction.atomic():
        Donor.objects.create(name="Asha", name_form="loud")
