"""Giving: the form, its kind words, and one Checkout for each form. Stripe is the stand-in."""

import re
import threading
import uuid
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from appeals.models import Appeal
from donors.models import Donor
from funds.models import JournalEntry
from payments import inbox
from payments.models import CardDonation
from payments.stripe_gateway import client as client_module
from payments.stripe_gateway.client import close_connections
from tests.factories import gbp, make_appeal, make_branch, make_organisation
from tests.pretend_stripe.process import PretendStripe
from tests.stripe_events import checkout_event, deliver

GIVE = "/appeals/rally/give/"


@pytest.fixture
def appeal(stripe: PretendStripe) -> Appeal:
    make_branch("Leeds")
    return make_appeal("rally", title="Rally")


def content(**changes: str) -> dict[str, str]:
    return {
        "amount": "25",
        "branch": "leeds",
        "frequency": "once",
        "name": "",
        "email": "",
        "reference": str(uuid.uuid4()),
    } | changes


def give(client: Client, **changes: str) -> HttpResponse:
    return client.post(GIVE, content(**changes))  # type: ignore[return-value]


def text(response: HttpResponse) -> str:
    return response.content.decode()


def errors(response: HttpResponse) -> list[str]:
    assert response.status_code == 422
    found = re.findall(r'<p class="field__error"[^>]*>(.*?)</p>', text(response))
    return [error.replace("&#x27;", "'") for error in found]


def references(response: HttpResponse) -> str:
    found = re.search(r'name="reference" value="([^"]+)"', text(response))
    assert found is not None
    return found[1]


def sessions(stripe: PretendStripe) -> list[Any]:
    with stripe.sdk() as sdk:
        return [one.to_dict() for one in sdk.v1.checkout.sessions.list({"limit": 100}).data]


