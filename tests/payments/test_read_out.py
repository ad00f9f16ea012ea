"""The read-out queue: who is named, what reaches the lectern, and who may decide it."""

import uuid
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.utils import IntegrityError
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from appeals.models import Appeal, Night
from donors.models import Donor
from donors.names import NameForm
from funds.models import JournalEntry, Membership, User
from payments.booking import book_facts
from payments.models import (
    CardDonation,
    Pledge,
    PledgeList,
    PledgePayment,
    ReadOutRule,
    ReadOutStep,
)
from payments.readout.deciding import NoItemError, StaleDecisionError, decide, set_rule
from payments.readout.lectern import lectern_json
from payments.readout.queue import Queue, read_queue
from payments.readout.standing import Decision, State, standing_of
from payments.stripe_gateway.facts import PaymentReceived
from tests.factories import (
    gbp,
    make_appeal,
    make_branch,
    make_card_donation,
    make_monthly,
    make_user,
)
from tests.payments.refunding import given_back_at_stripe, make_received
from tests.payments.test_disputes import opened, tell, won
from tests.payments.test_treasurer_pages import text_of
from tests.stripe_events import payment_of

pytestmark = pytest.mark.django_db

Role = Membership.Role
SCREENING = "/desk/rally/read-out/"
DECIDE = "/desk/rally/read-out/decide/"
RULE = "/desk/rally/read-out/rule/"
LECTERN = "/desk/rally/lectern/"
NEWS = "/desk/rally/lectern.json"
PAGES = (SCREENING, DECIDE, RULE, LECTERN, NEWS)


@pytest.fixture
def appeal() -> Appeal:
    make_branch("Leeds")
    return make_appeal("rally", title="Rally for Socialism")


@pytest.fixture
def chair(appeal: Appeal) -> User:
    return make_user("chair", role=Role.CHAIR)


@pytest.fixture
def second() -> User:
    return make_user("second", role=Role.OPERATOR)


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def came(amount: int = 50, *, branch: str = "Leeds", **donor: Any) -> CardDonation:
    told = Donor.objects.create(**donor) if donor else None
    return make_received(gbp(amount), branch=make_branch(branch) if branch else None, donor=told)


def pledged(amount: int, *, by: User, branch: str = "Leeds", **donor: Any) -> Pledge:
    appeal = Appeal.objects.get(slug="rally")
    record, _ = PledgeList.objects.get_or_create(
        appeal=appeal, round=1, side=PledgeList.Side.RECORD, typist=by
    )
    return Pledge.objects.create(
        list=record,
        entry=uuid.uuid4(),
        place=0,
        code=uuid.uuid4().hex[:12],
        appeal=appeal,
        branch=make_branch(branch) if branch else None,
        amount=gbp(amount),
        taken_by=by,
        due_on=timezone.localdate(),
        donor=Donor.objects.create(**donor) if donor else None,
    )


def say(donation: CardDonation | Pledge, decision: Decision, *, by: User, seen: int = 0) -> None:
    decide(donation.appeal, donation.reference, decision, key=uuid.uuid4(), seen=seen, by=by)


def undo(donation: CardDonation | Pledge, *, by: User) -> None:
    last = standing_of(donation.read_out_steps.order_by("pk"), needs_two=False).last
    assert last is not None
    say(donation, Decision.UNDO, by=by, seen=last.pk)


def state_of(donation: CardDonation | Pledge) -> State | None:
    queue = read_queue(donation.appeal)
    return next(
        (one.state for one in queue.queued if one.item.reference == donation.reference), None
    )


def words(queue: Queue) -> list[str]:
    return [one.words for one in queue.queued]


