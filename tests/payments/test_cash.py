"""Recording cash: booked once, refused in words, reversed in sight."""

import threading
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from appeals.accounts import Role, appeal_account
from appeals.models import Appeal
from appeals.progress import read_reading
from funds.balances import account_balance, account_balance_of_branch
from funds.ledger import Kind
from funds.models import JournalEntry, Posting, User
from funds.money import Money
from payments.cash import CollectionFacts, record_collection, reverse_collection
from payments.models import CashCollection
from payments.recording import (
    RecordConflictError,
    RecordRefusedError,
    RecordReversedError,
    local_today,
)
from tests.factories import gbp, make_appeal, make_branch, make_user

pytestmark = pytest.mark.django_db

LONDON = ZoneInfo("Europe/London")


def facts_of(appeal: Appeal | None, **changes: Any) -> CollectionFacts:
    """£25 in a bucket at the market, today, for Leeds."""
    return replace(
        CollectionFacts(
            appeal=appeal,
            branch=make_branch("Leeds"),
            kind=CashCollection.Kind.COLLECTION,
            collected_on=local_today(),
            place="Market",
            amount=gbp(25),
            pieces={},
            counted_by="First counter",
        ),
        **changes,
    )


def record(facts: CollectionFacts, *, by: User | None = None) -> CashCollection:
    return record_collection(uuid.uuid4(), facts, recorded_by=by or make_user()).collection


def test_cash_counted_is_in_hand_and_raised_for_its_branch() -> None:
    appeal, leeds = make_appeal(), make_branch("Leeds")

    collection = record(facts_of(appeal, branch=leeds))

    reading = read_reading(appeal)
    assert reading.raised == reading.by_method["cash"] == reading.counted_not_banked == gbp(25)
    assert [(row.name, row.raised) for row in reading.league] == [("Leeds", gbp(25))]
    in_hand = appeal_account(appeal, Role.CASH_IN_HAND)
    assert account_balance_of_branch(in_hand, branch=leeds) == gbp(25)
    assert collection.entry.source_key == f"cash:{collection.reference}:counted"
    assert collection.entry.kind == Kind.CASH_COUNTED
    assert collection.entry.occurred_on == collection.collected_on


def test_a_stall_s_takings_are_sales_not_gifts() -> None:
    appeal = make_appeal()

    collection = record(facts_of(appeal, kind=CashCollection.Kind.SALE, amount=gbp(110)))

    reading = read_reading(appeal)
    assert reading.by_method["sales"] == reading.raised == reading.counted_not_banked == gbp(110)
    assert reading.by_method["cash"] == gbp(0)
    assert collection.entry.kind == Kind.SALES_COUNTED


def test_the_journal_names_no_person_and_no_place() -> None:
    collection = record(facts_of(make_appeal(), place="Flat 3", witnessed_by="Second counter"))

    assert collection.entry.memo == "Collection (buckets, tins), Leeds, for Rally"


def test_the_same_reference_twice_records_once() -> None:
    facts, reference = facts_of(make_appeal(), pieces={20_00: 1, 5_00: 1}), uuid.uuid4()
    user = make_user()

    first = record_collection(reference, facts, recorded_by=user)
    second = record_collection(reference, facts, recorded_by=user)

    assert (first.is_new, second.is_new) == (True, False)
    assert first.collection == second.collection
    assert JournalEntry.objects.count() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"amount": gbp(26)},
        {"place": "Station"},
        {"counted_by": "Someone else"},
        {"kind": CashCollection.Kind.SALE},
        {"pieces": {5_00: 5}},
        {"note": "In two tins"},
    ],
)
def test_the_same_reference_with_other_content_is_a_conflict(change: dict[str, Any]) -> None:
    facts, reference = facts_of(make_appeal()), uuid.uuid4()
    recorded = record_collection(reference, facts, recorded_by=make_user()).collection

    with pytest.raises(RecordConflictError) as conflict:
        record_collection(reference, replace(facts, **change), recorded_by=make_user())

    assert conflict.value.recorded == recorded
    assert JournalEntry.objects.count() == 1


def test_a_retry_after_the_appeal_closed_still_finds_its_record() -> None:
    appeal, reference = make_appeal(), uuid.uuid4()
    facts = facts_of(appeal)
    record_collection(reference, facts, recorded_by=make_user())
    appeal.status = Appeal.Status.DRAFT
    appeal.save()

    assert not record_collection(reference, facts, recorded_by=make_user()).is_new


def race(*attempts: Callable[[], object]) -> list[object]:
    """Run all at the same moment, each on a connection of its own; results or exceptions."""
    start = threading.Barrier(len(attempts))
    results: list[object] = []

    def run(attempt: Callable[[], object]) -> None:
        start.wait()
        try:
            results.append(attempt())
        except Exception as error:  # noqa: BLE001 - the test looks at whatever happened
            results.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[attempt]) for attempt in attempts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.django_db(transaction=True)
def test_eight_taps_at_the_same_moment_record_once() -> None:
    facts, reference, user = facts_of(make_appeal()), uuid.uuid4(), make_user()

    results = race(*[lambda: record_collection(reference, facts, recorded_by=user).is_new] * 8)

    assert sorted(map(str, results)) == ["False"] * 7 + ["True"]
    assert CashCollection.objects.count() == JournalEntry.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_racing_contents_under_one_reference_record_one_and_refuse_the_rest() -> None:
    facts, reference, user = facts_of(make_appeal()), uuid.uuid4(), make_user()
    contents = [replace(facts, amount=gbp(10 + n % 2), place=f"Place {n}") for n in range(6)]

    results = race(
        *[
            lambda content=content: record_collection(reference, content, recorded_by=user).is_new
            for content in contents
        ]
    )

    assert results.count(True) == 1
    assert sum(isinstance(result, RecordConflictError) for result in results) == 5
    assert CashCollection.objects.count() == JournalEntry.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_racing_reversals_reverse_once() -> None:
    collection, user = record(facts_of(make_appeal())), make_user()

    results = race(*[lambda: reverse_collection(collection, reason="Twice", reversed_by=user)] * 4)

    assert sum(isinstance(result, CashCollection) for result in results) == 1
    assert sum(isinstance(result, RecordReversedError) for result in results) == 3
    assert JournalEntry.objects.count() == 2