class TestForm:
    def test_it_offers_amounts_branches_and_privacy(self, client: Client, appeal: Appeal) -> None:
        page = text(client.get(GIVE))  # type: ignore[arg-type]
        assert re.findall(r'type="radio" name="amount" value="([^"]+)"', page) == [
            "5",
            "10",
            "20",
            "50",
            "100",
            "other",
        ]
        assert '<option value="leeds">Leeds</option>' in page
        assert re.findall(r'value="([^"]+)" checked', page) == ["once", "initials"]
        assert 'name="csrfmiddlewaretoken"' in page

    def test_each_form_has_a_reference_of_its_own(self, client: Client, appeal: Appeal) -> None:
        minted = {references(client.get(GIVE)) for _ in range(3)}  # type: ignore[arg-type]
        assert len({uuid.UUID(one) for one in minted}) == 3

    def test_the_address_fills_in_amount_and_branch(self, client: Client, appeal: Appeal) -> None:
        page = text(client.get(GIVE + "?amount=20&branch=leeds"))  # type: ignore[arg-type]
        assert 'name="amount" value="20" checked' in page
        assert '<option value="leeds" selected>' in page

    def test_an_amount_without_a_button_stands_in_the_box(
        self, client: Client, appeal: Appeal
    ) -> None:
        page = text(client.get(GIVE + "?amount=25"))  # type: ignore[arg-type]
        assert 'name="amount" value="other" checked' in page
        assert re.search(r'name="other_amount"[^>]*value="25"', page)

    @pytest.mark.parametrize("amount", ["NaN", "-5", "%00", "1e9", "<script>", "٢٥"])
    def test_nonsense_in_the_address_is_left_out(
        self, client: Client, appeal: Appeal, amount: str
    ) -> None:
        response = client.get(GIVE + f"?amount={amount}")
        assert response.status_code == 200
        assert re.search(r'name="other_amount"[^>]*value=""', response.content.decode())

    def test_an_unknown_branch_in_the_address_is_said_so(
        self, client: Client, appeal: Appeal
    ) -> None:
        response = client.get(GIVE + "?branch=atlantis")
        assert response.status_code == 200
        assert "We know no branch of that name" in response.content.decode()

    def test_a_large_amount_in_the_address_asks_who_gives(
        self, client: Client, appeal: Appeal
    ) -> None:
        page = text(client.get(GIVE + "?amount=500.01"))  # type: ignore[arg-type]
        assert 'name="address"' in page
        page = text(client.get(GIVE + "?amount=500"))  # type: ignore[arg-type]
        assert 'name="address"' not in page

    def test_it_takes_few_queries_for_many_branches(
        self, client: Client, appeal: Appeal, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        for number in range(60):
            make_branch(f"Branch {number}")
        with django_assert_max_num_queries(6):
            client.get(GIVE)

    def test_it_is_never_cached(self, client: Client, appeal: Appeal) -> None:
        assert "no-store" in client.get(GIVE)["Cache-Control"]


class TestAmounts:
    @pytest.mark.parametrize(
        ("typed", "meant"),
        [
            ("25", "25"),
            ("25.5", "25.50"),
            ("£25", "25"),
            (" £ 1,000 ", "1000"),
            ("2.00", "2"),
            ("999999.99", "999999.99"),
        ],
    )
    def test_what_people_type_is_understood(
        self, client: Client, appeal: Appeal, typed: str, meant: str
    ) -> None:
        make_organisation(identified_donation_limit=None)
        assert give(client, amount="other", other_amount=typed).status_code == 303
        assert CardDonation.objects.get().amount == gbp(meant)

    @pytest.mark.parametrize(
        "typed",
        [
            *("-5", "0", "0.00", "2.345", "1e9", "NaN", "Infinity", "-Infinity", "٢٥"),
            "\N{FULLWIDTH DIGIT TWO}\N{FULLWIDTH DIGIT FIVE}",
            *("1,00", "10,00,0", "1.2.3", "0x10", "five", "5\x00", "1_000", "+5", "½", "1" * 5000),
            *("1.99", "0.01", "1000000", "1000000.01", "99999999999999999999", "", " ", "."),
        ],
    )
    def test_what_cannot_be_meant_is_a_form_error(
        self, client: Client, appeal: Appeal, typed: str
    ) -> None:
        response = give(client, amount=typed)
        assert len(errors(response)) == 1
        assert not CardDonation.objects.exists()
        assert len(errors(give(client, amount="other", other_amount=typed))) == 1

    def test_too_much_for_a_card_names_the_bank(self, client: Client, appeal: Appeal) -> None:
        for amount in ("1000000", "1000001", "12345678"):
            (error,) = errors(give(client, amount=amount))
            assert "bank transfer: write to treasurer@example.org" in error

    def test_below_the_appeals_minimum(self, client: Client, appeal: Appeal) -> None:
        (error,) = errors(give(client, amount="1.99"))
        assert error == "By card we can take £2 or more, because of the card's fees."

    def test_a_button_and_another_amount_in_the_box_are_one_too_many(
        self, client: Client, appeal: Appeal
    ) -> None:
        (error,) = errors(give(client, amount="10", other_amount="25"))
        assert error == "You chose £10 and typed £25: choose one of the two."
        assert give(client, amount="10", other_amount="10.00").status_code == 303

    def test_the_form_is_kept_with_its_errors(self, client: Client, appeal: Appeal) -> None:
        sent = content(amount="1", name="Somebody", email="nonsense")
        page = client.post(GIVE, sent).content.decode()
        assert re.search(r'name="other_amount"[^>]*value="1"', page)
        assert '<option value="leeds" selected>' in page
        assert 'value="Somebody"' in page
        assert f'name="reference" value="{sent["reference"]}"' in page
        assert page.count('aria-invalid="true"') == 2


class TestRefusals:
    def test_there_are_two_frequencies(self, client: Client, appeal: Appeal) -> None:
        refused = errors(give(client, frequency="hourly"))
        assert refused == ["Choose to give once, or every month."]
        assert give(client, frequency="").status_code == 303
        assert CardDonation.objects.count() == 1

    def test_an_unknown_or_idle_branch_is_a_form_error(
        self, client: Client, appeal: Appeal
    ) -> None:
        idle = make_branch("Idle")
        idle.is_active = False
        idle.save()
        for branch in ("atlantis", "idle", "' OR 1=1", "\x00"):
            assert len(errors(give(client, branch=branch))) == 1

    def test_to_be_shown_a_name_is_needed(self, client: Client, appeal: Appeal) -> None:
        assert errors(give(client, show_name="on")) == [
            "Tell us the name that may be shown, or untick the box."
        ]

    def test_a_name_is_one_line(self, client: Client, appeal: Appeal) -> None:
        give(client, name="Some\r\nbody")
        assert "\n" not in Donor.objects.get().name

    @pytest.mark.parametrize("method", ["get", "post"])
    def test_a_draft_is_hidden(self, client: Client, stripe: PretendStripe, method: str) -> None:
        make_appeal("rally", status=Appeal.Status.DRAFT)
        assert getattr(client, method)(GIVE).status_code == 404
        assert getattr(client, method)("/appeals/none/give/").status_code == 404

    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({"status": Appeal.Status.CLOSED}, "This appeal is closed"),
            ({"closes_at": timezone.now()}, "This appeal is closed"),
            ({"opens_at": timezone.now() + timedelta(days=1)}, "Not open yet"),
        ],
    )
    def test_an_appeal_that_takes_no_money_says_so(
        self, client: Client, stripe: PretendStripe, fields: dict[str, Any], words: str
    ) -> None:
        make_appeal("rally", **fields)
        page = client.get(GIVE)
        assert (page.status_code, words in page.content.decode()) == (200, True)
        refused = give(client)
        assert (refused.status_code, words in text(refused)) == (422, True)
        assert not CardDonation.objects.exists()

    def test_a_form_from_another_site_is_refused(self, appeal: Appeal) -> None:
        assert Client(enforce_csrf_checks=True).post(GIVE, content()).status_code == 403


