"""Static files under names that carry their content's hash, imports between modules included."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class ModuleManifestStaticFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """As WhiteNoise's, and rewrites ``import`` lines so that a module never loads an old one."""

    support_js_module_import_aggregation = True
