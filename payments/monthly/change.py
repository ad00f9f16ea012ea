"""What a donor changes of their monthly donation. Stripe is asked outside any transaction."""

from uuid import UUID

from funds.money import Money, to_minor
from payments.booking import book_facts
from payments.models import MonthlyDonation
from payments.stripe_gateway.client import StripeUnavailableError
from payments.stripe_gateway.facts import NotAFact
from payments.stripe_gateway.subscriptions import (
    change_monthly_amount,
    open_portal,
    read_monthly_now,
)


def change_amount(monthly: MonthlyDonation, amount: Money, *, wish: UUID) -> None:
    """Take another amount from the next month on, and promise by it from now on.

    Args:
        monthly: One that runs.
        amount: A month's, in the appeal's currency.
        wish: Names what the donor asked for: sent twice it is done once.

    Raises:
        StripeUnavailableError: Not known to be changed. Sent again, it is done once.
    """
    assert monthly.subscription_id is not None
    state = change_monthly_amount(
        monthly.subscription_id,
        amount,
        key=f"whipround-amount-{monthly.reference}-{wish}-{to_minor(amount)}",
    )
    book_facts([state])


def lead_to_portal(monthly: MonthlyDonation, *, return_url: str) -> str:
    """The address of Stripe's portal for this donor, good for a few minutes.

    Raises:
        StripeUnavailableError: There is none now.
    """
    return open_portal(monthly.customer_id, return_url=return_url)


def refresh(monthly: MonthlyDonation) -> None:
    """Ask Stripe how it stands, for a donor who comes back from there: events may be slower.

    Where Stripe does not answer, the events will tell.
    """
    assert monthly.subscription_id is not None
    try:
        told = read_monthly_now(monthly.subscription_id)
    except StripeUnavailableError:
        return
    book_facts([fact for fact in told if not isinstance(fact, NotAFact)])
