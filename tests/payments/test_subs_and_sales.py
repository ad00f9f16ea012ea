"""Donations, sales and subs told apart: what each does to the books, from the tin to the bank."""

import uuid
from dataclasses import replace
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from appeals.accounts import Role, appeal_account
from appeals.models import Appeal
from appeals.progress import read_reading
from funds import chart
from funds.audit import audit_ledger
from funds.balances import account_balance, account_balance_of_branch
from funds.ledger import Kind
from funds.models import Branch, JournalEntry, Organisation
from funds.money import Money
from payments.audit import audit_till
from payments.cash import CollectionFacts, record_collection, reverse_collection
from payments.counting.tables import open_occasion
from payments.models import CashCollection, Occasion
from payments.paying_in import undo_paying_in
from payments.paying_in_records import collections_of, read_slip
from payments.recording import RecordConflictError, RecordRefusedError, local_today
from payments.standings import read_raised_by
from tests.factories import gbp, make_appeal, make_branch, make_organisation, make_user
from tests.payments.counting import occasion_facts
from tests.payments.test_cash import facts_of, record
from tests.payments.test_paying_in import bank
from tests.payments.test_treasurer_pages import NEW, collection_form, text_of

pytestmark = pytest.mark.django_db

SALE, SUBS = CashCollection.Kind.SALE, CashCollection.Kind.SUBS


def subs_facts(**changes: Any) -> CollectionFacts:
    """£12 of subs for Leeds, today."""
    facts = CollectionFacts(
        appeal=None,
        branch=make_branch("Leeds"),
        kind=SUBS,
        collected_on=local_today(),
        place="Branch meeting",
        amount=gbp(12),
        pieces={},
        counted_by="First counter",
    )
    return replace(facts, **changes)


def balance(line: chart.ChartLine) -> Money:
    return account_balance(chart.account(line, currency="GBP"))


def require_true_books() -> None:
    assert not list(audit_till())
    assert not list(audit_ledger())


class TestSales:
    def test_a_sale_raises_by_what_is_over_and_its_costs_stand_beside_its_takings(self) -> None:
        appeal = make_appeal()

        sale = record(facts_of(appeal, kind=SALE, amount=gbp(110), costs=gbp(40)))

        reading = read_reading(appeal)
        assert reading.raised == reading.by_method["sales"] == gbp(110)
        assert reading.by_method["cash"] == gbp(0)
        assert reading.counted_not_banked == gbp(110)
        lines = sale.entry.postings.values_list("account__appeal_account__role", "side")
        assert set(lines) == {("cash-in-hand", "debit"), ("sales", "debit"), ("sales", "credit")}
        assert sale.takings == gbp(150)
        assert sale.entry.postings.get(side="credit").amount_minor == 150_00
        require_true_books()

    def test_its_bag_goes_to_the_bank_with_what_was_over(self) -> None:
        appeal = make_appeal()
        sale = record(facts_of(appeal, kind=SALE, amount=gbp(110), costs=gbp(40)))

        banked = bank([sale])

        assert banked.amount == balance(chart.BANK) == gbp(110)
        assert read_reading(appeal).counted_not_banked == gbp(0)
        assert read_slip(collections_of(banked), currency="GBP").total == gbp(110)
        require_true_books()

    def test_its_reversal_takes_takings_and_costs_back(self) -> None:
        appeal = make_appeal()
        sale = record(facts_of(appeal, kind=SALE, amount=gbp(110), costs=gbp(40)))

        reverse_collection(sale, reason="Wrong amount", reversed_by=make_user())

        assert read_reading(appeal).raised == read_reading(appeal).counted_not_banked == gbp(0)
        assert account_balance(appeal_account(appeal, Role.SALES)) == gbp(0)
        require_true_books()

    def test_a_count_is_of_what_is_left_in_the_tin(self) -> None:
        counted = facts_of(
            make_appeal(), kind=SALE, amount=gbp(110), costs=gbp(40), pieces={10_00: 11}
        )

        assert record(counted).amount == gbp(110)

    def test_other_costs_under_the_same_reference_are_a_conflict(self) -> None:
        facts = facts_of(make_appeal(), kind=SALE, amount=gbp(110), costs=gbp(40))
        reference, user = uuid.uuid4(), make_user()
        record_collection(reference, facts, recorded_by=user)

        assert not record_collection(reference, facts, recorded_by=user).is_new
        with pytest.raises(RecordConflictError):
            record_collection(reference, replace(facts, costs=gbp(39)), recorded_by=user)

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"kind": CashCollection.Kind.COLLECTION}, "Only a stall or sale has costs"),
            ({"costs": Money(40, "EUR")}, "Costs are in GBP"),
            ({"costs": gbp(999_950)}, "more than £1,000,000"),
        ],
    )
    def test_costs_that_cannot_be_are_refused(self, changes: dict[str, Any], words: str) -> None:
        facts = facts_of(make_appeal(), kind=SALE, amount=gbp(110), costs=gbp(40))

        with pytest.raises(RecordRefusedError, match=words) as refused:
            record(replace(facts, **changes))

        assert refused.value.field == "costs"
        assert not JournalEntry.objects.exists()

    def test_the_database_refuses_costs_of_a_donation(self) -> None:
        donation = record(facts_of(make_appeal()))
        of_it = CashCollection.objects.filter(pk=donation.pk)

        with (
            pytest.raises(IntegrityError, match="cash_collection_costs_are_of_a_sale"),
            transaction.atomic(),
        ):
            of_it.update(costs=gbp(1))


