"""Stripe's own command line drives the stand-in: ``stripe trigger`` with its own fixtures."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.contract.openapi import check_event
from tests.pretend_stripe.process import PretendStripe, running_pretend_stripe

pytestmark = pytest.mark.contract

VERSION = "1.52.0"

_FOLDER = Path(__file__).resolve().parent.parent.parent / "var" / "cache" / f"stripe-cli-{VERSION}"
_COMMAND = Path("node_modules") / ".bin" / "stripe"


@pytest.fixture(scope="module")
def command() -> Path:
    """The command line, fetched through npm when it is not in the cache."""
    if not (_FOLDER / _COMMAND).exists():
        _fetch()
    said = subprocess.run(
        [_FOLDER / _COMMAND, "version"], capture_output=True, check=True, text=True, timeout=60
    )
    assert VERSION in said.stdout
    return _FOLDER / _COMMAND


@pytest.fixture
def pretend() -> Iterator[PretendStripe]:
    # Disputes come at once, as the fixtures that ask for their list expect.
    with running_pretend_stripe(knobs={"charge_updated_delay_seconds": [0, 0]}) as pretend:
        yield pretend


def trigger(command: Path, pretend: PretendStripe, event: str, *, home: Path) -> set[str]:
    """Trigger an event; the types of all events that came of it, each judged."""
    done = subprocess.run(
        [command, "trigger", event, "--api-base", pretend.url, "--api-key", "sk_test_0123456789ab"],
        env=os.environ
        | {
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home),
            "STRIPE_CLI_TELEMETRY_OPTOUT": "1",
        },
        capture_output=True,
        check=False,
        text=True,
        timeout=120,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "Trigger succeeded" in said, said
    pretend.settle()
    with pretend.sdk() as client:
        events = [one.to_dict() for one in client.v1.events.list({"limit": 100}).data]
    for one in events:
        check_event(one)
    return {one["type"] for one in events}


def test_a_payment_succeeds(command: Path, pretend: PretendStripe, tmp_path: Path) -> None:
    told = trigger(command, pretend, "payment_intent.succeeded", home=tmp_path)
    assert {"charge.succeeded", "charge.updated", "payment_intent.succeeded"} <= told
    (sums,) = pretend.state()["balance_by_category"].values()
    assert set(sums) == {"charge"}
    assert sums["charge"]["amount"] > 0
    with pretend.sdk() as client:
        (intent,) = client.v1.payment_intents.list().data
    assert intent.status == "succeeded"


def test_a_charge_is_refunded(command: Path, pretend: PretendStripe, tmp_path: Path) -> None:
    told = trigger(command, pretend, "charge.refunded", home=tmp_path)
    assert {"charge.refunded", "refund.created"} <= told
    (sums,) = pretend.state()["balance_by_category"].values()
    assert sums["refund"]["amount"] == -sums["charge"]["amount"]
    with pretend.sdk() as client:
        (charge,) = client.v1.charges.list().data
    assert charge.refunded is True


def test_a_dispute_is_opened(command: Path, pretend: PretendStripe, tmp_path: Path) -> None:
    told = trigger(command, pretend, "charge.dispute.created", home=tmp_path)
    assert "charge.dispute.created" in told
    with pretend.sdk() as client:
        (dispute,) = client.v1.disputes.list({"expand": ["data.charge"]}).data
    assert dispute.status in {"needs_response", "warning_needs_response"}
    assert dispute.to_dict()["charge"]["disputed"] is True


def _fetch() -> None:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("STRIPE'S COMMAND LINE IS NOT TRIED: npm is not installed")
    _FOLDER.parent.mkdir(parents=True, exist_ok=True)
    # Two runs side by side may both fetch: each into a folder of its own, moved when whole.
    with tempfile.TemporaryDirectory(dir=_FOLDER.parent) as name:
        folder = Path(name) / _FOLDER.name
        folder.mkdir()
        options = ("--no-audit", "--no-fund", "--no-save", "--ignore-scripts")
        done = subprocess.run(
            [npm, "install", *options, "--prefix", str(folder), f"@stripe/cli@{VERSION}"],
            capture_output=True,
            check=False,
            text=True,
            timeout=300,
        )
        if done.returncode != 0:
            pytest.skip(
                f"STRIPE'S COMMAND LINE IS NOT TRIED: npm cannot fetch it:\n{done.stderr[-2000:]}"
            )
        # Not empty: another run was quicker.
        with suppress(OSError):
            folder.rename(_FOLDER)
