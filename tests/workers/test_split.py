"""Real nginx with ``deploy/``'s configuration, WSGI workers, two live processes and a worker."""

import gzip
import itertools
import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from typing import Any, Final, Self

import httpx
import pytest
from django.conf import settings

from appeals.models import Appeal
from payments.models import CardDonation
from payments.views.treasurer.statements import PATH as STATEMENT_PATH
from payments.views.webhook import MOST_BYTES
from payments.views.webhook import PATH as WEBHOOK_PATH
from tests.factories import gbp, make_appeal, make_branch, make_card_donation
from tests.live.posting import collect
from tests.payments.books import raised_by_card
from tests.stripe_events import checkout_event, sign
from tests.workers.nginx import DEPLOY, find_nginx
from tests.workers.servers import WAIT_SECONDS, find_redis, wait_until
from tests.workers.split import PAGE_THREADS, Split, running_split
from whipround.asgi import FILE_PATHS

pytestmark = [pytest.mark.fault, pytest.mark.django_db(transaction=True)]

_numbers = itertools.count(1)
HASHED: Final = "css/poster.0123456789ab.css"


@pytest.fixture(scope="module")
def split(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Split]:
    """Skipped where nginx or Redis cannot be had."""
    if not (find_nginx() and find_redis()):
        pytest.skip("no nginx or no redis-server on the PATH, and none could be installed")
    folder = tmp_path_factory.mktemp("var")
    style = folder / "static" / HASHED
    style.parent.mkdir(parents=True)
    style.write_text("h1 { color: red }\n" * 200)
    style.with_name(f"{style.name}.gz").write_bytes(gzip.compress(style.read_bytes()))
    style.with_name("poster.css").write_text("h1 { color: red }\n")
    with running_split(folder) as running:
        yield running


@pytest.fixture
def appeal(split: Split) -> Appeal:
    """Of a name of its own, that both live processes have learned."""
    slug = f"rally-{next(_numbers)}"
    appeal = make_appeal(slug, minimum=1, branch_targets=[(make_branch("Leeds"), gbp(100))])
    for site in split.live:
        wait_until(lambda: httpx.head(f"{site.url}/live/appeals/{slug}").status_code == 200)  # noqa: B023 - called at once
    return appeal


class Page:
    """A page that is open: its stream through nginx, and the readings that came."""

    def __init__(self, split: Split, appeal: Appeal, *, http2: bool = True) -> None:
        self.readings: list[dict[str, Any]] = []
        self.is_ended = False
        self._stack = ExitStack()
        browser = self._stack.enter_context(split.browser(http2=http2))
        headers = {"Accept-Encoding": "gzip", "Accept": "text/event-stream"}
        self.response = self._stack.enter_context(
            browser.stream("GET", f"/live/appeals/{appeal.slug}", headers=headers)
        )
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def _read(self) -> None:
        with suppress(httpx.HTTPError, httpx.StreamError):
            for line in self.response.iter_lines():
                if line.startswith('data: {"slug"'):
                    self.readings.append(json.loads(line.removeprefix("data: ")))
        self.is_ended = True

    def until_raised(self, amount: str) -> None:
        wait_until(lambda: bool(self.readings) and self.raised == amount, why=lambda: self.readings)

    @property
    def raised(self) -> str:
        return str(self.readings[-1]["raised"]["amount"])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        connection = self.response.extensions["network_stream"].get_extra_info("socket")
        with suppress(OSError):  # nginx may have ended it
            connection.shutdown(socket.SHUT_RDWR)  # which wakes whoever waits for more
        self._reading.join(WAIT_SECONDS)
        self._stack.close()


def test_nginx_takes_the_configuration_without_a_word_of_complaint(split: Split) -> None:
    said = split.nginx.check()

    assert "syntax is ok" in said
    assert "test is successful" in said
    assert "[warn]" not in said


