"""Hears, as the live hub does, when a donation is booked and announced."""

import threading
import time
from collections.abc import Collection
from types import TracebackType
from typing import Final, Self

import psycopg

_CHANNEL: Final = "funds_balance"
_STEP_SECONDS: Final = 0.5


class Announcements:
    """Notes the moment at which each wanted entry was announced and could be read.

    Looked up after each NOTIFY, so a moment is never too early, and late by the look-up.

    Args:
        url: Of the database.
        wanted: The source keys of the entries.
    """

    def __init__(self, url: str, wanted: Collection[str]) -> None:
        self.heard_at: dict[str, float] = {}
        """By source key, on ``time.perf_counter``'s clock."""

        self._url = url
        self._wanted = set(wanted)
        self._is_over = threading.Event()
        self._listens = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def wait(self, *, seconds: float) -> None:
        """Return when all were heard.

        Raises:
            RuntimeError: Some were not, in this time.
        """
        deadline = time.monotonic() + seconds
        while len(self.heard_at) < len(self._wanted):
            if time.monotonic() > deadline or not self._thread.is_alive():
                missing = len(self._wanted) - len(self.heard_at)
                raise RuntimeError(f"{missing} donations were not announced")
            time.sleep(0.01)

    def __enter__(self) -> Self:
        self._thread.start()
        self._listens.wait(timeout=10)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._is_over.set()
        self._thread.join(timeout=10)

    def _listen(self) -> None:
        with (
            psycopg.connect(self._url, autocommit=True) as listening,
            psycopg.connect(self._url, autocommit=True) as asking,
        ):
            listening.execute(f"LISTEN {_CHANNEL}")
            self._listens.set()
            (newest,) = asking.execute(
                "SELECT coalesce(max(id), 0) FROM funds_journalentry"
            ).fetchone() or (0,)
            while not self._is_over.is_set():
                for _ in listening.notifies(timeout=_STEP_SECONDS, stop_after=1):
                    rows = asking.execute(
                        # One worker books, so that entries commit in the order of their ids.
                        "SELECT id, source_key FROM funds_journalentry WHERE id > %s ORDER BY id",
                        [newest],
                    ).fetchall()
                    now = time.perf_counter()
                    for entry_id, source_key in rows:
                        newest = entry_id
                        if source_key in self._wanted:
                            self.heard_at.setdefault(source_key, now)
