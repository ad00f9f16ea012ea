"""``make check``: style, types, structure and migrations; stops at the first that fails."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent

# Types and migrations are judged from settings; nothing here connects to a database.
ENVIRONMENT = {
    "DATABASE_URL": "postgres://nobody@127.0.0.1:9/nothing",
    "SECRET_KEY": "for-checks-only-for-checks-only-for-checks-only",
    "BASE_URL": "http://testserver",
    "ALLOWED_HOSTS": "testserver",
    "STRIPE_SECRET_KEY": "sk_test_for_checks",
    "STRIPE_WEBHOOK_SECRETS": "whsec_for_checks",
    "STRIPE_LIVEMODE": "false",
    "DJANGO_SETTINGS_MODULE": "whipround.settings",
}
CHECKS = (
    ["ruff", "format", "--check", "--quiet", "."],
    ["ruff", "check", "--quiet", "."],
    ["mypy"],
    ["lint-imports"],
    ["django-admin", "makemigrations", "--check", "--dry-run", "--skip-checks"],
)


def main() -> int:
    """Run each check; the exit status is the first failing one's."""
    for name, *arguments in CHECKS:
        sys.stdout.write(f"{name} {' '.join(arguments)}\n")
        sys.stdout.flush()
        status = subprocess.call(
            [str(BIN / name), *arguments],
            cwd=ROOT,
            env=os.environ | ENVIRONMENT | {"PYTHONPATH": str(ROOT)},
        )
        if status != 0:
            return status
    return 0


if __name__ == "__main__":
    sys.exit(main())
