"""Say whether the installation is sound, and what to do where it is not."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from whipround.doctor import Severity, examine


class Command(BaseCommand):
    help = "Look at the database, guards, inbox, Stripe and set-up; exit 1 on a failure."

    def handle(self, *args: Any, **options: Any) -> None:
        styles = {
            Severity.OK: self.style.SUCCESS,
            Severity.WARNING: self.style.WARNING,
            Severity.FAILURE: self.style.ERROR,
        }
        failed = False
        for finding in examine():
            failed |= finding.severity == Severity.FAILURE
            mark = styles[finding.severity](f"{finding.severity:>7}")
            self.stdout.write(f"{mark}  {finding.subject}: {finding.advice}")
        if failed:
            sys.exit(1)
