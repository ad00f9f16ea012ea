"""The desk's pages: who comes in, what is typed, and what two lists differ in."""

from uuid import uuid4

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from appeals.models import Appeal
from funds.models import Membership
from payments.models import CheckLine, Pledge, PledgeList
from payments.pledges.taking import close_list, open_list
from tests.factories import gbp, make_appeal, make_branch, make_user
from tests.payments.pledges.desk import amounts, type_in

pytestmark = pytest.mark.django_db
Role = Membership.Role
JSON = {"Accept": "application/json"}
PAGES = ["", "compare/"]
POSTS = ["sit-down/", "take/", "take-back/", "end/", "go-on/", "settle/"]


@pytest.fixture
def appeal() -> Appeal:
    make_branch("Leeds")
    return make_appeal("rally")


@pytest.fixture
def typist(appeal: Appeal, client: Client) -> Client:
    client.force_login(make_user("rosa", role=Role.OPERATOR))
    client.post("/desk/rally/sit-down/", {"side": "record"})
    return client


def take(client: Client, *, by_script: bool = False, **fields: str) -> int:
    told = {"list": str(PledgeList.objects.latest("pk").reference), "entry": str(uuid4())}
    headers = JSON if by_script else {}
    return client.post("/desk/rally/take/", told | fields, headers=headers).status_code


def page(client: Client, address: str = "") -> str:
    return client.get(f"/desk/rally/{address}").content.decode()


class TestWalls:
    @pytest.mark.parametrize("role", [Role.NATIONAL_TREASURER, Role.CHAIR, Role.OPERATOR])
    def test_whoever_runs_the_evening_comes_in(
        self, appeal: Appeal, client: Client, role: Membership.Role
    ) -> None:
        client.force_login(make_user(role=role))
        for address in PAGES:
            assert client.get(f"/desk/rally/{address}").status_code == 200

    @pytest.mark.parametrize("address", PAGES + POSTS)
    def test_for_a_branch_treasurer_it_does_not_exist(
        self, appeal: Appeal, client: Client, address: str
    ) -> None:
        client.force_login(make_user(branches=[make_branch("York")]))
        assert client.get(f"/desk/rally/{address}").status_code == 404
        assert client.post(f"/desk/rally/{address}", {"side": "record"}).status_code == 404
        assert not PledgeList.objects.exists()

    @pytest.mark.parametrize("address", PAGES + POSTS)
    def test_strangers_log_in_first(self, appeal: Appeal, client: Client, address: str) -> None:
        answer = client.post(f"/desk/rally/{address}", {"side": "record"})
        assert answer.status_code == 302
        assert answer["Location"].startswith("/accounts/login/")

    def test_lists_of_another_appeal_are_not_reached_from_here(self, typist: Client) -> None:
        clara = make_user("clara", role=Role.CHAIR)
        other = open_list(make_appeal("other"), PledgeList.Side.RECORD, by=clara)
        type_in(other, "50", by=clara)
        told = {"list": str(other.reference)}
        for address in ("take/", "take-back/", "end/", "go-on/"):
            extra = {"entry": str(uuid4()), "typed": "50"} if address == "take/" else {}
            assert typist.post(f"/desk/rally/{address}", told | extra).status_code == 404
        assert amounts(list(Pledge.objects.all())) == ["50"]

    @pytest.mark.parametrize("address", POSTS)
    def test_nonsense_is_not_found(self, typist: Client, address: str) -> None:
        answer = typist.post(f"/desk/rally/{address}", {"list": "x", "entry": "y", "side": "z"})
        assert answer.status_code in {404, 422}


