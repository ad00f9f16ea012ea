"""Four eyes: what one asks for moves nothing, and what a second confirms is done once."""

import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.test import Client
from django.urls import reverse

from appeals.models import Appeal
from appeals.progress import read_reading
from funds.access import read_access
from funds.audit import audit_ledger
from funds.models import JournalEntry, Membership, User
from funds.money import Money
from payments.audit import audit_till
from payments.banking.confirming import match_by_hand, undo_match
from payments.cash import reverse_collection
from payments.counting.settling import count_anew
from payments.models import (
    Agreement,
    CashCollection,
    PayingIn,
    StatementMatch,
    TransferReceipt,
    TwoPersonAct,
)
from payments.paying_in import undo_paying_in
from payments.recording import RecordRefusedError, RecordReversedError
from payments.transfers import reverse_transfer
from payments.two_persons.asking import undo_bucket_or_ask, undo_or_ask
from payments.two_persons.deciding import ActDecidedError, confirm, decline, withdraw
from payments.two_persons.records import has_another_to_decide, read_act_page
from payments.two_persons.ways import Target, amount_of, needs_second_person
from tests.factories import gbp, make_appeal, make_branch, make_organisation, make_user
from tests.payments import test_cash_transfers
from tests.payments.banking.statements import Told
from tests.payments.banking.statements import take as take_lines
from tests.payments.counting import Table
from tests.payments.refunding import make_national
from tests.payments.test_cash import facts_of, record
from tests.payments.test_paying_in import bank

pytestmark = pytest.mark.django_db

Decision = TwoPersonAct.Decision


@pytest.fixture
def appeal() -> Appeal:
    return make_appeal()


def a_collection(appeal: Appeal, amount: Money | None = None, **changes: Any) -> CashCollection:
    return record(facts_of(appeal, amount=amount or gbp(150), **changes))


def ask(target: Target, *, by: User | None = None, reason: str = "Counted twice") -> TwoPersonAct:
    act = undo_or_ask(target, reason=reason, by=by or make_national("first"))
    assert act is not None
    return act


def fresh(act: TwoPersonAct) -> TwoPersonAct:
    return TwoPersonAct.objects.get(pk=act.pk)


def a_transfer(appeal: Appeal) -> TransferReceipt:
    return test_cash_transfers.record(test_cash_transfers.facts_of(appeal))


def a_paying_in(appeal: Appeal) -> PayingIn:
    return bank([a_collection(appeal)])


def an_agreement(appeal: Appeal) -> Agreement:
    table = Table(appeal=appeal)
    table.both_count({"2000": 8})
    return Agreement.objects.get()


def a_match(appeal: Appeal) -> StatementMatch:
    receipt = a_transfer(appeal)
    (line,) = take_lines(Told(receipt.received_on, receipt.amount, "A transfer"))
    match = match_by_hand(
        line, StatementMatch.Kind.TRANSFER, str(receipt.pk), by=make_national("matcher")
    )
    StatementMatch.objects.filter(pk=match.pk).update(made_receipt=True)
    return StatementMatch.objects.get(pk=match.pk)


def is_undone(target: Target) -> bool:
    found = type(target).objects.get(pk=target.pk)
    if isinstance(found, Agreement | StatementMatch):
        return found.undone_at is not None
    return found.reversed_at is not None


EVERY_KIND = pytest.mark.parametrize(
    "make", [a_collection, a_transfer, a_paying_in, an_agreement, a_match]
)


