"""Who comes in to the treasurer's pages, and what they find there.

Every treasurer's view is wrapped by one of these, outermost, so that the answer to somebody else's
page is the answer to a page that does not exist: the same 404, for every method.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeAlias
from uuid import UUID

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.cache import patch_cache_control

from appeals.window import public_appeals
from funds.access import Access, read_access
from funds.models import Branch, PeriodClose, User
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
from payments.models import (
    BalanceLine,
    BankAccount,
    Bucket,
    CardDonation,
    CashCollection,
    Cheque,
    NamedGift,
    Occasion,
    PayerRule,
    PayingIn,
    Payout,
    RefundOrder,
    Seat,
    StatementImport,
    StatementLine,
    TransferReceipt,
    TwoPersonAct,
)
from payments.paid_twice import second_payments
from payments.paying_in_records import visible_payings_in
from payments.refund_records import visible_refund_orders
from payments.two_persons.records import visible_acts


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is logged in, and what they may do."""

    user: User
    access: Access


AppealView: TypeAlias = Callable[..., HttpResponseBase]  # of request, visitor, appeal
VisitorView: TypeAlias = Callable[[HttpRequest, Visitor], HttpResponseBase]
BranchView: TypeAlias = Callable[[HttpRequest, Visitor, Branch], HttpResponseBase]
CollectionView: TypeAlias = Callable[[HttpRequest, Visitor, CashCollection], HttpResponseBase]
TransferView: TypeAlias = Callable[[HttpRequest, Visitor, TransferReceipt], HttpResponseBase]
CardDonationView: TypeAlias = Callable[[HttpRequest, Visitor, CardDonation], HttpResponseBase]
PayingInView: TypeAlias = Callable[[HttpRequest, Visitor, PayingIn], HttpResponseBase]
StatementView: TypeAlias = Callable[[HttpRequest, Visitor, StatementImport], HttpResponseBase]
BankLineView: TypeAlias = Callable[[HttpRequest, Visitor, StatementLine], HttpResponseBase]
PayerRuleView: TypeAlias = Callable[[HttpRequest, Visitor, PayerRule], HttpResponseBase]
RefundOrderView: TypeAlias = Callable[[HttpRequest, Visitor, RefundOrder], HttpResponseBase]
LineView: TypeAlias = Callable[[HttpRequest, Visitor, BalanceLine], HttpResponseBase]
TwoPersonActView: TypeAlias = Callable[[HttpRequest, Visitor, TwoPersonAct], HttpResponseBase]
PeriodView: TypeAlias = Callable[[HttpRequest, Visitor, PeriodClose], HttpResponseBase]
PayoutView: TypeAlias = Callable[[HttpRequest, Visitor, Payout], HttpResponseBase]

OccasionView: TypeAlias = Callable[[HttpRequest, Visitor, Occasion], HttpResponseBase]
BucketView: TypeAlias = Callable[[HttpRequest, Visitor, Bucket], HttpResponseBase]
BankAccountView: TypeAlias = Callable[[HttpRequest, Visitor, BankAccount], HttpResponseBase]
ChequeView: TypeAlias = Callable[[HttpRequest, Visitor, Cheque], HttpResponseBase]
SeatView: TypeAlias = Callable[[HttpRequest, Visitor, Seat], HttpResponseBase]
NamedGiftView: TypeAlias = Callable[[HttpRequest, Visitor, NamedGift], HttpResponseBase]


def member_page(view: VisitorView) -> Callable[[HttpRequest], HttpResponseBase]:
    """For everyone with a log-in, whatever their role; others are asked to log in."""

    @wraps(view)
    def page(request: HttpRequest) -> HttpResponseBase:
        return _admit(request, lambda visitor: view(request, visitor))

    return page


def treasurer_page(view: VisitorView) -> Callable[[HttpRequest], HttpResponseBase]:
    """For treasurers; the page does not exist for others."""

    @wraps(view)
    def page(request: HttpRequest) -> HttpResponseBase:
        def show(visitor: Visitor) -> HttpResponseBase:
            _require_found(visitor.access.is_treasurer)
            return view(request, visitor)

        return _admit(request, show)

    return page


def national_page(view: VisitorView) -> Callable[[HttpRequest], HttpResponseBase]:
    """For the national treasurer; the page does not exist for others."""

    @wraps(view)
    def page(request: HttpRequest) -> HttpResponseBase:
        def show(visitor: Visitor) -> HttpResponseBase:
            _require_found(visitor.access.is_national_treasurer)
            return view(request, visitor)

        return _admit(request, show)

    return page


