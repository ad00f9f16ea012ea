"""The real server, over real sockets."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import httpx
import pytest
from django.db import connection

from payments.models import CardDonation
from tests.factories import gbp, make_appeal, make_branch
from tests.live.posting import collect
from tests.site import WAIT_SECONDS, EventStream, SiteProcess, database_url
from whipround.embedded import PROJECT_ROOT

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.fault]


@pytest.fixture(scope="module")
def _running(django_db_setup: None) -> Iterator[SiteProcess]:
    with SiteProcess() as running:
        yield running


@pytest.fixture
def site(_running: SiteProcess) -> SiteProcess:
    """The server; started again when a test has ended it."""
    if _running.exit_status is not None:
        _running.start()
    return _running


def count_connections() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        (count,) = cursor.fetchone()
    return int(count)


def warm_pages(site: SiteProcess) -> None:
    """Use every thread for pages, so that all have the connection they keep."""

    def look() -> None:
        for _ in range(10):
            assert httpx.get(f"{site.url}/api/v1/appeals/").status_code == 200

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _give_in_vain(url: str) -> None:
    """Send the give form; the server dies before it has an answer."""
    with httpx.Client(base_url=url, timeout=60) as donor:
        form = donor.get("/appeals/rally/give/").text
        token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', form)
        assert token is not None
        with suppress(httpx.TransportError):
            donor.post(
                "/appeals/rally/give/",
                data={"csrfmiddlewaretoken": token[1], "amount": "25"},
                headers={"Referer": f"{url}/appeals/rally/give/"},
            )


class TestStreams:
    def test_money_booked_by_another_process_arrives(self, site: SiteProcess) -> None:
        leeds = make_branch("Leeds")
        appeal = make_appeal(branch_targets=[(leeds, gbp(100))])
        with EventStream(site.url, "rally") as stream:
            first = stream.next()
            assert first.name == "reading"
            assert first.retry_milliseconds is not None
            assert first.id == f"{first.data['epoch']}-{first.data['sequence']}"

            collect(appeal, gbp(25), branch=leeds)

            event = stream.reading_where("raised", {"amount": "25.00", "currency": "GBP"})
            assert event.data["league"][0]["percent"] == 25
            assert event.data["sequence"] > first.data["sequence"]
            assert event.data["epoch"] == first.data["epoch"]

    def test_nothing_on_the_way_may_hold_or_change_the_stream(self, site: SiteProcess) -> None:
        make_appeal()
        with EventStream(site.url, "rally") as stream:
            headers = stream.response.headers
            assert headers["Content-Type"] == "text/event-stream; charset=utf-8"
            assert headers["Cache-Control"] == "no-cache, no-transform"
            assert headers["X-Accel-Buffering"] == "no"
            assert headers["Access-Control-Allow-Origin"] == "*"
            assert "Content-Encoding" not in headers

    def test_two_hundred_streams_cost_no_thread_and_no_connection(self, site: SiteProcess) -> None:
        appeal = make_appeal()
        warm_pages(site)
        with EventStream(site.url, "rally") as stream:
            stream.next()
            threads, connections = site.threads(), count_connections()
            streams = [EventStream(site.url, "rally") for _ in range(200)]
            for viewer in streams:
                assert viewer.next().name == "reading"
            assert site.threads() == threads
            assert count_connections() == connections

            collect(appeal, gbp(5))
            for viewer in streams:
                viewer.reading_where("raised", {"amount": "5.00", "currency": "GBP"})
                viewer.close()

    def test_a_viewer_that_never_reads_is_bounded_and_gets_the_newest_in_the_end(
        self, site: SiteProcess
    ) -> None:
        branches = [make_branch(f"Branch {number}") for number in range(300)]
        appeal = make_appeal(branch_targets=[(branch, gbp(100)) for branch in branches])
        stalled = socket.create_connection(("127.0.0.1", site.port))
        stalled.settimeout(WAIT_SECONDS)
        stalled.sendall(b"GET /live/appeals/rally HTTP/1.1\r\nHost: x\r\n\r\n")
        with EventStream(site.url, "rally") as reader:
            size = len(str(reader.next().data))
            memory_kib = site.resident_kib()
            rounds = 150
            for number in range(rounds):
                collect(appeal, gbp(1))
                reader.reading_where("raised", {"amount": f"{number + 1}.00", "currency": "GBP"})
            assert size * rounds > 6_000_000
            assert site.resident_kib() - memory_kib < 3072

            received = b""
            last = b'"raised":{"amount":"%d.00"' % rounds
            while last not in received:
                chunk = stalled.recv(65536)
                assert chunk, "the stream ended"
                received += chunk
        stalled.close()
        sequences = [int(found) for found in re.findall(rb"id: \w+-(\d+)\n", received)]
        assert sequences == sorted(sequences)
        assert len(sequences) < rounds

    def test_half_sent_requests_freeze_no_page(self, site: SiteProcess) -> None:
        make_appeal()
        half = (
            b"POST /appeals/rally/give/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99\r\n\r\na="
        )
        hanging = [socket.create_connection(("127.0.0.1", site.port)) for _ in range(12)]
        for client in hanging:
            client.sendall(half)
        time.sleep(0.2)

        for _ in range(8):
            assert httpx.get(f"{site.url}/healthz", timeout=WAIT_SECONDS).status_code == 200

        for client in hanging:
            client.close()

    def test_donors_who_wait_for_a_silent_stripe_freeze_no_page(self) -> None:
        make_appeal()
        with socket.create_server(("127.0.0.1", 0), backlog=64) as silent:  # it accepts, no more
            away = f"http://127.0.0.1:{silent.getsockname()[1]}"
            with SiteProcess(STRIPE_API_BASE=away) as site:
                donors = [
                    threading.Thread(target=_give_in_vain, args=(site.url,)) for _ in range(6)
                ]
                for donor in donors:
                    donor.start()
                while CardDonation.objects.count() < 4:  # as many as there are threads for pages
                    time.sleep(0.05)

                begun = time.monotonic()
                for _ in range(8):
                    page = httpx.get(f"{site.url}/appeals/rally/", timeout=WAIT_SECONDS)
                    assert page.status_code == 200
                assert time.monotonic() - begun < 3

                site.kill()
                for donor in donors:
                    donor.join()

    def test_a_body_over_a_mebibyte_is_refused(self, site: SiteProcess) -> None:
        answer = httpx.post(f"{site.url}/stripe/webhook/", content=b"x" * (1_048_576 + 1))

        assert answer.status_code == 413

    def test_pages_keep_their_connections(self, site: SiteProcess) -> None:
        warm_pages(site)
        before = self._backends()

        warm_pages(site)

        assert self._backends() == before

    @staticmethod
    def _backends() -> set[int]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
            return {pid for (pid,) in cursor.fetchall()}


class TestEnding:
    def test_sigterm_ends_streams_and_server(self, site: SiteProcess) -> None:
        make_appeal()
        stalled = socket.create_connection(("127.0.0.1", site.port))
        stalled.sendall(b"GET /live/appeals/rally HTTP/1.1\r\nHost: x\r\n\r\n")
        streams = [EventStream(site.url, "rally") for _ in range(50)]
        for stream in streams:
            stream.next()

        seconds = site.stop()

        assert seconds < 5
        assert site.exit_status == 0
        for stream in streams:
            with pytest.raises(EOFError):
                stream.next()
            stream.close()
        stalled.close()

    def test_a_viewer_that_never_reads_does_not_keep_the_server(self, site: SiteProcess) -> None:
        branches = [make_branch(f"Branch {number}") for number in range(300)]
        appeal = make_appeal(branch_targets=[(branch, gbp(100)) for branch in branches])
        stalled = socket.socket()
        stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stalled.connect(("127.0.0.1", site.port))
        stalled.sendall(b"GET /live/appeals/rally HTTP/1.1\r\nHost: x\r\n\r\n")
        with EventStream(site.url, "rally") as reader:
            for number in range(60):
                collect(appeal, gbp(1))
                reader.reading_where("raised", {"amount": f"{number + 1}.00", "currency": "GBP"})

        assert site.stop() < 5

        stalled.close()

    def test_the_server_comes_back_where_it_was(self, site: SiteProcess) -> None:
        appeal = make_appeal()
        with EventStream(site.url, "rally") as stream:
            epoch = stream.next().data["epoch"]
        site.kill()
        collect(appeal, gbp(5))

        site.start()

        with EventStream(site.url, "rally") as stream:
            reading = stream.next().data
            assert reading["raised"]["amount"] == "5.00"
            assert reading["epoch"] == epoch

    def test_a_port_that_is_taken_is_named(self, site: SiteProcess) -> None:
        ended = subprocess.run(
            [sys.executable, "manage.py", "serve", "--no-migrate", "--port", str(site.port)],
            cwd=PROJECT_ROOT,
            env=os.environ | {"DATABASE_URL": database_url()},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

        assert ended.returncode == 1
        assert f"Cannot listen on 127.0.0.1, port {site.port}: something else listens there" in (
            ended.stderr
        )
        assert "Traceback" not in ended.stderr

    def test_ctrl_c_ends_it_as_cleanly(self, site: SiteProcess) -> None:
        os.kill(site.pid, signal.SIGINT)

        deadline = time.monotonic() + WAIT_SECONDS
        while site.exit_status is None and time.monotonic() < deadline:
            time.sleep(0.05)
        assert site.exit_status == 0
