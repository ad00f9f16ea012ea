"""The routes of ``/v1``: which path takes which parameters and is answered by whom."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from payments.pretend_stripe import (
    checkout_params,
    customers,
    dispute_shapes,
    disputes,
    endpoints,
    intents,
    refunds,
)
from payments.pretend_stripe.account import read_account
from payments.pretend_stripe.checkout import create_session, expire_session, find_checkout
from payments.pretend_stripe.expand import shown_item
from payments.pretend_stripe.ledger import read_balance, with_status
from payments.pretend_stripe.params import (
    Email,
    Flag,
    Items,
    Kind,
    Metadata,
    Record,
    Text,
    TimeRange,
    merged,
)
from payments.pretend_stripe.payouts import contents_of
from payments.pretend_stripe.store import LIST_PARAMS, Store, is_within
from payments.pretend_stripe.wire import ApiError, Form, Obj
from payments.pretend_stripe.world import World

Handler = Callable[[World, dict[str, str], Obj], Obj]
"""World, ids from the path, parameters -> the answer, not yet expanded."""

_ONE = Record({"expand": Items(Text())})
_UPDATE = Record({"expand": Items(Text()), "metadata": Metadata()})


@dataclass(frozen=True, kw_only=True)
class Route:
    """One method on one path, as Stripe's OpenAPI names it."""

    method: str
    path: str
    params: Record
    handler: Handler

    @property
    def pattern(self) -> re.Pattern[str]:
        """What the path looks like with ids in it."""
        return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.path))


def find_route(method: str, path: str) -> tuple[Route, dict[str, str]]:
    """The route and the ids in the path.

    Raises:
        ApiError: 404, Stripe's answer to a path that it does not know.
    """
    for route, pattern in _ROUTES:
        found = pattern.fullmatch(path)
        if found and route.method == method:
            return route, found.groupdict()
    raise ApiError(
        f"Unrecognized request URL ({method}: {path}). Pretend Stripe does a part of the API.",
        status=404,
    )


def read_params(route: Route, form: Form) -> Obj:
    """The parameters, checked; raises an ApiError that names what is wrong."""
    return route.params.read(form)


def _listing(path: str, store: str, **filters: Kind) -> Route:
    """A list of one kind; each filter compares the field of its name."""

    def handler(world: World, _ids: dict[str, str], params: Obj) -> Obj:
        wanted = {name: params[name] for name in filters if name in params}
        kept: Store = getattr(world, store)
        return kept.page(
            params,
            url=path,
            where=lambda one: all(one[name] == value for name, value in wanted.items()),
        )

    return Route(method="GET", path=path, params=Record(LIST_PARAMS | filters), handler=handler)


def _single(path: str, store: str) -> Route:
    """One object by the id at the end of its path."""
    (param,) = re.findall(r"\{(\w+)\}", path)

    def handler(world: World, ids: dict[str, str], _params: Obj) -> Obj:
        kept: Store = getattr(world, store)
        return kept.get(ids[param], param=param)

    return Route(method="GET", path=path, params=_ONE, handler=handler)


def _metadata_update(path: str, store: str) -> Route:
    """Change one object's metadata."""
    (param,) = re.findall(r"\{(\w+)\}", path)

    def handler(world: World, ids: dict[str, str], params: Obj) -> Obj:
        kept: Store = getattr(world, store)
        one = kept.get(ids[param], param=param)
        one["metadata"] = merged(one["metadata"], params.get("metadata"))
        return one

    return Route(method="POST", path=path, params=_UPDATE, handler=handler)


def _list_line_items(world: World, ids: dict[str, str], params: Obj) -> Obj:
    items = Store("item")
    for item in reversed(find_checkout(world, ids["session"]).line_items):
        items.add(item)
    page = items.page(params, url=f"/v1/checkout/sessions/{ids['session']}/line_items")
    return page | {"data": [shown_item(item) for item in page["data"]]}


def _list_balance_transactions(world: World, _ids: dict[str, str], params: Obj) -> Obj:
    wanted = {name: params[name] for name in ("currency", "source", "type") if name in params}
    page = world.balance_transactions.page(
        params,
        url="/v1/balance_transactions",
        where=lambda one: all(one[name] == value for name, value in wanted.items()),
        among=contents_of(world, params["payout"]) if "payout" in params else None,
    )
    return page | {"data": [with_status(world, one) for one in page["data"]]}


def _list_payouts(world: World, _ids: dict[str, str], params: Obj) -> Obj:
    arrival = params.get("arrival_date", {})
    status = params.get("status")
    return world.payouts.page(
        params,
        url="/v1/payouts",
        where=lambda one: (
            status in (None, one["status"]) and is_within(one["arrival_date"], arrival)
        ),
    )


def _list_events(world: World, _ids: dict[str, str], params: Obj) -> Obj:
    if "type" in params and "types" in params:
        raise ApiError("You may only specify one of these parameters: type, types.", param="types")
    return world.events.page(params, url="/v1/events")


def _delete_endpoint(world: World, ids: dict[str, str], _params: Obj) -> Obj:
    endpoint = world.endpoints.get(ids["webhook_endpoint"], param="webhook_endpoint")
    world.endpoints.remove(endpoint["id"])
    return {"id": endpoint["id"], "object": "webhook_endpoint", "deleted": True}


_PLAIN_LIST = {name: kind for name, kind in LIST_PARAMS.items() if name != "created"}

