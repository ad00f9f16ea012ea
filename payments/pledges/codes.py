"""The code of a pledge: on its slip and in its link, the key of its own page."""

from typing import Final
from uuid import UUID

from funds.codes import derive_code

_PURPOSE: Final = "payments.pledges.codes"


def pledge_code(reference: UUID) -> str:
    """The code as ``Pledge.code`` keeps it: 12 letters and digits, without hyphens."""
    return derive_code(_PURPOSE, reference).replace("-", "")


def grouped(code: str) -> str:
    """As people read it out: ``K7QF-2M9X-TR4B``."""
    return "-".join(code[at : at + 4] for at in range(0, len(code), 4))


def plain(typed: str) -> str:
    """As ``Pledge.code`` keeps it, however it was typed."""
    return "".join(typed.split()).replace("-", "").upper()
