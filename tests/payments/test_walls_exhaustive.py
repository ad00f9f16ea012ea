"""Walls between branches, exhaustively: every address of the site, every identifier of another
branch's things in every place that takes one, every name that a page reads, every method.

Nothing here is listed by hand that can be learned: the addresses come from the URL map, the names
of parameters and fields from what each page asks of its request. What belongs to nobody is the
measure: an answer about Leeds is the answer about what there is not.
"""

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final
from unittest import mock

import pytest
from django.db import transaction
from django.http import QueryDict
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from payments.counting.codes import seat_code
from payments.counting.seats import open_seat
from payments.models import (
    Agreement,
    Bucket,
    BucketCount,
    CardDonation,
    CashCollection,
    Cheque,
    NamedGift,
    Occasion,
    PayingIn,
    PayingInLine,
    RefundOrder,
    Seat,
    StatementMatch,
    TransferReceipt,
    TwoPersonAct,
)
from payments.recording import local_today
from payments.two_persons.asking import undo_or_ask
from tests.factories import gbp, make_user
from tests.payments import test_cash, test_paying_in
from tests.payments.counting import Table
from tests.payments.test_treasurer_walls import METHODS, OF_A_BRANCH, OWN, PATTERNS, World, body_of

pytestmark = pytest.mark.django_db

PUBLIC: Final = {
    *("", "privacy/", "appeals/<slug:slug>/", "appeals/<slug:slug>/league/"),
    *("appeals/<slug:slug>/screen/", "appeals/<slug:slug>/qr.svg"),
    *("api/v1/appeals/", "api/v1/appeals/<str:slug>/", "api/v1/appeals/<str:slug>/hall/"),
    *("appeals/<slug:slug>/give/", "appeals/<slug:slug>/give/challenge/"),
    *("appeals/<slug:slug>/give/link/", "monthly/", "monthly/sent/"),
    *("stripe/webhook/", "count/", "stage/", "healthz", "readyz"),
    *("g/<str:appeal>/", "g/<str:appeal>/<str:branch>/"),
    *("no-signal/", "count/waiting/", "sw.js", "manifest.webmanifest", "treasury.webmanifest"),
}
"""For everybody: what stands there is everybody's."""

KEYED: Final = {
    "appeals/<slug:slug>/thanks/<uuid:reference>/",
    *("monthly/<str:token>/", "monthly/<str:token>/amount/"),
    *("monthly/<str:token>/stripe/", "monthly/<str:token>/back/", "receipts/<str:token>/"),
    *("count/<str:code>/", "count/<str:code>/table.json"),
    *("count/<str:code>/buckets/<int:number>/", "count/<str:code>/sheets/"),
    *("p/<str:code>/", "p/<str:code>/give-up/", "p/<str:code>/take-up/"),
}
"""For whoever holds the key in the address, which no other address and no log-in tells."""

ELSEWHERE: Final = ("treasurer/", "admin/", "accounts/", "stage/<slug:slug>/", "stage/r/", "desk/")
"""Tested below, address by address; the stage in ``tests/appeals/stage/test_walls.py``, the desk's
pages in tests of their own; ``accounts/`` is about the visitor's own log-in alone."""


def every_address(
    patterns: list[URLPattern | URLResolver], *, under: str = ""
) -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        route = under + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from every_address(pattern.url_patterns, under=route)
        else:
            yield route, pattern


ADDRESSES: Final = dict(every_address(get_resolver().url_patterns))
ADMIN: Final = sorted(
    route for route in ADDRESSES if route.startswith("admin/") and "(?P" not in route
)


def test_no_address_of_the_site_is_forgotten() -> None:
    rest = {route for route in ADDRESSES if not route.startswith(ELSEWHERE)}

    assert rest == PUBLIC | KEYED