class TestWords:
    def test_a_supporter_is_named_by_nobody_who_was_not_asked(self, appeal: Appeal) -> None:
        came(50)
        came(20, branch="", name="Asha Example")
        came(25, name="Asha Example", show_name=True)
        came(30, name="Asha Example", show_name=True, name_form=NameForm.FIRST)
        came(40, name="Asha Example", show_name=True, name_form=NameForm.FULL)

        assert words(read_queue(appeal)) == [
            "£50 from a supporter in Leeds",
            "£20 from a supporter",
            "£25 from A. E. in Leeds",
            "£30 from Asha in Leeds",
            "£40 from Asha Example in Leeds",
        ]

    def test_the_first_month_is_said_to_be_monthly_and_later_ones_are_not_read(
        self, appeal: Appeal
    ) -> None:
        monthly = make_monthly(gbp(10), appeal=appeal, email="a@example.org")
        assert monthly.donor is not None
        Donor.objects.filter(pk=monthly.donor.pk).update(name="Asha", show_name=True)
        for number in (1, 2):
            make_received(gbp(10), monthly=monthly, invoice_id=f"in_{number}")

        assert words(read_queue(appeal)) == ["£10 a month from A."]

    def test_a_second_payment_is_read_only_where_it_was_meant(
        self, appeal: Appeal, chair: User
    ) -> None:
        first = came(50, name="Asha", show_name=True)
        again = make_card_donation(gbp(50), again_of=first, payment_intent_id="pi_again")
        book_facts([PaymentReceived(again.reference, "pi_again", gbp(50), timezone.now())])
        assert len(read_queue(appeal).queued) == 1

        CardDonation.objects.filter(pk=again.pk).update(meant_at=timezone.now(), meant_by=chair)

        assert words(read_queue(appeal))[1] == "£50 from A."

    def test_what_was_not_paid_and_what_is_another_appeal_s_is_not_there(
        self, appeal: Appeal
    ) -> None:
        make_card_donation(gbp(50), appeal=appeal)
        make_received(gbp(20), appeal=make_appeal("premises"))

        assert words(read_queue(appeal)) == []


class TestPledges:
    def test_a_pledge_is_said_to_be_promised_and_stands_where_it_was_called(
        self, appeal: Appeal, chair: User
    ) -> None:
        pledged(100, by=chair)
        pledged(20, by=chair, branch="", name="Asha Example", show_name=True)
        came(5)

        assert sorted(words(read_queue(appeal))) == [
            "£100 promised by a supporter in Leeds",
            "£20 promised by A. E.",
            "£5 from a supporter in Leeds",
        ]

    def test_it_is_screened_as_what_came_is(
        self, appeal: Appeal, chair: User, second: User
    ) -> None:
        pledge = pledged(100, by=chair)
        set_rule(appeal, needs_two=True, by=chair)

        seen = []
        for by in (chair, second):
            say(pledge, Decision.PASS, by=by)
            seen.append(state_of(pledge))
        undo(pledge, by=chair)

        assert seen == [State.SECOND, State.READY]
        assert state_of(pledge) is State.SECOND

    def test_what_was_struck_or_cancelled_is_not_read(self, appeal: Appeal, chair: User) -> None:
        struck, cancelled, read = (pledged(amount, by=chair) for amount in (10, 20, 30))
        say(read, Decision.READ, by=chair)
        Pledge.objects.filter(pk=struck.pk).update(struck_at=timezone.now())
        Pledge.objects.exclude(pk=struck.pk).update(cancelled_at=timezone.now())

        (left,) = read_queue(appeal).queued

        assert (left.item.pk, left.item.gone) == (read.pk, "It was taken back.")
        assert state_of(cancelled) is None

    def test_what_pays_a_pledge_is_not_read_a_second_time(
        self, appeal: Appeal, chair: User
    ) -> None:
        pledge, donation = pledged(50, by=chair), came(50)
        PledgePayment.objects.create(pledge=pledge, way="card", amount=gbp(50), donation=donation)

        assert words(read_queue(appeal)) == ["£50 promised by a supporter in Leeds"]

    def test_a_donation_and_a_pledge_of_the_same_number_are_told_apart(
        self, appeal: Appeal, chair: User
    ) -> None:
        donation, pledge = came(5), pledged(10, by=chair)
        Pledge.objects.filter(pk=pledge.pk).update(id=donation.pk)
        pledge = Pledge.objects.get()
        say(donation, Decision.HOLD, by=chair)
        say(pledge, Decision.PASS, by=chair)

        assert [one.words for one in read_queue(appeal).ready] == [
            "£10 promised by a supporter in Leeds"
        ]

    def test_a_step_is_about_one_thing(self, appeal: Appeal, chair: User) -> None:
        with pytest.raises(IntegrityError, match="about_one_thing"), transaction.atomic():
            ReadOutStep.objects.create(appeal=appeal, key=uuid.uuid4(), decision="pass", by=chair)


