"""The judge itself: what it must let pass, and what it must not."""

from pathlib import Path
from typing import Any

import pytest

from tests.contract.openapi import (
    ContractError,
    check_event,
    check_object,
    check_request,
    check_response,
    fetch_wheel,
)

pytestmark = pytest.mark.contract

REFUND = {
    "id": "re_1",
    "object": "refund",
    "amount": 500,
    "balance_transaction": "txn_1",
    "charge": "ch_1",
    "created": 1,
    "currency": "gbp",
    "metadata": {},
    "payment_intent": "pi_1",
    "reason": None,
    "status": "succeeded",
}


def changed(**changes: Any) -> dict[str, Any]:
    return {name: value for name, value in (REFUND | changes).items() if value != "left out"}


def test_a_refund_as_stripe_shows_it_passes() -> None:
    check_object("refund", REFUND)
    check_response("/v1/refunds/re_1", "get", 200, REFUND)
    page = {"object": "list", "data": [REFUND], "has_more": False, "url": "/v1/refunds"}
    check_response("/v1/refunds", "get", 200, page)


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": "5.00"},
        {"amount": None},
        {"currency": "left out"},
        {"invented": 1},
        {"reason": "because"},
        {"metadata": {"a": 1}},
        {"charge": {"id": "ch_1"}},
    ],
)
def test_a_refund_that_stripe_would_never_show_fails(changes: dict[str, Any]) -> None:
    with pytest.raises(ContractError):
        check_object("refund", changed(**changes))


def test_an_error_has_stripes_shape() -> None:
    error = {"error": {"type": "invalid_request_error", "message": "No such refund: 're_1'"}}
    check_response("/v1/refunds/re_1", "get", 404, error)
    with pytest.raises(ContractError):
        check_response("/v1/refunds/re_1", "get", 404, {"error": "No such refund"})


@pytest.mark.parametrize(
    "params",
    [
        {"payment_intent": "pi_1", "amount": 500, "metadata": {"why": "asked"}},
        "payment_intent=pi_1&amount=500&metadata[why]=asked&expand[0]=charge",
        b"payment_intent=pi_1&reason=duplicate",
        {"payment_intent": "pi_1", "metadata": ""},
    ],
)
def test_parameters_that_stripe_takes_pass(params: Any) -> None:
    check_request("/v1/refunds", "POST", params)


@pytest.mark.parametrize(
    ("path", "method", "params"),
    [
        ("/v1/refunds", "post", {"payment_intent": "pi_1", "amount": "5.00"}),
        ("/v1/refunds", "post", "payment_intent=pi_1&amount=5.00"),
        ("/v1/refunds", "post", {"payment_intent": "pi_1", "amount": 5.5}),
        ("/v1/refunds", "post", "payment_intent=pi_1&colour=red"),
        ("/v1/refunds", "post", {"reason": "because"}),
        ("/v1/refunds", "get", {"limit": "ten"}),
        ("/v1/checkout/sessions", "post", "line_items[0][price_data][unit_amount]=100"),
        ("/v1/checkout/sessions", "post", {"payment_intent_data": {"metadata": {"a": 1}}}),
        ("/v1/nonsense", "get", {}),
        ("/v1/balance", "post", {}),
    ],
)
def test_parameters_that_stripe_refuses_fail(path: str, method: str, params: Any) -> None:
    with pytest.raises(ContractError):
        check_request(path, method, params)


def test_an_event_is_judged_with_what_it_carries() -> None:
    event: dict[str, Any] = {
        "id": "evt_1",
        "object": "event",
        "api_version": "2026-08-26.dahlia",
        "created": 1,
        "data": {"object": REFUND, "previous_attributes": {"status": "pending"}},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": "refund.updated",
    }
    check_event(event)
    without_amount = changed(amount="left out")
    for wrong in (
        {"type": 5},
        {"data": event["data"] | {"object": without_amount}},
        {"data": event["data"] | {"previous_attributes": {"invented": 1}}},
        {"api_version": "2020-08-27"},
    ):
        with pytest.raises(ContractError):
            check_event(event | wrong)


def test_without_a_network_a_desk_skips_and_ci_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="CONTRACT IS NOT TESTED"):
        fetch_wheel(tmp_path / "cache")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="CONTRACT IS NOT TESTED"):
        fetch_wheel(tmp_path / "cache")


def test_another_file_under_the_pinned_name_fails(tmp_path: Path) -> None:
    (tmp_path / "seahaven_stripe_world-0.3.0-py3-none-any.whl").write_bytes(b"something else")
    with pytest.raises(pytest.fail.Exception, match="not the file that is pinned"):
        fetch_wheel(tmp_path)