ROUTES = (
    Route(
        method="POST",
        path="/v1/checkout/sessions",
        params=checkout_params.CREATE,
        handler=lambda world, _, params: create_session(world, params),
    ),
    Route(
        method="GET",
        path="/v1/checkout/sessions",
        params=checkout_params.LIST,
        handler=_listing(
            "/v1/checkout/sessions",
            "sessions",
            customer=Text(),
            payment_intent=Text(),
            status=Text(),
        ).handler,
    ),
    _single("/v1/checkout/sessions/{session}", "sessions"),
    _metadata_update("/v1/checkout/sessions/{session}", "sessions"),
    Route(
        method="POST",
        path="/v1/checkout/sessions/{session}/expire",
        params=_ONE,
        handler=lambda world, ids, _: expire_session(world, ids["session"]),
    ),
    Route(
        method="GET",
        path="/v1/checkout/sessions/{session}/line_items",
        params=Record(_PLAIN_LIST),
        handler=_list_line_items,
    ),
    _listing("/v1/payment_intents", "payment_intents", customer=Text()),
    _single("/v1/payment_intents/{intent}", "payment_intents"),
    Route(
        method="POST",
        path="/v1/payment_intents",
        params=intents.CREATE,
        handler=lambda world, _, params: intents.create_intent(world, params),
    ),
    Route(
        method="POST",
        path="/v1/payment_intents/{intent}",
        params=intents.UPDATE,
        handler=lambda world, ids, params: intents.update_intent(world, ids["intent"], params),
    ),
    Route(
        method="POST",
        path="/v1/payment_intents/{intent}/confirm",
        params=intents.CONFIRM,
        handler=lambda world, ids, params: intents.confirm_intent(world, ids["intent"], params),
    ),
    Route(
        method="POST",
        path="/v1/payment_intents/{intent}/cancel",
        params=intents.CANCEL,
        handler=lambda world, ids, params: intents.cancel_intent(world, ids["intent"], params),
    ),
    _listing("/v1/charges", "charges", customer=Text(), payment_intent=Text()),
    _single("/v1/charges/{charge}", "charges"),
    Route(
        method="POST",
        path="/v1/refunds",
        params=refunds.CREATE,
        handler=lambda world, _, params: refunds.create_refund(world, params),
    ),
    _listing("/v1/refunds", "refunds", charge=Text(), payment_intent=Text()),
    _single("/v1/refunds/{refund}", "refunds"),
    _metadata_update("/v1/refunds/{refund}", "refunds"),
    _listing("/v1/disputes", "disputes", charge=Text(), payment_intent=Text()),
    _single("/v1/disputes/{dispute}", "disputes"),
    Route(
        method="POST",
        path="/v1/disputes/{dispute}",
        params=dispute_shapes.UPDATE,
        handler=lambda world, ids, params: disputes.update_dispute(world, ids["dispute"], params),
    ),
    Route(
        method="POST",
        path="/v1/disputes/{dispute}/close",
        params=_ONE,
        handler=lambda world, ids, _: disputes.close_dispute(world, ids["dispute"], outcome="lost"),
    ),
    Route(
        method="GET",
        path="/v1/payouts",
        params=Record(LIST_PARAMS | {"arrival_date": TimeRange(), "status": Text()}),
        handler=_list_payouts,
    ),
    _single("/v1/payouts/{payout}", "payouts"),
    Route(
        method="GET",
        path="/v1/balance_transactions",
        params=Record(
            LIST_PARAMS | {"currency": Text(), "payout": Text(), "source": Text(), "type": Text()}
        ),
        handler=_list_balance_transactions,
    ),
    Route(
        method="GET",
        path="/v1/balance_transactions/{id}",
        params=_ONE,
        handler=lambda world, ids, _: with_status(world, world.balance_transactions.get(ids["id"])),
    ),
    Route(
        method="GET",
        path="/v1/balance",
        params=_ONE,
        handler=lambda world, _ids, _params: read_balance(world),
    ),
    Route(
        method="GET",
        path="/v1/account",
        params=_ONE,
        handler=lambda _world, _ids, _params: read_account(),
    ),
    Route(
        method="GET",
        path="/v1/events",
        params=Record(
            LIST_PARAMS
            | {"delivery_success": Flag(), "type": Text(), "types": Items(Text(), limit=20)}
        ),
        handler=_list_events,
    ),
    Route(
        method="GET",
        path="/v1/events/{id}",
        params=_ONE,
        handler=lambda world, ids, _: world.events.get(ids["id"]).shown(),
    ),
    Route(
        method="POST",
        path="/v1/customers",
        params=customers.CREATE,
        handler=lambda world, _, params: customers.add_customer(world, params),
    ),
    _listing("/v1/customers", "customers", email=Email()),
    _single("/v1/customers/{customer}", "customers"),
    Route(
        method="POST",
        path="/v1/webhook_endpoints",
        params=endpoints.CREATE,
        handler=lambda world, _, params: endpoints.create_endpoint(world, params),
    ),
    Route(
        method="GET",
        path="/v1/webhook_endpoints",
        params=Record(_PLAIN_LIST),
        handler=lambda world, _, params: world.endpoints.page(params, url="/v1/webhook_endpoints"),
    ),
    _single("/v1/webhook_endpoints/{webhook_endpoint}", "endpoints"),
    Route(
        method="POST",
        path="/v1/webhook_endpoints/{webhook_endpoint}",
        params=endpoints.UPDATE,
        handler=lambda world, ids, params: endpoints.update_endpoint(
            world, ids["webhook_endpoint"], params
        ),
    ),
    Route(
        method="DELETE",
        path="/v1/webhook_endpoints/{webhook_endpoint}",
        params=Record({}),
        handler=_delete_endpoint,
    ),
)
"""Every route of the API that is spoken here."""

_ROUTES = tuple((route, route.pattern) for route in ROUTES)
