"""Proves the till against the books: every fact that was told to us is booked, as it was told."""

import json
from collections.abc import Callable, Iterator
from typing import Final

from django.conf import settings

from funds.audit import Difference, query
from funds.money import minor_unit
from payments.balance.audit import audit_lines
from payments.banking.audit import (
    audit_bank_entries,
    audit_banked_once,
    audit_cheques,
    audit_matches,
    audit_payings_in,
)
from payments.closing.audit import audit_tie_outs, audit_two_person_acts
from payments.counting.audit import audit_tables
from payments.disputes import movement_keys
from payments.errors import TillError
from payments.monthly.audit import audit_months
from payments.pledges.audit import audit_pledges
from payments.stripe_gateway.facts import Disputed, PaymentReceived, Refunded, RefundState
from payments.stripe_gateway.reading import read_event

_RECORDS: Final = (
    # table, its word for a record, what is credited, the role of the account that is
    (
        "payments_cashcollection",
        "collection",
        "r.amount + r.costs",
        "CASE r.kind WHEN 'sale' THEN 'sales' ELSE 'cash' END",
    ),
    ("payments_transferreceipt", "transfer", "r.amount", "'transfer'"),
    ("payments_carddonation", "card donation", "r.amount", "'card'"),
)


_TAKEN: Final = (
    # its word, and the rows: what each took off a donation, by which entries
    (
        "refund",
        """SELECT id, stripe_id, donation_id, amount, amount_currency, ARRAY[entry_id] AS entries
             FROM payments_cardrefund""",
    ),
    (
        "movement of a dispute",
        """SELECT m.id, m.stripe_id, t.donation_id, m.amount_currency,
                  CASE m.way WHEN 'withdrawn' THEN m.amount ELSE -m.amount END AS amount,
                  ARRAY[m.entry_id, m.kept_entry_id] AS entries
             FROM payments_carddisputemovement m
             JOIN payments_carddispute t ON t.id = m.dispute_id""",
    ),
)


def audit_till() -> Iterator[Difference]:
    """Every fact that was kept or recorded and does not stand in the books as it should."""
    for check in _CHECKS:
        yield from check()


def _audit_paid_events() -> Iterator[Difference]:
    """Kept events that tell of money, and whose fact has no entry.

    An event that came within the last minute may still be on its way into the books.
    """
    rows = query(
        """
        SELECT e.stripe_id, e.body, e.last_error FROM payments_webhookevent e
         WHERE (e.processed_at IS NOT NULL OR e.received_at < now() - interval '1 minute')
           AND ((e.type IN ('checkout.session.completed', 'payment_intent.succeeded',
                            'checkout.session.async_payment_succeeded')
                 AND NOT EXISTS (SELECT FROM funds_journalentry j WHERE
                     j.source_key = 'stripe:' || e.payment_intent_id || ':received'))
             OR (e.type LIKE 'refund.%'
                 AND NOT EXISTS (SELECT FROM funds_journalentry j WHERE
                     j.source_key = 'stripe:' || e.object_id || ':refunded')))
           AND e.outcome NOT IN ('not-ours', 'by-hand')
         ORDER BY e.id
        """
    )
    for stripe_id, body, last_error in rows:
        try:
            fact = read_event(json.loads(body))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            reason = f"cannot be read: {type(error).__name__}"
            yield Difference("paid events are booked", stripe_id, reason)
            continue
        waits = f"; it waits: {last_error}" if last_error else ""
        if isinstance(fact, PaymentReceived):
            detail = f"{fact.payment_intent_id} is not in the books{waits}"
            yield Difference("paid events are booked", stripe_id, detail)
        elif isinstance(fact, Refunded) and fact.state is RefundState.GONE:
            detail = f"{fact.refund_id} is not in the books{waits}"
            yield Difference("refunds are booked", stripe_id, detail)


