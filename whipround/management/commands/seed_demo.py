"""Fill an empty database with the demo, by the doors that users use."""

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from appeals.models import Appeal
from appeals.progress import read_reading
from funds.models import Organisation
from whipround.demo import scenario
from whipround.demo.doors import Donor, DoorError, Doors, Treasurer
from whipround.demo.reading_out import screen
from whipround.demo.scenario import CardGift, Collection, Gift
from whipround.demo.setup import set_up
from whipround.demo.stage import begin_rally_night
from whipround.demo.table import MARKET_STALL, bank_all_in_hand, spend_evening


class Command(BaseCommand):
    help = (
        "Seed the demo through the running site and the stand-in for Stripe: a rally, a premises "
        "fund and a quarter's fighting fund. Refuses live mode and a database in use."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--password", required=True, help="for all demo log-ins")
        parser.add_argument(
            "--rise",
            action="store_true",
            help="then go on giving, past the target to £42,021 in about five minutes",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.STRIPE_LIVEMODE or not settings.STRIPE_API_BASE:
            raise CommandError("the demo gives play money: set STRIPE_API_BASE to pretend_stripe")
        if Organisation.objects.exists():
            raise CommandError("this database is in use: the demo is for an empty one")
        password = options["password"]
        set_up(password=password)
        doors = Doors(site=settings.BASE_URL, stripe=settings.STRIPE_API_BASE)
        before, after = scenario.rally_gifts()
        with Treasurer(doors, username="national", password=password) as treasurer:
            self._open_premises_fund(treasurer)
            earlier, tonight = before[: -scenario.TONIGHT], before[-scenario.TONIGHT :]
            gifts = [*scenario.premises_gifts(), *scenario.fighting_fund_gifts(), *earlier]
            self._enter(doors, treasurer, gifts)
            entered = scenario.PREMISES_TRANSFER + sum(gift.amount for gift in gifts)
            self._wait_until_booked(entered)
            with Treasurer(doors, username="chair", password=password) as chair:
                self.stdout.write(str(begin_rally_night(chair)))
                self._enter(doors, treasurer, tonight)
                self._wait_until_booked(entered + sum(gift.amount for gift in tonight))
                screen(chair, appeal="rally")
            with Treasurer(doors, username="leeds", password=password) as leeds:
                self._go_to_market(leeds)
            self.stdout.write("seeded")
            if options["rise"]:
                self._rise(doors, treasurer, after)

    def _open_premises_fund(self, treasurer: Treasurer) -> None:
        treasurer.record_transfer(
            appeal="premises",
            amount=scenario.PREMISES_TRANSFER,
            received_on=timezone.localdate(),
            bank_reference="PREMISES FUND",
        )

    def _go_to_market(self, leeds: Treasurer) -> None:
        """What was in hand is banked, and an evening's buckets are half counted."""
        today = timezone.localdate()
        bank_all_in_hand(leeds, slip_number="100123", paid_in_on=today)
        spend_evening(leeds, MARKET_STALL, held_on=today)

    def _enter(self, doors: Doors, treasurer: Treasurer, gifts: list[Gift]) -> None:
        """All at once, four donors side by side, with progress on the terminal."""
        cards = [gift for gift in gifts if isinstance(gift, CardGift)]
        collections = [gift for gift in gifts if isinstance(gift, Collection)]
        progress = _Progress(len(gifts), self.stdout.write)

        def give_all(share: Iterable[CardGift]) -> None:
            with Donor(doors) as donor:
                for gift in share:
                    donor.give(gift)
                    progress.step()

        def record_all() -> None:
            for collection in collections:
                self._record(treasurer, collection)
                progress.step()

        with ThreadPoolExecutor(max_workers=5) as pool:
            work = [pool.submit(give_all, cards[start::4]) for start in range(4)]
            work.append(pool.submit(record_all))
            for done in work:
                done.result()

    def _wait_until_booked(self, entered: Decimal, *, seconds: float = 60) -> None:
        """Stripe's words arrive one by one; what was entered must stand in the books to the penny.

        Raises:
            CommandError: It does not after ``seconds``; the message gives both sums.
        """
        deadline = time.monotonic() + seconds
        while (raised := _raised_in_all()) != entered:
            if time.monotonic() > deadline:
                raise CommandError(f"entered {entered}, and the books hold {raised}")
            time.sleep(0.2)

    def _record(self, treasurer: Treasurer, collection: Collection) -> None:
        today = timezone.localdate()
        earlier = today - timedelta(days=3 + len(collection.branch))
        collected_on = earlier if collection.appeal == "fighting-fund" else today
        treasurer.record_collection(collection, collected_on=collected_on)

    def _rise(self, doors: Doors, treasurer: Treasurer, gifts: list[Gift]) -> None:
        """One by one at an even pace. A door that is shut for a while is tried again."""
        pause_seconds = scenario.RISE_SECONDS / len(gifts)
        with Donor(doors) as donor:
            for gift in gifts:
                time.sleep(pause_seconds)
                while not self._tried(donor, treasurer, gift):
                    time.sleep(2)
        self.stdout.write("the rally has ended at £42,021")

    def _tried(self, donor: Donor, treasurer: Treasurer, gift: Gift) -> bool:
        try:
            if isinstance(gift, CardGift):
                donor.give(gift)
            else:
                self._record(treasurer, gift)
        except (DoorError, httpx.HTTPError) as error:
            self.stderr.write(f"will try again: {error}")
            return False
        return True


def _raised_in_all() -> Decimal:
    return sum((read_reading(appeal).raised.amount for appeal in Appeal.objects.all()), Decimal(0))


class _Progress:
    """Counts what was entered, over threads, and says so now and then."""

    def __init__(self, total: int, write: Callable[[str], object]) -> None:
        self._total = total
        self._write = write
        self._done = 0
        self._lock = threading.Lock()  # against the donors' threads

    def step(self) -> None:
        with self._lock:
            self._done += 1
            if self._done % 50 == 0 or self._done == self._total:
                self._write(f"  {self._done} of {self._total} entered")
