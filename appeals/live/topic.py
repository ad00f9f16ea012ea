"""What the viewers of one appeal, or of its hall, see, and the viewers themselves."""

from collections.abc import Coroutine
from datetime import datetime
from typing import Any, Final, cast

from asgiref.typing import ASGISendCallable, HTTPResponseBodyEvent

from appeals.live.frames import heartbeat_frame, reading_frame, retry_line
from appeals.progress import Reading
from appeals.stage.hall import HallReading

_NOTHING: Final[HTTPResponseBodyEvent] = {
    "type": "http.response.body",
    "body": b"",
    "more_body": True,
}
_THE_END: Final[HTTPResponseBodyEvent] = {**_NOTHING, "more_body": False}


class Topic:
    """One appeal's newest reading, or its hall's, and heartbeat: encoded once for all viewers.

    ``version`` steps with either. Readings are absolute, so that the newest tells all: older ones
    are not kept, and a viewer is a cursor, the version that was sent last.
    """

    def __init__(self, reading: Reading | HallReading) -> None:
        self.viewers: set[Viewer] = set()
        self.seats = 0  # viewers, and those on their way to be one
        self.is_ended = False
        self.version = 1
        self._reading = reading
        self._reading_version = 1
        self._reading_frame: bytes | None = None
        self._heartbeat_frame = b""
        self._heartbeat_version = 0
        self._events: dict[tuple[bool, bool], HTTPResponseBodyEvent] = {}

    @property
    def read_at(self) -> datetime:
        """When the books were last read for this appeal (aware, in UTC)."""
        return self._reading.as_at

    def publish(self, reading: Reading | HallReading) -> bool:
        """Take a newer reading; True when viewers must hear of it.

        A lower sequence within the epoch is older, whenever it comes, and is dropped.
        """
        shown = self._reading
        if reading.epoch == shown.epoch and reading.sequence < shown.sequence:
            return False
        self._reading = reading
        self._reading_frame = None
        if _say_the_same(reading, shown):
            return False
        self.version += 1
        self._reading_version = self.version
        self._events.clear()
        return True

    def beat(self) -> None:
        """Let viewers hear that all is well, and how fresh the figures are."""
        self._heartbeat_frame = heartbeat_frame(self.read_at)
        self.version += 1
        self._heartbeat_version = self.version
        self._events.clear()

    def first_event(self) -> HTTPResponseBodyEvent:
        """What a new viewer gets: the current reading, before all else."""
        return {**_NOTHING, "body": retry_line() + self._encoded_reading()}

    def event_since(self, cursor: int) -> HTTPResponseBodyEvent:
        """What came after ``cursor``: the same bytes for every viewer who stands there."""
        wants = (self._reading_version > cursor, self._heartbeat_version > cursor)
        event = self._events.get(wants)
        if event is None:
            wants_reading, wants_heartbeat = wants
            body = (self._encoded_reading() if wants_reading else b"") + (
                self._heartbeat_frame if wants_heartbeat else b""
            )
            event = self._events[wants] = {**_NOTHING, "body": body}
        return event

    def _encoded_reading(self) -> bytes:
        if self._reading_frame is None:
            self._reading_frame = reading_frame(self._reading)
        return self._reading_frame

    def end(self) -> None:
        """Close every viewer's stream, for good: a later viewer needs another topic."""
        self.is_ended = True
        viewers, self.viewers = self.viewers, set()
        for viewer in viewers:
            viewer.end()


def _say_the_same(one: Reading | HallReading, other: Reading | HallReading) -> bool:
    """Whether they differ in nothing but the time of reading."""
    if isinstance(one, HallReading):
        return isinstance(other, HallReading) and one.says_the_same_as(other)
    return isinstance(other, Reading) and one.says_the_same_as(other)


class Viewer:
    """An open stream: a cursor into its topic, and the way to send."""

    __slots__ = ("_send", "cursor", "is_lagging", "topic")

    def __init__(self, topic: Topic, send: ASGISendCallable, *, cursor: int) -> None:
        self.topic = topic
        self.cursor = cursor
        self.is_lagging = False
        self._send = send

    @property
    def is_behind(self) -> bool:
        """True when something came after the cursor."""
        return self.cursor < self.topic.version

    def step(self) -> bool:
        """Send what is new without waiting; False when the client does not keep up."""
        version = self.topic.version
        is_sent = self._send_at_once(self.topic.event_since(self.cursor))
        if is_sent:
            self.cursor = version
        return is_sent

    def end(self) -> None:
        """Close the stream; of a client that lags, once it has caught up."""
        if not self.is_lagging:
            self._send_at_once(_THE_END)

    async def catch_up(self) -> None:
        """Wait until the client has read what it was sent, then send only what is newest."""
        await self._send(_NOTHING)
        while self.is_behind and not self.topic.is_ended:
            version = self.topic.version
            await self._send(self.topic.event_since(self.cursor))
            self.cursor = version
        self.is_lagging = False
        if self.topic.is_ended:
            self.end()

    def _send_at_once(self, event: HTTPResponseBodyEvent) -> bool:
        sending = cast("Coroutine[Any, Any, None]", self._send(event))
        try:
            sending.send(None)
        except StopIteration:
            return True
        # The server waits for the client to read before it writes, so that nothing of this event
        # was written, and it can be dropped for a newer one.
        sending.close()
        return False