class TestRefused:
    """What cannot be right is refused in words, names its field, and writes nothing."""

    def refusal(self, facts: CollectionFacts) -> RecordRefusedError:
        with pytest.raises(RecordRefusedError) as refused:
            record(facts)
        assert not CashCollection.objects.exists()
        assert not Posting.objects.exists()
        return refused.value

    def test_a_draft(self) -> None:
        assert self.refusal(facts_of(make_appeal(status=Appeal.Status.DRAFT))).field == "appeal"

    def test_an_inactive_branch(self) -> None:
        branch = make_branch("Former")
        branch.is_active = False

        assert self.refusal(facts_of(make_appeal(), branch=branch)).field == "branch"

    def test_tomorrow(self) -> None:
        facts = facts_of(make_appeal(), collected_on=local_today() + timedelta(days=1))

        assert self.refusal(facts).field == "collected_on"

    def test_before_the_appeal_began(self) -> None:
        appeal = make_appeal(opens_at=timezone.now() - timedelta(days=3))
        refused = self.refusal(facts_of(appeal, collected_on=local_today() - timedelta(days=4)))

        assert "began on" in str(refused)

    def test_more_than_a_year_ago(self) -> None:
        appeal = make_appeal(opens_at=datetime(2010, 1, 1, tzinfo=LONDON))
        refused = self.refusal(facts_of(appeal, collected_on=local_today() - timedelta(days=367)))

        assert "over a year ago" in str(refused)

    def test_after_the_appeal_ended(self) -> None:
        ended_at = timezone.now() - timedelta(days=2)
        appeal = make_appeal(status=Appeal.Status.CLOSED, closes_at=ended_at)

        assert "ended on" in str(self.refusal(facts_of(appeal)))

    def test_another_currency(self) -> None:
        refused = self.refusal(facts_of(make_appeal(), amount=Money(25, "EUR")))

        assert refused.field == "amount"

    def test_an_amount_that_the_notes_and_coins_do_not_come_to(self) -> None:
        refused = self.refusal(facts_of(make_appeal(), amount=gbp(25), pieces={20_00: 1, 1: 3}))

        assert "£25.00" in str(refused)
        assert "£20.03" in str(refused)

    def test_a_coin_that_does_not_exist(self) -> None:
        refused = self.refusal(facts_of(make_appeal(), amount=gbp(3), pieces={3_00: 1}))

        assert refused.field == "amount"


def test_counting_may_end_after_the_appeal_does() -> None:
    """Late counting is normal: what was gathered while the appeal ran belongs to it."""
    ended_at = timezone.now() - timedelta(days=2)
    appeal = make_appeal(status=Appeal.Status.CLOSED, closes_at=ended_at)

    record(facts_of(appeal, collected_on=local_today() - timedelta(days=3)))

    assert read_reading(appeal).raised == gbp(25)


def test_the_day_is_the_organisation_s_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """At 23:30 UTC in July it is tomorrow already in London."""
    late = datetime(2026, 7, 1, 23, 30, tzinfo=ZoneInfo("UTC"))
    monkeypatch.setattr(timezone, "now", lambda: late)

    record(facts_of(make_appeal(), collected_on=date(2026, 7, 2)))
    with pytest.raises(RecordRefusedError, match="today is 2 July 2026"):
        record(facts_of(make_appeal("other"), collected_on=date(2026, 7, 3)))


class TestReversal:
    """A mistake is taken out of the books in sight of all."""

    def test_takes_the_money_off_again_and_stays_visible(self) -> None:
        appeal, user = make_appeal(), make_user()
        collection = record(facts_of(appeal))

        reverse_collection(collection, reason=" Counted twice ", reversed_by=user)

        collection.refresh_from_db()
        assert collection.reversal_reason == "Counted twice"
        assert collection.reversed_by == user
        assert collection.reversed_at is not None
        reading = read_reading(appeal)
        assert reading.raised == reading.counted_not_banked == gbp(0)
        assert reading.collections == 0
        assert JournalEntry.objects.get(reverses=collection.entry).memo == "Reversed: Counted twice"

    def test_needs_a_reason(self) -> None:
        collection = record(facts_of(make_appeal()))

        with pytest.raises(RecordRefusedError) as refused:
            reverse_collection(collection, reason="  ", reversed_by=make_user())

        assert refused.value.field == "reason"
        assert JournalEntry.objects.count() == 1

    def test_happens_once(self) -> None:
        appeal = make_appeal()
        collection = record(facts_of(appeal))
        reverse_collection(collection, reason="Mistake", reversed_by=make_user())

        with pytest.raises(RecordReversedError):
            reverse_collection(collection, reason="Another", reversed_by=make_user())

        assert account_balance(appeal_account(appeal, Role.CASH)) == gbp(0)

    def test_is_never_without_reason_and_person_in_the_database(self) -> None:
        collection = record(facts_of(make_appeal()))

        with (
            pytest.raises(IntegrityError, match="reversal_has_reason_and_person"),
            transaction.atomic(),
        ):
            CashCollection.objects.filter(pk=collection.pk).update(reversed_at=timezone.now())
