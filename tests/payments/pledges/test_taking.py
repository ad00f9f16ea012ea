"""Lists at the desk: what is typed counts once, and what was typed in error is struck."""

from threading import Thread
from uuid import uuid4

import pytest
from django.db import connection

from appeals.models import Appeal
from appeals.progress import read_reading
from funds.models import Membership
from payments.models import CheckLine, Pledge, PledgeList, PledgeStep
from payments.pledges.desk import read_list
from payments.pledges.taking import (
    DeskError,
    close_list,
    open_list,
    reopen_list,
    strike,
    strike_entry,
)
from tests.factories import gbp, make_appeal, make_branch, make_user
from tests.payments.pledges.desk import Desk, Side, amounts, type_in


@pytest.fixture
def desk(db: None) -> Desk:
    make_branch("Leeds")
    make_branch("York")
    return Desk(make_appeal("rally"))


def test_a_line_is_a_pledge_for_each_amount(desk: Desk) -> None:
    desk.type("50 50 100 leeds cash")

    pledges = list(Pledge.objects.all())
    assert [(one.amount, str(one.branch), one.method) for one in pledges] == [
        (gbp(50), "Leeds", "cash"),
        (gbp(50), "Leeds", "cash"),
        (gbp(100), "Leeds", "cash"),
    ]
    assert len({one.code for one in pledges}) == 3
    reading = read_reading(desk.appeal)
    assert (reading.promised, reading.raised) == (gbp(200), gbp(0)), "promised, and never raised"


def test_an_entry_that_is_sent_again_is_taken_once(desk: Desk) -> None:
    entry = desk.type("50 50")
    desk.type("50 50", entry=entry)

    assert amounts(list(Pledge.objects.all())) == ["50", "50"]


