"""``make test``: every test with branch coverage, and what the books' and the till's must reach."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COVERED = ("funds", "payments")
REACH_PERCENT = 95


def main() -> int:
    """Run pytest with the given arguments; without any, everything, with coverage."""
    python = [sys.executable, "-m"]
    if arguments := sys.argv[1:]:
        return subprocess.call([*python, "pytest", *arguments], cwd=ROOT)
    environment = os.environ | {"COVERAGE_PROCESS_START": str(ROOT / "pyproject.toml")}
    subprocess.check_call([*python, "coverage", "erase"], cwd=ROOT)
    options = "-n 2 --dist loadfile --cov --cov-branch --cov-report= --durations=10"
    status = subprocess.call(
        [*python, "pytest", *options.split()],
        cwd=ROOT,
        env=environment,
    )
    if status != 0:
        return status
    for room in COVERED:
        status |= subprocess.call(
            [
                *(*python, "coverage", "report", "--skip-covered"),
                f"--include={room}/*",
                "--omit=payments/pretend_stripe/*,*/migrations/*",
                f"--fail-under={REACH_PERCENT}",
            ],
            cwd=ROOT,
        )
    return status


if __name__ == "__main__":
    sys.exit(main())
