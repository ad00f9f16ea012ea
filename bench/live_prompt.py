"""The whole way: from the answer to Stripe's signed webhook to the last of the open pages.

One process, as ``serve`` runs: it verifies, keeps, books, reads, and tells every page.
"""

import time
from collections.abc import Sequence
from typing import Final

from appeals.models import Appeal
from appeals.progress import read_reading
from bench.clients import Told, running_clients
from bench.donations import Waiting, make_waiting
from bench.site import running_site
from bench.wire import post_paced
from payments.models import CardDonation

SIZES: Final = (1_000, 10_000)
DONATIONS: Final = 20
PATIENCE_SECONDS: Final = 30.0
_TO_REACH: Final = {1_000: 0.25, 10_000: 0.6}


def run(sizes: Sequence[int] = SIZES) -> None:
    """Print the median and the slowest donation, for each size."""
    for viewers in sizes:
        middle, slowest = _time_donations(viewers).last_ms()
        reach = f"; to reach: {_TO_REACH[viewers] * 1000:.0f} ms" if viewers in _TO_REACH else ""
        print(
            f"   webhook answered to the last of {viewers:>6,} open pages, 1 donation/s: "
            f"p50 {middle:.0f} ms, slowest {slowest:.0f} ms{reach}",
            flush=True,
        )


def _time_donations(viewers: int) -> Told:
    first, *waiting = make_waiting(DONATIONS + 1)
    appeal = CardDonation.objects.get(pk=first.pk).appeal
    with (
        running_site() as site,
        running_clients([site.port], f"/live/appeals/{appeal.slug}") as clients,
    ):
        clients.open(viewers)
        before = read_reading(appeal).sequence
        _post(site.port, [first])
        step = _booked(appeal, before) - before  # each donation steps it as far
        base = before + step
        clients.wait_for(base)
        clients.forget()
        answered = _post(site.port, waiting)
        announced = [(base + step * (place + 1), at) for place, at in enumerate(answered)]
        missing = clients.wait_for(announced[-1][0])
        if missing:
            raise RuntimeError(f"{missing} pages never had the last donation")
        return clients.tell(announced)


def _post(port: int, waiting: Sequence[Waiting]) -> list[float]:
    """Tell that each is paid; the moments at which that was answered."""
    told = [one.messages[:1] for one in waiting]
    return post_paced(port, told, per_second=1, connections=1)


def _booked(appeal: Appeal, before: int) -> int:
    """The sequence once a donation is booked and all that follows is done."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while read_reading(appeal).sequence == before:
        if time.monotonic() > deadline:
            raise RuntimeError("the donation was not booked")
        time.sleep(0.1)
    time.sleep(1)
    return read_reading(appeal).sequence