def _audit_dispute_events() -> Iterator[Difference]:
    """Kept events that tell what a dispute has moved, and whose movement has no entry."""
    rows = query(
        """
        SELECT e.stripe_id, e.body, e.last_error FROM payments_webhookevent e
         WHERE (e.processed_at IS NOT NULL OR e.received_at < now() - interval '1 minute')
           AND e.type LIKE 'charge.dispute.%' AND e.outcome NOT IN ('not-ours', 'by-hand')
         ORDER BY e.id
        """
    )
    told: list[tuple[str, str, str]] = []
    for stripe_id, body, last_error in rows:
        try:
            fact = read_event(json.loads(body))
            keys = movement_keys(fact) if isinstance(fact, Disputed) else []
        except (AttributeError, KeyError, TypeError, ValueError, TillError) as error:
            reason = f"cannot be read: {type(error).__name__}"
            yield Difference("disputes are booked", stripe_id, reason)
            continue
        waits = f"; it waits: {last_error}" if last_error else ""
        told += [(stripe_id, key, waits) for key in keys]
    booked = query(
        "SELECT source_key FROM funds_journalentry WHERE source_key = ANY(%(keys)s)",
        {"keys": [key for _, key, _ in told]},
    )
    in_books = {key for (key,) in booked}
    for stripe_id, key, waits in told:
        if key not in in_books:
            detail = f"{key} is not in the books{waits}"
            yield Difference("disputes are booked", stripe_id, detail)


def _audit_taken() -> Iterator[Difference]:
    """Refunds and movements of disputes whose entries take another amount off their donation."""
    for word, rows_sql in _TAKEN:
        for currency in settings.CURRENCIES:
            rows = query(
                f"""
                SELECT r.stripe_id, r.amount, coalesce(sum(
                       CASE p.side WHEN 'debit' THEN p.amount_minor ELSE -p.amount_minor END), 0)
                  FROM ({rows_sql}) r
                  JOIN payments_carddonation d ON d.id = r.donation_id
                  JOIN appeals_appealaccount a ON a.appeal_id = d.appeal_id AND a.role = 'card'
                  LEFT JOIN funds_posting p ON p.entry_id = ANY(r.entries)
                   AND p.account_id = a.account_id AND p.branch_id IS NOT DISTINCT FROM d.branch_id
                 WHERE r.amount_currency = %(currency)s
                 GROUP BY r.id, r.stripe_id, r.amount
                HAVING coalesce(sum(
                       CASE p.side WHEN 'debit' THEN p.amount_minor ELSE -p.amount_minor END), 0)
                       <> r.amount * %(unit)s
                 ORDER BY r.id
                """,  # noqa: S608 - names of our own tables
                {"currency": currency, "unit": minor_unit(currency)},
            )
            for stripe_id, amount, taken in rows:
                yield Difference(
                    "what went back is booked",
                    f"{word} {stripe_id}",
                    f"took {amount} {currency}, booked {taken} (minor units)",
                )


def _audit_records() -> Iterator[Difference]:
    """Records whose entry says another amount, branch or appeal. Subs have no appeal's account."""
    for table, word, credited, role in _RECORDS:
        entry = "received_entry_id" if table == "payments_carddonation" else "entry_id"
        for currency in settings.CURRENCIES:
            rows = query(
                f"""
                SELECT r.reference::text, {credited},
                       (SELECT string_agg(p.amount_minor::text, '+') FROM funds_posting p
                         WHERE p.entry_id = r.{entry} AND p.side = 'credit')
                  FROM {table} r
                 WHERE r.{entry} IS NOT NULL AND r.amount_currency = %(currency)s
                   AND NOT EXISTS (
                       SELECT FROM funds_posting p
                         JOIN funds_account f ON f.id = p.account_id
                         LEFT JOIN appeals_appealaccount a ON a.account_id = p.account_id
                        WHERE p.entry_id = r.{entry} AND p.side = 'credit'
                          AND CASE WHEN r.appeal_id IS NULL THEN f.code = 'subs:' || %(currency)s
                              ELSE a.appeal_id = r.appeal_id AND a.role = {role} END
                          AND p.branch_id IS NOT DISTINCT FROM r.branch_id
                          AND p.amount_minor = ({credited}) * %(unit)s)
                 ORDER BY r.id
                """,  # noqa: S608 - names of our own tables
                {"currency": currency, "unit": minor_unit(currency)},
            )
            for reference, amount, booked in rows:
                yield Difference(
                    "records are booked",
                    f"{word} {reference}",
                    f"recorded {amount} {currency}, booked {booked or 'none'} (minor units)",
                )


