"""Proves the bank's side against the books: payings-in, matches and differences."""

from collections.abc import Iterator

from django.conf import settings

from funds.audit import Difference, query
from funds.money import minor_unit


def audit_payings_in() -> Iterator[Difference]:
    """Payings-in whose entry says other amounts, branches or appeals than their collections."""
    for currency in settings.CURRENCIES:
        rows = query(
            """
            WITH told AS (
                SELECT p.id, p.entry_id, coalesce(a.account_id, s.id) AS account_id, c.branch_id,
                       sum(c.amount) * %(unit)s AS minor
                  FROM payments_payingin p
                  JOIN payments_payinginline l ON l.paying_in_id = p.id
                  JOIN payments_cashcollection c ON c.id = l.collection_id
                  LEFT JOIN appeals_appealaccount a
                    ON a.appeal_id = c.appeal_id AND a.role = 'cash-in-hand'
                  LEFT JOIN funds_account s
                    ON c.appeal_id IS NULL AND s.code = 'subs-in-hand:' || %(currency)s
                 WHERE p.amount_currency = %(currency)s
                 GROUP BY p.id, p.entry_id, coalesce(a.account_id, s.id), c.branch_id),
            booked AS (
                SELECT p.id, p.entry_id, o.account_id, o.branch_id, o.amount_minor AS minor
                  FROM payments_payingin p
                  JOIN funds_posting o ON o.entry_id = p.entry_id AND o.side = 'credit'
                 WHERE p.amount_currency = %(currency)s)
            SELECT DISTINCT p.reference::text
              FROM (TABLE told EXCEPT TABLE booked
                    UNION ALL (TABLE booked EXCEPT TABLE told)) differing
              JOIN payments_payingin p ON p.id = differing.id
             UNION
            SELECT p.reference::text FROM payments_payingin p
             WHERE p.amount_currency = %(currency)s AND p.entry_id IS NOT NULL AND NOT EXISTS (
                   SELECT FROM funds_posting o JOIN funds_account a ON a.id = o.account_id
                    WHERE o.entry_id = p.entry_id AND o.side = 'debit'
                      AND a.code = 'bank:' || %(currency)s
                      AND o.amount_minor = p.amount * %(unit)s)
             ORDER BY 1
            """,
            {"currency": currency, "unit": minor_unit(currency)},
        )
        for (reference,) in rows:
            detail = "its entry does not say what its collections come to"
            yield Difference("payings-in are booked", f"paying-in {reference}", detail)


def audit_banked_once() -> Iterator[Difference]:
    """Payings-in that are undone in one place alone, and banked collections that are reversed."""
    rows = query(
        """
        SELECT p.reference::text, 'undone in one place alone'
          FROM payments_payingin p
         WHERE (p.entry_id IS NOT NULL AND (p.reversed_at IS NOT NULL) <> EXISTS (
                   SELECT FROM funds_journalentry j WHERE j.reverses_id = p.entry_id))
            OR EXISTS (SELECT FROM payments_payinginline l WHERE l.paying_in_id = p.id
                          AND (l.undone_at IS NULL) <> (p.reversed_at IS NULL))
         UNION ALL
        SELECT p.reference::text, 'holds a collection that is reversed'
          FROM payments_payingin p
          JOIN payments_payinginline l ON l.paying_in_id = p.id AND l.undone_at IS NULL
          JOIN payments_cashcollection c ON c.id = l.collection_id
         WHERE c.reversed_at IS NOT NULL
         ORDER BY 1
        """
    )
    for reference, detail in rows:
        yield Difference("payings-in stand whole", f"paying-in {reference}", detail)


