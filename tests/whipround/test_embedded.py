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
EmbeddedDatabase(Path(sys.argv[1])).stop_if_ours()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    data_dir = tmp_path / "postgres"
    yield data_dir
    discard(data_dir)


def test_a_second_command_joins_the_first_ones_server(folder: Path) -> None:
    first = EmbeddedDatabase(folder)
    starter = subprocess.run(
        [
            *(sys.executable, "-c"),
            _JOIN_AND_LEAVE,
            str(folder),
        ],
        check=True,
    )

    assert starter.returncode == 0
    assert first.is_running(), "it was not the second command's to stop"
    first.stop_if_ours()
    assert not first.is_running()


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
    heir.stop_if_ours()

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
