"""What stands on every treasurer's page: how much waits for whoever looks at it."""

from django import template

from funds.models import User
from funds.money import Money, to_minor
from payments.amounts import SYMBOLS
from payments.banking.records import count_proposals
from payments.refund_records import count_to_decide

register = template.Library()


@register.simple_tag
def refunds_to_decide(user: User) -> int:
    """How many refund orders wait for this national treasurer's word; one query."""
    return count_to_decide(user)


@register.simple_tag
def lines_to_confirm() -> int:
    """How many lines of the bank's statements wait for a person's word; one query."""
    return count_proposals()


@register.filter
def ordinal(number: int) -> str:
    """A place in words: 1st, 2nd, 3rd, 4th, 11th."""
    ending = "th" if number % 100 in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(number % 10)
    return f"{number}{ending or 'th'}"


@register.filter
def in_minor(amount: Money) -> int:
    """In whole minor units, for a script that adds up."""
    return to_minor(amount)


@register.filter
def symbol(amount: Money) -> str:
    """What people write before an amount of this currency."""
    return SYMBOLS.get(amount.currency.code, "")
