"""A client that costs little: some persistent connections, each sending request after request."""

import socket
import threading
import time
from collections.abc import Sequence
from typing import Final

from bench.stripe_traffic import Message

_HEAD_END: Final = b"\r\n\r\n"


def post_all(port: int, messages: Sequence[Message], *, connections: int) -> float:
    """POST every message to the endpoint on loopback; seconds from the first to the last answer.

    Raises:
        RuntimeError: One was not answered 200.
    """
    requests = [_request(message) for message in messages]
    failures: list[str] = []

    def send(share: Sequence[bytes]) -> None:
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            for request in share:
                connection.sendall(request)
                status = _read_status(connection)
                if status != "200":
                    failures.append(status)
                    return

    threads = [
        threading.Thread(target=send, args=(requests[start::connections],))
        for start in range(connections)
    ]
    started_at = time.perf_counter()
    _run_all(threads)
    seconds = time.perf_counter() - started_at
    if failures:
        raise RuntimeError(f"the endpoint answered {failures[0]}")
    return seconds


def post_paced(
    port: int, groups: Sequence[Sequence[Message]], *, per_second: float, connections: int
) -> list[float]:
    """POST groups of messages at an even pace; when the first of each was answered.

    The moments are on ``time.perf_counter``'s clock, in the order of the groups.

    Raises:
        RuntimeError: One was not answered 200.
    """
    requests = [[_request(message) for message in group] for group in groups]
    answered_at = [0.0] * len(groups)
    failures: list[str] = []
    began_at = time.perf_counter()

    def send(start: int) -> None:
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            for place in range(start, len(requests), connections):
                time.sleep(max(0.0, began_at + place / per_second - time.perf_counter()))
                for request in requests[place]:
                    connection.sendall(request)
                    status = _read_status(connection)
                    answered_at[place] = answered_at[place] or time.perf_counter()
                    if status != "200":
                        failures.append(status)
                        return

    _run_all([threading.Thread(target=send, args=(start,)) for start in range(connections)])
    if failures:
        raise RuntimeError(f"the endpoint answered {failures[0]}")
    return answered_at


def _run_all(threads: Sequence[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _request(message: Message) -> bytes:
    head = (
        "POST /stripe/webhook/ HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(message.body)}\r\n"
        f"Stripe-Signature: {message.signature}\r\n\r\n"
    )
    return head.encode() + message.body


def _read_status(connection: socket.socket) -> str:
    answer = b""
    while _HEAD_END not in answer:
        chunk = connection.recv(65_536)
        if not chunk:
            return "no answer"
        answer += chunk
    head, _, body = answer.partition(_HEAD_END)
    lengths = [line[15:] for line in head.lower().split(b"\r\n") if line[:15] == b"content-length:"]
    missing = int(lengths[0]) - len(body)
    while missing > 0:
        missing -= len(connection.recv(65_536))
    return head.split(b" ", 2)[1].decode()
