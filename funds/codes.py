"""Codes and links that let their bearer in: derived, so that nobody keeps them but their digests.

Each is derived from a random reference and our secret, for one purpose. A code is short enough to
be typed from a slip of paper; a token is for links.
"""

import base64
import hashlib
from typing import Final
from uuid import UUID

from django.utils.crypto import salted_hmac

_LETTERS: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # 32, without 0 and O, 1 and I
_LENGTH: Final = 12  # 60 bits: nobody guesses one in an evening, nor in a life
_GROUP: Final = 4


def derive_code(purpose: str, reference: UUID) -> str:
    """A code as it is read out: ``K7QF-2M9X-TR4B``. ``purpose`` names who asks for it."""
    mac = _mac(purpose, reference)
    plain = "".join(_LETTERS[byte % len(_LETTERS)] for byte in mac[:_LENGTH])
    return "-".join(plain[at : at + _GROUP] for at in range(0, _LENGTH, _GROUP))


def code_digest(typed: str) -> str:
    """What the database knows a code by, however it was typed."""
    plain = "".join(typed.split()).replace("-", "").upper()
    return hashlib.sha256(plain.encode()).hexdigest()


def derive_token(purpose: str, reference: UUID) -> str:
    """A token for a link: 43 letters, digits, hyphens and underscores, 256 bits."""
    return base64.urlsafe_b64encode(_mac(purpose, reference)).decode().rstrip("=")


def token_digest(token: str) -> str:
    """What the database knows a token by."""
    return hashlib.sha256(token.encode()).hexdigest()


def _mac(purpose: str, reference: UUID) -> bytes:
    return salted_hmac(purpose, reference.hex, algorithm="sha256").digest()
