"""The hall is told that buckets are counted, and never how much is in them before two agree."""

import pytest

from appeals.models import Appeal, BeingCounted
from appeals.progress import Reading, read_reading
from appeals.reading_json import reading_json
from funds.models import Branch
from payments.audit import audit_till
from payments.counting.settling import count_anew, set_aside, sign_difference
from payments.counting.tables import BucketFacts, add_bucket, close_table, undo_last_move
from payments.models import Seat
from tests.factories import gbp, make_appeal
from tests.payments.counting import Table

pytestmark = pytest.mark.django_db
Side = Seat.Side


def reading(table: Table) -> Reading:
    return read_reading(Appeal.objects.get(pk=table.appeal.pk))


def test_a_bucket_is_being_counted_until_two_agree_and_raised_only_then() -> None:
    table = Table(buckets=3)
    assert (reading(table).being_counted, reading(table).raised) == (3, gbp(0))

    table.count(Side.A)
    assert (reading(table).being_counted, reading(table).raised) == (3, gbp(0))
    table.count(Side.B)
    assert (reading(table).being_counted, reading(table).raised) == (2, gbp(60))
    assert reading_json(reading(table))["being_counted"] == 2


def test_while_counts_differ_it_is_still_being_counted() -> None:
    table = Table()
    table.differ_twice({"2000": 3}, {"2000": 2})
    assert reading(table).being_counted == 1
    sign_difference(table.bucket(), reason="Lost", also_by="B. Other", signed_by=table.treasurer)
    assert (reading(table).being_counted, reading(table).raised) == (0, gbp(40))


def test_counted_anew_it_is_being_counted_again_and_raised_no_more() -> None:
    table = Table()
    table.both_count()
    count_anew(table.bucket(), reason="Mixed up", by=table.treasurer)
    assert (reading(table).being_counted, reading(table).raised) == (1, gbp(0))


def test_set_aside_or_added_later_or_begun_too_early() -> None:
    table = Table(buckets=2)
    set_aside(table.bucket(1), reason="Not used", by=table.treasurer)
    assert reading(table).being_counted == 1
    add_bucket(table.occasion, BucketFacts(), by=table.treasurer)
    assert reading(table).being_counted == 2
    undo_last_move(table.occasion, reason="Too early", by=table.treasurer)
    assert reading(table).being_counted == 0


def test_one_counter_and_a_witness_are_enough_where_that_is_the_rule() -> None:
    branch = Branch.objects.create(
        name="Hull", slug="hull", region=Table().occasion.branch.region, count_rule="witness"
    )
    table = Table(branch=branch, count_rule=Branch.CountRule.WITNESS)
    before = reading(table).being_counted
    table.count(Side.A, witness="W. Itness")
    assert reading(table).being_counted == before - 1


def test_what_changes_nothing_for_the_hall_is_not_told() -> None:
    table = Table()
    before = reading(table).sequence
    table.count(Side.A)
    assert reading(table).sequence == before
    table.count(Side.B)
    before = reading(table).sequence
    close_table(table.occasion, by=table.treasurer)
    assert reading(table).sequence == before


def test_each_change_steps_the_sequence_so_that_open_pages_hear_of_it() -> None:
    table = Table()
    before = reading(table).sequence
    set_aside(table.bucket(), reason="Not used", by=table.treasurer)
    assert reading(table).sequence > before


def test_another_appeal_hears_nothing() -> None:
    other = make_appeal("premises")
    Table(buckets=3)
    assert read_reading(other).being_counted == 0


def test_the_audit_finds_what_the_hall_is_told_wrongly() -> None:
    table = Table()
    assert not list(audit_till())
    BeingCounted.objects.create(appeal=table.appeal, source_key="bucket:gone")
    BeingCounted.objects.exclude(source_key="bucket:gone").delete()
    found = [found.detail for found in audit_till()]
    assert sorted(found) == ["is told of, and not on a table", "lies on a table untold"]
