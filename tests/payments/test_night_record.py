"""The night's record: how it went, and the published figure against today's books."""

import csv
import io
import re
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from appeals.models import Appeal, Night, Promise
from funds.audit import audit_ledger
from funds.models import Membership, User
from funds.money import Money
from payments.banking.confirming import confirm_proposal
from payments.banking.matching import propose_matches
from payments.models import CardDonation, StatementMatch
from payments.night.drawing import HEIGHT, WIDTH, draw_curve
from payments.night.evening import Evening as WholeEvening
from payments.night.evening import Minute, read_evening
from payments.night.movements import ENTRIES_SHOWN, Sort, read_movements
from payments.night.promised import read_promised
from payments.night.reconciled import Reconciled, reconcile
from payments.night.rows import record_rows
from payments.pledges.collected import Collected
from payments.pledges.collected import read_collected as read_collected_of
from payments.recording import local_today
from tests.appeals.stage.directing import Command, say
from tests.factories import gbp, make_appeal, make_branch, make_user
from tests.payments.banking.statements import Told, take
from tests.payments.nights import Evening, let_the_clock_go
from tests.payments.test_disputes import opened, tell, won
from tests.payments.test_paying_in import bank
from tests.payments.test_treasurer_pages import text_of

pytestmark = pytest.mark.django_db

Role = Membership.Role
LONDON = ZoneInfo("Europe/London")
YESTERDAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _clock(db: None) -> None:
    let_the_clock_go()


@pytest.fixture
def by() -> User:
    return make_user("national", role=Role.NATIONAL_TREASURER)


@pytest.fixture
def appeal() -> Appeal:
    return make_appeal("rally", title="Rally for Socialism", target=gbp(1000))


@pytest.fixture
def evening(appeal: Appeal, by: User) -> Evening:
    return Evening(appeal, by)


def read_collected(night: Night) -> Collected:
    return read_collected_of(night.appeal, until=night.ended_at)


def read(night: Night) -> Reconciled:
    return reconcile(night, most=ENTRIES_SHOWN)


def lines_of(reconciled: Reconciled) -> dict[str, Money]:
    return {line.key: line.amount for line in reconciled.lines}


def expect(night: Night, *, today: Money, **lines: Money) -> Reconciled:
    """That the lines are these and no others, and that nothing is left unexplained."""
    found = read(night)
    assert lines_of(found) == {key.replace("_", "-"): amount for key, amount in lines.items()}
    assert found.today == today
    assert found.remainder == gbp(0)
    return found


