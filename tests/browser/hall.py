"""A hall with a poor signal: who sits there, what their phones show, and what is stored on them."""

import json
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, Page, expect
from playwright.sync_api import Error as PlaywrightError

from payments.views.seat_access import COOKIE, address_of
from tests.browser.reception import Phone, Signal
from tests.payments.counting import Side, Table

SMALL: Final[dict[str, Any]] = {
    "viewport": {"width": 360, "height": 740},
    "is_mobile": True,
    "has_touch": True,
}
READY: Final = "This phone has what it needs"
LINE: Final = "unsent-line"
WAIT: Final = 30_000  # milliseconds: for an answer that never comes, a pause, a busy machine


class Hall:
    """An open table, the signal, and the phones of those who count."""

    def __init__(self, browser: Browser, signal: Signal, folder: Path) -> None:
        self.signal = signal
        self._browser = browser
        self._folder = folder
        self._phones: list[Phone] = []

    def phone(self, name: str) -> Phone:
        phone = Phone(self._browser.browser_type, self._folder / name, **SMALL)
        self._phones.append(phone)
        return phone

    def seated(self, table: Table, side: Side) -> tuple[Phone, Page]:
        """A phone that took a seat, with the table open on it and everything kept."""
        phone = self.phone(side.value)
        page = phone.open()
        self.take(phone, table, side)
        self.go(page, table, side)
        expect(page.get_by_text(READY)).to_be_visible()
        return phone, page

    def seated_a_while_ago(self, table: Table, side: Side) -> tuple[Phone, Page]:
        """Long enough for the browser to have put its cookies on the disk."""
        phone, _ = self.seated(table, side)
        phone.close()
        page = phone.open()
        self.go(page, table, side)
        return phone, page

    def take(self, phone: Phone, table: Table, side: Side) -> None:
        phone.context.add_cookies(
            [
                {
                    "name": COOKIE,
                    "value": table.keys[side],
                    "domain": "127.0.0.1",
                    "path": address_of(table.seats[side]),
                    "httpOnly": True,
                    "sameSite": "Strict",
                    "expires": time.time() + 86_400,
                }
            ]
        )

    def go(self, page: Page, table: Table, side: Side) -> None:
        open_at(page, self.signal.url + address_of(table.seats[side]))

    def close(self) -> None:
        for phone in self._phones:
            phone.close()

    def end(self) -> None:
        self.close()
        errors = [error for phone in self._phones for error in phone.errors]
        assert not errors, errors


def open_at(page: Page, address: str) -> None:
    """Go there; and again, where the page's own script went on to somewhere at that very moment."""
    for _ in range(3):
        try:
            page.goto(address)
        except PlaywrightError as error:
            if not any(word in str(error) for word in ("ERR_ABORTED", "interrupted by another")):
                raise
        else:
            return
    page.goto(address)


def kept(page: Page, number: int) -> None:
    expect(page.get_by_text("Kept on this phone")).to_be_visible(timeout=WAIT)
    expect(page.locator(LINE)).to_contain_text(f"{number} waiting to be sent")


def sent(page: Page) -> None:
    """The queue is empty, and the line has nothing more to say."""

    def is_sent() -> bool:
        with suppress(PlaywrightError):  # the page goes on to the next one, as it may
            return not stored(page, "queue")
        return False

    until(is_sent, page)
    expect(page.locator(".unsent__link")).to_be_hidden()


def come_back(page: Page) -> None:
    """The browser notices the signal, as it does by itself where it can."""
    page.evaluate("dispatchEvent(new Event('online'))")


def everything_on(page: Page) -> str:
    """All that the site has stored in this browser, as one text."""
    return str(
        page.evaluate(
            """async () => {
                const told = [];
                for (const { name } of await indexedDB.databases()) {
                    const database = await new Promise((done) => {
                        const asked = indexedDB.open(name);
                        asked.onsuccess = () => done(asked.result);
                    });
                    for (const store of database.objectStoreNames) {
                        told.push(await new Promise((done) => {
                            const asked = database.transaction(store).objectStore(store).getAll();
                            asked.onsuccess = () => done([store, asked.result]);
                        }));
                    }
                    database.close();
                }
                for (const name of await caches.keys()) {
                    if (!name.includes("pages")) continue;
                    const cache = await caches.open(name);
                    for (const request of await cache.keys()) {
                        told.push([request.url, await (await cache.match(request)).text()]);
                    }
                }
                return JSON.stringify([told, {...localStorage}, {...sessionStorage}]);
            }"""
        )
    )


def stored(page: Page, name: str) -> list[dict[str, Any]]:
    """What is in one of the phone's stores."""
    told = json.loads(everything_on(page))[0]
    return next((rows for store, rows in told if store == name), [])


def until(holds: Any, page: Page | None = None) -> None:
    deadline = time.monotonic() + WAIT / 1000
    while not holds():
        assert time.monotonic() < deadline, "it never came to be so"
        if page is not None:
            page.wait_for_timeout(100)
        else:
            time.sleep(0.05)
