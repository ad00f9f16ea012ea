"""Prove the books, or name what differs."""

import json
import sys
from dataclasses import asdict
from itertools import chain
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import connection, transaction

from appeals.stage.audit import audit_directions
from funds.audit import audit_ledger, read_size
from payments.audit import audit_till


class Command(BaseCommand):
    help = (
        "Recompute every balance from its postings and compare; look for the database's guards; "
        "check that every kept paid event and every collection is booked, and that the steps of "
        "direction explain what each hall is shown. Exit 1 on a difference."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="Print one JSON object.")

    def handle(self, *args: Any, **options: Any) -> None:
        # One snapshot, so that what is posted meanwhile makes no difference.
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            size = read_size()
            differences = list(chain(audit_ledger(), audit_till(), audit_directions()))
        if options["json"]:
            report = {
                "ok": not differences,
                "size": asdict(size),
                "differences": [asdict(difference) for difference in differences],
            }
            self.stdout.write(json.dumps(report))
        else:
            for difference in differences:
                self.stdout.write(self.style.ERROR(str(difference)))
            audited = f"{size.entries} entries, {size.postings} postings, {size.balances} balances"
            verdict = f"differences: {len(differences)}" if differences else "the books are right"
            self.stdout.write(f"{audited}; {verdict}")
        if differences:
            sys.exit(1)