class TestIdentity:
    """Over the organisation's limit the law asks who gives."""

    identity = {
        "name": "Some Body",
        "address": "1 Example Street\nLondon",
        "declares_own_money": "on",
    }

    def test_over_the_limit_all_three_are_asked_for(self, client: Client, appeal: Appeal) -> None:
        response = give(client, amount="500.01")
        assert len(errors(response)) == 3
        assert 'name="address"' in text(response)
        assert not CardDonation.objects.exists()

    @pytest.mark.parametrize("missing", ["name", "address", "declares_own_money"])
    def test_none_of_them_may_be_missing(
        self, client: Client, appeal: Appeal, missing: str
    ) -> None:
        told = {key: value for key, value in self.identity.items() if key != missing}
        assert len(errors(give(client, amount="600", **told))) == 1

    def test_with_all_three_it_is_taken(
        self, client: Client, appeal: Appeal, stripe: PretendStripe
    ) -> None:
        assert give(client, amount="600", **self.identity).status_code == 303
        donor = Donor.objects.get()
        assert (donor.name, donor.declares_own_money) == ("Some Body", True)
        assert "Example Street" in donor.address
        assert sessions(stripe)[0]["billing_address_collection"] == "required"

    def test_exactly_the_limit_is_not_over_it(self, client: Client, appeal: Appeal) -> None:
        assert give(client, amount="500").status_code == 303

    def test_an_address_that_was_not_asked_for_is_not_kept(
        self, client: Client, appeal: Appeal
    ) -> None:
        give(client, amount="20", **self.identity)
        donor = Donor.objects.get()
        assert (donor.address, donor.declares_own_money) == ("", False)

    def test_a_currency_that_the_limit_is_not_in_is_asked_always(
        self, client: Client, appeal: Appeal
    ) -> None:
        make_organisation(currency="EUR")
        assert len(errors(give(client, amount="5"))) == 3

    def test_without_a_limit_nobody_is_asked(self, client: Client, appeal: Appeal) -> None:
        make_organisation(identified_donation_limit=None)
        assert give(client, amount="5000").status_code == 303