def till_page(view: VisitorView) -> Callable[[HttpRequest], HttpResponseBase]:
    """For operators and the national treasurer; the page does not exist for others."""

    @wraps(view)
    def page(request: HttpRequest) -> HttpResponseBase:
        def show(visitor: Visitor) -> HttpResponseBase:
            access = visitor.access
            is_operator = access.is_operator or visitor.user.is_superuser  # who is written to
            _require_found(is_operator or access.is_national_treasurer)
            return view(request, visitor)

        return _admit(request, show)

    return page


def print_page(view: AppealView) -> Callable[..., HttpResponseBase]:
    """About one appeal, found by its ``slug``; for treasurers, and for the chair of its evening."""
    return _appeal_page(view, may=lambda access: access.is_treasurer or access.is_chair)


def night_page(view: AppealView) -> Callable[..., HttpResponseBase]:
    """About one appeal's evening; for the national treasurer, the chair and operators."""

    def may(access: Access) -> bool:
        return access.is_national_treasurer or access.is_chair or access.is_operator

    return _appeal_page(view, may=may)


def _appeal_page(
    view: AppealView, *, may: Callable[[Access], bool]
) -> Callable[..., HttpResponseBase]:
    @wraps(view)
    def page(request: HttpRequest, slug: str, **named: Any) -> HttpResponseBase:  # noqa: ANN401
        def show(visitor: Visitor) -> HttpResponseBase:
            _require_found(may(visitor.access))
            appeal = get_object_or_404(public_appeals(), slug=slug)
            return view(request, visitor, appeal, **named)

        return _admit(request, show)

    return page


def branch_page(view: BranchView) -> Callable[..., HttpResponseBase]:
    """About one branch, found by its ``slug`` among those that the visitor acts for."""

    @wraps(view)
    def page(request: HttpRequest, slug: str) -> HttpResponseBase:
        def show(visitor: Visitor) -> HttpResponseBase:
            _require_found(visitor.access.is_treasurer)
            branch = get_object_or_404(visible_branches(visitor.access), slug=slug)
            return view(request, visitor, branch)

        return _admit(request, show)

    return page


def collection_page(view: CollectionView) -> Callable[..., HttpResponseBase]:
    """About one collection, found by its ``reference`` among the visitor's branches'."""

    @wraps(view)
    def page(request: HttpRequest, reference: UUID) -> HttpResponseBase:
        def show(visitor: Visitor) -> HttpResponseBase:
            _require_found(visitor.access.is_treasurer)
            found = visible_collections(visitor.access)
            return view(request, visitor, get_object_or_404(found, reference=reference))

        return _admit(request, show)

    return page


def occasion_page(view: OccasionView) -> Callable[..., HttpResponseBase]:
    """About one occasion, found by its ``reference`` among the visitor's branches'."""

    @wraps(view)
    def page(request: HttpRequest, reference: UUID) -> HttpResponseBase:
        def show(visitor: Visitor) -> HttpResponseBase:
            _require_found(visitor.access.is_treasurer)
            found = visible_occasions(visitor.access)
            return view(request, visitor, get_object_or_404(found, reference=reference))

        return _admit(request, show)

    return page


def bucket_page(view: BucketView) -> Callable[..., HttpResponseBase]:
    """About one bucket, found by its ``reference`` among the visitor's branches'."""

    @wraps(view)
    def page(request: HttpRequest, reference: UUID) -> HttpResponseBase:
        def show(visitor: Visitor) -> HttpResponseBase:
            _require_found(visitor.access.is_treasurer)
            found = visible_buckets(visitor.access)
            return view(request, visitor, get_object_or_404(found, reference=reference))

        return _admit(request, show)

    return page


def seat_page(view: SeatView) -> Callable[..., HttpResponseBase]:
    """About one seat at a table, found by its ``reference`` among the visitor's branches'."""

    @wraps(view)
    def page(request: HttpRequest, reference: UUID) -> HttpResponseBase:
        def show(visitor: Visitor) -> HttpResponseBase:
            _require_found(visitor.access.is_treasurer)
            found = visible_seats(visitor.access)
            return view(request, visitor, get_object_or_404(found, reference=reference))

        return _admit(request, show)

    return page


