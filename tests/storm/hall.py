"""Screens in halls: they watch an appeal all through the storm, and must be right at the end."""

import http.client
import threading
from decimal import Decimal
from typing import Final

from tests.site import EventStream
from tests.storm.memory import Memory

_AGAIN_SECONDS: Final = 0.5
_SILENT_SECONDS: Final = 60.0


class Screen:
    """One screen. It opens the stream anew whenever that breaks, as a browser does.

    ``raised`` is what it shows, None while it has shown nothing yet.
    """

    def __init__(self, site: str, slug: str, memory: Memory) -> None:
        self.slug = slug
        self.raised: Decimal | None = None
        self._site, self._memory = site, memory
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"screen-{slug}", daemon=True)

    def start(self) -> None:
        """Switch it on."""
        self._thread.start()

    def stop(self) -> None:
        """Switch it off; its thread ends with the stream."""
        self._stop.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._watch()
            except (EOFError, KeyError, OSError, ValueError, http.client.HTTPException):
                self._memory.count("screens that came back")
                self._stop.wait(_AGAIN_SECONDS)

    def _watch(self) -> None:
        with EventStream(self._site, self.slug, timeout_seconds=_SILENT_SECONDS) as stream:
            while not self._stop.is_set():
                event = stream.next()
                if event.name == "reading":
                    self.raised = Decimal(event.data["raised"]["amount"])
                    self._memory.count("readings on screens")
