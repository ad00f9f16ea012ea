"""The till against the books: what was told and is not booked must be found, and named."""

import io
import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from funds.ledger import Kind, credit, debit, post_entry, reverse_entry
from payments import inbox
from payments.audit import audit_till
from payments.cash import CollectionFacts, record_collection, reverse_collection
from payments.models import CardDisputeMovement, CardDonation, CashCollection, WebhookEvent
from payments.stripe_gateway import API_VERSION, OUR_METADATA_KEY
from tests.factories import (
    TODAY,
    gbp,
    make_account,
    make_appeal,
    make_branch,
    make_card_donation,
    make_user,
)
from tests.funds.books import execute, make_bank
from tests.stripe_events import (
    NOON,
    checkout_event,
    deliver,
    dispute_event,
    dispute_line,
    refund_event,
)

pytestmark = pytest.mark.django_db


def keep_event(kind: str, thing: dict[str, Any], **fields: Any) -> WebhookEvent:
    """An event as the endpoint keeps it, acted upon unless told otherwise."""
    event = {"id": "evt_1", "type": kind, "created": 1_790_000_000, "data": {"object": thing}}
    settled = {"processed_at": timezone.now(), "outcome": "noted"}
    return WebhookEvent.objects.create(
        **{
            "stripe_id": "evt_1",
            "type": kind,
            "api_version": API_VERSION,
            "object_id": thing["id"],
            "payment_intent_id": thing.get("payment_intent", thing["id"]),
            "created_at": timezone.now(),
            "livemode": False,
            "body": json.dumps(event),
            **settled,
            **fields,
        }
    )


def paid_intent() -> dict[str, Any]:
    return {
        "id": "pi_1",
        "amount_received": 2500,
        "currency": "gbp",
        "metadata": {OUR_METADATA_KEY: str(uuid4())},
    }


def refund() -> dict[str, Any]:
    return {
        "id": "re_1",
        "payment_intent": "pi_1",
        "amount": 500,
        "currency": "gbp",
        "status": "succeeded",
        "created": 1_790_000_000,
        "balance_transaction": "txn_1",
    }


@pytest.fixture
def collection() -> CashCollection:
    """An honest collection."""
    facts = CollectionFacts(
        appeal=make_appeal(),
        branch=make_branch(),
        kind=CashCollection.Kind.COLLECTION,
        collected_on=TODAY,
        place="Market",
        amount=gbp("110.50"),
        pieces={},
        counted_by="Treasurer",
    )
    return record_collection(uuid4(), facts, recorded_by=make_user()).collection


def found() -> list[str]:
    return [str(difference) for difference in audit_till()]


def test_a_lost_paid_event_is_found() -> None:
    keep_event("payment_intent.succeeded", paid_intent())

    assert found() == ["paid events are booked: evt_1: pi_1 is not in the books"]


def test_a_paid_event_that_waits_is_found_with_its_error() -> None:
    waiting = {"processed_at": None, "outcome": "", "last_error": "OperationalError: no"}
    keep_event(
        "payment_intent.succeeded",
        paid_intent(),
        received_at=timezone.now() - timedelta(minutes=2),
        **waiting,
    )

    assert found() == [
        "paid events are booked: evt_1: pi_1 is not in the books; it waits: OperationalError: no"
    ]


def test_an_event_on_its_way_is_no_difference() -> None:
    keep_event("payment_intent.succeeded", paid_intent(), processed_at=None, outcome="")

    assert found() == []


def test_an_event_of_another_site_on_our_account_is_no_difference() -> None:
    keep_event("payment_intent.succeeded", paid_intent() | {"metadata": {}})

    assert found() == []


def test_a_paid_event_that_cannot_be_read_is_found() -> None:
    keep_event("payment_intent.succeeded", paid_intent() | {"currency": None})

    assert found() == ["paid events are booked: evt_1: cannot be read: AttributeError"]