def _audit_cash_in_hand() -> Iterator[Difference]:
    """Collections whose entry puts another amount in hand, in another place, than was counted."""
    for currency in settings.CURRENCIES:
        rows = query(
            """
            SELECT r.reference::text, r.amount, coalesce(sum(p.amount_minor), 0)
              FROM payments_cashcollection r
              LEFT JOIN appeals_appealaccount a
                ON a.appeal_id = r.appeal_id AND a.role = 'cash-in-hand'
              LEFT JOIN funds_account s
                ON r.appeal_id IS NULL AND s.code = 'subs-in-hand:' || %(currency)s
              LEFT JOIN funds_posting p
                ON p.entry_id = r.entry_id AND p.side = 'debit' AND p.branch_id = r.branch_id
               AND p.account_id = coalesce(a.account_id, s.id)
             WHERE r.amount_currency = %(currency)s
             GROUP BY r.id, r.reference, r.amount
            HAVING coalesce(sum(p.amount_minor), 0) <> r.amount * %(unit)s
             ORDER BY r.id
            """,
            {"currency": currency, "unit": minor_unit(currency)},
        )
        for reference, amount, in_hand in rows:
            yield Difference(
                "what was counted is in hand",
                f"collection {reference}",
                f"counted {amount} {currency}, in hand {in_hand} (minor units)",
            )


def _audit_reversals() -> Iterator[Difference]:
    """Records marked as reversed whose entry is not, and the other way round."""
    for table, word, _, _ in _RECORDS[:2]:
        rows = query(
            f"""
            SELECT r.reference::text, r.reversed_at IS NOT NULL FROM {table} r
             WHERE (r.reversed_at IS NOT NULL) <> EXISTS (
                   SELECT FROM funds_journalentry j WHERE j.reverses_id = r.entry_id)
             ORDER BY r.id
            """  # noqa: S608 - names of our own tables
        )
        for reference, is_marked in rows:
            detail = "marked as reversed, not in the books" if is_marked else "reversed unmarked"
            yield Difference("reversals are booked", f"{word} {reference}", detail)


def _audit_entries() -> Iterator[Difference]:
    """Money in the books that no record explains: no collection, donation, refund, dispute."""
    rows = query(
        """
        SELECT e.source_key, e.kind FROM funds_journalentry e
         WHERE (e.kind IN ('cash-counted', 'sales-counted', 'subs-counted')
                AND NOT EXISTS (SELECT FROM payments_cashcollection r WHERE r.entry_id = e.id))
            OR (e.kind = 'transfer-received'
                AND NOT EXISTS (SELECT FROM payments_transferreceipt r WHERE r.entry_id = e.id))
            OR (e.kind = 'card-received' AND NOT EXISTS (
                    SELECT FROM payments_carddonation r WHERE r.received_entry_id = e.id))
            OR (e.kind = 'card-refund'
                AND NOT EXISTS (SELECT FROM payments_cardrefund r WHERE r.entry_id = e.id))
            OR (e.kind = 'card-disputed'
                AND NOT EXISTS (SELECT FROM payments_carddisputemovement r
                                 WHERE r.entry_id = e.id OR r.kept_entry_id = e.id))
         ORDER BY e.id
        """
    )
    for source_key, kind in rows:
        yield Difference("entries have their record", source_key, f"{kind}, and no record of it")


def _audit_refund_orders() -> Iterator[Difference]:
    """Orders that Stripe is said to have carried out, and whose refund is not in the books."""
    rows = query(
        """
        SELECT o.reference::text, o.stripe_refund_id, o.amount, o.amount_currency, r.amount
          FROM payments_refundorder o
          LEFT JOIN payments_cardrefund r
                 ON r.stripe_id = o.stripe_refund_id AND r.donation_id = o.donation_id
         WHERE o.outcome = 'refunded'
           AND (r.id IS NULL OR (r.amount, r.amount_currency) <> (o.amount, o.amount_currency))
         ORDER BY o.id
        """
    )
    for reference, refund_id, amount, currency, booked in rows:
        yield Difference(
            "ordered refunds are booked",
            f"refund order {reference}",
            f"ordered {amount} {currency}, {refund_id} is booked with {booked or 'nothing'}",
        )


_CHECKS: Final[tuple[Callable[[], Iterator[Difference]], ...]] = (
    _audit_paid_events,
    _audit_dispute_events,
    _audit_records,
    _audit_cash_in_hand,
    _audit_taken,
    _audit_reversals,
    _audit_entries,
    audit_months,
    _audit_refund_orders,
    audit_lines,
    audit_tables,
    audit_payings_in,
    audit_banked_once,
    audit_matches,
    audit_cheques,
    audit_bank_entries,
    audit_tie_outs,
    audit_two_person_acts,
    audit_pledges,
)
