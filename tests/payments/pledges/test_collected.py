"""The collected rate: what is counted, by what, and where it is read."""

import csv
from dataclasses import asdict
from datetime import timedelta
from io import StringIO

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from appeals.models import Appeal
from funds.models import Membership
from funds.money import Money
from payments.models import Pledge
from payments.models.pledge import Method
from payments.pledges.collected import STATES, Share, read_collected
from payments.pledges.collected_rows import HEADINGS
from tests.factories import gbp, make_appeal, make_branch, make_user
from tests.payments.pledges.desk import Desk
from tests.payments.pledging import make_pledge
from tests.payments.test_treasurer_pages import text_of

pytestmark = pytest.mark.django_db

PAGE = "/desk/rally/collected/"
CSV = "/desk/rally/collected.csv"
Role = Membership.Role
State = Pledge.State


@pytest.fixture
def appeal() -> Appeal:
    return make_appeal("rally", title="Rally for Socialism")


@pytest.fixture
def chair(client: Client) -> Client:
    client.force_login(make_user("chair", role=Role.CHAIR))
    return client


def change(pledge: Pledge, **columns: object) -> Pledge:
    Pledge.objects.filter(pk=pledge.pk).update(**columns)
    pledge.refresh_from_db()
    return pledge


def one_of_every_state(appeal: Appeal) -> list[Pledge]:
    """Each is of 100 pounds; of three of them 30 came, of one 130, of one all."""
    now = timezone.now()
    leeds, york = make_branch("Leeds"), make_branch("York")

    def made(method: Method = Method.PROMISE, **columns: object) -> Pledge:
        branch = columns.pop("branch", leeds)
        return change(make_pledge(appeal, gbp(100), branch=branch, method=method), **columns)  # type: ignore[arg-type]

    return [
        made(),
        made(came=gbp(30)),
        made(Method.CASH, came=gbp(100)),
        made(Method.CARD, came=gbp(130), branch=york),
        made(came=gbp(100), lapsed_at=now, branch=york),
        made(came=gbp(30), lapsed_at=now, branch=None),
        made(cancelled_at=now, branch=None),
        made(came=gbp(30), cancelled_at=now, lapsed_at=now),
        made(struck_at=now),
        made(came=gbp(100), struck_at=now),
    ]


def of(share: Share) -> tuple[int, int, Money, Money, Money]:
    return (share.number, share.paid, share.pledged, share.came, share.over)


