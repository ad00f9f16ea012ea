"""Static files under names that carry their content's hash, imports between modules included."""

import hashlib
from pathlib import Path

import fasteners
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from whitenoise.storage import CompressedManifestStaticFilesStorage


class ModuleManifestStaticFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """As WhiteNoise's, and rewrites ``import`` lines so that a module never loads an old one."""

    support_js_module_import_aggregation = True


def collect_changed_files() -> None:
    """Collect the static files, unless just these are collected already.

    Two servers may start at once from one checkout: the second waits for the first, and then
    finds nothing to do. Collecting anew would take files away from under the first for a moment.
    """
    root = Path(settings.STATIC_ROOT)
    root.parent.mkdir(parents=True, exist_ok=True)
    stamp = root.with_name(f"{root.name}.collected")
    with fasteners.InterProcessLock(root.with_name(f"{root.name}.lock")):
        sources = _fingerprint_of_sources()
        is_collected = (root / "staticfiles.json").exists() and stamp.exists()
        if is_collected and stamp.read_text() == sources:
            return
        call_command("collectstatic", interactive=False, verbosity=0)
        stamp.write_text(sources)


def _fingerprint_of_sources() -> str:
    """Changes with every file's name, size and time of change."""
    digest = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list([]):
            state = Path(storage.path(path)).stat()
            digest.update(f"{path}\0{state.st_size}\0{state.st_mtime_ns}\n".encode())
    return digest.hexdigest()
