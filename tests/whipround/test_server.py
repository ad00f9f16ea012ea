import errno
import socket

import pytest

from whipround import server


def test_a_free_port_is_listened_on() -> None:
    with server.listen(host="127.0.0.1", port=0) as listener:
        assert listener.getsockname()[1] > 0


def test_a_port_that_is_taken_is_said_to_be() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        with pytest.raises(server.AddressError, match=f"port {port}: something else listens"):
            server.listen(host="127.0.0.1", port=port)


def test_a_port_that_is_not_allowed_is_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_self: socket.socket, _address: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(socket.socket, "bind", refuse)

    with pytest.raises(server.AddressError, match="choose one above 1023"):
        server.listen(host="127.0.0.1", port=80)


def test_a_host_that_is_not_ours_is_said_to_be() -> None:
    with pytest.raises(server.AddressError, match="Cannot listen on 192"):
        server.listen(host="192.0.2.1", port=0)


def test_some_files_are_left_for_the_pages() -> None:
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)

    try:
        room = server.room_for_streams(10_000)
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)

    assert 0 < room <= 10_000
    assert soft - room >= 256


def test_no_more_streams_are_held_than_are_asked_for() -> None:
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)

    try:
        assert server.room_for_streams(5) <= 5
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
