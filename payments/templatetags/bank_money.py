"""Minor units as a page writes them."""

from django import template

from appeals.templatetags.money import money
from funds.money import from_minor

register = template.Library()


@register.filter
def minor_in(minor: int, currency: str) -> str:
    """``-1250`` in GBP as ``−£12.50``."""  # noqa: RUF002 - the minus that pages write
    return money(from_minor(minor, currency))
