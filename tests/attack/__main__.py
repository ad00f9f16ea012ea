"""The attack at length: ``python -m tests.attack --attempts 10000 --seconds 900``."""

import argparse
import os
import subprocess
import sys

from tests.run import ROOT


def main() -> int:
    """Run the test of the attack with so many attempts; its figures are printed at the end."""
    parser = argparse.ArgumentParser(prog="python -m tests.attack", description=__doc__)
    parser.add_argument("--attempts", type=int, default=10_000)
    parser.add_argument(
        "--seconds", type=int, default=900, help="no attempt is begun after so long"
    )
    asked = parser.parse_args()
    environment = os.environ | {
        "ATTACK_ATTEMPTS": str(asked.attempts),
        "ATTACK_SECONDS": str(asked.seconds),
    }
    command = [sys.executable, "-m", "pytest", "tests/attack", "-q", "-p", "no:cacheprovider"]
    return subprocess.call(command, cwd=ROOT, env=environment)


if __name__ == "__main__":
    sys.exit(main())