def test_a_donor_gives_and_the_last_page_sees_it(split: Split, appeal: Appeal) -> None:
    with ExitStack() as stack:
        # Some come as browsers do, by HTTP/2, and some by HTTP/1.1.
        pages = [
            stack.enter_context(Page(split, appeal, http2=number % 2 == 0)) for number in range(12)
        ]
        assert {page.response.http_version for page in pages} == {"HTTP/2", "HTTP/1.1"}
        for page in pages:
            page.until_raised("0.00")
        with split.browser() as donor:
            answer = give(donor, appeal)
            assert answer.status_code == 303
            assert answer.headers["Location"].startswith(split.stripe.url)
            deliver(split, donor, CardDonation.objects.get())
        for page in pages:
            page.until_raised("25.00")
    assert raised_by_card(appeal) == gbp(25)


def test_an_update_is_held_back_by_nobody(split: Split, appeal: Appeal) -> None:
    """Each of several arrives before the next is sent: no buffer waits for more."""
    with Page(split, appeal) as page:
        page.until_raised("0.00")
        for pounds in range(1, 6):
            collect(appeal, gbp(1))
            page.until_raised(f"{pounds}.00")


def test_streams_are_not_compressed_and_pages_are(split: Split, appeal: Appeal) -> None:
    with Page(split, appeal) as page, split.browser() as browser:
        page.until_raised("0.00")
        assert "Content-Encoding" not in page.response.headers
        assert page.response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert page.response.headers["Cache-Control"] == "no-cache, no-transform"
        shown = browser.get(f"/appeals/{appeal.slug}/", headers={"Accept-Encoding": "gzip"})
        assert shown.headers["Content-Encoding"] == "gzip"


def test_a_compressed_reading_is_known_again_by_its_mark(split: Split, appeal: Appeal) -> None:
    with split.browser() as browser:
        reading = browser.get(
            f"/api/v1/appeals/{appeal.slug}/", headers={"Accept-Encoding": "gzip"}
        )

        again = browser.get(
            f"/api/v1/appeals/{appeal.slug}/", headers={"If-None-Match": reading.headers["ETag"]}
        )

    assert again.status_code == 304


def test_every_answer_keeps_its_safety_headers(split: Split, appeal: Appeal) -> None:
    with split.browser() as browser, Page(split, appeal) as page:
        shown, style = browser.get(f"/appeals/{appeal.slug}/"), browser.get(f"/static/{HASHED}")
        for answer in (shown, style, page.response):
            assert answer.headers.get_list("Strict-Transport-Security") == ["max-age=31536000"]
            assert answer.headers.get_list("X-Content-Type-Options") == ["nosniff"]
        assert shown.headers.get_list("Content-Security-Policy") != []
        assert "script-src 'self'" in shown.headers["Content-Security-Policy"]
        assert shown.headers["X-Frame-Options"] == "DENY"
        assert "nginx/" not in shown.headers["Server"]
    plain = httpx.get(
        f"http://127.0.0.1:{split.nginx.plain_port}/appeals/", headers={"Host": "localhost"}
    )
    assert plain.status_code == 301
    assert plain.headers["Location"] == "https://localhost/appeals/"


def test_a_name_with_a_hash_is_kept_for_ever_and_sent_compressed(split: Split) -> None:
    with split.browser() as browser:
        hashed = browser.get(f"/static/{HASHED}", headers={"Accept-Encoding": "gzip"})
        plain = browser.get("/static/css/poster.css")

    assert hashed.headers["Cache-Control"] == "max-age=315360000, public, immutable"
    assert hashed.headers["Content-Encoding"] == "gzip"
    assert hashed.headers["Content-Type"] == "text/css; charset=utf-8"
    assert plain.headers["Cache-Control"] == "max-age=60, public"


