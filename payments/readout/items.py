"""Reading what may be said of a night: what came and what was promised, naming nobody unasked."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from appeals.accounts import appeal_account
from appeals.models import Appeal, AppealAccount
from appeals.stage.nights import find_open_night
from appeals.templatetags.money import money
from donors.models import Donor
from funds.models import Posting
from payments.card_records import visible_card_donations
from payments.models import CardDonation, Pledge

WITHOUT_A_NIGHT: Final = timedelta(hours=12)
"""How far back a queue reaches while no night is begun."""

MOST: Final = 400
"""Donations of an evening that are looked at, the newest, and as many pledges: more than can be
read out."""


class Sort(StrEnum):
    """What sort of thing is read out."""

    DONATION = "donation"
    PLEDGE = "pledge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that came, or was promised.

    ``name`` is empty unless its giver lets it be read out, in that form. ``every`` follows the
    amount, where there is more to say of it. ``gone`` says why it is not to be read any more: it
    was paid back, is disputed, or was taken back at the desk.
    """

    sort: Sort
    pk: int
    reference: UUID
    amount: str
    every: str
    branch: str
    name: str
    came_at: datetime
    gone: str

    def who(self, *, nameless: bool) -> str:
        """``from a supporter``, or whose name may be said; ``by`` one of what was promised."""
        by = "by" if self.sort is Sort.PLEDGE else "from"
        return f"{by} {'a supporter' if nameless or not self.name else self.name}"

    @property
    def key(self) -> tuple[Sort, int]:
        """Tells it from every other."""
        return self.sort, self.pk

    @property
    def where(self) -> str:
        """``in Leeds``, or nothing."""
        return f"in {self.branch}" if self.branch else ""

    def words(self, *, nameless: bool) -> str:
        """The whole sentence: ``£50 from a supporter in Leeds``."""
        parts = (self.amount, self.every, self.who(nameless=nameless), self.where)
        return " ".join(filter(None, parts))


def queue_begins_at(appeal: Appeal) -> datetime:
    """From when on things are in the queue: the night's beginning, or some hours ago."""
    night = find_open_night(appeal)
    return night.begun_at if night else timezone.now() - WITHOUT_A_NIGHT


def read_items(appeal: Appeal, *, since: datetime) -> list[Item]:
    """What came by card and what was pledged from an aware moment on, the newest last."""
    items = [*_read_donations(appeal, since=since), *_read_pledges(appeal, since=since)]
    return sorted(items, key=lambda item: (item.came_at, item.key))


def _read_donations(appeal: Appeal, *, since: datetime) -> list[Item]:
    """What came by card.

    A month that follows another is left out: its donor is not in the hall. So is a second payment
    of a donation, unless the donor meant it; and what pays a pledge, which was read out as such.
    """
    account = appeal_account(appeal, AppealAccount.Role.CARD)
    newest = Posting.objects.filter(account=account, side=Posting.Side.CREDIT)
    entries = list(newest.order_by("-pk").values_list("entry", flat=True)[:MOST])
    earlier_month = CardDonation.objects.filter(
        monthly=OuterRef("monthly"), pk__lt=OuterRef("pk"), received_entry__isnull=False
    )
    donations = (
        visible_card_donations()
        .select_related("donor", "monthly__donor", "again_of__donor")
        .filter(received_entry__in=entries, received_entry__posted_at__gte=since)
        .filter(Q(again_of__isnull=True) | Q(meant_at__isnull=False))
        .filter(Q(monthly__isnull=True) | ~Exists(earlier_month))
        .filter(pledge_payment__isnull=True)
    )
    return [_item_of(donation) for donation in donations]


def _read_pledges(appeal: Appeal, *, since: datetime) -> list[Item]:
    pledges = Pledge.objects.select_related("branch", "donor").filter(
        appeal=appeal, taken_at__gte=since
    )
    return [_item_of_pledge(pledge) for pledge in pledges.order_by("-taken_at")[:MOST]]


def _item_of(donation: CardDonation) -> Item:
    entry = donation.received_entry
    assert entry is not None
    giver = donation.giver or Donor()
    gone = ""
    if donation.given_back:  # type: ignore[attr-defined]
        gone = "It was paid back."
    elif donation.taken:  # type: ignore[attr-defined]
        gone = "The donor's bank took it back."
    return Item(
        sort=Sort.DONATION,
        pk=donation.pk,
        reference=donation.reference,
        amount=money(donation.amount),
        every="a month" if donation.monthly_id else "",
        branch=donation.branch.name if donation.branch else "",
        name=giver.shown_name,
        came_at=entry.posted_at,
        gone=gone,
    )


def _item_of_pledge(pledge: Pledge) -> Item:
    over = {Pledge.State.STRUCK, Pledge.State.CANCELLED, Pledge.State.LAPSED}
    return Item(
        sort=Sort.PLEDGE,
        pk=pledge.pk,
        reference=pledge.reference,
        amount=money(pledge.amount),
        every="promised",
        branch=pledge.branch.name if pledge.branch else "",
        name=pledge.donor.shown_name if pledge.donor else "",
        came_at=pledge.taken_at,
        gone="It was taken back." if pledge.state in over else "",
    )