class TestTheNight:
    def test_it_begins_with_the_night(self, appeal: Appeal, chair: User) -> None:
        came(50)
        now = timezone.now()
        night = Night.objects.create(
            appeal=appeal, begun_at=now + timedelta(minutes=1), begun_by=chair
        )
        assert words(read_queue(appeal)) == []

        Night.objects.filter(pk=night.pk).update(begun_at=now - timedelta(hours=1))

        assert len(words(read_queue(appeal))) == 1

    def test_without_a_night_it_goes_back_some_hours(self, appeal: Appeal) -> None:
        queue = read_queue(appeal)

        assert timedelta(hours=11) < timezone.now() - queue.since < timedelta(hours=13)


class TestScreening:
    def test_one_person_lets_a_thing_through(self, appeal: Appeal, chair: User) -> None:
        donation = came()
        assert state_of(donation) is State.NEW

        say(donation, Decision.PASS, by=chair)

        assert state_of(donation) is State.READY

    def test_on_request_two_different_people_do(
        self, appeal: Appeal, chair: User, second: User
    ) -> None:
        donation = came()
        set_rule(appeal, needs_two=True, by=chair)

        say(donation, Decision.PASS, by=chair)
        say(donation, Decision.PASS, by=chair)
        assert state_of(donation) is State.SECOND
        assert read_queue(appeal).ready == []
        say(donation, Decision.PASS, by=second)

        assert state_of(donation) is State.READY

    def test_what_one_let_through_before_the_rule_waits_for_a_second(
        self, appeal: Appeal, chair: User
    ) -> None:
        donation = came()
        say(donation, Decision.PASS, by=chair)

        set_rule(appeal, needs_two=True, by=chair)
        assert state_of(donation) is State.SECOND
        set_rule(appeal, needs_two=False, by=chair)

        assert state_of(donation) is State.READY

    def test_the_rule_is_written_only_where_it_changes(self, appeal: Appeal, chair: User) -> None:
        for needs_two in (False, True, True, False):
            set_rule(appeal, needs_two=needs_two, by=chair)

        assert [rule.needs_two for rule in ReadOutRule.objects.all()] == [True, False]

    def test_after_a_hold_both_look_again(self, appeal: Appeal, chair: User, second: User) -> None:
        donation = came()
        set_rule(appeal, needs_two=True, by=chair)
        say(donation, Decision.PASS, by=chair)
        say(donation, Decision.PASS, by=second)
        say(donation, Decision.HOLD, by=second)
        assert state_of(donation) is State.HELD

        say(donation, Decision.PASS, by=chair)

        assert state_of(donation) is State.SECOND

    def test_an_undo_takes_back_the_last_decision_and_then_the_one_before(
        self, appeal: Appeal, chair: User, second: User
    ) -> None:
        donation = came()
        say(donation, Decision.PASS, by=chair)
        say(donation, Decision.HOLD, by=second)
        say(donation, Decision.SKIP, by=chair)

        seen = []
        for _ in range(3):
            undo(donation, by=second)
            seen.append(state_of(donation))

        assert seen == [State.HELD, State.READY, State.NEW]
        assert ReadOutStep.objects.count() == 6

    def test_an_undo_of_what_was_decided_since_is_refused(
        self, appeal: Appeal, chair: User, second: User
    ) -> None:
        donation = came()
        say(donation, Decision.PASS, by=chair)
        seen = ReadOutStep.objects.get().pk
        say(donation, Decision.HOLD, by=second)

        with pytest.raises(StaleDecisionError):
            say(donation, Decision.UNDO, by=chair, seen=seen)
        assert state_of(donation) is State.HELD

    def test_there_is_nothing_to_undo_of_a_new_thing(self, appeal: Appeal, chair: User) -> None:
        with pytest.raises(StaleDecisionError):
            say(came(), Decision.UNDO, by=chair)

    def test_a_name_is_left_out_as_soon_as_one_person_says_so(
        self, appeal: Appeal, chair: User, second: User
    ) -> None:
        donation = came(name="Mickey Mouse", show_name=True, name_form=NameForm.FULL)
        set_rule(appeal, needs_two=True, by=chair)
        say(donation, Decision.PASS_NAMELESS, by=chair)
        say(donation, Decision.PASS, by=chair)
        say(donation, Decision.PASS, by=second)

        (ready,) = read_queue(appeal).ready

        assert ready.words == "£50 from a supporter in Leeds"
        assert "Mickey" not in str(lectern_json(read_queue(appeal)))

    def test_a_decision_sent_twice_is_one(self, appeal: Appeal, chair: User) -> None:
        donation, key = came(), uuid.uuid4()
        for _ in range(2):
            decide(appeal, donation.reference, Decision.PASS, key=key, seen=0, by=chair)

        assert ReadOutStep.objects.count() == 1

    def test_what_has_not_come_and_what_is_another_appeal_s_is_nothing_to_decide(
        self, appeal: Appeal, chair: User
    ) -> None:
        waiting, other = make_card_donation(), make_received(appeal=make_appeal("premises"))
        for item in (waiting.reference, other.reference, uuid.uuid4()):
            with pytest.raises(NoItemError):
                decide(appeal, item, Decision.PASS, key=uuid.uuid4(), seen=0, by=chair)


