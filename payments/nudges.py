"""Reminding treasurers of cash that is still in hand: once for each collection and step."""

import logging
from collections import defaultdict
from typing import Final

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import Q
from django.urls import reverse

from funds.models import Branch, Membership, Organisation, User
from funds.money import Money, zero
from payments.models import CashCollection, CashNudge
from payments.paying_in_records import is_in_hand
from payments.recording import local_today, say_day
from payments.working_days import CHASE_AFTER, NUDGE_AFTER, working_days_between

logger = logging.getLogger(__name__)

_STEPS: Final = (CHASE_AFTER, NUDGE_AFTER)


def send_due_nudges() -> int:
    """Write to the treasurers of every branch whose cash has waited too long; answers how many.

    After two working days to the branch, after five to the branch and the national treasurer. A
    letter says how much, since when and where to pay it in, and names nobody. It is noted before
    it is sent: one that is lost on the way is not sent again, and the pages say the same. To be
    called outside any transaction.
    """
    if not Organisation.objects.exists():
        return 0
    sent = 0
    for (branch, step), late in _claim_due().items():
        addresses = _addresses(branch, also_national=step == CHASE_AFTER)
        if addresses:
            sent += _send(branch, late, addresses)
    return sent


def _claim_due() -> dict[tuple[Branch, int], list[CashCollection]]:
    """What is to be told, by branch and step, and now ours to tell."""
    today = local_today()
    due: defaultdict[tuple[Branch, int], list[CashCollection]] = defaultdict(list)
    in_hand = CashCollection.objects.filter(is_in_hand()).select_related("branch")
    for one in in_hand.order_by("collected_on", "pk"):
        waited = working_days_between(one.collected_on, today)
        step = next((step for step in _STEPS if waited > step), None)
        # Of two processes the one whose row is new writes.
        if step and CashNudge.objects.get_or_create(collection=one, after_days=step)[1]:
            due[one.branch, step].append(one)
    return due


def _addresses(branch: Branch, *, also_national: bool) -> list[str]:
    wanted = Q(memberships__branch=branch, memberships__role=Membership.Role.BRANCH_TREASURER)
    if also_national:
        wanted |= Q(memberships__role=Membership.Role.NATIONAL_TREASURER)
    users = User.objects.filter(wanted, is_active=True).exclude(email="")
    return sorted(users.values_list("email", flat=True).distinct())


def _send(branch: Branch, late: list[CashCollection], addresses: list[str]) -> int:
    sums: defaultdict[str, list[Money]] = defaultdict(list)
    for one in late:
        sums[one.amount.currency.code].append(one.amount)
    amount = " and ".join(str(sum(amounts, zero(code))) for code, amounts in sorted(sums.items()))
    where = settings.BASE_URL + reverse("payments:paying-in-new")
    text = (
        f"{amount} of {branch.name} is counted and not yet banked, the oldest of it since "
        f"{say_day(late[0].collected_on)}.\n\nPay it in, two of you, and note the slip here:\n"
        f"{where}\n"
    )
    try:
        EmailMessage(
            subject=f"[Whip-round] {branch.name}: cash to pay in",
            body=text,
            from_email=settings.DEFAULT_FROM_EMAIL,
            to=addresses,
            headers={"Auto-Submitted": "auto-generated"},
        ).send()
    except OSError as error:  # smtplib's errors are among them
        logger.warning("a branch could not be reminded of its cash: %s", type(error).__name__)
        return 0
    return len(addresses)
