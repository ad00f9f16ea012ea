"""What a route is, and the kinds of routes that most objects have."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from payments.pretend_stripe.params import Items, Kind, Metadata, Record, Text, merged
from payments.pretend_stripe.store import LIST_PARAMS, Store
from payments.pretend_stripe.wire import Obj
from payments.pretend_stripe.world import World

Handler = Callable[[World, dict[str, str], Obj], Obj]
"""World, ids from the path, parameters -> the answer, not yet expanded."""

ONE = Record({"expand": Items(Text())})
UPDATE = Record({"expand": Items(Text()), "metadata": Metadata()})

PLAIN_LIST = {name: kind for name, kind in LIST_PARAMS.items() if name != "created"}


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


def listing(path: str, store: str, **filters: Kind) -> Route:
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


def single(path: str, store: str) -> Route:
    """One object by the id at the end of its path."""
    (param,) = re.findall(r"\{(\w+)\}", path)

    def handler(world: World, ids: dict[str, str], _params: Obj) -> Obj:
        kept: Store = getattr(world, store)
        return kept.get(ids[param], param=param)

    return Route(method="GET", path=path, params=ONE, handler=handler)


def metadata_update(path: str, store: str) -> Route:
    """Change one object's metadata."""
    (param,) = re.findall(r"\{(\w+)\}", path)

    def handler(world: World, ids: dict[str, str], params: Obj) -> Obj:
        kept: Store = getattr(world, store)
        one = kept.get(ids[param], param=param)
        one["metadata"] = merged(one["metadata"], params.get("metadata"))
        return one

    return Route(method="POST", path=path, params=UPDATE, handler=handler)
