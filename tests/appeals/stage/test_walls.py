"""Who may direct a hall and set up an evening, and who may not: every address, every method."""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, reverse
from django.utils import timezone

from appeals import stage_urls
from appeals.models import Appeal, DirectionStep, Night, StageRemote
from appeals.stage.commands import give_order
from appeals.stage.remotes import remote_code, remote_token, revoke
from appeals.views.stage.access import COOKIE
from funds.models import Membership
from tests.appeals.stage.directing import remote_of
from tests.appeals.stage.phones import JSON, logged_in, phone_with, tap
from tests.factories import make_appeal, make_branch, make_user

pytestmark = pytest.mark.django_db

Role = Membership.Role
DIRECTORS = [Role.CHAIR, Role.OPERATOR, Role.NATIONAL_TREASURER]
METHODS = ["get", "head", "post", "put", "patch", "delete", "options"]
OF_A_HALL = ["stage-remote", "stage-board"]
PATTERNS: dict[str, URLPattern] = {str(one.name): one for one in stage_urls.urlpatterns}
OF_SETTING_UP = sorted(PATTERNS.keys() - {"stage", "stage-link", *OF_A_HALL})


def address(name: str, slug: str, reference: uuid.UUID) -> str:
    values = {"slug": slug, "reference": reference}
    wanted = PATTERNS[name].pattern.converters
    return reverse(f"appeals:{name}", kwargs={key: values[key] for key in wanted})


def strangers() -> Iterator[tuple[str, Client]]:
    """Whoever has a log-in that directs nothing, and a phone with another hall's remote."""
    yield "no role", logged_in(None)
    yield "registrar", logged_in(Role.REGISTRAR)
    branch_treasurer = Client()
    branch_treasurer.force_login(make_user(branches=[make_branch()]))
    yield "branch treasurer", branch_treasurer
    yield "another hall's remote", phone_with(remote_of(make_appeal("camp")))


@pytest.fixture
def remote() -> StageRemote:
    return remote_of(make_appeal())


@pytest.mark.parametrize("role", DIRECTORS)
@pytest.mark.parametrize("name", [*OF_A_HALL, "stage-set-up", "stage-code", "stage-qr"])
def test_chair_operator_and_national_treasurer_come_in(
    role: Role, name: str, remote: StageRemote
) -> None:
    answer = logged_in(role).get(address(name, "rally", remote.reference))

    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    assert answer["X-Robots-Tag"] == "noindex"
    assert answer["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", OF_SETTING_UP)
def test_setting_up_does_not_exist_for_anybody_else(
    name: str, method: str, remote: StageRemote
) -> None:
    path = address(name, "rally", remote.reference)
    fields = {"label": "Mine"}
    for who, stranger in strangers():
        if who == "another hall's remote":
            continue
        assert getattr(stranger, method)(path, fields).status_code == 404, who
    for passer_by in (Client(), phone_with(remote)):
        answer = getattr(passer_by, method)(path, fields)
        assert answer.status_code == 302
        assert answer["Location"].startswith("/accounts/login/")
    assert StageRemote.objects.filter(appeal__slug="rally").count() == 1
    assert not Night.objects.exists()
    remote.refresh_from_db()
    assert remote.revoked_at is None


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", OF_A_HALL)
@pytest.mark.parametrize("slug", ["rally", "nowhere"])
def test_a_hall_is_no_strangers_and_which_halls_there_are_is_not_told(
    name: str, method: str, slug: str, remote: StageRemote
) -> None:
    path = address(name, slug, remote.reference)
    fields = {"do": "clear", "seen": "0", "key": str(uuid.uuid4()), "notice": ""}
    for who, stranger in [("nobody", Client()), *strangers()]:
        answer = getattr(stranger, method)(path, fields)
        assert answer.status_code == 302, who
        assert answer["Location"] == f"/stage/?to={slug}"
        by_script = getattr(stranger, method)(path, fields, headers=JSON)
        assert by_script.status_code == 403
    assert not DirectionStep.objects.exists()


def test_a_phone_with_a_remote_directs_that_hall_and_no_other(remote: StageRemote) -> None:
    other = make_appeal("camp")
    phone = phone_with(remote)

    assert tap(phone, "scene:league").status_code == 303
    phone.cookies[COOKIE]["path"] = "/"  # a phone that sends it where it should not
    answer = phone.post(f"/stage/{other.slug}/", {"do": "clear"})
    assert answer["Location"] == "/stage/?to=camp"


def test_a_draft_has_no_stage(remote: StageRemote) -> None:
    phone, chair = phone_with(remote), logged_in()
    Appeal.objects.update(status=Appeal.Status.DRAFT)

    assert phone.get("/stage/rally/").status_code == 302
    assert chair.get("/stage/rally/").status_code == 404
    assert chair.get("/stage/rally/set-up/").status_code == 404


def test_another_appeals_remote_is_not_shown_or_revoked(remote: StageRemote) -> None:
    make_appeal("camp")
    chair = logged_in()

    for name in ("stage-code", "stage-qr"):
        assert chair.get(address(name, "camp", remote.reference)).status_code == 404
    assert chair.post(address("stage-revoke", "camp", remote.reference)).status_code == 404


class TestEnded:
    def test_a_remote_that_is_revoked_directs_nothing_from_then_on(
        self, remote: StageRemote
    ) -> None:
        phone = phone_with(remote)
        revoke([remote])

        assert tap(phone, "clear", seen="0")["Location"] == "/stage/?to=rally"
        told = tap(phone, "clear", by_script=True, seen="0")
        assert told.status_code == 403
        assert "ended" in told.json()["message"]
        assert not DirectionStep.objects.exists()

    @pytest.mark.parametrize("by_script", [False, True])
    def test_one_that_is_revoked_while_its_tap_is_on_its_way_directs_nothing(
        self, remote: StageRemote, monkeypatch: pytest.MonkeyPatch, *, by_script: bool
    ) -> None:
        phone = phone_with(remote)

        def revoke_and_give(*told: Any, **named: Any) -> object:
            revoke([remote])
            return give_order(*told, **named)

        monkeypatch.setattr("appeals.views.stage.remote.give_order", revoke_and_give)
        answer = tap(phone, "clear", by_script=by_script)

        assert answer.status_code == (403 if by_script else 302)
        assert not DirectionStep.objects.exists()

    def test_its_link_and_its_code_open_nothing(self, remote: StageRemote) -> None:
        revoke([remote])

        assert Client().get(f"/stage/r/{remote_token(remote)}/").status_code == 404
        assert Client().post("/stage/", {"code": remote_code(remote)}).status_code == 422

    def test_an_evening_that_is_over_is_over(self, remote: StageRemote) -> None:
        phone = phone_with(remote)
        StageRemote.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

        assert phone.get("/stage/rally/").status_code == 302
        assert Client().get(f"/stage/r/{remote_token(remote)}/").status_code == 404

    @pytest.mark.parametrize("value", ["", "nonsense", "0" * 32, "0" * 32 + ":signature"])
    def test_a_cookie_that_is_not_ours_opens_nothing(self, value: str, remote: StageRemote) -> None:
        phone = phone_with(remote)
        phone.cookies[COOKIE] = value or remote.reference.hex

        assert phone.get("/stage/rally/").status_code == 302


def test_nothing_that_is_kept_opens_anything(remote: StageRemote) -> None:
    kept = [str(value) for value in StageRemote.objects.values().get().values()]

    assert not [value for value in kept if remote_token(remote) in value]
    assert not [value for value in kept if remote_code(remote).replace("-", "") in value]
    for value in kept:
        assert Client().post("/stage/", {"code": value}).status_code == 422
