"""A donor's receipt, to keep and to print, behind a signed link."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from payments.receipts import NoReceiptError, read_receipt_behind


@never_cache
@require_safe
def receipt(request: HttpRequest, token: str) -> HttpResponse:
    """The receipt as the books have it now; a link that is not ours leads nowhere (404)."""
    try:
        found = read_receipt_behind(token)
    except NoReceiptError:
        raise Http404 from None
    response = render(request, "payments/receipt.html", {"receipt": found})
    response["X-Robots-Tag"] = "noindex"
    response["Referrer-Policy"] = "no-referrer"  # the address is the key
    return response
