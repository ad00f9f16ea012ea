"""What Stripe's answers to a refund mean, read from the wire."""

import json
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import uuid4

import pytest
import stripe as stripe_sdk

from payments.stripe_gateway import client as gateway_client
from payments.stripe_gateway.client import StripeUnavailableError
from payments.stripe_gateway.facts import RefundState
from payments.stripe_gateway.refunding import (
    Hold,
    NoRightToRefundError,
    RefundRefusedError,
    RefundRequest,
    Refusal,
    give_back,
)
from tests.factories import gbp

REQUEST = RefundRequest(
    reference=uuid4(), number=0, payment_intent_id="pi_1", amount=gbp(10), stripe_reason=""
)


class Wire(stripe_sdk.RequestsClient):
    """Answers as Stripe once did."""

    def __init__(self) -> None:
        super().__init__()
        self.status, self.answer = 200, dict[str, Any]()

    def says(self, answer: dict[str, Any], *, status: int = 200) -> None:
        self.status, self.answer = status, answer

    def refuses(self, status: int, **error: Any) -> None:
        told = {"type": "invalid_request_error", "message": "No."} | error
        self.says({"error": told}, status=status)

    def request(  # type: ignore[override]  # the signature that RequestsClient itself has
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        return json.dumps(self.answer).encode(), self.status, {}


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    answering = Wire()
    monkeypatch.setattr(gateway_client, "_connections", lambda: answering)
    monkeypatch.setattr(stripe_sdk.HTTPClient, "_sleep_time_seconds", lambda *_, **__: 0)
    gateway_client._client_for.cache_clear()  # noqa: SLF001 - the next one is made with the wire
    yield answering
    gateway_client._client_for.cache_clear()  # noqa: SLF001 - nobody else is answered so


def refund(**changes: Any) -> dict[str, Any]:
    return {
        "id": "re_1",
        "object": "refund",
        "amount": 1000,
        "balance_transaction": "txn_1",
        "created": 1_795_435_200,
        "currency": "gbp",
        "metadata": {"whipround_refund": str(REQUEST.reference)},
        "payment_intent": "pi_1",
        "status": "succeeded",
        **changes,
    }


@pytest.mark.parametrize(
    ("error", "refusal"),
    [
        ({"code": "charge_already_refunded"}, Refusal.ALREADY_BACK),
        ({"code": "charge_disputed"}, Refusal.DISPUTED),
        ({"code": "refund_disputed_payment"}, Refusal.DISPUTED),
        ({"code": "balance_insufficient"}, Refusal.BALANCE),
        (
            {"message": "Insufficient funds in your Stripe balance to refund this amount."},
            Refusal.BALANCE,
        ),
        ({"code": "resource_missing", "param": "payment_intent"}, Refusal.UNKNOWN_PAYMENT),
        ({"param": "amount"}, Refusal.TOO_MUCH),
        ({"code": "something_new"}, Refusal.OTHER),
        ({}, Refusal.OTHER),
    ],
)
def test_a_refusal_is_told_by_its_kind(wire: Wire, error: dict[str, str], refusal: Refusal) -> None:
    wire.refuses(400, **error)

    with pytest.raises(RefundRefusedError) as refused:
        give_back(REQUEST)
    assert refused.value.refusal is refusal
    assert refused.value.code == error.get("code", "")


def test_an_empty_balance_may_come_as_a_card_error(wire: Wire) -> None:
    wire.refuses(402, type="card_error", code="insufficient_funds")

    with pytest.raises(RefundRefusedError) as refused:
        give_back(REQUEST)
    assert refused.value.refusal is Refusal.BALANCE


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_without_the_right_is_told_apart(wire: Wire, status: int) -> None:
    wire.refuses(status)

    with pytest.raises(NoRightToRefundError):
        give_back(REQUEST)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, {"type": "idempotency_error"}),
        (409, {"type": "idempotency_error", "code": "idempotency_key_in_use"}),
        (429, {"code": "rate_limit"}),
        (500, {"type": "api_error"}),
    ],
)
def test_what_leaves_open_whether_it_was_made_is_no_refusal(
    wire: Wire, status: int, error: dict[str, str]
) -> None:
    wire.refuses(status, **error)

    with pytest.raises(StripeUnavailableError) as unclear:
        give_back(REQUEST)
    assert unclear.value.was_answered


@pytest.mark.parametrize(
    ("changes", "state", "hold"),
    [
        ({}, RefundState.GONE, None),
        ({"status": "pending", "pending_reason": "processing"}, RefundState.GONE, None),
        (
            {"status": "pending", "pending_reason": "insufficient_funds"},
            RefundState.GONE,
            Hold.BALANCE,
        ),
        (
            {"status": "requires_action", "balance_transaction": None},
            RefundState.NEVER_WENT,
            Hold.DONOR,
        ),
        ({"status": "canceled", "balance_transaction": None}, RefundState.NEVER_WENT, None),
        ({"status": "failed"}, RefundState.BACK, None),
    ],
)
def test_a_refund_says_whether_it_went_and_what_holds_it(
    wire: Wire, changes: dict[str, Any], state: RefundState, hold: Hold | None
) -> None:
    wire.says(refund(**changes))

    made = give_back(REQUEST)

    assert (made.fact.state, made.hold) == (state, hold)
    assert made.fact.amount == gbp(10)
    assert made.order_reference == str(REQUEST.reference)


@pytest.mark.parametrize("metadata", [None, {}, {"order": "1"}])
def test_a_refund_of_another_s_making_is_nobody_s_order(
    wire: Wire, metadata: dict[str, str] | None
) -> None:
    wire.says(refund(metadata=metadata))

    assert give_back(REQUEST).order_reference == ""
