"""An HTTP client for the SDK that remembers every exchange, so that it can be judged later."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import stripe

from tests.contract.openapi import check_request, check_response


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """One request of the SDK and its answer."""

    method: str
    path: str
    params: str
    status: int
    body: dict[str, Any]

    def check(self) -> None:
        """Judge the answer, and the request too unless it was meant to be refused."""
        check_response(self.path, self.method, self.status, self.body)
        if self.status == 200:
            check_request(self.path, self.method, self.params)


class RecordingClient(stripe.RequestsClient):
    """The SDK's own client, with a memory; give it to ``StripeClient(http_client=…)``."""

    def __init__(self) -> None:
        super().__init__()
        self.exchanges: list[Exchange] = []

    def request(  # type: ignore[override]  # the signature that RequestsClient itself has
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
    ) -> tuple[bytes, int, Mapping[str, str]]:
        content, status, answered = super().request(method, url, headers, post_data)
        parts = urlsplit(url)
        self.exchanges.append(
            Exchange(
                method=method.lower(),
                path=parts.path,
                params=post_data or parts.query,
                status=status,
                body=json.loads(content),
            )
        )
        return content, status, answered