class TestSubs:
    def test_subs_are_in_hand_and_raise_no_appeal(self) -> None:
        appeal, leeds = make_appeal(), make_branch("Leeds")

        subs = record(subs_facts(branch=leeds))

        reading = read_reading(appeal)
        assert reading.raised == reading.counted_not_banked == gbp(0)
        assert balance(chart.SUBS) == gbp(12)
        in_hand = chart.account(chart.SUBS_IN_HAND, currency="GBP")
        assert account_balance_of_branch(in_hand, branch=leeds) == gbp(12)
        assert subs.entry.kind == Kind.SUBS_COUNTED
        assert subs.entry.memo == "Membership subs, Leeds"
        assert read_raised_by(subs) is None
        require_true_books()

    def test_they_are_banked_with_the_rest_and_come_back_when_that_is_undone(self) -> None:
        appeal = make_appeal()
        bags = [record(facts_of(appeal)), record(subs_facts()), record(subs_facts(amount=gbp(8)))]

        banked = bank(bags)

        assert banked.amount == balance(chart.BANK) == gbp(45)
        assert balance(chart.SUBS_IN_HAND) == gbp(0)
        shares = read_slip(collections_of(banked), currency="GBP").shares
        assert [(share.appeal, share.amount) for share in shares] == [
            ("Rally", gbp(25)),
            ("Subs", gbp(20)),
        ]
        require_true_books()

        undo_paying_in(banked, reason="Wrong bag", reversed_by=make_user())
        assert balance(chart.SUBS_IN_HAND) == gbp(20)
        require_true_books()

    def test_a_reversal_takes_them_back(self) -> None:
        make_organisation()
        subs = record(subs_facts())

        reverse_collection(subs, reason="Recorded twice", reversed_by=make_user())

        assert balance(chart.SUBS) == balance(chart.SUBS_IN_HAND) == gbp(0)
        require_true_books()

    @pytest.mark.parametrize(
        ("changes", "field", "words"),
        [
            ({"amount": Money(12, "EUR")}, "amount", "Subs are in GBP, not EUR"),
            ({"kind": SALE}, "appeal", "Subs are for no appeal, and all else is for one"),
            ({"costs": gbp(2)}, "costs", "Only a stall or sale has costs"),
        ],
    )
    def test_subs_that_cannot_be_are_refused(
        self, changes: dict[str, Any], field: str, words: str
    ) -> None:
        make_organisation()

        with pytest.raises(RecordRefusedError, match=words) as refused:
            record(subs_facts(**changes))

        assert refused.value.field == field
        assert not JournalEntry.objects.exists()

    def test_subs_for_an_appeal_are_refused(self) -> None:
        with pytest.raises(RecordRefusedError, match="Subs are for no appeal"):
            record(facts_of(make_appeal(), kind=SUBS))

    def test_the_database_knows_subs_by_their_having_no_appeal(self) -> None:
        donation = record(facts_of(make_appeal()))
        of_it = CashCollection.objects.filter(pk=donation.pk)

        for change in ({"kind": "subs"}, {"appeal": None}):
            with (
                pytest.raises(IntegrityError, match="cash_collection_is_subs_or_for_an_appeal"),
                transaction.atomic(),
            ):
                of_it.update(**change)

    def test_no_occasion_gathers_subs(self) -> None:
        facts = occasion_facts(make_appeal(), kind=SUBS)

        with pytest.raises(RecordRefusedError, match="Subs are for no appeal") as refused:
            open_occasion(uuid.uuid4(), facts, opened_by=make_user())

        assert refused.value.field == "kind"
        occasion = open_occasion(
            uuid.uuid4(), replace(facts, kind=SALE), opened_by=make_user("other")
        )
        with (
            pytest.raises(IntegrityError, match="occasion_gathers_for_its_appeal"),
            transaction.atomic(),
        ):
            Occasion.objects.filter(pk=occasion.pk).update(kind="subs")


