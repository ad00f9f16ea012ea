"""The signal in the hall, and phones that live through it.

``Signal`` stands between the browsers and the server, at an address of its own: the line goes,
falls silent, loses answers, or has somebody else answer. ``Phone`` is a Chromium with a profile on
disk, to be closed, or killed, and opened again.
"""

import http.client
import threading
from collections.abc import Callable
from contextlib import suppress
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import psutil
from playwright.sync_api import BrowserContext, BrowserType, Page
from playwright.sync_api import Error as PlaywrightError

from tests.browser.chromium import find_chromium, flags
from tests.site import SiteProcess

_HOP_BY_HOP: Final = {"connection", "keep-alive", "transfer-encoding", "content-length"}


class Air(Enum):
    """How the signal is."""

    GOOD = auto()
    GONE = auto()
    SILENT = auto()
    """Requests are heard of by nobody, and get no answer."""
    ANSWERS_LOST = auto()
    """The server does what it is asked, and nobody hears so."""
    ANSWERS_HELD = auto()
    """As above, but the phone goes on waiting for the answer."""
    BROKEN = auto()
    """The server is in trouble: 500."""
    PORTAL = auto()
    """The hall's own network answers everything, kindly, with 200."""


class Signal:
    """A reverse proxy with moods; only a POST's answer gets lost. ``posts`` are their paths."""

    def __init__(self, site: SiteProcess) -> None:
        self.air = Air.GOOD
        self.posts: list[str] = []
        self._held: set[str] = set()
        self.rewrite: Callable[[str, bytes], bytes] = lambda _path, body: body
        self._released = threading.Event()
        signal = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                signal.handle(self, site.port)

            def do_POST(self) -> None:
                signal.handle(self, site.port)

            def log_message(self, *_args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def hold_posts_to(self, path: str) -> set[str]:
        """Only these find nobody, until the set that it returns is cleared."""
        self._held.add(path)
        return self._held

    def handle(self, request: BaseHTTPRequestHandler, port: int) -> None:
        """One request: passed on and answered as the air allows."""
        request.close_connection = True
        length = int(request.headers.get("Content-Length") or 0)
        body = request.rfile.read(length)
        air, is_post = self.air, request.command == "POST"
        if is_post:
            self.posts.append(request.path)
        if air is Air.GONE or (is_post and request.path in self._held):
            return
        if air is Air.SILENT:
            self._released.wait(30)
            return
        if air in {Air.BROKEN, Air.PORTAL}:
            status = 500 if air is Air.BROKEN else 200
            self._answer(request, status, [("Content-Type", "text/html")], b"<p>Welcome!</p>")
            return
        status, headers, answer = self._pass_on(request, port, body)
        if is_post and air in {Air.ANSWERS_LOST, Air.ANSWERS_HELD}:
            if air is Air.ANSWERS_HELD:
                self._released.wait(30)
            return
        self._answer(request, status, headers, self.rewrite(request.path, answer))

    @staticmethod
    def _pass_on(
        request: BaseHTTPRequestHandler, port: int, body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            told = {name: value for name, value in request.headers.items() if name != "Connection"}
            line.request(request.command, request.path, body or None, told)
            response = line.getresponse()
            return response.status, response.getheaders(), response.read()
        finally:
            line.close()

    @staticmethod
    def _answer(
        request: BaseHTTPRequestHandler, status: int, headers: list[tuple[str, str]], body: bytes
    ) -> None:
        with suppress(OSError):  # the phone may have hung up, or been killed
            request.send_response(status)
            for name, value in headers:
                if name.lower() not in _HOP_BY_HOP:
                    request.send_header(name, value)
            request.send_header("Content-Length", str(len(body)))
            request.end_headers()
            request.wfile.write(body)

    def close(self) -> None:
        self._released.set()
        self._server.shutdown()
        self._server.server_close()


class Phone:
    """A phone with its own browser. What it keeps is in a folder that outlives the browser."""

    def __init__(self, browser_type: BrowserType, folder: Path, **options: Any) -> None:
        self._browser_type = browser_type
        self._folder = folder
        self._options = options
        self._context: BrowserContext | None = None
        self.errors: list[str] = []

    def open(self) -> Page:
        """Start the browser, and a page in it."""
        self._context = self._browser_type.launch_persistent_context(
            self._folder,
            executable_path=find_chromium() or None,
            args=flags(),
            timeout=60_000,
            **self._options,
        )
        self._context.set_default_timeout(15_000)
        page = self._context.pages[0] if self._context.pages else self._context.new_page()
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        return page

    @property
    def context(self) -> BrowserContext:
        assert self._context is not None
        return self._context

    def set_clock_off(self, *, days: int) -> None:
        """From the next page on, by this phone's clock it is another day."""
        self.context.add_init_script(
            f"""(() => {{
                const Real = Date, now = () => Real.now() + {days} * 86_400_000;
                Date = class extends Real {{
                    constructor(...told) {{ super(...(told.length ? told : [now()])); }}
                    static now() {{ return now(); }}
                }};
            }})()"""
        )

    def close(self) -> None:
        """As a person closes it."""
        if self._context is not None:
            with suppress(PlaywrightError):
                self._context.close()
            self._context = None

    def kill(self) -> None:
        """SIGKILL for the browser's every process, as an empty battery would."""
        ours = f"--user-data-dir={self._folder}"
        for process in psutil.process_iter(["cmdline"]):
            if ours in (process.info["cmdline"] or []):
                with suppress(psutil.NoSuchProcess):
                    family = [*process.children(recursive=True), process]
                    for member in family:
                        member.kill()
                    psutil.wait_procs(family, timeout=15)
        self.close()
        for lock in self._folder.glob("Singleton*"):
            lock.unlink()
