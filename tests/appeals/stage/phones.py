"""Phones that direct, as the server meets them."""

import re
import uuid
from typing import Any

from django.test import Client

from appeals.models import Appeal, StageRemote
from appeals.stage.remotes import remote_token
from funds.models import Membership
from tests.factories import make_user

JSON = {"Accept": "application/json"}


def phone_with(remote: StageRemote) -> Client:
    """A phone that followed a remote's link."""
    phone = Client()
    answer = phone.get(f"/stage/r/{remote_token(remote)}/")
    assert answer.status_code == 302
    return phone


def logged_in(role: Membership.Role | None = Membership.Role.CHAIR) -> Client:
    client = Client()
    client.force_login(make_user(role=role))
    return client


def tap(
    phone: Client, do: str, *, appeal: Appeal | None = None, by_script: bool = False, **fields: Any
) -> Any:
    """Press a button of the page as it is now."""
    address = f"/stage/{appeal.slug if appeal else 'rally'}/"
    told = {"do": do, "notice": "", **fields}
    told.setdefault("key", str(uuid.uuid4()))
    if "seen" not in told:
        told["seen"] = seen_on(phone.get(address))
    return phone.post(address, told, headers=JSON if by_script else {})


def seen_on(page: Any) -> str:
    """The step that a remote's page has seen."""
    found = re.search(r'name="seen" value="(\d+)"', page.content.decode())
    assert found, page.content.decode()
    return found[1]
