"""Webhook endpoints: where the account's events go."""

from payments.pretend_stripe import API_VERSION
from payments.pretend_stripe.params import (
    Choice,
    Flag,
    Items,
    Metadata,
    Record,
    Text,
    Url,
    merged,
)
from payments.pretend_stripe.wire import Obj
from payments.pretend_stripe.world import World

CREATE = Record(
    {
        "api_version": Choice((API_VERSION,)),
        "description": Text(),
        "enabled_events": Items(Text(), limit=250),
        "expand": Items(Text()),
        "metadata": Metadata(),
        "url": Url(),
    },
    ("enabled_events", "url"),
)

UPDATE = Record(
    {
        "description": Text(),
        "disabled": Flag(),
        "enabled_events": Items(Text(), limit=250),
        "expand": Items(Text()),
        "metadata": Metadata(),
        "url": Url(),
    }
)


def create_endpoint(world: World, params: Obj) -> Obj:
    """Register an endpoint. Only this answer carries the secret."""
    secret = world.ids.mint("whsec_", 32)
    endpoint = world.add_endpoint(
        url=params["url"],
        secret=secret,
        enabled_events=params["enabled_events"],
        description=params.get("description"),
        metadata=merged({}, params.get("metadata")),
    )
    endpoint["api_version"] = params.get("api_version")
    return endpoint | {"secret": secret}


def update_endpoint(world: World, endpoint_id: str, params: Obj) -> Obj:
    """Change an endpoint, or switch it off and on."""
    endpoint = world.endpoints.get(endpoint_id, param="webhook_endpoint")
    for name in ("description", "enabled_events", "url"):
        endpoint[name] = params.get(name, endpoint[name])
    endpoint["metadata"] = merged(endpoint["metadata"], params.get("metadata"))
    if "disabled" in params:
        endpoint["status"] = "disabled" if params["disabled"] else "enabled"
    return endpoint
