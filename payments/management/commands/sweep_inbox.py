"""The sweep by hand."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management import BaseCommand, CommandError

from payments.inbox.sweep import STRIPE_KEEPS_EVENTS, sweep
from payments.stripe_gateway.client import StripeUnavailableError


class Command(BaseCommand):
    help = (
        "Look for events that Stripe could not deliver, act on everything that waits, settle "
        "Checkouts that ended without a word, and read the lines of our balance at Stripe."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--days",
            type=int,
            default=STRIPE_KEEPS_EVENTS.days,
            help="How far back undelivered events are looked for (%(default)s, Stripe's most).",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            swept = sweep(within=timedelta(days=options["days"]))
        except StripeUnavailableError as error:
            raise CommandError(
                f"Stripe does not answer ({error}). What was booked until then stands."
            ) from error
        if swept is None:
            self.stdout.write("Another process is sweeping just now: nothing to do.")
            return
        self.stdout.write(
            f"Found {swept.found} undelivered; acted on {swept.processed}; settled "
            f"{swept.settled} by asking; read {swept.lines} new lines of our balance; "
            f"{swept.waiting} left waiting."
        )
