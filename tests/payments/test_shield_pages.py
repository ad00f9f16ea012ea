"""The give form under the shield: nothing to see in calm, one sum in an attack, a way for all."""

import re
import smtplib
import time
from typing import Any
from unittest import mock

import pytest
from django.core import mail
from django.http import HttpResponse
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from appeals.models import Appeal
from funds.models import Membership
from payments.models import Attack, CardDonation, CardPause, CheckoutOrigin
from payments.shield import passes
from payments.shield.limits import DECLINES, LINKS_FOR_AN_ADDRESS, LINKS_OF_A_BROWSER
from payments.shield.switch import Mode, choose_challenge, pause_cards, resume_cards
from tests.conftest import Measured
from tests.factories import make_appeal, make_branch, make_organisation, make_user
from tests.payments.shield import GIVE, Browser, declined, make_attack
from tests.pretend_stripe.process import PretendStripe

LINK = "/appeals/rally/give/link/"
CHALLENGE = "/appeals/rally/give/challenge/"


@pytest.fixture
def appeal(stripe: PretendStripe) -> Appeal:
    make_branch("Leeds")
    return make_appeal("rally", title="Rally")


@pytest.fixture
def attack(appeal: Appeal) -> Attack:
    return make_attack()


def text(response: Any) -> str:
    body: bytes = response.content
    return body.decode()