def registrar_page(view: VisitorView) -> Callable[[HttpRequest], HttpResponseBase]:
    """For whoever may read givers' details; the page does not exist for others."""

    @wraps(view)
    def page(request: HttpRequest) -> HttpResponseBase:
        def show(visitor: Visitor) -> HttpResponseBase:
            _require_found(visitor.access.may_read_givers)
            return view(request, visitor)

        return _admit(request, show)

    return page


def named_gift_page(view: NamedGiftView) -> Callable[..., HttpResponseBase]:
    """About one donation over the limit, by its ``reference``; for who may read givers' details."""

    @wraps(view)
    def page(request: HttpRequest, reference: UUID) -> HttpResponseBase:
        def show(visitor: Visitor) -> HttpResponseBase:
            _require_found(visitor.access.may_read_givers)
            return view(request, visitor, get_object_or_404(named_gifts(), reference=reference))

        return _admit(request, show)

    return page


def transfer_page(view: TransferView) -> Callable[..., HttpResponseBase]:
    """About one transfer, found by its ``reference``; for the national treasurer only."""

    @wraps(view)
    def page(request: HttpRequest, reference: UUID) -> HttpResponseBase:
        def show(visitor: Visitor) -> HttpResponseBase:
            _require_found(visitor.access.is_national_treasurer)
            receipt = get_object_or_404(visible_transfers(), reference=reference)
            return view(request, visitor, receipt)

        return _admit(request, show)

    return page


def card_donation_page(view: CardDonationView) -> Callable[..., HttpResponseBase]:
    """About one card donation, found by its ``reference``; for the national treasurer only."""

    @wraps(view)
    def page(request: HttpRequest, reference: UUID) -> HttpResponseBase:
        def show(visitor: Visitor) -> HttpResponseBase:
            _require_found(visitor.access.is_national_treasurer)
            donation = get_object_or_404(visible_card_donations(), reference=reference)
            return view(request, visitor, donation)

        return _admit(request, show)

    return page


def line_page(view: LineView) -> Callable[..., HttpResponseBase]:
    """About one line of our balance at Stripe; for the national treasurer only."""

    @wraps(view)
    def page(request: HttpRequest, stripe_id: str) -> HttpResponseBase:
        def show(visitor: Visitor) -> HttpResponseBase:
            _require_found(visitor.access.is_national_treasurer)
            return view(request, visitor, get_object_or_404(BalanceLine, stripe_id=stripe_id))

        return _admit(request, show)

    return page


def payout_page(view: PayoutView) -> Callable[..., HttpResponseBase]:
    """About one payout from Stripe to the bank; for the national treasurer only."""

    @wraps(view)
    def page(request: HttpRequest, stripe_id: str) -> HttpResponseBase:
        def show(visitor: Visitor) -> HttpResponseBase:
            _require_found(visitor.access.is_national_treasurer)
            return view(request, visitor, get_object_or_404(Payout, stripe_id=stripe_id))

        return _admit(request, show)

    return page


def second_payment_page(view: CardDonationView) -> Callable[..., HttpResponseBase]:
    """About a donation's second payment, by ``reference``; for the national treasurer only."""

    @wraps(view)
    def page(request: HttpRequest, reference: UUID) -> HttpResponseBase:
        def show(visitor: Visitor) -> HttpResponseBase:
            _require_found(visitor.access.is_national_treasurer)
            donation = get_object_or_404(second_payments(), reference=reference)
            return view(request, visitor, donation)

        return _admit(request, show)

    return page


def refund_order_page(view: RefundOrderView) -> Callable[..., HttpResponseBase]:
    """About one refund order, found by its ``reference``; for the national treasurer only."""

    @wraps(view)
    def page(request: HttpRequest, reference: UUID) -> HttpResponseBase:
        def show(visitor: Visitor) -> HttpResponseBase:
            _require_found(visitor.access.is_national_treasurer)
            order = get_object_or_404(visible_refund_orders(), reference=reference)
            return view(request, visitor, order)

        return _admit(request, show)

    return page


def paying_in_page(view: PayingInView) -> Callable[..., HttpResponseBase]:
    """About one paying-in, found by its ``reference`` among those of the visitor's branches."""

    @wraps(view)
    def page(request: HttpRequest, reference: UUID) -> HttpResponseBase:
        def show(visitor: Visitor) -> HttpResponseBase:
            _require_found(visitor.access.is_treasurer)
            found = visible_payings_in(visitor.access)
            return view(request, visitor, get_object_or_404(found, reference=reference))

        return _admit(request, show)

    return page


