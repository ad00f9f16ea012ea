"""Logging in by the browser, as treasurers do."""

from django.contrib.auth.hashers import make_password
from playwright.sync_api import Page, expect

from funds.models import User
from tests.site import SiteProcess

PASSWORD = "tins and buckets"


def log_in(page: Page, site: SiteProcess, user: User, *, to: str = "/treasurer/") -> None:
    """By the form; the server is a process of its own and knows no cheap hashes."""
    user.password = make_password(PASSWORD, hasher="pbkdf2_sha256")
    user.save()
    page.goto(f"{site.url}{to}")
    page.get_by_label("Username").fill(user.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.locator("main form").get_by_role("button").first.click()
    expect(page).to_have_url(f"{site.url}{to}")