def test_a_lost_refund_is_found() -> None:
    keep_event("refund.created", refund())

    assert found() == ["refunds are booked: evt_1: re_1 is not in the books"]


def test_a_refund_that_never_went_is_no_difference() -> None:
    keep_event(
        "refund.created", refund() | {"status": "requires_action", "balance_transaction": None}
    )

    assert found() == []


class TestCardMoneyThatWentBack:
    """Refunds and disputes, honest and tampered with."""

    @pytest.fixture
    def donation(self, client: Client) -> CardDonation:
        """Refunded in part, disputed, and won back but for a part."""
        donation = make_card_donation(gbp(25), branch=make_branch())
        taken = dispute_line(-2500, line="txn_taken", fee=2000)
        part = dispute_line(1000, line="txn_part", created=NOON + 9)
        told = {"lines": [taken, part], "status": "won"}
        for event in (
            checkout_event(donation),
            refund_event(donation, amount=500),
            dispute_event(donation, "charge.dispute.closed", **told),  # type: ignore[arg-type]
        ):
            deliver(client, event)
        inbox.act_on_everything_due()
        return donation

    def test_honest_ones_are_no_difference(self, donation: CardDonation) -> None:
        assert found() == []

    def test_a_refund_of_another_amount_is_found(self, donation: CardDonation) -> None:
        donation.refunds.update(amount=gbp(6))
        assert found() == [
            "what went back is booked: refund re_1: took 6.00 GBP, booked 500 (minor units)"
        ]

    @pytest.mark.parametrize(
        ("line", "told"),
        [
            ("txn_taken", "took 9.00 GBP, booked 2500"),
            ("txn_part", "took -9.00 GBP, booked -1000"),
        ],
    )
    def test_a_movement_of_another_amount_is_found(
        self, donation: CardDonation, line: str, told: str
    ) -> None:
        CardDisputeMovement.objects.filter(stripe_id=line).update(amount=gbp(9))
        assert found() == [
            f"what went back is booked: movement of a dispute {line}: {told} (minor units)"
        ]

    def test_a_dispute_that_is_not_booked_is_found(self, donation: CardDonation) -> None:
        event = WebhookEvent.objects.get(type="charge.dispute.closed")
        body = event.body.replace("txn_taken", "txn_lost").replace("txn_part", "txn_lost_too")
        WebhookEvent.objects.filter(pk=event.pk).update(body=body)
        assert found() == [
            f"disputes are booked: {event.stripe_id}: stripe:{key} is not in the books"
            for key in ("txn_lost:disputed", "txn_lost_too:reinstated")
        ]

    def test_a_dispute_that_cannot_be_read_is_found(self, donation: CardDonation) -> None:
        event = WebhookEvent.objects.get(type="charge.dispute.closed")
        WebhookEvent.objects.filter(pk=event.pk).update(
            body=event.body.replace('"reason"', '"raisin"')
        )
        assert found() == [f"disputes are booked: {event.stripe_id}: cannot be read: KeyError"]

    def test_a_movement_whose_record_was_deleted_is_found(self, donation: CardDonation) -> None:
        execute("DELETE FROM payments_carddisputemovement WHERE stripe_id = 'txn_part'")
        assert found() == [
            "entries have their record: stripe:txn_part:kept: card-disputed, and no record of it"
        ]

    def test_an_event_that_is_no_dispute_of_ours_is_no_difference(
        self, donation: CardDonation
    ) -> None:
        event = WebhookEvent.objects.get(type="charge.dispute.closed")
        body = json.loads(event.body)
        body["data"]["object"]["payment_intent"] = None
        WebhookEvent.objects.filter(pk=event.pk).update(body=json.dumps(body))
        assert found() == []


def test_an_honest_collection_is_no_difference(collection: CashCollection) -> None:
    assert found() == []


