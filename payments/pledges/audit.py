"""Proves the pledges: what came for each is what its payments brought, and the window says so."""

from collections.abc import Iterator
from typing import Final

from appeals.models import Promise
from funds.audit import Difference
from funds.money import Money, zero
from payments.models import Pledge
from payments.pledges.following import Came, read_came
from payments.pledges.window import promise_key

_AT_ONCE: Final = 500


def audit_pledges() -> Iterator[Difference]:
    """Every pledge whose figures are not those of its payments, or not the window's."""
    ids = list(Pledge.objects.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        came = read_came(some)
        pledges = list(Pledge.objects.filter(pk__in=some))
        promises = {
            promise.source_key: promise
            for promise in Promise.objects.filter(source_key__in=map(promise_key, pledges))
        }
        for pledge in pledges:
            yield from _audit(
                pledge, came.get(pledge.pk, Came()), promises.get(promise_key(pledge))
            )


def _audit(pledge: Pledge, came: Came, promise: Promise | None) -> Iterator[Difference]:
    currency = pledge.amount.currency.code
    brought = (Money(came.came, currency), Money(came.on_its_way, currency))
    if brought != (pledge.came, pledge.on_its_way):
        yield Difference(
            "pledge",
            str(pledge.reference),
            f"{pledge.came} came and {pledge.on_its_way} is on its way, and its payments brought "
            f"{brought[0]} and have {brought[1]} on its way",
        )
    is_open = promise is not None and promise.state == Promise.State.OPEN
    shown = promise.amount if promise is not None and is_open else zero(currency)
    if shown != pledge.promised:
        yield Difference(
            "pledge",
            str(pledge.reference),
            f"{pledge.promised} is promised, and the window shows {shown}",
        )
