"""What stands on every treasurer's page: how much waits for whoever looks at it."""

from django import template

from funds.models import User
from payments.refund_records import count_to_decide

register = template.Library()


@register.simple_tag
def refunds_to_decide(user: User) -> int:
    """How many refund orders wait for this national treasurer's word; one query."""
    return count_to_decide(user)
