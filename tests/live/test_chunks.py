"""The shorter way for streams: chunks that are written past the server's ``send``."""

from types import SimpleNamespace
from typing import Any, cast

from appeals.live.topic import Topic, Viewer
from tests.live.test_topic import READING, Client, later
from whipround.protocol import ChunkWriter


class Connection:
    """A response that uvicorn has begun, and what was written of it."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.disconnected = False
        self.response_complete = False
        self.flow = SimpleNamespace(write_paused=False)
        self.transport = SimpleNamespace(write=self.written.append)

    @property
    def writer(self) -> ChunkWriter:
        return ChunkWriter(cast("Any", self))


def test_a_step_writes_one_whole_chunk() -> None:
    topic, client, connection = Topic(READING), Client(), Connection()
    viewer = Viewer(topic, client.send, cursor=topic.version, write=connection.writer.write)
    topic.publish(later(READING, sequence=12, pounds=125))

    assert viewer.step()

    (chunk,) = connection.written
    length, _, rest = chunk.partition(b"\r\n")
    assert rest.startswith(b"event: reading\nid: b3f1c2-12\n")
    assert rest.endswith(b"\n\n\r\n")
    assert int(length, 16) == len(rest) - 2
    assert viewer.cursor == topic.version
    assert client.readings == 0


def test_all_viewers_at_one_place_are_written_the_very_same_chunk() -> None:
    topic, connections = Topic(READING), [Connection(), Connection()]
    viewers = [
        Viewer(topic, Client().send, cursor=topic.version, write=connection.writer.write)
        for connection in connections
    ]
    topic.publish(later(READING, sequence=12, pounds=125))

    for viewer in viewers:
        viewer.step()

    assert connections[0].written[0] is connections[1].written[0]


def test_nothing_is_written_to_a_client_that_lags() -> None:
    topic, connection = Topic(READING), Connection()
    cursor = topic.version
    viewer = Viewer(topic, Client().send, cursor=cursor, write=connection.writer.write)
    connection.flow.write_paused = True
    topic.publish(later(READING, sequence=12, pounds=125))

    assert not viewer.step()

    assert connection.written == []
    assert viewer.cursor == cursor


def test_nothing_is_written_after_the_end_and_that_is_no_lag() -> None:
    for ended in ("disconnected", "response_complete"):
        connection = Connection()
        setattr(connection, ended, True)
        connection.flow.write_paused = True

        assert connection.writer.write(b"1\r\nx\r\n")

        assert connection.written == []
