"""The remote as a page, and the ways to it."""

import logging
import uuid
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from appeals.announce import announce_change
from appeals.models import Appeal, Direction, DirectionStep, StageRemote
from appeals.stage.attempts import MOST_WRONG
from appeals.stage.hall import read_hall
from appeals.stage.remotes import remote_code, remote_token
from appeals.views.stage.access import COOKIE
from tests.appeals.books import receive, refund
from tests.appeals.stage.directing import Command, Scene, chair, remote_of, say
from tests.appeals.stage.phones import JSON, logged_in, phone_with, seen_on, tap
from tests.factories import gbp, make_appeal
from whipround.logs import SecretAddresses

pytestmark = pytest.mark.django_db


@pytest.fixture
def appeal() -> Appeal:
    return make_appeal()


@pytest.fixture
def remote(appeal: Appeal) -> StageRemote:
    return remote_of(appeal, "Collection speaker")


@pytest.fixture
def phone(remote: StageRemote) -> Client:
    return phone_with(remote)


def text(answer: Any) -> str:
    return " ".join(str(answer.content.decode()).split())


class TestTheWayIn:
    def test_a_link_gives_the_phone_the_remote_and_goes_on_without_it(
        self, remote: StageRemote
    ) -> None:
        phone = Client()

        answer = phone.get(f"/stage/r/{remote_token(remote)}/")

        assert (answer.status_code, answer["Location"]) == (302, "/stage/rally/")
        cookie = answer.cookies[COOKIE]
        assert (cookie["path"], cookie["samesite"]) == ("/stage/rally/", "Lax")
        assert cookie["httponly"]
        assert remote_token(remote) not in cookie.value
        assert "Collection speaker" in text(phone.get("/stage/rally/"))

    @pytest.mark.parametrize("typed", ["{}", " {} "])
    def test_a_code_does_the_same_however_it_is_typed(
        self, typed: str, remote: StageRemote
    ) -> None:
        phone = Client()
        code = remote_code(remote).lower().replace("-", " ")

        answer = phone.post("/stage/", {"code": typed.format(code)})

        assert answer["Location"] == "/stage/rally/"
        assert phone.get("/stage/rally/").status_code == 200

    def test_a_wrong_code_is_told_so_and_nothing_else(self) -> None:
        answer = Client().post("/stage/", {"code": "K7QF-2M9X-TR4B"})

        assert answer.status_code == 422
        assert "This opens nothing now" in text(answer)

    def test_an_empty_code_is_asked_for(self) -> None:
        assert "Type the code." in text(Client().post("/stage/", {"code": ""}))

    def test_guessing_comes_to_an_end_for_that_network_alone(self, remote: StageRemote) -> None:
        cache.clear()
        guesser = Client(REMOTE_ADDR="198.51.100.7")
        for number in range(MOST_WRONG):
            way = f"/stage/r/{number:043}/" if number % 2 else "/stage/"
            answer = guesser.get(way) if number % 2 else guesser.post(way, {"code": "wrong"})
            assert answer.status_code in {404, 422}

        refused = guesser.post("/stage/", {"code": remote_code(remote)})
        assert refused.status_code == 429
        assert refused["Retry-After"] == "600"
        assert "Too many codes" in text(refused)
        assert guesser.get(f"/stage/r/{remote_token(remote)}/").status_code == 429
        other = Client(REMOTE_ADDR="198.51.100.8")
        assert other.post("/stage/", {"code": remote_code(remote)}).status_code == 302
        cache.clear()

    def test_one_home_has_one_network_of_the_long_kind(self) -> None:
        cache.clear()
        for number in range(MOST_WRONG):
            Client(REMOTE_ADDR=f"2001:db8::{number:x}").post("/stage/", {"code": "wrong"})

        same = Client(REMOTE_ADDR="2001:db8::ffff")
        assert same.post("/stage/", {"code": "wrong"}).status_code == 429
        cache.clear()

    def test_whoever_is_sent_here_is_told_why_and_where_the_log_in_leads(self) -> None:
        page = text(Client().get("/stage/?to=rally"))

        assert "This phone holds no remote" in page
        assert 'href="/accounts/login/?next=/stage/rally/"' in page
        odd = text(Client().get("/stage/?to=//example.org"))
        assert 'href="/accounts/login/?next=/treasurer/"' in odd
        assert "example.org" not in odd

    def test_a_link_that_opens_nothing_is_in_no_log(self, caplog: pytest.LogCaptureFixture) -> None:
        token = "x" * 43
        caplog.handler.addFilter(SecretAddresses())
        with caplog.at_level(logging.INFO):
            Client().get(f"/stage/r/{token}/")

        assert "/stage/r/.../" in caplog.text
        assert token not in caplog.text


