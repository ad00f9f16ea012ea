"""The codes of seats: short enough to type from a slip of paper, and kept by nobody.

A code is derived from its seat's reference and our secret, so the database holds only a digest.
"""

import hashlib
from typing import Final

from django.utils.crypto import salted_hmac

from payments.models import Seat

_LETTERS: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # 32, without 0 and O, 1 and I
_LENGTH: Final = 12  # 60 bits: nobody guesses one in an evening, nor in a life
_GROUP: Final = 4


def seat_code(seat: Seat) -> str:
    """The code of a seat, as it is read out: ``K7QF-2M9X-TR4B``."""
    mac = salted_hmac("payments.counting.codes", seat.reference.hex, algorithm="sha256").digest()
    plain = "".join(_LETTERS[byte % len(_LETTERS)] for byte in mac[:_LENGTH])
    return "-".join(plain[at : at + _GROUP] for at in range(0, _LENGTH, _GROUP))


def code_digest(typed: str) -> str:
    """What the database knows a code by, however it was typed."""
    plain = "".join(typed.split()).replace("-", "").upper()
    return hashlib.sha256(plain.encode()).hexdigest()
