"""A worker in a process of its own: ``python -m bench.drain`` says when it is ready, and waits.

At a line of its input it acts on everything due, says how many events that were, and ends.
"""

import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "whipround.settings")
django.setup()

from payments.inbox import act_on_everything_due  # noqa: E402 - needs Django


def main() -> None:
    """Wait, act, tell."""
    print("ready", flush=True)
    sys.stdin.readline()
    print(act_on_everything_due().claimed, flush=True)


if __name__ == "__main__":
    main()
