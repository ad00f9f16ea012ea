"""Whom a request is from, behind a proxy."""

from typing import Any
from unittest import mock

import pytest

from whipround import proxied


@pytest.mark.parametrize(
    ("peer", "told", "believed"),
    [
        ("", "198.51.100.7", "198.51.100.7"),  # a socket of this machine
        ("127.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("127.0.0.1", "203.0.113.9, 198.51.100.7", "198.51.100.7"),  # the last is the proxy's word
        ("127.0.0.1", "", "127.0.0.1"),
        ("203.0.113.9", "198.51.100.7", "203.0.113.9"),  # no proxy of ours
    ],
)
def test_only_a_proxy_of_ours_is_believed(
    monkeypatch: pytest.MonkeyPatch, peer: str, told: str, believed: str
) -> None:
    pages = mock.Mock(return_value=[b"page"])
    monkeypatch.setattr(proxied, "pages", pages)
    environ: dict[str, Any] = {"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_FOR": told}

    assert list(proxied.application(environ, mock.Mock())) == [b"page"]

    (seen, _) = pages.call_args.args
    assert seen["REMOTE_ADDR"] == believed
