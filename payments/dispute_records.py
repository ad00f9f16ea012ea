"""Reading disputes: what is to be answered, until when, and what the banks have taken."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, Min

from funds.money import Money, zero
from payments.models import CardDispute

PAGE_SIZE: Final = 50


@dataclass(frozen=True, slots=True)
class ListedDispute:
    """A row of the list. ``taken`` is what the bank has of it now."""

    dispute: CardDispute
    taken: Money

    @property
    def reason(self) -> str:
        """Stripe's word for what the bank says, as words."""
        return self.dispute.reason.replace("_", " ")

    @property
    def is_to_be_answered(self) -> bool:
        """Whether a person must act before ``evidence_due_by``."""
        return self.dispute.status in CardDispute.UNANSWERED and bool(self.dispute.evidence_due_by)


@dataclass(frozen=True, slots=True)
class Unanswered:
    """How many disputes are to be answered, and until when the first of them."""

    count: int
    first_due_by: datetime | None


@dataclass(frozen=True, slots=True)
class DisputePage:
    """A page of the list: open disputes first, the most urgent on top; then the latest ended."""

    page: Page[CardDispute]
    rows: list[ListedDispute]
    unanswered: Unanswered


def read_unanswered() -> Unanswered:
    """What is to be answered by a person; those that no bank takes an answer for are left out."""
    found = CardDispute.objects.filter(
        status__in=CardDispute.UNANSWERED, evidence_due_by__isnull=False, closed_at__isnull=True
    ).aggregate(count=Count("pk"), first_due_by=Min("evidence_due_by"))
    return Unanswered(found["count"], found["first_due_by"])


def read_dispute_page(*, number: str | None) -> DisputePage:
    """A page of disputes. A ``number`` that is none shows the first page, one too high the last."""
    disputes = (
        CardDispute.objects.select_related("donation__appeal", "donation__branch")
        .prefetch_related("movements")
        .order_by(
            F("closed_at").desc(nulls_first=True),
            F("evidence_due_by").asc(nulls_last=True),
            "-pk",
        )
    )
    page = Paginator(disputes, PAGE_SIZE).get_page(number)
    rows = [ListedDispute(dispute, _taken(dispute)) for dispute in page.object_list]
    return DisputePage(page, rows, read_unanswered())


def _taken(dispute: CardDispute) -> Money:
    nothing = zero(dispute.amount.currency.code)
    return sum((movement.taken for movement in dispute.movements.all()), nothing)
