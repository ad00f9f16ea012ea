"""The whole site under the storm: PostgreSQL, web processes, workers, beat, Redis."""

import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from typing import Any, Final
from uuid import uuid4

import psycopg

from tests.site import free_port
from tests.storm.balancer import Balancer
from tests.storm.parts import Part, Supervisor, ask_status, environment_of
from tests.storm.plan import WEBHOOK_SECRET
from tests.workers.servers import find_redis, wait_until
from whipround.embedded import PROJECT_ROOT, EmbeddedDatabase

_READY_SECONDS: Final = 120.0
_RECORD: Final = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} ", re.MULTILINE)
_RAISED: Final = re.compile(r"^[\w.]+(?:Error|Exception|Shutdown)\b[^\n]*", re.MULTILINE)
_DIFFERS: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|/[\w./-]*/postgres/|:\d{4,5}\b")
_SHOWN: Final = 90
_ENVIRONMENT: Final = {
    "SECRET_KEY": "for-the-storm-only-for-the-storm-only-for-it",
    "ALLOWED_HOSTS": "127.0.0.1",
    "STRIPE_SECRET_KEY": "sk_test_of_the_storm",
    "STRIPE_WEBHOOK_SECRETS": WEBHOOK_SECRET,
    "STRIPE_LIVEMODE": "false",
    "EMAIL_FROM": "give@storm.example",
}


class Site:
    """Two web processes behind one address, and all that they stand on.

    Args:
        with_redis: Whether two of Celery's workers and beat do the work, over Redis.
        email_url: Where letters go.
    """

    def __init__(self, *, with_redis: bool, email_url: str) -> None:
        self.folder = PROJECT_ROOT / "var" / "storm" / str(uuid4())
        self.folder.mkdir(parents=True)
        # Not under the system's folder for such things: PostgreSQL's user may not enter there.
        self.database = EmbeddedDatabase(self.folder / "postgres")
        self._ports = [free_port(), free_port()]
        self.balancer = Balancer(self._ports)
        self.url = self.balancer.url
        self._redis_port = free_port() if with_redis else 0
        self._environment = environment_of(
            **_ENVIRONMENT,
            DATABASE_URL=self.database.url,
            BASE_URL=self.url,
            EMAIL_URL=email_url,
            REDIS_URL=f"redis://127.0.0.1:{self._redis_port}/0" if with_redis else "",
        )
        self.parts: list[Part] = []
        self._supervisor: Supervisor | None = None

    def prepare(self) -> None:
        """An empty database becomes one with appeals and a treasurer."""
        self.run("manage.py", "migrate", "--verbosity", "0")
        self.run("-m", "tests.storm.prepare")

    def start(self, *, stripe_url: str) -> None:
        """Start everything, and wait until visitors can come."""
        self._environment["STRIPE_API_BASE"] = stripe_url
        if self._redis_port:
            self.parts.append(self._redis())
        for number, port in enumerate(self._ports, 1):
            command = ("manage.py", "serve", "--no-migrate", "--port", str(port))
            address = f"http://127.0.0.1:{port}"
            self.parts.append(self._python(f"web-{number}", "web", *command, address=address))
        if self._redis_port:
            for number in (1, 2):
                name = f"worker-{number}"
                self.parts.append(
                    self._python(name, "worker", *_CELERY, "worker", "--hostname", f"{name}@%h")
                )
            self.parts.append(self._python("beat", "beat", *_CELERY, "beat"))
        self.balancer.start()
        for part in self.parts:
            part.start()
        self._supervisor = Supervisor(self.parts)
        self._supervisor.start()
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Wait until every part runs and both web processes say that they are ready."""
        wait_until(
            lambda: (
                all(part.is_up for part in self.parts)
                and all(ask_status(f"{url}/readyz") == 200 for url in self.web_urls())
            ),
            seconds=_READY_SECONDS,
            why=self.tell_ends_of_logs,
        )

    def stop(self) -> None:
        """End everything."""
        if self._supervisor is not None:
            self._supervisor.stop()
        for part in reversed(self.parts):
            part.end()
        self.balancer.stop()
        self.database.stop(mode="immediate")

    def discard(self) -> None:
        """Remove the database and the logs."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def web_urls(self) -> list[str]:
        """Each web process's own address."""
        return [f"http://127.0.0.1:{port}" for port in self._ports]

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of the database."""
        with psycopg.connect(self.database.url, autocommit=True) as connection:
            return connection.execute(sql).fetchall()

    def execute(self, sql: str) -> None:
        """Change something in the database, as time does."""
        with psycopg.connect(self.database.url, autocommit=True) as connection:
            connection.execute(sql)

    def has_table(self, name: str) -> bool:
        """Whether the database has such a table."""
        return self.ask(f"SELECT to_regclass('{name}') IS NOT NULL")[0][0] is True

    def run(self, *command: str) -> str:
        """Run Python on the site's database; raises CalledProcessError, with what it printed."""
        return subprocess.run(
            [sys.executable, *command],
            cwd=PROJECT_ROOT,
            env=self._environment,
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    def tell_ends_of_logs(self) -> str:
        """What each part said last."""
        return "\n".join(f"--- {part.name}\n{part.log()[-2000:]}" for part in self.parts)

    def count_errors(self) -> Counter[str]:
        """Errors in the logs, each with what it ended in, without what differs between two."""
        found: Counter[str] = Counter()
        for part in self.parts:
            for record in _RECORD.split(part.log()):
                kind, _, said = record.partition(" ")
                if kind in {"ERROR", "CRITICAL"}:
                    first, *_ = said.splitlines()
                    raised = _RAISED.findall(said)[-1:]  # the last one is what came of it
                    told = " > ".join(line[:_SHOWN] for line in (first, *raised))
                    found[_DIFFERS.sub("…", f"{part.kind}: {told}")] += 1
        return found

    def _python(self, name: str, kind: str, *command: str, address: str = "") -> Part:
        return self._part(name, kind, sys.executable, *command, address=address)

    def _redis(self) -> Part:
        program = find_redis()
        assert program is not None
        options = {
            "--port": str(self._redis_port),
            "--bind": "127.0.0.1",
            "--save": "",
            "--appendonly": "no",
            "--dir": tempfile.gettempdir(),
        }
        told = [word for option in options.items() for word in option]
        return self._part("redis", "redis", program, *told)

    def _part(self, name: str, kind: str, *command: str, address: str = "") -> Part:
        return Part(
            name,
            kind=kind,
            command=command,
            environment=self._environment,
            folder=self.folder,
            address=address,
        )


_CELERY: Final = ("-m", "celery", "-A", "whipround")
