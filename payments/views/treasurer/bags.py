"""Sealed bags: put agreed cash into one, and take it out again."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from payments.counting.bagging import open_bag, seal_bag
from payments.counting.board import read_board
from payments.forms.bags import BagForm
from payments.forms.buckets import ReasonForm
from payments.models import Bucket, Occasion
from payments.recording import RecordRefusedError
from payments.views.access import Visitor, bucket_page, occasion_page


@occasion_page
@require_http_methods(["GET", "HEAD", "POST"])
def bag_new(request: HttpRequest, visitor: Visitor, occasion: Occasion) -> HttpResponse:
    """The form of a bag. A valid one is written down."""
    rows = read_board(occasion).buckets
    form = BagForm(rows, request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            done = seal_bag(occasion, by=visitor.user, **form.facts())
        except RecordRefusedError as refused:
            form.add_error(refused.field, str(refused))
        else:
            messages.success(request, f"Bagged: {done}. Keep the bag safe until it is paid in.")
            return redirect("payments:occasion", occasion.reference)
    context = {"access": visitor.access, "occasion": occasion, "form": form}
    status = 422 if form.errors else 200
    return render(request, "treasurer/bag_form.html", context, status=status)


@bucket_page
@require_http_methods(["GET", "HEAD", "POST"])
def bag_open(request: HttpRequest, visitor: Visitor, bucket: Bucket) -> HttpResponse:
    """Take a bucket's cash out of its bag, and say why."""
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            open_bag(bucket, reason=form.cleaned_data["reason"], by=visitor.user)
        except RecordRefusedError as refused:
            form.add_error(refused.field, str(refused))
        else:
            messages.success(request, f"Bucket {bucket.number} lies in no bag any more.")
            return redirect("payments:bucket", bucket.reference)
    context = {"access": visitor.access, "bucket": bucket, "form": form}
    status = 422 if form.errors else 200
    return render(request, "treasurer/bag_open.html", context, status=status)