class TestWhatIsGone:
    def test_what_was_paid_back_is_not_read_any_more(self, appeal: Appeal, chair: User) -> None:
        donation = came()
        say(donation, Decision.PASS, by=chair)

        given_back_at_stripe(donation, gbp(10))

        assert state_of(donation) is None
        assert lectern_json(read_queue(appeal))["items"] == []

    def test_what_was_read_before_it_was_paid_back_is_marked(
        self, appeal: Appeal, chair: User
    ) -> None:
        donation = came()
        say(donation, Decision.READ, by=chair)

        given_back_at_stripe(donation, gbp(50))

        (item,) = lectern_json(read_queue(appeal))["items"]
        assert (item["state"], item["gone"]) == ("read", "It was paid back.")

    def test_what_a_bank_disputes_is_out_until_it_comes_back(
        self, appeal: Appeal, chair: User, client: Client
    ) -> None:
        donation = make_card_donation(gbp(25), branch=make_branch("Leeds"))
        paid = PaymentReceived(donation.reference, payment_of(donation), gbp(25), timezone.now())
        book_facts([paid])
        assert state_of(donation) is State.NEW

        tell(client, opened(donation))
        assert state_of(donation) is None
        tell(client, won(donation))

        assert state_of(donation) is State.NEW


class TestLaws:
    @given(
        decisions=st.lists(st.tuples(st.sampled_from([*Decision]), st.integers(1, 3)), max_size=14),
        needs_two=st.booleans(),
    )
    def test_nothing_is_ready_unless_enough_people_let_it_through_since_the_last_hold(
        self, decisions: list[tuple[Decision, int]], *, needs_two: bool
    ) -> None:
        """For any history; an undo takes the last that counts, and is itself never undone."""
        steps: list[ReadOutStep] = []
        standing: list[ReadOutStep] = []
        for number, (decision, person) in enumerate(decisions, start=1):
            step = ReadOutStep(pk=number, decision=decision, by_id=person)
            if decision == Decision.UNDO:
                if not standing:
                    continue
                step.undoes_id = standing.pop().pk
            else:
                standing.append(step)
            steps.append(step)

        got = standing_of(steps, needs_two=needs_two)

        assert got.last is (standing[-1] if standing else None)
        assert got == standing_of(standing, needs_two=needs_two)
        kinds = [Decision(step.decision) for step in standing]
        since = len(kinds) - kinds[::-1].index(Decision.HOLD) if Decision.HOLD in kinds else 0
        through = {Decision.PASS, Decision.PASS_NAMELESS}
        people = {step.by_id for step in standing[since:] if step.decision in through}
        assert (got.state is State.READ) == (Decision.READ in kinds)
        if got.state is State.READY:
            assert len(people) >= 1 + needs_two
        if got.state in {State.NEW, State.SECOND}:
            assert len(people) < 1 + needs_two

    def test_in_whatever_order_two_let_it_through_it_is_ready(self) -> None:
        for first, other in permutations((1, 2)):
            steps = [
                ReadOutStep(pk=pk, decision=Decision.PASS, by_id=by)
                for pk, by in enumerate((first, other), start=1)
            ]
            assert standing_of(steps, needs_two=True).state is State.READY


