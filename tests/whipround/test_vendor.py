"""Other people's files: each as its note says, with its licence, and nothing beside them."""

import hashlib
import re
from pathlib import Path

import pytest

from payments.offline_files import IDB, WORKBOX
from whipround.embedded import PROJECT_ROOT

VENDOR = PROJECT_ROOT / "static" / "vendor"
FOLDERS = sorted(VENDOR.iterdir())


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_each_has_its_licence_and_a_note_of_its_version(folder: Path) -> None:
    version = folder.name.rpartition("-")[2]

    assert (folder / "LICENSE").stat().st_size > 200
    assert f"* Version: {version} of the npm package" in (folder / "NOTICE.md").read_text()


@pytest.mark.parametrize("name", [WORKBOX, str(Path(IDB).parent)])
def test_each_file_is_the_one_that_was_looked_at(name: str) -> None:
    folder = PROJECT_ROOT / "static" / name
    noted = dict(
        re.findall(
            r"^\| `([^`]+)` \| `([0-9a-f]{64})` \|$", (folder / "NOTICE.md").read_text(), re.M
        )
    )

    found = {path.name: path.read_bytes() for path in folder.glob("*.js")}
    assert {file: hashlib.sha256(content).hexdigest() for file, content in found.items()} == noted
    for content in found.values():
        assert b"sourceMappingURL" not in content
        assert b"http://" not in content