class TwoBranches(World):
    """As the world of the walls; and York has things of its own, of each kind."""

    def __init__(self) -> None:
        super().__init__()
        self.york_user = make_user("york", branches=[self.york])
        facts = test_cash.facts_of(self.appeal, branch=self.york, place="Micklegate")
        self.york_collection = test_cash.record(facts, by=self.york_user)
        banked = test_cash.record(facts, by=self.york_user)
        self.york_paying_in = test_paying_in.bank([banked], slip_number="200100")
        self.york_table = Table(
            branch=self.york,
            appeal=self.appeal,
            name="Micklegate",
            treasurer=self.york_user,
            buckets=2,
        )
        self.york_table.both_count(bucket=2)
        self.york_cheque = Cheque.objects.create(
            agreement=self.york_table.bucket(2).agreements.get(),
            position=1,
            amount=gbp(30),
            dated_on=local_today(),
        )
        large = test_cash.record(replace(facts, amount=gbp(150)), by=self.york_user)
        asked = undo_or_ask(large, reason="Counted at Micklegate", by=self.york_user)
        assert asked is not None
        self.york_act = asked
        self.york_seat = open_seat(
            self.york_table.occasion, Seat.Side.THIRD, opened_by=self.york_user
        )

    def yorks(self, name: str) -> str:
        """The address of a page about York's own."""
        if name in OWN:
            return reverse(f"payments:{name}")
        things: dict[str, Any] = {
            "collection": self.york_collection,
            "paying-in": self.york_paying_in,
            "bucket": self.york_table.bucket(),
            "bag": self.york_table.bucket(2),
            "seat": self.york_seat,
            "cheque": self.york_cheque,
            "second-person": self.york_act,
        }
        kind = next((kind for kind in things if name == kind or name.startswith(f"{kind}-")), "")
        is_made_at_a_table = name.endswith("-new")
        thing = things[kind] if kind and not is_made_at_a_table else self.york_table.occasion
        values: dict[str, object] = {"slug": "york", "reference": thing.reference}
        wanted = PATTERNS[name].pattern.converters
        return reverse(f"payments:{name}", kwargs={key: values[key] for key in wanted})

    def references(self) -> dict[str, uuid.UUID]:
        """Of everything that is Leeds's, of every kind."""
        things: dict[str, Any] = {
            "collection": self.collection,
            "transfer": self.receipt,
            "card donation": self.donation,
            "second payment": self.second,
            "refund order": self.order,
            "occasion": self.table.occasion,
            "bucket": self.table.bucket(),
            "agreed bucket": self.table.bucket(2),
            "seat": self.seat,
            "named gift": self.gift,
            "paying-in": self.paying_in,
            "cheque": self.cheque,
            "what waits for a second person": self.act,
            "statement": self.line.statement_import,
            "line": self.line,
            "payer rule": self.rule,
        }
        return {name: thing.reference for name, thing in things.items()}

    def words(self) -> list[str]:
        """Whatever else names a thing of Leeds: slugs, keys, numbers, codes."""
        return [
            "leeds",
            str(self.leeds.pk),
            str(self.collection.pk),
            str(self.paying_in.pk),
            "100200",
            seat_code(self.seat),
        ]


@pytest.fixture
def two() -> TwoBranches:
    return TwoBranches()


@pytest.fixture
def york(two: TwoBranches) -> Client:
    client = Client()
    client.force_login(two.york_user)
    return client


NOBODY: Final = "3e0a55f1-9c0d-4b6e-8f57-2f6a0f3d7c11"
"""Names nothing."""

OF_LEEDS: Final[dict[Any, str]] = {
    CashCollection: "branch",
    PayingIn: "lines__collection__branch",
    PayingInLine: "collection__branch",
    StatementMatch: "paying_in__lines__collection__branch",
    TransferReceipt: "branch",
    CardDonation: "branch",
    RefundOrder: "donation__branch",
    Occasion: "branch",
    Bucket: "occasion__branch",
    BucketCount: "bucket__occasion__branch",
    Agreement: "bucket__occasion__branch",
    Cheque: "agreement__bucket__occasion__branch",
    TwoPersonAct: "collection__branch",
    Seat: "occasion__branch",
    NamedGift: "occasion__branch",
}


