"""``python -m payments.pretend_stripe``: run the stand-in on the loopback address."""

import argparse
import json
import logging
import signal
import socket
import sys
from typing import NoReturn

import uvicorn

from payments.pretend_stripe import payouts
from payments.pretend_stripe.app import App
from payments.pretend_stripe.delivery import RETRY_SECONDS
from payments.pretend_stripe.knobs import KnobError
from payments.pretend_stripe.world import Setup, World

_HOST = "127.0.0.1"


def main() -> None:
    """Read the command line, say the address when ready, and serve until SIGTERM or SIGINT."""
    options = _parser().parse_args()
    if bool(options.webhook_url) != bool(options.webhook_secret):
        sys.exit("--webhook-url and --webhook-secret go together")
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn stops in good order, then raises the signal again for whoever was there before.
        signal.signal(number, _leave)
    try:
        listener = socket.create_server((_HOST, options.port), backlog=2048)
    except OSError as error:
        sys.exit(f"Pretend Stripe cannot listen on port {options.port}: {error.strerror}")
    address = f"http://{_HOST}:{listener.getsockname()[1]}"
    try:
        world = World(
            Setup(
                base_url=address,
                webhook_url=options.webhook_url,
                webhook_secret=options.webhook_secret,
                seed=options.seed,
                retry_seconds=options.retry_seconds,
                delivery_timeout_seconds=options.delivery_timeout_seconds,
                knobs=options.knobs,
            ),
            at_midnight=payouts.pay_out_daily,
        )
    except KnobError as error:
        sys.exit(f"--knobs: {error}")
    server = _Server(
        uvicorn.Config(
            App(world),
            lifespan="on",
            log_level="error",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        ),
        address=address,
    )
    logging.getLogger("uvicorn.error").addFilter(_is_a_fault)
    server.run(sockets=[listener])


class _Server(uvicorn.Server):
    """uvicorn that says in one line where it listens, once it does."""

    def __init__(self, config: uvicorn.Config, *, address: str) -> None:
        super().__init__(config)
        self._address = address

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets)
        if self.started:
            sys.stdout.write(f"Pretend Stripe listens on {self._address} - no money moves\n")
            sys.stdout.flush()


def _is_a_fault(record: logging.LogRecord) -> bool:
    """An answer that the knob ``fail_with`` cuts is no fault of the server."""
    return "without completing response" not in record.getMessage()


def _leave(_signal: int, _frame: object) -> NoReturn:
    sys.exit(0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m payments.pretend_stripe", description=__doc__)
    parser.add_argument("--port", type=int, default=12111, help="0 takes any free one")
    parser.add_argument("--webhook-url", help="an endpoint that gets every event")
    parser.add_argument("--webhook-secret", help="that endpoint's secret, whsec_…")
    parser.add_argument("--seed", help="any text: ids are the same in every run")
    parser.add_argument(
        "--retry-seconds",
        type=_seconds,
        default=RETRY_SECONDS,
        metavar="S,S,…",
        help="pauses between a webhook's attempts (default: %(default)s)",
    )
    parser.add_argument("--delivery-timeout-seconds", type=float, default=10.0)
    parser.add_argument(
        "--knobs", type=json.loads, default={}, help="knobs turned from the start, as JSON"
    )
    return parser


def _seconds(text: str) -> tuple[float, ...]:
    return tuple(float(part) for part in text.split(",") if part)


if __name__ == "__main__":
    main()
