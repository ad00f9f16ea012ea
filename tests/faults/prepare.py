"""Run as a process on another database: an appeal, donations and an operator, olive.

Prints the donations' references.
"""

import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "whipround.settings")
django.setup()

from funds.models import Membership  # noqa: E402 - needs Django
from tests.factories import (  # noqa: E402 - needs Django
    make_appeal,
    make_branch,
    make_card_donation,
    make_user,
)

if __name__ == "__main__":
    appeal, branch = make_appeal("rally"), make_branch("Leeds")
    make_user("olive", role=Membership.Role.OPERATOR)
    for _ in range(int(sys.argv[1])):
        sys.stdout.write(f"{make_card_donation(appeal=appeal, branch=branch).reference}\n")