def state_of_leeds(two: TwoBranches) -> list[list[tuple[object, ...]]]:
    """Every row about Leeds, whole."""
    return [
        list(model.objects.filter(**{path: two.leeds}).order_by("pk").values_list())
        for model, path in OF_LEEDS.items()
    ]


def ask(client: Client, method: str, address: str, told: dict[str, Any] | None = None) -> Any:
    """One request, and then as if it had not been."""
    client.cookies.pop("messages", None)
    with transaction.atomic():
        if method == "POST":
            response = client.post(address, told or {})
        else:
            response = client.generic(method, address, QUERY_STRING=_query(told or {}))
        transaction.set_rollback(True)
    return response


def _query(told: dict[str, Any]) -> str:
    query = QueryDict(mutable=True)
    query.update(told)
    return query.urlencode()


def said(response: Any, *told: str) -> tuple[int, str]:
    """The status and what was to read, without what we sent and what is minted for each page."""
    body = body_of(response)
    for word in told:
        if len(word) > 3:  # a shorter one stands in any page, and is no echo
            body = body.replace(word, "…")
    return response.status_code, body


class TestIdentifiersInAddresses:
    @pytest.mark.parametrize("name", sorted(set(PATTERNS) - OWN))
    def test_no_identifier_of_another_branch_opens_anything(
        self, two: TwoBranches, york: Client, name: str
    ) -> None:
        """Also one of another kind: an occasion's where a collection's is asked for."""
        converters = PATTERNS[name].pattern.converters
        before = state_of_leeds(two)
        for key in converters:
            asked_for: dict[str, list[Any]] = {
                "slug": ["leeds", str(two.leeds.pk)],
                "pk": [two.line.account_id, two.leeds.pk, two.collection.pk],
            }
            is_named_apart = key in {"slug", "pk"}
            tries = asked_for.get(key, [])
            tries = tries + ([] if is_named_apart else list(two.references().values()))
            tries += ["po_1", "txn_payout", *two.words()] if key == "stripe_id" else []
            names_nothing = {"slug": "nowhere", "stripe_id": "none", "pk": 999_999}
            nobody = names_nothing.get(key, uuid.uuid4())
            expected = {
                method: said(ask(york, method, reverse(f"payments:{name}", kwargs={key: nobody})))
                for method in ("GET", "POST")
            }
            for one in tries:
                address = reverse(f"payments:{name}", kwargs={key: one})
                for method in ("GET", "POST"):
                    got = said(ask(york, method, address))
                    assert got[0] == 404, (method, address)
                    assert got == expected[method], (method, address)
        if not converters:
            assert ask(york, "GET", reverse(f"payments:{name}")).status_code == 404
        assert state_of_leeds(two) == before

    @pytest.mark.parametrize("route", sorted(KEYED))
    def test_no_identifier_is_a_key(self, two: TwoBranches, york: Client, route: str) -> None:
        pattern = ADDRESSES[route]
        own_keys = {two.donation.reference, two.second.reference}  # who gave holds these
        tries = [*(set(two.references().values()) - own_keys), *two.words()[:-1]]
        converters = pattern.pattern.converters
        (key,) = set(converters) - {"slug", "number"}
        if key == "reference":
            tries = [one for one in tries if isinstance(one, uuid.UUID)]
        more = {
            name: value
            for name, value in {"slug": "rally", "number": 1}.items()
            if name in converters
        }
        nobody = reverse(f"payments:{pattern.name}", kwargs={**more, key: uuid.uuid4()})
        for method in METHODS:
            expected = said(ask(york, method, nobody))
            for one in tries:
                address = reverse(f"payments:{pattern.name}", kwargs={**more, key: one})
                got = said(ask(york, method, address), str(one))
                assert got == expected, (method, address)
                assert got[0] in {404, 405}, (method, address)

    def test_the_api_knows_appeals_alone(self, two: TwoBranches, york: Client) -> None:
        for one in [*two.references().values(), *two.words()]:
            assert york.get(f"/api/v1/appeals/{one}/").status_code == 404
        for address in ("/api/v1/appeals/", "/api/v1/appeals/rally/"):
            mine, anybodys = york.get(address).json(), Client().get(address).json()
            for reading in (*mine.get("appeals", [mine]), *anybodys.get("appeals", [anybodys])):
                reading.pop("as_at")
            assert mine == anybodys

    @pytest.mark.parametrize("route", ADMIN)
    def test_the_admin_is_shut(self, two: TwoBranches, york: Client, route: str) -> None:
        """Whatever is asked for, and whether it is there: the same answer, which is a log-in."""
        path = "/" + route.replace("<path:object_id>", "{}").replace("<int:content_type_id>", "{}")
        path = path.replace("<path:object_id>", "{}").replace("<id>", "{}")
        for method in ("GET", "POST"):
            for one in (two.collection.pk, two.leeds.pk, two.collection.reference):
                address = path.replace("{}", str(one))
                got = ask(york, method, address)
                assert got.status_code in {302, 403, 404, 405}, address
                assert "Leeds" not in got.content.decode()
                where = got.headers.get("Location", "/admin/login/").split("?")[0]
                assert where in {"/admin/login/", "/accounts/login/", "/admin/"}, address


