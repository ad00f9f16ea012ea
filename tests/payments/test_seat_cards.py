"""Table cards and posters: what stands on them, what their codes hold, and who may print them."""

import math
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from appeals.models import Appeal
from funds.models import Branch, Membership, User
from payments.paper.seat_cards import SHEET_NAMES, SeatCard, Sheet, draw_seat_cards
from tests.factories import make_appeal, make_branch, make_organisation, make_user
from tests.payments.printed import code_of, codes_in, pages_of, words_of
from tests.payments.test_treasurer_pages import text_of

pytestmark = pytest.mark.django_db

CHOOSE = "/desk/rally/seat-cards/"
PRINT = "/desk/rally/seat-cards.pdf"
LEEDS = "http://testserver/g/rally/leeds/"
COPIES = {
    Sheet.TENT: 2,
    Sheet.FOUR: 4,
    Sheet.EIGHT: 8,
    Sheet.POSTER_A4: 1,
    Sheet.POSTER_A3: 1,
}
WIDTHS_MM = {Sheet.POSTER_A3: 297}
Role = Membership.Role


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def chair() -> Client:
    return client_of(make_user(role=Role.CHAIR))


def printed(client: Client, **query: str) -> Any:
    return client.get(PRINT, {"sheet": "four", "branch": "", "printer": "", **query})


@pytest.fixture
def appeal() -> Appeal:
    for name in ("Leeds", "York"):
        make_branch(name)
    return make_appeal("rally", title="Rally for Socialism")


@pytest.mark.usefixtures("appeal")
class TestWhatIsPrinted:
    @pytest.mark.parametrize("sheet", list(Sheet))
    def test_every_copy_has_the_code_and_the_words_of_its_branch(self, sheet: Sheet) -> None:
        answer = printed(chair(), sheet=sheet.value, branch="leeds")

        assert answer.headers["Content-Type"] == "application/pdf"
        assert answer.headers["Content-Disposition"].startswith(f'inline; filename="{sheet.value}')
        assert pages_of(answer.content) == 1
        assert codes_in(answer.content) == [code_of(LEEDS)] * COPIES[sheet]
        words = words_of(answer.content)
        for expected in (
            "GIVE NOW",
            "Rally for Socialism",
            "testserver/g/rally/leeds",
            "It counts for Leeds.",
            "Promoted by the Example Party, 1 Example Street, London E1 1AA",
        ):
            assert words.replace("  ", " ").count(expected) == COPIES[sheet], expected
        points = math.floor(WIDTHS_MM.get(sheet, 210) / 25.4 * 72)
        assert f"/MediaBox [0 0 {points}.".encode() in answer.content

    def test_without_a_branch_it_leads_to_the_appeal_alone(self) -> None:
        content = printed(chair()).content

        assert codes_in(content)[0] == code_of("http://testserver/g/rally/")
        assert "It counts for" not in words_of(content)

    def test_each_branch_has_a_sheet_of_its_own(self) -> None:
        Branch.objects.filter(pk=make_branch("Gone").pk).update(is_active=False)

        content = printed(chair(), sheet="poster-a4", branch="*").content

        assert pages_of(content) == 2
        york = LEEDS.replace("leeds", "york")
        assert codes_in(content) == [code_of(LEEDS), code_of(york)]

    def test_the_printer_is_named_where_the_imprint_is(self) -> None:
        content = printed(chair(), printer="Ink Press, 2 Ink Lane, Leeds").content

        assert words_of(content).count("E1 1AA. Printed by Ink") == 4

    @pytest.mark.parametrize("sheet", list(Sheet))
    def test_nothing_is_cut_off_however_long_the_names_are(self, sheet: Sheet) -> None:
        """The imprint and the address above all: half an address leads nowhere."""
        slug = "a-very-long-name-of-a-fund-that-goes-on-and-on-too"
        typed = f"give.federation-of-workers.example/g/{slug}/llanfairpwllgwyngyll-and-bangor"
        imprint = " ".join(f"word{number}" for number in range(60))
        card = SeatCard(
            organisation="The Federation of Agricultural and General Workers of the Midlands",
            appeal=" ".join(["Hardship"] * 13),
            branch="Llanfairpwllgwyngyll and Bangor",
            address=f"https://{typed}/",
            typed=typed,
            small_print=imprint,
        )

        content = draw_seat_cards([card], sheet)

        words = words_of(content)
        assert codes_in(content) == [code_of(card.address)] * COPIES[sheet]
        assert words.replace(" ", "").count(typed) == COPIES[sheet]
        assert words.count("word59") == words.count("Midlands") == COPIES[sheet]
        assert words.count("Hardship") == 13 * COPIES[sheet]
        assert "…" not in words

    def test_quotation_marks_and_euros_are_printed(self) -> None:
        Appeal.objects.filter(slug="rally").update(title="“Strike” fund: €5")

        assert words_of(printed(chair()).content).count("“Strike” fund: €5") == 4

    def test_printing_for_all_costs_as_few_queries_as_for_one(self) -> None:
        client = chair()
        with CaptureQueriesContext(connection) as one:
            printed(client, branch="leeds")
        for number in range(30):
            make_branch(f"Branch {number}")
        with CaptureQueriesContext(connection) as all_of_them:
            content = printed(client, sheet="poster-a4", branch="*").content

        assert pages_of(content) == 32
        assert len(all_of_them) == len(one) <= 8


