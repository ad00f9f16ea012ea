"""The admin's door and walls: who comes in, and that nobody writes the books in it."""

from typing import Any, Final

import pytest
from django.apps import apps
from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from donors.models import Donor
from funds.models import Membership, User
from payments.cash import reverse_collection
from payments.transfers import GivenBy
from tests.factories import gbp, make_appeal, make_branch, make_card_donation, make_user
from tests.payments import test_cash, test_cash_transfers

pytestmark = pytest.mark.django_db

SET_UP: Final = {
    *("appeals.appeal", "funds.branch", "funds.fund", "funds.organisation"),
    *("funds.region", "funds.user"),
}
"""What operators may write. Everything else in the admin is there to look at."""

NAME: Final = "Unmistakable Giver"


def label(model: type[Model]) -> str:
    return str(model._meta.label_lower)  # noqa: SLF001


PAGES: Final = [model for model in apps.get_models() if admin.site.is_registered(model)]
BOOKS: Final = [
    model
    for model in apps.get_models()
    if model.__module__.split(".")[0] in {"funds", "payments", "donors"}
    and label(model) not in SET_UP | {"funds.membership"}
]


def admin_patterns(
    patterns: list[URLPattern | URLResolver], *, under: str = ""
) -> list[tuple[str, str | None]]:
    found: list[tuple[str, str | None]] = []
    for pattern in patterns:
        route = under + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            found += admin_patterns(pattern.url_patterns, under=route)
        else:
            found.append((route, pattern.name))
    return found


@pytest.fixture
def books() -> dict[type[Model], list[Model]]:
    """One of everything: cash recorded and reversed, a transfer, a card donation, their givers."""
    appeal = make_appeal(branch_targets=[(make_branch("Leeds"), gbp(1000))])
    test_cash.record(test_cash.facts_of(appeal))
    reverse_collection(
        test_cash.record(test_cash.facts_of(appeal)), reason="Twice", reversed_by=make_user()
    )
    given_by = GivenBy(name=NAME, address=f"{NAME} House")
    test_cash_transfers.record(test_cash_transfers.facts_of(appeal, given_by=given_by))
    donor = Donor.objects.create(name=NAME, email="unmistakable@example.org", address=NAME)
    make_card_donation(gbp(25), appeal=appeal, donor=donor)
    return {model: list(model._default_manager.all()) for model in apps.get_models()}  # noqa: SLF001


def snapshot() -> dict[str, list[Any]]:
    return {
        label(model): list(model._default_manager.order_by("pk").values())  # noqa: SLF001
        for model in BOOKS
    }


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def superuser() -> User:
    return User.objects.create_superuser("root", "root@example.org", "a long password")


@pytest.fixture(params=["operator", "superuser"])
def insider(request: pytest.FixtureRequest) -> Client:
    if request.param == "superuser":
        return client_of(superuser())
    return client_of(make_user(role=Membership.Role.OPERATOR))


def addresses(model: type[Model], rows: list[Model]) -> list[str]:
    """Every page about a model, and about each of some rows."""
    name = f"admin:{label(model).replace('.', '_')}"
    found = [reverse(f"{name}_changelist"), reverse(f"{name}_add")]
    for row in rows:
        found += [
            reverse(f"{name}_{page}", args=[row.pk]) for page in ("change", "delete", "history")
        ]
    return found


def test_what_operators_may_write_is_named_here() -> None:
    """A new page of the admin must be put on one side or the other."""
    writable = {label(model) for model in PAGES if _is_writable(model)}

    assert writable == SET_UP


def _is_writable(model: type[Model]) -> bool:
    request: Any = type("Request", (), {"user": None})()
    page = admin.site.get_model_admin(model)
    doors = (page.has_add_permission, page.has_change_permission, page.has_delete_permission)
    return any(door(request) for door in doors) or label(model) == "funds.organisation"


@pytest.mark.parametrize("model", PAGES, ids=label)
def test_no_page_of_the_admin_writes_the_books(
    books: dict[type[Model], list[Model]], insider: Client, model: type[Model]
) -> None:
    before = snapshot()
    rows = books[model]
    keys = [row.pk for row in rows]
    sent: dict[str, Any] = {
        "post": "yes",
        "_selected_action": keys,
        "action": "delete_selected",
        "_save": "1",
        "memo": "changed",
        "amount_minor": "1",
        "amount_0": "1",
        "place": "changed",
        "name": "changed",
    }

    for address in addresses(model, rows):
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            insider.generic(
                method,
                address,
                data=b"&".join(
                    f"{name}={item}".encode()
                    for name, value in sent.items()
                    for item in (value if isinstance(value, list) else [value])
                ),
                content_type="application/x-www-form-urlencoded",
            )

    assert snapshot() == before


