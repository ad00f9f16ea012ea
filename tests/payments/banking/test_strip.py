"""What may name a payer goes a year after the line was explained; what the books need stays."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from funds.models import Membership
from payments.audit import audit_till
from payments.banking.confirming import set_aside, undo_match
from payments.banking.importing import read_due_files
from payments.banking.matching import propose_matches
from payments.banking.rules import remember_reference
from payments.banking.strip import STRIPPED_AFTER, strip_old_lines
from payments.chores import CHORES
from payments.models import StatementImport, StatementLine, StatementMatch
from payments.recording import local_today
from tests.factories import TODAY, gbp, make_appeal, make_branch, make_organisation, make_user
from tests.payments.banking.statements import Told, camt_of, csv_of, keep, read, take
from tests.payments.test_treasurer_pages import text_of

pytestmark = pytest.mark.django_db

NAMED = Told(TODAY, gbp(12), "A WALKER STANDING ORDER", "A WALKER SUBS")


def explained(line: StatementLine, *, days_ago: int) -> StatementMatch:
    """A person said what it is, so many days ago."""
    set_aside([line], note="Subscriptions", by=make_user())
    at = timezone.now() - timedelta(days=days_ago)
    StatementMatch.objects.filter(line=line).update(confirmed_at=at)
    return StatementMatch.objects.get(line=line)


def a_line() -> StatementLine:
    make_organisation()
    (line,) = take(NAMED)
    return line


LONG_AGO = STRIPPED_AFTER.days + 1


def test_a_year_after_it_was_explained_a_line_names_nobody() -> None:
    line = a_line()
    explained(line, days_ago=LONG_AGO)

    assert strip_old_lines() == 1
    assert strip_old_lines() == 0

    line.refresh_from_db()
    assert (line.text, line.bank_reference) == ("", "")
    assert line.stripped_at is not None
    assert (line.booked_on, line.amount) == (NAMED.day, NAMED.amount)
    assert list(audit_till()) == []


@pytest.mark.parametrize("days_ago", [0, STRIPPED_AFTER.days - 1])
def test_before_that_it_keeps_its_words(days_ago: int) -> None:
    line = a_line()
    explained(line, days_ago=days_ago)

    assert strip_old_lines() == 0
    line.refresh_from_db()
    assert line.text == NAMED.text


def test_a_line_that_nobody_explained_keeps_them_however_old() -> None:
    line = a_line()
    StatementLine.objects.update(booked_on=local_today() - timedelta(days=2000))

    assert strip_old_lines() == 0

    match = explained(line, days_ago=LONG_AGO)
    undo_match(match, reason="It was rent", by=make_user())
    assert strip_old_lines() == 0
    line.refresh_from_db()
    assert line.text == NAMED.text


def test_a_proposal_is_no_explanation() -> None:
    appeal, line = make_appeal(), a_line()
    remember_reference("A WALKER SUBS", appeal=appeal, branch=None, made_by=make_user())
    assert propose_matches() == 1
    StatementMatch.objects.update(proposed_at=timezone.now() - timedelta(days=LONG_AGO))

    assert strip_old_lines() == 0
    line.refresh_from_db()
    assert line.text == NAMED.text


def test_the_same_file_again_brings_nothing_though_the_words_are_gone() -> None:
    content = csv_of([NAMED, NAMED, Told(TODAY, gbp(5), "B RIDER")])
    make_organisation()
    read(content)
    for line in StatementLine.objects.all():
        explained(line, days_ago=LONG_AGO)
    assert strip_old_lines() == 3

    again = read(content)

    assert again.state == StatementImport.State.DONE
    assert (again.lines_read, again.lines_new) == (3, 0)
    assert StatementLine.objects.count() == 3


def test_the_same_lines_in_another_format_bring_nothing_either() -> None:
    make_organisation()
    read(csv_of([NAMED]))
    explained(StatementLine.objects.get(), days_ago=LONG_AGO)
    strip_old_lines()

    again = keep(camt_of([NAMED]))
    read_due_files()
    again.refresh_from_db()

    assert (again.lines_read, again.lines_new) == (1, 0)


def test_one_call_takes_a_batch_and_the_next_goes_on() -> None:
    make_organisation()
    lines = take(*(Told(local_today(), gbp(n), f"PAYER {n}") for n in range(1, 4)))
    for line in lines:
        explained(line, days_ago=LONG_AGO)

    assert [strip_old_lines(limit=2), strip_old_lines(limit=2), strip_old_lines(limit=2)] == [
        2,
        1,
        0,
    ]


def test_the_database_keeps_a_stripped_line_empty() -> None:
    line = a_line()
    explained(line, days_ago=LONG_AGO)
    strip_old_lines()

    with pytest.raises(IntegrityError, match="that_is_stripped_says_nothing"), transaction.atomic():
        StatementLine.objects.filter(pk=line.pk).update(text="A WALKER")


def test_a_stripped_line_that_is_open_again_is_proposed_by_nothing() -> None:
    appeal = make_appeal()
    line = a_line()
    match = explained(line, days_ago=LONG_AGO)
    strip_old_lines()
    undo_match(match, reason="It was rent", by=make_user())
    remember_reference("A WALKER SUBS", appeal=appeal, branch=make_branch(), made_by=make_user())

    assert propose_matches() == 0


def test_its_page_says_why_it_is_empty(client: Client) -> None:
    line = a_line()
    explained(line, days_ago=LONG_AGO)
    strip_old_lines()
    client.force_login(make_user(role=Membership.Role.NATIONAL_TREASURER))

    page = text_of(client.get(f"/treasurer/bank/lines/{line.reference}/"))

    assert "Its words were emptied" in page
    assert "WALKER" not in page


def test_the_till_does_it_by_itself() -> None:
    (chore,) = [chore for chore in CHORES if chore.run is strip_old_lines]
    assert not chore.asks_stripe