class TestPublishedAgainstToday:
    def test_a_night_that_nothing_came_of_is_what_it_was(self, evening: Evening) -> None:
        evening.card(gbp(25))
        evening.cash(gbp(100))

        found = expect(evening.end(), today=gbp(125))

        assert found.published == gbp(125)

    def test_what_is_given_after_it_is_no_part_of_it(self, evening: Evening) -> None:
        evening.card(gbp(25))
        night = evening.end()
        later = evening.card(gbp(40))
        evening.give_back(later, gbp(15))
        counted = evening.cash(gbp(30), on=local_today() - YESTERDAY)
        evening.take_back(counted)

        found = expect(night, today=gbp(25))

        assert found.later == gbp(25)

    def test_a_refund_lowers_it_whenever_it_was_given(self, evening: Evening) -> None:
        donation = evening.card(gbp(25))
        evening.card(gbp(10))
        night = evening.end()
        evening.give_back(donation, gbp(5))

        found = expect(night, today=gbp(30), refund=gbp(-5))

        (line,) = found.lines
        (entry,) = line.entries
        assert (entry.amount, entry.kind, line.count) == (gbp(-5), "card-refund", 1)
        assert found.published == gbp(35)

    def test_a_dispute_lowers_it_and_a_won_one_restores_it(
        self, evening: Evening, client: Client
    ) -> None:
        donation = CardDonation.objects.get(pk=evening.card(gbp(25)).pk)
        night = evening.end()

        tell(client, opened(donation, payment=donation.payment_intent_id))
        expect(night, today=gbp(0), dispute=gbp(-25))
        tell(client, won(donation, payment=donation.payment_intent_id))

        found = read(night)
        assert (found.today, found.remainder) == (gbp(25), gbp(0))
        assert lines_of(found) == {"dispute": gbp(0)}

    def test_a_count_that_is_taken_back_and_counted_anew_is_two_lines(
        self, evening: Evening
    ) -> None:
        counted = evening.cash(gbp(100))
        night = evening.end()
        evening.take_back(counted)
        evening.cash(gbp("98.50"))

        expect(night, today=gbp("98.50"), correction=gbp(-100), late=gbp("98.50"))

    def test_a_late_count_that_is_taken_back_is_as_if_it_had_not_been(
        self, evening: Evening
    ) -> None:
        night = evening.end()
        evening.take_back(evening.cash(gbp(70)))

        found = expect(night, today=gbp(0), late=gbp(0))

        assert found.lines[0].count == 2

    def test_a_card_donation_of_that_night_that_was_told_late_belongs_to_it(
        self, evening: Evening
    ) -> None:
        night = evening.end()
        late = evening.card(gbp(40), is_late=True)
        evening.give_back(late, gbp(10))

        expect(night, today=gbp(30), late_card=gbp(40), refund=gbp(-10))

    def test_a_held_figure_is_explained_by_what_came_behind_it(
        self, evening: Evening, appeal: Appeal, by: User
    ) -> None:
        evening.card(gbp(25))
        say(appeal, Command.HOLD, by=by)
        evening.card(gbp(30))

        found = expect(evening.end(), today=gbp(55), held=gbp(30))

        assert found.published == gbp(25)

    def test_what_was_booked_in_the_moment_of_ending_is_said_to_be(self, evening: Evening) -> None:
        """An entry whose transaction began before the end and was committed after it."""
        night = evening.end()
        late = evening.card(gbp(20))
        assert late.received_entry is not None
        moved = Night(
            pk=night.pk,
            appeal=night.appeal,
            begun_at=night.begun_at,
            ended_at=late.received_entry.posted_at,
            published=night.published,
        )

        found = expect(moved, today=gbp(20), moment=gbp(20))

        assert found.published == gbp(0)

    def test_the_bank_s_own_count_stands_beside_it_and_changes_nothing(
        self, evening: Evening, by: User
    ) -> None:
        counted = evening.cash(gbp(25))
        night = evening.end()
        assert expect(night, today=gbp(25)).beside == []
        bank([counted], slip_number="100123")
        take(Told(local_today(), gbp("21.80"), "CASH 100123"))
        propose_matches()
        proposal = StatementMatch.objects.get()
        confirm_proposal(proposal.reference, by=make_user(), note="A roll was short")

        (line,) = expect(night, today=gbp(25)).beside

        assert (line.amount, line.count) == (gbp("-3.20"), 1)
        assert line.entries[0].kind == "bank-difference"
        rows = list(record_rows(read_evening(night), read(night), zone=LONDON))
        assert ["beside", line.what, "", "-3.20", "GBP", "", line.note] in rows
        assert "The bank counted otherwise" in text_of(client_of(by).get(address(night)))


