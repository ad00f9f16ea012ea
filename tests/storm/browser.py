"""A browser without JavaScript, before a site that may be down: it tries again until answered."""

import re
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

import httpx

_INPUT: Final = re.compile(r"<input[^>]*>")
_ATTRIBUTE: Final = re.compile(r'([\w-]+)="([^"]*)"')
_PAUSE_SECONDS: Final = 0.3
_TROUBLE: Final = frozenset({500, 502, 504})


class GaveUpError(Exception):
    """The site has not answered for so long that the storm is over."""


@dataclass
class Patience:
    """Until when everybody goes on trying; the same for all."""

    ends_at: float = field(default_factory=lambda: time.monotonic() + 3600)

    @property
    def is_over(self) -> bool:
        return time.monotonic() > self.ends_at


class Browser:
    """One visitor's browser, with its cookies.

    A request that was cut, or that met a server's trouble, is sent again just as it was: what a
    person does who reloads. ``cuts`` counts how often.
    """

    def __init__(self, url: str, patience: Patience) -> None:
        self.url = url
        self.cuts = 0
        self._patience = patience
        self._http = httpx.Client(base_url=url, timeout=20, trust_env=False, verify=False)  # noqa: S501 - there is no TLS

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    def get(self, path: str) -> httpx.Response:
        """Look at a page."""
        return self._persist(httpx.Request("GET", self._http.base_url.join(path)))

    def post(self, path: str, sent: dict[str, str]) -> httpx.Response:
        """Send a form."""
        url = self._http.base_url.join(path)
        return self._persist(httpx.Request("POST", url, data=sent, headers={"Referer": str(url)}))

    def _persist(self, request: httpx.Request) -> httpx.Response:
        while True:
            try:
                answer = self._http.request(
                    request.method, request.url, content=request.content, headers=request.headers
                )
                if answer.status_code not in _TROUBLE:
                    return answer
            except httpx.TransportError:
                pass
            if self._patience.is_over:
                raise GaveUpError(f"{request.method} {request.url.path}")
            self.cuts += 1
            time.sleep(_PAUSE_SECONDS)


def hidden_fields(page: str) -> dict[str, str]:
    """What the page's form sends by itself, such as its CSRF token and its reference."""
    fields: dict[str, str] = {}
    for tag in _INPUT.findall(page):
        attributes = dict(_ATTRIBUTE.findall(tag))
        if attributes.get("type") == "hidden" and attributes.get("name"):
            fields[attributes["name"]] = attributes.get("value", "")
    return fields
