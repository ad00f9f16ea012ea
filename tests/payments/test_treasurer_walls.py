"""Walls between branches: every address under /treasurer/, every method, taken from the URL map.

A new address fails ``test_every_address_is_covered`` until it is put on one side or the other.
"""

import re
import uuid
from typing import Any, Final

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from appeals.models import Appeal
from funds.models import Membership
from payments.balance.taking import take
from payments.banking.rules import remember_reference
from payments.counting.seats import open_seat
from payments.models import (
    CashCollection,
    Occasion,
    PayerRule,
    PayingIn,
    RefundOrder,
    Seat,
    StatementMatch,
    TransferReceipt,
)
from payments.recording import local_today
from tests.factories import gbp, make_appeal, make_branch, make_card_donation, make_user
from tests.payments import test_cash, test_cash_transfers, test_named_gifts, test_paying_in
from tests.payments.banking.statements import Told
from tests.payments.banking.statements import take as take_lines
from tests.payments.counting import Table
from tests.payments.refunding import make_national, make_received, order
from tests.stripe_lines import a_payout, payout_line

pytestmark = pytest.mark.django_db

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")

OWN: Final = {
    *(
        "treasurer",
        "collections",
        "collection-new",
        "collection-sender",
        "occasions",
        "occasion-new",
    ),
    *("payings-in", "paying-in-new"),
}
"""Pages without an object in their address: each shows a visitor their own things."""

NATIONAL: Final = {
    *("balance-entries", "balance-lines", "balance-lines-csv", "balance-why"),
    *("bank", "bank-account-new", "bank-lines", "bank-proposals", "payer-rules", "statement-new"),
    "branches",
    "card-donations",
    "disputes",
    "paid-twice",
    "payouts",
    "reconciliation",
    "refunds",
    "transfer-new",
    "transfers",
}
"""Pages without an object that only the national treasurer has."""

OF_THE_TILL: Final = {
    *("till", "till-try-again", "till-close", "till-send-again"),
    *("card-switch", "card-switch-pause", "card-switch-resume", "card-switch-check"),
}
"""Pages without an object that operators and the national treasurer have."""

OF_THE_REGISTRAR: Final = {"givers"}
"""A page without an object that only who may read givers' details has."""

OF_A_COLLECTION: Final = {"collection", "collection-recorded", "collection-reverse"}
OF_A_PAYING_IN: Final = {"paying-in", "paying-in-slip", "paying-in-undo"}
OF_AN_OCCASION: Final = {
    *("occasion", "occasion-begin", "occasion-close", "occasion-call-off", "occasion-undo"),
    *("bucket-new", "seat-new", "gift-new"),
}
OF_A_BUCKET: Final = {
    *("bucket", "bucket-came-back", "bucket-sign", "bucket-set-aside", "bucket-undo"),
}
OF_A_SEAT: Final = {"seat", "seat-qr", "seat-end"}
OF_A_BRANCH: Final = {
    "branch",
    *(OF_A_COLLECTION | OF_A_PAYING_IN | OF_AN_OCCASION | OF_A_BUCKET | OF_A_SEAT),
}
OF_A_GIVER: Final = {"giver"}
OF_A_TRANSFER: Final = {"transfer", "transfer-reverse"}
OF_A_SECOND_PAYMENT: Final = {"paid-twice-meant"}
OF_A_CARD_DONATION: Final = {"card-donation", "refund-new"}
OF_A_REFUND: Final = {"refund", "refund-approve", "refund-decline", "refund-withdraw"}
OF_STRIPE: Final = {"balance-line", "balance-line-decide", "payout"}
OF_A_STATEMENT: Final = {"statement", "statement-columns"}
OF_A_BANK_LINE: Final = {
    *("bank-line", "bank-line-match", "bank-line-aside", "bank-line-record", "bank-line-undo"),
}
OF_A_RULE: Final = {"payer-rule-stop"}
OF_THE_NATION: Final = {
    *(OF_A_TRANSFER | OF_A_CARD_DONATION | OF_A_REFUND | OF_A_SECOND_PAYMENT | OF_STRIPE),
    *(OF_A_STATEMENT | OF_A_BANK_LINE | OF_A_RULE),
}
"""Pages with an object that only the national treasurer has."""
WITH_OBJECT: Final = OF_A_BRANCH | OF_THE_NATION | OF_A_GIVER
SEALED: Final = OF_THE_REGISTRAR | OF_A_GIVER
"""Pages that no treasurer has, not even the national one."""


