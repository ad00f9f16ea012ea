"""The check on the give form: its challenge, and the link by e-mail for who cannot do it."""

import logging
from http import HTTPStatus
from typing import Final
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from appeals.models import Appeal
from appeals.window import Phase, phase_of, public_appeals
from funds.models import Organisation
from funds.organisation import read_organisation
from payments.forms.give import OTHER, GiveForm
from payments.shield.challenge import make_challenge
from payments.shield.passes import Sent, send_pass
from payments.shield.switch import read_shield
from payments.views.give import read_reference, show_form
from payments.views.guard import Check, read_session

logger = logging.getLogger(__name__)

_STATUS: Final = {
    "sent": HTTPStatus.OK,
    "enough": HTTPStatus.TOO_MANY_REQUESTS,
    "invalid": HTTPStatus.UNPROCESSABLE_ENTITY,
    "failed": HTTPStatus.SERVICE_UNAVAILABLE,
}


@never_cache
@require_safe
def challenge(request: HttpRequest, slug: str) -> HttpResponse:
    """A new challenge for the form that the address names, for the page's own script."""
    try:
        reference = UUID(request.GET.get("form", ""))
    except ValueError:
        raise Http404 from None
    appeal = get_object_or_404(public_appeals(), slug=slug)
    return JsonResponse(make_challenge(reference, level=read_shield(appeal).level))


@never_cache
@require_POST
def send_link(request: HttpRequest, slug: str) -> HttpResponse:
    """E-mail a link that opens the form without the check; the form stays as it was filled in."""
    appeal = get_object_or_404(public_appeals(), slug=slug)
    is_open = phase_of(appeal, at=timezone.now()) is Phase.OPEN
    if not is_open or read_shield(appeal).is_paused:
        return redirect("payments:give", appeal.slug)
    organisation = read_organisation()
    told = {name: str(value) for name, value in request.POST.items()}
    if told.get("amount") == OTHER:
        told["amount"] = told.get("other_amount", "")
    form = GiveForm(appeal=appeal, organisation=organisation, initial=told)
    form.prefill()
    link = _send(request, appeal, organisation, form)
    return show_form(
        request,
        form,
        reference=read_reference(request),
        status=_STATUS[link],
        check=Check(is_asked=True, link=link, link_email=told.get("link_email", "")),
    )


def _send(request: HttpRequest, appeal: Appeal, organisation: Organisation, form: GiveForm) -> str:
    email = request.POST.get("link_email", "").strip()
    try:
        validate_email(email)
    except ValidationError:
        return "invalid"
    try:
        sent = send_pass(
            appeal,
            email=email,
            session=read_session(request),
            prefill={name: str(form.initial.get(name, "")) for name in ("amount", "branch")},
            organisation_imprint=organisation.imprint,
        )
    except OSError as error:
        logger.warning("the mail server did not take a link: %s", type(error).__name__)
        return "failed"
    return "sent" if sent is Sent.SENT else "enough"
