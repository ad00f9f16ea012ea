"""Chores are done once when they are due, whoever keeps the time."""

import threading
from datetime import timedelta
from unittest import mock

import pytest
from django.db import OperationalError, connection
from django.db.models.functions import Now

from payments.models import ChoreOutcome
from payments.stripe_gateway.client import StripeUnavailableError
from payments.timekeeping import Chore, do_chore, read_last_begun, read_late

pytestmark = pytest.mark.django_db

AWAY = StripeUnavailableError("no answer", was_answered=False)


@pytest.fixture(autouse=True)
def _nothing_noted() -> None:
    """Whatever a process of another test, killed late, may have noted."""
    ChoreOutcome.objects.all().delete()


def chore(name: str = "count", *, every_seconds: float = 0.0, **fields: object) -> Chore:
    return Chore(name, every_seconds, fields.pop("run", mock.Mock()), **fields)  # type: ignore[arg-type]


def run_of(name: str = "count") -> ChoreOutcome:
    return ChoreOutcome.objects.get(name=name)


def let_pass(**time: float) -> None:
    """As if everything noted had been noted so long ago."""
    for column in ("began_at", "done_at", "failed_at", "stripe_away_at"):
        ChoreOutcome.objects.filter(**{f"{column}__isnull": False}).update(
            **{column: Now() - timedelta(**time)}
        )


def test_a_chore_that_is_done_is_noted() -> None:
    work = mock.Mock()

    assert do_chore(chore(run=work))

    assert work.call_count == 1
    run = run_of()
    assert run.done_at is not None
    assert run.began_at <= run.done_at
    assert read_last_begun() == run.began_at


def test_a_second_clock_does_not_double_it() -> None:
    work = mock.Mock()

    assert do_chore(chore(every_seconds=60, run=work))
    assert not do_chore(chore(every_seconds=60, run=work))
    let_pass(seconds=50)
    assert do_chore(chore(every_seconds=60, run=work)), "clocks tick unevenly"

    assert work.call_count == 2


def test_seldom_work_is_asked_after_often_and_done_seldom() -> None:
    """Whoever keeps the time may be started again each hour: a day's work is done each day."""
    daily = chore(every_seconds=86_400)
    assert daily.tick_seconds == 60

    assert do_chore(daily)
    let_pass(hours=23)
    assert not do_chore(daily)
    let_pass(hours=24)
    assert do_chore(daily)


def test_a_bug_is_noted_raised_and_tried_again() -> None:
    work = mock.Mock(side_effect=[KeyError("a bug"), None])

    with pytest.raises(KeyError):
        do_chore(chore(run=work))
    failed = run_of()
    assert failed.last_error == "KeyError: 'a bug'"
    assert failed.done_at is None

    assert do_chore(chore(run=work))
    assert run_of().last_error == ""
    assert run_of().failed_at == failed.failed_at


def test_stripe_away_puts_off_what_asks_stripe_and_nothing_else() -> None:
    asking, other, letters = mock.Mock(side_effect=AWAY), mock.Mock(), mock.Mock()

    assert not do_chore(chore("fees", run=asking))
    assert not do_chore(chore("fees", run=asking))
    assert not do_chore(chore("payouts", run=other))
    assert do_chore(chore("letters", run=letters, asks_stripe=False))
    assert (asking.call_count, other.call_count, letters.call_count) == (1, 0, 1)
    assert run_of("fees").last_error == "StripeUnavailableError: no answer"

    let_pass(seconds=20)
    asking.side_effect = None
    assert do_chore(chore("fees", run=asking))
    assert do_chore(chore("payouts", run=other)), "one answer is enough"


@pytest.mark.django_db(transaction=True)
def test_it_is_done_by_one_at_a_time() -> None:
    begun, go_on = threading.Event(), threading.Event()
    done: list[bool] = []

    def work() -> None:
        begun.set()
        assert go_on.wait(timeout=30)

    def do() -> None:
        done.append(do_chore(chore(run=work)))
        connection.close()

    first = threading.Thread(target=do)
    first.start()
    assert begun.wait(timeout=30)
    assert not do_chore(chore(run=mock.Mock(side_effect=AssertionError("two at a time"))))
    assert do_chore(chore("another")), "each chore has a lock of its own"
    go_on.set()
    first.join()

    assert done == [True]
    assert do_chore(chore()), "the lock is given back"


@pytest.mark.django_db(transaction=True)
def test_a_session_lost_in_the_middle_leaves_no_lock() -> None:
    def lose_session() -> None:
        connection.close()

    def be_cut_off() -> None:
        connection.close()
        raise OperationalError("the database went away")

    assert do_chore(chore(run=lose_session))
    with pytest.raises(OperationalError):
        do_chore(chore(run=be_cut_off))
    assert do_chore(chore())


def test_late_is_what_ended_well_long_ago_or_never() -> None:
    fresh, failing, stale, never = (chore(name) for name in ("fresh", "failing", "stale", "never"))
    do_chore(stale)
    let_pass(minutes=6)
    do_chore(fresh)
    with pytest.raises(KeyError):
        do_chore(chore("failing", run=mock.Mock(side_effect=KeyError)))

    late = read_late([fresh, failing, stale, never])

    assert [run.name for run in late] == ["failing", "stale"]


def test_nothing_was_begun_at_first() -> None:
    assert read_last_begun() is None
