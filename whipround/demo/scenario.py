"""What the demo tells: places, targets and sums. Deterministic, so that it ends on the penny."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import cycle
from typing import Final

ORGANISATION: Final = "Lamplight Party"
IMPRINT: Final = (
    "Promoted by the Treasurer on behalf of the Lamplight Party, "
    "both of 1 Example Street, London E1 1AA"
)

# Real British towns; (region, branch, members, share of the fighting fund in pounds).
BRANCHES: Final = (
    ("East Midlands", "Derby", 31, 800),
    ("East Midlands", "Leicester", 44, 1100),
    ("East Midlands", "Nottingham", 52, 1200),
    ("London", "Hackney", 61, 1500),
    ("London", "Lewisham", 48, 1200),
    ("London", "Tower Hamlets", 66, 1600),
    ("London", "Walthamstow", 39, 1000),
    ("North East", "Gateshead", 22, 600),
    ("North East", "Newcastle", 41, 1100),
    ("North East", "Sunderland", 19, 500),
    ("North West", "Bolton", 25, 700),
    ("North West", "Liverpool", 70, 1700),
    ("North West", "Manchester", 64, 1600),
    ("Scotland", "Dundee", 27, 700),
    ("Scotland", "Edinburgh", 38, 1000),
    ("Scotland", "Glasgow", 58, 1400),
    ("South", "Brighton", 33, 900),
    ("South", "Bristol", 46, 1200),
    ("South", "Southampton", 35, 900),
    ("Wales", "Cardiff", 40, 1000),
    ("Wales", "Swansea", 26, 700),
    ("Wales", "Wrexham", 15, 400),
    ("Yorkshire", "Hull", 18, 500),
    ("Yorkshire", "Leeds", 43, 1100),
    ("Yorkshire", "Sheffield", 49, 600),
)
FIGHTING_FUND_TARGET: Final = 25_000
RALLY_TARGET: Final = 30_000
RALLY_STRETCH_TARGETS: Final = (40_000, 45_000)
RALLY_OPENING: Final = Decimal(27_000)  # about what stands on the screen when it is opened
RALLY_END: Final = Decimal("42021.00")
RISE_SECONDS: Final = 300
TONIGHT: Final = 24  # of what came before the screen is opened, how many came since the night began
PREMISES_TARGET: Final = 90_000
PREMISES_TRANSFER: Final = Decimal(45_000)
STALL: Final = Decimal(110)

_NAMES: Final = (
    ("Asha Example", "first"),
    ("Ben Example", "full"),
    ("Carys Example", "initials"),
    ("Dr Dev Example", "first"),
)
_CARD_AMOUNTS: Final = (5, 5, 10, 10, 10, 20, 20, 20, 25, 30, 40, 50, 50, 75, 100, 150, 250)
_BUCKETS: Final = ("Bucket, main hall", "Bucket, balcony", "Bucket, foyer", "Envelope table")
_STALLS: Final = ("Saturday stall", "Paper sale", "Branch meeting", "Works gate")


@dataclass(frozen=True, slots=True)
class CardGift:
    """A donation that somebody gives by card, once or monthly. ``branch`` is a slug, or empty.

    ``name`` is empty unless they let it be shown, in the form ``name_form``.
    """

    appeal: str
    amount: Decimal
    branch: str
    is_monthly: bool = False
    name: str = ""
    name_form: str = ""


@dataclass(frozen=True, slots=True)
class Collection:
    """Cash that a branch counted. ``kind`` as in the treasurer's form."""

    appeal: str
    amount: Decimal
    branch: str
    place: str
    kind: str = "collection"


Gift = CardGift | Collection


def slug(branch: str) -> str:
    """A branch's name as its address has it."""
    return branch.lower().replace(" ", "-")


def branch_slugs() -> list[str]:
    """Every branch."""
    return [slug(name) for _, name, _, _ in BRANCHES]


def rally_share(fighting_fund_share: int) -> int:
    """A branch's share of the rally's target, in pounds: as its share of the fighting fund."""
    return fighting_fund_share * RALLY_TARGET // FIGHTING_FUND_TARGET


def rally_gifts() -> tuple[list[Gift], list[Gift]]:
    """What came before the screen is opened (about £27,000), and what comes after, to the end."""
    dice = random.Random(1917)  # noqa: S311 - a story, not a secret
    before = list(_until(RALLY_OPENING, _rally_stream(dice)))
    opened_at = sum((gift.amount for gift in before), Decimal(0))
    after = list(_until(RALLY_END - opened_at - 400, _rally_stream(dice)))
    missing = RALLY_END - opened_at - sum((gift.amount for gift in after), Decimal(0))
    after.append(Collection("rally", missing, "tower-hamlets", "Bucket, last round"))
    return _with_names(before), _with_names(after)


def fighting_fund_gifts() -> list[Gift]:
    """Each branch at its own pace: from a third of its share to well over it."""
    dice = random.Random(1926)  # noqa: S311
    gifts: list[Gift] = []
    for _, name, _, share in BRANCHES:
        pace = Decimal(dice.choice((35, 48, 55, 62, 70, 78, 84, 91, 100, 104, 118, 133))) / 100
        wanted = share * pace
        by_card = [Decimal(dice.choice((10, 20, 20, 30, 50))) for _ in range(2)]
        cash = wanted - sum(by_card)
        first = (cash * dice.randrange(35, 65) / 100).quantize(Decimal("0.10"))
        gifts += [CardGift("fighting-fund", amount, slug(name)) for amount in by_card]
        gifts += [
            Collection("fighting-fund", part, slug(name), place)
            for part, place in zip((first, cash - first), dice.sample(_STALLS, 2), strict=True)
        ]
    gifts.append(Collection("fighting-fund", STALL, "leeds", "Bracelet stall, market", "sale"))
    gifts += [CardGift("fighting-fund", Decimal(25), "", is_monthly=True) for _ in range(4)]
    return gifts


def premises_gifts() -> list[Gift]:
    """What followed the transfer that opened the fund."""
    return [
        CardGift("premises", Decimal(100), "manchester"),
        CardGift("premises", Decimal(50), ""),
        CardGift("premises", Decimal(250), "glasgow"),
    ]


def _rally_stream(dice: random.Random) -> Iterator[Gift]:
    """Cards for the most part; now and then a counted bucket. Large branches bring more people."""
    slugs = branch_slugs()
    members = [members for _, _, members, _ in BRANCHES]
    while True:
        for _ in range(dice.randrange(9, 16)):
            branch = "" if dice.random() < 0.2 else dice.choices(slugs, members)[0]
            yield CardGift("rally", Decimal(dice.choice(_CARD_AMOUNTS)), branch)
        pence = dice.randrange(38_000, 91_000)
        branch = dice.choices(slugs, members)[0]
        yield Collection("rally", Decimal(pence) / 100, branch, dice.choice(_BUCKETS))


def _with_names(gifts: list[Gift]) -> list[Gift]:
    """Now and then somebody lets their name be read out; most do not."""
    named = list(gifts)
    cards = [place for place, gift in enumerate(gifts) if isinstance(gift, CardGift)]
    for place, (name, form) in zip(cards[4::5], cycle(_NAMES)):
        gift = named[place]
        assert isinstance(gift, CardGift)
        named[place] = replace(gift, name=name, name_form=form)
    return named


def _until(total: Decimal, stream: Iterator[Gift]) -> Iterator[Gift]:
    """Gifts up to, and not over, a total: what would go over is passed by, to within £10."""
    left = total
    for gift in stream:
        if left < 10:
            return
        if gift.amount <= left:
            left -= gift.amount
            yield gift