class TestGuards:
    @pytest.mark.parametrize("table", ["payments_readoutstep", "payments_readoutrule"])
    @pytest.mark.parametrize("change", ["UPDATE {} SET at = now()", "DELETE FROM {}"])
    def test_what_was_decided_is_never_changed(
        self, appeal: Appeal, chair: User, table: str, change: str
    ) -> None:
        say(came(), Decision.PASS, by=chair)
        set_rule(appeal, needs_two=True, by=chair)

        with (
            pytest.raises(IntegrityError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(change.format(table))

    def test_an_undo_names_what_it_undoes(self, appeal: Appeal, chair: User) -> None:
        with pytest.raises(IntegrityError, match="undoes_exactly"), transaction.atomic():
            ReadOutStep.objects.create(
                appeal=appeal, donation=came(), key=uuid.uuid4(), decision="undo", by=chair
            )


def post(client: Client, donation: CardDonation, decision: str, **more: Any) -> Any:
    told = {"key": uuid.uuid4(), "item": donation.reference, "decision": decision, "seen": 0}
    headers = more.pop("headers", {})
    return client.post(DECIDE, {**told, **more}, headers=headers)


JSON = {"Accept": "application/json"}


class TestPages:
    def test_screening_lists_each_thing_by_what_became_of_it(
        self, appeal: Appeal, chair: User
    ) -> None:
        new, passed, held, read = came(10), came(20), came(30), came(40)
        say(passed, Decision.PASS, by=chair)
        say(held, Decision.HOLD, by=chair)
        say(read, Decision.READ, by=chair)
        client = client_of(chair)

        page = client.get(SCREENING)
        text = text_of(page)

        places = [text.index(f"£{amount} from a supporter") for amount in (10, 20, 30, 40)]
        assert places == sorted(places)
        assert "To decide 1" in text
        assert "held back by chair at" in text
        assert "no night is begun" in text
        assert page.headers["Cache-Control"].startswith("max-age=0, no-cache, no-store")
        assert str(new.reference) in page.content.decode()
        lists = client.get(SCREENING, {"part": "lists"}).content.decode()
        assert "<html" not in lists
        assert lists.count("data-item=") == 4

    def test_a_decision_goes_back_to_its_page(self, appeal: Appeal, chair: User) -> None:
        client, donation = client_of(chair), came()

        assert post(client, donation, "pass").headers["Location"] == SCREENING
        answer = post(client, donation, "read", **{"from": "lectern"})

        assert answer.headers["Location"] == LECTERN
        assert state_of(donation) is State.READ
        assert [step.by for step in ReadOutStep.objects.all()] == [chair, chair]

    def test_a_page_that_is_too_old_is_told_so(
        self, appeal: Appeal, chair: User, second: User
    ) -> None:
        client, donation = client_of(chair), came()
        say(donation, Decision.HOLD, by=second)

        answer = post(client, donation, "undo", headers=JSON)
        assert answer.status_code == 409
        assert answer.json()["objection"] == "stale"
        assert "Somebody else decided" in text_of(client.get(
            post(client, donation, "undo").headers["Location"]
        ))  # fmt: skip

    def test_what_is_no_decision_is_refused(self, appeal: Appeal, chair: User) -> None:
        client, donation = client_of(chair), came()

        assert post(client, donation, "shout").status_code == 422
        assert post(client, donation, "pass", seen=-1).status_code == 422
        assert post(client, donation, "pass", item="x").status_code == 422
        assert post(client, donation, "pass", item=uuid.uuid4()).status_code == 404
        assert client.get(DECIDE).status_code == 405
        assert not ReadOutStep.objects.exists()

    def test_the_rule_is_switched_there_and_says_who_did(self, appeal: Appeal, chair: User) -> None:
        client = client_of(chair)

        page = client.post(RULE, {"needs_two": "on"}, follow=True)
        assert "Two different people must let a thing through" in text_of(page)
        assert "by chair" in text_of(page)
        assert "Ask for a second person" in text_of(client.post(RULE, {}, follow=True))

    def test_who_let_it_through_is_told_that_another_must(
        self, appeal: Appeal, chair: User, second: User
    ) -> None:
        donation = came()
        set_rule(appeal, needs_two=True, by=chair)
        say(donation, Decision.PASS, by=chair)

        mine = client_of(chair).get(SCREENING).content.decode()
        theirs = client_of(second).get(SCREENING).content.decode()

        assert "Now somebody else" in mine
        assert 'value="pass"' not in mine
        assert 'value="pass"' in theirs

    def test_the_lectern_shows_one_thing_and_leads_on_and_back(
        self, appeal: Appeal, chair: User
    ) -> None:
        client = client_of(chair)
        assert "Nothing to read now" in text_of(client.get(LECTERN))
        donations = [came(amount) for amount in (10, 20, 30)]
        for donation in donations:
            say(donation, Decision.PASS, by=chair)

        first = text_of(client.get(LECTERN))
        assert "£10 from a supporter in Leeds" in first
        assert "£20" not in first
        post(client, donations[0], "read", **{"from": "lectern"})
        post(client, donations[1], "skip", **{"from": "lectern"})
        page = client.get(LECTERN).content.decode()
        assert "£30" in page
        back = f"?at={donations[1].reference}"
        assert back in page
        page = client.get(LECTERN + back).content.decode()
        assert "Skipped" in page
        assert f"?at={donations[0].reference}" in page
        page = client.get(f"{LECTERN}?at={donations[0].reference}").content.decode()
        assert "Read already" in page
        assert back in page  # that is "next" from here

    def test_the_lectern_is_told_all_it_needs_and_nothing_that_was_not_let_through(
        self, appeal: Appeal, chair: User
    ) -> None:
        passed, new = came(20, name="Asha Example", show_name=True), came(10)
        say(passed, Decision.PASS, by=chair)

        told = client_of(chair).get(NEWS).json()

        assert told["waiting"] == 1
        (item,) = told["items"]
        assert item == {
            "item": str(passed.reference),
            "amount": "£20",
            "every": "",
            "who": "from A. E.",
            "where": "in Leeds",
            "length": "short",
            "state": "ready",
            "done": 0,
            "gone": "",
        }
        assert str(new.reference) not in str(told)

    @pytest.mark.parametrize("address", [SCREENING, LECTERN, NEWS])
    def test_it_costs_the_same_queries_however_much_came(
        self, appeal: Appeal, chair: User, address: str
    ) -> None:
        client = client_of(chair)
        say(came(), Decision.PASS, by=chair)
        with CaptureQueriesContext(connection) as few:
            client.get(address)
        for number in range(12):
            donation = came(number + 1, name="Asha", show_name=True)
            say(donation, Decision.PASS, by=chair)
            say(donation, Decision.READ, by=chair)
        with CaptureQueriesContext(connection) as many:
            client.get(address)

        assert len(many) == len(few) <= 14

    def test_it_is_found_from_the_first_page(self, appeal: Appeal, chair: User) -> None:
        for role in (Role.CHAIR, Role.NATIONAL_TREASURER, Role.OPERATOR):
            page = client_of(make_user(role=role)).get("/treasurer/").content.decode()
            assert f'href="{SCREENING}"' in page, role
            assert f'href="{LECTERN}"' in page, role


class TestWalls:
    @pytest.mark.parametrize("role", [Role.CHAIR, Role.NATIONAL_TREASURER, Role.OPERATOR])
    def test_who_runs_the_evening_has_these_pages(
        self, appeal: Appeal, role: Membership.Role
    ) -> None:
        client = client_of(make_user(role=role))

        for address in (SCREENING, LECTERN, NEWS):
            assert client.get(address).status_code == 200, address
        assert post(client, came(), "pass").status_code == 302

    @pytest.mark.parametrize("role", [Role.REGISTRAR, Role.BRANCH_TREASURER, None])
    @pytest.mark.parametrize("address", PAGES)
    def test_for_others_they_do_not_exist(
        self, appeal: Appeal, address: str, role: Membership.Role | None
    ) -> None:
        is_branch = role == Role.BRANCH_TREASURER
        user = make_user(branches=[make_branch("Leeds")]) if is_branch else make_user(role=role)
        client, donation = client_of(user), came()

        for method in ("GET", "HEAD", "POST", "PUT", "DELETE"):
            there = client.generic(method, address)
            nowhere = client.generic(method, address.replace("rally", "nowhere"))
            assert there.status_code == nowhere.status_code == 404, method
        assert post(client, donation, "pass").status_code == 404
        assert not ReadOutStep.objects.exists()

    @pytest.mark.parametrize("address", PAGES)
    def test_strangers_are_asked_to_log_in(self, appeal: Appeal, address: str) -> None:
        assert Client().get(address).headers["Location"] == f"/accounts/login/?next={address}"

    def test_a_role_that_was_taken_away_takes_the_pages_away(
        self, appeal: Appeal, chair: User
    ) -> None:
        client = client_of(chair)
        chair.memberships.all().delete()

        assert client.get(LECTERN).status_code == 404

    def test_a_draft_has_no_evening(self, appeal: Appeal, chair: User) -> None:
        make_appeal("draft", status=Appeal.Status.DRAFT)

        assert client_of(chair).get("/desk/draft/read-out/").status_code == 404

    def test_nothing_is_written_into_the_books(self, appeal: Appeal, chair: User) -> None:
        donation = came()
        before = JournalEntry.objects.count()
        say(donation, Decision.READ, by=chair)

        assert JournalEntry.objects.count() == before
