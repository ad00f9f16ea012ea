import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from whipround.embedded import EmbeddedDatabase, discard

_START_AND_WAIT = """
import sys, time
from pathlib import Path
from whipround.embedded import EmbeddedDatabase
EmbeddedDatabase(Path(sys.argv[1]))
print("up", flush=True)
time.sleep(60)
"""

_JOIN_AND_LEAVE = """
import sys
from pathlib import Path
from whipround.embedded import EmbeddedDatabase
EmbeddedDatabase(Path(sys.argv[1])).leave()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    data_dir = tmp_path / "postgres"
    yield data_dir
    discard(data_dir)


def test_a_second_command_joins_the_first_ones_server(folder: Path) -> None:
    first = EmbeddedDatabase(folder)
    subprocess.run([sys.executable, "-c", _JOIN_AND_LEAVE, str(folder)], check=True)

    assert first.is_running(), "it was not the second command's to stop"
    first.leave()
    assert not first.is_running()


def test_a_command_that_ends_leaves_the_server_to_those_that_joined_it(folder: Path) -> None:
    """A shell was opened, the site started, the shell closed: the site must go on."""
    shell = EmbeddedDatabase(folder)
    with subprocess.Popen(
        [sys.executable, "-c", _START_AND_WAIT, str(folder)], stdout=subprocess.PIPE, text=True
    ) as site:
        assert site.stdout is not None
        assert site.stdout.readline() == "up\n"
        shell.leave()
        assert shell.is_running()
        site.kill()


def test_a_process_id_that_passed_on_to_another_holds_no_server(folder: Path) -> None:
    database = EmbeddedDatabase(folder)
    stranger = folder.with_name("postgres.users") / str(os.getppid())
    stranger.touch()
    os.utime(stranger, (0, 0))

    database.leave()

    assert not database.is_running()


def test_a_server_whose_starter_was_killed_is_taken_over(folder: Path) -> None:
    starter = subprocess.Popen(
        [sys.executable, "-c", _START_AND_WAIT, str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert starter.stdout is not None
    assert starter.stdout.readline() == "up\n"
    starter.kill()
    starter.wait()
    starter.stdout.close()

    heir = EmbeddedDatabase(folder)
    assert heir.is_running()
    heir.leave()

    assert not heir.is_running()


def test_what_was_committed_outlives_a_crash(folder: Path) -> None:
    database = EmbeddedDatabase(folder)
    with psycopg.connect(database.url) as connection:
        connection.execute("CREATE TABLE kept (what text)")
        connection.execute("INSERT INTO kept VALUES ('a penny')")
    database.stop(mode="immediate")

    database.start_again()

    with psycopg.connect(database.url) as connection:
        assert connection.execute("SELECT what FROM kept").fetchone() == ("a penny",)
    assert psutil.pid_exists(int((folder / "postmaster.pid").read_text().splitlines()[0]))


def test_what_a_killed_run_left_is_discarded(folder: Path) -> None:
    database = EmbeddedDatabase(folder)
    pid = int((folder / "postmaster.pid").read_text().splitlines()[0])

    discard(folder)

    assert not database.is_running()
    assert not psutil.pid_exists(pid)
    assert list(folder.parent.iterdir()) == []
    discard(folder)  # nothing is left: nothing to do
