import re
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from appeals.models import Appeal, BranchTarget, Promise
from funds.models import Branch, Organisation
from tests.appeals.books import Role, receive
from tests.factories import gbp, make_appeal, make_branch, make_organisation, make_region, make_user

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


class Words(HTMLParser):
    """What a reader without style sheets reads, and what a part with `hidden` says."""

    VOID = frozenset({"meta", "link", "input", "br", "img", "hr"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.shown: list[str] = []
        self._hidden = [False]
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"dt", "dd"}:
            self.shown.append(" ")
        if tag not in self.VOID:
            is_hidden = "hidden" in dict(attrs) or tag in {"template", "title", "style"}
            self._hidden.append(self._hidden[-1] or is_hidden)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            self._hidden.pop()

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Drawn parts that close themselves hold no words."""

    def handle_data(self, data: str) -> None:
        if not self._hidden[-1]:
            self.shown.append(data)


def get_words(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return " ".join("".join(Words(response.content.decode()).shown).split())


class TestHome:
    def test_open_appeals_stand_above_coming_and_closed_ones(self, client: Client) -> None:
        now = timezone.now()
        make_appeal("camp", title="Summer camp", status=Appeal.Status.CLOSED)
        make_appeal("spring", title="Spring fund", opens_at=now + DAY)
        receive(make_appeal("rally", title="The rally", target=gbp(30_000)), gbp(42_021))
        make_appeal("old", title="Past its date", closes_at=now - DAY)
        make_appeal("secret", title="Draft", status=Appeal.Status.DRAFT)

        words = get_words(client, "/")

        order = [
            words.index(part)
            for part in (
                "Open now",
                "The rally",
                "£42,021",
                "Target reached: £30,000",
                "Coming",
                "Spring fund",
                "What we raised together",
                "Past its date",
            )
        ]
        assert order == sorted(order)
        assert words.index("What we raised together") < words.index("Summer camp")
        assert "Draft" not in words

    def test_without_an_open_appeal_it_says_so(self, client: Client) -> None:
        make_organisation()

        assert "No appeal is open just now" in get_words(client, "/")

    def test_it_takes_as_many_queries_for_nine_appeals_as_for_one(self, client: Client) -> None:
        make_appeal("first")
        with CaptureQueriesContext(connection) as one:
            client.get("/")
        for number in range(8):
            make_appeal(f"appeal-{number}")
        with CaptureQueriesContext(connection) as nine:
            client.get("/")

        assert len(nine) == len(one) <= 10


class TestAppeal:
    def test_it_shows_target_raised_percent_and_what_is_to_go(self, client: Client) -> None:
        receive(make_appeal(title="The rally", target=gbp(30_000)), gbp("27020.50"))

        words = get_words(client, "/appeals/rally/")

        assert "The rally £27,020.50 raised, 90%" in words
        assert "raised of our £30,000 target. £2,979.50 to go." in words
        assert "Target reached" not in words
        assert "By card £27,020.50 Cash collections £0" in words

    def test_over_the_target_it_says_so_with_thanks(self, client: Client) -> None:
        receive(make_appeal(target=gbp(30_000), stretch_targets=[50_000]), gbp(42_021))

        words = get_words(client, "/appeals/rally/")

        assert "Target reached: £30,000. £42,021 and counting – thank you. Next: £50,000." in words  # noqa: RUF001
        assert "to go" not in words

    @pytest.mark.parametrize("path", ["/", "/appeals/rally/", "/appeals/rally/league/"])
    def test_an_open_appeal_leads_to_the_give_page(self, client: Client, path: str) -> None:
        make_appeal()

        assert b'href="/appeals/rally/give/"' in client.get(path).content

    def test_the_mercury_is_capped_at_the_target(self, client: Client) -> None:
        receive(make_appeal(target=gbp(30_000)), gbp(42_021))

        page = client.get("/appeals/rally/").content.decode()

        assert 'height="100" data-live="fill"' in page

    def test_the_story_is_paragraphs_and_links_and_never_markup(self, client: Client) -> None:
        make_appeal(
            story="First & best.\n\n<script>alert(1)</script> See https://example.org/a?b=1&c=2 "
            '"onmouseover="x" javascript:alert(1)\nSame paragraph'
        )

        page = client.get("/appeals/rally/").content.decode()

        assert "<p>First &amp; best.</p>" in page
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
        assert '<a href="https://example.org/a?b=1&amp;c=2" rel="nofollow">' in page
        assert 'href="javascript' not in page
        assert "<br>Same paragraph" in page
        assert not re.search(r"<[^>]*\sonmouseover=", page)

    def test_a_title_is_text_everywhere(self, client: Client) -> None:
        make_appeal(title='<img src=x onerror="alert(1)">')

        for path in ("/", "/appeals/rally/", "/appeals/rally/league/"):
            assert b"<img" not in client.get(path).content

    def test_what_is_promised_is_named_as_not_in_the_total(self, client: Client) -> None:
        appeal = make_appeal()
        assert "promised" not in get_words(client, "/appeals/rally/")

        Promise.objects.create(appeal=appeal, amount=gbp(1250), kind="pledge", source_key="k")

        words = get_words(client, "/appeals/rally/")
        assert "£1,250 more is promised. It is not in the total until it comes." in words
        assert "Raised £0" in words

    def test_what_is_promised_every_month_is_named_apart_while_it_runs(
        self, client: Client
    ) -> None:
        appeal = make_appeal()
        assert "every month" not in get_words(client, "/appeals/rally/")

        Promise.objects.create(appeal=appeal, amount=gbp(340), kind="monthly", source_key="k")

        words = get_words(client, "/appeals/rally/")
        assert "£340 is promised every month. Each month is counted when it comes." in words
        assert "more is promised" not in words
        assert "Raised £0" in words
        Appeal.objects.update(status=Appeal.Status.CLOSED)
        assert "every month" not in get_words(client, "/appeals/rally/")

    def test_cash_that_was_counted_is_named_until_it_is_banked(self, client: Client) -> None:
        appeal = make_appeal()
        assert "not yet banked" not in get_words(client, "/appeals/rally/")

        receive(appeal, gbp(310), role=Role.CASH)

        assert "£310 is counted, not yet banked" in get_words(client, "/appeals/rally/")

    def test_a_draft_and_an_unknown_appeal_are_not_found(self, client: Client) -> None:
        make_appeal("secret", title="The secret", status=Appeal.Status.DRAFT)

        for path in ("/appeals/secret/", "/appeals/secret/league/", "/appeals/nowhere/"):
            response = client.get(path)
            assert response.status_code == 404
            assert b"There is nothing here" in response.content
            assert b"The secret" not in response.content

    def test_a_closed_appeal_shows_its_result_and_asks_for_nothing(self, client: Client) -> None:
        receive(make_appeal(status=Appeal.Status.CLOSED, target=gbp(100)), gbp(90))

        words = get_words(client, "/appeals/rally/")

        assert "This appeal is closed. Thank you." in words
        assert "£90 raised, 90%" in words
        assert "Give" not in words
        assert "to go" not in words

    def test_an_appeal_to_come_says_from_when(self, client: Client) -> None:
        opens_at = timezone.now() + 40 * DAY
        make_appeal(opens_at=opens_at)

        words = get_words(client, "/appeals/rally/")

        assert (
            f"Opens {timezone.localtime(opens_at):%A} {timezone.localtime(opens_at).day} " in words
        )
        assert "Give" not in words

    def test_dates_are_told_by_the_organisations_clock(self, client: Client) -> None:
        appeal = make_appeal(opens_at=timezone.now() + DAY)
        Appeal.objects.filter(pk=appeal.pk).update(opens_at="2099-07-01T18:00:00Z")
        Organisation.objects.update(time_zone="Europe/Athens")

        assert "Opens Wednesday 1 July, 21:00" in get_words(client, "/appeals/rally/")

    def test_it_has_what_the_live_element_needs(self, client: Client) -> None:
        make_appeal()

        page = client.get("/appeals/rally/").content.decode()

        assert re.search(
            r'<live-appeal slug="rally" src="/live/appeals/rally" api="/api/v1/appeals/rally/" '
            r'epoch="[0-9a-f]{12}" sequence="1" data-time-zone="Europe/London">',
            page,
        )

    def test_every_page_has_imprint_language_skip_link_and_a_way_to_log_in(
        self, client: Client
    ) -> None:
        make_appeal()

        for path in ("/", "/appeals/rally/", "/appeals/rally/league/", "/privacy/", "/nowhere"):
            page = client.get(path).content.decode()
            assert '<html lang="en-GB">' in page
            assert 'href="#main"' in page
            assert 'id="main"' in page
            assert "Promoted by the Example Party, 1 Example Street" in page
            assert 'href="/accounts/login/"' in page

    def test_no_page_holds_inline_styles_or_scripts(self, client: Client) -> None:
        receive(
            make_appeal(branch_targets=[(make_branch(), gbp(10))]), gbp(5), branch=make_branch()
        )

        for path in ("/", "/appeals/rally/", "/appeals/rally/league/", "/privacy/"):
            page = client.get(path).content.decode()
            assert not re.search(r"<[^>]+\sstyle=", page)
            assert "<style" not in page
            assert not re.search(r"<script(?![^>]*\ssrc=)", page)
            assert not re.search(r"<[^>]+\son[a-z]+=", page)

    @pytest.mark.parametrize("path", ["/appeals/rally/", "/appeals/rally/league/"])
    def test_it_takes_at_most_ten_queries_and_as_many_for_500_branches_as_for_10(
        self, client: Client, path: str
    ) -> None:
        appeal = make_appeal()
        region = make_region()
        branches = Branch.objects.bulk_create(
            Branch(region=region, name=f"Branch {n:03}", slug=f"branch-{n:03}") for n in range(500)
        )
        counts = []
        for own in (branches[:10], branches[10:]):
            BranchTarget.objects.bulk_create(
                BranchTarget(appeal=appeal, branch=branch, target=gbp(10)) for branch in own
            )
            receive(appeal, gbp(5), branch=own[0])
            with CaptureQueriesContext(connection) as queries:
                client.get(path)
            counts.append(len(queries))

        assert counts[0] == counts[1] <= 10


class TestLeague:
    def test_the_appeals_page_shows_the_best_ten_and_the_league_page_all(
        self, client: Client
    ) -> None:
        targets = [(make_branch(f"Branch {number:02}"), gbp(100)) for number in range(12)]
        appeal = make_appeal(branch_targets=targets)
        for number, (branch, _) in enumerate(targets):
            receive(appeal, gbp(100 - number), branch=branch)

        short, whole = (
            get_words(client, path) for path in ("/appeals/rally/", "/appeals/rally/league/")
        )

        assert "Branch 09" in short
        assert "Branch 10" not in short
        assert "Branch 11" in whole
        assert "1 Branch 00 Yorkshire £100 £100 100%" in whole

    def test_the_whole_table_ends_with_sums_that_equal_what_was_raised(
        self, client: Client
    ) -> None:
        leeds, hull = make_branch("Leeds"), make_branch("Hull")
        appeal = make_appeal(target=gbp(1000), branch_targets=[(leeds, gbp(100))])
        receive(appeal, gbp("152.10"), branch=leeds)
        receive(appeal, gbp(40), branch=hull, role=Role.CASH)
        receive(appeal, gbp(300))

        words = get_words(client, "/appeals/rally/league/")

        assert (
            "1 Leeds Yorkshire £152.10 £100 152% Without a target of their own "
            "1 Hull Yorkshire £40 No branch £300 Raised in all £492.10 £1,000 49%"
        ) in words

    def test_the_table_is_a_table(self, client: Client) -> None:
        leeds = make_branch()
        receive(make_appeal(branch_targets=[(leeds, gbp(100))]), gbp(1), branch=leeds)

        page = client.get("/appeals/rally/league/").content.decode()

        assert "<caption>" in page
        assert page.count('scope="col"') == 5
        assert re.search(r'<th [^>]*scope="row"[^>]*><span[^>]*>Leeds</span>', page)

    def test_a_table_without_branches_says_how_it_begins(self, client: Client) -> None:
        make_appeal()

        assert "No branch has raised anything yet" in get_words(client, "/appeals/rally/league/")

    def test_an_appeal_that_keeps_it_to_itself_has_none(self, client: Client) -> None:
        leeds = make_branch()
        receive(
            make_appeal(show_league=False, branch_targets=[(leeds, gbp(100))]),
            gbp(1),
            branch=leeds,
        )

        assert "Leeds" not in get_words(client, "/appeals/rally/")
        assert client.get("/appeals/rally/league/").status_code == 404


class TestPrivacy:
    def test_the_organisations_own_notice_is_text(self, client: Client) -> None:
        make_organisation(privacy_notice="Ours.\n\n<b>bold</b> https://example.org")

        page = client.get("/privacy/").content.decode()

        assert "<p>Ours.</p>" in page
        assert "&lt;b&gt;bold" in page
        assert 'href="https://example.org" rel="nofollow"' in page
        assert "Stripe" not in page

    def test_without_one_it_says_what_the_site_does(self, client: Client) -> None:
        make_organisation()

        words = get_words(client, "/privacy/")

        assert "You can give without a name." in words
        assert "more than £500" in words
        assert "treasurer@example.org" in words

    def test_an_organisation_without_a_limit_asks_no_names(self, client: Client) -> None:
        make_organisation(identified_donation_limit=None, contact_email="")

        words = get_words(client, "/privacy/")

        assert "the law obliges us" not in words
        assert "Write to the address at the foot of this page." in words


class TestLogIn:
    @pytest.mark.parametrize(
        "path", ["/accounts/login/", "/accounts/password/reset/", "/accounts/signup/"]
    )
    def test_its_pages_look_like_the_rest(self, client: Client, path: str) -> None:
        make_organisation()

        response = client.get(path)

        assert response.status_code == 200
        assert b"Promoted by the Example Party" in response.content

    def test_a_wrong_password_is_told_beside_the_form(self, client: Client) -> None:
        make_organisation()
        make_user("treasurer")

        response = client.post("/accounts/login/", {"login": "treasurer", "password": "wrong"})

        assert response.status_code == 200
        assert b'role="alert"' in response.content

    @pytest.mark.parametrize(
        "path",
        ["/accounts/2fa/", "/accounts/password/change/", "/accounts/logout/", "/accounts/email/"],
    )
    def test_its_pages_for_those_logged_in_look_like_the_rest(
        self, client: Client, path: str
    ) -> None:
        make_organisation()
        client.force_login(make_user("treasurer"))

        response = client.get(path)

        assert response.status_code == 200
        assert b"Promoted by the Example Party" in response.content
