"""The audit of the bank's side finds what the code would never do."""

from collections.abc import Callable

import pytest

from payments.audit import audit_till
from payments.banking.confirming import confirm_proposal
from payments.banking.matching import propose_matches
from payments.models import (
    CashCollection,
    PayingIn,
    PayingInLine,
    StatementMatch,
    TransferReceipt,
)
from payments.recording import local_today
from tests.factories import gbp, make_appeal, make_user
from tests.payments.banking.statements import Told, take
from tests.payments.test_cash import facts_of as cash_of
from tests.payments.test_cash import record
from tests.payments.test_cash_transfers import facts_of as transfer_of
from tests.payments.test_cash_transfers import record as record_transfer
from tests.payments.test_paying_in import bank

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _books() -> None:
    """A slip that came 3 pounds short, and a transfer; both confirmed."""
    appeal = make_appeal()
    bank([record(cash_of(appeal))], slip_number="100123")
    record_transfer(transfer_of(appeal, bank_reference="PREMISES 1"))
    take(
        Told(local_today(), gbp(22), "CASH 100123"),
        Told(local_today(), gbp(45_000), "PREMISES 1"),
    )
    propose_matches()
    for match in StatementMatch.objects.all():
        confirm_proposal(match.reference, by=make_user(), note="Short")
    assert list(audit_till()) == []


def _move(**changes: object) -> Callable[[], object]:
    return lambda: StatementMatch.objects.filter(kind="paying-in").update(**changes)


@pytest.mark.parametrize(
    ("tamper", "check", "words"),
    [
        (
            lambda: CashCollection.objects.update(amount=24),
            "payings-in are booked",
            "what its collections come to",
        ),
        (
            lambda: PayingInLine.objects.all().delete(),
            "payings-in are booked",
            "what its collections come to",
        ),
        (
            lambda: PayingIn.objects.update(amount=24),
            "payings-in are booked",
            "what its collections come to",
        ),
        (
            lambda: PayingInLine.objects.update(undone_at="2026-11-01T00:00Z"),
            "payings-in stand whole",
            "undone in one place alone",
        ),
        (
            lambda: CashCollection.objects.update(
                reversed_at="2026-11-01T00:00Z", reversed_by=make_user(), reversal_reason="x"
            ),
            "payings-in stand whole",
            "holds a collection that is reversed",
        ),
        (_move(difference_minor=-200), "matches are borne out", "the line is not what was paid in"),
        (
            lambda: StatementMatch.objects.filter(kind="paying-in").update(
                confirmed_by=PayingIn.objects.get().recorded_by
            ),
            "matches are borne out",
            "confirmed by who recorded the cash",
        ),
        (
            lambda: StatementMatch.objects.filter(kind="paying-in").update(
                difference_entry=TransferReceipt.objects.get().entry
            ),
            "matches are borne out",
            "its difference is not in the books",
        ),
        (
            lambda: PayingIn.objects.update(
                reversed_at="2026-11-01T00:00Z", reversed_by=make_user(), reversal_reason="x"
            ),
            "matches are borne out",
            "what was paid in is undone",
        ),
        (
            lambda: TransferReceipt.objects.update(amount=44_000),
            "matches are borne out",
            "the line is not what the transfer came to",
        ),
        (
            lambda: StatementMatch.objects.all().delete(),
            "entries have their record",
            "bank-difference, and no record of it",
        ),
        (
            lambda: (
                StatementMatch.objects.all().delete(),
                PayingInLine.objects.all().delete(),
                PayingIn.objects.all().delete(),
            ),
            "entries have their record",
            "cash-banked, and no record of it",
        ),
    ],
)
def test_what_was_tampered_with_is_named(
    tamper: Callable[[], object], check: str, words: str
) -> None:
    tamper()

    found = [one for one in audit_till() if one.check == check]

    assert any(words in one.detail for one in found), found
