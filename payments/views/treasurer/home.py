"""The first page of everyone with a log-in; a treasurer's: my branches, and what to do next."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from appeals.progress import read_readings
from appeals.stage.remotes import may_direct
from payments.cash_records import open_appeals, visible_branches
from payments.counting.board import count_being_counted
from payments.dispute_records import read_unanswered
from payments.my_branch import read_my_branches
from payments.paid_twice import count_open
from payments.paying_in_records import read_overdue_cash
from payments.two_persons.records import count_acts_to_decide
from payments.views.access import Visitor, member_page


@member_page
@require_safe
def home(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """For every role: treasurers see their branches, the chair the screens, others a kind word."""
    access = visitor.access
    context: dict[str, object] = {
        "access": access,
        "acts_to_decide": count_acts_to_decide(visitor.user, access),
        "mine": read_my_branches(access, access.own_branches) if access.own_branches else [],
    }
    if may_direct(access):
        context["directs"] = True
        context["readings"] = read_readings(list(open_appeals()))
    if access.is_national_treasurer:
        context |= {
            "being_counted": count_being_counted(visible_branches(access)),
            "waiting": read_overdue_cash(access),
            "unanswered": read_unanswered(),
            "paid_twice": count_open(),
        }
    return render(request, "treasurer/home.html", context)
