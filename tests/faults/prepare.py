"""Run as a process on another database: an appeal and donations; prints their references."""

import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "whipround.settings")
django.setup()

from tests.factories import make_appeal, make_branch, make_card_donation  # noqa: E402 - needs Django

if __name__ == "__main__":
    appeal, branch = make_appeal("rally"), make_branch("Leeds")
    for _ in range(int(sys.argv[1])):
        sys.stdout.write(f"{make_card_donation(appeal=appeal, branch=branch).reference}\n")
