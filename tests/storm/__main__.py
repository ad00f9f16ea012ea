"""``python -m tests.storm``: a storm at length. Exit 1 when anything differs at the end."""

import argparse
import sys

from tests.storm.plan import Plan
from tests.storm.report import lines_of
from tests.storm.storm import brew
from tests.workers.servers import find_redis

_MODES = ("redis", "embedded")


def main() -> int:
    """Read the command line, brew a storm, and print how it was."""
    parser = argparse.ArgumentParser(prog="python -m tests.storm", description=__doc__)
    parser.add_argument("--payments", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--minutes", type=float, default=60.0, help="over at the latest (default: %(default)s)"
    )
    parser.add_argument("--donors", type=int, default=8, help="at a time (default: %(default)s)")
    parser.add_argument(
        "--mode", choices=_MODES, help="default: redis where there is a Redis or Valkey server"
    )
    options = parser.parse_args()
    mode = options.mode or ("redis" if find_redis() else "embedded")
    plan = Plan(
        payments=options.payments,
        seed=options.seed,
        minutes=options.minutes,
        donors=options.donors,
        with_redis=mode == "redis",
    )
    told = brew(plan, tell=_say)
    for line in lines_of(told):
        _say(line)
    return 1 if told.differences else 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
