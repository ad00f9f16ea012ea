import json
from typing import Any

import pytest
from django.test import Client

from appeals.announce import announce_change
from appeals.models import Appeal
from tests.appeals.books import receive
from tests.factories import gbp, make_appeal, make_branch

pytestmark = pytest.mark.django_db

KEYS = [
    "slug",
    "title",
    "status",
    "epoch",
    "sequence",
    "as_at",
    "target",
    "raised",
    "percent",
    "stretch_target",
    "to_go",
    "card_donations",
    "collections",
    "by_method",
    "counted_not_banked",
    "promised",
    "promised_monthly",
    "being_counted",
    "league",
    "no_branch",
]


def read(client: Client, slug: str = "rally") -> dict[str, Any]:
    data: dict[str, Any] = client.get(f"/api/v1/appeals/{slug}/").json()
    return data


def test_a_reading_has_every_key_of_the_contract(client: Client) -> None:
    leeds = make_branch("Leeds")
    receive(make_appeal(branch_targets=[(leeds, gbp(100))]), gbp(152), branch=leeds)

    reading = read(client)

    assert list(reading) == KEYS
    assert reading["raised"] == {"amount": "152.00", "currency": "GBP"}
    assert reading["stretch_target"] is None
    assert reading["league"] == [
        {
            "rank": 1,
            "branch": "leeds",
            "name": "Leeds",
            "region": "Yorkshire",
            "raised": {"amount": "152.00", "currency": "GBP"},
            "target": {"amount": "100.00", "currency": "GBP"},
            "percent": 152,
        }
    ]


def test_the_list_holds_open_and_closed_appeals_and_no_draft(client: Client) -> None:
    make_appeal("rally")
    make_appeal("camp", status=Appeal.Status.CLOSED)
    make_appeal("secret", status=Appeal.Status.DRAFT)

    readings = client.get("/api/v1/appeals/").json()["appeals"]

    assert sorted((each["slug"], each["status"]) for each in readings) == [
        ("camp", "closed"),
        ("rally", "open"),
    ]
    assert list(readings[0]) == KEYS


def test_the_list_of_a_new_site_is_empty(client: Client) -> None:
    assert client.get("/api/v1/appeals/").json() == {"appeals": []}


@pytest.mark.parametrize("slug", ["nowhere", "secret", "not a slug", "ünknown", "%00"])
def test_unknown_and_draft_are_the_same_404_in_json(client: Client, slug: str) -> None:
    make_appeal("secret", status=Appeal.Status.DRAFT)

    response = client.get(f"/api/v1/appeals/{slug}/")

    assert response.status_code == 404
    assert response["Content-Type"] == "application/json"
    assert response.json() == {"error": "no such appeal"}
    assert response["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    "path", ["/api/v1/appeals/", "/api/v1/appeals/rally/", "/api/v1/appeals/rally/hall/"]
)
class TestHeaders:
    def test_any_site_may_read(self, client: Client, path: str) -> None:
        make_appeal()

        response = client.get(path)

        assert response["Access-Control-Allow-Origin"] == "*"
        assert response["Access-Control-Expose-Headers"] == "ETag"
        assert response["Content-Type"] == "application/json"
        assert "public" in response["Cache-Control"]
        assert "Cookie" not in response.get("Vary", "")
        assert not response.cookies

    def test_who_has_the_reading_is_told_so_until_money_comes(
        self, client: Client, path: str
    ) -> None:
        appeal = make_appeal()
        etag = client.get(path)["ETag"]

        again = client.get(path, headers={"If-None-Match": etag})
        assert again.status_code == 304
        assert again.content == b""
        assert again["ETag"] == etag
        assert again["Access-Control-Allow-Origin"] == "*"

        receive(appeal, gbp(1))
        after = client.get(path, headers={"If-None-Match": etag})
        assert after.status_code == 200
        assert after["ETag"] != etag

    def test_a_change_that_is_no_posting_is_news_too(self, client: Client, path: str) -> None:
        appeal = make_appeal()
        etag = client.get(path)["ETag"]

        announce_change(appeal.pk)

        assert client.get(path, headers={"If-None-Match": etag}).status_code == 200

    def test_another_site_may_ask_with_an_etag(self, client: Client, path: str) -> None:
        make_appeal()

        response = client.options(path)

        assert response.status_code == 204
        assert response["Access-Control-Allow-Headers"] == "If-None-Match"
        assert response["Access-Control-Allow-Origin"] == "*"

    def test_head_answers_without_a_body(self, client: Client, path: str) -> None:
        make_appeal()

        response = client.head(path)

        assert response.status_code == 200
        assert response["ETag"]
        assert response.content == b""

    @pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
    def test_nothing_can_be_written(self, path: str, method: str) -> None:
        make_appeal()

        response = getattr(Client(enforce_csrf_checks=True), method)(path)

        assert response.status_code == 405
        assert response["Allow"] == "GET, HEAD, OPTIONS"
        assert json.loads(response.content)["error"]


def test_the_etag_names_epoch_and_sequence(client: Client) -> None:
    receive(make_appeal(), gbp(1))

    response = client.get("/api/v1/appeals/rally/")

    reading = response.json()
    assert response["ETag"] == f'W/"{reading["epoch"]}-{reading["sequence"]}"'


def test_the_lists_etag_tells_one_appeal_from_another(client: Client) -> None:
    # Both have the same sequence; only which of them is public changes.
    rally, camp = make_appeal("rally"), make_appeal("camp", status=Appeal.Status.DRAFT)
    before = client.get("/api/v1/appeals/")["ETag"]

    Appeal.objects.filter(pk=rally.pk).update(status=Appeal.Status.DRAFT)
    Appeal.objects.filter(pk=camp.pk).update(status=Appeal.Status.OPEN)

    assert client.get("/api/v1/appeals/")["ETag"] != before
