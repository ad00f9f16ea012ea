"""``expand[]``: ids replaced by the objects that they name.

Source: docs.stripe.com/expand: up to four levels deep, ``data.`` first in lists.
"""

from collections.abc import Callable

from payments.pretend_stripe.checkout import find_checkout
from payments.pretend_stripe.ledger import with_status
from payments.pretend_stripe.wire import ApiError, Obj
from payments.pretend_stripe.world import World

_DEEPEST = 4

_Reader = Callable[[World, Obj], object]


def _session_items(world: World, session: Obj) -> Obj:
    items = find_checkout(world, session["id"]).line_items
    url = f"/v1/checkout/sessions/{session['id']}/line_items"
    return {
        "object": "list",
        "data": [shown_item(item) for item in items],
        "has_more": False,
        "url": url,
    }


def shown_item(item: Obj) -> Obj:
    """A line item as the API shows it; it keeps its moment for the list's sake only."""
    return {name: value for name, value in item.items() if name != "created"}


def _refunds_of(world: World, charge: Obj) -> Obj:
    return world.refunds.page({"charge": charge["id"]}, url=f"/v1/charges/{charge['id']}/refunds")


def _by_id(field: str, store: str) -> _Reader:
    def read(world: World, obj: Obj) -> object:
        object_id = obj.get(field)
        return None if object_id is None else getattr(world, store).get(object_id)

    return read


def _transaction(field: str) -> _Reader:
    def read(world: World, obj: Obj) -> object:
        object_id = obj.get(field)
        if object_id is None:
            return None
        return with_status(world, world.balance_transactions.get(object_id))

    return read


def _source(world: World, transaction: Obj) -> object:
    """What moved the money: a charge, refund, dispute or payout; None for a fee of the account."""
    source = transaction["source"]
    for store in (world.charges, world.refunds, world.disputes, world.payouts):
        if source in store:
            return store.get(source)
    return None


_EXPANDABLE: dict[str, dict[str, _Reader]] = {
    "checkout.session": {
        "customer": _by_id("customer", "customers"),
        "line_items": _session_items,
        "payment_intent": _by_id("payment_intent", "payment_intents"),
    },
    "payment_intent": {
        "customer": _by_id("customer", "customers"),
        "latest_charge": _by_id("latest_charge", "charges"),
        "payment_method": _by_id("payment_method", "payment_methods"),
    },
    "charge": {
        "balance_transaction": _transaction("balance_transaction"),
        "customer": _by_id("customer", "customers"),
        "payment_intent": _by_id("payment_intent", "payment_intents"),
        "refunds": _refunds_of,
    },
    "refund": {
        "balance_transaction": _transaction("balance_transaction"),
        "charge": _by_id("charge", "charges"),
        "failure_balance_transaction": _transaction("failure_balance_transaction"),
        "payment_intent": _by_id("payment_intent", "payment_intents"),
    },
    "balance_transaction": {"source": _source},
    "dispute": {
        "charge": _by_id("charge", "charges"),
        "payment_intent": _by_id("payment_intent", "payment_intents"),
    },
    "payout": {
        "balance_transaction": _transaction("balance_transaction"),
        "failure_balance_transaction": _transaction("failure_balance_transaction"),
    },
}


def expand(world: World, answer: Obj, paths: list[str]) -> Obj:
    """The answer with every path expanded; the stored objects stay as they are.

    Raises:
        ApiError: A path that cannot be expanded, or one that is too deep.
    """
    for path in paths:
        steps = path.split(".")
        if len(steps) > _DEEPEST:
            raise ApiError(
                f"You cannot expand more than {_DEEPEST} levels of a property. Property: {path}",
                param="expand",
            )
        answer = _expanded(world, answer, steps, path)
    return answer


def _expanded(world: World, obj: Obj, steps: list[str], path: str) -> Obj:
    step, *rest = steps
    if obj.get("object") == "list" and step == "data":
        if not rest:
            return obj
        return obj | {"data": [_expanded(world, one, rest, path) for one in obj["data"]]}
    reader = _EXPANDABLE.get(str(obj.get("object")), {}).get(step)
    if reader is None:
        raise ApiError(f"This property cannot be expanded ({path}).", param="expand[0]")
    current = obj.get(step)
    inner = current if isinstance(current, dict) else reader(world, obj)
    if inner is None:
        return obj
    if rest and isinstance(inner, dict):
        inner = _expanded(world, inner, rest, path)
    return obj | {step: inner}