class TestPledges:
    def test_one_that_is_paid_moves_from_promised_to_raised(
        self, evening: Evening, appeal: Appeal, by: User
    ) -> None:
        say(appeal, Command.SHOW_PROMISED, by=by)
        pledge = evening.pledge(gbp(100))
        evening.card(gbp(10))
        night = evening.end()
        evening.pay_by_card(pledge, gbp(60))

        found = expect(night, today=gbp(110), pledge=gbp(60), promised_paid=gbp(-60))

        assert found.published == gbp(110)
        assert (found.today_raised, found.today_promised) == (gbp(70), gbp(40))

    def test_one_that_lapses_lowers_it(self, evening: Evening, appeal: Appeal, by: User) -> None:
        say(appeal, Command.SHOW_PROMISED, by=by)
        pledge = evening.pledge(gbp(100))
        night = evening.end()
        evening.pay_by_card(pledge, gbp(30))
        evening.lapse(pledge)

        expect(
            night,
            today=gbp(30),
            pledge=gbp(30),
            promised_paid=gbp(-30),
            promised_over=gbp(-70),
        )

    def test_where_promised_was_not_shown_only_what_was_paid_counts(self, evening: Evening) -> None:
        pledge = evening.pledge(gbp(100))
        night = evening.end()
        evening.pay_by_card(pledge, gbp(60))

        found = expect(night, today=gbp(60), pledge=gbp(60))

        assert found.promised is None

    def test_of_a_collection_only_the_pledger_s_part_is_the_night_s(self, evening: Evening) -> None:
        pledge = evening.pledge(gbp(50))
        night = evening.end()
        day = local_today() - YESTERDAY
        paid = evening.pay_in_cash(pledge, gbp(50), among=gbp(80), on=day)

        expect(night, today=gbp(50), pledge=gbp(50))
        evening.take_back(paid)

        found = expect(night, today=gbp(0))
        assert found.later == gbp(0)

    def test_a_pledge_of_after_the_night_is_another_night_s(
        self, evening: Evening, appeal: Appeal, by: User
    ) -> None:
        say(appeal, Command.SHOW_PROMISED, by=by)
        night = evening.end()
        evening.pay_by_card(evening.pledge(gbp(50)), gbp(50))

        expect(night, today=gbp(0))

    def test_a_payment_that_was_on_its_way_comes_or_fails(
        self, evening: Evening, appeal: Appeal, by: User
    ) -> None:
        say(appeal, Command.SHOW_PROMISED, by=by)
        coming, failing, still = (
            CardDonation.objects.create(
                appeal=appeal,
                amount=gbp(amount),
                content_digest="0" * 64,
                processing_at=timezone.now(),
            )
            for amount in (20, 30, 40)
        )
        Promise.objects.create(appeal=appeal, amount=gbp(90), kind="delayed", source_key="all")
        night = evening.end()
        entry = evening.card(gbp(1)).received_entry
        CardDonation.objects.filter(received_entry=entry).update(received_entry=None)
        CardDonation.objects.filter(pk=coming.pk).update(received_entry=entry)
        CardDonation.objects.filter(pk=failing.pk).update(failed_at=timezone.now())

        promised = read_promised(night)

        amounts = (promised.at_end, promised.paid, promised.over, promised.still)
        assert amounts == (gbp(90), gbp(20), gbp(30), gbp(40))
        assert still.received_entry is None

    def test_what_was_promised_otherwise_is_a_line_of_its_own(
        self, evening: Evening, appeal: Appeal, by: User
    ) -> None:
        say(appeal, Command.SHOW_PROMISED, by=by)
        Promise.objects.create(appeal=appeal, amount=gbp(15), kind="pledge", source_key="by hand")

        expect(evening.end(), today=gbp(0), promised_other=gbp(-15))

    def test_the_collected_rate_counts_what_came_of_what_was_called(self, evening: Evening) -> None:
        first, second, struck = (evening.pledge(gbp(amount)) for amount in (100, 50, 10))
        night = evening.end()
        assert read_collected(night).whole.percent == 0
        evening.pay_by_card(first, gbp(100))
        evening.lapse(second)
        type(struck).objects.filter(pk=struck.pk).update(struck_at=timezone.now())

        found = read_collected(night)

        whole = found.whole
        assert (whole.number, whole.pledged, whole.came) == (2, gbp(150), gbp(100))
        assert (whole.percent, found.ended) == (66, gbp(50))

    def test_without_a_pledge_there_is_no_rate(self, evening: Evening) -> None:
        assert read_collected(evening.end()).whole.percent is None


class TestEvening:
    def test_it_is_told_by_method_by_branch_and_by_size(self, evening: Evening) -> None:
        leeds = make_branch("Leeds")
        evening.card(gbp(5))
        evening.card(gbp(20), branch=leeds)
        evening.card(gbp(500))
        evening.cash(gbp(75), branch=leeds)

        found = read_evening(evening.end())

        assert found.came == gbp(600)
        assert found.before == gbp(0)
        assert [(one.name, one.amount, one.percent) for one in found.by_method] == [
            ("Card", gbp(525), 87),
            ("Cash", gbp(75), 12),
        ]
        assert [(one.name, one.amount) for one in found.by_branch] == [
            ("No branch", gbp(505)),
            ("Leeds", gbp(95)),
        ]
        assert [(size.since, size.count, size.amount) for size in found.sizes] == [
            (gbp(5), 1, gbp(5)),
            (gbp(20), 1, gbp(20)),
            (gbp(500), 1, gbp(500)),
        ]
        assert found.sizes[-1].below is None
        assert (found.donations, found.average) == (3, gbp(175))
        assert found.biggest is not None

    def test_what_stood_before_is_where_it_begins(self, appeal: Appeal, by: User) -> None:
        first = Evening(appeal, by)
        first.card(gbp(300))
        first.end()
        second = Evening(appeal, by)
        second.card(gbp(20))

        found = read_evening(second.end())

        assert (found.before, found.came, found.after) == (gbp(300), gbp(20), gbp(320))

    def test_an_empty_night_has_no_biggest_minute_and_a_level_curve(self, evening: Evening) -> None:
        found = read_evening(evening.end())
        curve = draw_curve(found, zone=LONDON)

        assert (found.biggest, found.average, found.by_method) == (None, None, [])
        assert re.fullmatch(r"M92 414L976 414", curve.line)


