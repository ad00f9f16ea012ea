from typing import Any

import pytest
from pytest_django import Settings
from stripe import PermissionError as NoRight

from payments.stripe_gateway import API_VERSION, connection
from payments.stripe_gateway.client import StripeUnavailableError
from payments.stripe_gateway.connection import (
    check_connection,
    read_endpoint,
    read_missing_rights,
)
from payments.stripe_gateway.reading import EVENT_TYPES
from tests.pretend_stripe.process import PretendStripe


def test_a_stripe_that_answers_in_our_mode_is_fine(stripe: PretendStripe) -> None:
    check_connection()


def test_a_key_of_the_other_mode_is_refused(stripe: PretendStripe, settings: Settings) -> None:
    settings.STRIPE_LIVEMODE = True

    with pytest.raises(StripeUnavailableError, match="the key is of test mode"):
        check_connection()


def test_a_stripe_that_is_down_is_said(stripe: PretendStripe) -> None:
    stripe.turn(fail_with="500", fail_probability=1)

    with pytest.raises(StripeUnavailableError, match="APIError"):
        check_connection()


def test_a_key_with_every_right_misses_none(stripe: PretendStripe) -> None:
    """And so every question is one that Stripe's API knows."""
    assert read_missing_rights() == []


def test_a_missing_right_is_named(stripe: PretendStripe, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_v1: Any, _one: Any) -> object:
        raise NoRight("no right")

    rights = dict(connection._RIGHTS)  # noqa: SLF001
    monkeypatch.setattr(connection, "_RIGHTS", rights | {"Payouts": refuse})
    assert read_missing_rights() == ["Payouts"]


URL = "https://give.example.org/stripe/webhook/"


def make_endpoint(stripe: PretendStripe, *events: str, version: str | None = API_VERSION) -> str:
    params: Any = {"url": URL, "enabled_events": list(events)}
    if version:
        params["api_version"] = version
    with stripe.sdk() as sdk:
        return sdk.v1.webhook_endpoints.create(params).id


def test_an_endpoint_of_another_address_is_not_ours(stripe: PretendStripe) -> None:
    make_endpoint(stripe, "*")
    assert read_endpoint("https://other.example.org/stripe/webhook/") is None


def test_a_sound_endpoint_misses_nothing(stripe: PretendStripe) -> None:
    make_endpoint(stripe, *EVENT_TYPES)
    endpoint = read_endpoint(URL)
    assert endpoint is not None
    assert (endpoint.is_enabled, endpoint.reads_as_we_do, endpoint.missing) == (True, True, ())


def test_events_that_an_endpoint_is_not_told_are_named(stripe: PretendStripe) -> None:
    make_endpoint(stripe, *(kind for kind in EVENT_TYPES if kind != "refund.failed"))
    endpoint = read_endpoint(URL)
    assert endpoint is not None
    assert endpoint.missing == ("refund.failed",)


def test_one_that_is_enabled_speaks_for_several(stripe: PretendStripe) -> None:
    first = make_endpoint(stripe, "*", version=None)
    with stripe.sdk() as sdk:
        sdk.v1.webhook_endpoints.update(first, {"disabled": True})
    disabled = read_endpoint(URL)
    assert disabled is not None
    assert not disabled.is_enabled
    make_endpoint(stripe, "*")
    endpoint = read_endpoint(URL)
    assert endpoint is not None
    assert endpoint.is_enabled
    assert endpoint.missing == ()
