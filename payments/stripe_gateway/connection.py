"""Whether Stripe answers us as we need it to: our key, its rights, our webhook endpoint."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import stripe
from django.conf import settings

from payments.stripe_gateway import API_VERSION
from payments.stripe_gateway.client import PAGE_SIZE, StripeUnavailableError, answers, client
from payments.stripe_gateway.reading import EVENT_TYPES

_Question = Callable[[Any, dict[str, Any]], object]

# One harmless question for each right. A right to write is not tried: it would write.
_RIGHTS: Final[Mapping[str, _Question]] = {
    "Checkout Sessions": lambda v1, one: v1.checkout.sessions.list(one),
    "PaymentIntents": lambda v1, one: v1.payment_intents.list(one),
    "Charges and Refunds": lambda v1, one: v1.refunds.list(one),
    "Disputes": lambda v1, one: v1.disputes.list(one),
    "Payouts": lambda v1, one: v1.payouts.list(one),
    "Balance transaction sources": lambda v1, one: v1.balance_transactions.list(one),
    "Events": lambda v1, one: v1.events.list(one),
    "Customers": lambda v1, one: v1.customers.list(one),
    "Subscriptions": lambda v1, one: v1.subscriptions.list(one),
    "Invoices": lambda v1, one: v1.invoices.list(one),
    "Webhook Endpoints": lambda v1, one: v1.webhook_endpoints.list(one),
}


@dataclass(frozen=True, slots=True)
class EndpointState:
    """Our webhook endpoint as Stripe has it. ``missing`` are events that it is not told."""

    is_enabled: bool
    api_version: str
    missing: tuple[str, ...]

    @property
    def reads_as_we_do(self) -> bool:
        """Whether its events come in the shapes that we read."""
        return self.api_version == API_VERSION


def check_connection() -> None:
    """Ask Stripe for the balance, which every key that books fees may read.

    Raises:
        StripeUnavailableError: No answer, a refusal, or an answer in the other mode.
    """
    with answers():
        balance = client().v1.balance.retrieve()
    if balance.livemode != settings.STRIPE_LIVEMODE:
        mode = "live" if balance.livemode else "test"
        raise StripeUnavailableError(f"the key is of {mode} mode", was_answered=True)


def read_missing_rights() -> list[str]:
    """What our key may not read, in the words of Stripe's page for restricted keys.

    Raises:
        StripeUnavailableError: Not known.
    """
    missing: list[str] = []
    with answers():
        for right, ask in _RIGHTS.items():
            try:
                ask(client().v1, {"limit": 1})
            except stripe.PermissionError:
                missing.append(right)
    return missing


def read_endpoint(url: str) -> EndpointState | None:
    """The webhook endpoint of this address; None when there is none.

    Of several, one that is enabled is taken.

    Raises:
        StripeUnavailableError: Not known: no answer, or our key may not read endpoints.
    """
    with answers():
        listed = client().v1.webhook_endpoints.list({"limit": PAGE_SIZE})
        ours = [one for one in listed.auto_paging_iter() if one.url == url]
    if not ours:
        return None
    endpoint = max(ours, key=lambda one: one.status == "enabled")
    told = set(endpoint.enabled_events)
    return EndpointState(
        is_enabled=endpoint.status == "enabled",
        api_version=endpoint.api_version or "",
        missing=() if "*" in told else tuple(kind for kind in EVENT_TYPES if kind not in told),
    )