class TestAudit:
    def test_costs_that_the_books_do_not_know_are_found(self) -> None:
        sale = record(facts_of(make_appeal(), kind=SALE, amount=gbp(110)))
        CashCollection.objects.filter(pk=sale.pk).update(costs=gbp(5))

        assert [str(one) for one in audit_till()] == [
            (
                f"records are booked: collection {sale.reference}: "
                "recorded 115.00 GBP, booked 11000 (minor units)"
            )
        ]

    def test_takings_called_costs_are_found(self) -> None:
        """Their sum is the same, and so what was credited; what is in hand is not."""
        sale = record(facts_of(make_appeal(), kind=SALE, amount=gbp(110), costs=gbp(40)))
        CashCollection.objects.filter(pk=sale.pk).update(amount=gbp(100), costs=gbp(50))

        assert [str(one) for one in audit_till()] == [
            (
                f"what was counted is in hand: collection {sale.reference}: "
                "counted 100.00 GBP, in hand 11000 (minor units)"
            )
        ]

    def test_subs_whose_amount_was_changed_are_found(self) -> None:
        make_organisation()
        subs = record(subs_facts())
        CashCollection.objects.filter(pk=subs.pk).update(amount=gbp(13))

        assert [str(one) for one in audit_till()] == [
            (
                f"records are booked: collection {subs.reference}: "
                "recorded 13.00 GBP, booked 1200 (minor units)"
            ),
            (
                f"what was counted is in hand: collection {subs.reference}: "
                "counted 13.00 GBP, in hand 1200 (minor units)"
            ),
        ]

    def test_a_bag_of_subs_that_is_not_banked_as_it_was_counted_is_found(self) -> None:
        make_organisation()
        subs = record(subs_facts())
        banked = bank([subs])
        CashCollection.objects.filter(pk=subs.pk).update(branch=make_branch("York"))

        assert (
            f"payings-in are booked: paying-in {banked.reference}: "
            "its entry does not say what its collections come to"
        ) in [str(one) for one in audit_till()]

    def test_subs_without_their_record_are_found(self) -> None:
        make_organisation()
        subs = record(subs_facts())
        key = subs.entry.source_key
        CashCollection.objects.all().delete()

        assert [str(one) for one in audit_till()] == [
            f"entries have their record: {key}: subs-counted, and no record of it"
        ]


