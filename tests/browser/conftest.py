"""A real Chromium, the real server, and axe.

Fixtures: ``page`` (a fresh page; errors of its scripts fail the test), ``new_page`` (pages of other
sizes and tastes), ``axe`` (fails with what axe-core finds), ``live_site`` (the server).
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.db import connections
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests.browser.chromium import find_chromium, flags
from tests.browser.hall import Hall
from tests.browser.reception import Signal
from tests.site import SiteProcess

WAIT_MILLISECONDS = 15_000

NewPage = Callable[..., Page]
CheckWithAxe = Callable[[Page], None]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever drives a browser is marked so."""
    for item in items:
        if "tests/browser/" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")
def browser(django_db_setup: None) -> Iterator[Browser]:
    """A Chromium for this folder alone: its driver keeps a loop in this thread.

    Without any Chromium the tests are skipped, and under CI they fail.
    """
    executable = find_chromium()
    if executable is None:
        message = "NO CHROMIUM: none on the PATH, and none could be installed. NOT TESTED: pages"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable or None, args=flags())
        try:
            yield chromium
        finally:
            chromium.close()
            # Playwright keeps a loop in this thread, and Django another connection beside it.
            connections.close_all()


class Faults:
    """What scripts threw and the security policy refused, in one test."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._tried: set[Page] = set()

    def listen_to(self, page: Page) -> None:
        def hear(message: ConsoleMessage) -> None:
            is_refusal = message.type == "error" and "Content Security Policy" in message.text
            if is_refusal and page not in self._tried:
                self.found.append(message.text)

        page.on("pageerror", lambda error: self.found.append(str(error)))
        page.on("console", hear)

    def leave_to_axe(self, page: Page) -> None:
        """From now on axe tries inline styles there, which the page's policy refuses."""
        page.evaluate("0")  # what the page itself did is heard of before
        self._tried.add(page)


@pytest.fixture
def _faults() -> Faults:
    return Faults()


@pytest.fixture
def new_page(browser: Browser, _faults: Faults) -> Iterator[NewPage]:
    """Makes pages: ``new_page(viewport={...}, color_scheme="dark", reduced_motion="reduce")``.

    What a page's scripts throw, and what its security policy refuses, fails the test.
    """
    contexts = []

    def make(**options: Any) -> Page:
        context = browser.new_context(**options)
        contexts.append(context)
        context.set_default_timeout(WAIT_MILLISECONDS)
        page = context.new_page()
        _faults.listen_to(page)
        return page

    yield make
    for context in contexts:
        context.close()
    assert not _faults.found, _faults.found


@pytest.fixture
def page(new_page: NewPage) -> Page:
    """A laptop's page."""
    return new_page(viewport={"width": 1280, "height": 720})


@pytest.fixture
def axe(_faults: Faults) -> CheckWithAxe:
    """Fails with a report when axe-core finds anything on the page."""

    def check(page: Page) -> None:
        _faults.leave_to_axe(page)
        # Without "preload" axe does not fetch every imported style sheet again, at wrong addresses.
        results = Axe().run(page, options={"preload": False})
        assert results.violations_count == 0, results.generate_report()

    return check


@pytest.fixture(scope="package")
def _server(browser: Browser) -> Iterator[SiteProcess]:
    with SiteProcess() as site:
        yield site


@pytest.fixture
def live_site(_server: SiteProcess, transactional_db: None) -> SiteProcess:
    """The real server on the test's database, which is emptied after each test.

    ``live_site.url`` is its address. A test that ends it finds it started again for the next.
    """
    if _server.exit_status is not None:
        _server.start()
    return _server


@pytest.fixture
def hall(browser: Browser, live_site: SiteProcess, tmp_path: Path) -> Iterator[Hall]:
    """A hall whose signal can go: ``hall.signal.air``. What its phones' scripts throw fails."""
    signal = Signal(live_site)
    hall = Hall(browser, signal, tmp_path)
    try:
        yield hall
        hall.end()
    finally:
        hall.close()
        signal.close()