class TestWhoMayPrint:
    def test_a_branch_s_treasurer_prints_for_the_branch_and_no_other(self, appeal: Appeal) -> None:
        client = client_of(make_user(branches=[make_branch("Leeds")]))

        page = client.get(CHOOSE)
        assert page.status_code == 200
        assert 'value="leeds" selected' in page.content.decode()
        assert "York" not in text_of(page)
        assert codes_in(printed(client, branch="leeds").content) == [code_of(LEEDS)] * 4
        for other in ("york", "nowhere", "*", ""):
            refused = printed(client, branch=other)
            assert refused.status_code == 422, other
            assert "York" not in text_of(refused)

    def test_a_treasurer_of_two_prints_for_both_at_once(self, appeal: Appeal) -> None:
        make_branch("Hull")
        client = client_of(make_user(branches=[make_branch("Leeds"), make_branch("York")]))

        content = printed(client, sheet="poster-a3", branch="*").content

        assert pages_of(content) == 2
        assert "Hull" not in words_of(content)

    @pytest.mark.parametrize("role", [Role.CHAIR, Role.NATIONAL_TREASURER, Role.OPERATOR])
    def test_who_runs_the_evening_prints_for_all(
        self, appeal: Appeal, role: Membership.Role
    ) -> None:
        client = client_of(make_user(role=role))

        assert "Each of 2 branches" in text_of(client.get(CHOOSE))
        assert printed(client, branch="york").status_code == 200

    @pytest.mark.parametrize("role", [Role.REGISTRAR, None])
    @pytest.mark.parametrize("address", [CHOOSE, PRINT])
    def test_for_others_there_is_no_such_page(
        self, appeal: Appeal, address: str, role: Membership.Role | None
    ) -> None:
        client = client_of(make_user(role=role))

        for method in ("GET", "HEAD", "POST"):
            assert client.generic(method, address).status_code == 404
        assert Client().get(address).headers["Location"].startswith("/accounts/login/")

    def test_a_draft_has_none_and_nothing_is_sent_there(self, appeal: Appeal) -> None:
        make_appeal("draft", status=Appeal.Status.DRAFT)
        client = chair()

        assert client.get("/desk/draft/seat-cards/").status_code == 404
        assert client.post(CHOOSE).status_code == 405

    def test_what_is_not_to_be_had_is_said_beside_the_question(self, appeal: Appeal) -> None:
        answer = printed(chair(), sheet="cube", branch="nowhere", printer="x" * 200)

        assert answer.status_code == 422
        page = text_of(answer)
        assert "Choose what to print from these." in page
        assert "Choose a branch from the list." in page
        assert "Please shorten it to 150 letters." in page

    def test_it_is_found_where_paper_is_and_where_the_hall_is(self, appeal: Appeal) -> None:
        treasurer = client_of(make_user(branches=[make_branch("Leeds")]))

        assert f'href="{CHOOSE}"' in treasurer.get("/treasurer/paper/").content.decode()
        assert f'href="{CHOOSE}"' in chair().get("/treasurer/").content.decode()

    def test_every_sheet_has_its_words(self) -> None:
        make_organisation()
        assert set(SHEET_NAMES) == set(Sheet)
