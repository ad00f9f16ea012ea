"""What is in a payout: the lines that an automatic one pays out, as Stripe lists them."""

from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from payments.balance.payouts import note_payouts
from payments.balance.taking import take
from payments.models import BalanceLine, Payout
from payments.stripe_gateway.balance import read_lines_of_payout
from payments.stripe_gateway.payouts import ask_for_payout

_MOST_PAYOUTS: Final = 20
_PAGES_AT_ONCE: Final = 100
_ASK_EVERY: Final = timedelta(hours=1)
_OVERDUE_AFTER: Final = timedelta(days=1)


def read_contents(*, pages: int = _PAGES_AT_ONCE) -> int:
    """Read which lines each payout pays out, where that is not known; answers of how many pages.

    A page is kept with the place where to go on. Lines that were not known are taken: money may
    be paid out that was earned before our first window. To be called outside any transaction.

    Raises:
        StripeUnavailableError: What was read stands; the rest is due.
    """
    read = 0
    due = Payout.objects.filter(contents_known_at=None, has_contents=True).order_by("created_at")
    for payout in due[:_MOST_PAYOUTS]:
        has_more = True
        while has_more:
            if read == pages:
                return read
            page = read_lines_of_payout(payout.stripe_id, after_id=payout.contents_after_id)
            has_more, read = page.has_more, read + 1
            with transaction.atomic():
                take(page.lines)
                ids = [line.stripe_id for line in page.lines]
                BalanceLine.objects.filter(stripe_id__in=ids).update(payout=payout)
                if ids:
                    payout.contents_after_id = ids[-1]
                if not has_more:
                    payout.contents_known_at = timezone.now()
                payout.save(update_fields=["contents_after_id", "contents_known_at"])
    return read


def ask_for_overdue_payouts() -> int:
    """Ask about payouts of which the last word is overdue; answers about how many.

    Those that should be at the bank and are not called paid, and those whose contents Stripe
    should have settled. Each once an hour at most. To be called outside any transaction.

    Raises:
        StripeUnavailableError: The rest stays overdue.
    """
    now = timezone.now()
    on_their_way = [Payout.Status.PENDING, Payout.Status.IN_TRANSIT]
    overdue = Payout.objects.filter(
        Q(status__in=on_their_way, arrival_on__lte=now.date())
        | Q(
            automatic=True,
            has_contents=False,
            failed_at=None,
            created_at__lt=now - _OVERDUE_AFTER,
        ),
        Q(asked_at=None) | Q(asked_at__lt=now - _ASK_EVERY),
    ).order_by("created_at")[:_MOST_PAYOUTS]
    payout_ids = list(overdue.values_list("stripe_id", flat=True))
    for payout_id in payout_ids:
        told = ask_for_payout(payout_id)
        with transaction.atomic():
            note_payouts([told])
            Payout.objects.filter(stripe_id=payout_id).update(asked_at=timezone.now())
    return len(payout_ids)
