"""Slips of pledges that were called: what stands on them, which are printed, and for whom."""

from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from appeals.models import Appeal
from donors.models import Donor
from funds.models import Branch, Membership
from funds.money import Money
from payments.models import BankAccount, Pledge, PledgeList
from payments.paper.called_slips import CalledSlip, draw_called_slips
from payments.pledges.codes import grouped
from payments.recording import say_day
from tests.factories import gbp, make_appeal, make_branch, make_user
from tests.payments.pledges.desk import Desk
from tests.payments.pledging import make_pledge
from tests.payments.printed import code_of, codes_in, pages_of, words_of
from tests.payments.test_treasurer_pages import text_of

pytestmark = pytest.mark.django_db

PRINT = "/desk/rally/slips.pdf"
Role = Membership.Role


@pytest.fixture
def appeal() -> Appeal:
    return make_appeal("rally", title="Rally for Socialism")


@pytest.fixture
def leeds() -> Branch:
    return make_branch("Leeds")


@pytest.fixture
def chair(client: Client) -> Client:
    client.force_login(make_user("chair", role=Role.CHAIR))
    return client


def codes_on(content: bytes, pledges: list[Pledge]) -> list[Pledge]:
    """Whose pages the codes lead to, in the order in which they are printed."""
    known = {"\n".join(code_of(address_of(pledge))): pledge for pledge in pledges}
    return [known["\n".join(code)] for code in codes_in(content)]


def address_of(pledge: Pledge) -> str:
    return f"http://testserver/p/{pledge.code}/"


class TestWhatIsPrinted:
    def test_a_slip_has_all_that_is_needed_to_pay_and_no_name(
        self, appeal: Appeal, leeds: Branch, chair: Client
    ) -> None:
        pledge = make_pledge(appeal, gbp(50), branch=leeds)
        donor = Donor.objects.create(name="Rosa Luxemburg", email="rosa@example.org")
        Pledge.objects.filter(pk=pledge.pk).update(donor=donor)

        answer = chair.get(PRINT)

        assert answer.headers["Content-Type"] == "application/pdf"
        assert answer.headers["Content-Disposition"] == 'inline; filename="slips-rally.pdf"'
        assert "no-store" in answer.headers["Cache-Control"]
        assert pages_of(answer.content) == 1
        assert codes_in(answer.content) == [code_of(address_of(pledge))]
        words = words_of(answer.content)
        for expected in (
            "Rally for Socialism",
            "£50.00",
            "promised for Leeds",
            grouped(pledge.code),
            f"Asked for by {say_day(pledge.due_on)}.",
            "To pay by card",
            "Promoted by the Example Party, 1 Example Street, London E1 1AA",
        ):
            assert words.count(expected) == 1, expected
        for name in ("Rosa", "Luxemburg", "rosa@example.org", "by bank"):
            assert name not in words

    def test_a_bank_is_told_the_account_and_the_code_to_quote(
        self, appeal: Appeal, chair: Client
    ) -> None:
        pledge = make_pledge(appeal, gbp(50))
        by = make_user("national", role=Role.NATIONAL_TREASURER)
        BankAccount.objects.create(
            name="Current",
            currency="GBP",
            payee_name="Example Party",
            payee_sort_code="00-11-22",
            payee_number="12345678",
            payee_said_at=timezone.now(),
            payee_said_by=by,
            made_by=by,
        )

        words = " ".join(words_of(chair.get(PRINT).content).split())

        assert "Example Party, 00-11-22, 12345678, reference" in words
        assert words.count(grouped(pledge.code)) == 2

    def test_of_one_that_is_paid_in_part_the_rest_is_asked_for(
        self, appeal: Appeal, chair: Client
    ) -> None:
        pledge = make_pledge(appeal, gbp(50))
        Pledge.objects.filter(pk=pledge.pk).update(came=gbp("20.50"))

        words = words_of(chair.get(PRINT).content)

        assert "£50.00" in words
        assert "promised; £29.50 is still open" in words

    def test_eight_stand_on_a_page(self, appeal: Appeal, chair: Client) -> None:
        pledges = [make_pledge(appeal, gbp(number)) for number in range(1, 10)]

        content = chair.get(PRINT).content

        assert pages_of(content) == 2
        assert codes_on(content, pledges) == pledges

    def test_nothing_is_cut_off_however_long_it_is(self) -> None:
        account = BankAccount(payee_name=" ".join(["Federation"] * 6), payee_number="GB" + "9" * 32)
        slip = CalledSlip(
            organisation="The Federation of Agricultural and General Workers of the Midlands",
            imprint=" ".join(f"word{number}" for number in range(60)),
            appeal=" ".join(["Hardship"] * 13),
            branch="Llanfairpwllgwyngyll and Bangor",
            promised=gbp("123456789.99"),
            asked=gbp("123456789.98"),
            code="K7QF-2M9X-TR4B",
            asked_by=date(2026, 12, 24),
            payee=account,
            address="https://give.federation-of-workers.example/p/K7QF2M9XTR4B/",
        )

        content = draw_called_slips([slip] * 8)

        words = words_of(content)
        assert pages_of(content) == 1
        assert codes_in(content) == [code_of(slip.address)] * 8
        assert words.count("word59") == words.count("Midlands") == words.count("9" * 32) == 8
        assert words.count("Hardship") == 13 * 8
        assert words.count("£123,456,789.98") == 8
        assert "…" not in words


