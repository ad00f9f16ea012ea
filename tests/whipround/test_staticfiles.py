"""Collecting static files: two servers of one checkout take none from each other."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.test import override_settings

from whipround.embedded import PROJECT_ROOT
from whipround.staticfiles import collect_changed_files

_COLLECT = """
import sys, django
from pathlib import Path
from django.conf import settings
django.setup()
settings.STATIC_ROOT = Path(sys.argv[1])
from whipround.staticfiles import collect_changed_files
collect_changed_files()
"""


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    storages = settings.STORAGES | {
        "staticfiles": {"BACKEND": "whipround.staticfiles.ModuleManifestStaticFilesStorage"}
    }
    with override_settings(STATIC_ROOT=tmp_path / "static", STORAGES=storages):
        yield tmp_path / "static"


def test_servers_that_start_at_once_collect_once(root: Path) -> None:
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "whipround.settings"}
    servers = [
        subprocess.Popen(
            [sys.executable, "-c", _COLLECT, str(root)],
            cwd=PROJECT_ROOT,
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]

    for server in servers:
        _, errors = server.communicate(timeout=60)
        assert server.returncode == 0, errors
    assert (root / "staticfiles.json").exists()


def test_what_is_collected_is_left_alone_until_a_source_changes(root: Path, tmp_path: Path) -> None:
    sources = tmp_path / "sources"
    sources.mkdir()
    (sources / "a.css").write_text("a {}")
    with override_settings(STATICFILES_DIRS=[sources], STATICFILES_FINDERS=[FINDER]):
        collect_changed_files()
        manifest = (root / "staticfiles.json").stat().st_mtime_ns
        collect_changed_files()
        assert (root / "staticfiles.json").stat().st_mtime_ns == manifest

        (sources / "a.css").write_text("a { color: red }")
        collect_changed_files()
        assert (root / "staticfiles.json").stat().st_mtime_ns > manifest


FINDER = "django.contrib.staticfiles.finders.FileSystemFinder"
