"""The page about cards: who may open it, two taps to pause, undo, and a history of all of it."""

import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from appeals.models import Appeal
from funds.models import Membership, User
from payments.models import CardPause, ChallengeChoice, CheckoutOrigin
from payments.shield.switch import Mode, choose_challenge, pause_cards
from tests.factories import make_appeal, make_branch, make_user
from tests.payments.shield import make_attack, opened

CARDS = "/treasurer/card-switch/"
Role = Membership.Role

pytestmark = pytest.mark.django_db


@pytest.fixture
def appeal() -> Appeal:
    return make_appeal("rally", title="Rally")


@pytest.fixture
def operator() -> User:
    return make_user("operator", role=Role.OPERATOR, first_name="Olga", last_name="Operator")


@pytest.fixture
def client(appeal: Appeal, operator: User) -> Client:
    browser = Client()
    browser.force_login(operator)
    return browser


def page(client: Client) -> str:
    response = client.get(CARDS)
    assert response.status_code == 200
    return response.content.decode()


def post(client: Client, path: str, **sent: Any) -> str:
    """Send a form and read the page that follows."""
    response = client.post(f"{CARDS}{path}/", sent, follow=True)
    assert response.redirect_chain == [(CARDS, 302)]
    body: bytes = response.content
    return body.decode()


class TestWalls:
    @pytest.mark.parametrize(
        ("role", "status"),
        [
            (Role.OPERATOR, 200),
            (Role.NATIONAL_TREASURER, 200),
            (Role.CHAIR, 404),
            (Role.BRANCH_TREASURER, 404),
            (None, 404),
        ],
    )
    def test_it_is_for_operators_and_the_national_treasurer(
        self, appeal: Appeal, role: Membership.Role | None, status: int
    ) -> None:
        branches = [make_branch()] if role == Role.BRANCH_TREASURER else []
        browser = Client()
        browser.force_login(make_user(role=role, branches=branches))
        assert browser.get(CARDS).status_code == status
        sent = {"pause": {}, "resume": {"pause": 1}, "check": {"mode": "on"}}
        for path, answers in sent.items():
            expected = 302 if status == 200 else 404
            assert browser.post(f"{CARDS}{path}/", answers).status_code == expected
        assert CardPause.objects.exists() == ChallengeChoice.objects.exists() == (status == 200)

    def test_a_superuser_may_too(self, appeal: Appeal) -> None:
        browser = Client()
        browser.force_login(make_user(is_superuser=True))
        assert browser.get(CARDS).status_code == 200

    def test_visitors_log_in_first(self, appeal: Appeal) -> None:
        for path in ("", "pause/", "resume/", "check/"):
            assert Client().post(CARDS + path)["Location"].startswith("/accounts/login/")

    def test_the_way_there_is_on_every_page_of_those_who_may(self, client: Client) -> None:
        home = client.get("/treasurer/").content.decode()
        assert home.count(f'href="{CARDS}"') == 2
        other = Client()
        other.force_login(make_user(branches=[make_branch()]))
        assert CARDS not in other.get("/treasurer/").content.decode()

    def test_a_form_from_another_site_is_refused(self, appeal: Appeal, operator: User) -> None:
        browser = Client(enforce_csrf_checks=True)
        browser.force_login(operator)
        assert browser.post(f"{CARDS}pause/").status_code == 403
        assert not CardPause.objects.exists()


