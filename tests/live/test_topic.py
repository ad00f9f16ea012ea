import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from asgiref.typing import ASGISendEvent

from appeals.live.topic import Topic, Viewer
from appeals.progress import Reading
from tests.factories import gbp

NOW = datetime(2026, 11, 21, 20, 14, 7, tzinfo=UTC)
READING = Reading(
    slug="rally",
    title="Rally",
    status="open",
    epoch="b3f1c2",
    sequence=10,
    as_at=NOW,
    target=gbp(30_000),
    raised=gbp("100.00"),
    percent=0,
    stretch_target=None,
    to_go=gbp(29_900),
    card_donations=1,
    collections=0,
    by_method={"card": gbp(100)},
    counted_not_banked=gbp(0),
    promised=gbp(0),
    promised_monthly=gbp(0),
    being_counted=0,
    league=[],
    no_branch=gbp(100),
)


class Client:
    """Takes what is sent, as long as it reads."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.is_ended = False
        self.reads = asyncio.Event()
        self.reads.set()

    async def send(self, event: ASGISendEvent) -> None:
        if not self.reads.is_set():
            await self.reads.wait()
        assert event["type"] == "http.response.body"
        if event["body"]:
            self.bodies.append(event["body"])
        self.is_ended = not event["more_body"]

    @property
    def readings(self) -> int:
        return sum(body.count(b"event: reading") for body in self.bodies)


def later(reading: Reading, *, sequence: int, pounds: int, epoch: str = "b3f1c2") -> Reading:
    return replace(
        reading,
        sequence=sequence,
        raised=gbp(f"{pounds}.00"),
        epoch=epoch,
        as_at=reading.as_at + timedelta(seconds=sequence),
    )


class TestTopic:
    def test_a_newer_reading_is_told_with_its_epoch_and_sequence(self) -> None:
        topic = Topic(READING)
        cursor = topic.version

        assert topic.publish(later(READING, sequence=12, pounds=125))

        body = topic.news_since(cursor).event["body"]
        assert body.startswith(b"event: reading\nid: b3f1c2-12\ndata: {")
        assert b'"raised":{"amount":"125.00","currency":"GBP"}' in body
        assert body.endswith(b"}\n\n")

    def test_a_lower_sequence_within_an_epoch_is_never_told(self) -> None:
        topic = Topic(READING)
        version = topic.version

        assert not topic.publish(later(READING, sequence=9, pounds=999))

        assert topic.version == version
        assert b'"amount":"100.00"' in topic.first_event()["body"]

    def test_any_sequence_of_a_new_epoch_is_told(self) -> None:
        topic = Topic(READING)

        assert topic.publish(later(READING, sequence=3, pounds=30, epoch="0000aa"))

        assert b"id: 0000aa-3\n" in topic.first_event()["body"]

    def test_the_same_figures_are_not_told_again_but_are_known_to_be_fresh(self) -> None:
        topic = Topic(READING)
        version = topic.version

        assert not topic.publish(replace(READING, as_at=NOW + timedelta(seconds=5)))

        assert topic.version == version
        assert topic.read_at == NOW + timedelta(seconds=5)
        assert b'"as_at":"2026-11-21T20:14:12Z"' in topic.first_event()["body"]

    def test_a_change_without_a_posting_is_told(self) -> None:
        topic = Topic(READING)

        assert topic.publish(replace(READING, title="The rally"))

    def test_a_heartbeat_says_when_the_books_were_last_read(self) -> None:
        topic = Topic(READING)
        cursor = topic.version
        topic.publish(replace(READING, as_at=NOW + timedelta(seconds=5)))

        topic.beat()

        body = topic.news_since(cursor).event["body"]
        assert body == b'event: heartbeat\ndata: {"as_at":"2026-11-21T20:14:12Z"}\n\n'

    def test_a_viewer_who_missed_several_readings_gets_only_the_newest(self) -> None:
        topic = Topic(READING)
        cursor = topic.version
        for sequence in range(11, 40):
            topic.publish(later(READING, sequence=sequence, pounds=sequence))
        topic.beat()

        body = topic.news_since(cursor).event["body"]

        assert body.count(b"event: reading") == 1
        assert b"id: b3f1c2-39\n" in body
        assert body.count(b"event: heartbeat") == 1

    def test_all_viewers_at_one_place_get_the_very_same_bytes(self) -> None:
        topic = Topic(READING)
        cursor = topic.version
        topic.publish(later(READING, sequence=12, pounds=125))

        assert topic.news_since(cursor) is topic.news_since(cursor)

    def test_the_first_event_spreads_the_return_of_the_clients(self) -> None:
        topic = Topic(READING)

        retries = {topic.first_event()["body"].split(b"\n", 1)[0] for _ in range(50)}

        assert len(retries) > 1
        assert all(1000 <= int(line.removeprefix(b"retry: ")) <= 4000 for line in retries)


class TestViewer:
    def test_a_step_sends_what_is_new_and_moves_the_cursor(self) -> None:
        topic, client = Topic(READING), Client()
        viewer = Viewer(topic, client.send, cursor=topic.version)
        topic.publish(later(READING, sequence=12, pounds=125))

        assert viewer.step()

        assert viewer.cursor == topic.version
        assert client.readings == 1

    def test_a_client_that_does_not_read_is_left_alone_and_then_gets_only_the_newest(self) -> None:
        async def scenario() -> list[bytes]:
            topic, client = Topic(READING), Client()
            viewer = Viewer(topic, client.send, cursor=topic.version)
            client.reads.clear()
            topic.publish(later(READING, sequence=11, pounds=111))
            assert not viewer.step()
            viewer.is_lagging = True
            catching_up = asyncio.create_task(viewer.catch_up())
            for sequence in range(12, 30):
                topic.publish(later(READING, sequence=sequence, pounds=sequence))
                await asyncio.sleep(0)
            client.reads.set()
            await catching_up
            assert not viewer.is_lagging
            assert viewer.cursor == topic.version
            return client.bodies

        bodies = asyncio.run(scenario())

        assert len(bodies) == 1
        assert b"id: b3f1c2-29\n" in bodies[0]

    def test_the_end_of_a_topic_ends_its_streams(self) -> None:
        topic, client = Topic(READING), Client()
        topic.viewers.add(Viewer(topic, client.send, cursor=topic.version))

        topic.end()

        assert client.is_ended
        assert not topic.viewers

    def test_a_lagging_client_is_ended_once_it_has_caught_up(self) -> None:
        async def scenario() -> Client:
            topic, client = Topic(READING), Client()
            viewer = Viewer(topic, client.send, cursor=topic.version)
            topic.viewers.add(viewer)
            client.reads.clear()
            topic.beat()
            assert not viewer.step()
            viewer.is_lagging = True
            catching_up = asyncio.create_task(viewer.catch_up())
            await asyncio.sleep(0)
            topic.end()
            client.reads.set()
            await catching_up
            return client

        assert asyncio.run(scenario()).is_ended
