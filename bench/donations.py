"""Donations that wait for their payment, and what Stripe will send for each."""

from dataclasses import dataclass
from itertools import chain
from typing import Final
from uuid import uuid4

from bench.stripe_traffic import Message, donation_messages, payment_of

BRANCHES: Final = 24


@dataclass(frozen=True, slots=True)
class Waiting:
    """A donation: ``key`` is the source key of its entry, once it is booked."""

    pk: int
    key: str
    messages: tuple[Message, ...]


def make_waiting(donations: int) -> list[Waiting]:
    """So many donations of £25 to a new appeal, over its branches by turns."""
    from payments.models import CardDonation  # noqa: PLC0415 - Django is set up by now
    from tests.factories import gbp, make_appeal, make_branch  # noqa: PLC0415

    appeal = make_appeal(f"bench-{uuid4().hex[:8]}")
    branches = [make_branch(f"Branch {number}") for number in range(BRANCHES)]
    made = CardDonation.objects.bulk_create(
        CardDonation(
            appeal=appeal,
            branch=branches[number % BRANCHES],
            amount=gbp(25),
            content_digest="0" * 64,
        )
        for number in range(donations)
    )
    return [
        Waiting(
            one.pk,
            f"stripe:{payment_of(one.reference)}:received",
            tuple(donation_messages(one.reference, amount_minor=2500)),
        )
        for one in made
    ]


def all_messages(waiting: list[Waiting]) -> list[Message]:
    """In the order in which Stripe sends them."""
    return list(chain.from_iterable(one.messages for one in waiting))
