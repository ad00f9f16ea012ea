"""The answer to a form that was taken, by the name that the till's views know it by."""

from appeals.views.see_other import SeeOther

__all__ = ["SeeOther"]