class TestTyping:
    def test_a_line_and_its_sticky_branch(self, typist: Client) -> None:
        assert take(typist, typed="50 50", branch="leeds", method="cash") == 302
        assert take(typist, typed="20 card", branch="leeds", method="cash") == 302

        pledges = Pledge.objects.order_by("pk")
        assert [(one.amount, str(one.branch), one.method) for one in pledges] == [
            (gbp(50), "Leeds", "cash"),
            (gbp(50), "Leeds", "cash"),
            (gbp(20), "Leeds", "card"),
        ]
        shown = page(typist)
        assert "£120" in shown
        assert "3 pledges" in shown

    def test_the_sticky_choices_stay_without_javascript(self, typist: Client) -> None:
        told = {"list": str(PledgeList.objects.get().reference), "entry": str(uuid4())}
        answer = typist.post(
            "/desk/rally/take/", told | {"typed": "5", "branch": "leeds", "method": "card"}
        )
        assert answer["Location"] == "/desk/rally/?branch=leeds&method=card"
        shown = typist.get(answer["Location"]).content.decode()
        assert 'value="leeds" selected' in shown
        assert 'value="card" selected' in shown

    def test_hands_on_the_ladder(self, typist: Client) -> None:
        assert take(typist, hands_500="3", hands_20="1") == 302
        assert amounts(list(Pledge.objects.order_by("pk"))) == ["500", "500", "500", "20"]

    def test_what_is_not_understood_stays_in_the_box(self, typist: Client) -> None:
        told = {"list": str(PledgeList.objects.get().reference), "entry": str(uuid4())}
        answer = typist.post("/desk/rally/take/", told | {"typed": "50 lleeds"})
        assert answer.status_code == 422
        shown = answer.content.decode()
        assert 'value="50 lleeds"' in shown
        assert "No branch begins with “lleeds”" in shown
        assert not Pledge.objects.exists()

    def test_by_script_it_is_answered_in_json(self, typist: Client) -> None:
        assert take(typist, by_script=True, typed="50") == 201
        assert take(typist, by_script=True, typed="fifty") == 422
        close_list(PledgeList.objects.get(), by=PledgeList.objects.get().typist)
        assert take(typist, by_script=True, typed="50") == 409

    def test_undo_and_strike(self, typist: Client) -> None:
        take(typist, typed="50 20")
        take(typist, typed="10")
        told = {"list": str(PledgeList.objects.get().reference)}
        pledge = Pledge.objects.earliest("pk")
        typist.post("/desk/rally/take-back/", told | {"line": str(pledge.reference)})
        typist.post(
            "/desk/rally/take-back/", told | {"entry": str(Pledge.objects.latest("pk").entry)}
        )

        assert amounts(list(Pledge.objects.order_by("pk"))) == ["20"]
        assert "struck" in page(typist)
        gone = typist.post("/desk/rally/take-back/", told | {"entry": str(uuid4())}, headers=JSON)
        assert gone.status_code == 409

    def test_closing_and_going_on(self, typist: Client) -> None:
        told = {"list": str(PledgeList.objects.get().reference)}
        typist.post("/desk/rally/end/", told)
        assert "Go on with it" in page(typist)
        typist.post("/desk/rally/go-on/", told)
        assert "What is called" in page(typist)

    def test_a_seat_that_is_taken_says_whose_it_is(self, typist: Client) -> None:
        other = Client()
        other.force_login(make_user("karl", role=Role.CHAIR))
        answer = other.post("/desk/rally/sit-down/", {"side": "record"}, follow=True)
        assert "rosa types the record already" in answer.content.decode()

    def test_as_many_queries_for_a_long_list_as_for_a_short_one(
        self, typist: Client, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        take(typist, typed=" ".join(["10 20 50"] * 15), branch="leeds")
        with django_assert_max_num_queries(14):
            page(typist)
        with django_assert_max_num_queries(11):
            assert "45 pledges" in page(typist, "?part=list")


class TestComparing:
    def test_whoever_types_one_list_sees_neither(self, typist: Client) -> None:
        assert "You are typing one of the lists" in page(typist, "compare/")

    def test_differences_are_shown_and_settled(self, typist: Client) -> None:
        take(typist, typed="50 20 leeds")
        other, third = Client(), Client()
        other.force_login(make_user("karl", role=Role.CHAIR))
        third.force_login(make_user("clara", role=Role.NATIONAL_TREASURER))
        assert "There are not two lists" in page(third, "compare/")
        other.post("/desk/rally/sit-down/", {"side": "check"})
        take(other, typed="15 20 leeds")
        assert CheckLine.objects.count() == 2
        shown = page(third, "compare/?part=differences")
        assert "differ by £35, 1 line" in shown
        assert "Another amount" in shown

        told = {
            "pledge": str(Pledge.objects.get(amount=50).reference),
            "check_line": str(CheckLine.objects.get(amount=15).reference),
            "choice": "check",
        }
        refused = typist.post("/desk/rally/settle/", told, follow=True).content.decode()
        assert "Close your own list first" in refused
        third.post("/desk/rally/settle/", told)
        again = third.post("/desk/rally/settle/", told, follow=True)
        assert "The two lists agree" in again.content.decode()
        assert sorted(amounts(list(Pledge.objects.all()))) == ["15", "20"]
        wrong = third.post("/desk/rally/settle/", told | {"pledge": str(uuid4())})
        assert wrong.status_code == 404
