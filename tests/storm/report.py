"""The storm as a table for a terminal."""

from collections.abc import Iterator, Mapping

from tests.storm.storm import Told


def lines_of(told: Told) -> Iterator[str]:
    """The report, a line at a time."""
    plan = told.plan
    way = "Celery's workers over Redis" if plan.with_redis else "web processes alone"
    yield f"Storm of {plan.payments} donors, seed {plan.seed}, {way}"
    yield from _table("seconds", {name: round(took, 1) for name, took in told.seconds.items()})
    yield from _table("what happened", told.counts)
    yield from _table("webhooks", told.deliveries)
    yield from _table("deaths", told.deaths)
    yield from _table("fell by themselves", told.fell)
    yield from _table("Stripe's API, a few seconds each", told.weather)
    yield from _table("events by road and outcome", told.inbox)
    yield from _table("letters", told.letters)
    yield "sweeps after the storm"
    yield f"  left to them: {told.left_by_storm}"
    yield from (f"  {said}" for said in told.sweeps)
    yield f"{'Stripe against the books':34}{'lines':>8}{'Stripe':>16}{'books':>16}"
    for name, sums in sorted(told.sums.items()):
        yield f"  {name:32}{sums.lines:>8}{_pounds(sums.stripe):>16}{_pounds(sums.books):>16}"
    yield from _table("errors in the logs", told.errors)
    if told.differences:
        yield f"DIFFERENCES: {len(told.differences)} (logs in {told.logs})"
        yield from (f"  {difference}" for difference in told.differences)
    else:
        yield "The books are right to the penny, and nothing was lost or done twice."


def _table(title: str, figures: Mapping[str, float]) -> Iterator[str]:
    if figures:
        yield title
        yield from (f"  {name:52}{figure:>10}" for name, figure in sorted(figures.items()))


def _pounds(pence: int) -> str:
    sign = "-" if pence < 0 else ""
    return f"{sign}{abs(pence) // 100:,}.{abs(pence) % 100:02}"
