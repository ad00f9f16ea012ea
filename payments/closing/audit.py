"""Proves closed periods against the books: signed figures, and what two people were said to do."""

from collections.abc import Iterator

from funds.audit import Difference, query
from funds.models import PeriodClose
from payments.closing.tie_out import TieOut, read_signed_tie_out, read_tie_out


def audit_tie_outs() -> Iterator[Difference]:
    """Closed periods whose signed figures are not what the books come to."""
    for close in PeriodClose.objects.filter(reopened_at__isnull=True).order_by("until"):
        signed = _by_key(read_signed_tie_out(close))
        stands = _by_key(read_tie_out(close.since, close.until))
        for key in sorted(signed.keys() | stands.keys()):
            if signed.get(key) != stands.get(key):
                detail = f"signed {signed.get(key)}, the books come to {stands.get(key)}"
                yield Difference("signed figures stand", f"{close.name}, {key}", detail)


def _by_key(tie_out: list[TieOut]) -> dict[str, dict[str, int]]:
    return {f"{one.name}, {one.currency}": one.figures() for one in tie_out}


def audit_two_person_acts() -> Iterator[Difference]:
    """Reversals that a second person confirmed, and that do not stand; and the other way round."""
    rows = query(
        """
        SELECT t.reference::text, t.kind, 'confirmed, and not done'
          FROM payments_twopersonact t
          LEFT JOIN payments_cashcollection c ON c.id = t.collection_id
          LEFT JOIN payments_transferreceipt r ON r.id = t.receipt_id
          LEFT JOIN payments_payingin p ON p.id = t.paying_in_id
          LEFT JOIN payments_agreement a ON a.id = t.agreement_id
          LEFT JOIN payments_statementmatch m ON m.id = t.match_id
         WHERE t.decision IN ('confirmed', 'overtaken') AND t.kind NOT IN ('close', 'reopen')
           AND coalesce(c.reversed_at, r.reversed_at, p.reversed_at, a.undone_at, m.undone_at)
               IS NULL
         UNION
        SELECT t.reference::text, t.kind, 'confirmed, and no period of it'
          FROM payments_twopersonact t
          LEFT JOIN funds_periodclose k ON k.id = t.period_close_id
         WHERE t.decision = 'confirmed'
           AND (t.kind = 'close' AND k.id IS NULL OR t.kind = 'reopen' AND k.reopened_at IS NULL)
         ORDER BY 1
        """
    )
    for reference, kind, detail in rows:
        yield Difference("what two people did stands", f"{kind} {reference}", detail)