class TestForm:
    @pytest.fixture
    def leeds(self) -> Branch:
        return make_branch("Leeds")

    @pytest.fixture
    def treasurer(self, client: Client, leeds: Branch) -> Client:
        client.force_login(make_user("leeds", branches=[leeds]))
        return client

    def test_a_sale_is_recorded_with_its_costs_and_says_what_it_did(
        self, treasurer: Client
    ) -> None:
        appeal = make_appeal()

        page = treasurer.post(
            NEW, collection_form(kind="sale", amount="110", costs="40"), follow=True
        )

        assert read_reading(appeal).raised == gbp(110)
        words = text_of(page)
        assert "£150 taken, less £40 of costs: £110 is over, and that raises the appeal." in words
        assert "From £0 to £110" in words
        assert "is nobody's donation" in words.replace("&#x27;", "'")
        record_page = treasurer.get(
            f"/treasurer/collections/{CashCollection.objects.get().reference}/"
        )
        assert "Takings £150" in text_of(record_page)
        assert "Costs paid out of them £40" in text_of(record_page)

    def test_subs_are_recorded_for_no_appeal_whichever_was_chosen(self, treasurer: Client) -> None:
        appeal = make_appeal()

        page = treasurer.post(NEW, collection_form(kind="subs", amount="12"), follow=True)

        subs = CashCollection.objects.get()
        assert (subs.kind, subs.appeal, subs.amount) == ("subs", None, gbp(12))
        assert read_reading(appeal).raised == gbp(0)
        words = text_of(page)
        assert "Subs raise no appeal" in words
        assert "£12 in hand now" in words
        for address in (
            "/treasurer/collections/",
            "/treasurer/collections/?kind=subs",
            f"/treasurer/collections/{subs.reference}/",
            "/treasurer/payings-in/new/",
            "/treasurer/branches/leeds/",
        ):
            assert "subs" in text_of(treasurer.get(address)), address
        form = treasurer.get(NEW, {"after": str(subs.reference)}).context["form"]
        assert form["kind"].value() == "subs"

    def test_a_list_of_sales_alone_leaves_the_rest_out(self, treasurer: Client) -> None:
        appeal = make_appeal()
        record(facts_of(appeal, place="Market"))
        record(facts_of(appeal, kind=SALE, place="Bracelets"))

        page = text_of(treasurer.get("/treasurer/collections/", {"kind": "sale"}))

        assert "Bracelets" in page
        assert "Market" not in page

    def test_while_no_appeal_is_open_subs_can_still_be_recorded(self, treasurer: Client) -> None:
        make_organisation()

        form = treasurer.get(NEW).context["form"]
        answer = treasurer.post(NEW, collection_form(kind="subs", appeal=""))

        assert [str(kind.box.choice_label) for kind in form.kinds] == ["Subs"]
        assert form["kind"].value() == "subs"
        assert answer.status_code == 302
        assert CashCollection.objects.get().appeal is None

    def test_a_donation_for_no_appeal_is_asked_for_one(self, treasurer: Client) -> None:
        make_appeal()

        answer = treasurer.post(NEW, collection_form(appeal=""))

        assert answer.status_code == 422
        assert "Choose the appeal." in text_of(answer)
        assert answer.context["form"].shows_details

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"kind": "sale", "costs": "forty"}, "forty"),
            ({"kind": "collection", "costs": "40"}, "Only a stall or sale has costs"),
        ],
    )
    def test_costs_that_cannot_be_are_refused_in_sight(
        self, treasurer: Client, changes: dict[str, str], words: str
    ) -> None:
        make_appeal()

        answer = treasurer.post(NEW, collection_form(**changes))

        assert answer.status_code == 422
        assert words in answer.content.decode()
        assert "log__of-a-sale" not in answer.content.decode()
        assert not CashCollection.objects.exists()

    def test_euro_counted_among_subs_is_refused(self, treasurer: Client) -> None:
        make_appeal("abroad", target=Money(1000, "EUR"))

        answer = treasurer.post(
            NEW, collection_form(kind="subs", appeal="abroad", amount="", count_EUR_500="1")
        )

        assert answer.status_code == 422
        assert "Subs are in GBP: count only that." in text_of(answer)

    def test_subs_are_in_the_organisation_s_currency(self, treasurer: Client) -> None:
        make_appeal("abroad", target=Money(1000, "EUR"))
        assert Organisation.objects.get().currency == "GBP"

        treasurer.post(NEW, collection_form(kind="subs", appeal="abroad", amount="£7"))

        assert CashCollection.objects.get().amount == gbp(7)

    def test_an_occasion_is_offered_donations_and_sales(
        self, treasurer: Client, leeds: Branch
    ) -> None:
        make_appeal()

        form = treasurer.get("/treasurer/occasions/new/").context["form"]

        assert [value for value, _ in form.fields["kind"].choices] == ["collection", "sale"]


def test_what_a_collection_raised_is_nothing_once_it_is_reversed() -> None:
    appeal: Appeal = make_appeal()
    first = record(facts_of(appeal, amount=gbp(30)))
    second = record(facts_of(appeal, amount=gbp(12)))

    raised = read_raised_by(second)
    assert raised is not None
    assert (raised.before, raised.standing.raised) == (gbp(30), gbp(42))

    reversed_one = reverse_collection(first, reason="Wrong amount", reversed_by=make_user())
    assert read_raised_by(reversed_one) is None