def treasurer_patterns(
    patterns: list[URLPattern | URLResolver], *, under: str = ""
) -> dict[str, URLPattern]:
    found: dict[str, URLPattern] = {}
    for pattern in patterns:
        route = under + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            found |= treasurer_patterns(pattern.url_patterns, under=route)
        elif route.startswith("treasurer/"):
            found[pattern.name or route] = pattern
    return found


PATTERNS: Final = treasurer_patterns(get_resolver().url_patterns)


class World:
    """Leeds has recorded a collection and been credited with a transfer; York looks on."""

    def __init__(self) -> None:
        self.leeds, self.york = make_branch("Leeds"), make_branch("York")
        shares = [(self.leeds, gbp(1000)), (self.york, gbp(1000))]
        self.appeal = make_appeal(branch_targets=shares)
        self.collection = test_cash.record(
            test_cash.facts_of(self.appeal, branch=self.leeds, place="Kirkgate")
        )
        self.receipt = test_cash_transfers.record(
            test_cash_transfers.facts_of(self.appeal, branch=self.leeds)
        )
        self.donation = make_received(gbp(150), branch=self.leeds)
        self.order = order(self.donation, by=make_national("first"))
        self.table = Table(branch=self.leeds, appeal=self.appeal, buckets=2, name="Kirkgate")
        self.table.both_count(bucket=2)
        self.seat = open_seat(self.table.occasion, Seat.Side.A, opened_by=self.table.treasurer)
        self.gift = test_named_gifts.record(self.table)

        first = make_card_donation(appeal=self.appeal, branch=self.leeds)
        self.second = make_card_donation(
            appeal=self.appeal, branch=self.leeds, again_of=first, payment_intent_id="pi_2"
        )
        self.paying_in = test_paying_in.bank([self.banked()], slip_number="100200")
        (self.line,) = take_lines(Told(local_today(), gbp(12), "A wall has ears"))
        self.rule = remember_reference(
            "RALLY LEEDS", appeal=self.appeal, branch=self.leeds, made_by=make_user()
        )
        take([payout_line(a_payout(), stripe_id="txn_payout")])

    def banked(self) -> CashCollection:
        """Another collection of Leeds, for the bank."""
        return test_cash.record(
            test_cash.facts_of(self.appeal, branch=self.leeds, place="Kirkgate too")
        )

    def theirs(self, name: str) -> str:
        """The address of a page, about what belongs to Leeds."""
        values = {
            "slug": self.leeds.slug,
            "reference": self._reference(name),
            "stripe_id": "po_1" if name == "payout" else "txn_payout",
        }
        return self._address(name, values)

    def _reference(self, name: str) -> uuid.UUID:
        for names, record in (
            (OF_A_COLLECTION, self.collection),
            (OF_A_PAYING_IN, self.paying_in),
            (OF_AN_OCCASION, self.table.occasion),
            (OF_A_BUCKET, self.table.bucket()),
            (OF_A_SEAT, self.seat),
            (OF_A_GIVER, self.gift),
            (OF_A_CARD_DONATION, self.donation),
            (OF_A_SECOND_PAYMENT, self.second),
            (OF_A_REFUND, self.order),
            (OF_A_STATEMENT, self.line.statement_import),
            (OF_A_BANK_LINE, self.line),
            (OF_A_RULE, self.rule),
        ):
            if name in names:
                return record.reference
        return self.receipt.reference

    def nobodys(self, name: str) -> str:
        """The address of the same page, about what there is not."""
        return self._address(
            name, {"slug": "nowhere", "reference": uuid.uuid4(), "stripe_id": "none"}
        )

    def _address(self, name: str, values: dict[str, object]) -> str:
        wanted = PATTERNS[name].pattern.converters
        return reverse(f"payments:{name}", kwargs={key: values[key] for key in wanted})


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def york(world: World) -> Client:
    client = Client()
    client.force_login(make_user("york", branches=[world.york]))
    return client


@pytest.fixture
def national() -> Client:
    client = Client()
    client.force_login(make_user("national", role=Membership.Role.NATIONAL_TREASURER))
    return client


