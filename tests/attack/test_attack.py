"""An attack moves no thermometer, costs a donor the sum and no more, and is told once."""

import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from funds.models import JournalEntry, Membership
from payments import inbox
from payments.models import Attack, CardDonation, CheckoutOrigin
from tests.attack.testers import GIVE, Testers
from tests.audited import find_differences
from tests.conftest import Measured
from tests.factories import make_appeal, make_user
from tests.payments.shield import solve
from tests.pretend_stripe.process import VISA, PretendStripe, running_pretend_stripe
from tests.site import SiteProcess, free_port

ATTEMPTS = int(os.environ.get("ATTACK_ATTEMPTS", "1000"))
SECONDS = float(os.environ.get("ATTACK_SECONDS", "240"))
SECRET = "whsec_of_the_attack"

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass
class Scene:
    """The real server, the stand-in for Stripe, and where the server's e-mails lie."""

    site: SiteProcess
    stripe: PretendStripe
    letters: Path

    def raised(self) -> object:
        """What the thermometer shows, asked as a page asks."""
        reading = httpx.get(f"{self.site.url}/api/v1/appeals/rally/", trust_env=False).json()
        return reading["raised"]

    def told(self) -> int:
        """How often the operator was written to about testers; donors' receipts lie there too."""
        letters = self.letters.glob("*") if self.letters.exists() else ()
        return sum(
            letter.read_text().count("Subject: [Whip-round] Somebody is testing cards")
            for letter in letters
        )


@pytest.fixture
def scene(transactional_db: None, tmp_path: Path) -> Iterator[Scene]:
    make_appeal("rally")
    make_user("operator", role=Membership.Role.OPERATOR)
    letters = tmp_path / "letters"
    port = free_port()
    site = SiteProcess(
        STRIPE_API_BASE=f"http://127.0.0.1:{port}",
        STRIPE_WEBHOOK_SECRETS=SECRET,
        EMAIL_URL=f"file:///{letters}",
    )
    with (
        site,
        running_pretend_stripe(
            port=port, webhook_url=f"{site.url}/stripe/webhook/", webhook_secret=SECRET
        ) as stripe,
    ):
        yield Scene(site, stripe, letters)


def give(scene: Scene) -> bool:
    """A donor looks, does the sum if there is one, sends once, and pays; whether there was one."""
    with httpx.Client(base_url=scene.site.url, timeout=60, trust_env=False) as donor:
        page = donor.get(GIVE).text
        inputs = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page)
        sent = dict(inputs) | {"amount": "20", "email": "some.body@example.org"}
        challenge = re.search(r'data-challenge="([^"]+)"', page)
        if challenge:
            sent["altcha"] = solve(donor.get(challenge[1]).json())
        answer = donor.post(GIVE, data=sent, headers={"Referer": f"{scene.site.url}{GIVE}"})
        assert answer.status_code == 303, answer.text
        scene.stripe.pay(answer.headers["Location"].rsplit("/", 1)[-1], card=VISA)
    return challenge is not None


def wait_until(is_so: Callable[[], bool], what: str, *, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"not within {seconds} seconds: {what}"
        time.sleep(0.1)


def test_an_attack_moves_no_thermometer_and_shuts_no_donor_out(
    scene: Scene, measured: Measured
) -> None:
    testers = Testers(scene.site.url, scene.stripe)
    assert not give(scene), "in calm nobody does a sum"
    donors = 1
    with testers.at_work(attempts=ATTEMPTS, seconds=SECONDS):
        wait_until(Attack.objects.exists, "the attack is seen")
        opened_until_then = testers.was_seen()
        for _ in range(5):
            assert give(scene), "in an attack everybody does one, and goes through at once"
            donors += 1
    tally = testers.tally
    measured(str(tally))

    scene.stripe.settle(timeout_seconds=120)
    wait_until(lambda: inbox.count_waiting() == 0, "all is acted upon")
    assert scene.raised() == {"amount": f"{20 * donors}.00", "currency": "GBP"}
    assert JournalEntry.objects.filter(kind="card-received").count() == donors
    assert CardDonation.objects.exclude(received_entry=None).count() == donors
    assert find_differences() == []

    assert tally.attempts > ATTEMPTS or tally.seconds >= SECONDS
    assert tally.unread == 0, "readers are served all the while"
    assert set(tally.answers) <= {303, 422, 429}, tally.answers
    on_their_way = testers.machines
    assert tally.opened - opened_until_then <= tally.solved + on_their_way, "no sum, no Checkout"
    assert tally.answers[422] + tally.answers[429] >= ATTEMPTS * 0.9 or tally.seconds >= SECONDS

    (attack,) = Attack.objects.all()
    assert attack.ended_at is None
    wait_until(lambda: Attack.objects.get().told_at is not None, "the operators are told")
    wait_until(lambda: scene.told() > 0, "the letter lies there")
    time.sleep(6)  # the next round of those who tell
    assert scene.told() == 1

    tested = CheckoutOrigin.objects.filter(declined__gte=5)
    wait_until(
        lambda: not tested.filter(donation__checkout_ended_at=None).exists(),
        "Checkouts on which too many cards were declined are ended",
    )