class TestPage:
    def test_it_shows_what_the_hall_sees_and_what_is_true(
        self, phone: Client, appeal: Appeal
    ) -> None:
        receive(appeal, gbp(29_950))
        tap(phone, "hold")
        receive(appeal, gbp(325))

        page = text(phone.get("/stage/rally/"))

        assert 'data-stage="shown">£29,950<' in page
        assert 'data-stage="true">£30,275<' in page
        assert "£325 more" in page
        assert "held since" in page

    def test_a_refund_behind_a_hold_is_told(self, phone: Client, appeal: Appeal) -> None:
        receive(appeal, gbp(100))
        tap(phone, "hold")
        refund(appeal, gbp(30))

        assert "less than the hall sees" in text(phone.get("/stage/rally/"))

    def test_buttons_say_what_is_on(self, phone: Client) -> None:
        tap(phone, "scene:league")

        page = text(phone.get("/stage/rally/"))

        assert 'value="scene:league" aria-pressed="true"' in page
        assert 'value="scene:thermometer" aria-pressed="false"' in page

    def test_it_says_who_did_what_and_what_an_undo_would_bring_back(
        self, phone: Client, appeal: Appeal
    ) -> None:
        receive(appeal, gbp(29_950))
        tap(phone, "hold")
        tap(phone, "reveal")

        page = text(phone.get("/stage/rally/"))

        assert "revealed, by Collection speaker" in page
        assert "After an undo the hall sees £29,950, held." in page

    def test_an_undo_is_told_with_what_it_undid(self, phone: Client) -> None:
        tap(phone, "scene:league")
        tap(phone, "undo")

        assert "undone: scene League table" in text(phone.get("/stage/rally/"))

    def test_a_name_of_a_donor_or_a_treasury_is_nowhere_on_it(self, phone: Client) -> None:
        page = text(phone.get("/stage/rally/"))

        assert "/treasurer/" not in page
        assert "set-up" not in page

    def test_a_log_in_has_the_way_to_setting_up(self, appeal: Appeal) -> None:
        assert "/stage/rally/set-up/" in text(logged_in().get(f"/stage/{appeal.slug}/"))

    def test_an_evening_costs_no_more_queries_than_its_beginning(
        self, phone: Client, appeal: Appeal, django_assert_max_num_queries: Any
    ) -> None:
        phone.get("/stage/rally/")
        for number in range(12):
            receive(appeal, gbp(5))
            tap(phone, "hold" if number % 3 else "reveal")

        with django_assert_max_num_queries(12):
            phone.get("/stage/rally/")
        with django_assert_max_num_queries(10):
            phone.get("/stage/rally/board.json")

    def test_its_use_is_noted_to_the_minute(
        self, phone: Client, remote: StageRemote, django_assert_max_num_queries: Any
    ) -> None:
        assert StageRemote.objects.get(pk=remote.pk).last_used_at is None
        phone.get("/stage/rally/")
        used = StageRemote.objects.get(pk=remote.pk).last_used_at
        phone.get("/stage/rally/")

        assert used is not None
        assert StageRemote.objects.get(pk=remote.pk).last_used_at == used