def test_every_address_is_covered() -> None:
    assert set(PATTERNS) == OWN | NATIONAL | OF_THE_TILL | OF_THE_REGISTRAR | WITH_OBJECT
    for name, pattern in PATTERNS.items():
        has_object = bool(pattern.pattern.converters)
        assert has_object == (name in WITH_OBJECT), name


@pytest.mark.parametrize("name", sorted(set(PATTERNS) - OWN))
def test_another_branch_s_page_is_no_page(world: World, york: Client, name: str) -> None:
    for method in METHODS:
        theirs = york.generic(method, world.theirs(name))
        nobodys = york.generic(method, world.nobodys(name))

        assert theirs.status_code == nobodys.status_code == 404
        assert body_of(theirs) == body_of(nobodys)
        assert theirs.headers == nobodys.headers
    assert CashCollection.objects.filter(reversed_at__isnull=True).count() == 4
    assert PayingIn.objects.filter(reversed_at__isnull=True).count() == 1
    assert PayerRule.objects.filter(stopped_at__isnull=True).count() == 1
    assert not StatementMatch.objects.filter(confirmed_at__isnull=False).exists()
    assert TransferReceipt.objects.filter(reversed_at__isnull=True).count() == 1
    assert RefundOrder.objects.filter(decision="").count() == 1


@pytest.mark.parametrize("name", sorted(PATTERNS))
def test_strangers_are_asked_to_log_in(world: World, client: Client, name: str) -> None:
    address = world.theirs(name)
    for method in METHODS:
        response = client.generic(method, address)

        assert response.status_code == 302
        assert response.headers["Location"] == f"/accounts/login/?next={address}"


@pytest.mark.parametrize("role", ["chair", "operator", "registrar", ""])
@pytest.mark.parametrize("name", sorted(set(PATTERNS) - {"treasurer"}))
def test_only_treasurers_have_these_pages(
    world: World, client: Client, name: str, role: str
) -> None:
    client.force_login(make_user(role=Membership.Role(role) if role else None))
    if (role == "operator" and name in OF_THE_TILL) or (role == "registrar" and name in SEALED):
        assert client.get(world.theirs(name), follow=True).status_code == 200
        return

    for method in METHODS:
        assert client.generic(method, world.theirs(name)).status_code == 404


@pytest.mark.parametrize("name", sorted(set(PATTERNS) - SEALED))
def test_the_national_treasurer_has_them_all(world: World, national: Client, name: str) -> None:
    assert national.get(world.theirs(name), follow=True).status_code == 200


@pytest.mark.parametrize("name", sorted(OWN | OF_A_BRANCH))
def test_the_branch_s_own_treasurer_has_its_pages(world: World, client: Client, name: str) -> None:
    """So that the walls above are not shut for everyone."""
    client.force_login(make_user(branches=[world.leeds]))

    assert client.get(world.theirs(name), follow=True).status_code == 200


@pytest.mark.parametrize("name", sorted(SEALED))
def test_not_even_the_national_treasurer_reads_who_gave(
    world: World, national: Client, name: str
) -> None:
    for method in METHODS:
        assert national.generic(method, world.theirs(name)).status_code == 404


@pytest.mark.parametrize("name", sorted(WITH_OBJECT))
def test_a_treasurer_of_nothing_more_has_no_pages(world: World, client: Client, name: str) -> None:
    """Taking the role away takes the pages away, in a session that is under way."""
    user = make_user(branches=[world.leeds])
    client.force_login(user)
    user.memberships.all().delete()

    assert client.get(world.theirs(name)).status_code == 404


@pytest.mark.parametrize("name", sorted(OWN))
def test_own_pages_name_nothing_of_another_branch(world: World, york: Client, name: str) -> None:
    page = york.get(world.theirs(name)).content.decode()

    assert "Leeds" not in page
    assert "Kirkgate" not in page
    assert "100200" not in page
    assert str(world.collection.reference) not in page


def test_a_paying_in_of_another_branch_s_bag_is_refused_as_of_none(
    world: World, york: Client
) -> None:
    told = {
        "reference": str(uuid.uuid4()),
        "slip_number": "100201",
        "paid_in_on": local_today().isoformat(),
        "paid_in_by": "First depositor",
    }
    new = reverse("payments:paying-in-new")

    theirs = york.post(new, {**told, "collections": str(world.collection.reference)})
    nobodys = york.post(new, {**told, "collections": str(uuid.uuid4())})

    assert theirs.status_code == nobodys.status_code == 422
    assert body_of(theirs) == body_of(nobodys)
    assert PayingIn.objects.count() == 1


