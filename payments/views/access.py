"""Who comes in to the treasurer's pages, and what they find there.

Every treasurer's view is wrapped by one of these, outermost, so that the answer to somebody else's
page is the answer to a page that does not exist: the same 404, for every method.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeAlias, TypeVar

from django.contrib.auth.views import redirect_to_login
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.cache import patch_cache_control

from appeals.models import Appeal, Night
from appeals.stage.remotes import may_direct
from appeals.window import public_appeals
from funds.access import Access, read_access
from funds.models import PeriodClose, User
from payments.banking.records import visible_imports, visible_lines, visible_rules
from payments.card_records import visible_card_donations
from payments.cash_records import visible_branches, visible_collections, visible_transfers
from payments.cheque_records import visible_cheques
from payments.counting.board import (
    named_gifts,
    visible_buckets,
    visible_occasions,
    visible_seats,
)
from payments.models import BalanceLine, BankAccount, Payout
from payments.paid_twice import second_payments
from payments.paying_in_records import visible_payings_in
from payments.refund_records import visible_refund_orders
from payments.two_persons.records import visible_acts

Record = TypeVar("Record", bound=Model)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is logged in, and what they may do."""

    user: User
    access: Access


Page: TypeAlias = Callable[..., HttpResponseBase]
VisitorView: TypeAlias = Callable[[HttpRequest, Visitor], HttpResponseBase]
RecordView: TypeAlias = Callable[[HttpRequest, Visitor, Record], HttpResponseBase]
Rule: TypeAlias = Callable[[Visitor], bool]


# --- who may ------------------------------------------------------------------------------


def _is_anybody(_: Visitor) -> bool:
    return True


def _is_treasurer(visitor: Visitor) -> bool:
    return visitor.access.is_treasurer


def _is_national(visitor: Visitor) -> bool:
    return visitor.access.is_national_treasurer


def _minds_the_till(visitor: Visitor) -> bool:
    # A superuser is written to as an operator is.
    is_operator = visitor.access.is_operator or visitor.user.is_superuser
    return is_operator or visitor.access.is_national_treasurer


def _may_read_givers(visitor: Visitor) -> bool:
    return visitor.access.may_read_givers


def _runs_the_night(visitor: Visitor) -> bool:
    return may_direct(visitor.access)


def _may_print(visitor: Visitor) -> bool:
    return visitor.access.is_treasurer or may_direct(visitor.access)


# --- the gates ----------------------------------------------------------------------------


def page_for(may: Rule) -> Callable[[VisitorView], Page]:
    """A page for whoever ``may``: it does not exist for others, who log in first."""

    def gate(view: VisitorView) -> Page:
        @wraps(view)
        def page(request: HttpRequest) -> HttpResponseBase:
            return _admit(request, may, lambda visitor: view(request, visitor))

        return page

    return gate


def page_about(
    find: Callable[[Access], QuerySet[Record]],
    *,
    may: Rule,
    by: str = "reference",
    within: Mapping[str, str] | None = None,
) -> Callable[[RecordView[Record]], Page]:
    """A page about one of the records that a visitor may see, named ``by`` a part of its address.

    ``within`` are further parts of the address, by what of the record each must be. The page does
    not exist for whoever may not, nor about any other record.
    """

    def gate(view: RecordView[Record]) -> Page:
        @wraps(view)
        def page(request: HttpRequest, **named: Any) -> HttpResponseBase:  # noqa: ANN401 - as named
            def show(visitor: Visitor) -> HttpResponseBase:
                wanted = {by: by, **(within or {})}
                values = {look_up: named[part] for look_up, part in wanted.items()}
                record = get_object_or_404(find(visitor.access), **values)
                return view(request, visitor, record)

            return _admit(request, may, show)

        return page

    return gate


member_page = page_for(_is_anybody)
"""For everyone with a log-in, whatever their role."""
treasurer_page = page_for(_is_treasurer)
national_page = page_for(_is_national)
till_page = page_for(_minds_the_till)
"""For operators and the national treasurer."""
registrar_page = page_for(_may_read_givers)
"""For whoever may read givers' details."""

# About one record among those of the visitor's branches.
branch_page = page_about(visible_branches, may=_is_treasurer, by="slug")
collection_page = page_about(visible_collections, may=_is_treasurer)
occasion_page = page_about(visible_occasions, may=_is_treasurer)
bucket_page = page_about(visible_buckets, may=_is_treasurer)
seat_page = page_about(visible_seats, may=_is_treasurer)
paying_in_page = page_about(visible_payings_in, may=_is_treasurer)
cheque_page = page_about(visible_cheques, may=_is_treasurer)
two_person_act_page = page_about(visible_acts, may=_is_treasurer)

# About one record of the whole organisation, for the national treasurer.
national_cheque_page = page_about(visible_cheques, may=_is_national)
transfer_page = page_about(lambda _: visible_transfers(), may=_is_national)
card_donation_page = page_about(lambda _: visible_card_donations(), may=_is_national)
second_payment_page = page_about(lambda _: second_payments(), may=_is_national)
refund_order_page = page_about(lambda _: visible_refund_orders(), may=_is_national)
statement_page = page_about(lambda _: visible_imports(), may=_is_national)
bank_line_page = page_about(lambda _: visible_lines(), may=_is_national)
payer_rule_page = page_about(lambda _: visible_rules(), may=_is_national)
bank_account_page = page_about(lambda _: BankAccount.objects.all(), may=_is_national, by="pk")
line_page = page_about(lambda _: BalanceLine.objects.all(), may=_is_national, by="stripe_id")
payout_page = page_about(lambda _: Payout.objects.all(), may=_is_national, by="stripe_id")
period_page = page_about(
    lambda _: PeriodClose.objects.select_related(
        "closed_by", "confirmed_by", "reopened_by", "reopen_confirmed_by"
    ),
    may=_is_national,
)

# About one appeal's evening.
print_page = page_about(lambda _: public_appeals(), may=_may_print, by="slug")
"""For treasurers, and for whoever runs the evening."""
night_page = page_about(lambda _: public_appeals(), may=_runs_the_night, by="slug")
"""For the national treasurer, the chair and operators."""
ended_night_page = page_about(
    lambda _: (
        Night.objects.select_related("appeal", "begun_by", "ended_by")
        .filter(ended_at__isnull=False)
        .exclude(appeal__status=Appeal.Status.DRAFT)
    ),
    may=_runs_the_night,
    by="pk",
    within={"appeal__slug": "slug"},
)
"""The same, about one of its nights that has ended."""

named_gift_page = page_about(lambda _: named_gifts(), may=_may_read_givers)
"""About one donation over the limit."""


def _admit(
    request: HttpRequest, may: Rule, show: Callable[[Visitor], HttpResponseBase]
) -> HttpResponseBase:
    user = request.user
    if not user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    visitor = Visitor(user, read_access(user))
    if not may(visitor):
        raise Http404
    response = show(visitor)
    patch_cache_control(response, private=True)
    return response
