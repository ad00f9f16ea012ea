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
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - started_at
    if failures:
        raise RuntimeError(f"the endpoint answered {failures[0]}")
    return seconds


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
