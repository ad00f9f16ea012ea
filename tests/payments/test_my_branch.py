"""A branch on its treasurer's phone: how it stands, and what to do next, most urgent first."""

import uuid
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from appeals.models import Appeal, Promise
from funds.access import read_access
from funds.models import Branch, Membership, User
from funds.money import Money
from payments.cash import reverse_collection
from payments.cash_records import prefill_usual
from payments.counting.tables import BucketFacts, open_occasion
from payments.models import CashCollection, Occasion, PayingIn, Seat, StatementLine, StatementMatch
from payments.my_branch import MyBranch, What, read_my_branches
from payments.recording import local_today
from payments.templatetags.treasury import ordinal
from tests.factories import gbp, make_appeal, make_branch, make_organisation, make_user
from tests.payments.banking.statements import Told
from tests.payments.banking.statements import take as take_lines
from tests.payments.counting import Table, occasion_facts
from tests.payments.test_cash import facts_of, record
from tests.payments.test_paying_in import bank
from tests.payments.test_subs_and_sales import subs_facts
from tests.payments.test_treasurer_pages import text_of

pytestmark = pytest.mark.django_db

HOME = "/treasurer/"
Side = Seat.Side


@pytest.fixture
def leeds() -> Branch:
    return make_branch("Leeds")


@pytest.fixture
def appeal(leeds: Branch) -> Appeal:
    return make_appeal(branch_targets=[(leeds, gbp(1000))])


@pytest.fixture
def user(leeds: Branch) -> User:
    return make_user("leeds", branches=[leeds], first_name="Leeds", last_name="Treasurer")


