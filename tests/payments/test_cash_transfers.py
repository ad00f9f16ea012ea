"""Recording bank transfers and cheques: booked once, the giver apart from the books."""

import uuid
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from appeals.models import Appeal
from appeals.progress import read_reading
from donors.models import Donor
from funds import chart
from funds.balances import account_balance
from funds.models import JournalEntry
from funds.money import Money
from payments.models import TransferReceipt
from payments.recording import (
    RecordConflictError,
    RecordRefusedError,
    RecordReversedError,
    local_today,
)
from payments.transfers import GivenBy, TransferFacts, record_transfer, reverse_transfer
from tests.factories import gbp, make_appeal, make_branch, make_organisation, make_user
from tests.payments.test_cash import race

pytestmark = pytest.mark.django_db

IDENTIFIED = GivenBy(name="The giver", address="1 Example Street, Leeds")


def facts_of(appeal: Appeal, **changes: Any) -> TransferFacts:
    """£45,000 by bank transfer, today, from an identified giver, to no branch."""
    return replace(
        TransferFacts(
            appeal=appeal,
            branch=None,
            method=TransferReceipt.Method.TRANSFER,
            received_on=local_today(),
            amount=gbp(45_000),
            bank_reference="PREMISES 1",
            given_by=IDENTIFIED,
        ),
        **changes,
    )


def record(facts: TransferFacts) -> TransferReceipt:
    return record_transfer(uuid.uuid4(), facts, recorded_by=make_user()).receipt


def test_a_transfer_is_in_the_bank_and_raised() -> None:
    appeal = make_appeal("premises")

    receipt = record(facts_of(appeal))

    reading = read_reading(appeal)
    assert reading.raised == reading.by_method["transfer"] == reading.no_branch == gbp(45_000)
    assert reading.counted_not_banked == gbp(0)
    assert account_balance(chart.account(chart.BANK, currency="GBP")) == gbp(45_000)
    assert receipt.entry.source_key == f"transfer:{receipt.reference}:received"


def test_a_cheque_can_be_credited_to_a_branch() -> None:
    appeal, leeds = make_appeal(), make_branch("Leeds")

    record(facts_of(appeal, method=TransferReceipt.Method.CHEQUE, branch=leeds))

    assert [(row.name, row.raised) for row in read_reading(appeal).league] == [
        ("Leeds", gbp(45_000))
    ]


def test_the_giver_is_kept_apart_from_the_books() -> None:
    receipt = record(facts_of(make_appeal(), bank_reference="REF 7"))

    assert receipt.donor is not None
    assert (receipt.donor.name, receipt.donor.address) == ("The giver", "1 Example Street, Leeds")
    assert not receipt.donor.show_name
    assert receipt.entry.memo == "Bank transfer for Rally"


def test_the_books_stand_when_the_giver_is_erased() -> None:
    appeal = make_appeal()
    receipt = record(facts_of(appeal))

    Donor.objects.all().delete()

    receipt.refresh_from_db()
    assert receipt.donor is None
    assert read_reading(appeal).raised == gbp(45_000)


def test_a_small_transfer_needs_no_name() -> None:
    receipt = record(facts_of(make_appeal(), amount=gbp(500), given_by=GivenBy()))

    assert receipt.donor is None
    assert not Donor.objects.exists()


@pytest.mark.parametrize(
    ("given_by", "field"),
    [
        (GivenBy(), "name"),
        (GivenBy(name="The giver"), "address"),
        (GivenBy(address="Leeds"), "name"),
    ],
)
def test_over_the_limit_the_giver_is_identified(given_by: GivenBy, field: str) -> None:
    with pytest.raises(RecordRefusedError) as refused:
        record(facts_of(make_appeal(), amount=gbp("500.01"), given_by=given_by))

    assert refused.value.field == field
    assert not JournalEntry.objects.exists()
    assert not Donor.objects.exists()


def test_an_organisation_without_a_limit_asks_no_name() -> None:
    appeal = make_appeal()
    make_organisation(identified_donation_limit=None)

    assert record(facts_of(appeal, given_by=GivenBy())).amount == gbp(45_000)


def test_the_limit_is_the_organisation_s_own() -> None:
    appeal = make_appeal()
    make_organisation(identified_donation_limit=Decimal(50))

    with pytest.raises(RecordRefusedError):
        record(facts_of(appeal, amount=gbp("50.01"), given_by=GivenBy()))


