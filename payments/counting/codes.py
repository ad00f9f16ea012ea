"""The codes of seats: short enough to type from a slip of paper, and kept by nobody."""

from typing import Final

from funds.codes import derive_code
from payments.models import Seat

_PURPOSE: Final = "payments.counting.codes"


def seat_code(seat: Seat) -> str:
    """The code of a seat, as it is read out: ``K7QF-2M9X-TR4B``."""
    return derive_code(_PURPOSE, seat.reference)
