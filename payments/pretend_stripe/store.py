"""Objects of one kind in the order in which they were made, and Stripe's way of listing them."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from operator import itemgetter

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


_created = itemgetter("created")


class Store:
    """All objects of one kind, oldest first.

    Args:
        noun: Stripe's word in "No such …".
        by: Fields by which objects are found without looking at all; they never change.
    """

    def __init__(self, noun: str, *, by: Sequence[str] = ()) -> None:
        self._noun = noun
        self._objects: list[Obj] = []
        self._places: dict[str, int] = {}
        self._found: dict[str, dict[object, list[Obj]]] = {field: {} for field in by}

    def __len__(self) -> int:
        return len(self._objects)

    def __iter__(self) -> Iterator[Obj]:
        return iter(self._objects)

    def __contains__(self, object_id: object) -> bool:
        return object_id in self._places

    def newest(self, count: int) -> list[Obj]:
        """The last ``count`` objects, newest first."""
        return list(islice(reversed(self._objects), count))

    def add(self, made: Obj) -> Obj:
        """Keep a new object."""
        self._places[made["id"]] = len(self._objects)
        self._objects.append(made)
        for field, found in self._found.items():
            found.setdefault(made[field], []).append(made)
        return made

    def add_past(self, made: Iterable[Obj]) -> None:
        """Keep objects that were made before some that are here already."""
        self._lay_out(sorted([*self._objects, *made], key=_created))

    def get(self, object_id: str, *, param: str = "id", status: int = 404) -> Obj:
        """The object with that id.

        Raises:
            ApiError: There is none: 404 when the id is in the path, 400 when it is a parameter.
        """
        place = self._places.get(object_id)
        if place is None:
            raise no_such(self._noun, object_id, param=param, status=status)
        return self._objects[place]

    def having(self, field: str, value: object) -> list[Obj]:
        """The objects with that value, oldest first; the field is one of ``by``."""
        return self._found[field].get(value, [])

    def remove(self, object_id: str) -> None:
        """Forget an object."""
        place = self._places[object_id]
        self._lay_out(self._objects[:place] + self._objects[place + 1 :])

    def page(
        self,
        params: Obj,
        *,
        url: str,
        where: Callable[[Obj], bool] = lambda _: True,
        among: list[Obj] | None = None,
    ) -> Obj:
        """One page of a list, newest first.

        Args:
            params: ``limit`` (10 unless said), ``starting_after``, ``ending_before``, ``created``,
                and the fields of ``by`` that only some objects are wanted for.
            url: The list's own path.
            where: Which objects belong in it.
            among: Some of the objects, oldest first, when the others are out of the question.
        """
        limit = params.get("limit", 10)
        if "starting_after" in params and "ending_before" in params:
            raise ApiError(
                "You may only specify one of these parameters: ending_before, starting_after.",
                param="ending_before",
            )
        if among is None:
            among = self._fewest(params)
        start, end = _between(among, params.get("created", {}))
        if "ending_before" in params:
            place = self._place(params["ending_before"], "ending_before")
            start = max(start, bisect_right(among, place, key=self._place_of))
            newer = (among[n] for n in range(start, end))
            found = list(islice(filter(where, newer), limit + 1))
            chosen = found[:limit][::-1]
        else:
            if "starting_after" in params:
                place = self._place(params["starting_after"], "starting_after")
                end = min(end, bisect_left(among, place, key=self._place_of))
            older = (among[n] for n in range(end - 1, start - 1, -1))
            found = list(islice(filter(where, older), limit + 1))
            chosen = found[:limit]
        return {"object": "list", "url": url, "has_more": len(found) > limit, "data": chosen}

    def _lay_out(self, objects: list[Obj]) -> None:
        self._objects = []
        self._places = {}
        self._found = {field: {} for field in self._found}
        for one in objects:
            self.add(one)

    def _fewest(self, params: Obj) -> list[Obj]:
        """All objects, or those of the first field of ``by`` that is asked for."""
        for field in self._found:
            if field in params:
                return self.having(field, params[field])
        return self._objects

    def _place(self, object_id: str, param: str) -> int:
        return self._place_of(self.get(object_id, param=param, status=400))

    def _place_of(self, one: Obj) -> int:
        return self._places[one["id"]]


def _between(objects: list[Obj], bounds: dict[str, int]) -> tuple[int, int]:
    """The slice of objects, oldest first, that were made within the bounds."""
    start, end = 0, len(objects)
    if "gt" in bounds:
        start = bisect_right(objects, bounds["gt"], key=_created)
    if "gte" in bounds:
        start = max(start, bisect_left(objects, bounds["gte"], key=_created))
    if "lt" in bounds:
        end = bisect_left(objects, bounds["lt"], key=_created)
    if "lte" in bounds:
        end = min(end, bisect_right(objects, bounds["lte"], key=_created))
    return start, end


def is_within(moment: int, bounds: dict[str, int]) -> bool:
    """Whether a moment (Unix seconds) lies within a range that ``TimeRange`` read."""
    return (
        moment > bounds.get("gt", -1)
        and moment >= bounds.get("gte", 0)
        and moment < bounds.get("lt", moment + 1)
        and moment <= bounds.get("lte", moment)
    )
