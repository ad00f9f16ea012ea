"""Typing in what was counted on paper: one sheet of one bucket at a time."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from payments.counting.hand_in import SheetNotTakenError
from payments.counting.on_paper import type_in
from payments.forms.paper_sheets import PaperSheetForm
from payments.models import Bucket, Occasion
from payments.recording import RecordRefusedError
from payments.views.access import Visitor, bucket_page

_SETTLED = {Bucket.State.AGREED, Bucket.State.SET_ASIDE}


@bucket_page
@require_http_methods(["GET", "HEAD", "POST"])
def type_sheet(request: HttpRequest, visitor: Visitor, bucket: Bucket) -> HttpResponse:
    """The sheet's boxes, empty. A valid one is handed in, once for its reference."""
    if request.method != "POST":
        if bucket.state in _SETTLED:
            messages.info(request, f"Bucket {bucket.number} needs no sheet any more.")
            return redirect("payments:bucket", bucket.reference)
        given = {"round": bucket.round, "bucket": bucket.number, "side": request.GET.get("side")}
        return _show(request, visitor, bucket, PaperSheetForm(bucket, initial=given))
    form = PaperSheetForm(bucket, request.POST)
    if not form.is_valid():
        return _show(request, visitor, bucket, form, status=422)
    try:
        result = type_in(bucket, form.paper(), typed_by=visitor.user)
    except RecordRefusedError as refused:
        form.add_error(refused.field if refused.field in form.fields else None, str(refused))
        return _show(request, visitor, bucket, form, status=422)
    except SheetNotTakenError as error:
        return _show(request, visitor, bucket, form, status=409, objection=str(error))
    messages.success(request, _done(result.bucket))
    return redirect("payments:bucket", bucket.reference)


def _done(bucket: Bucket) -> str:
    """What the sheet made of the bucket. No figure."""
    state = Bucket.State
    return {
        state.AGREED: f"The sheets agree. Bucket {bucket.number} is agreed.",
        state.RECOUNT: "The two sheets differ. Look below what to do.",
        state.DISPUTED: "The sheets still differ. Look below what to do.",
    }.get(state(bucket.state), "Typed in. The other sheet of this bucket is still to come.")


def _show(
    request: HttpRequest,
    visitor: Visitor,
    bucket: Bucket,
    form: PaperSheetForm,
    *,
    status: int = 200,
    objection: str = "",
) -> HttpResponse:
    context = {
        "access": visitor.access,
        "bucket": bucket,
        "occasion": bucket.occasion,
        "is_open": bucket.occasion.state == Occasion.State.COUNTING,
        "form": form,
        "objection": objection,
    }
    return render(request, "treasurer/paper_sheet.html", context, status=status)