class TestWhichArePrinted:
    def test_only_those_that_stand_and_are_unpaid(self, appeal: Appeal, chair: Client) -> None:
        now = timezone.now()
        changes: list[dict[str, Any]] = [
            {},
            {"came": gbp(1)},
            {"came": gbp(50)},
            {"came": gbp(60)},
            {"on_its_way": gbp(50)},
            {"came": gbp(20), "on_its_way": gbp(30)},
            {"lapsed_at": now},
            {"cancelled_at": now},
            {"struck_at": now},
        ]
        pledges = [make_pledge(appeal, gbp(50)) for _ in changes]
        for pledge, change in zip(pledges, changes, strict=True):
            Pledge.objects.filter(pk=pledge.pk).update(**change)
        make_pledge(make_appeal("other"), gbp(50))

        assert codes_on(chair.get(PRINT).content, pledges) == pledges[:2]

    def test_they_come_branch_by_branch_or_of_one_alone(
        self, appeal: Appeal, leeds: Branch, chair: Client
    ) -> None:
        york = make_branch("York")
        first, none, second, third = (
            make_pledge(appeal, gbp(50), branch=branch) for branch in (york, None, leeds, york)
        )
        pledges = [first, none, second, third]

        assert codes_on(chair.get(PRINT).content, pledges) == [none, second, first, third]
        of_york = chair.get(PRINT, {"branch": "york"})
        assert codes_on(of_york.content, pledges) == [first, third]
        assert 'filename="slips-rally-york.pdf"' in of_york.headers["Content-Disposition"]
        assert chair.get(PRINT, {"branch": "nowhere"}).status_code == 404

    def test_a_list_has_its_own_and_no_other_list_is_reached(
        self, appeal: Appeal, chair: Client
    ) -> None:
        typist = make_user("typist", role=Role.OPERATOR)
        first = make_pledge(appeal, gbp(50))
        second_round = PledgeList.objects.create(
            appeal=appeal, round=2, side=PledgeList.Side.RECORD, typist=typist
        )
        second = make_pledge(appeal, gbp(20))
        Pledge.objects.filter(pk=second.pk).update(list=second_round)
        check = PledgeList.objects.create(
            appeal=appeal, round=1, side=PledgeList.Side.CHECK, typist=typist
        )
        elsewhere = make_pledge(make_appeal("other"), gbp(50)).list

        answer = chair.get(PRINT, {"list": str(second_round.reference)})

        assert codes_on(answer.content, [first, second]) == [second]
        for unknown in (check.reference, elsewhere.reference, "x"):
            assert chair.get(PRINT, {"list": str(unknown)}).status_code == 404, unknown

    def test_without_any_it_says_so(self, appeal: Appeal, chair: Client) -> None:
        answer = chair.get(PRINT, follow=True)

        assert answer.redirect_chain == [("/desk/rally/", 302)]
        assert "there is no slip to print" in text_of(answer)

    def test_many_cost_as_few_queries_as_one(
        self, appeal: Appeal, leeds: Branch, chair: Client
    ) -> None:
        make_pledge(appeal, gbp(50), branch=leeds)
        with CaptureQueriesContext(connection) as one:
            chair.get(PRINT)
        for number in range(30):
            make_pledge(appeal, gbp(50), branch=make_branch(f"Branch {number}"))
        with CaptureQueriesContext(connection) as many:
            content = chair.get(PRINT).content

        assert pages_of(content) == 4
        assert len(many) == len(one) <= 9

    def test_amounts_of_other_currencies_keep_theirs(self, chair: Client) -> None:
        appeal = make_appeal("euro", target=Money(100, "EUR"))
        make_pledge(appeal, Money("50.00", "EUR"))

        assert "€50.00" in words_of(chair.get("/desk/euro/slips.pdf").content)