class TestInCalm:
    def test_nothing_is_to_be_seen(self, appeal: Appeal) -> None:
        page = Browser().look()
        assert "altcha" not in page
        assert "The check does not work for me" not in page

    def test_the_page_costs_one_query_more_and_no_more_for_many_branches(
        self, client: Client, appeal: Appeal, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        for number in range(60):
            make_branch(f"Branch {number}")
        with django_assert_max_num_queries(6):
            client.get(GIVE)

    def test_a_form_leads_to_checkout_and_its_origin_is_known(self, appeal: Appeal) -> None:
        browser = Browser()
        assert browser.give(email="some.body@example.org").status_code == 303
        origin = CheckoutOrigin.objects.get()
        assert origin.donation == CardDonation.objects.get()
        assert origin.session_digest
        assert origin.email_digest

    def test_a_browser_is_known_again_by_a_cookie_that_says_nothing(self, appeal: Appeal) -> None:
        first, second = Browser(), Browser()
        for browser in (first, first, second):
            browser.give()
        digests = CheckoutOrigin.objects.values_list("session_digest", flat=True)
        assert len(set(digests)) == 2
        cookie = first.client.cookies["giving-browser"]
        assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == (
            "/appeals/",
            True,
            "Lax",
        )

    def test_a_forged_cookie_is_none(self, appeal: Appeal) -> None:
        browser = Browser()
        browser.client.cookies["giving-browser"] = "me:1abc:forged"
        assert browser.give().status_code == 303

    def test_three_hundred_behind_one_wifi_are_let_through(
        self, appeal: Appeal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Each with a browser of their own, all from one address, and half of them hasty."""
        monkeypatch.setattr(
            "payments.views.give.begin_giving", mock.Mock(side_effect=_open_without_stripe)
        )
        statuses = {
            Browser(Client(REMOTE_ADDR="198.51.100.7")).give().status_code for _ in range(300)
        }
        assert statuses == {303}
        assert CheckoutOrigin.objects.count() == 300

    def test_a_machine_that_fills_in_the_hidden_field_gets_the_check(self, appeal: Appeal) -> None:
        browser = Browser()
        page = browser.look()
        assert re.search(r'aria-hidden="true"><label>.*?name="leave_empty" tabindex="-1"', page)
        response = browser.send(browser.fill(page, leave_empty="Buy now"))
        assert response.status_code == 422
        assert "<altcha-check" in text(response)

    @pytest.mark.parametrize("minted", ["nonsense", "a:b:c", ""])
    def test_a_forged_time_gets_the_check_and_none_does_not(
        self, appeal: Appeal, minted: str
    ) -> None:
        browser = Browser()
        response = browser.send(browser.fill(browser.look(), minted=minted))
        assert response.status_code == (422 if minted else 303)

    def test_the_time_of_another_form_is_forged(self, appeal: Appeal) -> None:
        browser = Browser()
        other = browser.fill(browser.look())["minted"]
        response = browser.send(browser.fill(browser.look(), minted=other))
        assert response.status_code == 422


def _open_without_stripe(giving: Any) -> Any:
    from payments.checkout import ToCheckout, _content_digest, _take_reference  # noqa: PLC0415

    _take_reference(giving, _content_digest(giving))
    return ToCheckout("https://checkout.example.org/", giving.reference)


class TestInAnAttack:
    def test_the_page_has_the_check_and_the_other_way(self, attack: Attack) -> None:
        page = Browser().look()
        assert re.search(r'<altcha-check[^>]+data-worker="/static/vendor/altcha-[^"]+"', page)
        assert "scripts are off in your browser" in page, (
            "for whoever has none: a script replaces it"
        )
        assert "The check does not work for me" in page
        assert page.index("Go on to pay by card</button>") < page.index("Send me a link</button>")
        assert "style=" not in page

    def test_a_solved_check_leads_to_checkout(self, attack: Attack) -> None:
        assert Browser().give().status_code == 303

    def test_without_it_the_form_comes_back_with_all_that_was_typed(self, attack: Attack) -> None:
        browser = Browser()
        sent = browser.fill(
            browser.look(), name="Somebody", email="some.body@example.org", branch="leeds"
        )
        response = browser.send(sent)
        page = text(response)
        assert response.status_code == 422
        assert "One small check first" in page
        assert 'value="Somebody"' in page
        assert '<option value="leeds" selected>' in page
        assert re.search(r'name="other_amount"[^>]*value="25"', page)
        assert f'name="reference" value="{sent["reference"]}"' in page
        assert not CardDonation.objects.exists()
        again = browser.fill(page, branch="leeds") | {"altcha": browser.solution_for(page)}
        assert browser.send(again).status_code == 303

    def test_a_double_click_leads_to_one_checkout(self, attack: Attack) -> None:
        browser = Browser()
        page = browser.look()
        sent = browser.fill(page) | {"altcha": browser.solution_for(page)}
        first, second = browser.send(sent), browser.send(sent)
        assert first["Location"] == second["Location"]

    def test_a_used_check_opens_no_second_checkout(self, attack: Attack) -> None:
        browser = Browser()
        page = browser.look()
        sent = browser.fill(page) | {"altcha": browser.solution_for(page)}
        assert browser.send(sent).status_code == 303
        response = browser.send(sent | {"amount": "10"})
        assert response.status_code == 422
        assert "The check had run out" in text(response)
        assert CardDonation.objects.count() == 1

    def test_a_form_with_a_mistake_shows_both(self, attack: Attack) -> None:
        browser = Browser()
        response = browser.send(browser.fill(browser.look(), amount="1"))
        page = text(response)
        assert response.status_code == 422
        assert "By card we can take £2 or more" in page
        assert "<altcha-check" in page

    def test_a_person_may_turn_it_on_and_off(self, appeal: Appeal) -> None:
        by = make_user()
        choose_challenge(Mode.ON, why="", by=by)
        assert "<altcha-check" in Browser().look()
        make_attack()
        choose_challenge(Mode.OFF, why="", by=by)
        assert "<altcha-check" not in Browser().look()
        assert Browser().give().status_code == 303

    def test_stripe_away_keeps_the_check_on_the_page(
        self, attack: Attack, stripe: PretendStripe
    ) -> None:
        stripe.turn(fail_with="500")
        response = Browser().give()
        assert response.status_code == 503
        assert "<altcha-check" in text(response)
        stripe.turn(fail_with=None)


class TestChallenge:
    def test_it_is_for_one_form_and_never_cached(self, client: Client, appeal: Appeal) -> None:
        form = "9b2f3c1e-5d7a-4e0b-8a5c-0c9d1e2f3a4b"
        response = client.get(CHALLENGE, {"form": form})
        assert response.json()["parameters"]["data"] == {"form": form}
        assert "no-store" in response["Cache-Control"]

    @pytest.mark.parametrize("query", ["", "?form=", "?form=nonsense", "?form=%00"])
    def test_for_no_form_there_is_none(self, client: Client, appeal: Appeal, query: str) -> None:
        assert client.get(CHALLENGE + query).status_code == 404

    def test_a_draft_has_none(self, client: Client, stripe: PretendStripe) -> None:
        make_appeal("rally", status=Appeal.Status.DRAFT)
        form = "9b2f3c1e-5d7a-4e0b-8a5c-0c9d1e2f3a4b"
        assert client.get(CHALLENGE, {"form": form}).status_code == 404
        assert client.post(LINK, {"link_email": "a@example.org"}).status_code == 404

    def test_it_is_made_in_few_queries(
        self, client: Client, attack: Attack, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        with django_assert_num_queries(2):
            client.get(CHALLENGE, {"form": "9b2f3c1e-5d7a-4e0b-8a5c-0c9d1e2f3a4b"})


class TestTheWayForEveryone:
    def ask(self, browser: Browser, email: str = "some.body@example.org", **typed: str) -> Any:
        sent = browser.fill(browser.look(), link_email=email, **typed)
        return browser.client.post(LINK, sent)

    def the_link(self) -> str:
        found = re.search(r"http://testserver(/\S+)", str(mail.outbox[-1].body))
        assert found is not None
        return found[1]

    def test_a_link_opens_the_form_without_the_check(self, attack: Attack) -> None:
        browser = Browser()
        response = self.ask(browser, amount="other", other_amount="17", branch="leeds")
        assert response.status_code == 200
        page = text(response)
        assert "We have sent you a link" in page
        assert re.search(r'name="other_amount"[^>]*value="17"', page), "the form is as it was"
        assert '<option value="leeds" selected>' in page
        (letter,) = mail.outbox
        assert letter.to == ["some.body@example.org"]
        assert "some.body" not in self.the_link(), "an address in the log of a proxy"

        elsewhere = Browser()  # the mail program's own browser
        page = text(elsewhere.client.get(self.the_link()))
        assert "<altcha-check" not in page
        assert re.search(r'name="other_amount"[^>]*value="17"', page)
        assert '<option value="leeds" selected>' in page
        assert elsewhere.send(elsewhere.fill(page)).status_code == 303
        assert "<altcha-check" not in elsewhere.look(), "back from Stripe it still holds"

    def test_a_link_is_for_one_appeal_and_some_time(self, attack: Attack) -> None:
        browser = Browser()
        self.ask(browser)
        token = self.the_link().partition("pass=")[2]
        premises = make_appeal("premises")
        assert not passes.is_pass(token.replace("%3A", ":"), premises)
        with mock.patch("django.core.signing.time.time", return_value=time.time() + 7201):
            assert "<altcha-check" in text(browser.client.get(self.the_link()))
        assert "<altcha-check" in Browser().look("?pass=forged:1:2")

    @pytest.mark.parametrize("email", ["", "nonsense", "a@b", "x@example.org\nBcc: y@example.org"])
    def test_what_is_no_address_is_asked_for_again(self, attack: Attack, email: str) -> None:
        response = self.ask(Browser(), email)
        assert response.status_code == 422
        assert "like name@example.org" in text(response)
        assert not mail.outbox

    def test_nobodys_letter_box_is_filled_by_us(self, attack: Attack) -> None:
        statuses = [self.ask(Browser()).status_code for _ in range(LINKS_FOR_AN_ADDRESS + 2)]
        assert statuses == [200] * LINKS_FOR_AN_ADDRESS + [429] * 2
        assert len(mail.outbox) == LINKS_FOR_AN_ADDRESS

    def test_one_browser_asks_for_some_only(self, attack: Attack) -> None:
        browser = Browser()
        statuses = [
            self.ask(browser, f"somebody{number}@example.org").status_code
            for number in range(LINKS_OF_A_BROWSER + 1)
        ]
        assert statuses == [200] * LINKS_OF_A_BROWSER + [429]

    def test_all_together_are_bounded(
        self, attack: Attack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(passes, "LINKS_IN_ALL", 2)
        statuses = [self.ask(Browser(), f"a{n}@example.org").status_code for n in range(3)]
        assert statuses == [200, 200, 429]

    def test_when_the_mail_server_is_away_it_is_said(self, attack: Attack) -> None:
        with mock.patch(
            "payments.shield.passes.EmailMessage.send",
            side_effect=smtplib.SMTPServerDisconnected("gone"),
        ):
            response = self.ask(Browser(), name="Somebody")
        assert response.status_code == 503
        assert "does not go out just now" in text(response)
        assert 'value="Somebody"' in text(response)

    def test_when_the_form_takes_nothing_there_is_no_link(
        self, client: Client, appeal: Appeal
    ) -> None:
        pause_cards(appeal=None, why="", by=make_user())
        response = client.post(LINK, {"link_email": "a@example.org"})
        assert (response.status_code, response["Location"]) == (302, GIVE)
        assert not mail.outbox

    def test_without_a_contact_address_the_branch_is_named(self, attack: Attack) -> None:
        assert "write to" in Browser().look()
        make_organisation(contact_email="")
        assert "treasurer.</li>" in Browser().look()


class TestRefused:
    def test_worn_out_cards_get_kind_words_and_an_hour(self, appeal: Appeal) -> None:
        browser = Browser()
        assert browser.give().status_code == 303
        declined(CardDonation.objects.get(), times=DECLINES)
        response = browser.give()
        assert (response.status_code, response["Retry-After"]) == (429, "3600")
        page = text(response)
        assert "Thank you for your patience" in page
        assert "treasurer@example.org" in page
        assert CardDonation.objects.count() == 1
        assert Browser().give().status_code == 303, "others go on"

    def test_refusing_is_cheap(
        self,
        appeal: Appeal,
        measured: Measured,
        django_assert_max_num_queries: DjangoAssertNumQueries,
    ) -> None:
        for number in range(60):
            make_branch(f"Branch {number}")
        browser = Browser()
        browser.give()
        declined(CardDonation.objects.get(), times=DECLINES)
        sent = browser.fill(browser.look())
        with django_assert_max_num_queries(7):
            assert browser.send(sent).status_code == 429
        measured(f"worn out: {_rate(lambda: browser.send(sent)):.0f} refused a second")
        make_attack()
        other = Browser()
        sent = other.fill(other.look())
        with django_assert_max_num_queries(9):
            assert other.send(sent).status_code == 422
        measured(f"without the check: {_rate(lambda: other.send(sent)):.0f} sent back a second")


def _rate(act: Any) -> float:
    began_at = time.perf_counter()
    for _ in range(20):
        act()
    return 20 / (time.perf_counter() - began_at)


class TestPaused:
    @pytest.fixture
    def pause(self, appeal: Appeal) -> CardPause:
        pause_cards(appeal=None, why="They are at it", by=make_user())
        return CardPause.objects.get()

    def test_the_form_gives_way_to_kind_words(self, client: Client, pause: CardPause) -> None:
        page = client.get(GIVE)
        assert page.status_code == 200
        assert "Cards have a short rest" in text(page)
        assert "treasurer@example.org" in text(page)
        assert "They are at it" not in text(page)
        assert "no-store" in page["Cache-Control"]
        refused = client.post(GIVE, {"amount": "25"})
        assert (refused.status_code, "Cards have a short rest" in text(refused)) == (503, True)
        assert not CardDonation.objects.exists()

    def test_the_screen_the_appeal_and_the_api_go_on(
        self, client: Client, pause: CardPause
    ) -> None:
        for path in ("", "league/", "screen/", "qr.svg"):
            assert client.get(f"/appeals/rally/{path}").status_code == 200
        assert client.get("/api/v1/appeals/rally/").json()["status"] == "open"

    def test_one_appeal_alone_can_be_paused(self, client: Client, appeal: Appeal) -> None:
        make_appeal("premises")
        pause_cards(appeal=appeal, why="", by=make_user())
        assert "Cards have a short rest" in text(client.get(GIVE))
        assert "Cards have a short rest" not in text(client.get("/appeals/premises/give/"))

    def test_it_ends_at_once(self, client: Client, pause: CardPause) -> None:
        assert resume_cards(pause.pk, by=make_user())
        assert "Go on to pay by card" in text(client.get(GIVE))
        assert client.post(GIVE, {"amount": "25"}).status_code == 303

    def test_a_closed_appeal_says_that_it_is_closed(self, client: Client, pause: CardPause) -> None:
        Appeal.objects.update(status=Appeal.Status.CLOSED)
        assert "This appeal is closed" in text(client.get(GIVE))


def test_who_is_told_may_act(appeal: Appeal) -> None:
    """The operator's e-mail leads to a page that operators may open."""
    operator = make_user(role=Membership.Role.OPERATOR)
    client = Client()
    client.force_login(operator)
    response: HttpResponse = client.get("/treasurer/card-switch/")  # type: ignore[assignment]
    assert response.status_code == 200