@contextmanager
def names_asked_for() -> Iterator[set[str]]:
    """The names of parameters and fields, as pages read them out of their request."""
    names: set[str] = set()

    def spy(method: str) -> Any:
        known = getattr(QueryDict, method)

        def read(self: QueryDict, key: str, *more: Any, **named: Any) -> Any:
            names.add(key)
            return known(self, key, *more, **named)

        return mock.patch.object(QueryDict, method, read)

    with spy("get"), spy("__getitem__"), spy("__contains__"), spy("getlist"):
        yield names


def _is_of_money(name: str) -> bool:
    return name.startswith(("count_GBP_", "count_EUR_", "bucket_"))


class TestIdentifiersInParametersAndFields:
    """Every name that a page of York's own reads, filled with every identifier of Leeds."""

    @pytest.mark.parametrize("name", sorted(OWN | OF_A_BRANCH))
    def test_another_branch_s_things_are_as_none(
        self, two: TwoBranches, york: Client, name: str
    ) -> None:
        address = two.yorks(name)
        before = state_of_leeds(two)
        for method in ("GET", "POST"):
            with names_asked_for() as names:
                first = ask(york, method, address)
            assert first.status_code != 404, "these are York's own"
            base = self._valid(first) if method == "POST" else {}
            for field in sorted(names - {"csrfmiddlewaretoken", "reference"}):
                if _is_of_money(field) and not field.endswith(("_2000", "_1_seal_number")):
                    continue  # boxes of one kind: one of them stands for all
                self._try(two, york, method, address, field, base)
        assert state_of_leeds(two) == before

    def _try(
        self,
        two: TwoBranches,
        york: Client,
        method: str,
        address: str,
        field: str,
        base: dict[str, Any],
    ) -> None:
        expected: dict[str, tuple[int, str]] = {}
        references = [str(reference) for reference in two.references().values()]
        for one in [*references, "leeds", seat_code(two.seat)]:
            # As long, and of the same shape: what is echoed has the same measure.
            nobody = NOBODY if one in references else re.sub(r"\w", "q", one)
            if nobody not in expected:
                expected[nobody] = said(ask(york, method, address, {**base, field: nobody}), nobody)
            got = said(ask(york, method, address, {**base, field: one}), one)
            assert got == expected[nobody], (method, address, field, one)
            for leak in ("Kirkgate", "100200"):
                assert leak not in got[1], (method, address, field, one)

    def _valid(self, response: Any) -> dict[str, Any]:
        """The form of the page as it would be sent, had nothing been changed."""
        form = (response.context or {}).get("form") if response.context else None
        if form is None:
            return {}
        values = {box.name: box.value() for box in form}
        base = {key: value for key, value in values.items() if value not in (None, "", [])}
        return base | {"reference": str(uuid.uuid4())}
