"""One bucket, for its treasurer: how it came back, what was agreed, and what is undone."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from payments.counting.board import read_bucket
from payments.counting.settling import set_aside, sign_difference
from payments.counting.tables import note_came_back
from payments.forms.buckets import CameBackForm, ReasonForm, SignForm
from payments.models import Bucket
from payments.recording import RecordRefusedError
from payments.two_persons.asking import undo_bucket_or_ask
from payments.two_persons.records import read_undoing
from payments.views.access import Visitor, bucket_page


@bucket_page
@require_safe
def bucket(request: HttpRequest, visitor: Visitor, bucket: Bucket) -> HttpResponse:
    """One bucket, its agreement, and every step."""
    return _show(request, visitor, bucket)


def _show(
    request: HttpRequest,
    visitor: Visitor,
    bucket: Bucket,
    *,
    status: int = 200,
    **bound: forms.Form,
) -> HttpResponse:
    page = read_bucket(bucket, visitor.access)
    context: dict[str, Any] = {
        "access": visitor.access,
        "bucket": bucket,
        "occasion": bucket.occasion,
        "page": page,
        "undoing": read_undoing(page.row.agreement),
        "came_back_form": CameBackForm(),
        "sign_form": SignForm(),
        "reason_form": ReasonForm(),
        **bound,
    }
    return render(request, "treasurer/bucket.html", context, status=status)


@bucket_page
@require_http_methods(["GET", "HEAD", "POST"])
def came_back(request: HttpRequest, visitor: Visitor, bucket: Bucket) -> HttpResponse:
    """Write down how the seal was."""
    form = CameBackForm(request.POST)
    if request.method != "POST":
        return _show(request, visitor, bucket)
    if form.is_valid():
        told = form.cleaned_data
        seal = Bucket.Seal(told["seal"])
        try:
            note_came_back(bucket, seal=seal, note=told["note"], by=visitor.user)
        except RecordRefusedError as refused:
            form.add_error(refused.field, str(refused))
    if form.errors:
        return _show(request, visitor, bucket, status=422, came_back_form=form)
    messages.success(request, f"Bucket {bucket.number} is back.")
    return redirect("payments:occasion", bucket.occasion.reference)


@bucket_page
@require_http_methods(["GET", "HEAD", "POST"])
def sign(request: HttpRequest, visitor: Visitor, bucket: Bucket) -> HttpResponse:
    """Sign a difference that would not go away, by two."""
    if request.method != "POST":
        return _show(request, visitor, bucket)
    form = SignForm(request.POST)
    if form.is_valid():
        try:
            sign_difference(bucket, signed_by=visitor.user, **form.cleaned_data)
        except RecordRefusedError as refused:
            form.add_error(refused.field, str(refused))
    if form.errors:
        return _show(request, visitor, bucket, status=422, sign_form=form)
    messages.success(request, f"Signed. Bucket {bucket.number} is agreed.")
    return redirect("payments:bucket", bucket.reference)


@bucket_page
@require_http_methods(["GET", "HEAD", "POST"])
def put_aside(request: HttpRequest, visitor: Visitor, bucket: Bucket) -> HttpResponse:
    """Leave it out of the table, and say why."""
    if request.method != "POST":
        return _show(request, visitor, bucket)
    form = ReasonForm(request.POST)
    if form.is_valid():
        try:
            set_aside(bucket, reason=form.cleaned_data["reason"], by=visitor.user)
        except RecordRefusedError as refused:
            form.add_error(refused.field, str(refused))
    if form.errors:
        return _show(request, visitor, bucket, status=422, reason_form=form)
    messages.success(request, f"Bucket {bucket.number} is set aside.")
    return redirect("payments:bucket", bucket.reference)


@bucket_page
@require_http_methods(["GET", "HEAD", "POST"])
def undo(request: HttpRequest, visitor: Visitor, bucket: Bucket) -> HttpResponse:
    """Undo what stands, and count it anew; or ask a second person to."""
    if request.method != "POST":
        return _show(request, visitor, bucket)
    form = ReasonForm(request.POST)
    waits = None
    if form.is_valid():
        try:
            waits = undo_bucket_or_ask(bucket, reason=form.cleaned_data["reason"], by=visitor.user)
        except RecordRefusedError as refused:
            form.add_error(refused.field, str(refused))
    if form.errors:
        return _show(request, visitor, bucket, status=422, reason_form=form)
    if waits:
        return redirect("payments:second-person-act", waits.reference)
    messages.success(request, f"Undone. Bucket {bucket.number} is counted anew, by both.")
    return redirect("payments:bucket", bucket.reference)