def test_a_collection_booked_with_another_amount_is_found(collection: CashCollection) -> None:
    CashCollection.objects.filter(pk=collection.pk).update(amount=100)

    assert found() == [
        (
            f"records are booked: collection {collection.reference}: recorded 100.00 GBP, "
            "booked 11050 (minor units)"
        ),
        (
            f"what was counted is in hand: collection {collection.reference}: "
            "counted 100.00 GBP, in hand 11050 (minor units)"
        ),
    ]


def test_a_collection_booked_to_another_branch_is_found(collection: CashCollection) -> None:
    CashCollection.objects.filter(pk=collection.pk).update(branch=make_branch("York"))

    of_the_record, of_the_cash = found()
    assert of_the_record.startswith(f"records are booked: collection {collection.reference}")
    assert of_the_cash.endswith("counted 110.50 GBP, in hand 0 (minor units)")


def test_money_whose_record_was_deleted_is_found(collection: CashCollection) -> None:
    key = collection.entry.source_key
    execute(f"DELETE FROM payments_cashcollection WHERE id = {collection.pk}")

    assert found() == [f"entries have their record: {key}: cash-counted, and no record of it"]


@pytest.mark.parametrize(
    "kind",
    ["card-received", "transfer-received", "sales-counted", "card-refund", "card-disputed"],
)
def test_money_that_was_posted_past_the_till_is_found(kind: str) -> None:
    post_entry(
        source_key="by-hand:1",
        kind=Kind(kind),
        occurred_on=TODAY,
        memo="",
        lines=[debit(make_bank(), gbp(5)), credit(make_account("appeal-9:card"), gbp(5))],
    )

    assert found() == [f"entries have their record: by-hand:1: {kind}, and no record of it"]


def test_a_reversal_that_is_only_marked_is_found(collection: CashCollection) -> None:
    user = make_user()
    CashCollection.objects.filter(pk=collection.pk).update(
        reversed_at=timezone.now(), reversed_by=user, reversal_reason="counted twice"
    )

    (difference,) = found()
    assert difference == (
        f"reversals are booked: collection {collection.reference}: "
        "marked as reversed, not in the books"
    )


def test_a_reversal_that_is_not_marked_is_found(collection: CashCollection) -> None:
    reverse_entry(collection.entry, reason="by hand", occurred_on=TODAY)

    assert found() == [
        f"reversals are booked: collection {collection.reference}: reversed unmarked"
    ]


def test_an_honest_reversal_is_no_difference(collection: CashCollection) -> None:
    reverse_collection(collection, reason="counted twice", reversed_by=make_user())

    assert found() == []


@pytest.mark.django_db(transaction=True)
class TestCommand:
    """``audit_books``: says what it found, and exits 1 on a difference."""

    def test_right_books(self, collection: CashCollection) -> None:
        out = io.StringIO()
        call_command("audit_books", stdout=out)

        assert out.getvalue() == "1 entries, 2 postings, 2 balances; the books are right\n"

    def test_a_difference_is_named_and_exits_1(self) -> None:
        keep_event("payment_intent.succeeded", paid_intent())
        out = io.StringIO()

        with pytest.raises(SystemExit, match="1"):
            call_command("audit_books", stdout=out)

        assert "evt_1: pi_1 is not in the books" in out.getvalue()
        assert "differences: 1" in out.getvalue()

    def test_json(self, collection: CashCollection) -> None:
        execute("ALTER TABLE funds_posting DISABLE TRIGGER posting_is_append_only")
        out = io.StringIO()
        try:
            with pytest.raises(SystemExit, match="1"):
                call_command("audit_books", "--json", stdout=out)
        finally:
            execute("ALTER TABLE funds_posting ENABLE TRIGGER posting_is_append_only")

        report = json.loads(out.getvalue())
        assert not report["ok"]
        assert report["size"] == {"entries": 1, "postings": 2, "balances": 2}
        assert report["differences"][0]["subject"] == "posting_is_append_only"
