"""Setting up appeals, branches, people and the organisation in the admin, as an operator does."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from appeals.models import Appeal, AppealAccount, BranchTarget
from appeals.progress import read_reading
from funds.models import Branch, Fund, Membership, Organisation, Region, User
from funds.money import Money
from tests.factories import (
    gbp,
    make_appeal,
    make_branch,
    make_organisation,
    make_region,
    make_user,
)
from tests.payments.test_cash import facts_of, record

pytestmark = pytest.mark.django_db

OPERATOR = Membership.Role.OPERATOR


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(make_user("operator", role=OPERATOR))
    return client


def appeal_form(**changes: Any) -> dict[str, Any]:
    """What the browser sends for a fighting fund of £25,000."""
    fund, _ = Fund.objects.get_or_create(name="Fighting fund")
    return {
        "title": "Autumn quarter",
        "slug": "autumn-quarter",
        "story": "",
        "fund": fund.pk,
        "target_amount": "25000",
        "stretch_targets": "",
        "opens_at_0": "2026-10-01",
        "opens_at_1": "00:00",
        "closes_at_0": "",
        "closes_at_1": "",
        "status": "open",
        "suggested_amounts": "5,10,20",
        "minimum": "2",
        "show_league": "on",
        "branch_targets-TOTAL_FORMS": "0",
        "branch_targets-INITIAL_FORMS": "0",
        **changes,
    }


def shares(*rows: tuple[Branch, str]) -> dict[str, Any]:
    form: dict[str, Any] = {"branch_targets-TOTAL_FORMS": str(len(rows))}
    for number, (branch, amount) in enumerate(rows):
        form[f"branch_targets-{number}-branch"] = branch.pk
        form[f"branch_targets-{number}-amount"] = amount
    return form


def add_appeal(client: Client, **changes: Any) -> Any:
    return client.post(reverse("admin:appeals_appeal_add"), appeal_form(**changes))


def change_appeal(client: Client, appeal: Appeal, **changes: Any) -> Any:
    address = reverse("admin:appeals_appeal_change", args=[appeal.pk])
    page = client.get(address)
    sent = {
        name: value
        for form in (page.context["adminform"].form, *_forms_of(page))
        for name, value in _values(form).items()
    }
    return client.post(address, sent | changes)


def _forms_of(page: Any) -> list[Any]:
    formset = page.context["inline_admin_formsets"][0].formset
    return [formset.management_form, *formset.initial_forms]


def _values(form: Any) -> dict[str, Any]:
    """What the browser would send back of a form that nobody touched."""
    sent: dict[str, Any] = {}
    for box in form:
        value = box.value()
        parts = getattr(box.field.widget, "widgets", None)
        if parts:
            for number, part in enumerate(box.field.widget.decompress(value)):
                sent[f"{box.html_name}_{number}"] = "" if part is None else str(part)
        elif value is True:
            sent[box.html_name] = "on"
        elif value is not False:
            sent[box.html_name] = "" if value is None else value
    return sent


class TestAppeals:
    def test_a_new_appeal_has_its_accounts_and_takes_cash_at_once(self, operator: Client) -> None:
        make_organisation()
        leeds = make_branch("Leeds")

        response = add_appeal(operator, **shares((leeds, "1000")))

        assert response.status_code == 302, response.context["errors"]
        appeal = Appeal.objects.get(slug="autumn-quarter")
        assert appeal.target == gbp(25_000)
        assert appeal.accounts.count() == len(AppealAccount.Role)
        assert appeal.branch_targets.get().target == gbp(1000)
        record(facts_of(appeal))
        assert read_reading(appeal).league[0].percent == 2

    def test_an_appeal_and_its_shares_are_in_the_organisation_s_currency(
        self, operator: Client
    ) -> None:
        make_organisation(currency="EUR")

        add_appeal(operator, **shares((make_branch(), "1000")))

        appeal = Appeal.objects.get()
        assert appeal.target == Money(25_000, "EUR")
        assert appeal.branch_targets.get().target == Money(1000, "EUR")
        assert {held.account.currency for held in appeal.accounts.all()} == {"EUR"}

    def test_an_appeal_keeps_its_currency(self, operator: Client) -> None:
        appeal = make_appeal(target=Money(500, "EUR"))

        change_appeal(operator, appeal, target_amount="600")

        appeal.refresh_from_db()
        assert appeal.target == Money(600, "EUR")

    def test_without_an_organisation_the_form_says_what_to_do_first(self, operator: Client) -> None:
        response = add_appeal(operator)

        assert response.status_code == 200
        assert "Set up the organisation first." in response.content.decode()
        assert not Appeal.objects.exists()

    def test_every_change_steps_the_revision_so_that_open_pages_hear_of_it(
        self, operator: Client
    ) -> None:
        appeal, leeds = make_appeal(), make_branch("Leeds")
        before = read_reading(appeal).sequence

        change_appeal(operator, appeal, title="Rally for peace")
        appeal.refresh_from_db()
        after_title = read_reading(appeal).sequence
        change_appeal(operator, appeal, **shares((leeds, "1000")))
        appeal.refresh_from_db()

        assert appeal.title == "Rally for peace"
        assert BranchTarget.objects.get().target == gbp(1000)
        assert before < after_title < read_reading(appeal).sequence

    def test_a_change_is_announced_with_its_commit(self, operator: Client) -> None:
        appeal = make_appeal()

        with CaptureQueriesContext(
            connection,
        ) as queries:
            change_appeal(operator, appeal, title="Another title")

        announced = [query["sql"] for query in queries if "pg_notify" in query["sql"]]
        assert announced == [f"SELECT pg_notify('appeals_changed', '{appeal.pk}')"]

    def test_a_share_can_be_changed_and_taken_away(self, operator: Client) -> None:
        leeds, york = make_branch("Leeds"), make_branch("York")
        appeal = make_appeal(branch_targets=[(leeds, gbp(1000)), (york, gbp(500))])

        change_appeal(
            operator,
            appeal,
            **{"branch_targets-0-amount": "1100.50", "branch_targets-1-DELETE": "on"},
        )

        assert [(share.branch, share.target) for share in appeal.branch_targets.all()] == [
            (leeds, gbp("1100.50"))
        ]

    def test_the_sum_of_the_shares_stands_beside_the_target(self, operator: Client) -> None:
        appeal = make_appeal(
            target=gbp(2000),
            branch_targets=[(make_branch("Leeds"), gbp(1000)), (make_branch("York"), gbp(500))],
        )

        page = operator.get(reverse("admin:appeals_appeal_change", args=[appeal.pk]))

        assert "£1,500.00 over 2 branches: £500.00 less than the target" in page.content.decode()

    def test_five_hundred_shares_are_saved_in_one_go(self, operator: Client) -> None:
        branches = Branch.objects.bulk_create(
            Branch(region=make_region(), name=f"Branch {n}", slug=f"branch-{n}") for n in range(500)
        )
        make_organisation()

        add_appeal(operator, **shares(*((branch, "50") for branch in branches)))

        assert BranchTarget.objects.count() == 500

    @pytest.mark.parametrize("amount", ["0", "-5", "", "NaN", "1.234", "Infinity", "0.99"])
    def test_a_target_that_is_none_is_refused(self, operator: Client, amount: str) -> None:
        make_organisation()

        assert add_appeal(operator, target_amount=amount).status_code == 200
        assert not Appeal.objects.exists()

    def test_stretch_targets_rise_from_the_target(self, operator: Client) -> None:
        make_organisation()

        refused = add_appeal(operator, stretch_targets="30000,28000")
        assert "Each must be more than the one before it." in refused.content.decode()
        refused = add_appeal(operator, stretch_targets="25000")
        assert "Each must be more than the one before it." in refused.content.decode()
        add_appeal(operator, stretch_targets="30000,40000")

        assert Appeal.objects.get().stretch_targets == [Decimal(30_000), Decimal(40_000)]

    def test_the_address_may_change_only_while_the_appeal_is_a_draft(
        self, operator: Client
    ) -> None:
        draft = make_appeal("draft", status=Appeal.Status.DRAFT)
        shown = make_appeal("shown")

        change_appeal(operator, draft, slug="renamed")
        change_appeal(operator, shown, slug="renamed-too")

        assert set(Appeal.objects.values_list("slug", flat=True)) == {"renamed", "shown"}

    def test_an_appeal_with_money_is_not_hidden_again(self, operator: Client) -> None:
        appeal = make_appeal()
        record(facts_of(appeal))

        response = change_appeal(operator, appeal, status="draft")

        assert "close it instead" in response.content.decode()
        appeal.refresh_from_db()
        assert appeal.status == Appeal.Status.OPEN

    def test_a_new_appeal_can_be_a_draft_first(self, operator: Client) -> None:
        make_organisation()

        add_appeal(operator, status="draft")

        assert Appeal.objects.get().status == Appeal.Status.DRAFT

    def test_an_appeal_without_money_can_become_a_draft_again(self, operator: Client) -> None:
        appeal = make_appeal()

        change_appeal(operator, appeal, status="draft")

        appeal.refresh_from_db()
        assert appeal.status == Appeal.Status.DRAFT

    def test_closing_by_hand_ends_the_appeal_now(self, operator: Client) -> None:
        appeal = make_appeal(closes_at=timezone.now() + timedelta(days=30))

        change_appeal(operator, appeal, status="closed")

        appeal.refresh_from_db()
        assert appeal.closes_at is not None
        assert abs(appeal.closes_at - timezone.now()) < timedelta(minutes=1)

    def test_a_closing_time_that_has_passed_stays(self, operator: Client) -> None:
        ended_at = (timezone.now() - timedelta(days=3)).replace(microsecond=0)
        appeal = make_appeal(closes_at=ended_at)

        change_appeal(operator, appeal, status="closed")

        appeal.refresh_from_db()
        assert appeal.closes_at == ended_at

    def test_an_appeal_is_not_opened_again_into_its_past(self, operator: Client) -> None:
        """It said open, and donors met a closed door."""
        ended_at = timezone.now() - timedelta(days=3)
        appeal = make_appeal(status=Appeal.Status.CLOSED, closes_at=ended_at)

        refused = change_appeal(operator, appeal, status="open")

        assert "empty this" in refused.context["adminform"].form.errors["closes_at"][0]
        emptied = {"closes_at_0": "", "closes_at_1": ""}
        assert change_appeal(operator, appeal, status="open", **emptied).status_code == 302
        appeal.refresh_from_db()
        assert (appeal.status, appeal.closes_at) == (Appeal.Status.OPEN, None)

    def test_an_open_appeal_whose_time_has_passed_is_still_put_right(
        self, operator: Client
    ) -> None:
        appeal = make_appeal(closes_at=timezone.now() - timedelta(days=3))

        assert change_appeal(operator, appeal, story="Thanks to all").status_code == 302

    def test_no_appeal_is_deleted(self, operator: Client) -> None:
        appeal = make_appeal()

        response = operator.post(
            reverse("admin:appeals_appeal_delete", args=[appeal.pk]), {"post": "yes"}
        )

        assert response.status_code == 403
        assert Appeal.objects.exists()

    def test_the_list_names_what_was_raised(self, operator: Client) -> None:
        record(facts_of(make_appeal(), amount=gbp("27.30")))

        page = operator.get(reverse("admin:appeals_appeal_changelist")).content.decode()

        assert "£27.30" in page


class TestPlaces:
    def test_a_renamed_branch_is_renamed_on_every_open_page(self, operator: Client) -> None:
        leeds = make_branch("Leeds")
        appeal = make_appeal(branch_targets=[(leeds, gbp(1000))])
        before = read_reading(appeal).sequence

        operator.post(
            reverse("admin:funds_branch_change", args=[leeds.pk]),
            {
                "region": leeds.region_id,
                "name": "Leeds East",
                "slug": "leeds",
                "is_active": "on",
                "count_rule": "two",
            },
        )

        appeal.refresh_from_db()
        reading = read_reading(appeal)
        assert reading.league[0].name == "Leeds East"
        assert reading.sequence > before

    def test_a_renamed_region_is_announced_too(self, operator: Client) -> None:
        appeal, region = make_appeal(), make_region("Yorks")
        before = appeal.revision

        operator.post(
            reverse("admin:funds_region_change", args=[region.pk]),
            {"name": "Yorkshire", "slug": "yorks"},
        )

        appeal.refresh_from_db()
        assert appeal.revision > before

    def test_a_branch_that_collected_is_not_deleted(self, operator: Client) -> None:
        record(facts_of(make_appeal()))
        leeds, unused = make_branch("Leeds"), make_branch("Typo")

        for branch in (leeds, unused):
            operator.post(reverse("admin:funds_branch_delete", args=[branch.pk]), {"post": "yes"})

        assert list(Branch.objects.all()) == [leeds]

    def test_branches_and_regions_are_added(self, operator: Client) -> None:
        operator.post(reverse("admin:funds_region_add"), {"name": "Wales", "slug": "wales"})
        operator.post(
            reverse("admin:funds_branch_add"),
            {
                "region": Region.objects.get().pk,
                "name": "Cardiff",
                "slug": "cardiff",
                "is_active": "on",
                "count_rule": "two",
            },
        )

        assert str(Branch.objects.get()) == "Cardiff"


class TestPeople:
    def test_a_treasurer_s_log_in_is_made_with_a_password_that_works(
        self, operator: Client
    ) -> None:
        leeds = make_branch("Leeds")
        operator.post(
            reverse("admin:funds_user_add"),
            {
                "username": "leeds-treasurer",
                "usable_password": "true",
                "password1": "tins and buckets",
                "password2": "tins and buckets",
                "memberships-TOTAL_FORMS": "0",
                "memberships-INITIAL_FORMS": "0",
            },
        )
        user = User.objects.get(username="leeds-treasurer")
        response = operator.post(
            reverse("admin:funds_user_change", args=[user.pk]),
            {
                "username": "leeds-treasurer",
                "email": "leeds@example.org",
                "is_active": "on",
                "memberships-TOTAL_FORMS": "1",
                "memberships-INITIAL_FORMS": "0",
                "memberships-0-role": "branch",
                "memberships-0-branch": leeds.pk,
            },
        )

        assert response.status_code == 302
        assert user.memberships.get().branch == leeds
        browser = Client()
        landed = browser.post(
            reverse("account_login"), {"login": "leeds@example.org", "password": "tins and buckets"}
        )
        assert landed["Location"] == "/treasurer/"

    @pytest.mark.parametrize(("role", "has_branch"), [("branch", False), ("chair", True)])
    def test_a_role_has_a_branch_exactly_when_it_needs_one(
        self, operator: Client, role: str, *, has_branch: bool
    ) -> None:
        user, leeds = make_user("somebody"), make_branch("Leeds")

        response = operator.post(
            reverse("admin:funds_user_change", args=[user.pk]),
            {
                "username": "somebody",
                "is_active": "on",
                "memberships-TOTAL_FORMS": "1",
                "memberships-INITIAL_FORMS": "0",
                "memberships-0-role": role,
                "memberships-0-branch": leeds.pk if has_branch else "",
            },
        )

        assert "A branch treasurer needs a branch; other roles have none." in (
            response.content.decode()
        )
        assert not user.memberships.exists()

    def test_nobody_is_made_a_superuser_here(self, operator: Client) -> None:
        user = make_user("somebody")

        operator.post(
            reverse("admin:funds_user_change", args=[user.pk]),
            {
                "username": "somebody",
                "is_active": "on",
                "is_superuser": "on",
                "is_staff": "on",
                "memberships-TOTAL_FORMS": "0",
                "memberships-INITIAL_FORMS": "0",
            },
        )

        user.refresh_from_db()
        assert not user.is_superuser
        assert not user.is_staff

    def test_an_operator_cannot_reach_a_superuser_s_log_in(self, operator: Client) -> None:
        root = User.objects.create_superuser("root", "root@example.org", "a long password")
        password = root.password

        for name in ("change", "delete"):
            operator.post(reverse(f"admin:funds_user_{name}", args=[root.pk]), {"post": "yes"})
        operator.post(
            reverse("admin:auth_user_password_change", args=[root.pk]),
            {"password1": "taken over it", "password2": "taken over it"},
        )

        root.refresh_from_db()
        assert root.password == password

    def test_a_lost_second_step_is_turned_off(self, operator: Client) -> None:
        user = make_user("lost-phone")
        Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={})

        operator.post(
            reverse("admin:funds_user_changelist"),
            {"action": "turn_off_two_steps", "_selected_action": [user.pk]},
        )

        assert not Authenticator.objects.exists()

    def test_nobody_s_log_in_is_deleted(self, operator: Client) -> None:
        user = make_user("somebody")

        operator.post(reverse("admin:funds_user_delete", args=[user.pk]), {"post": "yes"})

        assert User.objects.filter(pk=user.pk).exists()


class TestOrganisation:
    SENT = {
        "name": "The Example Union",
        "imprint": "1 Example Street",
        "regime": "union",
        "currency": "GBP",
        "time_zone": "Europe/London",
    }

    def test_is_added_once(self, operator: Client) -> None:
        address = reverse("admin:funds_organisation_add")

        assert operator.post(address, self.SENT).status_code == 302
        assert operator.post(address, self.SENT).status_code == 403
        assert str(Organisation.objects.get(pk=1)) == "The Example Union"

    def test_its_list_goes_on_to_the_one(self, operator: Client) -> None:
        changelist = reverse("admin:funds_organisation_changelist")
        assert operator.get(changelist).status_code == 200

        make_organisation()

        assert operator.get(changelist)["Location"] == "/admin/funds/organisation/1/change/"

    def test_is_not_deleted(self, operator: Client) -> None:
        make_organisation()

        operator.post(reverse("admin:funds_organisation_delete", args=[1]), {"post": "yes"})

        assert Organisation.objects.exists()

    def test_knows_no_time_zone_that_there_is_not(self, operator: Client) -> None:
        sent = {**self.SENT, "time_zone": "Europe/Leeds"}

        response = operator.post(reverse("admin:funds_organisation_add"), sent)

        assert "No such time zone" in response.content.decode()

    def test_keeps_its_currency_once_there_are_accounts(self, operator: Client) -> None:
        make_appeal()

        operator.post(
            reverse("admin:funds_organisation_change", args=[1]), {**self.SENT, "currency": "EUR"}
        )

        organisation = Organisation.objects.get()
        assert (organisation.name, organisation.currency) == ("The Example Union", "GBP")


def registered_models() -> list[str]:
    """What the admin has pages about, as its addresses name them."""
    models = [model for model in apps.get_models() if admin.site.is_registered(model)]
    return [model._meta.label_lower.replace(".", "_") for model in models]  # noqa: SLF001


def _add_rows(numbers: range) -> None:
    for number in numbers:
        branch = make_branch(f"Branch {number}", region=f"Region {number}")
        appeal = make_appeal(f"appeal-{number}", branch_targets=[(branch, gbp(100))])
        record(facts_of(appeal, branch=branch), by=make_user(branches=[branch]))


@pytest.mark.parametrize("model", registered_models())
def test_a_list_costs_the_same_queries_however_long_it_is(operator: Client, model: str) -> None:
    address = reverse(f"admin:{model}_changelist")
    _add_rows(range(2))
    operator.get(address)

    with CaptureQueriesContext(connection) as few:
        operator.get(address)
    _add_rows(range(2, 8))
    with CaptureQueriesContext(connection) as many:
        operator.get(address)

    assert len(many) == len(few) <= 16
