"""Events and card donations in the admin: what waits is seen, tried again, and names nobody."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from donors.models import Donor
from funds.models import Membership
from payments import inbox
from payments.models import CardDonation, RefundOrder, WebhookEvent
from tests.factories import gbp, make_card_donation, make_user
from tests.payments.books import fresh, raised_by_card, the_event
from tests.payments.refunding import make_received, order
from tests.stripe_events import checkout_event, deliver, refund_event

pytestmark = pytest.mark.django_db

EVENTS = "admin:payments_webhookevent_changelist"
DONATIONS = "admin:payments_carddonation_changelist"


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(make_user("operator", role=Membership.Role.OPERATOR))
    return client


@pytest.fixture
def donation() -> CardDonation:
    donor = Donor.objects.create(name="Some Body", email="some.body@example.org")
    return make_card_donation(gbp(25), donor=donor)


def tell(*events: Any) -> None:
    for event in events:
        deliver(Client(), event)
    inbox.act_on_everything_due()


def act(operator: Client, action: str) -> str:
    chosen = list(WebhookEvent.objects.values_list("pk", flat=True))
    response = operator.post(
        reverse(EVENTS), {"action": action, "_selected_action": chosen}, follow=True
    )
    assert response.status_code == 200
    return response.content.decode()


def test_a_failing_event_is_seen_with_its_error_and_attempts(
    operator: Client, donation: CardDonation
) -> None:
    tell(refund_event(donation))
    for query, is_there in (("", True), ("failing", True), ("aside", False), ("done", False)):
        page = operator.get(reverse(EVENTS), {"state": query} if query else {}).content.decode()
        assert ("OutOfOrderError" in page) is is_there
    detail = reverse("admin:payments_webhookevent_change", args=[the_event().pk])
    assert "is not booked yet" in operator.get(detail).content.decode()


def test_bodies_are_shown_nowhere(operator: Client, donation: CardDonation) -> None:
    tell(checkout_event(donation))
    detail = reverse("admin:payments_webhookevent_change", args=[the_event().pk])
    for address in (reverse(EVENTS), detail):
        page = operator.get(address).content.decode()
        assert "A Donor" not in page
        assert "someone@example.org" not in page


def test_try_again_now(operator: Client, donation: CardDonation) -> None:
    tell(checkout_event(donation, amount_total=2400))
    assert inbox.act_on_due() == (0, 0)
    CardDonation.objects.update(amount=gbp(24))  # a person has put it right
    assert "1 will be tried again" in act(operator, "try_again")
    inbox.act_on_everything_due()
    assert raised_by_card(donation.appeal) == gbp(24)


def test_put_aside_and_try_again(operator: Client, donation: CardDonation) -> None:
    tell(refund_event(donation))
    assert "1 put aside" in act(operator, "put_aside")
    assert inbox.count_waiting() == 0
    assert "Put aside for a person" in operator.get(reverse(EVENTS)).content.decode()
    act(operator, "try_again")
    assert inbox.count_waiting() == 1


def test_events_can_be_neither_written_nor_deleted(
    operator: Client, donation: CardDonation
) -> None:
    tell(checkout_event(donation))
    pk = the_event().pk
    assert operator.get(reverse("admin:payments_webhookevent_add")).status_code == 403
    change = reverse("admin:payments_webhookevent_change", args=[pk])
    assert operator.post(change, {"attempts": "7"}).status_code == 403
    delete = reverse("admin:payments_webhookevent_delete", args=[pk])
    assert operator.post(delete, {"post": "yes"}).status_code == 403
    act(operator, "delete_selected")
    assert the_event().attempts == 1


def test_a_card_donation_is_seen_with_its_entries_and_without_its_donor(
    operator: Client, donation: CardDonation
) -> None:
    tell(checkout_event(donation), refund_event(donation, amount=1000))
    entry = fresh(donation).received_entry
    assert entry is not None
    detail = reverse("admin:payments_carddonation_change", args=[donation.pk])
    for address in (reverse(DONATIONS), detail):
        page = operator.get(address).content.decode()
        assert "Some Body" not in page
        assert "some.body" not in page
        assert str(donation.payment_intent_id or fresh(donation).payment_intent_id) in page
    assert str(entry) in page
    assert "re_1" in page


def test_the_lists_are_found_by_stripes_ids(operator: Client, donation: CardDonation) -> None:
    tell(checkout_event(donation))
    payment = fresh(donation).payment_intent_id
    for name in (EVENTS, DONATIONS):
        page = operator.get(reverse(name), {"q": str(payment)}).content.decode()
        assert "1 result" in page or "1 webhook event" in page or "1 card donation" in page


def test_a_refund_order_is_seen_with_what_holds_it_up(operator: Client) -> None:
    ordered = order(make_received())
    RefundOrder.objects.update(last_error="Stripe gave no clear answer.")

    page = operator.get(reverse("admin:payments_refundorder_changelist")).content.decode()
    assert "Stripe gave no clear answer." in page
    detail = operator.get(reverse("admin:payments_refundorder_change", args=[ordered.pk]))
    assert str(ordered.reference) in detail.content.decode()
    assert "_save" not in detail.content.decode()
