"""Take the README's pictures of a running demo: ``python -m tests.screenshots http://127.0.0.1:8000``.

Start it with ``DEMO_STILL=1 make demo``, so that the figures are the same in each picture.
"""

import sys
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from tests.browser.chromium import find_chromium, flags

Theme = Literal["light", "dark"]

OUT = Path(__file__).resolve().parent.parent / "docs" / "screenshots"
PASSWORD = "bread and roses"
SETTLE_MILLISECONDS = 5000  # the hall screen hides its buttons by then
PHONE = ViewportSize(width=390, height=844)
LAPTOP = ViewportSize(width=1366, height=900)
HALL = ViewportSize(width=1920, height=1080)
PICTURES: tuple[tuple[str, str, ViewportSize, Theme, str], ...] = (
    ("hall", "/appeals/rally/screen/", HALL, "light", ""),
    ("hall-dark", "/appeals/rally/screen/?theme=dark", HALL, "light", ""),
    ("home", "/", LAPTOP, "light", ""),
    ("appeal-phone", "/appeals/rally/", PHONE, "light", ""),
    ("appeal-phone-dark", "/appeals/rally/", PHONE, "dark", ""),
    ("league", "/appeals/fighting-fund/league/", LAPTOP, "light", ""),
    ("give-phone", "/appeals/rally/give/?amount=20&branch=leeds", PHONE, "light", ""),
    ("treasurer-phone", "/treasurer/collections/new/", PHONE, "light", "leeds"),
    ("treasurer-home-phone", "/treasurer/", PHONE, "light", "leeds"),
    ("treasurer-national", "/treasurer/branches/", LAPTOP, "light", "national"),
)


def main() -> None:
    """Take every picture."""
    site = sys.argv[1].rstrip("/")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium() or None, args=flags())
        for name, path, size, theme, login in PICTURES:
            page = _page(browser, size, theme)
            if login:
                _log_in(page, site, login)
            page.goto(f"{site}{path}")
            page.wait_for_timeout(SETTLE_MILLISECONDS)
            page.screenshot(path=OUT / f"{name}.png")
            page.context.close()
        browser.close()


def _page(browser: Browser, size: ViewportSize, theme: Theme) -> Page:
    return browser.new_context(viewport=size, color_scheme=theme).new_page()


def _log_in(page: Page, site: str, username: str) -> None:
    page.goto(f"{site}/accounts/login/?next=/treasurer/")
    page.locator("[name=login]").fill(username)
    page.locator("[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"{site}/treasurer/")


if __name__ == "__main__":
    main()