class TestCurve:
    def drawn(self, *totals: int, minutes: int = 180, target: int = 1000, **appeal: Any) -> Any:
        """A curve of a total that rises to each of ``totals``, evenly over the night."""
        night = Night(
            appeal=make_appeal("drawn", target=gbp(target), **appeal),
            begun_at=datetime(2026, 11, 21, 18, 50, tzinfo=LONDON),
        )
        night.ended_at = night.begun_at + timedelta(minutes=minutes)
        step = minutes / (len(totals) + 1)
        kept = [
            Minute(night.begun_at + timedelta(minutes=int(step * place)), gbp(0), gbp(total))
            for place, total in enumerate(totals, start=1)
        ]
        read = WholeEvening(
            night=night, before=gbp(0), minutes=kept, by_method=[], by_branch=[], sizes=[]
        )
        return draw_curve(read, zone=LONDON)

    def test_the_axes_have_round_figures_and_times(self) -> None:
        curve = self.drawn(400, 1400)

        assert [tick.word for tick in curve.ticks_y] == ["£0", "£500", "£1,000", "£1,500"]
        assert [tick.word for tick in curve.ticks_x] == [
            *("19:00", "19:15", "19:30", "19:45", "20:00", "20:15"),
            *("20:30", "20:45", "21:00", "21:15", "21:30", "21:45"),
        ]
        places = [tick.at for tick in curve.ticks_y]
        assert places == sorted(places, reverse=True)

    def test_each_milestone_stands_where_it_was_reached(self) -> None:
        curve = self.drawn(300, 600, 1400, stretch_targets=[Decimal(1200)])

        assert [mark.word for mark in curve.marks] == ["25%", "50%", "75%", "100%", "£1,200"]
        assert [mark.x for mark in curve.marks] == sorted(mark.x for mark in curve.marks)
        assert curve.target.word == "target £1,000"

    @pytest.mark.parametrize("total", [1, 999, 12_345_678])
    @pytest.mark.parametrize("minutes", [1, 180, 4000])
    def test_nothing_is_drawn_outside(self, total: int, minutes: int) -> None:
        curve = self.drawn(total, minutes=minutes)

        numbers = [list(map(int, one.split())) for one in re.findall(r"-?\d+ -?\d+", curve.line)]
        assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in numbers)
        assert 2 <= len(curve.ticks_y) <= 8
        assert len(curve.ticks_x) <= 13
        assert curve.line.startswith("M92 ")


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def address(night: Night, end: str = "/") -> str:
    return f"/desk/rally/night/{night.pk}{end}"