@pytest.fixture
def treasurer(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


def mine(user: User, branch: Branch) -> MyBranch:
    (found,) = read_my_branches(read_access(user), [branch])
    return found


def steps(user: User, branch: Branch) -> list[What]:
    return [step.what for step in mine(user, branch).steps]


def working_days_ago(number: int) -> date:
    day = local_today()
    while number:
        day -= timedelta(days=1)
        number -= day.weekday() < 4 or day.weekday() == 6  # what follows it is a working day
    return day


def line_of(paying_in: PayingIn, amount: Money) -> StatementLine:
    (line,) = take_lines(Told(local_today(), amount, "CASH", paying_in.slip_number))
    return line


class TestStanding:
    def test_target_raised_in_hand_promised_and_place(
        self, treasurer: Client, appeal: Appeal, leeds: Branch
    ) -> None:
        ahead = make_branch("York")
        record(facts_of(appeal, branch=ahead, amount=gbp(5000)))
        record(facts_of(appeal, branch=leeds, amount=gbp(140)))
        for kind, amount in (
            (Promise.Kind.PLEDGE, 50),
            (Promise.Kind.PLEDGE, 20),
            (Promise.Kind.DELAYED_CARD, 30),
            (Promise.Kind.MONTHLY, 10),
            (Promise.Kind.MONTHLY, 5),
        ):
            promise(appeal, leeds, kind, gbp(amount))
        promise(appeal, ahead, Promise.Kind.PLEDGE, gbp(999))
        promise(appeal, None, Promise.Kind.PLEDGE, gbp(888))
        promise(appeal, leeds, Promise.Kind.PLEDGE, gbp(777), state=Promise.State.KEPT)
        promise(appeal, leeds, Promise.Kind.PLEDGE, Money(666, "EUR"))

        page = text_of(treasurer.get(HOME))

        assert "£140 raised of our target £1,000: 14%. £860 to go." in page
        assert "in hand: counted, not banked £140" in page
        assert "promised, in no sum yet £70 pledged, £30 on its way by bank debit" in page
        assert "and £15 a month, from 2 donors £100" in page
        assert "in the league 1st of 1" in page

    def test_every_open_appeal_has_its_place_and_the_newest_comes_first(
        self, user: User, appeal: Appeal, leeds: Branch
    ) -> None:
        newer = make_appeal("premises", opens_at=timezone.now())
        record(facts_of(newer, branch=leeds))

        shown = mine(user, leeds).appeals

        assert [one.reading.slug for one in shown] == ["premises", "rally"]
        assert [one.standing.raised for one in shown] == [gbp(25), gbp(0)]

    def test_places_are_told_in_words(self) -> None:
        assert [ordinal(number) for number in (1, 2, 3, 4, 11, 12, 13, 21, 102, 111)] == [
            *("1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "102nd", "111th")
        ]

    def test_a_reached_target_has_nothing_to_go(
        self, treasurer: Client, appeal: Appeal, leeds: Branch
    ) -> None:
        record(facts_of(appeal, branch=leeds, amount=gbp(1000)))

        page = text_of(treasurer.get(HOME))

        assert "Target reached: £1,000. £1,000 and counting. Thank you." in page
        assert "to go" not in page

    def test_a_closed_branch_is_offered_nothing_to_log(
        self, treasurer: Client, appeal: Appeal, leeds: Branch
    ) -> None:
        assert "Log a stall" in text_of(treasurer.get(HOME))
        leeds.is_active = False
        leeds.save()

        assert "Log a stall" not in text_of(treasurer.get(HOME))


def promise(
    appeal: Appeal, branch: Branch | None, kind: Promise.Kind, amount: Money, **more: str
) -> None:
    Promise.objects.create(
        appeal=appeal, branch=branch, kind=kind, amount=amount, source_key=str(uuid.uuid4()), **more
    )


class TestWhatToDoNext:
    def test_nothing_is_said_kindly(
        self, treasurer: Client, user: User, appeal: Appeal, leeds: Branch
    ) -> None:
        assert "No cash is recorded yet" in text_of(treasurer.get(HOME))

        bank([record(facts_of(appeal, branch=leeds))])

        assert steps(user, leeds) == []
        page = text_of(treasurer.get(HOME))
        assert "Nothing: all that was counted is banked. Thank you." in page

    @pytest.mark.parametrize(
        ("waited", "what"),
        [(0, What.BANK), (2, What.BANK), (3, What.BANK_LATE), (6, What.BANK_OVERDUE)],
    )
    def test_cash_in_hand_grows_urgent(
        self, user: User, leeds: Branch, waited: int, what: What
    ) -> None:
        appeal = make_appeal(opens_at=timezone.now() - timedelta(days=60))
        day = working_days_ago(waited)
        record(facts_of(appeal, branch=leeds, collected_on=day, amount=gbp(100)))
        record(facts_of(appeal, branch=leeds, amount=gbp(40)))

        (step,) = mine(user, leeds).steps

        assert step.what == what
        assert step.amounts == (gbp(140),)
        assert (step.number, step.since, step.working_days) == (2, day, waited)
        assert step.is_urgent == (waited > 2)

    def test_subs_are_banked_too_and_named(
        self, treasurer: Client, user: User, appeal: Appeal, leeds: Branch
    ) -> None:
        record(facts_of(appeal, branch=leeds))
        record(subs_facts(branch=leeds))

        page = text_of(treasurer.get(HOME))

        assert "£37 in hand since today. Pay it in, two of you." in page
        assert "Of what is in hand, £12 is subs" in page
        assert mine(user, leeds).subs == [gbp(12)]

    def test_two_currencies_are_never_added(self, user: User, leeds: Branch) -> None:
        record(facts_of(make_appeal(), branch=leeds))
        abroad = make_appeal("abroad", target=Money(1000, "EUR"))
        record(facts_of(abroad, branch=leeds, amount=Money(7, "EUR")))

        assert mine(user, leeds).in_hand == [Money(7, "EUR"), gbp(25)]
        assert mine(user, leeds).steps[0].amounts == (Money(7, "EUR"), gbp(25))

    def test_a_table_goes_from_tonight_to_the_bank(
        self, treasurer: Client, user: User, appeal: Appeal, leeds: Branch
    ) -> None:
        facts = occasion_facts(appeal, branch=leeds, name="Rally", buckets=[BucketFacts()] * 2)
        open_occasion(uuid.uuid4(), facts, opened_by=user)

        assert steps(user, leeds) == [What.TONIGHT]
        assert "Today: Rally. 2 buckets out. Open the table when they are back." in text_of(
            treasurer.get(HOME)
        )

    def test_counting_differing_agreeing_closing(
        self, treasurer: Client, user: User, appeal: Appeal, leeds: Branch
    ) -> None:
        table = Table(appeal=appeal, branch=leeds, treasurer=user)

        assert steps(user, leeds) == [What.COUNT]
        assert "1 bucket to count at Saturday rally" in text_of(treasurer.get(HOME))

        table.count(Side.A, {"2000": 3})
        table.count(Side.B, {"2000": 2})
        assert steps(user, leeds) == [What.COUNTS_DIFFER]
        page = text_of(treasurer.get(HOME))
        assert "1 bucket differs at Saturday rally. Count again, each on your own." in page
        assert "£20" not in page, "the treasurer is blind as well"

        table.both_count()
        assert steps(user, leeds) == [What.CLOSE_TABLE, What.BANK]
        assert "All agreed at Saturday rally." in text_of(treasurer.get(HOME))

        Occasion.objects.update(state=Occasion.State.DONE)
        assert steps(user, leeds) == [What.BANK]

    def test_buckets_that_are_still_out_are_asked_for(
        self, treasurer: Client, user: User, leeds: Branch
    ) -> None:
        appeal = make_appeal(opens_at=timezone.now() - timedelta(days=20))
        yesterday = local_today() - timedelta(days=1)
        facts = occasion_facts(appeal, branch=leeds, held_on=yesterday)
        open_occasion(uuid.uuid4(), facts, opened_by=user)
        to_come = occasion_facts(appeal, branch=leeds, held_on=local_today() + timedelta(days=1))
        open_occasion(uuid.uuid4(), to_come, opened_by=user)

        assert steps(user, leeds) == [What.STILL_OUT]
        assert "1 bucket still out since Saturday rally" in text_of(treasurer.get(HOME))

    @pytest.mark.parametrize(("minor", "words"), [(-3_20, "less"), (50, "more")])
    def test_a_difference_at_the_bank_comes_before_all_else_but_a_count(
        self,
        treasurer: Client,
        user: User,
        appeal: Appeal,
        leeds: Branch,
        minor: int,
        words: str,
    ) -> None:
        banked = bank([record(facts_of(appeal, branch=leeds))], slip_number="100200")
        line = line_of(banked, gbp(25) + gbp(minor) / 100)
        StatementMatch.objects.all().delete()
        match = StatementMatch.objects.create(
            line=line,
            kind=StatementMatch.Kind.PAYING_IN,
            paying_in=banked,
            difference_minor=minor,
        )
        record(facts_of(appeal, branch=leeds))

        assert steps(user, leeds) == [What.BANK_DIFFERS, What.BANK]
        amount = f"£{abs(minor) // 100}.{abs(minor) % 100:02}"
        page = text_of(treasurer.get(HOME))
        assert f"The bank counted {amount} {words} than slip 100200 says" in page

        match.difference_minor = 0
        match.save()
        assert steps(user, leeds) == [What.BANK]

    def test_a_slip_with_another_branch_s_bag_is_not_shown(
        self, user: User, appeal: Appeal, leeds: Branch
    ) -> None:
        others = record(facts_of(appeal, branch=make_branch("York")))
        banked = bank([record(facts_of(appeal, branch=leeds)), others])
        line = line_of(banked, gbp(49))
        StatementMatch.objects.all().delete()
        StatementMatch.objects.create(
            line=line, kind=StatementMatch.Kind.PAYING_IN, paying_in=banked, difference_minor=-100
        )

        assert steps(user, leeds) == []
        national = make_user("national", role=Membership.Role.NATIONAL_TREASURER)
        assert steps(national, leeds) == [What.BANK_DIFFERS]

    def test_another_branch_s_work_is_not_mine(
        self, treasurer: Client, user: User, appeal: Appeal, leeds: Branch
    ) -> None:
        york = make_branch("York")
        record(facts_of(appeal, branch=york, amount=gbp(77)))
        Table(appeal=appeal, branch=york, name="Micklegate")

        assert steps(user, leeds) == []
        page = text_of(treasurer.get(HOME))
        assert "£77" not in page
        assert "Micklegate" not in page

    def test_the_most_urgent_comes_first(self, user: User, leeds: Branch) -> None:
        appeal = make_appeal(opens_at=timezone.now() - timedelta(days=60))
        Table(appeal=appeal, branch=leeds, treasurer=user)
        day = working_days_ago(6)
        record(facts_of(appeal, branch=leeds, collected_on=day))
        differing = Table(appeal=appeal, branch=leeds, treasurer=user, name="Market")
        differing.count(Side.A, {"2000": 3})
        differing.count(Side.B, {"2000": 2})

        assert steps(user, leeds) == [What.COUNTS_DIFFER, What.BANK_OVERDUE, What.COUNT]


class TestSeveralBranches:
    def test_each_has_its_own_part(self, client: Client, appeal: Appeal, leeds: Branch) -> None:
        york = make_branch("York")
        record(facts_of(appeal, branch=leeds))
        client.force_login(make_user(branches=[leeds, york]))

        shown = client.get(HOME).context["mine"]

        assert [one.branch.name for one in shown] == ["Leeds", "York"]
        assert [len(one.steps) for one in shown] == [1, 0]

    def test_the_national_treasurer_opens_any_branch(
        self, client: Client, appeal: Appeal, leeds: Branch
    ) -> None:
        record(facts_of(appeal, branch=leeds))
        client.force_login(make_user(role=Membership.Role.NATIONAL_TREASURER))

        assert client.get(HOME).context["mine"] == []
        assert "£25 in hand" in text_of(client.get("/treasurer/branches/leeds/"))

    @pytest.mark.parametrize("address", [HOME, "/treasurer/branches/leeds/"])
    def test_the_page_costs_the_same_queries_whatever_there_is(
        self, client: Client, user: User, leeds: Branch, address: str
    ) -> None:
        appeal = make_appeal(opens_at=timezone.now() - timedelta(days=60))
        record(facts_of(appeal, branch=leeds), by=user)
        Table(appeal=appeal, branch=leeds, treasurer=user)
        client.force_login(user)
        client.get(address)
        with CaptureQueriesContext(connection) as few:
            client.get(address)

        for number in range(3):
            more = make_appeal(f"appeal-{number}")
            promise(more, leeds, Promise.Kind.PLEDGE, gbp(5))
            for branch in (leeds, make_branch(f"Branch {number}")):
                bank([record(facts_of(more, branch=branch), by=user)], slip_number=f"1{number}")
                record(facts_of(more, branch=branch), by=user)
                record(subs_facts(branch=branch), by=user)
            table = Table(appeal=more, branch=leeds, treasurer=user, name=f"Rally {number}")
            table.both_count()
        with CaptureQueriesContext(connection) as many:
            client.get(address)

        assert len(many) == len(few) <= 20


class TestUsual:
    def usual(self, user: User, *, branch: str = "") -> dict[str, object]:
        return prefill_usual(read_access(user), user, branch=branch)

    def test_a_first_record_is_of_a_stall(self, user: User, appeal: Appeal) -> None:
        assert self.usual(user) == {"place": "Stall"}

    def test_what_was_recorded_last_by_the_same_hand_is_taken_over(
        self, user: User, appeal: Appeal, leeds: Branch
    ) -> None:
        sale = CashCollection.Kind.SALE
        record(facts_of(appeal, branch=leeds, place="Kirkgate", kind=sale), by=user)
        record(facts_of(appeal, branch=leeds, place="Elsewhere"), by=make_user("other"))

        assert self.usual(user) == {
            "appeal": "rally",
            "branch": "leeds",
            "kind": "sale",
            "place": "Kirkgate",
        }

    def test_a_bucket_of_a_counting_table_names_no_place(
        self, user: User, appeal: Appeal, leeds: Branch
    ) -> None:
        Table(appeal=appeal, branch=leeds, treasurer=user).both_count()

        assert self.usual(user) == {"place": "Stall", "appeal": "rally"}

    def test_the_appeal_that_most_was_for_is_chosen_while_it_is_open(
        self, user: User, appeal: Appeal, leeds: Branch
    ) -> None:
        other = make_appeal("premises")
        for one in (appeal, appeal, other):
            record(facts_of(one, branch=leeds), by=user)
        assert self.usual(user)["appeal"] == "rally"

        appeal.status = Appeal.Status.CLOSED
        appeal.save()
        assert self.usual(user)["appeal"] == "premises"

    def test_another_branch_s_records_are_not_looked_at(
        self, user: User, appeal: Appeal, leeds: Branch
    ) -> None:
        york = make_branch("York")
        record(facts_of(appeal, branch=york, place="Micklegate"), by=user)

        assert self.usual(user) == {"place": "Stall"}
        assert self.usual(user, branch="york") == {"place": "Stall"}

    def test_subs_are_remembered_too(self, user: User, leeds: Branch) -> None:
        make_organisation()
        record(subs_facts(branch=leeds), by=user)

        assert self.usual(user)["kind"] == "subs"
        assert "appeal" not in self.usual(user)


class TestUndo:
    def test_one_press_takes_it_back_with_its_reason(
        self, treasurer: Client, appeal: Appeal, leeds: Branch, user: User
    ) -> None:
        one = record(facts_of(appeal, branch=leeds), by=user)

        offered = treasurer.get(f"/treasurer/collections/{one.reference}/recorded/")
        assert 'name="reason" value="Wrong amount"' in offered.content.decode()
        treasurer.post(
            f"/treasurer/collections/{one.reference}/reverse/", {"reason": "Wrong amount"}
        )

        one.refresh_from_db()
        assert one.reversal_reason == "Wrong amount"
        after = treasurer.get(f"/treasurer/collections/{one.reference}/recorded/")
        assert "It counts for nothing" in text_of(after)
        assert 'name="reason"' not in after.content.decode()
        assert "Record it anew" in text_of(
            treasurer.get(f"/treasurer/collections/{one.reference}/")
        )

    def test_what_two_agreed_upon_is_not_undone_here(
        self, treasurer: Client, appeal: Appeal, leeds: Branch, user: User
    ) -> None:
        Table(appeal=appeal, branch=leeds, treasurer=user).both_count()
        one = CashCollection.objects.get()

        page = treasurer.get(f"/treasurer/collections/{one.reference}/recorded/")

        assert 'name="reason"' not in page.content.decode()


def test_a_reversed_collection_is_nothing_to_bank(
    user: User, appeal: Appeal, leeds: Branch
) -> None:
    one = record(facts_of(appeal, branch=leeds))
    reverse_collection(one, reason="Wrong amount", reversed_by=user)

    assert steps(user, leeds) == []
