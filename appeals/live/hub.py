"""The hub: one task reads what changed, one steps every viewer; a viewer is but a cursor."""

import asyncio
import logging
import math
import random
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, Final

from django.db.utils import Error as DatabaseLayerError

from appeals.live.bus import BALANCE_CHANNEL, Bus
from appeals.live.readings import (
    Directory,
    Kind,
    Snapshot,
    TopicKey,
    close_connection,
    read_snapshot,
)
from appeals.live.topic import Topic, Viewer

_SWEEP_YIELDS_AFTER: Final = 256  # viewers: whoever else is on the loop waits for about 4 ms
_READ_INTERVAL_SECONDS: Final = 0.05  # a burst of postings costs 20 readings a second, not 300
_UNKNOWN_SLUG_INTERVAL_SECONDS: Final = 1.0

logger = logging.getLogger(__name__)


class UnknownAppealError(LookupError):
    """No appeal of that slug may be watched: there is none, or it is a draft."""


class NoSeatError(RuntimeError):
    """The stream cannot be opened now: come back later, or poll."""


class Hub:
    """Keeps the newest reading of all that is watched of every appeal, and its viewers.

    Everything but ``read_snapshot`` runs on one event loop, so that nothing here needs a lock.

    Args:
        listen_url: Of the database, for LISTEN (see ``Bus``).
        max_streams: The most open streams; further ones are refused with ``NoSeatError``.
        reread_seconds: How often all that is watched is read anew, announced or not.
        heartbeat_seconds: How often each viewer hears that the stream lives.
    """

    def __init__(
        self,
        listen_url: str,
        *,
        max_streams: int = 10_000,
        reread_seconds: float = 5.0,
        heartbeat_seconds: float = 15.0,
    ) -> None:
        self.streams = 0
        self._max_streams = max_streams
        self._is_ending = False
        self._reread_seconds = reread_seconds
        self._heartbeat_seconds = heartbeat_seconds
        self._bus = Bus(
            listen_url, on_connected=self._ask_for_all, on_announced=self._take_announcement
        )
        self._thread: ThreadPoolExecutor | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._topics: dict[TopicKey, Topic] = {}
        self._directory = Directory({}, {})
        self._looked_up_at = -math.inf  # on the loop's clock: an unknown slug
        self._directory_is_stale = True
        self._suspects: set[int] = set()  # accounts to be looked up in the directory
        self._strangers: set[int] = set()  # accounts that were, and belong to no appeal
        self._wanted: set[TopicKey] = set()  # to be read
        self._failing: set[TopicKey] = set()  # could not be made when they were last wanted
        self._waiting: list[asyncio.Future[None]] = []  # for the next reading to be done
        self._asked = asyncio.Event()
        self._news = asyncio.Event()
        self._swept = asyncio.Event()

    # --- running ------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to listen, read and send, on the running loop."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="live-readings")
        for work in (
            self._bus.run(),
            self._read_on(self._thread),
            self._sweep_on(),
            self._reread_on(),
            self._beat_on(),
        ):
            self._spawn(work)

    async def stop(self) -> None:
        """End every stream, then all work of the hub."""
        self.end_streams()
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._answer(self._waiting, NoSeatError())
        if self._thread is not None:
            thread, self._thread = self._thread, None
            thread.submit(close_connection)
            thread.shutdown(wait=False)

    def end_streams(self) -> None:
        """Close every stream and open no more. Clients come back by themselves, in a while."""
        self._is_ending = True
        for topic in self._topics.values():
            topic.end()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            logger.error("live: a task of the hub failed", exc_info=task.exception())

    # --- viewers ------------------------------------------------------------------------

    @asynccontextmanager
    async def seat(self, slug: str, kind: Kind = Kind.PUBLIC) -> AsyncIterator[Topic]:
        """A place among the viewers of an appeal, or of its hall, with the topic they watch.

        Raises:
            UnknownAppealError: There is no such appeal to watch.
            NoSeatError: All seats are taken, the hub does not run, or cannot read now.
        """
        if self._thread is None or self._is_ending or self.streams >= self._max_streams:
            raise NoSeatError
        self.streams += 1
        try:
            key, topic = await self._find_topic(slug, kind)
            if self._is_ending:
                raise NoSeatError
            topic.seats += 1
            try:
                yield topic
            finally:
                topic.seats -= 1
                if not topic.seats and self._topics.get(key) is topic:
                    del self._topics[key]  # whoever comes next gets a fresh reading
        finally:
            self.streams -= 1

    def welcome(self, viewer: Viewer) -> None:
        """Send the viewer, from now on, all that comes after its cursor."""
        if viewer.topic.is_ended:
            viewer.end()
            return
        viewer.topic.viewers.add(viewer)
        if viewer.is_behind:
            self._news.set()

    async def _find_topic(self, slug: str, kind: Kind) -> tuple[TopicKey, Topic]:
        if slug not in self._directory.appeal_of_slug:
            self._look_up_unknown()
            await self._next_reading()
        while (appeal_id := self._directory.appeal_of_slug.get(slug)) is not None:
            key = TopicKey(kind, appeal_id)
            topic = self._topics.get(key)
            if topic is not None:
                return key, topic
            self._wanted.add(key)
            await self._next_reading()
            if key in self._failing and key not in self._topics:
                raise NoSeatError
        raise UnknownAppealError(slug)

    def _look_up_unknown(self) -> None:
        """A slug that we do not know may be new: but look not thousands of times a second."""
        now = asyncio.get_running_loop().time()
        if now - self._looked_up_at > _UNKNOWN_SLUG_INTERVAL_SECONDS:
            self._looked_up_at = now
            self._directory_is_stale = True

    async def _next_reading(self) -> None:
        """Wait until what is wanted now was read."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(done)
        self._asked.set()
        await done

    # --- what is to be read ---------------------------------------------------------------

    def _ask_for_all(self) -> None:
        self._directory_is_stale = True
        self._wanted.update(self._topics)
        self._asked.set()

    def _take_announcement(self, channel: str, payload: str) -> None:
        names = payload.split(",")
        if not all(name.isdecimal() for name in names):  # '*': any of them
            self._ask_for_all()
            return
        ids = {int(name) for name in names}
        if channel == BALANCE_CHANNEL:
            known = self._directory.appeal_of_account
            suspects = ids - known.keys() - self._strangers
            if suspects:
                self._suspects |= suspects
                self._ask_for_all()
                return
            ids = {known[account_id] for account_id in ids & known.keys()}
        else:
            self._directory_is_stale = True  # its slug or status may have changed
        self._wanted.update(
            {TopicKey(kind, appeal_id) for kind in Kind for appeal_id in ids} & self._topics.keys()
        )
        if self._wanted or self._directory_is_stale:
            self._asked.set()

    async def _reread_on(self) -> None:
        while True:
            await asyncio.sleep(self._reread_seconds)
            for key in [key for key, topic in self._topics.items() if not topic.seats]:
                del self._topics[key]  # whoever asked for it went before it came
            if self._topics:
                self._ask_for_all()

    async def _beat_on(self) -> None:
        while True:
            await asyncio.sleep(self._heartbeat_seconds)
            for topic in self._topics.values():
                topic.beat()
            self._news.set()

    # --- reading ----------------------------------------------------------------------------

    async def _read_on(self, thread: ThreadPoolExecutor) -> None:
        """Read what is asked for, all of it at once; read again only when viewers have it."""
        loop = asyncio.get_running_loop()
        is_outage = False
        while True:
            await self._asked.wait()
            self._asked.clear()
            wanted, self._wanted = self._wanted, set()
            waiting, self._waiting = self._waiting, []
            directory = None if self._directory_is_stale else self._directory
            self._directory_is_stale = False
            suspects, self._suspects = self._suspects, set()
            try:
                snapshot = await loop.run_in_executor(thread, read_snapshot, wanted, directory)
            except Exception as error:  # noqa: BLE001 - a reading that fails must not end the rest
                self._log_failure(error, is_outage=is_outage)
                is_outage = True
                self._answer(waiting, NoSeatError())
                self._directory_is_stale = True
                self._wanted |= wanted & self._topics.keys()
                await asyncio.sleep(random.uniform(0.2, 0.5))  # noqa: S311 - spreads load
                self._asked.set()
                continue
            is_outage = False
            self._take_snapshot(snapshot, wanted)
            self._strangers |= suspects - snapshot.directory.appeal_of_account.keys()
            self._answer(waiting, None)
            if self._news.is_set():
                self._swept.clear()
                await self._swept.wait()
            await asyncio.sleep(_READ_INTERVAL_SECONDS)

    @staticmethod
    def _log_failure(error: Exception, *, is_outage: bool) -> None:
        if not isinstance(error, DatabaseLayerError):
            logger.error("live: a reading failed", exc_info=error)
        elif not is_outage:
            logger.warning("live: cannot read, trying again: %s", error)

    def _take_snapshot(self, snapshot: Snapshot, wanted: set[TopicKey]) -> None:
        self._directory = snapshot.directory
        for key, error in snapshot.failures.items():
            if key not in self._failing:
                logger.error("live: a reading failed: %s of %d", *key, exc_info=error)
        self._failing = (self._failing - wanted) | snapshot.failures.keys()
        for key, reading in snapshot.readings.items():
            topic = self._topics.get(key)
            if topic is None:
                self._topics[key] = Topic(reading)
            elif topic.publish(reading):
                self._news.set()
        # A draft again, or deleted.
        for key in wanted - snapshot.readings.keys() - snapshot.failures.keys():
            self._directory_is_stale = True
            self._asked.set()
            topic = self._topics.pop(key, None)
            if topic is not None:
                topic.end()

    @staticmethod
    def _answer(waiting: list[asyncio.Future[None]], error: Exception | None) -> None:
        for done in waiting:
            if done.done():
                continue
            if error is None:
                done.set_result(None)
            else:
                done.set_exception(error)

    # --- sending ----------------------------------------------------------------------------

    async def _sweep_on(self) -> None:
        """Bring every viewer to the newest; what comes meanwhile goes out in the same way."""
        while True:
            await self._news.wait()
            self._news.clear()
            stepped = 0
            for topic in tuple(self._topics.values()):
                for viewer in tuple(topic.viewers):
                    if viewer.is_lagging or not viewer.is_behind or viewer not in topic.viewers:
                        continue
                    self._step(viewer)
                    stepped += 1
                    if stepped % _SWEEP_YIELDS_AFTER == 0:
                        await asyncio.sleep(0)
            if not self._news.is_set():
                self._swept.set()

    def _step(self, viewer: Viewer) -> None:
        try:
            keeps_up = viewer.step()
        except Exception:
            # One broken connection must not silence the rest.
            logger.exception("live: a stream failed")
            viewer.topic.viewers.discard(viewer)
            return
        if not keeps_up:
            viewer.is_lagging = True
            self._spawn(viewer.catch_up())
