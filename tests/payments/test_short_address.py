"""The short addresses: as a code holds them, and as people type them."""

import pytest
from django.test import Client

from appeals.models import Appeal
from funds.models import Branch
from payments.short_address import as_typed, short_address
from tests.factories import make_appeal, make_branch

pytestmark = pytest.mark.django_db

FORM = "/appeals/rally/give/"


@pytest.mark.parametrize(
    ("typed", "leads_to"),
    [
        ("/g/rally/", FORM),
        ("/g/RALLY/", FORM),
        ("/g/rally/tower-hamlets/", f"{FORM}?branch=tower-hamlets"),
        ("/g/Rally/Tower-Hamlets/", f"{FORM}?branch=tower-hamlets"),
        ("/g/rally/Tower%20Hamlets/", f"{FORM}?branch=tower-hamlets"),
        ("/g/rally/nowhere/", f"{FORM}?branch=nowhere"),
        ("/g/rally/old/", f"{FORM}?branch=old"),
        ("/g/rally/%00%3F/", f"{FORM}?branch=unknown"),
    ],
)
def test_a_short_address_leads_to_the_form(client: Client, typed: str, leads_to: str) -> None:
    make_appeal("rally")
    make_branch("Tower Hamlets")
    Branch.objects.filter(pk=make_branch("Old").pk).update(is_active=False)

    answer = client.get(typed)

    assert answer.status_code == 302
    assert answer.headers["Location"] == leads_to
    assert client.get(leads_to).status_code == 200


def test_without_the_last_slash_it_leads_there_too(client: Client) -> None:
    make_appeal("rally")
    make_branch("Leeds")

    page = client.get("/g/rally/leeds", follow=True)

    assert page.redirect_chain[-1][0] == f"{FORM}?branch=leeds"
    assert b"For <strong>Leeds</strong>" in page.content


def test_of_two_appeals_that_differ_in_capitals_the_one_as_typed_is_meant(client: Client) -> None:
    make_appeal("Rally", title="Last year")
    make_appeal("rally")

    assert client.get("/g/rally/").headers["Location"] == FORM


def test_an_unknown_branch_is_told_and_the_form_takes_the_donation(client: Client) -> None:
    make_appeal("rally")

    page = client.get("/g/rally/nowhere/", follow=True).content.decode()

    assert "We know no branch of that name" in page
    assert "For <strong>" not in page
    assert "Go on to pay by card" in page


@pytest.mark.parametrize("typed", ["/g/none/", "/g/none/leeds/", "/g/draft/", "/g/%00/"])
def test_an_appeal_that_is_not_public_has_no_short_address(client: Client, typed: str) -> None:
    make_appeal("draft", status=Appeal.Status.DRAFT)
    make_branch("Leeds")

    assert client.get(typed).status_code == 404


def test_nothing_is_sent_to_it(client: Client) -> None:
    make_appeal("rally")

    assert client.post("/g/rally/").status_code == 405


def test_what_a_code_holds_is_what_people_type_with_a_scheme() -> None:
    appeal, leeds = make_appeal("rally"), make_branch("Leeds")

    assert short_address(appeal) == "http://testserver/g/rally/"
    assert short_address(appeal, leeds) == "http://testserver/g/rally/leeds/"
    assert as_typed(short_address(appeal, leeds)) == "testserver/g/rally/leeds"