class TestWhatIsCounted:
    def test_every_state_counts_once_and_what_was_struck_never(self, appeal: Appeal) -> None:
        pledges = one_of_every_state(appeal)

        found = read_collected(appeal)

        assert of(found.whole) == (8, 3, gbp(800), gbp(390), gbp(30))
        assert (found.whole.missing, found.ended) == (gbp(410), gbp(240))
        assert (found.whole.percent, found.whole.percent_of_number) == (48, 37)
        assert {one.name: of(one) for one in found.by_state} == {
            "Paid": (3, 3, gbp(300), gbp(300), gbp(30)),
            "Part-paid": (1, 0, gbp(100), gbp(30), gbp(0)),
            "Open": (1, 0, gbp(100), gbp(0), gbp(0)),
            "Lapsed": (1, 0, gbp(100), gbp(30), gbp(0)),
            "Cancelled": (2, 0, gbp(200), gbp(30), gbp(0)),
        }
        # As each says of itself.
        for state, share in zip(STATES, found.by_state, strict=True):
            assert share.number == sum(one.state == state for one in pledges), state

    def test_it_is_told_by_method_and_by_branch(self, appeal: Appeal) -> None:
        one_of_every_state(appeal)

        found = read_collected(appeal)

        assert [(one.name, of(one)) for one in found.by_method] == [
            ("Promise", (6, 1, gbp(600), gbp(190), gbp(0))),
            ("Cash", (1, 1, gbp(100), gbp(100), gbp(0))),
            ("Card", (1, 1, gbp(100), gbp(100), gbp(30))),
        ]
        assert [(one.name, of(one)) for one in found.by_branch] == [
            ("Leeds", (4, 1, gbp(400), gbp(160), gbp(0))),
            ("No branch", (2, 0, gbp(200), gbp(30), gbp(0))),
            ("York", (2, 2, gbp(200), gbp(200), gbp(30))),
        ]

    def test_every_part_comes_to_the_whole(self, appeal: Appeal) -> None:
        one_of_every_state(appeal)
        found = read_collected(appeal)

        for shares in (found.by_state, found.by_method, found.by_branch):
            for name in ("number", "paid"):
                assert sum(asdict(one)[name] for one in shares) == asdict(found.whole)[name]
            assert sum((one.pledged for one in shares), gbp(0)) == found.whole.pledged
            assert sum((one.came for one in shares), gbp(0)) == found.whole.came

    def test_whoever_gave_more_hides_nobody_who_gave_nothing(self, appeal: Appeal) -> None:
        change(make_pledge(appeal, gbp(100)), came=gbp(200))
        make_pledge(appeal, gbp(100))

        found = read_collected(appeal).whole

        assert (found.percent, found.came, found.over) == (50, gbp(100), gbp(100))

    def test_a_hundred_per_cent_is_never_a_lie(self, appeal: Appeal) -> None:
        change(make_pledge(appeal, gbp("1000000.00")), came=gbp("999999.99"))
        assert read_collected(appeal).whole.percent == 99

    def test_without_a_pledge_there_is_no_rate(self, appeal: Appeal) -> None:
        make_pledge(make_appeal("other"), gbp(50))

        found = read_collected(appeal)

        assert of(found.whole) == (0, 0, gbp(0), gbp(0), gbp(0))
        assert found.whole.percent is found.whole.percent_of_number is None
        assert (found.by_method, found.by_branch, found.ended) == ([], [], gbp(0))

    def test_only_what_was_called_from_then_until_then(self, appeal: Appeal) -> None:
        now = timezone.now()
        for hours in (1, 2, 3, 4):
            change(make_pledge(appeal, gbp(10**hours)), taken_at=now + timedelta(hours=hours))
        since, until = now + timedelta(hours=2), now + timedelta(hours=3)

        assert read_collected(appeal, since=since).whole.pledged == gbp(11100)
        assert read_collected(appeal, until=until).whole.pledged == gbp(1110)
        assert read_collected(appeal, since=since, until=until).whole.pledged == gbp(1100)

    def test_it_is_in_the_appeal_s_currency(self) -> None:
        appeal = make_appeal("euro", target=Money(100, "EUR"))
        assert read_collected(appeal).whole.pledged == Money(0, "EUR")

    def test_it_is_one_query(self, appeal: Appeal) -> None:
        one_of_every_state(appeal)
        with CaptureQueriesContext(connection) as queries:
            read_collected(appeal)
        assert len(queries) == 1


class TestPage:
    def test_it_says_how_much_has_come(self, appeal: Appeal, chair: Client) -> None:
        one_of_every_state(appeal)

        page = text_of(chair.get(PAGE))

        for expected in (
            "£390 of £800",
            "48%",
            "3 of 8",
            "37%",
            "came above what was promised, and is in no rate £30",
            "Cancelled 2 pledges £200 £30",
            "York 2 of 2 paid £200 £200 100%",
            "Promise 1 of 6 paid £600 £190 31%",
        ):
            assert expected in page, expected

    def test_where_nothing_was_called_it_says_what_to_do(
        self, appeal: Appeal, chair: Client
    ) -> None:
        change(make_pledge(appeal, gbp(100)), struck_at=timezone.now())

        answer = chair.get(PAGE)

        assert "Nothing was called yet" in text_of(answer)
        assert "slips.pdf" not in answer.content.decode()

    def test_more_branches_cost_no_more_queries(self, appeal: Appeal, chair: Client) -> None:
        make_pledge(appeal, gbp(50), branch=make_branch("Leeds"))
        with CaptureQueriesContext(connection) as one:
            chair.get(PAGE)
        for number in range(20):
            make_pledge(appeal, gbp(50), branch=make_branch(f"Branch {number}"))
        with CaptureQueriesContext(connection) as many:
            answer = chair.get(PAGE)

        assert "Branch 19" in text_of(answer)
        assert len(many) == len(one) <= 12

    def test_it_is_found_from_the_desk(self, appeal: Appeal, chair: Client) -> None:
        assert PAGE not in chair.get("/desk/rally/").content.decode()
        make_pledge(appeal, gbp(50))
        assert f'href="{PAGE}"' in chair.get("/desk/rally/").content.decode()
        assert f'href="{CSV}"' in chair.get(PAGE).content.decode()


