"""What the shield needs of a request, and what it leaves with the browser: cookies and a time."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from appeals.models import Appeal
from payments.shield.judging import Allowed, Attempt, Challenge
from payments.shield.limits import PASS_LIVES
from payments.shield.passes import is_pass

SESSION: Final = "giving-browser"
"""Tells one browser from another while it gives. Random, and of no use for anything else."""

SESSION_SECONDS: Final = 24 * 60 * 60
PASS: Final = "giving-pass"  # noqa: S105 - a cookie's name
TRAP: Final = "leave_empty"
"""A field that people do not see, and machines fill in."""

_MINTED: Final = "minted"
_SOLUTION: Final = "altcha"
_NOT_CONTENT: Final = frozenset({"csrfmiddlewaretoken", _MINTED, _SOLUTION})
_MINT_SALT: Final = "payments.give.minted"


@dataclass(frozen=True, slots=True)
class Check:
    """How the form speaks of the check: ``is_asked`` for at all, and since when.

    ``is_new`` when the form came back because of it, ``was_wrong`` when it had been tried.
    ``link`` says what became of the wish for a link to ``link_email``: "sent", "enough" (too many
    were), "invalid" (the address) or "failed" (the mail server).
    """

    is_asked: bool
    is_new: bool = False
    was_wrong: bool = False
    link: str = ""
    link_email: str = ""

    @classmethod
    def after(cls, verdict: Allowed | Challenge, *, is_on: bool) -> "Check":
        """The check on a form that is shown again."""
        if isinstance(verdict, Challenge):
            return cls(is_asked=True, is_new=True, was_wrong=verdict.was_wrong)
        return cls(is_asked=is_on)


def mint(reference: UUID) -> str:
    """When the form of this reference was made, signed."""
    return signing.TimestampSigner(salt=_MINT_SALT).sign(str(reference))


def read_attempt(request: HttpRequest, appeal: Appeal, reference: UUID) -> Attempt:
    """What a sent form and its cookies tell the shield."""
    age, is_forged = _read_age(request.POST.get(_MINTED, ""), reference)
    return Attempt(
        appeal=appeal,
        reference=reference,
        session=read_session(request),
        email=request.POST.get("email", ""),
        content_digest=_digest_content(request, reference),
        solution=request.POST.get(_SOLUTION, ""),
        pass_token=request.COOKIES.get(PASS, ""),
        has_filled_trap=bool(request.POST.get(TRAP)),
        age=age,
        is_forged=is_forged,
    )


def read_session(request: HttpRequest) -> str:
    """Which browser this is, or ""."""
    return str(request.get_signed_cookie(SESSION, default="", max_age=SESSION_SECONDS))


def has_pass(request: HttpRequest, appeal: Appeal) -> bool:
    """Whether this browser came by an e-mailed link, now or before."""
    return is_pass(_offered_pass(request), appeal)


def remember_browser(request: HttpRequest, response: HttpResponse, appeal: Appeal) -> None:
    """Give a browser that has none its mark; keep the pass that it came with."""
    if not read_session(request):
        response.set_signed_cookie(
            SESSION,
            secrets.token_hex(16),
            max_age=SESSION_SECONDS,
            path="/appeals/",
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
    offered = request.GET.get("pass", "")
    if offered and is_pass(offered, appeal):
        response.set_cookie(
            PASS,
            offered,  # signed already
            max_age=int(PASS_LIVES.total_seconds()),
            path=request.path,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )


def _offered_pass(request: HttpRequest) -> str:
    return request.GET.get("pass", "") or request.COOKIES.get(PASS, "")


def _digest_content(request: HttpRequest, reference: UUID) -> str:
    content = sorted(
        (name, value)
        for name, values in request.POST.lists()
        if name not in _NOT_CONTENT
        for value in values
    )
    return hashlib.sha256(f"{reference}{content}".encode(errors="surrogatepass")).hexdigest()


def _read_age(minted: str, reference: UUID) -> tuple[timedelta | None, bool]:
    """How old a form is, None when it does not say; and whether what it says is forged."""
    if not minted:
        return None, False
    signer = signing.TimestampSigner(salt=_MINT_SALT)
    try:
        value = signer.unsign(minted)
    except signing.BadSignature:
        return None, True
    if value != str(reference):
        return None, True
    seconds = signing.b62_decode(minted.rsplit(":", 2)[1])
    return timezone.now() - datetime.fromtimestamp(seconds, UTC), False
