"""Sealing who gave what is over the limit, and opening it again. The one user of ``SealedGiver``.

Encrypted at rest by Fernet (AES-128-CBC with HMAC-SHA256). The keys come from ``DONORS_KEYS`` or,
if that is not set, from ``SECRET_KEY``; each through an HKDF with a name of its own, so that the
same secret gives other keys elsewhere. The first key seals, and every one of them opens: a new key
is put in front of the old ones.
"""

import base64
import json
from dataclasses import asdict, dataclass
from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from donors.models import SealedGiver

_KEY_NAME: Final = b"whip-round: givers' details, sealed: 1"
_KEY_BYTES: Final = 32


class UnreadableGiverError(RuntimeError):
    """None of our keys opens it. Put the key that sealed it behind the others in DONORS_KEYS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GiverDetails:
    """Who gave one donation over the limit, as the law wants it written down."""

    name: str
    address: str
    contact: str = ""

    def __repr__(self) -> str:
        return "GiverDetails(sealed)"  # a name has no business in logs and tracebacks


def seal_giver(details: GiverDetails) -> SealedGiver:
    """Keep the details, encrypted, in a row of their own."""
    told = json.dumps(asdict(details), ensure_ascii=False).encode()
    return SealedGiver.objects.create(sealed=_fernet().encrypt(told).decode("ascii"))


def open_giver(giver: SealedGiver) -> GiverDetails:
    """The details in clear. The caller has made sure who asks, and writes down that they did.

    Raises:
        UnreadableGiverError: It was sealed with a key that is not set any more.
    """
    try:
        told = _fernet().decrypt(giver.sealed)
    except InvalidToken:
        raise UnreadableGiverError(f"{giver} was sealed with another key") from None
    return GiverDetails(**json.loads(told))


def _fernet() -> MultiFernet:
    return MultiFernet([_derive(secret) for secret in settings.DONORS_KEYS])


def _derive(secret: str) -> Fernet:
    key = HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=_KEY_NAME)
    return Fernet(base64.urlsafe_b64encode(key.derive(secret.encode())))
