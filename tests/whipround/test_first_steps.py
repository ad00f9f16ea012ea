import pytest
from django.db import DatabaseError, connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.views import defaults

from appeals.models import Appeal
from funds.models import Organisation
from tests.factories import make_appeal, make_organisation

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/", "/privacy/"])
def test_a_fresh_database_says_what_to_do_first(client: Client, path: str) -> None:
    response = client.get(path)

    assert response.status_code == 200
    assert b"Not set up yet" in response.content
    assert b"/admin/" in response.content


def test_an_appeal_before_the_organisation_is_no_error(client: Client) -> None:
    make_appeal()
    Organisation.objects.all().delete()

    for path in ("/appeals/rally/", "/appeals/rally/league/"):
        assert b"Not set up yet" in client.get(path).content
    assert Appeal.objects.exists()


@pytest.mark.parametrize("path", ["/accounts/login/", "/api/v1/appeals/", "/healthz"])
def test_what_the_set_up_itself_needs_works_before_it(client: Client, path: str) -> None:
    assert client.get(path).status_code == 200


def test_a_wrong_address_is_a_plain_404_before_the_set_up(client: Client) -> None:
    response = client.get("/nowhere")

    assert response.status_code == 404
    assert b"There is nothing here" in response.content


def test_other_errors_stay_what_they_are(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise DatabaseError("the disk is full")

    make_organisation()
    monkeypatch.setattr("appeals.views.public.read_window", fail)

    with pytest.raises(DatabaseError, match="the disk is full"):
        client.get("/")


def test_the_page_for_our_own_errors_needs_no_database(rf: RequestFactory) -> None:
    with CaptureQueriesContext(connection) as queries:
        response = defaults.server_error(rf.get("/"))

    assert response.status_code == 500
    assert b"Something broke on our side" in response.content
    assert len(queries) == 0
