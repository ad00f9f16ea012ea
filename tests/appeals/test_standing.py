"""The standing appeal of a fund: one at most, set in the admin."""

from typing import Any

import pytest
from django.db import IntegrityError
from django.test import Client

from appeals.models import Appeal
from appeals.standing import standing_appeals
from funds.models import Fund
from tests.appeals.test_admin import add_appeal, change_appeal, operator
from tests.factories import make_appeal, make_organisation

pytestmark = pytest.mark.django_db

__all__ = ["operator"]  # a fixture


def errors(response: Any) -> str:
    assert response.status_code == 200
    return str(response.context["adminform"].form.errors)


def test_it_is_set_in_the_admin(operator: Client) -> None:
    make_organisation()
    assert add_appeal(operator, is_standing="on").status_code == 302
    assert [appeal.title for appeal in standing_appeals()] == ["Autumn quarter"]
    page = operator.get(f"/admin/appeals/appeal/{Appeal.objects.get().pk}/change/")
    assert "takes monthly donations on" in page.content.decode()


def test_a_second_one_of_a_fund_is_refused_by_name(operator: Client) -> None:
    make_appeal("rally", title="Rally", is_standing=True)
    refused = add_appeal(operator, is_standing="on")
    assert "“Rally” is this fund&#x27;s" in errors(refused)
    second = make_appeal("premises", status=Appeal.Status.OPEN)
    assert "“Rally” is this fund&#x27;s" in errors(
        change_appeal(operator, second, is_standing="on")
    )
    Appeal.objects.update(is_standing=False)
    assert change_appeal(operator, second, is_standing="on").status_code == 302


def test_each_fund_may_have_its_own(operator: Client) -> None:
    make_appeal("rally", is_standing=True)
    other = Fund.objects.create(name="Premises")
    assert add_appeal(operator, fund=other.pk, is_standing="on").status_code == 302
    assert standing_appeals().count() == 2


def test_the_database_refuses_a_second_one(operator: Client) -> None:
    make_appeal("rally", is_standing=True)
    with pytest.raises(IntegrityError, match="fund_has_one_standing_appeal"):
        make_appeal("premises", is_standing=True)