class TestHowTheNameIsShown:
    @pytest.mark.parametrize(
        ("chosen", "shown"),
        [({}, "S. B."), ({"name_form": "first"}, "Some"), ({"name_form": "full"}, "Some Body")],
    )
    def test_the_form_that_was_chosen_is_kept_and_else_the_least(
        self, client: Client, appeal: Appeal, chosen: dict[str, str], shown: str
    ) -> None:
        assert give(client, name="Some Body", show_name="on", **chosen).status_code == 303

        donor = CardDonation.objects.get().donor
        assert donor is not None
        assert donor.public_name == shown

    def test_another_form_is_told_to_be_none(self, client: Client, appeal: Appeal) -> None:
        assert errors(give(client, name="Some Body", show_name="on", name_form="loud")) == [
            "Choose from these how it may be shown."
        ]

    def test_a_form_that_is_sent_again_with_another_one_is_another_form(
        self, client: Client, appeal: Appeal, stripe: PretendStripe
    ) -> None:
        sent = content(name="Some Body", show_name="on")
        first = client.post(GIVE, sent)
        again = client.post(GIVE, sent | {"name_form": "full"})

        assert first["Location"] != again["Location"]


class TestCheckout:
    def test_a_form_leads_to_a_checkout_that_knows_nobody(
        self, client: Client, appeal: Appeal, stripe: PretendStripe
    ) -> None:
        sent = content(name="Some Body", email="some.body@example.org", show_name="on")
        response = client.post(GIVE, sent)

        donation = CardDonation.objects.get()
        (session,) = sessions(stripe)
        assert (response.status_code, response["Location"]) == (303, session["url"])
        assert str(donation.reference) == sent["reference"] == session["client_reference_id"]
        assert donation.checkout_session_id == session["id"]
        assert (session["amount_total"], session["currency"]) == (2500, "gbp")
        assert session["submit_type"] == "donate"
        assert session["adaptive_pricing"] == {"enabled": False}
        assert session["metadata"] == {"whipround_donation": sent["reference"]}
        assert session["customer_email"] == "some.body@example.org"
        assert "Some Body" not in str(session)
        assert session["success_url"].endswith(f"/appeals/rally/thanks/{sent['reference']}/")
        back = urlsplit(session["cancel_url"])
        assert (back.path, parse_qs(back.query)) == (
            GIVE,
            {"amount": ["25.00"], "branch": ["leeds"]},
        )
        donor = Donor.objects.get()
        assert donation.donor == donor
        assert donor.public_name == "S. B."
        stripe.pay(session["id"])
        with stripe.sdk() as sdk:
            intent = sdk.v1.payment_intents.list().data[0].to_dict()
        assert intent["metadata"] == session["metadata"]

    def test_nobody_who_told_nothing_is_kept(self, client: Client, appeal: Appeal) -> None:
        give(client)
        assert not Donor.objects.exists()
        assert CardDonation.objects.get().donor is None

    def test_the_same_form_again_leads_to_the_same_checkout(
        self, client: Client, appeal: Appeal, stripe: PretendStripe
    ) -> None:
        sent = content()
        first, second = client.post(GIVE, sent), client.post(GIVE, sent)
        third = Client().post(GIVE, sent)  # a browser that keeps no cookies
        assert first["Location"] == second["Location"] == third["Location"]
        assert len(sessions(stripe)) == CardDonation.objects.count() == 1

    def test_a_lost_answer_leads_to_the_same_checkout(
        self, client: Client, appeal: Appeal, stripe: PretendStripe
    ) -> None:
        """Stripe opened it, and we never learned so: the same request finds it."""
        sent = content(email="some.body@example.org")
        first = client.post(GIVE, sent)
        CardDonation.objects.update(checkout_session_id=None, checkout_url="")
        assert client.post(GIVE, sent)["Location"] == first["Location"]
        assert len(sessions(stripe)) == 1

    def test_changed_content_ends_the_former_checkout(
        self, client: Client, appeal: Appeal, stripe: PretendStripe
    ) -> None:
        sent = content()
        first = client.post(GIVE, sent)
        second = client.post(GIVE, sent | {"amount": "50"})
        assert first["Location"] != second["Location"]
        assert {one["amount_total"]: one["status"] for one in sessions(stripe)} == {
            2500: "expired",
            5000: "open",
        }
        former, latter = CardDonation.objects.order_by("pk")
        assert former.checkout_ended_at is not None
        assert latter.reference != former.reference
        # Sent once more, the first form begins anew: its own Checkout is over.
        assert client.post(GIVE, sent)["Location"] not in {
            first["Location"],
            second["Location"],
        }

    def test_a_strangers_reference_does_not_end_their_checkout(
        self, client: Client, appeal: Appeal, stripe: PretendStripe
    ) -> None:
        sent = content()
        client.post(GIVE, sent)
        response = Client().post(GIVE, sent | {"amount": "50"})
        assert response.status_code == 303
        assert [one["status"] for one in sessions(stripe)] == ["open", "open"]

    def test_a_reference_of_another_appeal_is_a_strangers(
        self, client: Client, appeal: Appeal, stripe: PretendStripe
    ) -> None:
        make_appeal("premises")
        sent = content()
        client.post(GIVE, sent)
        assert client.post("/appeals/premises/give/", sent).status_code == 303
        assert [one["status"] for one in sessions(stripe)] == ["open", "open"]

    @pytest.mark.parametrize("reference", ["", "nonsense", "\x00", "1" * 500])
    def test_a_reference_that_is_none_is_replaced(
        self, client: Client, appeal: Appeal, reference: str
    ) -> None:
        assert give(client, reference=reference).status_code == 303
        assert CardDonation.objects.count() == 1

    def test_a_changed_form_whose_checkout_was_just_paid_leads_to_thanks(
        self, client: Client, appeal: Appeal, stripe: PretendStripe
    ) -> None:
        """The donor pays in one tab and changes the form in another: no second payment."""
        sent = content()
        client.post(GIVE, sent)
        stripe.pay(sessions(stripe)[0]["id"])
        response = client.post(GIVE, sent | {"amount": "50"})
        assert response["Location"] == f"/appeals/rally/thanks/{sent['reference']}/"
        assert len(sessions(stripe)) == 1

    @pytest.mark.parametrize("amount", ["25", "50"])
    def test_a_paid_form_leads_to_thanks(self, client: Client, appeal: Appeal, amount: str) -> None:
        sent = content()
        client.post(GIVE, sent)
        deliver(client, checkout_event(CardDonation.objects.get()))
        inbox.act_on_everything_due()
        response = client.post(GIVE, sent | {"amount": amount})
        assert (response.status_code, response["Location"]) == (
            303,
            f"/appeals/rally/thanks/{sent['reference']}/",
        )

    @pytest.mark.parametrize(
        "state",
        [
            {"checkout_ended_at": timezone.now()},
            {"checkout_expires_at": timezone.now() + timedelta(seconds=60)},
            {"checkout_url": "", "checkout_expires_at": timezone.now() + timedelta(minutes=59)},
        ],
    )
    def test_a_form_whose_checkout_is_over_or_too_old_begins_anew(
        self, client: Client, appeal: Appeal, stripe: PretendStripe, state: dict[str, Any]
    ) -> None:
        sent = content()
        first = client.post(GIVE, sent)
        CardDonation.objects.update(**state)
        second = client.post(GIVE, sent)
        assert second.status_code == 303
        assert second["Location"] != first["Location"]
        assert CardDonation.objects.count() == 2

    def test_the_content_is_kept_as_a_digest_that_tells_nothing(
        self, client: Client, appeal: Appeal
    ) -> None:
        for _ in range(2):
            give(client, email="some.body@example.org")
        digests = CardDonation.objects.values_list("content_digest", flat=True)
        assert len(set(digests)) == 2


