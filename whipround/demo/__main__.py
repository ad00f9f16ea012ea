"""``make demo``: the site, its database and a stand-in for Stripe, seeded and moving.

Each run begins afresh under ``var/demo``. ``DEMO_STILL=1`` keeps the rally where it opens;
``PORT`` and ``DEMO_STRIPE_PORT`` choose the ports. Ctrl-C ends everything that was started.
"""

import os
import secrets
import shutil
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from contextlib import ExitStack, suppress
from types import FrameType
from typing import Final

from whipround.demo.processes import DemoError, DemoProcesses, clear_away, remember
from whipround.demo.stage import Remote, find_told
from whipround.embedded import PROJECT_ROOT, EmbeddedDatabase, discard

DEMO_DIR: Final = PROJECT_ROOT / "var" / "demo"
PASSWORD: Final = "bread and roses"  # noqa: S105 - of the demo, and printed

# Asked to end, or the terminal's window was closed; Windows knows no SIGHUP.
_ENDING_SIGNALS: Final = [
    getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)
]


def main() -> int:
    """Run the demo until Ctrl-C; the exit status is 0 when it ended as asked."""
    for number in _ENDING_SIGNALS:
        signal.signal(number, _interrupt)
    still = os.environ.get("DEMO_STILL", "") not in {"", "0"}
    with ExitStack() as stack:
        try:
            return _run(stack, still=still)
        except KeyboardInterrupt:
            for number in (signal.SIGINT, *_ENDING_SIGNALS):
                signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must leave nothing behind
            _say("\nEnding the demo ...")
            return 0
        except DemoError as error:
            _say(f"\nThe demo could not start: {error}")
            return 1


def _run(stack: ExitStack, *, still: bool) -> int:
    _say("Starting PostgreSQL, a stand-in for Stripe and the site ...")
    clear_away(DEMO_DIR)  # what a demo left that was killed
    discard(DEMO_DIR / "postgres")
    shutil.rmtree(DEMO_DIR, ignore_errors=True)
    DEMO_DIR.mkdir(parents=True)
    remember(DEMO_DIR, pid=os.getpid())
    stack.callback(discard, DEMO_DIR / "postgres")  # also of a start that is interrupted
    database = EmbeddedDatabase(DEMO_DIR / "postgres")
    stack.callback(database.stop)
    port = _free_port("PORT", default="8000")
    stripe_port = _free_port("DEMO_STRIPE_PORT", default="12111")
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
        "EMAIL_URL": f"file:///{DEMO_DIR / 'mail'}",
    }
    processes = DemoProcesses(environment, folder=DEMO_DIR)
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
    remote = find_told(processes.log("seed"))
    if remote is None:
        raise DemoError(f"seeding made no remote:\n{processes.log('seed')[-2000:]}")
    _say(_addresses(site, stripe, remote, still=still))
    while True:
        time.sleep(0.5)
        processes.require_running("site", "pretend-stripe")


def _free_port(variable: str, *, default: str) -> int:
    """The port that the variable asks for, or a free one when it is taken, and then said."""
    asked = os.environ.get(variable) or default
    if not (asked.isdecimal() and int(asked) < 65536):
        raise DemoError(f"{variable} is {asked!r}: give a port's number, below 65536")
    for port in (int(asked), 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                _say(f"Port {asked} is taken (or not allowed): a free one takes its place.")
                continue
            return int(probe.getsockname()[1])
    raise DemoError(f"port {asked} is taken, and no other is free")


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=2) as answer:  # noqa: S310 - loopback
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _addresses(site: str, stripe: str, remote: Remote, *, still: bool) -> str:
    moving = "It stays where it is." if still else "It rises to £42,021 in about five minutes."
    return f"""
Whip-round is running. No money moves: Stripe is played by a stand-in.

  The hall screen     {site}/appeals/rally/screen/     {moving}
  Direct the hall     {remote.link}
                      or {site}/stage/ and the code {remote.code}
  Give by card        {site}/g/rally/                  test card 4242 4242 4242 4242, any date ahead, any CVC
  Read out            {site}/desk/rally/read-out/      and the lectern: {site}/desk/rally/lectern/
  Table cards         {site}/desk/rally/seat-cards/    and posters, each with a code to scan
  All appeals         {site}/
  The fighting fund   {site}/appeals/fighting-fund/
  Treasurers          {site}/treasurer/
  Operator's admin    {site}/admin/
  Pretend Stripe      {stripe}/
  Letters to donors   {os.path.relpath(DEMO_DIR / "mail")}/   (a file for each)

  Log-ins, all with the password "{PASSWORD}":
    national   national treasurer          second     second national treasurer, who approves
    leeds      treasurer of Leeds, with a counting table in the middle of its evening
    chair      chair of the rally          operator   operator: the admin

Ctrl-C ends it.
"""  # noqa: E501 - a table for a terminal


def _interrupt(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001 - signal's shape
    raise KeyboardInterrupt


def _say(text: str) -> None:
    with suppress(OSError):  # the terminal's window was closed
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
