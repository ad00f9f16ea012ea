"""Two workers who are told of the same month, each of one half of it."""

import threading

import pytest
from django.db import connection
from django.test import Client

from payments.inbox import act_on_everything_due, count_waiting
from payments.models import CardDonation
from tests.factories import gbp, make_appeal, make_monthly
from tests.monthly_events import invoice_event, invoice_payment_event, month_events
from tests.payments.books import raised_by_card
from tests.stripe_events import deliver

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*work: object) -> None:
    """Each in a thread and on a connection of its own."""
    start = threading.Barrier(len(work))

    def run(piece: object) -> None:
        start.wait()
        try:
            assert callable(piece)
            piece()
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(piece,)) for piece in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("turn", range(5))
def test_each_finds_the_others_half(turn: int) -> None:
    """Were both only to look, each might miss what the other has not committed yet."""
    monthly = make_monthly(appeal=make_appeal())

    def tell(event: dict[str, object]) -> None:
        deliver(Client(), event)
        act_on_everything_due()

    halves = [invoice_event(monthly), invoice_payment_event(monthly)]
    at_once(*(lambda event=event: tell(event) for event in halves))
    act_on_everything_due()
    assert raised_by_card(monthly.appeal) == gbp(10)
    assert CardDonation.objects.count() == 1
    assert count_waiting() == 0


def test_many_workers_and_many_months_book_each_once() -> None:
    appeal = make_appeal()
    monthlies = [make_monthly(appeal=appeal) for _ in range(6)]
    for month in (1, 2, 3):
        for monthly in monthlies:
            for event in month_events(monthly, month):
                deliver(Client(), event)
                deliver(Client(), event | {"id": event["id"] + "_again"})
    at_once(*[act_on_everything_due] * 4)
    act_on_everything_due()
    assert raised_by_card(appeal) == gbp(180)
    assert CardDonation.objects.count() == 18
