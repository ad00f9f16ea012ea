"""Which cheques may go to the bank, and which may be taken off a slip again."""

from collections.abc import Sequence

from payments.models import Cheque, PayingInCheque, TransferReceipt
from payments.recording import RecordRefusedError


def lock_cheques(cheques: Sequence[Cheque]) -> list[Cheque]:
    """Against another who pays in, clears or returns one of them now; in key order."""
    found = Cheque.objects.select_for_update(of=("self",)).filter(pk__in=[c.pk for c in cheques])
    return list(found.select_related("agreement").order_by("pk"))


def require_to_be_banked(cheques: Sequence[Cheque]) -> None:
    """Refuse what is on a slip already, went back, or whose bucket is counted anew.

    Raises:
        RecordRefusedError: Says which. Call it with locked cheques.
    """
    for cheque in cheques:
        is_undone = cheque.agreement is not None and cheque.agreement.undone_at is not None
        if cheque.returned_at is not None or is_undone:
            raise RecordRefusedError(
                "cheques",
                f"A cheque of {cheque.amount} went back, or is listed anew. Look through the list.",
            )
    banked = PayingInCheque.objects.filter(cheque__in=cheques, undone_at__isnull=True)
    if line := banked.select_related("cheque", "paying_in").first():
        raise RecordRefusedError(
            "cheques",
            f"A cheque of {line.cheque.amount} is paid in already, with slip "
            f"{line.paying_in.slip_number}. Look through the list again.",
        )


def require_none_cleared(cheques: Sequence[Cheque]) -> None:
    """Refuse to undo a slip on which something has cleared.

    Raises:
        RecordRefusedError: Says what to do first. Call it with locked cheques.
    """
    if TransferReceipt.objects.filter(cheque__in=cheques, reversed_at__isnull=True).exists():
        raise RecordRefusedError(
            "reason",
            "A cheque on it has cleared, and is booked. The national treasurer reverses that "
            "transfer first.",
        )