def test_an_address_that_a_client_claims_is_not_believed(split: Split) -> None:
    """Ten wrong passwords a minute are the most from one address, and another's are its own."""
    with split.browser() as guesser, split.browser(address="127.0.0.2") as treasurer:
        answers = [guess(guesser, claims=f"198.51.100.{number}") for number in range(11)]

        assert "Too many failed login attempts" not in answers[0]
        assert "Too many failed login attempts" in answers[-1]
        assert "Too many failed login attempts" not in guess(treasurer, claims="127.0.0.1")


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/treasurer/", 1_048_576),
        (WEBHOOK_PATH, MOST_BYTES),
        (STATEMENT_PATH, FILE_PATHS[STATEMENT_PATH]),
    ],
)
def test_bodies_are_taken_up_to_what_the_site_takes(split: Split, path: str, most: int) -> None:
    """The limit of each address is the site's own: one byte more and nginx refuses it unread."""
    assert announce_body(split, path, most + 1) == 413
    assert announce_body(split, path, most) == 0, "the rest is waited for"
    said = (DEPLOY / "nginx.conf").read_text()
    shown = {1_048_576: "1m", MOST_BYTES: "256k"}.get(most, f"{most // 1024}k")
    assert f"client_max_body_size {shown};" in said


def test_a_new_version_of_the_pages_drops_no_stream_and_no_request(
    split: Split, appeal: Appeal
) -> None:
    """All workers are replaced while donors ask for page after page, and a page watches."""
    formerly = split.pages.worker_pids
    answers: list[int] = []
    is_over = threading.Event()

    def look() -> None:
        with split.browser() as browser:
            while not is_over.is_set():
                answers.append(browser.get(f"/appeals/{appeal.slug}/").status_code)

    with Page(split, appeal) as page:
        page.until_raised("0.00")
        visitors = [threading.Thread(target=look) for _ in range(4)]
        for visitor in visitors:
            visitor.start()
        split.pages.reload()
        wait_until(lambda: not formerly & split.pages.worker_pids, why=split.logs)
        answered = len(answers)
        wait_until(lambda: len(answers) > answered + 20, why=split.logs)
        is_over.set()
        for visitor in visitors:
            visitor.join()

        assert set(answers) == {200}
        collect(appeal, gbp(5))
        page.until_raised("5.00")
        assert not page.is_ended


def test_streams_go_on_without_any_page(split: Split, appeal: Appeal) -> None:
    with Page(split, appeal) as page:
        page.until_raised("0.00")
        assert split.pages.stop() == 0
        try:
            collect(appeal, gbp(5))
            page.until_raised("5.00")
            assert not page.is_ended
            with Page(split, appeal) as late, split.browser() as browser:
                late.until_raised("5.00")
                away = browser.get(f"/appeals/{appeal.slug}/")
                assert away.status_code == 503
                assert "try again" in away.text
        finally:
            split.pages.start()
        with split.browser() as browser:
            wait_until(lambda: browser.get("/healthz").status_code == 200, why=split.logs)


def test_a_live_process_that_restarts_costs_its_pages_one_reconnect(
    split: Split, appeal: Appeal
) -> None:
    with ExitStack() as stack:
        pages = [stack.enter_context(Page(split, appeal)) for _ in range(6)]
        for page in pages:
            page.until_raised("0.00")
        before = pages[0].readings[-1]

        split.live[0].stop()
        wait_until(lambda: any(page.is_ended for page in pages))
        ended = [page for page in pages if page.is_ended]
        assert len(ended) < len(pages), "those of the other process watch on"
        collect(appeal, gbp(5))
        back = [
            stack.enter_context(Page(split, appeal)) for _ in ended
        ]  # at once, while it is away
        for page in [page for page in pages if page not in ended] + back:
            page.until_raised("5.00")
            assert page.readings[-1]["epoch"] == before["epoch"]
            assert page.readings[-1]["sequence"] > before["sequence"]
        split.live[0].start()

        split.live[1].stop()
        collect(appeal, gbp(5))
        again = stack.enter_context(Page(split, appeal))
        again.until_raised("10.00")
        split.live[1].start()


def test_live_processes_answer_for_streams_and_their_health_alone(split: Split) -> None:
    url = split.live[0].url

    assert httpx.get(f"{url}/healthz").json() == {"status": "up"}
    assert httpx.get(f"{url}/treasurer/").status_code == 404
    assert httpx.post(f"{url}{WEBHOOK_PATH}", content=b"{}").status_code == 404


