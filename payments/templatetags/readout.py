"""A key for a decision, made with the page: sent twice, it is one decision."""

from uuid import UUID, uuid4

from django import template

register = template.Library()


@register.simple_tag
def new_key() -> UUID:
    """A key that no other form has."""
    return uuid4()