class TestAsking:
    def test_up_to_the_limit_one_person_is_enough(self, appeal: Appeal) -> None:
        collection = a_collection(appeal, gbp(100))

        assert undo_or_ask(collection, reason="Twice", by=make_user()) is None

        assert is_undone(collection)
        assert not TwoPersonAct.objects.exists()

    @EVERY_KIND
    def test_over_it_nothing_moves_before_a_second_person_confirms(
        self, appeal: Appeal, make: Callable[[Appeal], Target]
    ) -> None:
        target = make(appeal)
        entries = JournalEntry.objects.count()
        first, second = make_national("first"), make_national("second")

        act = ask(target, by=first)

        assert not is_undone(target)
        assert JournalEntry.objects.count() == entries
        done = confirm(act, by=second)
        assert is_undone(target)
        assert JournalEntry.objects.count() == entries + 1
        assert (done.decision, done.decided_by) == (Decision.CONFIRMED, second)
        assert list(audit_ledger()) == []
        assert list(audit_till()) == []

    @EVERY_KIND
    def test_the_record_names_who_asked(
        self, appeal: Appeal, make: Callable[[Appeal], Target]
    ) -> None:
        target, first = make(appeal), make_national("first")

        confirm(ask(target, by=first, reason="It was York's"), by=make_national("second"))

        found = type(target).objects.get(pk=target.pk)
        if isinstance(found, Agreement | StatementMatch):
            assert (found.undone_by, found.undo_reason) == (first, "It was York's")
        else:
            assert (found.reversed_by, found.reversal_reason) == (first, "It was York's")

    @pytest.mark.parametrize(
        ("limit", "waits"), [(None, False), (0, True), (149, True), (150, False)]
    )
    def test_the_limit_is_the_organisation_s(
        self,
        appeal: Appeal,
        limit: int | None,
        waits: bool,  # noqa: FBT001
    ) -> None:
        make_organisation(reversal_second_person_above=None if limit is None else Decimal(limit))

        assert needs_second_person(a_collection(appeal)) == waits

    def test_another_currency_always_waits_unless_there_is_no_limit(self) -> None:
        organisation = make_organisation()

        assert organisation.needs_second_person_to_reverse(Money(1, "EUR"))
        assert not organisation.needs_second_person_to_reverse(Money(0, "EUR"))
        organisation.reversal_second_person_above = None
        assert not organisation.needs_second_person_to_reverse(Money(1, "EUR"))

    def test_what_moves_nothing_waits_for_nobody(self, appeal: Appeal) -> None:
        match = a_match(appeal)
        match.made_receipt = False

        assert amount_of(match) == gbp(0)
        assert not needs_second_person(match)

    def test_asked_twice_it_waits_once(self, appeal: Appeal) -> None:
        collection = a_collection(appeal)

        first = ask(collection, by=make_national("first"))
        again = ask(collection, by=make_national("second"))

        assert first == again
        assert TwoPersonAct.objects.count() == 1

    def test_it_is_asked_for_with_a_reason(self, appeal: Appeal) -> None:
        with pytest.raises(RecordRefusedError, match="Say why"):
            ask(a_collection(appeal), reason=" ")

        assert not TwoPersonAct.objects.exists()

    def test_what_cannot_be_done_now_is_not_asked_for(self, appeal: Appeal) -> None:
        collection = a_collection(appeal)
        bank([collection])

        with pytest.raises(RecordRefusedError, match="It is paid in"):
            ask(collection)

        assert not TwoPersonAct.objects.exists()

    def test_what_is_not_agreed_at_the_table_is_in_no_books_and_waits_for_nobody(
        self, appeal: Appeal
    ) -> None:
        table = Table(appeal=appeal)
        table.differ_twice({"2000": 80}, {"2000": 90})

        assert undo_bucket_or_ask(table.bucket(), reason="Mixed", by=table.treasurer) is None
        assert table.bucket().state == "out"

    def test_an_agreed_bucket_waits(self, appeal: Appeal) -> None:
        table = Table(appeal=appeal)
        table.both_count({"2000": 8})

        act = undo_bucket_or_ask(table.bucket(), reason="Mixed", by=table.treasurer)

        assert act is not None
        assert table.bucket().state == "agreed"
        confirm(act, by=make_national())
        assert table.bucket().state == "out"
        assert read_reading(appeal).raised == gbp(0)