def test_donors_who_wait_for_a_slow_stripe_keep_nobody_else_waiting(
    split: Split, appeal: Appeal
) -> None:
    """More of them than there are threads for anything; Stripe's own door stays open too."""
    split.stripe.turn(latency_seconds=8)
    donors = [
        threading.Thread(target=give_from, args=(split, appeal)) for _ in range(PAGE_THREADS + 4)
    ]
    try:
        for donor in donors:
            donor.start()
        wait_until(lambda: CardDonation.objects.count() >= PAGE_THREADS, why=split.logs)
        begun = time.monotonic()
        with split.browser() as browser:
            for _ in range(8):
                assert browser.get(f"/appeals/{appeal.slug}/").status_code == 200
            deliver(split, browser, make_card_donation(appeal=appeal))
        assert any(donor.is_alive() for donor in donors), time.monotonic() - begun
    finally:
        split.stripe.turn(latency_seconds=0)
        for donor in donors:
            donor.join()


def test_units_start_what_is_tried_here() -> None:
    """The commands of the units are those of these tests, and their sockets nginx's."""
    units = DEPLOY / "systemd"
    live = (units / "whipround-live@.service").read_text()
    pages = (units / "whipround-pages@.service").read_text()
    socket = (units / "whipround-pages@.socket").read_text()
    site = (DEPLOY / "nginx.conf").read_text()

    assert "manage.py serve --live-only --port %i\n" in live
    assert "gunicorn --config deploy/gunicorn.conf.py\n" in pages
    assert "ListenStream=/run/whipround/%i.sock\n" in socket
    assert set(re.findall(r"unix:/run/whipround/(\w+)\.sock", site)) == {"pages", "giving", "door"}
    assert settings.SECURE_HSTS_SECONDS in {0, 31_536_000}
    assert "max-age=31536000" in site


def guess(browser: httpx.Client, *, claims: str) -> str:
    """A wrong password, and headers that claim an address; what the page says."""
    address = f"{str(browser.base_url).rstrip('/')}/accounts/login/"
    form = {"csrfmiddlewaretoken": token(browser.get(address).text), "password": "wrong"}
    headers = {"Referer": address, "X-Forwarded-For": claims, "Forwarded": f"for={claims}"}
    return browser.post(address, data={**form, "login": claims}, headers=headers).text


def announce_body(split: Split, path: str, length: int) -> int:
    """The status of a POST of so many bytes, of which none is sent; 0 when they are waited for."""
    place = ("localhost", split.nginx.port)
    with (
        socket.create_connection(place, timeout=0.5) as plain,
        split.nginx.trust().wrap_socket(plain, server_hostname="localhost") as client,
    ):
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n"
        client.sendall(head.encode())
        try:
            return int(client.recv(4096).split(b" ")[1])
        except TimeoutError:
            return 0


def token(form: str) -> str:
    found = re.search(r'csrfmiddlewaretoken" value="(\w+)"', form)
    assert found is not None
    return found[1]


def give(donor: httpx.Client, appeal: Appeal) -> httpx.Response:
    """Fill in the form for £25, and send it."""
    address = f"/appeals/{appeal.slug}/give/"
    form = donor.get(address).text
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))
    return donor.post(
        address,
        data={**hidden, "amount": "25", "branch": "", "frequency": "once", "name": "", "email": ""},
        headers={"Referer": f"{str(donor.base_url).rstrip('/')}{address}"},
    )


def give_from(split: Split, appeal: Appeal) -> None:
    with split.browser() as donor:
        give(donor, appeal)


def deliver(split: Split, browser: httpx.Client, donation: CardDonation) -> None:
    """What Stripe posts when it is paid; kept, or there is an error."""
    body = json.dumps(checkout_event(donation)).encode()
    headers = {"Stripe-Signature": sign(body), "Content-Type": "application/json"}
    assert browser.post(WEBHOOK_PATH, content=body, headers=headers).status_code == 200
