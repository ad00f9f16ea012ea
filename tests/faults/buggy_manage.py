"""``manage.py`` of a version with a bug: no payment can be booked."""

import os
import sys
from typing import Any, NoReturn

import django
from django.core.management import execute_from_command_line

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "whipround.settings")
django.setup()

from payments.batch import Batch  # noqa: E402 - needs Django


def _fail(*_args: Any, **_options: Any) -> NoReturn:
    raise RuntimeError("a planted bug")


if __name__ == "__main__":
    Batch.received = _fail  # type: ignore[method-assign]  # the bug
    execute_from_command_line(sys.argv)
