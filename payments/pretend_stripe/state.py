"""What the stand-in holds, counted and summed, for tests that compare their books with it."""

from collections import Counter

from payments.pretend_stripe.wire import Obj
from payments.pretend_stripe.world import World

_SUMMED = ("amount", "fee", "net")


def read_state(world: World) -> Obj:
    """Counts of objects, and sums of balance transactions in minor units by currency."""
    courier = world.courier
    statuses = Counter(session["status"] for session in world.sessions)
    sums: dict[str, Counter[str]] = {}
    for transaction in world.balance_transactions:
        of_currency = sums.setdefault(transaction["currency"], Counter())
        for name in _SUMMED:
            of_currency[name] += transaction[name]
        of_currency[transaction["type"]] += transaction["amount"]
    return {
        "clock": world.clock.stamp(),
        "sessions": {"open": 0, "complete": 0, "expired": 0} | statuses,
        "payment_intents": len(world.payment_intents),
        "charges": len(world.charges),
        "refunds": len(world.refunds),
        "customers": len(world.customers),
        "disputes": dict(Counter(dispute["status"] for dispute in world.disputes)),
        "payouts": _payouts(world),
        "balance_transactions": len(world.balance_transactions),
        "balance_sums": sums,
        "balance_by_type": _grouped(world, "type"),
        "balance_by_category": _grouped(world, "reporting_category"),
        "events": dict(Counter(entry["type"] for entry in world.events.index)),
        "deliveries": {
            "waiting": courier.waiting,
            "delivered": courier.delivered,
            "failed": courier.failed,
            "dropped": courier.dropped,
            "attempts": courier.attempts,
        },
    }


def _grouped(world: World, field: str) -> Obj:
    """``{currency: {value of the field: {count, amount, fee, net}}}``."""
    groups: dict[str, dict[str, Counter[str]]] = {}
    for one in world.balance_transactions:
        group = groups.setdefault(one["currency"], {}).setdefault(one[field], Counter())
        group["count"] += 1
        for name in _SUMMED:
            group[name] += one[name]
    return groups


def _payouts(world: World) -> Obj:
    """``{currency: {status: {count, amount}}}``."""
    groups: dict[str, dict[str, Counter[str]]] = {}
    for one in world.payouts:
        group = groups.setdefault(one["currency"], {}).setdefault(one["status"], Counter())
        group["count"] += 1
        group["amount"] += one["amount"]
    return groups
