"""``make demo``: the site, its database and a stand-in for Stripe, seeded and moving.

Each run begins afresh under ``var/demo``. ``DEMO_STILL=1`` keeps the rally where it opens;
``PORT`` and ``DEMO_STRIPE_PORT`` choose the ports. Ctrl-C ends everything that was started.
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from types import FrameType
from typing import Final

from whipround.embedded import PROJECT_ROOT, EmbeddedDatabase, discard

DEMO_DIR: Final = PROJECT_ROOT / "var" / "demo"
PASSWORD: Final = "bread and roses"  # noqa: S105 - of the demo, and printed
WAIT_SECONDS: Final = 60


def main() -> int:
    """Run the demo until Ctrl-C; the exit status is 0 when it ended as asked."""
    signal.signal(signal.SIGTERM, _interrupt)
    still = os.environ.get("DEMO_STILL", "") not in {"", "0"}
    with ExitStack() as stack:
        try:
            return _run(stack, still=still)
        except KeyboardInterrupt:
            _say("\nEnding the demo ...")
            return 0
        except DemoError as error:
            _say(f"\nThe demo could not start: {error}")
            return 1


class DemoError(RuntimeError):
    """A part of the demo did not start; the message says which, and where its log is."""


def _run(stack: ExitStack, *, still: bool) -> int:
    _say("Starting PostgreSQL, a stand-in for Stripe and the site ...")
    discard(DEMO_DIR / "postgres")  # of a demo that was killed
    shutil.rmtree(DEMO_DIR, ignore_errors=True)
    DEMO_DIR.mkdir(parents=True)
    database = EmbeddedDatabase(DEMO_DIR / "postgres")
    stack.callback(database.stop)
    port = _free_port(int(os.environ.get("PORT", "8000")))
    stripe_port = _free_port(int(os.environ.get("DEMO_STRIPE_PORT", "12111")))
    site, stripe = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{stripe_port}"
    webhook_secret = f"whsec_{secrets.token_hex(16)}"
    environment = os.environ | {
        "DATABASE_URL": database.url,
        "SECRET_KEY": secrets.token_urlsafe(48),
        "BASE_URL": site,
        "ALLOWED_HOSTS": "127.0.0.1,localhost",
        "STRIPE_SECRET_KEY": "sk_test_demo",
        "STRIPE_WEBHOOK_SECRETS": webhook_secret,
        "STRIPE_API_BASE": stripe,
        "STRIPE_LIVEMODE": "false",
    }
    processes = _Processes(environment)
    stack.callback(processes.end)
    processes.start(
        "pretend-stripe",
        [
            *("-m", "payments.pretend_stripe"),
            *("--port", str(stripe_port)),
            *("--webhook-url", f"{site}/stripe/webhook/"),
            *("--webhook-secret", webhook_secret),
        ],
    )
    processes.start("site", ["manage.py", "serve", "--port", str(port)])
    processes.wait_until(lambda: _answers(f"{stripe}/") and _answers(f"{site}/readyz"))
    _say("Seeding, through the same forms and webhooks that people use ...")
    seed = ["manage.py", "seed_demo", "--password", PASSWORD]
    seeding = processes.start("seed", seed if still else [*seed, "--rise"])
    processes.wait_until(
        lambda: "seeded" in processes.log("seed") or seeding.poll() is not None, seconds=300
    )
    if seeding.poll() not in {None, 0}:
        raise DemoError(f"seeding failed:\n{processes.log('seed')[-2000:]}")
    _say(_addresses(site, stripe, still=still))
    while True:
        time.sleep(0.5)
        processes.require_running("site", "pretend-stripe")


class _Processes:
    """What the demo started: each with a log of its own, each ended by us."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, arguments: list[str]) -> subprocess.Popen[bytes]:
        with (DEMO_DIR / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(  # noqa: S603 - our own modules
                [sys.executable, "-u", *arguments],
                cwd=PROJECT_ROOT,
                env=self._environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C reaches us alone, and we end them in order
            )
        self._running[name] = process
        return process

    def log(self, name: str) -> str:
        return (DEMO_DIR / f"{name}.log").read_text(errors="replace")

    def require_running(self, *names: str) -> None:
        for name in names:
            if self._running[name].poll() is not None:
                raise DemoError(f"{name} ended:\n{self.log(name)[-2000:]}")

    def wait_until(self, is_ready: Callable[[], bool], *, seconds: float = WAIT_SECONDS) -> None:
        deadline = time.monotonic() + seconds
        while not is_ready():
            self.require_running(*(name for name in self._running if name != "seed"))
            if time.monotonic() > deadline:
                raise DemoError(f"not ready after {seconds:.0f} seconds; see the logs in var/demo/")
            time.sleep(0.1)

    def end(self) -> None:
        for process in reversed(self._running.values()):
            process.terminate()
        for process in self._running.values():
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _free_port(wanted: int) -> int:
    """The wanted port, or a free one when it is taken."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise DemoError(f"port {wanted} is taken, and no other is free")


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=2) as answer:  # noqa: S310 - loopback
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _addresses(site: str, stripe: str, *, still: bool) -> str:
    moving = "It stays where it is." if still else "It rises to £42,021 in about five minutes."
    return f"""
Whip-round is running. No money moves: Stripe is played by a stand-in.

  The hall screen     {site}/appeals/rally/screen/     {moving}
  Give by card        {site}/appeals/rally/give/       test card 4242 4242 4242 4242, any date ahead, any CVC
  All appeals         {site}/
  The fighting fund   {site}/appeals/fighting-fund/
  Treasurers          {site}/treasurer/
  Operator's admin    {site}/admin/
  Pretend Stripe      {stripe}/

  Log-ins, all with the password "{PASSWORD}":
    national   national treasurer          leeds      treasurer of the Leeds branch
    chair      chair of the rally          operator   operator: the admin

Ctrl-C ends it.
"""  # noqa: E501 - a table for a terminal


def _interrupt(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001 - signal's shape
    raise KeyboardInterrupt


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
