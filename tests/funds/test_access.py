"""Roles: who may act for which branch."""

import pytest
from django.contrib.auth.models import AnonymousUser
from pytest_django import DjangoAssertNumQueries

from funds.access import Role, read_access
from tests.factories import make_branch, make_user

pytestmark = pytest.mark.django_db


def test_nobody_logged_in_may_do_nothing() -> None:
    access = read_access(AnonymousUser())

    assert access.roles == frozenset()
    assert not access.is_treasurer
    assert not access.may_act_for(make_branch())
    assert not access.may_act_for(None)


def test_a_log_in_without_a_role_may_do_nothing() -> None:
    access = read_access(make_user())

    assert not any(
        (access.is_treasurer, access.is_national_treasurer, access.is_chair, access.is_operator)
    )
    assert not access.may_act_for(make_branch())


def test_a_log_in_that_was_made_inactive_loses_its_roles() -> None:
    access = read_access(make_user(role=Role.NATIONAL_TREASURER, is_active=False))

    assert access.roles == frozenset()


def test_a_branch_treasurer_acts_for_their_branches_and_no_other() -> None:
    leeds, york, hull = make_branch("Leeds"), make_branch("York"), make_branch("Hull")

    access = read_access(make_user(branches=[york, leeds]))

    assert access.is_treasurer
    assert not access.is_national_treasurer
    assert access.own_branches == (leeds, york)
    assert access.may_act_for(leeds)
    assert access.may_act_for(york)
    assert not access.may_act_for(hull)
    assert not access.may_act_for(None)


def test_the_national_treasurer_acts_for_every_branch_and_for_none() -> None:
    access = read_access(make_user(role=Role.NATIONAL_TREASURER))

    assert access.is_treasurer
    assert access.may_act_for(make_branch())
    assert access.may_act_for(None)


@pytest.mark.parametrize("role", [Role.CHAIR, Role.OPERATOR])
def test_chair_and_operator_are_no_treasurers(role: Role) -> None:
    access = read_access(make_user(role=role))

    assert access.is_chair == (role == Role.CHAIR)
    assert access.is_operator == (role == Role.OPERATOR)
    assert not access.is_treasurer
    assert not access.may_act_for(make_branch())


def test_roles_have_names_for_people() -> None:
    user = make_user(branches=[make_branch("Leeds"), make_branch("York")])
    user.memberships.create(role=Role.CHAIR)

    assert read_access(user).role_names == ["Branch treasurer", "Chair or collection speaker"]


def test_roles_are_read_in_one_query(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    user = make_user(branches=[make_branch(f"Branch {n}") for n in range(5)])

    with django_assert_num_queries(1):
        access = read_access(user)
        assert [branch.region.name for branch in access.own_branches] == ["Yorkshire"] * 5


@pytest.mark.parametrize("role", [role for role in Role if role != Role.BRANCH_TREASURER])
def test_who_gave_is_the_registrar_s_alone_to_read(role: Role) -> None:
    access = read_access(make_user(role=role))

    assert access.may_read_givers == (role == Role.REGISTRAR)
    if access.may_read_givers:
        assert not access.is_treasurer