def cheque_page(view: ChequeView) -> Callable[..., HttpResponseBase]:
    """About one cheque, found by its ``reference`` among the visitor's branches'."""

    @wraps(view)
    def page(request: HttpRequest, reference: UUID) -> HttpResponseBase:
        def show(visitor: Visitor) -> HttpResponseBase:
            _require_found(visitor.access.is_treasurer)
            found = visible_cheques(visitor.access)
            return view(request, visitor, get_object_or_404(found, reference=reference))

        return _admit(request, show)

    return page


def national_cheque_page(view: ChequeView) -> Callable[..., HttpResponseBase]:
    """About one cheque, found by its ``reference``; for the national treasurer only."""

    @wraps(view)
    def page(request: HttpRequest, reference: UUID) -> HttpResponseBase:
        def show(visitor: Visitor) -> HttpResponseBase:
            _require_found(visitor.access.is_national_treasurer)
            found = visible_cheques(visitor.access)
            return view(request, visitor, get_object_or_404(found, reference=reference))

        return _admit(request, show)

    return page


def bank_account_page(view: BankAccountView) -> Callable[..., HttpResponseBase]:
    """About one of the organisation's bank accounts; for the national treasurer only."""

    @wraps(view)
    def page(request: HttpRequest, pk: int) -> HttpResponseBase:
        def show(visitor: Visitor) -> HttpResponseBase:
            _require_found(visitor.access.is_national_treasurer)
            return view(request, visitor, get_object_or_404(BankAccount, pk=pk))

        return _admit(request, show)

    return page


def statement_page(view: StatementView) -> Callable[..., HttpResponseBase]:
    """About one file of the bank, found by its ``reference``; for the national treasurer only."""

    @wraps(view)
    def page(request: HttpRequest, reference: UUID) -> HttpResponseBase:
        def show(visitor: Visitor) -> HttpResponseBase:
            _require_found(visitor.access.is_national_treasurer)
            kept = get_object_or_404(visible_imports(), reference=reference)
            return view(request, visitor, kept)

        return _admit(request, show)

    return page


def bank_line_page(view: BankLineView) -> Callable[..., HttpResponseBase]:
    """About one line of a statement, found by its ``reference``; for the national treasurer."""

    @wraps(view)
    def page(request: HttpRequest, reference: UUID) -> HttpResponseBase:
        def show(visitor: Visitor) -> HttpResponseBase:
            _require_found(visitor.access.is_national_treasurer)
            line = get_object_or_404(visible_lines(), reference=reference)
            return view(request, visitor, line)

        return _admit(request, show)

    return page


def payer_rule_page(view: PayerRuleView) -> Callable[..., HttpResponseBase]:
    """About one payer's reference, found by its own ``reference``; for the national treasurer."""

    @wraps(view)
    def page(request: HttpRequest, reference: UUID) -> HttpResponseBase:
        def show(visitor: Visitor) -> HttpResponseBase:
            _require_found(visitor.access.is_national_treasurer)
            rule = get_object_or_404(visible_rules(), reference=reference)
            return view(request, visitor, rule)

        return _admit(request, show)

    return page


def two_person_act_page(view: TwoPersonActView) -> Callable[..., HttpResponseBase]:
    """About one act that two people do, by its ``reference``, among the visitor's branches'."""

    @wraps(view)
    def page(request: HttpRequest, reference: UUID) -> HttpResponseBase:
        def show(visitor: Visitor) -> HttpResponseBase:
            _require_found(visitor.access.is_treasurer)
            found = visible_acts(visitor.access)
            return view(request, visitor, get_object_or_404(found, reference=reference))

        return _admit(request, show)

    return page


def period_page(view: PeriodView) -> Callable[..., HttpResponseBase]:
    """About one closed period, found by its ``reference``; for the national treasurer only."""

    @wraps(view)
    def page(request: HttpRequest, reference: UUID) -> HttpResponseBase:
        def show(visitor: Visitor) -> HttpResponseBase:
            _require_found(visitor.access.is_national_treasurer)
            closes = PeriodClose.objects.select_related(
                "closed_by", "confirmed_by", "reopened_by", "reopen_confirmed_by"
            )
            return view(request, visitor, get_object_or_404(closes, reference=reference))

        return _admit(request, show)

    return page


def _admit(request: HttpRequest, show: Callable[[Visitor], HttpResponseBase]) -> HttpResponseBase:
    user = request.user
    if not user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    response = show(Visitor(user, read_access(user)))
    patch_cache_control(response, private=True)
    return response


def _require_found(is_there: object) -> None:
    if not is_there:
        raise Http404
