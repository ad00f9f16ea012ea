"""The app on a phone: its manifests, its service worker, the pages that are the same for all."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles.finders import find
from django.test import Client, override_settings
from PIL import Image

from payments.offline_files import WORKER_SCRIPTS, kept_files
from tests.factories import make_appeal, make_branch, make_organisation, make_user
from whipround.staticfiles import collect_changed_files

pytestmark = pytest.mark.django_db


def release(client: Client) -> dict[str, Any]:
    """What the worker is told of its release."""
    told = re.search(r"self\.WHIP_ROUND = (.*);\n", client.get("/sw.js").text)
    assert told is not None
    found: dict[str, Any] = json.loads(told[1])
    return found


class TestTheManifests:
    @pytest.mark.parametrize(
        ("address", "start", "name"),
        [
            ("/manifest.webmanifest", "/count/", "The Example Party: counting table"),
            ("/treasury.webmanifest", "/treasurer/", "The Example Party: treasury"),
        ],
    )
    def test_each_opens_at_its_own_door(
        self, client: Client, address: str, start: str, name: str
    ) -> None:
        make_organisation()
        response = client.get(address)

        assert response.headers["Content-Type"] == "application/manifest+json"
        told = response.json()
        assert (told["name"], told["start_url"], told["display"]) == (name, start, "standalone")
        assert start.startswith(told["scope"])
        assert client.get(address).headers["Cache-Control"] == "no-cache"

    def test_its_icons_are_of_the_sizes_that_it_says(self, client: Client) -> None:
        icons = client.get("/manifest.webmanifest").json()["icons"]

        assert {(icon["sizes"], icon["purpose"]) for icon in icons} == {
            ("192x192", "any"),
            ("512x512", "any"),
            ("512x512", "maskable"),
        }
        for icon in icons:
            path = find(icon["src"].removeprefix("/static/"))
            assert isinstance(path, str)
            with Image.open(path) as picture:
                assert icon["sizes"] == f"{picture.width}x{picture.height}"

    def test_it_has_a_name_before_anybody_has_set_one(self, client: Client) -> None:
        assert client.get("/manifest.webmanifest").json()["name"] == "Whip-round: counting table"

    def test_each_page_names_the_manifest_of_its_door(self, client: Client) -> None:
        make_organisation()
        client.force_login(make_user(branches=[make_branch()]))

        assert 'rel="manifest" href="/manifest.webmanifest"' in client.get("/count/").text
        assert 'rel="manifest" href="/treasury.webmanifest"' in client.get("/treasurer/").text
        assert "manifest" not in client.get("/").text, "a donor installs nothing"
        assert "unsent-line" not in client.get("/").text


class TestTheServiceWorker:
    def test_it_is_asked_for_anew_each_time_and_never_by_another_method(
        self, client: Client
    ) -> None:
        response = client.get("/sw.js")

        assert response.headers["Cache-Control"] == "no-cache"
        assert response.headers["Content-Type"] == "text/javascript; charset=utf-8"
        assert "script-src 'self'" in response.headers["Content-Security-Policy"]
        assert not response.cookies
        assert client.post("/sw.js").status_code == 405

    def test_it_loads_scripts_of_our_own_address_alone(self, client: Client) -> None:
        scripts = re.search(r"importScripts\(\.\.\.(.*)\);", client.get("/sw.js").text)

        assert scripts is not None
        addresses = json.loads(scripts[1])
        assert addresses == [f"/static/{name}" for name in WORKER_SCRIPTS]
        assert all(find(name) for name in WORKER_SCRIPTS)

    def test_it_keeps_all_that_the_pages_are_made_of(self, client: Client) -> None:
        make_appeal()
        client.force_login(make_user(branches=[make_branch()]))
        kept = {file["url"] for file in release(client)["files"]}

        for address in (
            *("/count/", "/no-signal/", "/count/waiting/", "/treasurer/collections/new/"),
            "/appeals/rally/screen/",
        ):
            page = client.get(address).text
            files = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', page))
            assert files <= kept, address
        for name in ("css/site.css", "css/screen.css"):
            sheet = find(name)
            assert isinstance(sheet, str)
            for part in re.findall(r'url\("([^"]+)"\)', Path(sheet).read_text()):
                assert f"/static/css/{part}" in kept
        for url in kept:
            if url.endswith(".js"):
                assert imported_by(url) <= kept

    def test_another_name_or_another_file_is_another_release(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make_organisation()
        first = release(client)["version"]
        assert release(client)["version"] == first
        make_organisation(name="Another Party")
        second = release(client)["version"]
        monkeypatch.setattr("payments.views.installed.kept_files", lambda: kept_files()[1:])

        assert len({first, second, release(client)["version"]}) == 3

    def test_a_file_whose_name_tells_its_content_has_no_revision(self, tmp_path: Path) -> None:
        assert all(re.fullmatch("[0-9a-f]{16}", file["revision"] or "") for file in kept_files())
        hashed = {
            "staticfiles": {"BACKEND": "whipround.staticfiles.ModuleManifestStaticFilesStorage"}
        }
        with override_settings(STORAGES=hashed, STATIC_ROOT=tmp_path / "static"):
            collect_changed_files()
            files = kept_files()

        assert {file["revision"] for file in files} == {None}
        assert all(re.search(r"\.[0-9a-f]{12}\.\w+$", file["url"]) for file in files)


def imported_by(url: str) -> set[str]:
    """The addresses of the modules that one of ours asks for."""
    path = find(url.removeprefix("/static/"))
    assert isinstance(path, str)
    names = re.findall(r'^import (?:.* from )?"(\.[^"]+)";$', Path(path).read_text(), re.MULTILINE)
    root = Path(path)
    static = next(parent for parent in root.parents if parent.name == "static")
    return {
        f"/static/{(root.parent / name).resolve().relative_to(static.resolve())}" for name in names
    }


class TestThePlainPages:
    @pytest.mark.parametrize("address", ["/no-signal/", "/count/waiting/"])
    def test_they_hold_nothing_of_whoever_is_logged_in(self, client: Client, address: str) -> None:
        make_organisation()
        nobody = client.get(address)
        client.force_login(make_user("leeds", branches=[make_branch()], first_name="Asha"))

        somebody = client.get(address)

        assert somebody.content == nobody.content
        assert "The Example Party" in nobody.text
        assert "csrfmiddlewaretoken" not in nobody.text
        assert not somebody.cookies

    def test_they_are_there_before_the_organisation_is(self, client: Client) -> None:
        assert "No signal" in client.get("/no-signal/").text
