"""A whole site of its own, on a database of its own: to be killed, cut off and started again."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import psycopg

from payments.models import CardDonation
from tests.factories import gbp
from tests.stripe_events import WEBHOOK, sign
from whipround.embedded import PROJECT_ROOT, EmbeddedDatabase

_RAISED = """
SELECT coalesce(sum(b.credit_minor - b.debit_minor), 0)::bigint
  FROM funds_balance b JOIN appeals_appealaccount a ON a.account_id = b.account_id
 WHERE a.role = 'card'
"""


class Site:
    """``manage.py serve`` as a process, and the PostgreSQL under it."""

    def __init__(self, folder: Path) -> None:
        self.database = EmbeddedDatabase(folder / "postgres")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"
        self._environment = os.environ | {"DATABASE_URL": self.database.url, "BASE_URL": self.url}
        self._log = folder / "site.log"
        self._process: subprocess.Popen[bytes] | None = None

    def prepare(self, donations: int) -> list[CardDonation]:
        """Migrate, and make an appeal with donations of £25 that wait for their payment."""
        self.run("manage.py", "migrate", "--verbosity", "0")
        out = self.run("-m", "tests.faults.prepare", str(donations))
        return [CardDonation(reference=UUID(line), amount=gbp(25)) for line in out.split()]

    def start(self, *program: str) -> None:
        """Start the server and wait until it is ready; ``program`` stands for ``manage.py``."""
        serve = ("serve", "--port", str(self._port), "--no-migrate", "--no-static")
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, *(program or ("manage.py",)), *serve],
                cwd=PROJECT_ROOT,
                env=self._environment,
                stdout=log,
                stderr=log,
            )
        wait_until(lambda: self.readiness() == 200, why=self.log)

    def kill(self) -> None:
        """SIGKILL: it learns nothing of it."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(timeout=10)
        self._process = None

    def stop(self) -> None:
        """End the server, and the database for good."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=15)
        self.database.stop(mode="immediate")

    def readiness(self) -> int:
        """The status of ``/readyz``; 0 while nobody answers."""
        try:
            return httpx.get(f"{self.url}/readyz", timeout=10, trust_env=False).status_code
        except httpx.TransportError:
            return 0

    def deliver(self, body: bytes) -> int:
        """POST a signed event; 0 when nobody answers."""
        headers = {"Stripe-Signature": sign(body, secret="whsec_for_tests")}
        try:
            return httpx.post(
                f"{self.url}{WEBHOOK}", content=body, headers=headers, timeout=10, trust_env=False
            ).status_code
        except httpx.TransportError:
            return 0

    def raised_minor(self) -> int:
        """What the books say was raised by card, in pence."""
        return self.ask(_RAISED)

    def ask(self, sql: str) -> int:
        """One number of the database."""
        with psycopg.connect(self.database.url, autocommit=True) as connection:
            row = connection.execute(sql).fetchone()
        assert row is not None
        return int(row[0])

    def manage(self, *command: str) -> str:
        """Run a management command; raises CalledProcessError when it fails."""
        return self.run("manage.py", *command)

    def log(self) -> str:
        """What the server said."""
        return self._log.read_text()[-4000:]

    def run(self, *command: str) -> str:
        """Run Python on the site's database; what it printed."""
        return subprocess.run(
            [sys.executable, *command],
            cwd=PROJECT_ROOT,
            env=self._environment,
            check=True,
            capture_output=True,
            text=True,
        ).stdout


@contextmanager
def running_site(*, donations: int) -> Iterator[tuple[Site, list[CardDonation]]]:
    """A ready site with donations that wait for their payment.

    Its folder is the project's own: PostgreSQL's user may not enter pytest's.
    """
    folder = PROJECT_ROOT / "var" / "faults" / str(uuid4())
    folder.mkdir(parents=True)
    site = Site(folder)
    try:
        waiting = site.prepare(donations)
        site.start()
        yield site, waiting
    finally:
        site.stop()
        shutil.rmtree(folder, ignore_errors=True)


def wait_until(
    is_so: Callable[[], bool], *, seconds: float = 30, why: Callable[[], object] = lambda: ""
) -> None:
    """Poll until it is so."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, why()
        time.sleep(0.05)