class TestDeciding:
    def test_the_same_person_is_refused_kindly(self, appeal: Appeal) -> None:
        first = make_national("first")
        act = ask(a_collection(appeal), by=first)

        with pytest.raises(RecordRefusedError, match="another must confirm it"):
            confirm(act, by=first)
        with pytest.raises(RecordRefusedError, match="withdraw it instead"):
            decline(act, by=first, reason="No")

        assert fresh(act).decision == ""

    def test_the_database_refuses_the_same_person_too(self, appeal: Appeal) -> None:
        act = ask(a_collection(appeal))

        with pytest.raises(IntegrityError, match="second_person_is_another"):
            TwoPersonAct.objects.filter(pk=act.pk).update(
                decision="confirmed", decided_by=act.asked_by, decided_at=act.asked_at
            )

    def test_declined_with_a_reason_nothing_changes_and_it_may_be_asked_again(
        self, appeal: Appeal
    ) -> None:
        collection, second = a_collection(appeal), make_national("second")
        act = ask(collection)

        with pytest.raises(RecordRefusedError, match="Say why it is declined"):
            decline(act, by=second, reason=" ")
        decline(act, by=second, reason="It is right as it stands")

        assert not is_undone(collection)
        assert fresh(act).decision_reason == "It is right as it stands"
        assert ask(collection) != act

    def test_only_who_asked_withdraws(self, appeal: Appeal) -> None:
        collection, first = a_collection(appeal), make_national("first")
        act = ask(collection, by=first)

        with pytest.raises(RecordRefusedError, match="decline it instead"):
            withdraw(act, by=make_national("second"))
        withdraw(act, by=first)

        assert fresh(act).decision == Decision.WITHDRAWN
        assert not is_undone(collection)

    def test_a_decided_act_is_not_decided_again(self, appeal: Appeal) -> None:
        first, second = make_national("first"), make_national("second")
        act = ask(a_collection(appeal), by=first)
        confirm(act, by=second)

        with pytest.raises(ActDecidedError):
            confirm(act, by=second)
        with pytest.raises(ActDecidedError):
            decline(act, by=second, reason="No")
        with pytest.raises(ActDecidedError):
            withdraw(act, by=first)

    def test_what_was_banked_meanwhile_is_refused_and_still_waits(self, appeal: Appeal) -> None:
        collection = a_collection(appeal)
        act = ask(collection)
        bank([collection])

        with pytest.raises(RecordRefusedError, match="It is paid in"):
            confirm(act, by=make_national("second"))

        assert fresh(act).decision == ""
        assert not is_undone(collection)

    @pytest.mark.parametrize(
        ("make", "undo"),
        [
            (a_collection, lambda one, by: reverse_collection(one, reason="x", reversed_by=by)),
            (a_transfer, lambda one, by: reverse_transfer(one, reason="x", reversed_by=by)),
            (a_paying_in, lambda one, by: undo_paying_in(one, reason="x", reversed_by=by)),
            (an_agreement, lambda one, by: count_anew(one.bucket, reason="x", by=by)),
            (a_match, lambda one, by: undo_match(one, reason="x", by=by)),
        ],
    )
    def test_what_was_undone_meanwhile_is_overtaken(
        self,
        appeal: Appeal,
        make: Callable[[Appeal], Target],
        undo: Callable[[Any, User], object],
    ) -> None:
        target = make(appeal)
        act = ask(target)
        undo(target, make_user())
        entries = JournalEntry.objects.count()

        done = confirm(act, by=make_national("second"))

        assert done.decision == Decision.OVERTAKEN
        assert JournalEntry.objects.count() == entries
        assert list(audit_till()) == []

    def test_an_act_about_one_agreement_never_undoes_the_next(self, appeal: Appeal) -> None:
        table = Table(appeal=appeal)
        table.both_count({"2000": 8})
        act = undo_bucket_or_ask(table.bucket(), reason="Mixed", by=table.treasurer)
        assert act is not None
        count_anew(table.bucket(), reason="By another road", by=make_user())
        table.both_count({"2000": 9})

        assert confirm(act, by=make_national()).decision == Decision.OVERTAKEN
        assert read_reading(appeal).raised == gbp(180)

    def test_a_confirmed_act_that_was_not_done_is_found_by_the_audit(self, appeal: Appeal) -> None:
        act = ask(a_collection(appeal))
        TwoPersonAct.objects.filter(pk=act.pk).update(
            decision="confirmed", decided_by=make_national("second"), decided_at=act.asked_at
        )

        assert [one.detail for one in audit_till()] == ["confirmed, and not done"]


class TestWhoSees:
    def test_a_treasurer_decides_about_their_own_branches_cash_alone(self, appeal: Appeal) -> None:
        leeds, york = make_branch("Leeds"), make_branch("York")
        asker, other = make_user(branches=[leeds]), make_user(branches=[leeds])
        stranger, national = make_user(branches=[york]), make_national("national")
        acts = {
            ask(a_collection(appeal), by=asker).pk,
            ask(a_paying_in(appeal), by=asker).pk,
            ask(an_agreement(appeal), by=asker).pk,
        }
        transfer = ask(a_transfer(appeal), by=make_national("first"))

        def for_you(user: User) -> set[int]:
            page = read_act_page(user, read_access(user), number=None)
            return {shown.act.pk for shown in page.for_you}

        assert for_you(other) == acts
        assert for_you(asker) == set()
        assert for_you(stranger) == set()
        assert for_you(national) == acts | {transfer.pk}

    def test_a_lone_branch_treasurer_has_the_national_one_as_second_person(
        self, appeal: Appeal
    ) -> None:
        asker = make_user(branches=[make_branch("Leeds")])
        act = ask(a_collection(appeal), by=asker)
        assert not has_another_to_decide(act)

        national = make_national()

        assert has_another_to_decide(act)
        confirm(act, by=national)

    @pytest.mark.parametrize("make", [a_collection, a_paying_in, an_agreement])
    def test_another_treasurer_of_the_branch_may_be_it(
        self, appeal: Appeal, make: Callable[[Appeal], Target]
    ) -> None:
        leeds = make_branch("Leeds")
        act = ask(make(appeal), by=make_user("asker", branches=[leeds]))
        Membership.objects.exclude(user__username="asker").delete()
        assert not has_another_to_decide(act)

        make_user(branches=[leeds])

        assert has_another_to_decide(act)

    def test_a_bag_of_two_branches_waits_for_the_national_treasurer(self, appeal: Appeal) -> None:
        both = bank([a_collection(appeal), a_collection(appeal, branch=make_branch("York"))])
        act = ask(both, by=make_user(branches=[make_branch("Leeds")]))
        other = make_user(branches=[make_branch("Leeds")])

        assert not has_another_to_decide(act)
        assert read_act_page(other, read_access(other), number=None).for_you == []