@pytest.mark.parametrize(
    "model", [model for model in PAGES if label(model) not in SET_UP], ids=label
)
def test_a_page_to_look_at_refuses_to_write(
    books: dict[type[Model], list[Model]], insider: Client, model: type[Model]
) -> None:
    name = f"admin:{label(model).replace('.', '_')}"

    assert insider.get(reverse(f"{name}_changelist")).status_code == 200
    assert insider.post(reverse(f"{name}_add"), {}).status_code == 403
    for row in books[model]:
        change = reverse(f"{name}_change", args=[row.pk])
        assert insider.get(change).status_code == 200
        assert insider.post(change, {}).status_code == 403
        assert insider.post(reverse(f"{name}_delete", args=[row.pk]), {}).status_code == 403


def test_the_books_have_rows_to_look_at(books: dict[type[Model], list[Model]]) -> None:
    """So that the tests above cannot pass for want of anything to write."""
    for name in ("funds.journalentry", "funds.posting", "funds.balance", "funds.account"):
        assert books[apps.get_model(name)]
    for name in ("payments.cashcollection", "payments.transferreceipt"):
        assert books[apps.get_model(name)]


def test_no_page_of_the_admin_names_a_donor(
    books: dict[type[Model], list[Model]], insider: Client
) -> None:
    assert not admin.site.is_registered(Donor)
    for model in PAGES:
        for address in addresses(model, books[model]):
            page = insider.get(address).content.decode()
            assert NAME not in page, address
            assert "unmistakable@" not in page, address


def test_a_figure_opens_down_to_its_lines(
    books: dict[type[Model], list[Model]], insider: Client
) -> None:
    accounts = insider.get(reverse("admin:funds_account_changelist")).content.decode()
    balances = insider.get(reverse("admin:funds_balance_changelist")).content.decode()

    for page in (accounts, balances):
        links = [
            part.split('"')[0].replace("&amp;", "&")
            for part in page.split('href="')
            if part.startswith("/admin/funds/posting/?account")
        ]
        assert links
        for link in links:
            lines = insider.get(link)
            assert lines.status_code == 200, link
            assert "/admin/funds/journalentry/" in lines.content.decode()


@pytest.mark.parametrize("role", ["national", "chair", ""])
def test_the_admin_does_not_exist_for_those_without_leave(role: str) -> None:
    client = client_of(make_user(role=Membership.Role(role) if role else None))

    response = client.get("/admin/", follow=True)

    assert response.status_code == 404


def test_strangers_are_sent_to_the_one_log_in() -> None:
    """Which asks for the second step too, where one is set up."""
    response = Client().get("/admin/funds/user/", follow=True)

    assert response.redirect_chain[-1][0] == "/accounts/login/?next=/admin/funds/user/"


def test_django_s_own_log_in_takes_no_password() -> None:
    superuser()
    client = Client()

    client.post("/admin/login/", {"username": "root", "password": "a long password"})

    assert "_auth_user_id" not in client.session


def test_every_address_of_the_admin_is_closed_to_a_treasurer() -> None:
    client = client_of(make_user(branches=[make_branch()]))
    seen = 0
    for _, name in admin_patterns(get_resolver().url_patterns):
        for args in ([], [1], ["funds"], [1, 1]):
            try:
                address = reverse(f"admin:{name}", args=args)
            except NoReverseMatch:
                continue
            seen += 1
            response = client.get(address, follow=True)
            is_way_out = name in {"logout", "jsi18n"}
            assert response.status_code in {404, 405} or is_way_out, address
    assert seen > 60


def test_an_operator_lands_in_the_admin_and_others_at_home() -> None:
    leeds = make_branch("Leeds")
    make_user("operator", role=Membership.Role.OPERATOR)
    make_user("both", branches=[leeds]).memberships.create(role=Membership.Role.OPERATOR)
    make_user("chair", role=Membership.Role.CHAIR)
    make_user("treasurer", branches=[leeds])
    make_user("nobody")
    superuser()

    landed = {
        name: Client().post(
            reverse("account_login"), {"login": name, "password": "a long password"}
        )["Location"]
        for name in ("operator", "both", "chair", "treasurer", "nobody", "root")
    }

    home = "/treasurer/"
    assert landed == {
        "operator": "/admin/",
        "both": home,
        "chair": home,
        "treasurer": home,
        "nobody": home,
        "root": "/admin/",
    }


def test_nobody_signs_up() -> None:
    response = Client().post(
        "/accounts/signup/",
        {
            "username": "intruder",
            "email": "intruder@example.org",
            "password1": "tins and buckets",
            "password2": "tins and buckets",
        },
    )

    assert response.status_code in {200, 403, 404}
    assert not User.objects.exists()
