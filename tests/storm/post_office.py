"""The mail server: takes letters, now and then refuses one, or hangs up in the middle."""

import random
import threading
from collections import Counter
from dataclasses import dataclass, field
from email import message_from_bytes
from typing import Any

from aiosmtpd.controller import Controller

from tests.site import free_port

_BUSY, _HANGS_UP, _TAKES_AND_HANGS_UP, _UNKNOWN = 0.05, 0.02, 0.02, 0.01


@dataclass
class PostOffice:
    """Every letter that was taken, by its Message-ID, also those whose sender never learned it.

    ``is_moody`` decides whether it misbehaves.
    """

    dice: random.Random
    is_moody: bool = True
    taken: Counter[str] = field(default_factory=Counter)
    """By Message-ID."""

    subjects: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By address and subject."""

    moods: Counter[str] = field(default_factory=Counter)
    """How often it did what."""

    def __post_init__(self) -> None:
        self._lock = threading.Lock()  # against whoever counts meanwhile
        self._port = free_port()
        self.url = f"smtp://127.0.0.1:{self._port}"
        self._controller = Controller(self, hostname="127.0.0.1", port=self._port)

    def start(self) -> None:
        """Open."""
        self._controller.start()

    def stop(self) -> None:
        """Close."""
        self._controller.stop()

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        if self._falls("busy", _BUSY):
            return "451 too much just now"
        if self._falls("no such mailbox", _UNKNOWN):
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - as above
        if self._falls("hangs up before it takes it", _HANGS_UP):
            server.transport.abort()
            return "451 nobody hears this"
        message = message_from_bytes(envelope.content)
        with self._lock:
            self.taken[message["Message-ID"]] += 1
            for address in envelope.rcpt_tos:
                self.subjects[address, str(message["Subject"])] += 1
        if self._falls("takes it and hangs up", _TAKES_AND_HANGS_UP):
            server.transport.abort()
        return "250 taken"

    def _falls(self, mood: str, share: float) -> bool:
        with self._lock:
            falls = self.is_moody and self.dice.random() < share
            self.moods[mood] += falls
            return falls
