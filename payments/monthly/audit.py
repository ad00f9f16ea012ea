"""Proves the months against the books: what Stripe told of whole is a donation, as it was told."""

from collections.abc import Iterator

from funds.audit import Difference, query


def audit_months() -> Iterator[Difference]:
    """Months that are paid and in no books, or stand there otherwise than they came."""
    rows = query(
        """
        SELECT i.invoice_id, i.payment_intent_id, i.amount, d.amount, d.payment_intent_id,
               d.received_entry_id IS NOT NULL
          FROM payments_monthlyinvoice i
          LEFT JOIN payments_carddonation d ON d.invoice_id = i.invoice_id
         WHERE i.monthly_id IS NOT NULL AND i.payment_intent_id IS NOT NULL
           AND (d.id IS NULL OR d.received_entry_id IS NULL OR d.amount <> i.amount
                OR d.amount_currency <> i.amount_currency OR d.monthly_id <> i.monthly_id
                OR d.payment_intent_id <> i.payment_intent_id)
         ORDER BY i.id
        """
    )
    for invoice_id, payment, came, stands, booked_payment, is_booked in rows:
        detail = (
            f"{came} came by {payment}, and {stands} stands by {booked_payment}"
            if is_booked
            else f"{payment} is not in the books"
        )
        yield Difference("months are booked", invoice_id, detail)
    unpaid = query(
        """
        SELECT i.invoice_id FROM payments_monthlyinvoice i
         WHERE i.is_paid AND i.payment_intent_id IS NULL
           AND i.looked_at < now() - interval '1 minute'
         ORDER BY i.id
        """
    )
    for (invoice_id,) in unpaid:
        yield Difference(
            "months are booked", invoice_id, "is paid, and Stripe told of no payment: sweep"
        )
    lost = query(
        """
        SELECT d.reference::text FROM payments_carddonation d
         WHERE d.monthly_id IS NOT NULL
           AND NOT EXISTS (SELECT FROM payments_monthlyinvoice i
                            WHERE i.invoice_id = d.invoice_id AND i.monthly_id = d.monthly_id)
         ORDER BY d.id
        """
    )
    for (reference,) in lost:
        yield Difference("months have their invoice", f"card donation {reference}", "has none")
