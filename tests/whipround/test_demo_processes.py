"""The demo leaves nothing behind, however it ends."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from whipround.demo.__main__ import _free_port
from whipround.demo.processes import DemoError, DemoProcesses, clear_away, remember
from whipround.embedded import PROJECT_ROOT, discard

pytestmark = pytest.mark.fault

SLEEP = ["-c", "import time; time.sleep(60)"]
KILLED_DEMO = """
import os, pathlib, signal, sys
from whipround.demo.processes import DemoProcesses, remember
folder = pathlib.Path(sys.argv[1])
remember(folder, pid=os.getpid())
DemoProcesses(dict(os.environ), folder=folder).start("site", sys.argv[2:])
os.kill(os.getpid(), signal.SIGKILL)
"""
DEMO = """
import pathlib, sys
from whipround.demo import __main__ as demo
demo.DEMO_DIR = pathlib.Path(sys.argv[1])
sys.exit(demo.main())
"""


def recorded_pids(folder: Path) -> list[int]:
    return [int(line.split()[0]) for line in (folder / "processes").read_text().splitlines()]


def runs(pid: int) -> bool:
    """False also for one that ended and that the system has not buried yet."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_what_a_killed_demo_left_running_is_ended_by_the_next(tmp_path: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED_DEMO, str(tmp_path), *SLEEP], check=False)
    assert killed.returncode == -signal.SIGKILL
    _, site = recorded_pids(tmp_path)
    assert runs(site)
    clear_away(tmp_path)
    assert not runs(site)


def test_a_demo_that_runs_is_not_disturbed_by_a_second(tmp_path: Path) -> None:
    remember(tmp_path, pid=os.getpid())
    processes = DemoProcesses(dict(os.environ), folder=tmp_path)
    site = processes.start("site", SLEEP)
    try:
        with pytest.raises(DemoError, match="runs here already"):
            clear_away(tmp_path)
        assert site.poll() is None
    finally:
        processes.end()
    assert site.poll() is not None


def test_a_process_that_took_over_an_old_number_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, *SLEEP]) as stranger:
        try:
            (tmp_path / "processes").write_text(f"999999999 1.0\n{stranger.pid} 1.0\n")
            clear_away(tmp_path)
            assert stranger.poll() is None
        finally:
            stranger.kill()


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A demo that is about to seed, and its folder."""
    folder = tmp_path / "demo"
    with subprocess.Popen(
        [sys.executable, "-c", DEMO, str(folder)],
        cwd=PROJECT_ROOT,
        env=os.environ | {"PORT": "0", "DEMO_STRIPE_PORT": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            assert process.stdout
            assert any("Seeding" in line for line in process.stdout)
            yield process, folder
        finally:
            process.kill()
            process.wait()
            clear_away(folder)
            discard(folder / "postgres")


@pytest.mark.parametrize(
    "signals", [[signal.SIGINT, signal.SIGINT], [signal.SIGHUP], [signal.SIGTERM]], ids=str
)
def test_nothing_runs_on_after_the_demo_was_ended(
    demo: tuple[subprocess.Popen[str], Path], signals: list[signal.Signals]
) -> None:
    process, folder = demo
    pids = recorded_pids(folder)[1:]
    pids.append(int((folder / "postgres" / "postmaster.pid").read_text().split()[0]))
    for number in signals:
        process.send_signal(number)
        time.sleep(0.2)
    assert process.stdout
    said = process.stdout.read()
    assert process.wait(timeout=20) == 0, said
    assert "Traceback" not in said
    assert [pid for pid in pids if runs(pid)] == []


@pytest.mark.parametrize("port", ["http", "65536", "-1"])
def test_a_port_that_is_none_is_said_to_be(tmp_path: Path, port: str) -> None:
    refused = subprocess.run(
        [sys.executable, "-c", DEMO, str(tmp_path / "demo")],
        cwd=PROJECT_ROOT,
        env=os.environ | {"PORT": port},
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 1
    assert f"PORT is '{port}'" in refused.stdout
    assert "Traceback" not in refused.stderr


def test_a_port_that_is_taken_gives_way_to_a_free_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = str(other.getsockname()[1])
        monkeypatch.setenv("PORT", taken)
        assert _free_port("PORT", default="8000") != int(taken)
    assert f"Port {taken} is taken" in capsys.readouterr().out