class TestWhoMayPrint:
    @pytest.mark.parametrize("role", [Role.CHAIR, Role.NATIONAL_TREASURER, Role.OPERATOR])
    def test_whoever_runs_the_evening(
        self, appeal: Appeal, client: Client, role: Membership.Role
    ) -> None:
        make_pledge(appeal, gbp(50))
        client.force_login(make_user("runs", role=role))

        assert client.get(PRINT).status_code == 200
        assert client.post(PRINT).status_code == 405

    @pytest.mark.parametrize("role", [Role.REGISTRAR, Role.BRANCH_TREASURER, None])
    def test_for_others_there_is_no_such_page(
        self, appeal: Appeal, leeds: Branch, client: Client, role: Membership.Role | None
    ) -> None:
        make_pledge(appeal, gbp(50), branch=leeds)
        is_treasurer = role == Role.BRANCH_TREASURER
        visitor = make_user(branches=[leeds]) if is_treasurer else make_user(role=role)
        login = client.get(PRINT)
        assert login.headers["Location"].startswith("/accounts/login/")
        client.force_login(visitor)

        for method in ("GET", "HEAD", "POST"):
            assert client.generic(method, PRINT).status_code == 404

    def test_a_draft_has_none(self, chair: Client) -> None:
        make_appeal("draft", status=Appeal.Status.DRAFT)

        assert chair.get("/desk/draft/slips.pdf").status_code == 404

    def test_whoever_types_the_check_sees_nothing_of_the_record(
        self, appeal: Appeal, client: Client
    ) -> None:
        desk = Desk(appeal)
        desk.type("50")
        desk.begin_check()
        client.force_login(desk.karl)

        answer = client.get(PRINT, follow=True)

        assert answer.redirect_chain == [("/desk/rally/", 302)]
        assert "until then you hear on your own" in text_of(answer)
        assert PRINT not in answer.content.decode()


class TestWhereItIsFound:
    def test_on_the_desk_s_page_once_something_was_called(
        self, appeal: Appeal, chair: Client
    ) -> None:
        assert PRINT not in chair.get("/desk/rally/").content.decode()
        make_pledge(appeal, gbp(50))
        assert f'href="{PRINT}"' in chair.get("/desk/rally/").content.decode()

    def test_beside_the_two_lists(self, appeal: Appeal, chair: Client) -> None:
        record = make_pledge(appeal, gbp(50)).list

        page = chair.get("/desk/rally/compare/").content.decode()

        assert f'href="{PRINT}?list={record.reference}"' in page
