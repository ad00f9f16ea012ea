"""Take the README's pictures of a running demo: ``python -m tests.screenshots http://127.0.0.1:8000``.

Start it with ``DEMO_STILL=1 make demo``, so that the figures are the same in each picture.
``python -m tests.screenshots --hall FOLDER http://127.0.0.1:8000`` writes instead every state of
the hall screen, at every size and on both papers, some 600 pictures, to be looked at.
"""

import argparse
import os
from itertools import product
from pathlib import Path
from typing import Literal

import django
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from tests.browser.chromium import find_chromium, flags
from tests.check import ENVIRONMENT

os.environ.update(ENVIRONMENT)  # readings are made as the site makes them, and no database is asked
django.setup()

from tests import hall_matrix  # noqa: E402 - needs Django

Theme = Literal["light", "dark"]

OUT = Path(__file__).resolve().parent.parent / "docs" / "screenshots"
PASSWORD = "bread and roses"
SETTLE_MILLISECONDS = 5000  # the hall screen hides its buttons by then
LAID_OUT_MILLISECONDS = 60
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
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("site", help="The demo's address.")
    arguments.add_argument("--hall", type=Path, metavar="FOLDER", help="The hall's states alone.")
    told = arguments.parse_args()
    site = told.site.rstrip("/")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium() or None, args=flags())
        if told.hall:
            take_hall(browser, site, told.hall)
        else:
            take_pages(browser, site)
        browser.close()


def take_pages(browser: Browser, site: str) -> None:
    """The README's pictures."""
    for name, path, size, theme, login in PICTURES:
        page = _page(browser, size, theme)
        if login:
            _log_in(page, site, login)
        page.goto(f"{site}{path}")
        page.wait_for_timeout(SETTLE_MILLISECONDS)
        page.screenshot(path=OUT / f"{name}.png")
        page.context.close()


def take_hall(browser: Browser, site: str, folder: Path) -> None:
    """Every state of the hall screen, named for its scene, total, branches, size and paper."""
    folder.mkdir(parents=True, exist_ok=True)
    for (width, height), theme in product(hall_matrix.SIZES, ("light", "dark")):
        context = browser.new_context(
            viewport=ViewportSize(width=width, height=height),
            reduced_motion="reduce",
            service_workers="block",
        )
        page = context.new_page()
        page.add_init_script(hall_matrix.FED_BY_HAND)
        page.goto(f"{site}/appeals/rally/screen/?theme={theme}")
        page.wait_for_timeout(SETTLE_MILLISECONDS)
        for state in hall_matrix.every_state():
            hall_matrix.push(page, hall_matrix.make_hall(state))
            page.wait_for_timeout(LAID_OUT_MILLISECONDS)
            page.screenshot(path=folder / f"{state.name}-{width}x{height}-{theme}.png")
        context.close()


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
