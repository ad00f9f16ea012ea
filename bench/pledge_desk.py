"""The pledge desk: 200 entries from each of two typists, at once, and every difference found.

Each entry is sent as the desk's script sends it, and the typist's list is looked at after it. Next
to it stands what a person could type: 200 entries in five minutes.
"""

import re
import statistics
import threading
import time
from typing import Final

import httpx
from django.test import Client

from bench.site import running_site
from funds.models import Membership, User
from payments.models import PledgeList
from payments.pledges.comparing import compare
from tests.factories import make_appeal, make_branch, make_user
from tests.payments.pledges.stream import TOWNS, found_in, make_stream

ENTRIES: Final = 200
PEOPLE_SECONDS: Final = 300
_SEED: Final = 29_950


def run() -> None:
    """Print how long both took, how soon an entry is taken, and what the comparison found."""
    for town in TOWNS:
        make_branch(town)
    make_appeal("rally")
    stream = make_stream(ENTRIES, seed=_SEED)
    typists = [
        make_user("rosa", role=Membership.Role.OPERATOR),
        make_user("karl", role=Membership.Role.CHAIR),
    ]
    with running_site() as site:
        desks = [
            Typist(f"http://127.0.0.1:{site.port}", user, side)
            for user, side in zip(typists, ("record", "check"), strict=True)
        ]
        began_at = time.monotonic()
        threads = [
            threading.Thread(target=desk.type_all, args=(lines,))
            for desk, lines in zip(desks, (stream.record, stream.check), strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.monotonic() - began_at
        for desk in desks:
            desk.close()
    record, check = PledgeList.objects.select_related("appeal").order_by("pk")
    found, planted = found_in(compare(record, check).differences), stream.planted
    cuts = statistics.quantiles([one for desk in desks for one in desk.took], n=100)
    print(
        f"   {ENTRIES} entries from each of two typists in {took:.1f} s, where people have "
        f"{PEOPLE_SECONDS} s; an entry taken p50 {cuts[49] * 1000:.0f} ms, p99 "
        f"{cuts[98] * 1000:.0f} ms"
    )
    print(
        f"   differences: {planted.total()} planted, {(found & planted).total()} found, "
        f"{(found - planted).total()} that were not planted"
    )


class Typist:
    """One browser's worth of requests."""

    def __init__(self, url: str, user: User, side: str) -> None:
        session = Client()
        session.force_login(user)
        cookies = {name: morsel.value for name, morsel in session.cookies.items()}
        self.took: list[float] = []
        self._http = httpx.Client(base_url=url, cookies=cookies, trust_env=False, timeout=30)
        page = self._http.get("/desk/rally/").text
        self._post("sit-down/", page, side=side)
        self._page = self._http.get("/desk/rally/").text
        found = re.search(r'name="list" value="([^"]+)"', self._page)
        assert found is not None, "no list was opened"
        self._list = found[1]

    def type_all(self, lines: list[str]) -> None:
        """Each entry as soon as the one before is taken."""
        for number, line in enumerate(filter(None, lines)):
            entry = f"00000000-0000-4000-8000-{number:012d}"
            began_at = time.monotonic()
            answer = self._post("take/", self._page, list=self._list, entry=entry, typed=line)
            self.took.append(time.monotonic() - began_at)
            assert answer.status_code == 201, answer.text
            self._http.get("/desk/rally/?part=list")

    def close(self) -> None:
        """Close the list, and the connections."""
        self._post("end/", self._page, list=self._list)
        self._http.close()

    def _post(self, address: str, page: str, **fields: str) -> httpx.Response:
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert found is not None
        return self._http.post(
            f"/desk/rally/{address}",
            data=fields | {"csrfmiddlewaretoken": found[1]},
            headers={"Accept": "application/json", "Origin": str(self._http.base_url).rstrip("/")},
        )
