"""Two-step log-in: a password alone opens nothing once an authenticator app is set up."""

import time

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.cache import cache
from django.test import Client

from funds.models import Membership
from tests.factories import make_organisation, make_user

pytestmark = pytest.mark.django_db

PASSWORD = "several words of a password"


def log_in(client: Client) -> str:
    """Send name and password; where it leads."""
    sent = {"login": "national", "password": PASSWORD}
    response = client.post("/accounts/login/", sent)
    assert response.status_code == 302
    return str(response["Location"])


def code(secret: str) -> str:
    """What the app shows now."""
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))


@pytest.fixture
def secret() -> str:
    """A national treasurer and operator, who set up an app on the pages for it."""
    make_organisation()
    user = make_user("national", role=Membership.Role.NATIONAL_TREASURER)
    Membership.objects.create(user=user, role=Membership.Role.OPERATOR)
    user.set_password(PASSWORD)
    user.save()
    client = Client()
    log_in(client)
    asked_again = client.get("/accounts/2fa/totp/activate/")["Location"]
    client.post(asked_again, {"password": PASSWORD})
    page = client.get("/accounts/2fa/totp/activate/")
    secret = str(page.context["form"].secret)
    done = client.post("/accounts/2fa/totp/activate/", {"code": code(secret)})
    assert done.status_code == 302
    return secret


@pytest.mark.parametrize("path", ["/treasurer/", "/treasurer/transfers/", "/admin/"])
def test_a_password_alone_opens_nothing(secret: str, client: Client, path: str) -> None:
    assert log_in(client).startswith("/accounts/2fa/authenticate/")

    assert client.get(path).status_code == 302


def test_a_wrong_code_opens_nothing(secret: str, client: Client) -> None:
    second_step = log_in(client)
    wrong = f"{(int(code(secret)) + 500_000) % 1_000_000:06}"

    assert client.post(second_step, {"code": wrong}).status_code == 200

    assert client.get("/treasurer/").status_code == 302


def test_the_app_s_code_opens_what_the_password_began(secret: str, client: Client) -> None:
    second_step = log_in(client)
    cache.clear()  # a code opens once, and this half minute's was used to set the app up

    assert client.post(second_step, {"code": code(secret)}).status_code == 302

    assert client.get("/treasurer/").status_code == 200
    assert client.get("/admin/").status_code == 200
