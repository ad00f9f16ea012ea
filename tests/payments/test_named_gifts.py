"""Large single donations: out of the bucket, by name, sealed apart from the books; or refused."""

import json
import logging
import re
import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from pytest_django import Settings

from appeals.progress import read_reading
from donors.models import SealedGiver
from donors.sealed import GiverDetails, UnreadableGiverError, open_giver, seal_giver
from funds.models import JournalEntry, Membership
from funds.money import Money
from payments.audit import audit_till
from payments.cash import reverse_collection
from payments.counting.gifts import GiftFacts, read_giver, record_gift
from payments.counting.tables import close_table
from payments.models import CashCollection, NamedGift, Occasion, OccasionStep
from payments.recording import RecordConflictError, RecordRefusedError, local_today
from tests.factories import gbp, make_organisation, make_user
from tests.payments.counting import Table
from tests.payments.test_count_pages import text_of

pytestmark = pytest.mark.django_db

GIVER = GiverDetails(name="Wilhelmina Giver", address="7 Sealed Street", contact="020 7946 0000")


def facts_of(**changes: Any) -> GiftFacts:
    """£600 in an envelope, taken."""
    return replace(
        GiftFacts(
            form=NamedGift.Form.CASH,
            outcome=NamedGift.Outcome.ACCEPTED,
            amount=gbp(600),
            counted_by="First counter",
            witnessed_by="Second counter",
            giver=GIVER,
        ),
        **changes,
    )


def record(table: Table, **changes: Any) -> NamedGift:
    return record_gift(
        table.occasion, uuid.uuid4(), facts_of(**changes), recorded_by=table.treasurer
    )


class TestSealing:
    def test_what_is_sealed_can_be_opened_and_is_not_to_be_read_in_the_database(self) -> None:
        sealed = seal_giver(GIVER)

        assert open_giver(SealedGiver.objects.get(pk=sealed.pk)) == GIVER
        with connection.cursor() as cursor:
            cursor.execute("SELECT row_to_json(g)::text FROM donors_sealedgiver g")
            (kept,) = cursor.fetchone()
        for told in ("Wilhelmina", "Sealed Street", "7946"):
            assert told not in kept

    def test_details_do_not_name_anybody_in_a_log(self) -> None:
        assert "Wilhelmina" not in repr(GIVER)
        assert "Wilhelmina" not in str(seal_giver(GIVER))

    def test_a_new_key_in_front_still_opens_what_the_old_one_sealed(
        self, settings: Settings
    ) -> None:
        old, new = "old" * 12, "new" * 12
        settings.DONORS_KEYS = [old]
        sealed = seal_giver(GIVER)

        settings.DONORS_KEYS = [new, old]
        assert open_giver(sealed) == GIVER
        with_new = seal_giver(GIVER)
        settings.DONORS_KEYS = [new]
        assert open_giver(with_new) == GIVER
        with pytest.raises(UnreadableGiverError):
            open_giver(sealed)

    def test_the_key_is_not_the_secret_itself(self, settings: Settings) -> None:
        """Derived under a name of its own: another use of the secret opens nothing here."""
        from cryptography.fernet import Fernet, InvalidToken  # noqa: PLC0415 - only here

        settings.DONORS_KEYS = ["A" * 43 + "="]
        sealed = seal_giver(GIVER)

        with pytest.raises(InvalidToken):
            Fernet("A" * 43 + "=").decrypt(sealed.sealed)

    def test_nothing_unsealed_gets_into_the_table(self) -> None:
        with pytest.raises(IntegrityError, match="sealed_giver_is_sealed"), transaction.atomic():
            SealedGiver.objects.create(sealed=json.dumps({"name": "Wilhelmina"}))


