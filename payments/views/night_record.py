"""The record of a night that has ended: to look at, to print, and for a spreadsheet."""

import csv
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from appeals.models import Appeal, Night
from funds.organisation import read_organisation
from payments.night.drawing import draw_curve
from payments.night.evening import read_evening
from payments.night.movements import ENTRIES_SHOWN, MOST_ENTRIES
from payments.night.reconciled import reconcile
from payments.night.rows import record_rows
from payments.pledges.collected import read_collected
from payments.views.access import Visitor, ended_night_page, night_page


@night_page
@require_safe
def nights(request: HttpRequest, visitor: Visitor, appeal: Appeal) -> HttpResponseBase:
    """The appeal's nights, the newest first."""
    found = Night.objects.filter(appeal=appeal).order_by("-begun_at")[:100]
    context = {"access": visitor.access, "appeal": appeal, "nights": found}
    return render(request, "night/nights.html", context)


@ended_night_page
@require_safe
def record(request: HttpRequest, visitor: Visitor, night: Night) -> HttpResponseBase:
    """How it went, and the published figure against today's books."""
    evening = read_evening(night)
    zone = ZoneInfo(read_organisation().time_zone)
    context = {
        "access": visitor.access,
        "appeal": night.appeal,
        "night": night,
        "evening": evening,
        "curve": draw_curve(evening, zone=zone),
        "reconciled": reconcile(night, most=ENTRIES_SHOWN),
        "collected": read_collected(night.appeal, until=night.ended_at),
        "most": ENTRIES_SHOWN,
    }
    return render(request, "night/record.html", context)


@ended_night_page
@require_safe
def spreadsheet(_request: HttpRequest, _visitor: Visitor, night: Night) -> HttpResponseBase:
    """The same with every entry, as CSV."""
    zone = ZoneInfo(read_organisation().time_zone)
    day = night.begun_at.astimezone(zone).date()
    response = HttpResponse(
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="night-{night.appeal.slug}-{day}.csv"'
        },
    )
    rows = record_rows(read_evening(night), reconcile(night, most=MOST_ENTRIES), zone=zone)
    csv.writer(response).writerows(rows)
    return response
