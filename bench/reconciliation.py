"""Stripe's lines at 100,000: how fast they are read and booked, and what the reconciliation costs.

A quarter of a busy account: donations whose webhooks came, refunds of which none did, daily
payouts, and another shop's sales. The stand-in is asked over real HTTP, a hundred lines a page.
"""

import io
import resource
import time
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar
from uuid import NAMESPACE_URL, UUID, uuid5

from django.core.management import call_command
from django.test import Client, override_settings
from django.utils import timezone

from funds.money import Money, from_minor
from payments.stripe_gateway import OUR_METADATA_KEY
from tests.factories import make_appeal, make_user

if TYPE_CHECKING:
    from tests.pretend_stripe.process import PretendStripe

T = TypeVar("T")

_OURS: Final = 80_000
_THEIRS: Final = 19_500
_DAYS: Final = 90
_PREFIX: Final = "bench-lines-"

# Pages are made in this very process, where nobody has collected the static files.
_PLAIN_STORAGES: Final = {
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
}


def run() -> None:
    """Read it all, report, look at the pages."""
    from tests.pretend_stripe.process import running_pretend_stripe  # noqa: PLC0415 - for this one

    with running_pretend_stripe() as stripe:
        stripe.http.timeout = 600
        _make_past(stripe)
        with override_settings(STRIPE_API_BASE=stripe.url):
            _read_from_stripe()
    _read_again()


def _read_from_stripe() -> None:
    from payments.balance.importing import bring_in  # noqa: PLC0415 - Django is set up by now
    from payments.models import BalanceLine  # noqa: PLC0415
    from payments.stripe_gateway.client import close_connections  # noqa: PLC0415

    since = timezone.now() - timedelta(days=_DAYS + 1)
    seconds, _ = _timed(lambda: bring_in(since=since))
    lines = BalanceLine.objects.count()
    print(
        f"   {lines:,} lines read and booked: {seconds:.0f} s, {lines / seconds:.0f} lines/s; "
        f"memory at its most {_most_mebibytes():.0f} MiB"
    )
    waiting = BalanceLine.objects.filter(booked_at=None).count()
    seconds, printed = _timed(lambda: _reconcile(since.date()))
    print(f"   reconcile_stripe, which asks for {waiting} refunds nobody told of: {seconds:.0f} s")
    print(f"   {printed.splitlines()[-1].strip()}")
    seconds, _ = _timed(lambda: _reconcile(since.date()))
    print(f"   the same again, with nothing new: {seconds:.1f} s")
    close_connections()


def _read_again() -> None:
    """What a treasurer waits for, with all of it in the database."""
    from payments.balance.matching import Scope  # noqa: PLC0415 - Django is set up by now
    from payments.balance.reconciliation import read_reconciliation  # noqa: PLC0415

    today = timezone.localdate()
    quarter = (today - timedelta(days=_DAYS + 1), today)
    month = (today - timedelta(days=30), today)
    for name, days in (("quarter", quarter), ("month", month)):
        best = _best(partial(read_reconciliation, Scope("GBP", *days)))
        print(f"   the report of a {name}: {best:.2f} s")
    with override_settings(STORAGES=_PLAIN_STORAGES):
        _look_at_pages(quarter, month)
    seconds, _ = _timed(lambda: call_command("audit_books", stdout=io.StringIO()))
    print(f"   audit_books, clean: {seconds:.1f} s")


def _look_at_pages(quarter: tuple[date, date], month: tuple[date, date]) -> None:
    client = _national()
    for name, address in (
        ("page of the quarter", _address("", quarter)),
        ("page of the month", _address("", month)),
        ("page 900 of a figure's lines", _address("lines/", quarter) + "&part=donation&page=900"),
        ("page 900 of its entries", _address("entries/", quarter) + "&part=donation&page=900"),
        ("a payout's lines", _payout_address()),
    ):
        print(f"   {name}: {_best(partial(client.get, address)):.2f} s")
    before = _most_mebibytes()
    csv: Any = client.get(_address("lines.csv", quarter))
    seconds, size = _timed(lambda: sum(len(part) for part in csv.streaming_content))
    grown = _most_mebibytes() - before
    print(f"   the spreadsheet: {size / 2**20:.0f} MiB in {seconds:.1f} s, +{grown:.0f} MiB memory")


def _make_past(stripe: "PretendStripe") -> None:
    """At the stand-in, and here what its webhooks would have brought."""
    past: dict[str, Any] = {"days": _DAYS, "payout_every_days": 1}
    made = stripe.control(
        "bulk",
        payments=_OURS,
        refund_share=0.005,
        account_fees=20,
        metadata={OUR_METADATA_KEY: "{reference}"},
        reference_prefix=_PREFIX,
        listed=True,
        **past,
    )["payments"]
    stripe.control("bulk", payments=_THEIRS, seed=1, **past)
    _begin(made)
    _book(made)


def _begin(made: list[dict[str, Any]]) -> None:
    from payments.models import CardDonation  # noqa: PLC0415 - Django is set up by now

    appeal = make_appeal("lines")
    CardDonation.objects.bulk_create(
        (
            CardDonation(
                reference=_reference(number),
                appeal=appeal,
                amount=_pounds(payment["amount"]),
                content_digest="0" * 64,
            )
            for number, payment in enumerate(made)
        ),
        batch_size=5000,
    )


def _book(made: list[dict[str, Any]]) -> None:
    from payments.booking import book_facts  # noqa: PLC0415 - Django is set up by now
    from payments.stripe_gateway.facts import PaymentReceived  # noqa: PLC0415
    from payments.stripe_gateway.reading import moment  # noqa: PLC0415

    batch_size = 50
    for start in range(0, len(made), batch_size):
        book_facts(
            [
                PaymentReceived(
                    reference=_reference(start + at),
                    payment_intent_id=payment["payment_intent"],
                    amount=_pounds(payment["amount"]),
                    told_at=moment(payment["created"]),
                )
                for at, payment in enumerate(made[start : start + batch_size])
            ]
        )


def _reconcile(since: date) -> str:
    """The command's answer, also when it leaves a remainder."""
    out = io.StringIO()
    try:
        call_command(
            "reconcile_stripe", "--from", since.isoformat(), stdout=out, stderr=io.StringIO()
        )
    except SystemExit:
        print("   a remainder was left: the figures are of no use")
    return out.getvalue()


def _national() -> Client:
    from funds.models import Membership  # noqa: PLC0415 - Django is set up by now

    client = Client()
    client.force_login(make_user("bench", role=Membership.Role.NATIONAL_TREASURER))
    return client


def _address(page: str, days: tuple[date, date]) -> str:
    since, until = days
    return f"/treasurer/reconciliation/{page}?since={since}&until={until}"


def _payout_address() -> str:
    from payments.models import Payout  # noqa: PLC0415 - Django is set up by now

    return f"/treasurer/payouts/{Payout.objects.latest('created_at').stripe_id}/"


def _reference(number: int) -> UUID:
    """As the stand-in makes them (``bulk.Past.reference``)."""
    return uuid5(NAMESPACE_URL, f"{_PREFIX}{number}")


def _pounds(minor: int) -> Money:
    return from_minor(minor, "GBP")


def _timed(work: Callable[[], T]) -> tuple[float, T]:
    started_at = time.perf_counter()
    done = work()
    return time.perf_counter() - started_at, done


def _best(work: Callable[[], object]) -> float:
    return min(_timed(work)[0] for _ in range(3))


def _most_mebibytes() -> float:
    """The most memory that this process ever held; Linux tells KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