def test_the_same_reference_twice_records_once() -> None:
    facts, reference = facts_of(make_appeal()), uuid.uuid4()

    first = record_transfer(reference, facts, recorded_by=make_user())
    second = record_transfer(reference, facts, recorded_by=make_user())

    assert (first.is_new, second.is_new) == (True, False)
    assert first.receipt == second.receipt
    assert JournalEntry.objects.count() == Donor.objects.count() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"amount": gbp(46_000)},
        {"bank_reference": "PREMISES 2"},
        {"given_by": replace(IDENTIFIED, name="Another giver")},
    ],
)
def test_the_same_reference_with_other_content_is_a_conflict(change: dict[str, Any]) -> None:
    facts, reference = facts_of(make_appeal()), uuid.uuid4()
    recorded = record_transfer(reference, facts, recorded_by=make_user()).receipt

    with pytest.raises(RecordConflictError) as conflict:
        record_transfer(reference, replace(facts, **change), recorded_by=make_user())

    assert conflict.value.recorded == recorded
    assert Donor.objects.count() == 1


def test_a_retry_after_the_giver_was_erased_is_no_conflict() -> None:
    facts, reference = facts_of(make_appeal()), uuid.uuid4()
    record_transfer(reference, facts, recorded_by=make_user())
    Donor.objects.all().delete()

    assert not record_transfer(reference, facts, recorded_by=make_user()).is_new


@pytest.mark.django_db(transaction=True)
def test_taps_at_the_same_moment_record_once() -> None:
    facts, reference, user = facts_of(make_appeal()), uuid.uuid4(), make_user()

    results = race(*[lambda: record_transfer(reference, facts, recorded_by=user).is_new] * 6)

    assert sorted(map(str, results)) == ["False"] * 5 + ["True"]
    assert TransferReceipt.objects.count() == Donor.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_racing_amounts_under_one_reference_record_one() -> None:
    facts, reference, user = facts_of(make_appeal()), uuid.uuid4(), make_user()

    results = race(
        *[
            lambda amount=amount: (
                record_transfer(
                    reference, replace(facts, amount=gbp(amount)), recorded_by=user
                ).is_new
            )
            for amount in (1, 2, 3, 4)
        ]
    )

    assert results.count(True) == 1
    assert sum(isinstance(result, RecordConflictError) for result in results) == 3
    assert TransferReceipt.objects.count() == Donor.objects.count() == 1


class TestRefused:
    """What cannot be right is refused in words."""

    @pytest.mark.parametrize("days", [-1, 367])
    def test_a_date_that_cannot_be_meant(self, days: int) -> None:
        appeal = make_appeal(opens_at=timezone.now() - timedelta(days=2000))

        with pytest.raises(RecordRefusedError) as refused:
            record(facts_of(appeal, received_on=local_today() - timedelta(days=days)))

        assert refused.value.field == "received_on"

    def test_a_draft(self) -> None:
        with pytest.raises(RecordRefusedError):
            record(facts_of(make_appeal(status=Appeal.Status.DRAFT)))

    def test_another_currency(self) -> None:
        with pytest.raises(RecordRefusedError, match="in GBP, not EUR"):
            record(facts_of(make_appeal(), amount=Money(10, "EUR")))


def test_a_cheque_may_clear_after_the_appeal_closed() -> None:
    appeal = make_appeal(status=Appeal.Status.CLOSED, closes_at=timezone.now() - timedelta(days=3))

    record(facts_of(appeal, method=TransferReceipt.Method.CHEQUE))

    assert read_reading(appeal).raised == gbp(45_000)


def test_a_cheque_that_bounced_is_reversed_once_with_its_reason() -> None:
    appeal, user = make_appeal(), make_user()
    receipt = record(facts_of(appeal))

    with pytest.raises(RecordRefusedError):
        reverse_transfer(receipt, reason=" ", reversed_by=user)
    reversed_receipt = reverse_transfer(receipt, reason="Bounced", reversed_by=user)
    with pytest.raises(RecordReversedError):
        reverse_transfer(receipt, reason="Bounced", reversed_by=user)

    assert reversed_receipt.reversal_reason == "Bounced"
    assert read_reading(appeal).raised == gbp(0)
    assert account_balance(chart.account(chart.BANK, currency="GBP")) == gbp(0)
