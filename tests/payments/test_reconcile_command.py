"""``reconcile_stripe``: reads what is missing, prints both sides, and exits 1 on a remainder."""

import io
import json
from datetime import date, timedelta
from unittest import mock
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from payments.balance import importing
from payments.management.commands import reconcile_stripe
from payments.models import BalanceLine, BalanceWindow, CardDonation
from payments.periods import usual_periods
from payments.recording import local_today
from payments.stripe_gateway import balance as gateway
from tests.factories import gbp, make_appeal, make_organisation
from tests.payments.books import raised_by_card
from tests.payments.test_balance_lines import bring, make_euro_donation
from tests.pretend_stripe.process import PretendStripe
from tests.stripe_lines import WRITTEN, a_line

pytestmark = pytest.mark.django_db


@pytest.fixture
def unheard(client: Client, stripe: PretendStripe) -> CardDonation:
    """A donation of £25 that was paid, refunded by £10, and of which no webhook ever came."""
    make_appeal("rally")
    client.post("/appeals/rally/give/", {"amount": "25", "reference": str(uuid4())})
    donation = CardDonation.objects.get()
    intent = stripe.pay(str(donation.checkout_session_id))["payment_intent"]
    stripe.settle()
    stripe.control("refund_in_dashboard", payment_intent=intent, amount=1000)
    stripe.settle()
    return donation


def run(*arguments: str) -> tuple[str, str]:
    """What it printed, and what it told meanwhile."""
    out, told = io.StringIO(), io.StringIO()
    call_command("reconcile_stripe", *arguments, stdout=out, stderr=told)
    return out.getvalue(), told.getvalue()


def columns(printed: str, name: str) -> list[str]:
    """The figures of the row that begins with a name."""
    (row,) = [row for row in printed.splitlines() if row.strip().startswith(name)]
    return row.split()[-3:]


def test_brings_in_what_nobody_told_us_of(unheard: CardDonation) -> None:
    printed, told = run()
    assert raised_by_card(unheard.appeal) == gbp(15)
    assert columns(printed, "Donations (1, 1)") == ["25.00", "25.00", "0.00"]
    assert columns(printed, "Refunds (1, 1)") == ["-10.00", "-10.00", "0.00"]
    assert columns(printed, "Fees on payments") == ["-0.58", "-0.58", "0.00"]
    assert columns(printed, "Held after") == ["14.42", "14.42", "0.00"]
    assert "Stripe says 14.42, its lines 14.42, the books 14.42" in printed
    assert "remainder 0.00: every penny is explained" in printed
    assert "read 2 lines, 2 of them new" in told
    assert "asked for what nobody told us of; 0 lines wait" in told


def test_a_second_run_reads_on_and_says_the_same(unheard: CardDonation) -> None:
    first, _ = run()
    second, told = run()
    assert second == first
    assert "0 of them new" in told


def test_is_ended_and_started_again(unheard: CardDonation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "PAGE_SIZE", 1)
    monkeypatch.setattr(reconcile_stripe, "_TELL_EVERY", 1)
    read = gateway.read_lines
    with (
        mock.patch.object(importing, "read_lines", side_effect=[KeyboardInterrupt]),
        pytest.raises(KeyboardInterrupt),
    ):
        run()
    with mock.patch.object(importing, "read_lines", wraps=read) as asked:
        printed, told = run()
    assert asked.call_count >= 2
    assert "read 1 lines, 1 of them new, back to" in told
    assert "remainder 0.00" in printed


def test_json(unheard: CardDonation) -> None:
    (report,) = json.loads(run("--json")[0])
    assert report["ok"] is True
    assert report["currency"] == "GBP"
    assert report["rows"]["donation"] == {
        "stripe": "25.00",
        "books": "25.00",
        "lines": 1,
        "entries": 1,
    }
    assert report["closing"] == {"stripe": "14.42", "books": "14.42"}
    assert report["held"] == {"stripe": "14.42", "lines": "14.42", "books": "14.42"}
    assert report["remainder"] == "0.00"


def test_a_line_that_nobody_can_book_is_asked_for_once_and_named(
    unheard: CardDonation,
) -> None:
    """Another installation on the same account bears the same mark."""
    CardDonation.objects.update(reference=uuid4())
    printed, _ = run()
    assert "and their entries are awaited (2)" in printed
    assert columns(printed, "Donations (1, 0)") == ["25.00", "0.00", "25.00"]


def test_stripe_away(unheard: CardDonation, stripe: PretendStripe) -> None:
    stripe.turn(fail_with="500")
    with pytest.raises(CommandError, match="What was read stands; start again later"):
        run()


def test_another_process_that_reads(unheard: CardDonation) -> None:
    with mock.patch.object(reconcile_stripe, "bring_in", return_value=None):
        _, told = run()
    assert "another process reads Stripe's lines just now" in told
    assert not BalanceLine.objects.exists()


class TestOffline:
    """What is here already, without asking Stripe."""

    @pytest.fixture(autouse=True)
    def _read_before(self) -> None:
        make_organisation()
        BalanceWindow.objects.create(
            since=WRITTEN - timedelta(days=90),
            until=WRITTEN + timedelta(days=300),
            finished_at=timezone.now(),
        )

    def november(self, *arguments: str) -> str:
        days = ("--from", "2026-11-01", "--to", "2026-11-30")
        return run("--offline", *days, *arguments)[0]

    def test_a_remainder_exits_1(self) -> None:
        line = bring(a_line("stripe_fee", gbp(-3)))
        BalanceLine.objects.filter(pk=line.pk).update(amount_minor=-500, net_minor=-500)
        out = io.StringIO()
        with pytest.raises(SystemExit, match="1"):
            call_command(
                "reconcile_stripe", "--offline", "--from", "2026-11-01", "--to", "2026-11-30",
                stdout=out,
            )  # fmt: skip
        assert "remainder -2.00: not explained" in out.getvalue()

    def test_each_currency_has_a_table_of_its_own(self) -> None:
        donation = make_euro_donation()
        bring(a_line("stripe_fee", gbp(-3)), a_line("stripe_fee", donation.amount))
        assert "GBP, 2026-11-01 to 2026-11-30" in self.november()
        assert "EUR, 2026-11-01 to 2026-11-30" in self.november()
        assert "GBP" not in self.november("--currency", "eur")

    def test_what_stripe_holds_may_not_be_known(self) -> None:
        assert "Stripe says not asked" in self.november()
        (report,) = json.loads(self.november("--json"))
        assert report["held"]["stripe"] is None

    def test_this_month_up_to_today_unless_told(self) -> None:
        printed, _ = run("--offline")
        today = local_today()
        assert f"GBP, {today.replace(day=1)} to {today}" in printed

    def test_a_period_that_cannot_be_meant(self) -> None:
        with pytest.raises(CommandError, match="ends before it begins"):
            run("--offline", "--from", "2026-11-30", "--to", "2026-11-01")


def test_periods_are_those_of_the_calendar() -> None:
    periods = usual_periods(date(2027, 1, 5))
    assert [(one.name, one.since, one.until) for one in periods] == [
        ("January 2027", date(2027, 1, 1), date(2027, 1, 31)),
        ("December 2026", date(2026, 12, 1), date(2026, 12, 31)),
        ("Quarter 1 of 2027", date(2027, 1, 1), date(2027, 3, 31)),
        ("Quarter 4 of 2026", date(2026, 10, 1), date(2026, 12, 31)),
        ("2027", date(2027, 1, 1), date(2027, 12, 31)),
    ]
