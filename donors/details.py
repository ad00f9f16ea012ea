"""Keeping what a giver told us about themselves. The one writer of ``Donor``."""

from dataclasses import dataclass

from donors.models import Donor
from donors.names import NameForm


@dataclass(frozen=True, slots=True)
class DonorDetails:
    """What a giver told with one donation; empty where they told nothing.

    ``show_name`` and ``declares_own_money`` hold only what this giver ticked for this donation;
    ``name_form`` is in what form the name may be shown, if it may.
    """

    name: str = ""
    email: str = ""
    address: str = ""
    show_name: bool = False
    name_form: NameForm = NameForm.INITIALS
    declares_own_money: bool = False

    @property
    def is_empty(self) -> bool:
        """Nothing was told: the donation is anonymous to us."""
        return not (self.name or self.email or self.address)


def keep_details(details: DonorDetails) -> Donor | None:
    """Keep the details with a donation of their own; None, and no row, for nothing told."""
    if details.is_empty:
        return None
    return Donor.objects.create(
        name=details.name,
        email=details.email,
        address=details.address,
        show_name=details.show_name,
        name_form=details.name_form,
        declares_own_money=details.declares_own_money,
    )
