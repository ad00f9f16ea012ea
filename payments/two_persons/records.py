"""Reading what waits for a second person: what, why, who asked, when, and what became of it."""

from dataclasses import dataclass
from typing import Any, Final

from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet
from django.urls import reverse

from funds.access import Access
from funds.models import Branch, Membership, User
from funds.money import Money
from funds.organisation import read_organisation
from payments.models import Agreement, CashCollection, PayingIn, TransferReceipt, TwoPersonAct
from payments.paying_in_records import visible_payings_in
from payments.recording import say_day
from payments.two_persons.asking import read_waiting
from payments.two_persons.ways import Target, amount_of, target_of

PAGE_SIZE: Final = 50


def visible_acts(access: Access) -> QuerySet[TwoPersonAct]:
    """The acts that a treasurer may decide: of their own branches' cash alone, or every one."""
    acts = TwoPersonAct.objects.select_related(
        "asked_by",
        "decided_by",
        "period_close",
        "collection__branch",
        "receipt__branch",
        "paying_in",
        "agreement__collection",
        "agreement__bucket__occasion__branch",
        "match__line__account",
        "match__receipt",
    )
    if access.is_national_treasurer:
        return acts
    own = access.own_branches
    return acts.filter(
        Q(collection__branch__in=own)
        | Q(agreement__bucket__occasion__branch__in=own)
        | Q(paying_in__in=visible_payings_in(access).order_by())
    )


@dataclass(frozen=True, slots=True)
class ShownAct:
    """An act in a treasurer's words. ``url`` is where what it is about stands."""

    act: TwoPersonAct
    what: str
    whose: str
    amount: Money | None
    url: str

    @property
    def is_undecided(self) -> bool:
        """True while a second person is waited for."""
        return not self.act.decision


def show_act(act: TwoPersonAct) -> ShownAct:
    """An act out of ``visible_acts``."""
    target = target_of(act)
    if target is None:
        return _show_period(act)
    what, whose, url = _say_target(target)
    return ShownAct(act, what, whose, amount_of(target), url)


def _show_period(act: TwoPersonAct) -> ShownAct:
    closed = act.period_close
    if closed is not None:
        url = reverse("payments:period", args=[closed.reference])
        return ShownAct(act, closed.name, "The whole organisation", None, url)
    assert act.since is not None
    assert act.until is not None
    what = f"{say_day(act.since)} to {say_day(act.until)}"
    return ShownAct(act, what, "The whole organisation", None, reverse("payments:periods"))


def _say_target(target: Target) -> tuple[str, str, str]:
    if isinstance(target, CashCollection):
        what = f"{target.place}, {say_day(target.collected_on)}"
        return what, target.branch.name, _page("collection", target.reference)
    if isinstance(target, TransferReceipt):
        what = f"{target.get_method_display()}, {say_day(target.received_on)}"
        whose = target.branch.name if target.branch else "No branch"
        return what, whose, _page("transfer", target.reference)
    if isinstance(target, PayingIn):
        what = f"Slip {target.slip_number}, {say_day(target.paid_in_on)}"
        return what, "Paid in", _page("paying-in", target.reference)
    if isinstance(target, Agreement):
        bucket = target.bucket
        what = f"{bucket.occasion.name}, bucket {bucket.number}"
        return what, bucket.occasion.branch.name, _page("bucket", bucket.reference)
    what = f"{target.get_kind_display()}, {say_day(target.line.booked_on)}"
    return what, target.line.account.name, _page("bank-line", target.line.reference)


def _page(name: str, reference: object) -> str:
    return reverse(f"payments:{name}", args=[reference])


@dataclass(frozen=True, slots=True)
class ActPage:
    """What waits for the visitor, what waits for another, and a page of all the rest."""

    for_you: list[ShownAct]
    for_another: list[ShownAct]
    page: Page[Any]
    rows: list[ShownAct]


def read_act_page(user: User, access: Access, *, number: str | None) -> ActPage:
    """The acts as a treasurer finds them, those that wait the longest first."""
    acts = visible_acts(access)
    undecided = [show_act(act) for act in acts.filter(decision="").order_by("pk")]
    page: Page[Any] = Paginator(acts.exclude(decision=""), PAGE_SIZE).get_page(number)
    return ActPage(
        for_you=[shown for shown in undecided if shown.act.asked_by_id != user.pk],
        for_another=[shown for shown in undecided if shown.act.asked_by_id == user.pk],
        page=page,
        rows=[show_act(act) for act in page.object_list],
    )


def count_acts_to_decide(user: User, access: Access) -> int:
    """How many acts wait for this treasurer, and not for another; one query."""
    if not access.is_treasurer:
        return 0
    waiting = visible_acts(access).select_related(None).filter(decision="")
    return waiting.exclude(asked_by=user).count()


def read_waiting_about_periods() -> TwoPersonAct | None:
    """The closing, or the opening again, that waits for a second person."""
    both = [TwoPersonAct.Kind.CLOSE, TwoPersonAct.Kind.REOPEN]
    waiting = TwoPersonAct.objects.select_related("asked_by", "period_close")
    return waiting.filter(decision="", kind__in=both).first()


def has_another_to_decide(act: TwoPersonAct) -> bool:
    """True when somebody else than who asked can log in and may decide about it.

    A treasurer of the same branch is enough for its cash; else it is another national treasurer.
    """
    roles = Q(role=Membership.Role.NATIONAL_TREASURER)
    if branch := _only_branch(act):
        roles |= Q(role=Membership.Role.BRANCH_TREASURER, branch=branch)
    others = Membership.objects.filter(roles, user__is_active=True)
    return others.exclude(user=act.asked_by_id).exists()


def _only_branch(act: TwoPersonAct) -> Branch | None:
    if act.collection is not None:
        return act.collection.branch
    if act.agreement is not None:
        return act.agreement.bucket.occasion.branch
    if act.paying_in is not None:
        branches = Branch.objects.filter(
            cash_collections__banked_lines__paying_in=act.paying_in
        ).distinct()
        found = list(branches[:2])
        return found[0] if len(found) == 1 else None
    return None


@dataclass(frozen=True, slots=True)
class Undoing:
    """What undoing a record would take, for its page. ``limit`` is over what it takes two."""

    waiting: TwoPersonAct | None
    needs_second_person: bool
    limit: Money | None


def read_undoing(target: Target | None) -> Undoing:
    """Whether a record's undoing waits already, or would; nothing of none."""
    if target is None:
        return Undoing(None, needs_second_person=False, limit=None)
    organisation = read_organisation()
    limit = organisation.reversal_second_person_above
    return Undoing(
        read_waiting(target),
        organisation.needs_second_person_to_reverse(amount_of(target)),
        None if limit is None else Money(limit, organisation.currency),
    )
