"""What treasurers and operators see of monthly donations: sums and states, and nobody's name."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from appeals.models import Appeal
from funds.models import Membership
from payments import inbox
from payments.inbox.strip import strip_old_events
from payments.models import MonthlyDonation, WebhookEvent
from tests.factories import gbp, make_appeal, make_branch, make_monthly, make_user
from tests.monthly_events import beginning, invoice_event, subscription_of
from tests.payments.test_monthly_page import words
from tests.stripe_events import Event, deliver
from whipround import doctor

pytestmark = pytest.mark.django_db


def tell(*events: Event) -> None:
    for event in events:
        deliver(Client(), event)
    inbox.act_on_everything_due()


@pytest.fixture
def monthly() -> MonthlyDonation:
    monthly = make_monthly(
        gbp(10),
        appeal=make_appeal("rally", title="Rally"),
        branch=make_branch("Leeds"),
        email="some.body@example.org",
    )
    tell(*beginning(monthly))
    return monthly


@pytest.fixture
def national(client: Client) -> Client:
    client.force_login(make_user("national", role=Membership.Role.NATIONAL_TREASURER))
    return client


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(make_user("operator", role=Membership.Role.OPERATOR))
    return client


class TestOverview:
    def page(self, national: Client) -> str:
        page = words(national.get("/treasurer/branches/").content.decode())
        return page.replace("\N{EN DASH}", "-")

    def test_it_tells_how_many_give_how_much_a_month_by_branch(
        self, national: Client, monthly: MonthlyDonation
    ) -> None:
        for amount, branch in ((5, monthly.branch), (7, None), (3, None)):
            tell(*beginning(make_monthly(gbp(amount), appeal=monthly.appeal, branch=branch)))
        page = self.page(national)
        assert "promised every month by 4 donors, counted when it comes £25" in page
        assert "Leeds Yorkshire £15 - - £0 - £15 2 donors" in page
        assert "No branch £10 - - - - £10 2 donors" in page
        assert "£25 4 donors" in page

    def test_where_nobody_gives_monthly_nothing_is_said(self, national: Client) -> None:
        make_appeal("rally")
        assert "every month" not in self.page(national)

    def test_what_is_promised_is_added_to_nothing(
        self, national: Client, monthly: MonthlyDonation
    ) -> None:
        assert "raised of £30,000 £10 of the target 0%" in self.page(national)


class TestAdmin:
    def test_it_can_be_looked_at_with_its_months_and_bills_and_without_its_donor(
        self, operator: Client, monthly: MonthlyDonation
    ) -> None:
        changes = reverse("admin:payments_monthlydonation_changelist")
        page = operator.get(changes, {"q": subscription_of(monthly)}).content.decode()
        assert "£10.00" in page
        assert "Active" in page
        detail = reverse("admin:payments_monthlydonation_change", args=[monthly.pk])
        page += operator.get(detail).content.decode()
        assert "months in the books" in page.lower()
        assert subscription_of(monthly) in page
        assert "some.body" not in page
        assert "_save" not in page


def test_doctor_warns_of_a_closed_appeal_whose_months_have_nowhere_else_to_go(
    monthly: MonthlyDonation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("whipround.doctor.check_connection", lambda: None)

    def warned() -> list[str]:
        return [found.advice for found in doctor.examine() if found.subject == "monthly"]

    assert warned() == []
    Appeal.objects.update(status=Appeal.Status.CLOSED, closes_at=timezone.now())
    (advice,) = warned()
    assert "“Rally” has closed" in advice
    assert "“Fighting fund”, in GBP, its standing appeal" in advice
    standing = make_appeal("fighting-fund", is_standing=True)
    assert warned() == []
    Appeal.objects.filter(pk=standing.pk).update(status=Appeal.Status.CLOSED)
    assert len(warned()) == 1
    MonthlyDonation.objects.update(ended_at=timezone.now())
    assert warned() == []


def test_a_months_event_loses_its_donor_after_a_month_and_stays_readable(
    monthly: MonthlyDonation,
) -> None:
    personal: dict[str, Any] = {
        "customer_address": {"line1": "7 Hidden Lane"},
        "customer_phone": "020 7946 0000",
        "hosted_invoice_url": "https://invoice.stripe.com/i/secret",
    }
    tell(invoice_event(monthly, month=2, **personal))
    WebhookEvent.objects.update(processed_at=timezone.now() - timedelta(days=31))
    strip_old_events()
    bodies = "".join(WebhookEvent.objects.values_list("body", flat=True))
    for gone in ("someone@example.org", "A Donor", "Hidden Lane", "7946", "invoice.stripe.com"):
        assert gone not in bodies
    kept = json.loads(WebhookEvent.objects.latest("pk").body)["data"]["object"]
    assert kept["amount_paid"] == 1000
