"""Two web processes, two of Celery's workers and beat on one database, and what kills them."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path

import httpx
import psycopg
import pytest
from django.contrib.auth.hashers import make_password
from django.utils import timezone

from appeals.models import Appeal
from funds.models import JournalEntry, Membership
from funds.money import Money
from payments.models import CardDonation, CashCollection, ChoreOutcome, WebhookEvent
from tests.audited import find_differences
from tests.factories import gbp, make_appeal, make_branch, make_card_donation, make_user
from tests.payments.books import fees, raised_by_card
from tests.pretend_stripe.process import PretendStripe, running_pretend_stripe
from tests.site import SiteProcess, database_url
from tests.stripe_events import WEBHOOK, Event, checkout_event, sign
from tests.workers.servers import CeleryProcess, RedisServer, beat, wait_until, worker
from tests.workers.shares import (
    acted_more_than_once,
    cut_off,
    noted_shares,
    read_shares,
    waits_for_a_lock,
)
from whipround.demo.doors import Donor, Doors, Treasurer
from whipround.demo.scenario import CardGift, Collection
from whipround.embedded import PROJECT_ROOT

pytestmark = [pytest.mark.fault, pytest.mark.django_db(transaction=True)]

PASSWORD = "a long password"


@dataclass(frozen=True)
class Fleet:
    """All that runs. ``workers`` by name; both web processes hear every event of Stripe's."""

    redis: RedisServer
    stripe: PretendStripe
    sites: list[SiteProcess]
    workers: dict[str, CeleryProcess]
    beat: CeleryProcess

    def doctor(self) -> str:
        """What ``manage.py doctor`` says."""
        return subprocess.run(
            [sys.executable, "manage.py", "doctor"],
            cwd=PROJECT_ROOT,
            env=os.environ | {"DATABASE_URL": database_url()} | self.sites[0].environment,
            capture_output=True,
            text=True,
            check=False,
        ).stdout

    def logs(self) -> str:
        parts = [*self.workers.values(), self.beat]
        return "\n".join(f"--- {part.name}\n{part.log()[-3000:]}" for part in parts)


@pytest.fixture
def appeal() -> Appeal:
    make_branch("Leeds")
    return make_appeal("rally", minimum=1)


@pytest.fixture
def fleet(redis_server: RedisServer, appeal: Appeal, tmp_path: Path) -> Iterator[Fleet]:
    first, second = SiteProcess(), SiteProcess()
    with ExitStack() as stack:
        stripe = stack.enter_context(
            running_pretend_stripe(
                webhook_url=f"{first.url}{WEBHOOK}",
                webhook_secret="whsec_for_tests",
                retry_seconds=[0.05, 0.1, 0.2, 0.5, 1, 1, 2, 2, 5, 5],
                knobs={"charge_updated_delay_seconds": [0.05, 0.1], "redirect_wait_seconds": 0.0},
            )
        )
        with stripe.sdk() as sdk:
            other = sdk.v1.webhook_endpoints.create(
                {"url": f"{second.url}{WEBHOOK}", "enabled_events": ["*"]}
            )
        environment = {
            "REDIS_URL": redis_server.url,
            "STRIPE_API_BASE": stripe.url,
            "STRIPE_WEBHOOK_SECRETS": f"whsec_for_tests,{other.secret}",
        }
        workers = [worker(name, folder=tmp_path, **environment) for name in ("one", "two")]
        timekeeper = beat(folder=tmp_path, **environment)
        for process in (*workers, timekeeper):
            stack.enter_context(process)
        for site in (first, second):
            site.environment.update(environment)
            stack.enter_context(site)
        fleet = Fleet(
            redis_server, stripe, [first, second], {one.name: one for one in workers}, timekeeper
        )
        for each in workers:
            wait_until(partial(is_ready, each), why=fleet.logs)
        stack.enter_context(noted_shares())
        yield fleet


def test_two_web_processes_and_two_workers_share_the_load(fleet: Fleet, appeal: Appeal) -> None:
    """Each payment is told to both web processes; one worker is killed while all are at it."""
    given = 0
    for _ in range(30):
        given += give(fleet, 8)
        if set(fleet.workers) <= set(read_shares()):
            break
    assert set(fleet.workers) <= set(read_shares()), "each did a share"
    wait_until(lambda: "workers: 2 of Celery's answer" in fleet.doctor(), why=fleet.doctor)
    assert "chores: all are done when they are due" in fleet.doctor()

    giving = threading.Thread(target=give, args=(fleet, 24))
    giving.start()
    wait_until(lambda: CardDonation.objects.count() > given + 4)
    fleet.workers["one"].kill()
    giving.join()
    given += 24
    fleet.stripe.settle(timeout_seconds=60)
    wait_until(lambda: raised_by_card(appeal) == gbp(25) * given, why=fleet.logs)
    wait_until(nothing_waits, why=fleet.logs)
    wait_until(lambda: fees() == fees_of(fleet.stripe), why=fleet.logs)  # beat, and a worker

    assert JournalEntry.objects.count() == 2 * given, "each payment once, and its fee once"
    assert acted_more_than_once() == 0
    assert find_differences() == []


