"""Pretend Stripe as a process of its own, for the tests and benchmarks that need one.

Used so:

    with running_pretend_stripe(webhook_url=url, webhook_secret="whsec_x") as pretend:
        with pretend.sdk() as client:
            session = client.v1.checkout.sessions.create(a_session())
        pretend.pay(session.id)
        pretend.settle()
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import stripe

API_VERSION = "2026-08-26.dahlia"
VISA = "4242424242424242"
DECLINED = "4000000000000002"
INSUFFICIENT = "4000000000009995"
THREE_D_SECURE = "4000002500003155"

_ROOT = Path(__file__).resolve().parent.parent.parent


class PretendStripe:
    """A running stand-in: its address, an SDK client for it, and its controls."""

    def __init__(self, process: subprocess.Popen[str], *, url: str) -> None:
        self.process = process
        self.url = url
        self.http = httpx.Client(base_url=url, timeout=30, trust_env=False)

    @contextmanager
    def sdk(
        self,
        *,
        key: str = "sk_test_1",
        retries: int = 2,
        http_client: stripe.RequestsClient | None = None,
    ) -> Iterator[stripe.StripeClient]:
        """The unmodified SDK, pointed here; its connections end with the block."""
        connections = http_client or stripe.RequestsClient()
        try:
            yield stripe.StripeClient(
                key,
                stripe_version=API_VERSION,
                base_addresses={"api": self.url},
                max_network_retries=retries,
                http_client=connections,
            )
        finally:
            connections.close()  # type: ignore[no-untyped-call]  # the SDK gives it no types

    def control(self, name: str, **asked: Any) -> dict[str, Any]:
        """POST to ``/_pretend/<name>``; raises AssertionError with the stand-in's own words."""
        answer = self.http.post(f"/_pretend/{name}", json=asked)
        assert answer.status_code == 200, answer.text
        return _object(answer)

    def turn(self, **knobs: Any) -> dict[str, Any]:
        """Turn knobs."""
        return self.control("knobs", **knobs)

    def pay(self, session: str, *, card: str = VISA, **asked: Any) -> dict[str, Any]:
        """Pay a session without a browser; answers when the donor would be sent back."""
        return self.control("pay", session=session, card=card, **asked)

    def settle(self, *, timeout_seconds: float = 10) -> None:
        """Let everything that is on its way arrive: fees, refunds, webhooks."""
        answer = self.control("settle", timeout_seconds=timeout_seconds)
        assert answer["quiet"], answer

    def state(self) -> dict[str, Any]:
        """Counts, and sums of the balance transactions."""
        return _object(self.http.get("/_pretend/state"))

    def reset(self, **asked: Any) -> None:
        """Forget everything; the process stays."""
        self.control("reset", **asked)


@contextmanager
def running_pretend_stripe(
    *,
    port: int = 0,
    webhook_url: str | None = None,
    webhook_secret: str | None = None,
    seed: str | None = None,
    retry_seconds: Sequence[float] = (),
    delivery_timeout_seconds: float = 10,
    knobs: dict[str, Any] | None = None,
) -> Iterator[PretendStripe]:
    """Run the stand-in until the block ends.

    Args:
        port: 0 takes any free one.
        webhook_url: An endpoint that gets every event.
        webhook_secret: That endpoint's secret.
        seed: The ids are the same in every run.
        retry_seconds: Pauses between a webhook's attempts; empty for the stand-in's own.
        delivery_timeout_seconds: How long the endpoint may take to answer.
        knobs: Knobs turned from the start, and again after each ``reset``.
    """
    options: dict[str, str | None] = {
        "--port": str(port),
        "--webhook-url": webhook_url,
        "--webhook-secret": webhook_secret,
        "--seed": seed,
        "--retry-seconds": ",".join(str(pause) for pause in retry_seconds) or None,
        "--delivery-timeout-seconds": str(delivery_timeout_seconds),
        "--knobs": json.dumps(knobs) if knobs else None,
    }
    given = [part for name, value in options.items() if value for part in (name, value)]
    with subprocess.Popen(
        [sys.executable, "-m", "payments.pretend_stripe", *given],
        cwd=_ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert "listens on" in line, f"Pretend Stripe did not start: {line!r}"
            pretend = PretendStripe(process, url=line.split("listens on ")[1].split()[0])
            with pretend.http:
                yield pretend
        finally:
            process.terminate()
            process.wait(timeout=5)


def a_session(**changes: Any) -> Any:
    """Parameters of a donation of £25, with some changed; None leaves one out.

    Typed Any, so that wrong ones can be sent through the SDK's typed methods.
    """
    params: dict[str, Any] = {
        "mode": "payment",
        "submit_type": "donate",
        "line_items": [
            {
                "price_data": {
                    "currency": "gbp",
                    "unit_amount": 2500,
                    "product_data": {"name": "Rally collection"},
                },
                "quantity": 1,
            }
        ],
        "success_url": "http://127.0.0.1:9/thanks?session={CHECKOUT_SESSION_ID}",
        "cancel_url": "http://127.0.0.1:9/give",
        "metadata": {"donation": "d1"},
        "payment_intent_data": {"metadata": {"donation": "d1"}},
    } | changes
    return {name: value for name, value in params.items() if value is not None}


def expire_sessions(client: stripe.StripeClient, count: int) -> list[str]:
    """Cause so many webhooks, one for each session, and answer with the sessions' ids."""
    ids = [client.v1.checkout.sessions.create(a_session()).id for _ in range(count)]
    for session_id in ids:
        client.v1.checkout.sessions.expire(session_id)
    return ids


def _object(answer: httpx.Response) -> dict[str, Any]:
    body = answer.json()
    assert isinstance(body, dict)
    return body