class TestRecording:
    def test_cash_is_booked_by_itself_and_names_nobody(self) -> None:
        table = Table()

        gift = record(table)

        collection = CashCollection.objects.get()
        assert gift.collection == collection
        assert collection.amount == read_reading(table.appeal).raised == gbp(600)
        assert collection.place == "Saturday rally, a donation by name"
        booked = str(list(CashCollection.objects.values())) + str(
            list(JournalEntry.objects.values())
        )
        assert "Wilhelmina" not in booked
        assert gift.giver is not None
        assert open_giver(gift.giver) == GIVER
        assert list(audit_till()) == []

    def test_a_cheque_counts_when_it_has_cleared(self) -> None:
        table = Table()

        gift = record(table, form=NamedGift.Form.CHEQUE, dated_on=local_today())

        assert gift.collection is None
        assert not JournalEntry.objects.exists()

    def test_a_refused_one_books_nothing_and_keeps_no_name(self) -> None:
        gift = record(
            Table(), outcome=NamedGift.Outcome.REFUSED, reason="Would not say", giver=GIVER
        )

        assert gift.giver is None
        assert not SealedGiver.objects.exists()
        assert not JournalEntry.objects.exists()

    def test_the_same_form_twice_is_one_gift_and_another_is_a_conflict(self) -> None:
        table, reference = Table(), uuid.uuid4()
        first = record_gift(table.occasion, reference, facts_of(), recorded_by=table.treasurer)
        again = record_gift(table.occasion, reference, facts_of(), recorded_by=table.treasurer)

        assert first == again
        with pytest.raises(RecordConflictError):
            record_gift(
                table.occasion, reference, facts_of(amount=gbp(601)), recorded_by=table.treasurer
            )
        assert CashCollection.objects.count() == SealedGiver.objects.count() == 1

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"amount": gbp(500)}, "amount"),
            ({"amount": gbp(2_000_000)}, "amount"),
            ({"amount": Money(600, "EUR")}, "amount"),
            ({"giver": None}, "giver_name"),
            ({"giver": replace(GIVER, address="")}, "giver_name"),
            ({"witnessed_by": "FIRST counter"}, "witnessed_by"),
            ({"days_ahead": 0}, "dated_on"),
            ({"form": NamedGift.Form.CHEQUE}, "dated_on"),
            ({"form": NamedGift.Form.CHEQUE, "days_ahead": 1}, "dated_on"),
            ({"outcome": NamedGift.Outcome.REFUSED}, "reason"),
        ],
    )
    def test_what_cannot_be_right_names_its_field(
        self, changes: dict[str, Any], field: str
    ) -> None:
        table, changes = Table(), dict(changes)
        if (days := changes.pop("days_ahead", None)) is not None:
            changes["dated_on"] = local_today() + timedelta(days=days)

        with pytest.raises(RecordRefusedError) as refused:
            record(table, **changes)

        assert refused.value.field == field
        assert not NamedGift.objects.exists()
        assert not SealedGiver.objects.exists()

    def test_strictly_more_than_the_limit_needs_a_name(self) -> None:
        assert record(Table(), amount=gbp("500.01")).collection is not None

    def test_only_while_its_table_is_open(self) -> None:
        table = Table()
        table.both_count()
        close_table(table.occasion, by=table.treasurer)
        table.occasion = Occasion.objects.select_related("appeal").get(pk=table.occasion.pk)

        with pytest.raises(RecordRefusedError, match="Open the table first"):
            record(table)

    def test_a_mistake_is_reversed_like_any_collection(self) -> None:
        table = Table()
        gift = record(table)
        assert gift.collection is not None

        reverse_collection(gift.collection, reason="Counted twice", reversed_by=table.treasurer)

        assert read_reading(table.appeal).raised == gbp(0)
        assert list(audit_till()) == []

    def test_another_amount_in_the_books_is_found(self) -> None:
        record(Table())
        NamedGift.objects.update(amount=601)

        assert "records are booked" in [difference.check for difference in audit_till()]