def test_a_bag_that_holds_another_branch_s_cash_too_is_not_shown(
    world: World, york: Client
) -> None:
    """The national treasurer banked a rally: Leeds and York together."""
    own = test_cash.record(test_cash.facts_of(world.appeal, branch=world.york, place="Micklegate"))
    both = test_paying_in.bank([world.collection, own], slip_number="100300")

    page = york.get(reverse("payments:paying-in", args=[both.reference]))
    listed = york.get(reverse("payments:payings-in")).content.decode()
    bag = york.get(reverse("payments:collection", args=[own.reference])).content.decode()

    assert page.status_code == 404
    assert "100300" not in listed
    assert "100300" not in bag
    assert "by the national treasurer" in bag


def test_a_form_for_another_branch_is_refused_as_for_none(world: World, york: Client) -> None:
    told = {
        "reference": str(uuid.uuid4()),
        "appeal": "rally",
        "amount": "10",
        "place": "Market",
        "kind": "collection",
        "collected_on": local_today().isoformat(),
        "counted_by": "First counter",
    }
    new = reverse("payments:collection-new")

    theirs = york.post(new, {**told, "branch": "leeds"})
    nobodys = york.post(new, {**told, "branch": "nowhere"})

    assert theirs.status_code == nobodys.status_code == 422
    assert body_of(theirs) == body_of(nobodys)
    assert CashCollection.objects.count() == 4


def test_a_list_narrowed_to_another_branch_is_as_to_none(world: World, york: Client) -> None:
    listed = reverse("payments:collections")

    theirs = york.get(listed, {"branch": "leeds"})
    nobodys = york.get(listed, {"branch": "nowhere"})

    assert body_of(theirs) == body_of(nobodys).replace("nowhere", "leeds")
    assert "Kirkgate" not in theirs.content.decode()


def test_an_occasion_for_another_branch_is_refused_as_for_none(world: World, york: Client) -> None:
    told = {
        "reference": str(uuid.uuid4()),
        "appeal": "rally",
        "name": "Market",
        "how_many": "1",
        "place_type": "meeting",
        "kind": "collection",
        "count_rule": "two",
        "held_on": local_today().isoformat(),
    }
    new = reverse("payments:occasion-new")

    theirs = york.post(new, {**told, "branch": "leeds"})
    nobodys = york.post(new, {**told, "branch": "nowhere"})

    assert theirs.status_code == nobodys.status_code == 422
    assert body_of(theirs) == body_of(nobodys)
    assert Occasion.objects.count() == 1


def test_a_form_after_another_branch_s_collection_takes_nothing_over(
    world: World, york: Client
) -> None:
    new = reverse("payments:collection-new")

    theirs = york.get(new, {"after": str(world.collection.reference)})
    nobodys = york.get(new, {"after": "no reference at all"})

    assert body_of(theirs) == body_of(nobodys)


def test_a_form_prefilled_with_another_branch_is_as_with_none(world: World, york: Client) -> None:
    new = reverse("payments:collection-new")

    assert body_of(york.get(new, {"branch": "leeds"})) == body_of(
        york.get(new, {"branch": "nowhere"})
    )


def test_another_branch_s_reference_shows_nothing_of_it(world: World, york: Client) -> None:
    response = york.post(
        reverse("payments:collection-new"),
        {
            "reference": str(world.collection.reference),
            "appeal": "rally",
            "branch": "york",
            "amount": "10",
            "place": "Market",
            "kind": "collection",
            "collected_on": local_today().isoformat(),
            "counted_by": "First counter",
        },
    )

    page = response.content.decode()
    assert response.status_code == 409
    assert "Kirkgate" not in page
    assert "£25" not in page
    assert str(world.collection.reference) not in page
    assert CashCollection.objects.count() == 4


def test_a_draft_appeal_is_offered_to_nobody(world: World, york: Client) -> None:
    make_appeal("secret-plan", status=Appeal.Status.DRAFT)

    for name in OWN:
        assert "Secret plan" not in york.get(world.theirs(name)).content.decode()


def body_of(response: Any) -> str:
    """Without what is minted anew for each page."""
    page = response.content.decode()
    page = re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", page)
    return re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", "", page)
