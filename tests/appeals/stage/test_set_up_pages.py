"""Setting up the evening: the night, and the remotes that are given away."""

from typing import Any

import pytest
from django.test import Client

from appeals.models import Appeal, Night, StageRemote
from appeals.stage.remotes import remote_code, remote_token
from funds.models import Membership
from tests.appeals.books import receive
from tests.appeals.stage.directing import Command, chair, remote_of, say
from tests.appeals.stage.phones import logged_in, phone_with
from tests.factories import gbp, make_appeal

pytestmark = pytest.mark.django_db

SET_UP = "/stage/rally/set-up/"


@pytest.fixture
def appeal() -> Appeal:
    return make_appeal()


@pytest.fixture
def client(appeal: Appeal) -> Client:
    return logged_in()


def text(answer: Any) -> str:
    return " ".join(str(answer.content.decode()).split())


class TestNight:
    def test_it_is_begun_and_ended_and_its_figure_is_shown(
        self, client: Client, appeal: Appeal
    ) -> None:
        begun = client.post(f"{SET_UP}begin/", follow=True)
        assert begun.redirect_chain == [(SET_UP, 303)]
        assert "The night is begun." in text(begun)

        receive(appeal, gbp(29_950))
        say(appeal, Command.HOLD, by=chair())
        receive(appeal, gbp(325))
        ended = text(client.post(f"{SET_UP}end/", follow=True))

        assert "The night is ended, and its figure is kept." in ended
        assert "the hall saw <strong>£29,950</strong>, and £30,275 was true" in ended
        assert Night.objects.get().ended_at is not None

    def test_what_was_shown_and_true_is_said_once(self, client: Client, appeal: Appeal) -> None:
        client.post(f"{SET_UP}begin/")
        receive(appeal, gbp("12.50"))

        ended = text(client.post(f"{SET_UP}end/", follow=True))

        assert "the hall saw <strong>£12.50</strong>." in ended

    def test_a_second_beginning_and_a_second_end_are_told(self, client: Client) -> None:
        assert "No night is begun" in text(client.post(f"{SET_UP}end/", follow=True))
        client.post(f"{SET_UP}begin/")
        assert "begun already" in text(client.post(f"{SET_UP}begin/", follow=True))
        assert Night.objects.count() == 1

    @pytest.mark.parametrize("act", ["begin", "end", "remotes/revoke"])
    def test_looking_changes_nothing(self, client: Client, act: str) -> None:
        assert client.get(f"{SET_UP}{act}/").status_code == 405
        assert not Night.objects.exists()


class TestRemotes:
    def test_one_is_made_and_shown_as_a_link_a_code_and_a_picture(
        self, client: Client, settings: Any
    ) -> None:
        made = client.post(SET_UP, {"label": " Collection speaker "})

        remote = StageRemote.objects.get()
        address = f"{SET_UP}remotes/{remote.reference}/"
        assert (made.status_code, made["Location"]) == (303, address)
        page = text(client.get(address))
        assert remote.label == "Collection speaker"
        assert remote_code(remote) in page
        assert f"{settings.BASE_URL}/stage/r/{remote_token(remote)}/" in page
        picture = client.get(f"{address}qr.svg")
        assert picture["Content-Type"] == "image/svg+xml"
        assert picture.content.startswith(b"<svg")
        assert "no-store" in picture["Cache-Control"]

    @pytest.mark.parametrize("label", ["", "  ", "x" * 61])
    def test_one_without_a_label_is_not_made(self, client: Client, label: str) -> None:
        answer = client.post(SET_UP, {"label": label})

        assert answer.status_code == 422
        assert not StageRemote.objects.exists()

    def test_so_many_and_no_more(self, client: Client) -> None:
        for number in range(20):
            assert client.post(SET_UP, {"label": f"Phone {number}"}).status_code == 303

        refused = client.post(SET_UP, {"label": "One more"})

        assert refused.status_code == 422
        assert "revoke those that nobody needs" in text(refused)
        assert StageRemote.objects.count() == 20

    def test_the_list_says_when_each_was_used(self, client: Client, appeal: Appeal) -> None:
        remote_of(appeal, "Chair")
        used = remote_of(appeal, "Speaker")
        phone_with(used).get("/stage/rally/")

        page = text(client.get(SET_UP))

        assert page.count("Never used.") == 1
        assert page.count("Last used") == 1
        assert "Open until" in page

    def test_one_is_revoked_at_once(self, client: Client, appeal: Appeal) -> None:
        remote, other = remote_of(appeal, "Chair"), remote_of(appeal, "Speaker")
        phone, other_phone = phone_with(remote), phone_with(other)

        answer = client.post(f"{SET_UP}remotes/{remote.reference}/revoke/", follow=True)

        assert "Revoked: Chair." in text(answer)
        assert phone.get("/stage/rally/").status_code == 302
        assert other_phone.get("/stage/rally/").status_code == 200
        assert client.get(f"{SET_UP}remotes/{remote.reference}/").status_code == 404

    def test_all_are_revoked_at_once(self, client: Client, appeal: Appeal) -> None:
        phones = [phone_with(remote_of(appeal, name)) for name in ("Chair", "Speaker")]
        stays = phone_with(remote_of(make_appeal("camp")))

        client.post(f"{SET_UP}remotes/revoke/")

        assert [phone.get("/stage/rally/").status_code for phone in phones] == [302, 302]
        assert stays.get("/stage/camp/").status_code == 200

    def test_many_remotes_cost_no_more_queries(
        self, client: Client, appeal: Appeal, django_assert_max_num_queries: Any
    ) -> None:
        for number in range(15):
            remote_of(appeal, f"Phone {number}")

        with django_assert_max_num_queries(9):
            client.get(SET_UP)


@pytest.mark.parametrize("role", ["chair", "operator", "national"])
def test_the_first_page_leads_to_the_stage(role: str, appeal: Appeal) -> None:
    page = text(logged_in(Membership.Role(role)).get("/treasurer/"))

    assert f"/stage/{appeal.slug}/" in page
    assert SET_UP in page


def test_an_appeal_whose_name_is_the_links_has_its_own_stage() -> None:
    make_appeal("r")

    assert logged_in().get("/stage/r/").status_code == 200
    assert logged_in().get("/stage/r/set-up/").status_code == 200