class TestTaps:
    def test_a_tap_is_a_form_and_leads_back(self, phone: Client, appeal: Appeal) -> None:
        answer = tap(phone, "scene:give")

        assert (answer.status_code, answer["Location"]) == (303, "/stage/rally/")
        assert read_hall(appeal).scene == Scene.GIVE
        step = DirectionStep.objects.get()
        assert step.remote is not None
        assert step.by is None

    def test_a_script_is_answered_with_the_board(self, phone: Client, appeal: Appeal) -> None:
        receive(appeal, gbp(10))

        answer = tap(phone, "hold", by_script=True)

        told = answer.json()
        assert answer.status_code == 200
        assert told["hall"]["hall"]["is_held"]
        assert told["hall"]["league"] == []
        assert told["true"]["raised"]["amount"] == "10.00"
        assert told["undo"]["what"] == "held at £10"
        assert told["undo"]["back"] == "the hall sees the true figure"
        assert told["message"] == ""

    @pytest.mark.parametrize(
        "do",
        [
            *("scene:thermometer", "scene:league", "scene:give", "scene:reached"),
            *("scene:thanks", "scene:blank", "show-promised", "hide-promised"),
            *("hold", "reveal", "announce", "clear"),
        ],
    )
    def test_every_button_of_the_page_works(self, phone: Client, do: str) -> None:
        assert f'value="{do}"' in text(phone.get("/stage/rally/"))

        assert tap(phone, do).status_code == 303

    def test_a_notice_is_typed(self, phone: Client, appeal: Appeal) -> None:
        tap(phone, "notice", notice="Back at 20:30 <b>now</b>")

        assert read_hall(appeal).notice == "Back at 20:30 <b>now</b>"
        page = text(phone.get("/stage/rally/"))
        assert "Back at 20:30 &lt;b&gt;now&lt;/b&gt;" in page
        assert "notice “Back at 20:30" in page

    def test_a_notice_that_is_too_long_comes_back_as_it_was_typed(self, phone: Client) -> None:
        answer = tap(phone, "notice", notice="x" * 201)

        assert answer.status_code == 422
        assert "at most 200 characters" in text(answer)
        assert f'value="{"x" * 201}"' in text(answer)

    def test_the_same_button_of_one_page_twice_is_one_command(self, phone: Client) -> None:
        key = str(uuid.uuid4())
        tap(phone, "scene:league", key=key)
        tap(phone, "scene:league", key=key)

        assert DirectionStep.objects.count() == 1

    def test_two_buttons_of_one_page_are_two_commands(self, phone: Client, appeal: Appeal) -> None:
        key = str(uuid.uuid4())
        tap(phone, "scene:league", key=key)
        tap(phone, "scene:give", key=key)

        assert read_hall(appeal).scene == Scene.GIVE
        assert DirectionStep.objects.count() == 2

    @pytest.mark.parametrize("by_script", [False, True])
    def test_a_stale_undo_is_a_conflict_that_shows_what_is(
        self, phone: Client, appeal: Appeal, *, by_script: bool
    ) -> None:
        tap(phone, "scene:league")
        seen = seen_on(phone.get("/stage/rally/"))
        say(appeal, Command.SCENE, scene=Scene.GIVE, by=chair())

        answer = tap(phone, "undo", seen=seen, by_script=by_script)

        assert answer.status_code == 409
        assert read_hall(appeal).scene == Scene.GIVE
        if by_script:
            told = answer.json()
            assert told["hall"]["hall"]["scene"] == "give"
            assert "directed just now" in told["message"]
        else:
            assert "directed just now" in text(answer)
            assert seen_on(answer) == "2"

    def test_nothing_to_undo_is_said(self, phone: Client) -> None:
        answer = tap(phone, "undo")

        assert answer.status_code == 422
        assert "There is nothing to undo." in text(answer)

    @pytest.mark.parametrize(
        "fields",
        [
            {"do": "explode"},
            {"do": "scene:explode"},
            {"do": ""},
            {"do": "clear", "seen": "x"},
            {"do": "clear", "seen": str(2**70)},
            {"do": "clear", "key": "not a key"},
            {"do": "notice", "notice": "a\0b"},
        ],
    )
    def test_what_is_no_tap_changes_nothing(self, phone: Client, fields: dict[str, str]) -> None:
        told: dict[str, Any] = {"seen": "0", **fields}

        assert tap(phone, told.pop("do"), **told).status_code == 422
        assert tap(phone, fields["do"], by_script=True, **told).status_code == 422
        assert not DirectionStep.objects.exists()

    def test_a_forged_form_is_refused(self, appeal: Appeal, remote: StageRemote) -> None:
        phone = Client(enforce_csrf_checks=True)
        phone.get(f"/stage/r/{remote_token(remote)}/")

        assert tap(phone, "clear").status_code == 403
        assert not Direction.objects.filter(appeal=appeal).exists()

    def test_the_board_is_current(self, phone: Client, appeal: Appeal) -> None:
        say(appeal, Command.SCENE, scene=Scene.LEAGUE, by=chair())
        announce_change(appeal.pk)

        told = phone.get("/stage/rally/board.json", headers=JSON).json()

        assert told["hall"]["hall"]["scene"] == "league"
        assert told["last"]["what"] == "scene League table"

    def test_a_board_before_the_first_command_has_nothing_to_undo(self, phone: Client) -> None:
        told = phone.get("/stage/rally/board.json", headers=JSON).json()

        assert (told["last"], told["undo"]) == (None, None)