@pytest.mark.django_db(transaction=True)
def test_an_entry_that_arrives_twice_at_one_moment_is_taken_once() -> None:
    desk, entry = Desk(make_appeal("rally")), uuid4()

    def send() -> None:
        type_in(desk.record, "20 20", by=desk.rosa, entry=entry)
        connection.close()

    threads = [Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert amounts(list(Pledge.objects.all())) == ["20", "20"]
    assert read_reading(desk.appeal).promised == gbp(40)


def test_a_check_promises_nothing(desk: Desk) -> None:
    desk.type("50", to=desk.begin_check())

    assert amounts(list(CheckLine.objects.all())) == ["50"]
    assert not Pledge.objects.exists()
    assert read_reading(desk.appeal).promised == gbp(0)


def test_a_struck_line_stays_in_sight_and_promises_no_more(desk: Desk) -> None:
    desk.type("50 20 leeds")
    first = Pledge.objects.earliest("pk")

    for _ in range(2):
        strike(desk.record, first.reference, reason="Typed in error", by=desk.rosa)

    first.refresh_from_db()
    assert first.state == Pledge.State.STRUCK
    assert read_reading(desk.appeal).promised == gbp(20)
    assert PledgeStep.objects.filter(kind="struck", pledge=first, by=desk.rosa).count() == 1


def test_undo_takes_the_whole_entry_back(desk: Desk) -> None:
    desk.type("10")
    entry = desk.type("50 20 leeds")
    assert read_list(desk.record).undoable == entry

    strike_entry(desk.record, entry, reason="Typed in error", by=desk.rosa)

    assert amounts(list(Pledge.objects.all())) == ["10"]
    seen = read_list(desk.record)
    assert (seen.total.number, seen.total.amount) == (1, gbp(10))
    assert [line.is_struck for line in seen.lines] == [True, True, False]
    assert seen.undoable == Pledge.objects.earliest("pk").entry


def test_a_line_of_the_check_is_struck_alike(desk: Desk) -> None:
    entry = desk.type("50", to=desk.begin_check())

    strike_entry(desk.check, entry, reason="Typed in error", by=desk.karl)

    assert CheckLine.objects.get().is_struck
    assert PledgeStep.objects.get(kind="struck").check_line == CheckLine.objects.get()


def test_what_money_came_for_is_not_struck(desk: Desk) -> None:
    desk.type("50")
    pledge = Pledge.objects.get()
    pledge.came = gbp(20)
    pledge.save()

    with pytest.raises(DeskError, match="Money came"):
        strike(desk.record, pledge.reference, reason="Typed in error", by=desk.rosa)


def test_nobody_strikes_what_is_not_there_or_in_anothers_list(desk: Desk) -> None:
    entry = desk.type("50")
    with pytest.raises(DeskError, match="no such line"):
        strike(desk.record, uuid4(), reason="x", by=desk.rosa)
    with pytest.raises(DeskError, match="no such line"):
        strike_entry(desk.record, uuid4(), reason="x", by=desk.rosa)
    with pytest.raises(DeskError, match="somebody else's"):
        strike_entry(desk.record, entry, reason="x", by=desk.karl)


class TestRounds:
    def test_coming_back_opens_the_same_list(self, desk: Desk) -> None:
        assert open_list(desk.appeal, Side.RECORD, by=desk.rosa) == desk.record

    def test_one_person_is_not_both_pairs_of_ears(self, desk: Desk) -> None:
        with pytest.raises(DeskError, match="second pair of ears"):
            open_list(desk.appeal, Side.CHECK, by=desk.rosa)
        close_list(desk.record, by=desk.rosa)
        with pytest.raises(DeskError, match="You typed the record"):
            open_list(desk.appeal, Side.CHECK, by=desk.rosa)

    def test_a_side_has_one_typist(self, desk: Desk) -> None:
        desk.begin_check()
        third = make_user("third", role=Membership.Role.CHAIR)
        with pytest.raises(DeskError, match="types the record already"):
            open_list(desk.appeal, Side.RECORD, by=third)
        with pytest.raises(DeskError, match="types the check already"):
            open_list(desk.appeal, Side.CHECK, by=third)
        close_list(desk.record, by=desk.rosa)
        with pytest.raises(DeskError, match="You type the other list"):
            open_list(desk.appeal, Side.RECORD, by=desk.karl)

    def test_nothing_is_checked_before_it_is_recorded(self, db: None) -> None:
        chair = make_user("chair", role=Membership.Role.CHAIR)
        with pytest.raises(DeskError, match="no record to check"):
            open_list(make_appeal("rally"), Side.CHECK, by=chair)

    def test_a_new_record_begins_a_round(self, desk: Desk) -> None:
        close_list(desk.record, by=desk.karl)
        second = open_list(desk.appeal, Side.RECORD, by=desk.karl)

        assert (desk.record.round, second.round) == (1, 2)
        with pytest.raises(DeskError, match="A new round was begun"):
            reopen_list(desk.record, by=desk.rosa)

    def test_a_closed_list_takes_nothing_until_it_is_opened_again(self, desk: Desk) -> None:
        entry = desk.type("10")
        for _ in range(2):
            close_list(desk.record, by=desk.rosa)
        with pytest.raises(DeskError, match="This list is closed"):
            desk.type("50")
        desk.type("10", entry=entry)  # a late answer: it is there already
        for _ in range(2):
            reopen_list(desk.record, by=desk.rosa)
        desk.type("50")

        assert amounts(list(Pledge.objects.all())) == ["10", "50"]
        kinds = PledgeStep.objects.order_by("pk").values_list("kind", flat=True)
        assert list(kinds) == ["opened", "closed", "reopened"]

    @pytest.mark.django_db(transaction=True)
    def test_two_who_sit_down_at_once_get_one_record(self) -> None:
        appeal: Appeal = make_appeal("rally")
        people = [make_user(f"u{number}", role=Membership.Role.CHAIR) for number in range(4)]
        refused: list[str] = []

        def sit(number: int) -> None:
            try:
                open_list(appeal, Side.RECORD, by=people[number])
            except DeskError as error:
                refused.append(str(error))
            connection.close()

        threads = [Thread(target=sit, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert PledgeList.objects.count() == 1
        assert len(refused) == 3