def audit_matches() -> Iterator[Difference]:
    """Confirmed matches that the amounts, the books or the four eyes do not bear out."""
    for currency in settings.CURRENCIES:
        rows = query(
            """
            SELECT m.reference::text,
                   CASE WHEN l.amount_minor - m.difference_minor <> (
                        CASE m.kind WHEN 'cheques' THEN p.cheques_amount
                                    WHEN 'mixed' THEN p.amount + p.cheques_amount
                                    ELSE p.amount END) * %(unit)s
                        THEN 'the line is not what was paid in and the difference'
                        WHEN m.difference_minor <> 0 AND NOT EXISTS (
                             SELECT FROM funds_posting o JOIN funds_account a ON a.id = o.account_id
                              WHERE o.entry_id = m.difference_entry_id
                                AND a.code = 'bank:' || %(currency)s
                                AND o.amount_minor = abs(m.difference_minor)
                                AND o.side = CASE WHEN m.difference_minor > 0
                                                  THEN 'debit' ELSE 'credit' END)
                        THEN 'its difference is not in the books'
                        WHEN p.reversed_at IS NOT NULL THEN 'what was paid in is undone'
                        ELSE 'confirmed by who recorded the cash' END
              FROM payments_statementmatch m
              JOIN payments_statementline l ON l.id = m.line_id
              JOIN payments_payingin p ON p.id = m.paying_in_id
             WHERE m.confirmed_at IS NOT NULL AND m.undone_at IS NULL
               AND p.amount_currency = %(currency)s
               AND (l.amount_minor - m.difference_minor <> (
                        CASE m.kind WHEN 'cheques' THEN p.cheques_amount
                                    WHEN 'mixed' THEN p.amount + p.cheques_amount
                                    ELSE p.amount END) * %(unit)s
                    OR (m.difference_minor <> 0 AND NOT EXISTS (
                             SELECT FROM funds_posting o JOIN funds_account a ON a.id = o.account_id
                              WHERE o.entry_id = m.difference_entry_id
                                AND a.code = 'bank:' || %(currency)s
                                AND o.amount_minor = abs(m.difference_minor)
                                AND o.side = CASE WHEN m.difference_minor > 0
                                                  THEN 'debit' ELSE 'credit' END))
                    OR p.reversed_at IS NOT NULL
                    OR m.confirmed_by_id = p.recorded_by_id
                    OR EXISTS (SELECT FROM payments_payinginline i
                                 JOIN payments_cashcollection c ON c.id = i.collection_id
                                WHERE i.paying_in_id = p.id AND i.undone_at IS NULL
                                  AND c.recorded_by_id = m.confirmed_by_id))
             UNION ALL
            SELECT m.reference::text, 'the line is not what the transfer came to'
              FROM payments_statementmatch m
              JOIN payments_statementline l ON l.id = m.line_id
              JOIN payments_transferreceipt r ON r.id = m.receipt_id
             WHERE m.confirmed_at IS NOT NULL AND m.undone_at IS NULL
               AND r.amount_currency = %(currency)s
               AND abs(l.amount_minor) <> r.amount * %(unit)s
             ORDER BY 1
            """,
            {"currency": currency, "unit": minor_unit(currency)},
        )
        for reference, detail in rows:
            yield Difference("matches are borne out", f"match {reference}", detail)


def audit_cheques() -> Iterator[Difference]:
    """Slips that do not add up their cheques, and cheques that are raised and did not clear."""
    rows = query(
        """
        SELECT 'paying-in ' || p.reference, 'its cheques do not come to what it says'
          FROM payments_payingin p
         WHERE p.cheques_amount <> coalesce((
                   SELECT sum(c.amount) FROM payments_payingincheque l
                     JOIN payments_cheque c ON c.id = l.cheque_id
                    WHERE l.paying_in_id = p.id), 0)
            OR EXISTS (SELECT FROM payments_payingincheque l WHERE l.paying_in_id = p.id
                          AND (l.undone_at IS NULL) <> (p.reversed_at IS NULL))
         UNION ALL
        SELECT 'transfer ' || r.reference, 'it is not what its cheque says'
          FROM payments_transferreceipt r
          JOIN payments_cheque c ON c.id = r.cheque_id
          LEFT JOIN payments_agreement a ON a.id = c.agreement_id
         WHERE (r.amount, r.amount_currency) <> (c.amount, c.amount_currency)
            OR (r.reversed_at IS NULL
                AND (c.returned_at IS NOT NULL OR a.undone_at IS NOT NULL OR NOT EXISTS (
                     SELECT FROM payments_payingincheque l
                      WHERE l.cheque_id = c.id AND l.undone_at IS NULL)))
         ORDER BY 1
        """
    )
    for subject, detail in rows:
        yield Difference("cheques are raised when they clear", subject, detail)


def audit_bank_entries() -> Iterator[Difference]:
    """Money that the books moved for the bank's sake, and that no record explains."""
    rows = query(
        """
        SELECT e.source_key, e.kind FROM funds_journalentry e
         WHERE (e.kind = 'cash-banked'
                AND NOT EXISTS (SELECT FROM payments_payingin p WHERE p.entry_id = e.id))
            OR (e.kind = 'bank-difference' AND NOT EXISTS (
                    SELECT FROM payments_statementmatch m WHERE m.difference_entry_id = e.id
                       AND (m.undone_at IS NULL) <> EXISTS (
                           SELECT FROM funds_journalentry j WHERE j.reverses_id = e.id)))
         ORDER BY e.id
        """
    )
    for source_key, kind in rows:
        yield Difference("entries have their record", source_key, f"{kind}, and no record of it")
