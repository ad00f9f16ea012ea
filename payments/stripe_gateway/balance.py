"""Stripe's own account of our money: the lines of our balance, by the page, and what it holds.

Never asked for inside a database transaction.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from django.utils import timezone

from funds.money import Money, zero
from payments.stripe_gateway import OUR_METADATA_KEY
from payments.stripe_gateway.amounts import from_stripe
from payments.stripe_gateway.client import PAGE_SIZE, answers, client
from payments.stripe_gateway.facts import PayoutTold
from payments.stripe_gateway.reading import StripeObject, id_of, moment, read_payout

_LINES: Final = "/v1/balance_transactions"


@dataclass(frozen=True, slots=True)
class Source:
    """What moved the money, as far as it must be known.

    Attributes:
        source_id: Stripe's id of the charge, refund, dispute or payout; "" for none.
        payment_intent_id: The payment that it belongs to; "" for none.
        amount: What moved, in the currency it was paid in; None for what has no amount.
        is_marked: It bears our mark: a payment that this site began.
        has_customer: It was paid by somebody whom Stripe knows, as every invoice is.
        payout: The payout, when it is one.
    """

    source_id: str = ""
    payment_intent_id: str = ""
    amount: Money | None = None
    is_marked: bool = False
    has_customer: bool = False
    payout: PayoutTold | None = None


@dataclass(frozen=True, slots=True)
class StripeLine:
    """One movement of our balance. ``created_at`` is aware, in UTC; amounts have their sign."""

    stripe_id: str
    type: str
    reporting_category: str
    amount: Money
    fee: Money
    created_at: datetime
    available_on: date
    source: Source


@dataclass(frozen=True, slots=True)
class LinePage:
    """Some lines, newest first, and whether older ones follow."""

    lines: list[StripeLine]
    has_more: bool


@dataclass(frozen=True, slots=True)
class HeldBalance:
    """What Stripe holds for us in one currency: what can be paid out, and what cannot yet."""

    available: Money
    pending: Money


def read_lines(*, since: datetime, until: datetime | None, after_id: str = "") -> LinePage:
    """A page of the lines that Stripe wrote from ``since`` on and before ``until``.

    Args:
        since: Aware; Stripe counts whole seconds.
        until: Aware, not included; None for everything from ``since`` on.
        after_id: The last line of the page before, or "" for the first page.

    Raises:
        StripeUnavailableError: Not known.

    Source: docs.stripe.com/api/balance_transactions/list.
    """
    created = {"gte": int(since.timestamp())}
    if until is not None:
        created["lt"] = int(until.timestamp())
    return _read_page({"created": created}, after_id)


def read_lines_of_payout(payout_id: str, *, after_id: str = "") -> LinePage:
    """A page of the lines that an automatic payout pays out, its own among them.

    Raises:
        StripeUnavailableError: Not known.

    Source: docs.stripe.com/api/balance_transactions/list, ``payout``.
    """
    return _read_page({"payout": payout_id}, after_id)


def read_balance() -> list[HeldBalance]:
    """What Stripe holds for us now, currency by currency.

    Raises:
        StripeUnavailableError: Not known.

    Source: docs.stripe.com/api/balance/balance_object.
    """
    with answers():
        balance = client().v1.balance.retrieve().to_dict()
    sums: dict[str, dict[str, Money]] = {}
    for name in ("available", "pending"):
        for part in balance[name]:
            money = from_stripe(part["amount"], part["currency"])
            code = money.currency.code
            held = sums.setdefault(code, {"available": zero(code), "pending": zero(code)})
            held[name] += money
    return [HeldBalance(**held) for held in sums.values()]


def _read_page(which: Mapping[str, Any], after_id: str) -> LinePage:
    """Asked for raw: the SDK's objects of a page of charges cost many times the page itself."""
    params = {**which, "limit": PAGE_SIZE, "expand": ["data.source"]}
    if after_id:
        params["starting_after"] = after_id
    with answers():
        page: StripeObject = client().raw_request("get", _LINES, **params).data
    return LinePage([_read_line(line) for line in page["data"]], page["has_more"])


def _read_line(line: StripeObject) -> StripeLine:
    return StripeLine(
        stripe_id=line["id"],
        type=line["type"],
        reporting_category=line["reporting_category"],
        amount=from_stripe(line["amount"], line["currency"]),
        fee=from_stripe(line["fee"], line["currency"]),
        created_at=moment(line["created"]),
        available_on=datetime.fromtimestamp(line["available_on"], UTC).date(),
        source=_read_source(line["source"]),
    )


def _read_source(source: StripeObject | str | None) -> Source:
    """A source stands there whole, since we ask for that; some kinds only by their id."""
    if source is None or isinstance(source, str):
        return Source(source_id=id_of(source))
    kind = source["object"]
    amount = None
    if "amount" in source and "currency" in source:
        amount = from_stripe(source["amount"], source["currency"])
    return Source(
        source_id=source["id"],
        payment_intent_id=id_of(source.get("payment_intent")),
        amount=amount,
        is_marked=OUR_METADATA_KEY in (source.get("metadata") or {}),
        has_customer=bool(source.get("customer")),
        payout=read_payout(source, timezone.now()) if kind == "payout" else None,
    )
