"""Reminders of cash in hand: once for each collection and step, to the right people, nameless."""

from datetime import date, timedelta
from typing import Any
from unittest import mock

import pytest
from django.core import mail
from django.db import IntegrityError, transaction

from appeals.models import Appeal
from funds.models import Membership
from funds.money import Money
from payments.cash import reverse_collection
from payments.models import CashNudge
from payments.nudges import send_due_nudges
from payments.recording import local_today
from payments.working_days import working_days_between
from tests.factories import gbp, make_appeal, make_branch, make_user
from tests.payments.test_cash import facts_of as cash_of
from tests.payments.test_cash import record
from tests.payments.test_paying_in import bank

pytestmark = pytest.mark.django_db

LATE, VERY_LATE = timedelta(days=6), timedelta(days=10)  # over 2, over 5 working days, always


@pytest.fixture
def appeal() -> Appeal:
    make_user("leeds", branches=[make_branch("Leeds")])
    make_user("york", branches=[make_branch("York")])
    make_user("national", role=Membership.Role.NATIONAL_TREASURER)
    return make_appeal()


def gathered(appeal: Appeal, *, ago: timedelta, **changes: Any) -> Any:
    return record(cash_of(appeal, collected_on=local_today() - ago, **changes))


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        (date(2026, 11, 6), date(2026, 11, 6), 0),  # Friday
        (date(2026, 11, 6), date(2026, 11, 8), 0),
        (date(2026, 11, 6), date(2026, 11, 9), 1),
        (date(2026, 11, 7), date(2026, 11, 9), 1),
        (date(2026, 11, 6), date(2026, 11, 13), 5),
        (date(2026, 11, 6), date(2026, 11, 24), 12),
        (date(2026, 11, 9), date(2026, 11, 6), 0),
    ],
)
def test_working_days_are_those_from_monday_to_friday(start: date, end: date, days: int) -> None:
    assert working_days_between(start, end) == days


def test_the_branch_is_written_to_once(appeal: Appeal) -> None:
    gathered(appeal, ago=LATE, place="At Ada's", counted_by="Ada")
    gathered(appeal, ago=timedelta(0))

    assert send_due_nudges() == 1
    assert send_due_nudges() == 0

    (letter,) = mail.outbox
    assert letter.to == ["leeds@example.org"]
    assert "£25.00 of Leeds is counted and not yet banked" in letter.body
    assert "/treasurer/payings-in/new/" in letter.body
    assert "Ada" not in letter.body
    assert CashNudge.objects.count() == 1


def test_after_five_days_the_national_treasurer_hears_of_it_too(appeal: Appeal) -> None:
    one = gathered(appeal, ago=VERY_LATE)
    CashNudge.objects.create(collection=one, after_days=2)

    send_due_nudges()

    assert mail.outbox[0].to == ["leeds@example.org", "national@example.org"]
    assert set(CashNudge.objects.values_list("after_days", flat=True)) == {2, 5}


def test_each_branch_has_its_own_letter_with_all_its_currencies(appeal: Appeal) -> None:
    euros = make_appeal("euros", target=Money(100, "EUR"))
    gathered(appeal, ago=LATE)
    gathered(appeal, ago=LATE)
    gathered(euros, ago=LATE, amount=Money(9, "EUR"))
    gathered(appeal, ago=LATE, branch=make_branch("York"))

    assert send_due_nudges() == 2

    assert "€9.00 and £50.00 of Leeds" in mail.outbox[0].body


def test_banked_and_reversed_cash_is_let_be(appeal: Appeal) -> None:
    bank([gathered(appeal, ago=LATE)])
    reverse_collection(gathered(appeal, ago=LATE), reason="Twice", reversed_by=make_user())

    assert send_due_nudges() == 0


def test_a_branch_without_an_address_and_a_dead_mail_server_hold_nothing_up(
    appeal: Appeal,
) -> None:
    gathered(appeal, ago=LATE, branch=make_branch("Hull"))
    assert send_due_nudges() == 0

    gathered(appeal, ago=LATE)
    with mock.patch("payments.nudges.EmailMessage.send", side_effect=ConnectionRefusedError):
        assert send_due_nudges() == 0
    assert mail.outbox == []


def test_before_the_organisation_is_there_nothing_is_sent() -> None:
    assert send_due_nudges() == 0


def test_the_database_keeps_one_nudge_a_step(appeal: Appeal) -> None:
    one = gathered(appeal, ago=LATE, amount=gbp(1))
    CashNudge.objects.create(collection=one, after_days=2)

    with pytest.raises(IntegrityError, match="once_a_step"), transaction.atomic():
        CashNudge.objects.create(collection=one, after_days=2)
