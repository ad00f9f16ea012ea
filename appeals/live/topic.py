"""What the viewers of one appeal, or of its hall, see, and the viewers themselves."""

from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any, Final, NamedTuple, cast

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


class News(NamedTuple):
    """What viewers who stand at the same place are sent: the server's event, and its chunk."""

    event: HTTPResponseBodyEvent
    chunk: bytes


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
        self._news: dict[tuple[bool, bool], News] = {}

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
        self._news.clear()
        return True

    def beat(self) -> None:
        """Let viewers hear that all is well, and how fresh the figures are."""
        self._heartbeat_frame = heartbeat_frame(self.read_at)
        self.version += 1
        self._heartbeat_version = self.version
        self._news.clear()

    def first_event(self) -> HTTPResponseBodyEvent:
        """What a new viewer gets: the current reading, before all else."""
        return {**_NOTHING, "body": retry_line() + self._encoded_reading()}

    def news_since(self, cursor: int) -> News:
        """What came after ``cursor``: the same bytes for every viewer who stands there."""
        wants = (self._reading_version > cursor, self._heartbeat_version > cursor)
        news = self._news.get(wants)
        if news is None:
            wants_reading, wants_heartbeat = wants
            body = (self._encoded_reading() if wants_reading else b"") + (
                self._heartbeat_frame if wants_heartbeat else b""
            )
            chunk = b"%x\r\n%b\r\n" % (len(body), body)
            news = self._news[wants] = News({**_NOTHING, "body": body}, chunk)
        return news

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
    """An open stream: a cursor into its topic, and the way to send.

    Args:
        topic: What it watches.
        send: The server's.
        cursor: The version that it was sent.
        write: A shorter way, where the server has one: takes a whole chunk of HTTP/1.1 and is
            False, with nothing written, when the client does not keep up.
    """

    __slots__ = ("_send", "_write", "cursor", "is_lagging", "topic")

    def __init__(
        self,
        topic: Topic,
        send: ASGISendCallable,
        *,
        cursor: int,
        write: Callable[[bytes], bool] | None = None,
    ) -> None:
        self.topic = topic
        self.cursor = cursor
        self.is_lagging = False
        self._send = send
        self._write = write

    @property
    def is_behind(self) -> bool:
        """True when something came after the cursor."""
        return self.cursor < self.topic.version

    def step(self) -> bool:
        """Send what is new without waiting; False when the client does not keep up."""
        version = self.topic.version
        news = self.topic.news_since(self.cursor)
        write = self._write
        is_sent = self._send_at_once(news.event) if write is None else write(news.chunk)
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
            await self._send(self.topic.news_since(self.cursor).event)
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