class TestPages:
    def test_the_record_says_all_of_it(self, evening: Evening, by: User) -> None:
        donation = evening.card(gbp(25), branch=make_branch("Leeds"))
        night = evening.end()
        evening.give_back(donation, gbp(5))

        page = client_of(by).get(address(night))
        text = text_of(page)

        for expected in (
            "published that night £25",
            "Card donations paid back since",
            "\N{MINUS SIGN}£5",
            "s books £20",
            "Not explained by any line £0",
            "£20 to under £50 1 £25",
            "Leeds £25 100%",
        ):
            assert expected in text, expected
        assert "The lines do not come to" not in text
        assert page.content.decode().count("<svg") == 1

    def test_a_remainder_is_not_hidden(
        self, evening: Evening, by: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As if somebody had been at the balances behind the postings' back."""
        night = evening.end()
        monkeypatch.setattr("payments.night.reconciled.read_raised_at_end", lambda _: gbp(2))
        monkeypatch.setattr("payments.night.reconciled._movement_lines", lambda _: [])

        text = text_of(client_of(by).get(address(night)))

        assert "Not explained by any line \N{MINUS SIGN}£2" in text
        assert "The lines do not come to" in text

    def test_the_spreadsheet_has_every_entry_and_no_formula(
        self, evening: Evening, by: User
    ) -> None:
        donation = evening.card(gbp(25))
        night = evening.end()
        for _ in range(3):
            evening.give_back(donation, gbp(2))

        answer = client_of(by).get(address(night, ".csv"))
        rows = list(csv.DictReader(io.StringIO(answer.content.decode())))

        assert answer.headers["Content-Type"].startswith("text/csv")
        assert len([row for row in rows if row["part"] == "since, entry"]) == 3
        (today,) = [row for row in rows if row["what"].startswith("That night's figure")]
        assert (today["amount"], today["currency"]) == ("19.00", "GBP")
        made = record_rows(read_evening(night), read(night), zone=LONDON)
        assert not any(cell[:1] in {"=", "@"} for row in made for cell in row)

    def test_an_entry_s_page_shows_the_newest_and_counts_all(
        self, evening: Evening, by: User
    ) -> None:
        donation = evening.card(gbp(25))
        night = evening.end()
        for _ in range(4):
            evening.give_back(donation, gbp(1))

        movement = read_movements(night, most=2)[Sort.REFUND]

        assert (movement.amount, movement.count, len(movement.entries)) == (gbp(-4), 4, 2)

    def test_it_costs_the_same_queries_however_much_came(self, evening: Evening, by: User) -> None:
        evening.card(gbp(5), branch=make_branch("Leeds"))
        pledges = [evening.pledge(gbp(10)) for _ in range(5)]
        night = evening.end()
        evening.pay_by_card(pledges[0], gbp(5))
        client = client_of(by)
        with CaptureQueriesContext(connection) as few:
            client.get(address(night))
        for pledge in pledges[1:]:
            donation = evening.pay_by_card(pledge, gbp(10))
            evening.give_back(donation, gbp(1))
            evening.take_back(evening.cash(gbp(3)))
        with CaptureQueriesContext(connection) as many:
            client.get(address(night))

        assert len(many) == len(few) <= 25

    def test_the_nights_are_listed_and_one_that_goes_on_has_no_record(
        self, evening: Evening, by: User
    ) -> None:
        client = client_of(by)
        assert "it goes on" in text_of(client.get("/desk/rally/night/"))
        assert client.get(address(evening.night)).status_code == 404

        night = evening.end()

        assert address(night) in client.get("/desk/rally/night/").content.decode()

    def test_a_night_is_found_under_its_own_appeal_alone(self, evening: Evening, by: User) -> None:
        night = evening.end()
        make_appeal("premises")

        assert client_of(by).get(f"/desk/premises/night/{night.pk}/").status_code == 404

    @pytest.mark.parametrize("role", [Role.CHAIR, Role.OPERATOR, Role.NATIONAL_TREASURER])
    def test_who_ran_the_evening_reads_it(self, evening: Evening, role: Membership.Role) -> None:
        night, client = evening.end(), client_of(make_user(role=role))

        for end in ("/", ".csv"):
            assert client.get(address(night, end)).status_code == 200
        assert client.get("/desk/rally/night/").status_code == 200

    @pytest.mark.parametrize("role", [Role.REGISTRAR, Role.BRANCH_TREASURER, None])
    def test_for_others_it_does_not_exist(
        self, evening: Evening, role: Membership.Role | None
    ) -> None:
        night = evening.end()
        is_branch = role == Role.BRANCH_TREASURER
        user = make_user(branches=[make_branch("Leeds")]) if is_branch else make_user(role=role)

        for path in (address(night), address(night, ".csv"), "/desk/rally/night/"):
            for method in ("GET", "HEAD", "POST", "DELETE"):
                assert client_of(user).generic(method, path).status_code == 404
            assert Client().get(path).headers["Location"] == f"/accounts/login/?next={path}"

    def test_reading_it_changes_nothing(self, evening: Evening, by: User) -> None:
        evening.card(gbp(25))
        night = evening.end()
        kept = night.published

        client_of(by).get(address(night))

        night.refresh_from_db()
        assert night.published == kept
        assert list(audit_ledger()) == []
