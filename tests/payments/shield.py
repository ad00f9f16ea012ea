"""What the tests of the shield share: forms, browsers, solved checks, attacks."""

import base64
import itertools
import json
import re
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import altcha
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from appeals.models import Appeal
from payments.booking import book_facts
from payments.models import Attack, CardDonation, CheckoutOrigin
from payments.shield.challenge import make_challenge
from payments.shield.judging import Attempt, note_decline, note_opened
from payments.stripe_gateway.facts import PaymentReceived
from tests.factories import make_card_donation

GIVE = "/appeals/rally/give/"
_numbers = itertools.count(1)


def attempt(appeal: Appeal, **fields: Any) -> Attempt:
    """A form that an ordinary donor's browser sends, with some of it changed."""
    told: dict[str, Any] = {
        "reference": uuid4(),
        "session": f"browser-{next(_numbers)}",
        "content_digest": "c" * 64,
        "age": timedelta(seconds=30),
    }
    return Attempt(appeal=appeal, **(told | fields))


def opened(
    appeal: Appeal, *, times: int = 1, ago: timedelta | None = None, **fields: Any
) -> list[CardDonation]:
    """Checkouts that the shield knows of, opened some time ago."""
    donations = []
    for _ in range(times):
        donation = make_card_donation(
            appeal=appeal, checkout_expires_at=timezone.now() + timedelta(hours=2)
        )
        note_opened(attempt(appeal, **fields), donation.reference)
        donations.append(donation)
    if ago is not None:
        keys = [donation.pk for donation in donations]
        CheckoutOrigin.objects.filter(donation__in=keys).update(opened_at=timezone.now() - ago)
    return donations


def paid(*donations: CardDonation) -> None:
    """The money of these donations came."""
    book_facts(
        [
            PaymentReceived(one.reference, f"pi_{one.reference.hex}", one.amount, timezone.now())
            for one in donations
        ]
    )


def declined(donation: CardDonation, *, times: int = 1, at: datetime | None = None) -> None:
    """Cards that were declined on a Checkout, a second after each other."""
    for number in range(times):
        note_decline(donation, (at or timezone.now()) - timedelta(seconds=number))


def solve(challenge: dict[str, Any]) -> str:
    """What a browser sends for a challenge."""
    solution = altcha.solve_challenge(altcha.Challenge.from_dict(challenge))
    assert solution is not None
    answer = {"challenge": challenge, "solution": solution.to_dict()}
    return base64.b64encode(json.dumps(answer).encode()).decode()


def solved(reference: UUID, *, level: int = 1) -> str:
    """A solution of a challenge of this form."""
    return solve(make_challenge(reference, level=level))


def make_attack(**fields: Any) -> Attack:
    """An attack that stands."""
    now = timezone.now()
    told: dict[str, Any] = {
        "reason": Attack.Reason.DECLINES,
        "began_at": now,
        "last_seen_at": now,
        "level_at": now,
        **dict.fromkeys(("opened", "declined", "challenged", "refused"), 20),
    }
    return Attack.objects.create(**(told | fields))


class Browser:
    """A donor's browser: it looks at the form before it sends it, and can do the sum."""

    def __init__(self, client: Client | None = None) -> None:
        self.client = client or Client()

    def look(self, query: str = "") -> str:
        """Open the form's page."""
        response = self.client.get(GIVE + query)
        assert response.status_code == 200
        return response.content.decode()

    def fill(self, page: str, **answers: str) -> dict[str, str]:
        """What is sent: the hidden fields of the page, and answers."""
        inputs = re.findall(r'<input[^>]*type="hidden"[^>]*>', page)
        hidden = {
            name[1]: value[1]
            for one in inputs
            if (name := re.search(r'name="([^"]+)"', one))
            and (value := re.search(r'value="([^"]*)"', one))
        }
        return hidden | {"amount": "25", "branch": "", "name": "", "email": ""} | answers

    def send(self, sent: dict[str, str]) -> HttpResponse:
        """Send the form."""
        response: Any = self.client.post(GIVE, sent)
        assert isinstance(response, HttpResponse)
        return response

    def solution_for(self, page: str) -> str:
        """Do what the page's script does."""
        address = re.search(r'data-challenge="([^"]+)"', page)
        assert address is not None, "the page asks for no check"
        return solve(self.client.get(address[1]).json())

    def give(self, **answers: str) -> HttpResponse:
        """Look, do the sum if the page asks for it, and send."""
        page = self.look()
        sent = self.fill(page, **answers)
        if "<altcha-check" in page:
            sent["altcha"] = self.solution_for(page)
        return self.send(sent)