class TestPages:
    @pytest.fixture
    def first(self) -> Client:
        return self.client_of(make_national("first"))

    @pytest.fixture
    def second(self) -> Client:
        return self.client_of(make_national("second"))

    def client_of(self, user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    def test_from_the_record_to_the_second_person_and_back(
        self, appeal: Appeal, first: Client, second: Client
    ) -> None:
        collection = a_collection(appeal)
        record_page = reverse("payments:collection", args=[collection.reference])
        assert "more than £100" in first.get(record_page).content.decode()

        asked = first.post(f"{record_page}reverse/", {"reason": "Counted twice"}, follow=True)

        act = TwoPersonAct.objects.get()
        where = reverse("payments:second-person-act", args=[act.reference])
        assert asked.redirect_chain == [(where, 302)]
        assert "Nothing has moved" in asked.content.decode()
        assert "Counted twice" in first.get(record_page).content.decode()
        assert "Ask to reverse" not in first.get(record_page).content.decode()
        home, listed = (
            second.get(reverse(f"payments:{name}")).content.decode()
            for name in ("treasurer", "second-person")
        )
        assert "1 thing waiting for a second person" in home
        assert "Counted twice" in listed
        done = second.post(f"{where}confirm/", follow=True)
        assert "Confirmed, and done" in done.content.decode()
        assert is_undone(collection)
        assert "decided before" in second.post(f"{where}confirm/", follow=True).content.decode()
        assert "thing waiting" not in second.get(reverse("payments:treasurer")).content.decode()

    @pytest.mark.parametrize(
        ("make", "page", "undo"),
        [
            (a_transfer, "transfer", "reverse/"),
            (a_paying_in, "paying-in", "undo/"),
            (an_agreement, "bucket", "undo/"),
            (a_match, "bank-line", "undo/"),
        ],
    )
    def test_every_record_asks_and_then_says_that_it_waits(
        self,
        appeal: Appeal,
        first: Client,
        make: Callable[[Appeal], Any],
        page: str,
        undo: str,
    ) -> None:
        target = make(appeal)
        owner = {"bucket": "bucket", "bank-line": "line"}.get(page)
        reference = getattr(target, owner).reference if owner else target.reference
        where = reverse(f"payments:{page}", args=[reference])
        assert "Ask to" in first.get(where).content.decode()

        asked = first.post(f"{where}{undo}", {"reason": "A mistake"}, follow=True)

        assert "Waits for a second person" in asked.content.decode()
        shown = first.get(where).content.decode()
        assert "Waits for a second person" in shown
        assert "Ask to" not in shown
        assert not is_undone(target)

    def test_declined_and_withdrawn_say_so(
        self, appeal: Appeal, first: Client, second: Client
    ) -> None:
        for name, client, told, found in (
            ("decline", second, {"reason": "It is right"}, "It is right"),
            ("withdraw", first, {}, "Withdrawn: nothing has changed"),
        ):
            act = ask(a_collection(appeal))
            where = reverse(f"payments:second-person-{name}", args=[act.reference])
            page = client.post(where, told, follow=True)
            assert found in page.content.decode()
            assert "decided before" in client.post(where, told, follow=True).content.decode()
            assert client.get(where).status_code == 200

    def test_refusals_are_told_on_the_page(
        self, appeal: Appeal, first: Client, second: Client
    ) -> None:
        act = ask(a_collection(appeal))
        where = reverse("payments:second-person-act", args=[act.reference])

        assert (
            "another must confirm" in first.post(f"{where}confirm/", follow=True).content.decode()
        )
        own = first.post(f"{where}decline/", {"reason": "No"}, follow=True).content.decode()
        assert "withdraw it instead" in own
        assert second.post(f"{where}decline/", {"reason": ""}).status_code == 422
        others = second.post(f"{where}withdraw/", follow=True).content.decode()
        assert "decline it instead" in others
        assert second.get(f"{where}confirm/").status_code == 200

    def test_an_overtaken_one_says_so(self, appeal: Appeal, second: Client) -> None:
        collection = a_collection(appeal)
        act = ask(collection)
        reverse_collection(collection, reason="x", reversed_by=make_user())

        page = second.post(
            reverse("payments:second-person-confirm", args=[act.reference]), follow=True
        )

        assert "done meanwhile" in page.content.decode()

    def test_nobody_else_is_told_to_find_a_second_person(
        self, appeal: Appeal, first: Client
    ) -> None:
        act = ask(a_collection(appeal))

        page = first.get(reverse("payments:second-person-act", args=[act.reference]))

        assert "Nobody else may confirm it" in page.content.decode()

    def test_the_list_costs_the_same_for_many(
        self, appeal: Appeal, second: Client, django_assert_max_num_queries: Any
    ) -> None:
        for _ in range(5):
            ask(a_collection(appeal))

        with django_assert_max_num_queries(12):
            assert second.get(reverse("payments:second-person")).status_code == 200

    def test_an_empty_list_says_what_belongs_there(self, first: Client) -> None:
        make_organisation()

        assert "Nothing waits" in first.get(reverse("payments:second-person")).content.decode()


@pytest.mark.django_db(transaction=True)
class TestRaces:
    def race(self, *works: Callable[[], object]) -> list[str]:
        go = threading.Barrier(len(works))
        outcomes: list[str] = []

        def run(work: Callable[[], object]) -> None:
            go.wait()
            try:
                work()
                outcomes.append("done")
            except (ActDecidedError, RecordReversedError, RecordRefusedError) as error:
                outcomes.append(type(error).__name__)
            finally:
                connection.close()

        threads = [threading.Thread(target=run, args=(work,)) for work in works]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        return sorted(outcomes)

    def test_two_confirm_at_once_and_it_is_done_once(self) -> None:
        collection = a_collection(make_appeal())
        act = ask(collection)
        one, two = make_national("second"), make_national("third")

        outcomes = self.race(lambda: confirm(act, by=one), lambda: confirm(act, by=two))

        assert outcomes == ["ActDecidedError", "done"]
        assert JournalEntry.objects.filter(reverses__isnull=False).count() == 1
        assert list(audit_till()) == []

    def test_confirmed_and_withdrawn_at_once_one_of_them_holds(self) -> None:
        collection, first = a_collection(make_appeal()), make_national("first")
        act = ask(collection, by=first)
        second = make_national("second")

        outcomes = self.race(lambda: confirm(act, by=second), lambda: withdraw(act, by=first))

        assert outcomes == ["ActDecidedError", "done"]
        assert is_undone(collection) == (fresh(act).decision == Decision.CONFIRMED)

    def test_confirmed_while_it_is_banked_one_of_them_holds(self) -> None:
        collection = a_collection(make_appeal())
        act = ask(collection)
        second = make_national("second")

        outcomes = self.race(lambda: confirm(act, by=second), lambda: bank([collection]))

        assert outcomes == ["RecordRefusedError", "done"]
        assert list(audit_ledger()) == []
        assert list(audit_till()) == []

    def test_confirmed_while_it_is_reversed_by_another_road_it_is_reversed_once(self) -> None:
        collection = a_collection(make_appeal())
        act = ask(collection)
        second, other = make_national("second"), make_user()

        self.race(
            lambda: confirm(act, by=second),
            lambda: reverse_collection(collection, reason="x", reversed_by=other),
        )

        assert JournalEntry.objects.filter(reverses__isnull=False).count() == 1
        assert fresh(act).decision in {Decision.CONFIRMED, Decision.OVERTAKEN}

    def test_asked_by_two_at_once_it_waits_once(self) -> None:
        collection = a_collection(make_appeal())
        one, two = make_national("second"), make_national("third")

        outcomes = self.race(lambda: ask(collection, by=one), lambda: ask(collection, by=two))

        assert outcomes == ["done", "done"]
        assert TwoPersonAct.objects.count() == 1