@pytest.mark.django_db(transaction=True)
def test_a_racing_double_click_opens_one_checkout(
    client: Client, appeal: Appeal, stripe: PretendStripe
) -> None:
    sent = content(email="some.body@example.org")
    stripe.turn(latency_seconds=0.2)
    start = threading.Barrier(6)
    places: list[str] = []

    def click() -> None:
        start.wait()
        try:
            places.append(Client().post(GIVE, sent)["Location"])
        finally:
            close_connections()
            connection.close()

    threads = [threading.Thread(target=click) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(places) == 6
    assert len(set(places)) == 1
    assert len(sessions(stripe)) == CardDonation.objects.count() == Donor.objects.count() == 1


class TestStripeAway:
    """A kind page, the form kept, nothing booked; and the same form works a minute later."""

    def still_unavailable(self, client: Client, sent: dict[str, str]) -> HttpResponse:
        response = client.post(GIVE, sent)
        assert response.status_code == 503
        page = response.content.decode()
        assert "does not answer just now" in page
        assert 'value="Somebody"' in page
        assert '<option value="leeds" selected>' in page
        assert response["Retry-After"]
        assert not JournalEntry.objects.exists()
        return response  # type: ignore[return-value]

    def test_down(self, client: Client, appeal: Appeal, settings: Settings) -> None:
        sent = content(name="Somebody")
        working, settings.STRIPE_API_BASE = settings.STRIPE_API_BASE, "http://127.0.0.1:9"
        assert references(self.still_unavailable(client, sent)) == sent["reference"]
        settings.STRIPE_API_BASE = working
        assert client.post(GIVE, sent).status_code == 303

    @pytest.mark.parametrize("failure", ["500", "429", "cut"])
    def test_failing(
        self, client: Client, appeal: Appeal, stripe: PretendStripe, failure: str
    ) -> None:
        sent = content(name="Somebody")
        stripe.turn(fail_with=failure)
        again = references(self.still_unavailable(client, sent))
        stripe.turn(fail_with=None)
        assert client.post(GIVE, sent | {"reference": again}).status_code == 303
        assert len([one for one in sessions(stripe) if one["status"] == "open"]) == 1

    def test_slow(
        self,
        client: Client,
        appeal: Appeal,
        stripe: PretendStripe,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(client_module._connections(), "_timeout", 0.2)  # noqa: SLF001 - hurry
        stripe.turn(latency_seconds=20)
        self.still_unavailable(client, content(name="Somebody"))

    def test_a_former_checkout_that_cannot_be_ended_is_not_replaced(
        self, client: Client, appeal: Appeal, stripe: PretendStripe
    ) -> None:
        sent = content(name="Somebody")
        client.post(GIVE, sent)
        stripe.turn(fail_with="500")
        self.still_unavailable(client, sent | {"amount": "50"})
        assert CardDonation.objects.count() == 1


class TestThanks:
    @pytest.fixture
    def donation(self, client: Client, appeal: Appeal) -> CardDonation:
        give(client)
        return CardDonation.objects.get()

    def thanks(self, donation: CardDonation, query: str = "") -> str:
        response = Client().get(f"/appeals/rally/thanks/{donation.reference}/{query}")
        assert response.status_code == 200
        assert response["X-Robots-Tag"] == "noindex"
        assert "no-store" in response["Cache-Control"]
        page = response.content.decode()
        assert '<meta name="robots" content="noindex">' in page
        return page

    def tell(self, client: Client, donation: CardDonation, *events: Any) -> None:
        for event in events:
            deliver(client, event)
        inbox.act_on_everything_due()

    def test_pending_looks_again_by_itself(self, donation: CardDonation) -> None:
        page = self.thanks(donation)
        assert "We are waiting for word" in page
        assert '<meta http-equiv="refresh" content="1;url=?looked=1">' in page
        assert "Thank you" not in page

    def test_pending_looks_again_less_and_less(self, donation: CardDonation) -> None:
        for looked, seconds in ((1, 2), (30, 10), (80, 60), (999_999, 60)):
            page = self.thanks(donation, f"?looked={looked}")
            assert f'content="{seconds};url=?looked={looked + 1}"' in page

    @pytest.mark.parametrize("looked", ["-1", "x", "", "1e9", "٢", "9" * 5000, "%00"])
    def test_nonsense_for_a_number_of_looks_is_none(
        self, donation: CardDonation, looked: str
    ) -> None:
        assert 'content="1;url=?looked=1"' in self.thanks(donation, f"?looked={looked}")

    def test_whoever_took_long_to_pay_hears_as_soon_as_others(self, donation: CardDonation) -> None:
        CardDonation.objects.update(created_at=timezone.now() - timedelta(minutes=100))
        assert 'content="1;url=?looked=1"' in self.thanks(donation)

    def test_paid(self, client: Client, donation: CardDonation) -> None:
        self.tell(client, donation, checkout_event(donation))
        page = self.thanks(donation)
        assert "Thank you" in page
        assert "£25" in page
        assert "refresh" not in page
        assert "<title>Your donation" in page

    def test_partly_and_wholly_paid_back(self, client: Client, donation: CardDonation) -> None:
        from tests.stripe_events import refund_event  # noqa: PLC0415

        self.tell(client, donation, checkout_event(donation), refund_event(donation, amount=1000))
        assert "£10 of it was paid back" in self.thanks(donation)
        assert "£15" in self.thanks(donation)
        self.tell(client, donation, refund_event(donation, amount=1500, refund="re_2"))
        assert "Your £25 was paid back" in self.thanks(donation)

    def test_a_failed_refund_is_not_shown(self, client: Client, donation: CardDonation) -> None:
        from tests.stripe_events import refund_event  # noqa: PLC0415

        failed = refund_event(donation, "refund.failed", status="failed")
        self.tell(client, donation, checkout_event(donation), failed)
        assert "paid back" not in self.thanks(donation)

    def test_processing(self, client: Client, donation: CardDonation) -> None:
        self.tell(client, donation, checkout_event(donation, payment_status="unpaid"))
        assert "count it as promised" in self.thanks(donation)

    def test_failed(self, client: Client, donation: CardDonation) -> None:
        kind = "checkout.session.async_payment_failed"
        self.tell(client, donation, checkout_event(donation, kind, payment_status="unpaid"))
        page = self.thanks(donation)
        assert "Nothing was taken" in page
        assert f'href="{GIVE}?amount=25.00&amp;branch=leeds"' in page

    def test_expired(self, client: Client, donation: CardDonation) -> None:
        self.tell(client, donation, checkout_event(donation, "checkout.session.expired"))
        assert "Time ran out" in self.thanks(donation)

    def test_expired_by_the_clock(self, donation: CardDonation) -> None:
        CardDonation.objects.update(checkout_expires_at=timezone.now() - timedelta(minutes=1))
        assert "Time ran out" in self.thanks(donation)

    def test_what_nobody_gave_is_not_found(self, client: Client, donation: CardDonation) -> None:
        make_appeal("premises")
        assert client.get(f"/appeals/rally/thanks/{uuid.uuid4()}/").status_code == 404
        assert client.get(f"/appeals/premises/thanks/{donation.reference}/").status_code == 404
        assert client.get("/appeals/rally/thanks/nonsense/").status_code == 404

    def test_nobody_is_named(self, client: Client, appeal: Appeal) -> None:
        give(client, name="Some Body", email="some.body@example.org", show_name="on")
        donation = CardDonation.objects.get()
        self.tell(client, donation, checkout_event(donation))
        page = self.thanks(donation)
        assert "Some Body" not in page
        assert "some.body" not in page


def test_suggested_amounts_have_plain_values(client: Client, stripe: PretendStripe) -> None:
    make_appeal("rally", suggested_amounts=[Decimal("2.50"), Decimal(1000)])
    page = client.get(GIVE).content.decode()
    assert re.findall(r'name="amount" value="([^"]+)"', page) == ["2.5", "1000", "other"]
