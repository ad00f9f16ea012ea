"""Reading refund orders: what waits for whom, what became of each, who decided and when."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from django.core.paginator import Page, Paginator
from django.db.models import Exists, OuterRef, QuerySet

from funds.models import Membership, User
from payments.models import CardRefund, RefundOrder
from payments.refund_orders import is_withdrawable

PAGE_SIZE: Final = 50

# After how many looks a page that waits for Stripe waits how many seconds.
_LOOKS: Final = ((10, 1), (40, 3), (100, 15))
_AT_LAST_SECONDS: Final = 60

Decision = RefundOrder.Decision


class OrderState(StrEnum):
    """How an order stands, in a treasurer's words."""

    UNDECIDED = "waits for a second person"
    ON_ITS_WAY = "on its way"
    GIVEN_BACK = "given back"
    CAME_BACK = "did not reach the donor"
    REFUSED = "refused by Stripe"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class ShownOrder:
    """An order and what became of it.

    ``is_withdrawable`` is true until Stripe may have it. ``look_again_seconds`` is when a page
    that waits for Stripe should ask again, 0 for never; ``looked`` how often it asked before.
    """

    order: RefundOrder
    state: OrderState
    is_withdrawable: bool
    looked: int = 0

    @property
    def is_on_its_way(self) -> bool:
        """True while Stripe's answer is waited for."""
        return self.state is OrderState.ON_ITS_WAY

    @property
    def look_again_seconds(self) -> int:
        """Soon at first, since most go within a second; then less and less."""
        if not self.is_on_its_way:
            return 0
        return next((wait for looks, wait in _LOOKS if self.looked < looks), _AT_LAST_SECONDS)

    @property
    def look_again_url(self) -> str:
        """Where a page that waits asks next: its own address, with how often it has asked."""
        return f"?looked={self.looked + 1}"


def visible_refund_orders() -> QuerySet[RefundOrder]:
    """Every order, with whether its refund came back: only the national treasurer asks."""
    came_back = CardRefund.objects.filter(
        stripe_id=OuterRef("stripe_refund_id"), entry__reversed_by__isnull=False
    )
    return RefundOrder.objects.select_related(
        "donation__appeal", "donation__branch", "asked_by", "decided_by"
    ).annotate(came_back=Exists(came_back))


def show_order(order: RefundOrder, *, looked: int = 0) -> ShownOrder:
    """An order out of ``visible_refund_orders``, for a page that has asked so often before."""
    return ShownOrder(order, _state(order), is_withdrawable(order), looked)


def _state(order: RefundOrder) -> OrderState:
    if order.outcome == RefundOrder.Outcome.REFUNDED:
        return OrderState.CAME_BACK if vars(order)["came_back"] else OrderState.GIVEN_BACK
    if order.outcome == RefundOrder.Outcome.REFUSED:
        return OrderState.REFUSED
    return {
        "": OrderState.UNDECIDED,
        Decision.APPROVED: OrderState.ON_ITS_WAY,
        Decision.DECLINED: OrderState.DECLINED,
        Decision.WITHDRAWN: OrderState.WITHDRAWN,
    }[order.decision]


@dataclass(frozen=True, slots=True)
class RefundOrderPage:
    """What waits for the visitor, what waits for another, and a page of all the rest."""

    for_you: list[ShownOrder]
    for_another: list[ShownOrder]
    page: Page[Any]  # of orders; the plugin's type for annotated ones has no name
    rows: list[ShownOrder]


def read_refund_order_page(user: User, *, number: str | None) -> RefundOrderPage:
    """The orders as a national treasurer finds them, those that wait the longest first."""
    orders = visible_refund_orders()
    undecided = [show_order(order) for order in orders.filter(decision="").order_by("pk")]
    page: Page[Any] = Paginator(orders.exclude(decision=""), PAGE_SIZE).get_page(number)
    return RefundOrderPage(
        for_you=[shown for shown in undecided if shown.order.asked_by_id != user.pk],
        for_another=[shown for shown in undecided if shown.order.asked_by_id == user.pk],
        page=page,
        rows=[show_order(order) for order in page.object_list],
    )


def count_to_decide(user: User) -> int:
    """How many orders wait for this national treasurer, and not for another."""
    return RefundOrder.objects.filter(decision="").exclude(asked_by=user).count()


def has_a_second_person(user: User) -> bool:
    """True when another national treasurer can log in, to approve what this one asks for."""
    return (
        Membership.objects.filter(role=Membership.Role.NATIONAL_TREASURER, user__is_active=True)
        .exclude(user=user)
        .exists()
    )
