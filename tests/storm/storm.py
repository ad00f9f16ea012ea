"""The storm itself: everything starts, rages, calms down and is judged."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Final

from tests.pretend_stripe.process import PretendStripe, running_pretend_stripe
from tests.storm.books import Waiting, count_waiting, let_time_pass
from tests.storm.browser import Patience
from tests.storm.crowd import Crowd
from tests.storm.fates import Fates
from tests.storm.hall import Screen
from tests.storm.memory import Memory
from tests.storm.parts import count_fell
from tests.storm.plan import APPEALS, WEBHOOK_SECRET, Plan
from tests.storm.post_office import PostOffice
from tests.storm.reaper import Reaper
from tests.storm.site import Site
from tests.storm.treasurer import Treasurer
from tests.storm.verdict import Sums, judge
from tests.storm.weather import RETRY_SECONDS, ROUGH, Weather
from tests.workers.servers import wait_until

_TELL_EVERY_SECONDS: Final = 10.0
_IN_DELIVERY_SECONDS: Final = 21.0
"""The sweep leaves events and strays alone that are younger than 20 seconds."""

_MOST_SWEEPS: Final = 200
_SWEEPS_IN_VAIN: Final = 6
_GRACE_SECONDS: Final = 60.0
_SETTLE_SECONDS: Final = 300.0


@dataclass
class Told:
    """What there is to tell of a storm, when it is over."""

    plan: Plan
    seconds: dict[str, float] = field(default_factory=dict)
    deaths: Counter[str] = field(default_factory=Counter)
    fell: Counter[str] = field(default_factory=Counter)
    weather: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    deliveries: Counter[str] = field(default_factory=Counter)
    inbox: Mapping[str, int] = field(default_factory=dict)
    letters: Counter[str] = field(default_factory=Counter)
    left_by_storm: Waiting | None = None
    sweeps: list[str] = field(default_factory=list)
    sums: dict[str, Sums] = field(default_factory=dict)
    errors: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)
    logs: str = ""


def brew(plan: Plan, tell: Callable[[str], object] = lambda _line: None) -> Told:
    """Run a storm to its end, and say how it was. The logs stay when something differs.

    Args:
        plan: What kind of storm.
        tell: Told of the progress, a line at a time.
    """
    told = Told(plan)
    memory = Memory()
    begun = time.monotonic()
    with ExitStack() as stack:
        office = PostOffice(plan.dice("mail"))
        office.start()
        stack.callback(office.stop)
        site = Site(with_redis=plan.with_redis, email_url=office.url)
        stack.callback(site.stop)
        site.prepare()
        stripe = stack.enter_context(
            running_pretend_stripe(
                webhook_url=f"{site.url}/stripe/webhook/",
                webhook_secret=WEBHOOK_SECRET,
                seed=f"storm-{plan.seed}",
                retry_seconds=RETRY_SECONDS,
                knobs=ROUGH | {"seed": plan.seed},
            )
        )
        site.start(stripe_url=stripe.url)
        screens = [Screen(site.url, slug, memory) for slug in APPEALS]
        for screen in screens:
            screen.start()
            stack.callback(screen.stop)
        told.seconds["to start"] = time.monotonic() - begun
        with _timed(told, "of storm"):
            _rage(plan, site, stripe, memory, told, tell)
        office.is_moody = False
        with _timed(told, "to calm down"):
            _calm_down(site, stripe, told, tell)
        with _timed(told, "to compare"):
            verdict = judge(site, stripe, office=office, screens=screens, memory=memory)
        told.sums, told.differences = verdict
        _gather(told, site, stripe, office, memory)
    if told.differences:
        told.logs = str(site.folder)
    else:
        site.discard()
    return told


def _rage(
    plan: Plan,
    site: Site,
    stripe: PretendStripe,
    memory: Memory,
    told: Told,
    tell: Callable[[str], object],
) -> None:
    """Donors give and everything dies, until all have given and each death came often enough."""
    ends_at = time.monotonic() + plan.minutes * 60
    patience = Patience(ends_at)
    treasurer = Treasurer(site.url, memory=memory, patience=patience)
    treasurer.log_in()
    fates = Fates(plan, stripe=stripe, treasurer=treasurer, memory=memory)
    crowd = Crowd(
        plan,
        site=site.url,
        stripe=stripe,
        memory=memory,
        patience=patience,
        on_given=fates.befall,
    )
    reaper, weather = Reaper(plan, site), Weather(plan, stripe)
    for each in (fates, crowd, reaper, weather):
        each.start()
    begun = said = time.monotonic()
    while time.monotonic() < ends_at and not (crowd.is_done and reaper.rounds >= plan.rounds):
        time.sleep(0.2)
        if time.monotonic() - said > _TELL_EVERY_SECONDS:
            said = time.monotonic()
            tell(_say_progress(said - begun, memory, reaper))
    is_late = not crowd.is_done
    reaper.stop()
    weather.stop()
    site.wait_until_ready()
    patience.ends_at = max(patience.ends_at, time.monotonic() + _GRACE_SECONDS)
    if is_late:
        patience.ends_at = time.monotonic()
    wait_until(lambda: crowd.is_done, seconds=2 * _GRACE_SECONDS)
    fates.finish()
    treasurer.close()
    told.deaths, told.weather = reaper.deaths, weather.seen
    if memory.counts["donors"] < plan.payments:
        memory.note_problem(f"time ran out after {memory.counts['donors']} of {plan.payments}")


def _calm_down(
    site: Site, stripe: PretendStripe, told: Told, tell: Callable[[str], object]
) -> None:
    """Let everything arrive, then sweep until nothing waits."""
    stripe.settle(timeout_seconds=_SETTLE_SECONDS)
    time.sleep(_IN_DELIVERY_SECONDS)
    told.left_by_storm = count_waiting(site)
    tell(f"the storm is over; waiting: {told.left_by_storm}")
    has_reconciliation = "reconcile_stripe" in site.run("manage.py", "help", "--commands")
    still = in_vain = 0
    left = count_waiting(site)
    for _ in range(_MOST_SWEEPS):
        let_time_pass(site)
        said = site.run("manage.py", "sweep_inbox").strip()
        told.sweeps.append(said)
        tell(said)
        if has_reconciliation:
            site.run("-c", _BRING_IN)
        time.sleep(1.5)  # the site's own chores run every second
        before, left = left, count_waiting(site)
        still = still + 1 if not left and said.startswith("Found 0 ") else 0
        in_vain = in_vain + 1 if left and left == before else 0
        if still == 2 or in_vain == _SWEEPS_IN_VAIN:
            return


_BRING_IN: Final = """
import os, django
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "whipround.settings")
django.setup()
from payments.balance.importing import bring_in
bring_in()
"""


def _gather(
    told: Told, site: Site, stripe: PretendStripe, office: PostOffice, memory: Memory
) -> None:
    state = stripe.state()
    told.counts = memory.counts
    told.deliveries = Counter(state["deliveries"] | {"events": sum(state["events"].values())})
    told.fell = count_fell(site.parts)
    told.errors = site.count_errors()
    told.inbox = dict(
        site.ask("SELECT road || ', ' || outcome, count(*) FROM payments_webhookevent GROUP BY 1")
    )
    told.letters = Counter(
        dict(
            site.ask(
                "SELECT kind || ', ' || CASE WHEN outcome <> '' THEN outcome"
                " ELSE 'put aside for a person' END, count(*) FROM payments_letter GROUP BY 1"
            )
        )
    )
    told.letters.update({f"mail server: {mood}": times for mood, times in office.moods.items()})


def _say_progress(seconds: float, memory: Memory, reaper: Reaper) -> str:
    return (
        f"{seconds:5.0f} s: {memory.counts['donors']} donors, {memory.counts['paid']} paid, "
        f"{reaper.deaths.total()} deaths"
    )


@contextmanager
def _timed(told: Told, what: str) -> Iterator[None]:
    begun = time.monotonic()
    yield
    told.seconds[what] = time.monotonic() - begun
