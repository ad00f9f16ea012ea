"""Which invoice a payment paid. Never asked for inside a database transaction."""

from dataclasses import dataclass

from payments.stripe_gateway import OUR_MONTHLY_KEY
from payments.stripe_gateway.client import answers, client
from payments.stripe_gateway.reading import id_of


@dataclass(frozen=True, slots=True)
class InvoiceOfPayment:
    """The invoice that a payment paid. ``is_ours``: its subscription bears our mark."""

    invoice_id: str
    subscription_id: str
    is_ours: bool


def read_invoice_of_payment(payment_intent_id: str) -> InvoiceOfPayment | None:
    """The invoice that a payment paid; None when it paid none.

    Neither a payment nor its charge names its invoice, and what a subscription takes bears none of
    the subscription's metadata: the invoice keeps a copy of them.

    Raises:
        StripeUnavailableError: Not known.

    Source: docs.stripe.com/api/invoice-payment/list; docs.stripe.com/api/invoices/object,
    ``parent.subscription_details.metadata``.
    """
    with answers():
        page = client().v1.invoice_payments.list(
            {
                "payment": {"type": "payment_intent", "payment_intent": payment_intent_id},
                "expand": ["data.invoice"],
                "limit": 1,
            }
        )
    if not page.data:
        return None
    invoice = page.data[0].to_dict()["invoice"]
    details = (invoice.get("parent") or {}).get("subscription_details") or {}
    return InvoiceOfPayment(
        invoice_id=id_of(invoice),
        subscription_id=id_of(details.get("subscription")),
        is_ours=OUR_MONTHLY_KEY in (details.get("metadata") or {}),
    )
