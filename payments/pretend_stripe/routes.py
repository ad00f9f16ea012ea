"""The routes of ``/v1``: which path takes which parameters and is answered by whom."""

from payments.pretend_stripe import checkout_params, customers, endpoints
from payments.pretend_stripe.account import read_account
from payments.pretend_stripe.checkout import create_session, expire_session, find_checkout
from payments.pretend_stripe.expand import shown_item
from payments.pretend_stripe.params import Email, Flag, Items, Record, Text
from payments.pretend_stripe.routes_money import MONEY_ROUTES
from payments.pretend_stripe.routing import (
    ONE,
    PLAIN_LIST,
    Route,
    listing,
    metadata_update,
    single,
)
from payments.pretend_stripe.store import LIST_PARAMS, Store
from payments.pretend_stripe.wire import ApiError, Form, Obj
from payments.pretend_stripe.world import World


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


def _list_line_items(world: World, ids: dict[str, str], params: Obj) -> Obj:
    items = Store("item")
    for item in reversed(find_checkout(world, ids["session"]).line_items):
        items.add(item)
    page = items.page(params, url=f"/v1/checkout/sessions/{ids['session']}/line_items")
    return page | {"data": [shown_item(item) for item in page["data"]]}


def _list_events(world: World, _ids: dict[str, str], params: Obj) -> Obj:
    if "type" in params and "types" in params:
        raise ApiError("You may only specify one of these parameters: type, types.", param="types")
    return world.events.page(params, url="/v1/events")


def _delete_endpoint(world: World, ids: dict[str, str], _params: Obj) -> Obj:
    endpoint = world.endpoints.get(ids["webhook_endpoint"], param="webhook_endpoint")
    world.endpoints.remove(endpoint["id"])
    return {"id": endpoint["id"], "object": "webhook_endpoint", "deleted": True}


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
        handler=listing(
            "/v1/checkout/sessions",
            "sessions",
            customer=Text(),
            payment_intent=Text(),
            status=Text(),
        ).handler,
    ),
    single("/v1/checkout/sessions/{session}", "sessions"),
    metadata_update("/v1/checkout/sessions/{session}", "sessions"),
    Route(
        method="POST",
        path="/v1/checkout/sessions/{session}/expire",
        params=ONE,
        handler=lambda world, ids, _: expire_session(world, ids["session"]),
    ),
    Route(
        method="GET",
        path="/v1/checkout/sessions/{session}/line_items",
        params=Record(PLAIN_LIST),
        handler=_list_line_items,
    ),
    *MONEY_ROUTES,
    Route(
        method="GET",
        path="/v1/account",
        params=ONE,
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
        params=ONE,
        handler=lambda world, ids, _: world.events.get(ids["id"]).shown(),
    ),
    Route(
        method="POST",
        path="/v1/customers",
        params=customers.CREATE,
        handler=lambda world, _, params: customers.add_customer(world, params),
    ),
    listing("/v1/customers", "customers", email=Email()),
    single("/v1/customers/{customer}", "customers"),
    Route(
        method="POST",
        path="/v1/webhook_endpoints",
        params=endpoints.CREATE,
        handler=lambda world, _, params: endpoints.create_endpoint(world, params),
    ),
    Route(
        method="GET",
        path="/v1/webhook_endpoints",
        params=Record(PLAIN_LIST),
        handler=lambda world, _, params: world.endpoints.page(params, url="/v1/webhook_endpoints"),
    ),
    single("/v1/webhook_endpoints/{webhook_endpoint}", "endpoints"),
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
