"""How branches stand: one for its treasurer, all for the national treasurer."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from funds.models import Branch
from payments.cash_records import recordable_appeals, visible_branches, visible_collections
from payments.my_branch import read_my_branches
from payments.standings import read_standings
from payments.views.access import Visitor, branch_page, national_page


@branch_page
@require_safe
def branch(request: HttpRequest, visitor: Visitor, branch: Branch) -> HttpResponse:
    """One branch: how it stands, what to do next, and what it recorded last."""
    (mine,) = read_my_branches(visitor.access, [branch])
    return render(
        request,
        "treasurer/branch.html",
        {
            "access": visitor.access,
            "branch": branch,
            "mine": mine,
            "collections": visible_collections(visitor.access).filter(branch=branch)[:10],
        },
    )


@national_page
@require_safe
def overview(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Every branch in one appeal: the one that ``?appeal=`` names, else the newest open one."""
    appeals = list(recordable_appeals())
    named = [appeal for appeal in appeals if appeal.slug == request.GET.get("appeal")]
    appeal = next(iter(named or appeals), None)
    return render(
        request,
        "treasurer/overview.html",
        {
            "access": visitor.access,
            "appeals": appeals,
            "appeal": appeal,
            "standings": read_standings(appeal, visible_branches(visitor.access))
            if appeal
            else None,
        },
    )
