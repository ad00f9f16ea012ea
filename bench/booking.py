"""Card donations booked: from a full inbox, and sustained while their webhooks arrive."""

import time
from datetime import UTC, datetime
from itertools import chain
from typing import Final
from uuid import uuid4

from bench.site import running_site
from bench.stripe_traffic import Message, donation_messages
from bench.wire import post_all

_DONATIONS: Final = 3000
_CONNECTIONS: Final = 8
_BRANCHES: Final = 24
_BATCH: Final = 50
_PATIENCE_SECONDS: Final = 120


def run() -> None:
    """Three events a donation, as Stripe sends them; one worker books."""
    print(f"   entries posted by the ledger alone, batches of {_BATCH}: {_post():.0f} /s")
    print(f"   donations booked from a full inbox, 3 events each: {_drain():.0f} /s")
    booked, kept = _sustain()
    print(
        f"   donations booked while their events arrive, {_CONNECTIONS} connections: {booked:.0f} "
        f"/s ({kept:.0f} events kept /s); to reach: 300"
    )


def _post() -> float:
    """Reference: the same entries without inbox, Stripe or donations."""
    from funds.ledger import Draft, Kind, credit, debit, post_entries  # noqa: PLC0415
    from tests.factories import gbp, make_account  # noqa: PLC0415 - Django is set up by now

    asset, income = make_account(), make_account()
    today = datetime.now(UTC).date()
    started_at = time.perf_counter()
    for _ in range(_DONATIONS // _BATCH):
        post_entries(
            [
                Draft(
                    f"bench:{uuid4()}",
                    Kind.CARD_RECEIVED,
                    today,
                    "",
                    [debit(asset, gbp(25)), credit(income, gbp(25))],
                )
                for _ in range(_BATCH)
            ]
        )
    return _DONATIONS / (time.perf_counter() - started_at)


def _drain() -> float:
    """Keep everything first; then one worker, alone."""
    from payments import inbox  # noqa: PLC0415 - Django is set up by now
    from payments.stripe_gateway.events import verify_event  # noqa: PLC0415

    for message in _messages(_DONATIONS):
        inbox.keep(verify_event(message.body, message.signature))
    started_at = time.perf_counter()
    inbox.act_on_everything_due()
    return _DONATIONS / (time.perf_counter() - started_at)


def _sustain() -> tuple[float, float]:
    """The whole way on the real server: donations and events a second, to the last one booked."""
    from django.db import connection  # noqa: PLC0415 - Django is set up by now

    from payments.models import CardDonation, WebhookEvent  # noqa: PLC0415

    messages = _messages(_DONATIONS)
    unbooked = CardDonation.objects.filter(received_entry=None)
    with running_site() as site:
        started_at = time.perf_counter()
        sending_seconds = post_all(site.port, messages, connections=_CONNECTIONS)
        while unbooked.exists() or WebhookEvent.objects.filter(processed_at=None).exists():
            if time.perf_counter() - started_at > _PATIENCE_SECONDS:
                raise RuntimeError(f"{unbooked.count()} donations were not booked")
            time.sleep(0.02)
        seconds = time.perf_counter() - started_at
    connection.close()
    return _DONATIONS / seconds, len(messages) / sending_seconds


def _messages(donations: int) -> list[Message]:
    """The events of donations that wait for their payment, over all branches of an appeal."""
    from payments.models import CardDonation  # noqa: PLC0415 - Django is set up by now
    from tests.factories import gbp, make_appeal, make_branch  # noqa: PLC0415

    appeal = make_appeal(f"bench-{uuid4().hex[:8]}")
    branches = [make_branch(f"Branch {number}") for number in range(_BRANCHES)]
    waiting = CardDonation.objects.bulk_create(
        CardDonation(
            appeal=appeal,
            branch=branches[number % _BRANCHES],
            amount=gbp(25),
            content_digest="0" * 64,
        )
        for number in range(donations)
    )
    told = (donation_messages(one.reference, amount_minor=2500) for one in waiting)
    return list(chain.from_iterable(told))
