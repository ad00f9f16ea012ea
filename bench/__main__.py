"""``make bench``: run every benchmark, or those named: ``python -m bench webhook live``.

Those of open pages take their sizes: ``python -m bench live live_prompt --viewers 1000,5000``.
"""

import os
import sys
import time
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from importlib import import_module
from typing import Final

from whipround.embedded import PROJECT_ROOT, EmbeddedDatabase, discard

BENCHMARKS: Final = (
    "webhook",
    "booking",
    "prompt",
    "growth",
    "pages",
    "half_sent",
    "live",
    "live_prompt",
    "live_trouble",
    "reconciliation",
    "pledge_desk",
)
SIZED: Final = {"live", "live_prompt", "live_trouble"}
ENVIRONMENT: Final = {
    "SECRET_KEY": "for-benchmarks-only-for-benchmarks-only-0000",
    "BASE_URL": "http://127.0.0.1:8000",
    "ALLOWED_HOSTS": "127.0.0.1,localhost,testserver",
    "STRIPE_SECRET_KEY": "sk_test_bench",
    "STRIPE_WEBHOOK_SECRETS": "whsec_bench",
    "STRIPE_API_BASE": "http://127.0.0.1:9",
    "STRIPE_LIVEMODE": "false",
    "DJANGO_SETTINGS_MODULE": "whipround.settings",
}


def main() -> int:
    """Run the benchmarks, each on an empty database of its own on one private server."""
    options = _read_options()
    os.environ.update(ENVIRONMENT)
    folder = PROJECT_ROOT / "var" / "bench" / str(os.getpid())
    server = EmbeddedDatabase(folder)
    os.environ["BENCH_DATABASE_FOLDER"] = str(folder)
    os.environ["DATABASE_URL"] = server.url
    try:
        _migrate()
        for name in options.names or BENCHMARKS:
            started_at = time.monotonic()
            print(f"\n== {name}", flush=True)
            _empty_tables()
            sizes = [options.viewers] if options.viewers and name in SIZED else []
            import_module(f"bench.{name}").run(*sizes)
            print(f"   ({time.monotonic() - started_at:.0f} s)", flush=True)
    finally:
        discard(folder)
    return 0


def _read_options() -> Namespace:
    parser = ArgumentParser(prog="python -m bench")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument(
        "--viewers", type=_read_sizes, help="Open pages, such as 1000 or 1000,5000."
    )
    options = parser.parse_args()
    if unknown := set(options.names) - set(BENCHMARKS):
        parser.error(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    return options


def _read_sizes(text: str) -> list[int]:
    try:
        return [int(size) for size in text.split(",")]
    except ValueError as error:
        raise ArgumentTypeError("whole numbers, separated by commas") from error


def _migrate() -> None:
    import django  # noqa: PLC0415 - Django reads the environment set above
    from django.core.management import call_command  # noqa: PLC0415

    django.setup()
    call_command("migrate", verbosity=0)


def _empty_tables() -> None:
    from django.core.management import call_command  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute("SET whipround.may_flush = 'on'")
    call_command("flush", verbosity=0, interactive=False)
    connection.close()


if __name__ == "__main__":
    sys.exit(main())