def test_redis_killed_restarted_and_flushed_loses_nothing(fleet: Fleet, appeal: Appeal) -> None:
    treasurer = make_user("national", role=Membership.Role.NATIONAL_TREASURER)
    treasurer.password = make_password(PASSWORD, hasher="pbkdf2_sha256")  # as the site hashes
    treasurer.save()
    booked = give(fleet, 2)
    wait_until(lambda: raised_by_card(appeal) == gbp(25) * booked, why=fleet.logs)

    fleet.redis.kill()
    booked += give(fleet, 2)  # the form, the pay page, and webhooks answered 200
    fleet.stripe.settle(timeout_seconds=60)
    site = fleet.sites[0]
    doors = Doors(site=site.url, stripe=fleet.stripe.url)
    with Treasurer(doors, username="national", password=PASSWORD) as entering:
        entering.record_collection(
            Collection("rally", Decimal(40), "leeds", "Stall"), collected_on=timezone.localdate()
        )
    assert CashCollection.objects.count() == 1
    with httpx.Client(base_url=site.url, trust_env=False) as visitor:
        assert visitor.get("/appeals/rally/").status_code == 200
        ready = visitor.get("/readyz")
        assert ready.status_code == 200, "things are late, not lost"
        assert "not reachable" in ready.json()["warnings"]["redis"]
    wait_until(lambda: raised_by_card(appeal) == gbp(25) * booked, why=fleet.logs)  # without Redis

    fleet.redis.start()
    wait_until_chores_go_on(fleet)
    booked += give(fleet, 2)
    wait_until(lambda: raised_by_card(appeal) == gbp(25) * booked, why=fleet.logs)

    fleet.redis.client.flushall()
    booked += give(fleet, 2)
    wait_until(lambda: raised_by_card(appeal) == gbp(25) * booked, why=fleet.logs)
    wait_until_chores_go_on(fleet)
    assert find_differences() == []


def test_a_worker_that_the_database_cut_off_in_mid_booking_books_it_on_a_second_try(
    fleet: Fleet, appeal: Appeal
) -> None:
    fleet.workers["two"].kill()
    donation = make_card_donation(appeal=appeal)
    with psycopg.connect(database_url()) as holding:
        # The worker claims the event and waits here, at the donation's row, in mid-transaction.
        holding.execute("SELECT FROM payments_carddonation FOR UPDATE")
        deliver(checkout_event(donation), fleet.sites[0])
        wait_until(lambda: waits_for_a_lock("one"), why=fleet.logs)
        assert cut_off("one") > 0

    wait_until(lambda: raised_by_card(appeal) == donation.amount, why=fleet.logs)
    wait_until(nothing_waits)
    assert WebhookEvent.objects.get().attempts == 1, "the database's trouble is not the event's"


def wait_until_chores_go_on(fleet: Fleet) -> None:
    now = timezone.now()
    begun_since = ChoreOutcome.objects.filter(began_at__gt=now)
    wait_until(begun_since.exists, why=fleet.logs)


def is_ready(process: CeleryProcess) -> bool:
    return "ready." in process.log()


def test_without_redis_two_processes_share_the_load_too(appeal: Appeal) -> None:
    """Each with a worker's threads of its own; one is killed, and the other does the rest."""
    with (
        SiteProcess(PGAPPNAME="one") as first,
        SiteProcess(PGAPPNAME="two") as second,
        noted_shares(),
    ):
        given = 0
        while not {"one", "two"} <= set(read_shares()):
            given += 1
            assert given < 500, "each does a share"
            deliver(checkout_event(make_card_donation(appeal=appeal)), first, second)
        first.kill()
        for _ in range(5):
            deliver(checkout_event(make_card_donation(appeal=appeal)), second)
        wait_until(lambda: raised_by_card(appeal) == gbp(25) * (given + 5))
        wait_until(nothing_waits)
        assert acted_more_than_once() == 0
    assert find_differences() == []


def deliver(event: Event, *sites: SiteProcess) -> None:
    """POST a signed event to each site; each must answer 200."""
    body = json.dumps(event).encode()
    headers = {"Stripe-Signature": sign(body, secret="whsec_for_tests")}
    for site in sites:
        answer = httpx.post(f"{site.url}{WEBHOOK}", content=body, headers=headers, trust_env=False)
        assert answer.status_code == 200


def give(fleet: Fleet, donations: int) -> int:
    """Give £25 so many times, at both web processes by turns; answers how many."""
    for number in range(donations):
        doors = Doors(site=fleet.sites[number % 2].url, stripe=fleet.stripe.url)
        with Donor(doors) as donor:
            donor.give(CardGift("rally", Decimal(25), ""))
    return donations


def nothing_waits() -> bool:
    return not WebhookEvent.objects.filter(processed_at=None).exists()


def fees_of(stripe: PretendStripe) -> Money:
    """What the stand-in took for all payments."""
    with stripe.sdk() as sdk:
        lines = sdk.v1.balance_transactions.list({"limit": 100}).auto_paging_iter()
        return gbp(sum(line.fee for line in lines)) / 100