class TestPausing:
    def test_one_press_pauses_all_and_one_press_undoes_it(
        self, client: Client, operator: User
    ) -> None:
        assert "Cards are taken" in page(client)
        after = post(client, "pause")
        assert "Cards are paused" in after
        assert "Pause cards</button>" not in after
        pause = CardPause.objects.get()
        assert (pause.appeal, pause.paused_by, pause.resumed_at) == (None, operator, None)

        found = re.search(r'name="pause" value="(\d+)"', after)
        assert found is not None
        after = post(client, "resume", pause=found[1])
        assert "Cards are taken again." in after
        assert "ended by Olga Operator" in after
        pause.refresh_from_db()
        assert pause.resumed_by == operator

    def test_why_is_kept_and_shown_here(self, client: Client) -> None:
        after = post(client, "pause", why="They are at it again")
        assert "by Olga Operator: They are at it again." in after

    def test_one_appeal_alone(self, client: Client, appeal: Appeal) -> None:
        make_appeal("premises", title="Premises")
        after = post(client, "pause", appeal="rally")
        assert "Cards are paused for 1 appeal" in after
        assert "Take cards again for Rally" in after
        assert "Pause cards</button>" in after, "the others can be paused too"
        assert CardPause.objects.get().appeal == appeal

    def test_a_second_pause_changes_nothing(self, client: Client) -> None:
        post(client, "pause", why="First")
        assert "That was paused already" in post(client, "pause", why="Second")
        assert CardPause.objects.get().why == "First"

    def test_a_second_end_changes_nothing(self, client: Client) -> None:
        post(client, "pause")
        pause = CardPause.objects.get()
        post(client, "resume", pause=pause.pk)
        first = CardPause.objects.get().resumed_at
        assert "That pause has ended already" in post(client, "resume", pause=pause.pk)
        assert CardPause.objects.get().resumed_at == first
        for nonsense in ("", "x", "0", "9" * 30):
            assert "has ended already" in post(client, "resume", pause=nonsense)

    @pytest.mark.parametrize("sent", [{"appeal": "atlantis"}, {"why": "x" * 201}])
    def test_nonsense_pauses_nothing(self, client: Client, sent: dict[str, str]) -> None:
        response = client.post(f"{CARDS}pause/", sent)
        assert response.status_code == 422
        assert "field__error" in response.content.decode()
        assert not CardPause.objects.exists()

    def test_it_says_how_many_checkouts_are_being_ended(
        self, client: Client, appeal: Appeal
    ) -> None:
        for number, donation in enumerate(opened(appeal, times=2)):
            donation.checkout_session_id = f"cs_{number}"
            donation.save()
        assert "2 open Checkouts are being ended" in post(client, "pause")
        CheckoutOrigin.objects.update(end_tried_at=timezone.now())
        assert "being ended" not in page(client)


class TestTheCheck:
    def test_it_says_how_it_stands(self, client: Client, operator: User) -> None:
        assert "All is calm: nobody is asked for anything." in page(client)
        for mode, words in (
            ("on", "Every browser does a sum"),
            ("off", "No browser is asked for anything"),
            ("auto", "All is calm"),
        ):
            assert words in post(client, "check", mode=mode, why=f"Because of {mode}")
        assert "Because of off" in page(client)
        assert ChallengeChoice.objects.count() == 3

    def test_an_attack_stands_there_with_its_figures(self, client: Client, operator: User) -> None:
        make_attack(declined=333, level=2)
        shown = page(client)
        assert "Too many cards were declined" in shown
        assert "333 cards declined" in shown
        assert "level 2 of 3" in shown
        choose_challenge(Mode.OFF, why="", by=operator)
        assert "The check is off, because a person chose so." in page(client)

    @pytest.mark.parametrize("mode", ["", "sometimes"])
    def test_nonsense_chooses_nothing(self, client: Client, mode: str) -> None:
        response = client.post(f"{CARDS}check/", {"mode": mode})
        assert response.status_code == 422
        assert not ChallengeChoice.objects.exists()


def test_the_page_costs_as_many_queries_for_a_long_history(
    client: Client,
    appeal: Appeal,
    operator: User,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for _ in range(30):
        pause_cards(appeal=None, why="", by=make_user())
        CardPause.objects.filter(resumed_at=None).update(
            resumed_at=timezone.now(), resumed_by=operator
        )
        choose_challenge(Mode.AUTO, why="", by=make_user())
        make_attack(ended_at=timezone.now())
    pause_cards(appeal=appeal, why="", by=operator)
    with django_assert_max_num_queries(10):
        page(client)
