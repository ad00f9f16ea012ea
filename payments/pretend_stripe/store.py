"""Objects of one kind in the order in which they were made, and Stripe's way of listing them."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from payments.pretend_stripe.params import Items, Kind, Text, TimeRange, Whole
from payments.pretend_stripe.wire import ApiError, Obj, no_such

LIST_PARAMS: dict[str, Kind] = {
    "created": TimeRange(),
    "ending_before": Text(),
    "expand": Items(Text()),
    "limit": Whole(1, 100),
    "starting_after": Text(),
}
"""What every list takes (docs.stripe.com/api/pagination)."""


class Store:
    """All objects of one kind, oldest first.

    Args:
        noun: Stripe's word in "No such …".
        key: A value of an object that never changes and that lists are often asked for by.
    """

    def __init__(self, noun: str, *, key: Callable[[Obj], str] | None = None) -> None:
        self._noun = noun
        self._key = key
        self._objects: list[Obj] = []
        self._places: dict[str, int] = {}
        self._keyed: dict[str, list[int]] = {}

    def __len__(self) -> int:
        return len(self._objects)

    def __iter__(self) -> Iterator[Obj]:
        return iter(self._objects)

    def newest(self, count: int) -> list[Obj]:
        """The last ``count`` objects, newest first."""
        return list(islice(reversed(self._objects), count))

    def newest_first(self) -> Iterator[Obj]:
        """All objects, newest first."""
        return reversed(self._objects)

    def add(self, made: Obj) -> Obj:
        """Keep a new object."""
        self._places[made["id"]] = len(self._objects)
        if self._key is not None:
            self._keyed.setdefault(self._key(made), []).append(len(self._objects))
        self._objects.append(made)
        return made

    def get(self, object_id: str, *, param: str = "id", status: int = 404) -> Obj:
        """The object with that id.

        Raises:
            ApiError: There is none: 404 when the id is in the path, 400 when it is a parameter.
        """
        place = self._places.get(object_id)
        if place is None:
            raise no_such(self._noun, object_id, param=param, status=status)
        return self._objects[place]

    def remove(self, object_id: str) -> None:
        """Forget an object, of a kind without keys."""
        assert self._key is None
        del self._objects[self._places.pop(object_id)]
        self._places = {one["id"]: place for place, one in enumerate(self._objects)}

    def page(
        self,
        params: Obj,
        *,
        url: str,
        where: Callable[[Obj], bool] = lambda _: True,
        key: str | None = None,
    ) -> Obj:
        """One page of a list, newest first.

        Args:
            params: ``limit`` (10 unless said), ``starting_after``, ``ending_before``, ``created``.
            url: The list's own path.
            where: Which objects belong in it.
            key: Only those of this key are looked at.
        """
        limit = params.get("limit", 10)
        if "starting_after" in params and "ending_before" in params:
            raise ApiError(
                "You may only specify one of these parameters: ending_before, starting_after.",
                param="ending_before",
            )
        created = params.get("created", {})
        everywhere = range(len(self._objects))
        places: Sequence[int] = everywhere if key is None else self._keyed.get(key, [])

        def belongs(one: Obj) -> bool:
            return where(one) and _within(one["created"], created)

        if "ending_before" in params:
            start = self._place(params["ending_before"], "ending_before") + 1
            newer = (self._objects[n] for n in places[bisect_left(places, start) :])
            found = list(islice(filter(belongs, newer), limit + 1))
            chosen = found[:limit][::-1]
        else:
            end = len(self._objects)
            if "starting_after" in params:
                end = self._place(params["starting_after"], "starting_after")
            older = (self._objects[n] for n in reversed(places[: bisect_left(places, end)]))
            found = list(islice(filter(belongs, older), limit + 1))
            chosen = found[:limit]
        return {"object": "list", "url": url, "has_more": len(found) > limit, "data": chosen}

    def _place(self, object_id: str, param: str) -> int:
        self.get(object_id, param=param, status=400)
        return self._places[object_id]


def _within(moment: int, bounds: dict[str, int]) -> bool:
    return (
        moment > bounds.get("gt", -1)
        and moment >= bounds.get("gte", 0)
        and moment < bounds.get("lt", moment + 1)
        and moment <= bounds.get("lte", moment)
    )
