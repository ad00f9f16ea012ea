"""Who gives what, by which way, and what becomes of it: thrown with each donor's own dice."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from tests.storm.memory import Home
from tests.storm.plan import APPEALS, BRANCHES, Plan


class Way(Enum):
    """How a donor pays: the numbers that the stand-in's pay page takes, in the order tried."""

    CARD = ("4242424242424242",)
    SECURE_CARD = ("4000002500003155",)
    DECLINED_FIRST = ("4000000000000002", "5555555555554444")
    DECLINED = ("4000000000009995",)
    DISPUTED_CARD = ("4000000000000259",)
    INQUIRED_CARD = ("4000000000001976",)
    BACS = ("00012345",)
    BACS_REFUSED = ("22222227",)
    BACS_TAKEN_BACK = ("00034567",)

    @property
    def is_bacs(self) -> bool:
        return self.name.startswith("BACS")


class Fate(Enum):
    """What becomes of a payment that came."""

    STAYS = "stays"
    REFUNDED = "refunded at Stripe, in full or in part"
    REFUNDED_TWICE = "refunded at Stripe in two parts"
    ORDERED_BACK = "ordered back by the treasurer"
    ORDERED_AND_REFUNDED = "ordered back, and refunded at Stripe as well"
    DISPUTED = "disputed"
    PAID_TWICE = "paid a second time"


_WAYS: Final = {
    Way.CARD: 800,
    Way.SECURE_CARD: 20,
    Way.DECLINED_FIRST: 50,
    Way.DECLINED: 20,
    Way.DISPUTED_CARD: 20,
    Way.INQUIRED_CARD: 10,
    Way.BACS: 50,
    Way.BACS_REFUSED: 20,
    Way.BACS_TAKEN_BACK: 10,
}
_FATES: Final = {
    Fate.STAYS: 700,
    Fate.REFUNDED: 100,
    Fate.REFUNDED_TWICE: 40,
    Fate.ORDERED_BACK: 60,
    Fate.ORDERED_AND_REFUNDED: 20,
    Fate.DISPUTED: 60,
    Fate.PAID_TWICE: 20,
}
_WITH_EMAIL: Final = 0.85
_MONTHLY: Final = 0.04


@dataclass(frozen=True, slots=True)
class Gift:
    """One donor's gift. ``email`` is "" for a donor who leaves none; nobody else has it."""

    number: int
    home: Home
    pence: int
    email: str
    way: Way
    fate: Fate
    is_monthly: bool

    @property
    def amount(self) -> str:
        """As it is typed."""
        return f"{self.pence // 100}.{self.pence % 100:02}"


def think_of(plan: Plan, number: int) -> Gift:
    """The gift of donor ``number``: the same in every storm of this seed."""
    dice = plan.dice("donor", number)
    way = dice.choices(list(_WAYS), list(_WAYS.values()))[0]
    is_monthly = way is Way.CARD and dice.random() < _MONTHLY
    has_email = is_monthly or dice.random() < _WITH_EMAIL
    fate = dice.choices(list(_FATES), list(_FATES.values()))[0]
    return Gift(
        number=number,
        home=Home(dice.choice(APPEALS), dice.choice(("", *BRANCHES))),
        pence=dice.randint(200, 40_000),
        email=f"donor-{number}@storm.example" if has_email else "",
        way=way,
        fate=Fate.STAYS if is_monthly else fate,
        is_monthly=is_monthly,
    )
