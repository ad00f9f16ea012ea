#!/usr/bin/env python
"""Run a management command; without DATABASE_URL, on the embedded PostgreSQL under ``var/``."""

import os
import sys

from django.core.management import execute_from_command_line

from whipround.embedded import provide_database


def main() -> None:
    """Hand the arguments to Django."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "whipround.settings")
    with provide_database():
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
