"""Codes that open nothing, counted for each network: guessing them comes to an end.

A code has 60 bits, so nobody finds one by guessing; this keeps the guessing itself from costing.
"""

import hashlib
import ipaddress
from contextlib import suppress
from typing import Final

from django.core.cache import cache

MOST_WRONG: Final = 30  # a whole hall may come by one address
PAUSE_SECONDS: Final = 600

_IPV6_HOME: Final = 64  # bits: what one household or hall has


def may_try(address: str) -> bool:
    """Whether another code may be tried from a network address."""
    return int(cache.get(_key(address), 0)) < MOST_WRONG


def note_wrong(address: str) -> None:
    """A code from there opened nothing."""
    key = _key(address)
    cache.add(key, 0, PAUSE_SECONDS)
    with suppress(ValueError):  # it ran out between the two
        cache.incr(key)


def _key(address: str) -> str:
    with suppress(ValueError):
        parsed = ipaddress.ip_address(address)
        if parsed.version == 6:
            home = ipaddress.ip_network((parsed, _IPV6_HOME), strict=False)
            address = str(home.network_address)
    return f"stage-codes:{hashlib.sha256(address.encode()).hexdigest()[:32]}"
