"""The treasurer's first page: where my branches stand, and what to do next."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from payments.cash_records import open_appeals, visible_branches
from payments.counting.board import count_being_counted
from payments.dispute_records import read_unanswered
from payments.paid_twice import count_open
from payments.paying_in_records import read_waiting_of_visitor
from payments.standings import read_standings
from payments.two_persons.records import count_acts_to_decide
from payments.views.access import Visitor, member_page


@member_page
@require_safe
def home(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """For every role: treasurers see their branches, the chair the screens, others a kind word."""
    own_branches = visitor.access.own_branches
    context: dict[str, object] = {
        "access": visitor.access,
        "being_counted": count_being_counted(visible_branches(visitor.access)),
        "acts_to_decide": count_acts_to_decide(visitor.user, visitor.access),
        "waiting": read_waiting_of_visitor(visitor.access),
        "standings": [read_standings(appeal, own_branches) for appeal in open_appeals()],
    }
    if visitor.access.is_national_treasurer:
        context |= {"unanswered": read_unanswered(), "paid_twice": count_open()}
    return render(request, "treasurer/home.html", context)