class TestSpreadsheet:
    def test_it_has_what_the_page_has(self, appeal: Appeal, chair: Client) -> None:
        one_of_every_state(appeal)

        answer = chair.get(CSV)

        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert answer.headers["Content-Disposition"] == 'attachment; filename="collected-rally.csv"'
        rows = list(csv.reader(StringIO(answer.content.decode())))
        assert rows[0] == HEADINGS
        assert rows[1] == ["all", "All", "8", "3", "37", "800.00", "390.00", "410.00", "30.00",
                           "48", "GBP"]  # fmt: skip
        assert [row[:2] for row in rows[2:]] == [
            *(["by state", state.label] for state in STATES),
            *(["by method", name] for name in ("Promise", "Cash", "Card")),
            *(["by branch", name] for name in ("Leeds", "No branch", "York")),
        ]

    def test_a_rate_of_nothing_is_empty(self, appeal: Appeal, chair: Client) -> None:
        rows = list(csv.reader(StringIO(chair.get(CSV).content.decode())))
        assert (rows[1][4], rows[1][9]) == ("", "")

    def test_a_branch_s_name_is_no_formula(self, appeal: Appeal, chair: Client) -> None:
        branch = make_branch("Leeds")
        type(branch).objects.filter(pk=branch.pk).update(name="=1+1")
        make_pledge(appeal, gbp(50), branch=branch)

        assert ",'=1+1," in chair.get(CSV).content.decode()


@pytest.mark.parametrize("address", [PAGE, CSV])
class TestWalls:
    @pytest.mark.parametrize("role", [Role.CHAIR, Role.NATIONAL_TREASURER, Role.OPERATOR])
    def test_whoever_runs_the_evening_comes_in(
        self, appeal: Appeal, client: Client, address: str, role: Membership.Role
    ) -> None:
        client.force_login(make_user("runs", role=role))

        answer = client.get(address)

        assert answer.status_code == 200
        assert "no-store" in answer.headers["Cache-Control"]
        assert client.post(address).status_code == 405

    @pytest.mark.parametrize("role", [Role.REGISTRAR, Role.BRANCH_TREASURER, None])
    def test_for_others_there_is_no_such_page(
        self, appeal: Appeal, client: Client, address: str, role: Membership.Role | None
    ) -> None:
        assert client.get(address).headers["Location"].startswith("/accounts/login/")
        of_branch = role == Role.BRANCH_TREASURER
        client.force_login(
            make_user(branches=[make_branch("Leeds")]) if of_branch else make_user(role=role)
        )

        for method in ("GET", "HEAD", "POST"):
            assert client.generic(method, address).status_code == 404

    def test_a_draft_has_none(self, chair: Client, address: str) -> None:
        make_appeal("draft", status=Appeal.Status.DRAFT)
        assert chair.get(address.replace("rally", "draft")).status_code == 404

    def test_whoever_types_the_check_sees_nothing_of_the_record(
        self, appeal: Appeal, client: Client, address: str
    ) -> None:
        desk = Desk(appeal)
        desk.type("50")
        desk.begin_check()
        client.force_login(desk.karl)

        answer = client.get(address, follow=True)

        assert answer.redirect_chain == [("/desk/rally/", 302)]
        assert "until then you hear on your own" in text_of(answer)
        assert PAGE not in answer.content.decode()
