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
def in_minor(amount: Money) -> int:
    """In whole minor units, for a script that adds up."""
    return to_minor(amount)


@register.filter
def symbol(amount: Money) -> str:
    """What people write before an amount of this currency."""
    return SYMBOLS.get(amount.currency.code, "")
