"""The index: what the stand-in holds and how it is set, for a person."""

from datetime import UTC, datetime

from payments.pretend_stripe import API_VERSION
from payments.pretend_stripe.templates import fill, joined, page
from payments.pretend_stripe.web import HttpAnswer
from payments.pretend_stripe.world import World

_EVENTS_SHOWN = 50


def answer_index(world: World) -> HttpAnswer:
    """The page at ``/``: counts, knobs, and the latest events with their deliveries."""
    rows = []
    for entry in world.events.index.newest(_EVENTS_SHOWN):
        kept = world.events.get(entry["id"])
        answers = ", ".join(
            f"{one.state} ({one.last_answer or 'no answer'}, attempts: {one.attempts})"
            for one in kept.deliveries
        )
        moment = datetime.fromtimestamp(entry["created"], UTC)
        rows.append(
            fill(
                "event_row.html",
                id=entry["id"],
                type=entry["type"],
                time=f"{moment:%H:%M:%S}",
                deliveries=answers or "no endpoint",
            )
        )
    knobs = [
        fill("knob_row.html", name=name, value=str(value))
        for name, value in world.knobs.shown().items()
    ]
    body = fill(
        "index.html",
        version=API_VERSION,
        sessions=str(len(world.sessions)),
        subscriptions=str(len(world.subscriptions)),
        charges=str(len(world.charges)),
        refunds=str(len(world.refunds)),
        disputes=str(len(world.disputes)),
        payouts=str(len(world.payouts)),
        waiting=str(world.courier.waiting),
        endpoints=", ".join(one["url"] for one in world.endpoints) or "none",
        knobs=joined(knobs),
        events=joined(rows),
    )
    return page("Pretend Stripe", body)