class TestPages:
    def told(self, **changes: str) -> dict[str, str]:
        return {
            "reference": str(uuid.uuid4()),
            "form": "cash",
            "outcome": "accepted",
            "amount": "£600",
            "giver_name": GIVER.name,
            "giver_address": GIVER.address,
            "giver_contact": GIVER.contact,
            "counted_by": "First counter",
            "witnessed_by": "Second counter",
            **changes,
        }

    @pytest.fixture
    def table(self) -> Table:
        return Table()

    @pytest.fixture
    def treasurer(self, table: Table) -> Client:
        client = Client()
        client.force_login(table.treasurer)
        return client

    @pytest.fixture
    def registrar(self) -> Client:
        client = Client()
        client.force_login(make_user("registrar", role=Membership.Role.REGISTRAR))
        return client

    def address(self, table: Table) -> str:
        return f"/treasurer/occasions/{table.occasion.reference}/gifts/"

    def test_the_treasurer_records_it_and_never_sees_the_name_again(
        self, table: Table, treasurer: Client, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        response = treasurer.post(self.address(table), self.told(), follow=True)

        assert "the giver's details are sealed" in text_of(response).replace("&#x27;", "'")
        gift = NamedGift.objects.get()
        for page in (
            f"/treasurer/occasions/{table.occasion.reference}/",
            "/treasurer/collections/",
            self.address(table),
        ):
            assert "Wilhelmina" not in treasurer.get(page).content.decode()
        assert treasurer.get("/treasurer/givers/").status_code == 404
        assert treasurer.post(f"/treasurer/givers/{gift.reference}/").status_code == 404
        assert "Wilhelmina" not in " ".join(
            record.getMessage()
            for record in caplog.records
            if not record.name.startswith("django.db")
        )
        steps = str(list(OccasionStep.objects.values()))
        assert "Wilhelmina" not in steps

    def test_the_form_stops_kindly(self, table: Table, treasurer: Client) -> None:
        small = treasurer.post(self.address(table), self.told(amount="500"))
        unnamed = treasurer.post(self.address(table), self.told(giver_name=""))
        no_figure = treasurer.post(self.address(table), self.told(amount="much"))
        none = treasurer.post(self.address(table), self.told(amount=""))

        assert {r.status_code for r in (small, unnamed, no_figure, none)} == {422}
        assert "put it back into the bucket" in text_of(small)
        assert "refuse it below" in text_of(unnamed)

    def test_the_same_form_again_is_no_second_gift(self, table: Table, treasurer: Client) -> None:
        told = self.told()
        treasurer.post(self.address(table), told)
        assert treasurer.post(self.address(table), told).status_code == 302
        assert treasurer.post(self.address(table), {**told, "amount": "700"}).status_code == 409
        assert NamedGift.objects.count() == 1

    def test_a_refused_one_is_written_down(self, table: Table, treasurer: Client) -> None:
        told = self.told(outcome="refused", reason="Would not say", giver_name="")
        page = text_of(treasurer.post(self.address(table), told, follow=True))

        assert "refused and given back" in page
        assert "Would not say" in page

    def test_without_a_limit_nothing_needs_a_name(self, table: Table, treasurer: Client) -> None:
        make_organisation(identified_donation_limit=None)

        assert "No donation needs a name here" in text_of(treasurer.get(self.address(table)))

    def test_only_the_registrar_opens_a_giver_and_that_is_written_down(
        self, table: Table, treasurer: Client, registrar: Client
    ) -> None:
        treasurer.post(self.address(table), self.told())
        where = f"/treasurer/givers/{NamedGift.objects.get().reference}/"

        assert "Wilhelmina" not in registrar.get("/treasurer/givers/").content.decode()
        assert "Wilhelmina" not in registrar.get(where).content.decode()
        opened = registrar.post(where)

        assert "Wilhelmina Giver" in text_of(opened)
        assert opened.headers["Cache-Control"] == "no-store, private"
        step = OccasionStep.objects.get(kind=OccasionStep.Kind.GIVER_READ)
        assert step.by is not None
        assert step.by.username == "registrar"

    def test_a_giver_who_was_erased_or_cannot_be_read_is_told_so(
        self, table: Table, registrar: Client, settings: Settings
    ) -> None:
        gift = record(table)
        where = f"/treasurer/givers/{gift.reference}/"
        settings.DONORS_KEYS = ["another key" * 4]
        assert "Sealed with another key" in text_of(registrar.post(where))

        SealedGiver.objects.all().delete()
        gift.refresh_from_db()
        assert read_giver(gift, by=table.treasurer) is None
        assert re.search("details were erased", text_of(registrar.get(where)))

    def test_the_registrar_s_list_may_be_empty(self, registrar: Client) -> None:
        make_organisation()
        assert "None so far" in text_of(registrar.get("/treasurer/givers/"))
