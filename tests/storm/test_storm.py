"""The storm in short. ``make soak`` brews it at length."""

import pytest

from tests.conftest import Measured
from tests.storm.plan import Plan
from tests.storm.report import lines_of
from tests.storm.storm import brew
from tests.workers.servers import find_redis

pytestmark = pytest.mark.fault


def _rage(plan: Plan, measured: Measured) -> None:
    told = brew(plan)
    measured(
        f"{told.counts['donors']} donors, {told.deliveries['attempts']} webhooks, "
        f"{told.deaths.total()} deaths in {told.seconds['of storm']:.0f} s"
    )
    assert told.differences == [], "\n".join(lines_of(told))
    assert told.counts["paid"] > 0
    assert told.deliveries["dropped"] > 0
    assert min(told.deaths.values()) >= plan.rounds


def test_a_storm_over_two_web_processes_that_do_all_the_work(measured: Measured) -> None:
    _rage(_short(with_redis=False), measured)


def test_a_storm_over_celerys_workers_and_redis(measured: Measured) -> None:
    if find_redis() is None:
        pytest.skip("no redis-server or valkey-server on the PATH, and none could be installed")
    _rage(_short(with_redis=True), measured)


def _short(*, with_redis: bool) -> Plan:
    return Plan(
        payments=150,
        seed=20 + with_redis,
        minutes=20,
        with_redis=with_redis,
        donors=4,
        per_second=8,
        process_dies_every=(0.5, 1.5),
        database_dies_every=(2.0, 5.0),
        rounds=1 if with_redis else 2,  # there are twice as many kinds of death with it
    )
