"""The site as it runs at scale: nginx, WSGI workers, two live processes, Celery's worker."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import httpx

from tests.pretend_stripe.process import PretendStripe, running_pretend_stripe
from tests.site import SiteProcess, database_url
from tests.workers.nginx import DEPLOY, NAME, SOCKETS, Nginx
from tests.workers.servers import WAIT_SECONDS, CeleryProcess, RedisServer, wait_until, worker
from whipround.embedded import PROJECT_ROOT

PAGE_THREADS: Final = 4


class PageWorkers:
    """Gunicorn on a socket that stays while it restarts, as systemd holds it."""

    def __init__(self, socket: Path, log: Path, environment: dict[str, str]) -> None:
        self._socket = socket
        self._log = log
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start; the first answer comes when a worker is up."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *(
                        sys.executable,
                        "-m",
                        "gunicorn",
                        "--config",
                        str(DEPLOY / "gunicorn.conf.py"),
                    ),
                    *("--bind", f"unix:{self._socket}"),
                ],
                cwd=PROJECT_ROOT,
                env=os.environ | self._environment,
                stdout=log,
                stderr=log,
            )

    def log(self) -> str:
        return self._log.read_text(errors="replace")

    @property
    def worker_pids(self) -> set[int]:
        """Of the workers that the master has now."""
        assert self._process is not None
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        return {int(pid) for pid in children.read_text().split()}

    def reload(self) -> None:
        """As ``systemctl reload``: new workers, then the old ones end."""
        assert self._process is not None
        self._process.send_signal(signal.SIGHUP)

    def stop(self) -> int:
        """As ``systemctl stop``; the exit status."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(timeout=WAIT_SECONDS)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        if self._process.poll() is None:
            self.stop()


@dataclass(frozen=True)
class Split:
    """All that runs."""

    nginx: Nginx
    pages: PageWorkers
    live: list[SiteProcess]
    stripe: PretendStripe
    booking: CeleryProcess

    def browser(self, *, http2: bool = True, address: str = "127.0.0.1") -> httpx.Client:
        """A client at a loopback address that comes through nginx, over TLS."""
        return httpx.Client(
            base_url=self.nginx.url,
            transport=httpx.HTTPTransport(
                verify=self.nginx.trust(), http2=http2, local_address=address
            ),
            trust_env=False,
            timeout=WAIT_SECONDS,
        )

    def logs(self) -> str:
        return f"{self.pages.log()[-3000:]}\n{self.booking.log()[-3000:]}"


@contextmanager
def running_split(static: Path) -> Iterator[Split]:
    """Everything started, and answering."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="whip")))
        redis = stack.enter_context(RedisServer())
        stripe = stack.enter_context(running_pretend_stripe())
        live = [SiteProcess("--live-only"), SiteProcess("--live-only")]
        nginx = Nginx(folder, live_ports=[site.port for site in live], static=static)
        environment = {
            "DATABASE_URL": database_url(),
            "REDIS_URL": redis.url,
            "STRIPE_API_BASE": stripe.url,
            "BASE_URL": nginx.url,
            "ALLOWED_HOSTS": NAME,
            "PAGE_THREADS": str(PAGE_THREADS),
        }
        booking = stack.enter_context(worker("one", folder=folder, **environment))
        pages = {
            name: stack.enter_context(
                PageWorkers(nginx.socket(name), folder / f"{name}.log", environment)
            )
            for name in SOCKETS
        }
        for site in live:
            site.environment.update(environment)
            stack.enter_context(site)
        stack.enter_context(nginx)
        split = Split(nginx, pages["pages"], live, stripe, booking)
        wait_until(lambda: "ready." in booking.log(), why=booking.log)
        for name in SOCKETS:
            wait_until(nginx.socket(name).exists, why=split.logs)
        with split.browser() as browser:
            wait_until(lambda: browser.get("/readyz").status_code == 200, why=split.logs)
        yield split
