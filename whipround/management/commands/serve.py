"""The one command that runs the site."""

import logging
import signal
from argparse import BooleanOptionalAction
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, CommandParser, call_command

from payments.worker import InboxWorker
from whipround.server import AddressError, SiteServer, listen
from whipround.staticfiles import collect_changed_files


class Command(BaseCommand):
    help = (
        "Serve the site: pages, live streams and, without Redis, the inbox's worker in one "
        "process. Migrates and collects static files first. Ctrl-C ends it."
    )
    requires_system_checks = "__all__"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="Where to listen (%(default)s).")
        parser.add_argument(
            "--port", default=8000, type=int, help="0 takes a free one (%(default)s)."
        )
        parser.add_argument(
            "--worker",
            action=BooleanOptionalAction,
            default=None,
            help="Book what the inbox holds and do the chores here; left to Celery's workers where "
            "REDIS_URL is set.",
        )
        parser.add_argument(
            "--live-only",
            action="store_true",
            help="Serve the live streams and nothing else: no pages, no worker, no migrations.",
        )
        parser.add_argument("--no-migrate", action="store_true", help="The database is ready.")
        parser.add_argument("--no-static", action="store_true", help="Static files are collected.")

    def handle(self, *_args: Any, **options: Any) -> None:
        logging.getLogger("uvicorn").setLevel(logging.WARNING)
        try:
            listener = listen(host=options["host"], port=options["port"])
        except AddressError as error:
            raise CommandError(str(error)) from error
        with _ends_on_sigterm(), listener:
            host, port = listener.getsockname()[:2]
            shown = f"[{host}]" if ":" in host else host
            say = partial(self._say, f"Whip-round is at http://{shown}:{port}/ (Ctrl-C ends it)")
            if options["live_only"]:
                from whipround.live_only import application as streams  # noqa: PLC0415

                SiteServer(streams, on_started=say).run(sockets=[listener])
                return
            if not options["no_migrate"]:
                call_command("migrate", interactive=False, verbosity=0)
            if not options["no_static"]:
                collect_changed_files()
            # Imported late: the pages look for the collected static files as they are loaded.
            from whipround.asgi import application  # noqa: PLC0415

            has_worker = options["worker"]
            if has_worker is None:
                has_worker = not settings.REDIS_URL
            with _working(InboxWorker()) if has_worker else nullcontext():
                SiteServer(application, on_started=say).run(sockets=[listener])

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()  # whoever started us through a pipe waits for it


@contextmanager
def _working(worker: InboxWorker) -> Iterator[None]:
    """Books what the inbox holds while the server runs."""
    worker.start()
    try:
        yield
    finally:
        worker.stop()


@contextmanager
def _ends_on_sigterm() -> Iterator[None]:
    """Let SIGTERM and Ctrl-C unwind the stack, so that all that was started is stopped."""

    def leave(_number: int, _frame: object) -> None:
        raise SystemExit(0)

    formerly = {number: signal.signal(number, leave) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in formerly.items():
            signal.signal(number, handler)
