"""Run as a process on the storm's database: the organisation, its appeals and its treasurer."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "whipround.settings")
django.setup()

from funds.models import Membership  # noqa: E402 - needs Django
from tests.factories import (  # noqa: E402 - needs Django
    gbp,
    make_appeal,
    make_branch,
    make_organisation,
    make_user,
)
from tests.storm.plan import APPEALS, BRANCHES, PASSWORD, TREASURER  # noqa: E402 - as above

if __name__ == "__main__":
    make_organisation(refund_second_person_above=None)
    targets = [(make_branch(name.capitalize()), gbp(10_000)) for name in BRANCHES]
    for slug in APPEALS:
        make_appeal(slug, minimum=1, branch_targets=targets, target=gbp(1_000_000))
    make_user("olive", role=Membership.Role.OPERATOR)  # is written to when something is wrong
    user = make_user(TREASURER, role=Membership.Role.NATIONAL_TREASURER)
    user.set_password(PASSWORD)
    user.save()
