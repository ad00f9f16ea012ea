"""A generated year at the bank, of which we know what each line is: for judging the matcher."""

import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from appeals.models import Appeal
from funds.models import Branch
from funds.money import Money
from payments.banking.rules import remember_reference
from payments.cash import record_collection
from payments.models import StatementMatch, TransferReceipt
from payments.paying_in import pay_in
from payments.recording import local_today
from payments.transfers import GivenBy, TransferFacts, record_transfer
from tests.factories import gbp, make_appeal, make_branch, make_organisation, make_user
from tests.payments.banking.statements import Told
from tests.payments.test_cash import facts_of as cash_of
from tests.payments.test_paying_in import facts_of as banked_of

Kind = StatementMatch.Kind
NOTHING = ("", "")
DAYS = 300


@dataclass(frozen=True)
class FakePayout:
    """As the till will tell of a payout."""

    stripe_id: str
    amount_minor: int
    currency: str
    arrival_on: date


@dataclass
class Year:
    """What the bank says, and the truth behind each line: its kind and target, or nothing."""

    appeal: Appeal
    lines: list[Told] = field(default_factory=list)
    truth: dict[str, tuple[str, str]] = field(default_factory=dict)
    payouts: list[FakePayout] = field(default_factory=list)

    def add(self, line: Told, kind: str = "", target: str = "") -> None:
        self.lines.append(line)
        self.truth[line.bank_id] = (kind, target)


class YearMaker:
    """Dice, and the books that the year's money went through."""

    def __init__(self, seed: int, *, size: int) -> None:
        self.dice = random.Random(seed)  # noqa: S311 - a test's dice
        self.size = size
        make_organisation()
        self.first = local_today() - timedelta(days=DAYS)
        appeal = make_appeal(opens_at=_noon(self.first - timedelta(days=30)))
        self.year = Year(appeal)
        self.branches = [make_branch(name) for name in ("Leeds", "York", "Hull")]
        self.user = make_user()
        self._ids = iter(range(1, 10**9))

    def make(self) -> Year:
        kinds: list[Callable[[], None]] = [
            *[self.paying_in] * 20,
            *[self.payout] * 8,
            *[self.recorded_transfer] * 8,
            *[self.cheque] * 5,
            *[self.standing_order] * 40,
            *[self.noise] * 25,
        ]
        self.rules()
        for _ in range(self.size):
            self.dice.choice(kinds)()
        self.year.lines.sort(key=lambda line: (line.day, line.bank_id))
        return self.year

    def day(self) -> date:
        return self.first + timedelta(days=self.dice.randrange(DAYS - 15))

    def amount(self) -> Money:
        """Small and round, so that many are alike."""
        return gbp(self.dice.choice([5, 10, 10, 20, 25, 50, 100, self.dice.randrange(1, 400)]))

    def bank_id(self) -> str:
        return f"n{next(self._ids):06d}"

    def told(self, day: date, amount: Money, text: str, reference: str = "") -> Told:
        return Told(day, amount, text, reference, self.bank_id())

    # --- what the books know ---------------------------------------------------------

    def rules(self) -> None:
        for branch in self.branches:
            self._remember(f"RALLY {branch.name}", branch)
        self._remember("FIGHTING FUND", None)

    def _remember(self, words: str, branch: Branch | None) -> None:
        remember_reference(words, appeal=self.year.appeal, branch=branch, made_by=self.user)

    def paying_in(self) -> None:
        day, branch = self.day(), self.dice.choice(self.branches)
        bag = record_collection(
            _uuid(self.dice),
            cash_of(self.year.appeal, branch=branch, amount=self.amount(), collected_on=day),
            recorded_by=self.user,
        ).collection
        slip = f"{self.dice.randrange(100, 400):06d}"
        if self.dice.random() < 0.6:
            slip = f"{self.dice.randrange(10**5, 10**6)}"
        banked = pay_in(
            _uuid(self.dice),
            banked_of([bag], slip_number=slip, paid_in_on=day),
            recorded_by=self.user,
        ).paying_in
        if self.dice.random() < 0.05:
            return  # lost on the way to the statement
        amount = banked.amount
        if self.dice.random() < 0.1:  # the bank counted otherwise
            amount -= gbp(self.dice.choice(["3.20", "-1", "0.50"]))
        shown = slip.lstrip("0") if self.dice.random() < 0.3 else slip
        words = "" if self.dice.random() < 0.1 else f" {shown}"
        late = timedelta(days=self.dice.randrange(4))
        line = self.told(day + late, amount, f"CASH PAID IN{words}")
        self.year.add(line, Kind.PAYING_IN, str(banked.pk))

    def payout(self) -> None:
        day, minor = self.day(), self.dice.choice([10000, 25050, self.dice.randrange(1, 10**6)])
        payout = FakePayout(f"po_{next(self._ids)}", minor, "gbp", day)
        self.year.payouts.append(payout)
        line = self.told(
            day + timedelta(days=self.dice.randrange(3)),
            Money(minor, "GBP") / 100,
            "STRIPE PAYMENTS UK LTD STRIPE",
        )
        self.year.add(line, Kind.PAYOUT, payout.stripe_id)

    def recorded_transfer(self) -> None:
        self._receipt(TransferReceipt.Method.TRANSFER, f"GIFT {self.dice.randrange(100, 130)}")

    def cheque(self) -> None:
        number = f"{self.dice.randrange(100000, 100200)}"
        self._receipt(TransferReceipt.Method.CHEQUE, f"slip 7, cheque {number}", shown=number)

    def _receipt(self, method: TransferReceipt.Method, reference: str, *, shown: str = "") -> None:
        day, amount = self.day(), self.amount()
        receipt = record_transfer(
            _uuid(self.dice),
            TransferFacts(
                appeal=self.year.appeal,
                branch=None,
                method=method,
                received_on=day,
                amount=amount,
                bank_reference=reference,
                given_by=GivenBy(),
            ),
            recorded_by=self.user,
        ).receipt
        line = self.told(day, amount, f"{method.label} {shown or reference}")
        self.year.add(line, Kind.TRANSFER, str(receipt.pk))
        if method == TransferReceipt.Method.CHEQUE and self.dice.random() < 0.2:
            later = day + timedelta(days=self.dice.randrange(2, 9))
            back = self.told(later, -amount, f"UNPAID CHEQUE {shown}")
            self.year.add(back, Kind.BOUNCED, str(receipt.pk))

    def standing_order(self) -> None:
        branch = self.dice.choice(self.branches)
        words = self.dice.choice([f"RALLY {branch.name.upper()}", f"rally {branch.name}"])
        line = self.told(self.day(), self.amount(), f"Payer {self.dice.randrange(99)}", words)
        self.year.add(line, Kind.RULE, f"RALLY {branch.name.upper()}")

    # --- what is none of our business ------------------------------------------------

    def noise(self) -> None:
        """Much like the rest: the same amounts, numbers, and some of the words."""
        text = self.dice.choice(
            [
                "RENT HALL",
                "CARD PAYMENT STATIONER 4421",
                f"CREDIT {self.dice.randrange(400, 1000)}",
                "RALLY OF THE LEEDS CYCLISTS",
                "HULL FIGHTING COCK FUND",
                "UNPAID DIRECT DEBIT 4711",
                "SUBSCRIPTION",
                "REFUND STRIPEY SHIRTS",
                "RETURNED PAYMENT RALLY LEEDS",
            ]
        )
        sign = 1 if self.dice.random() < 0.6 else -1
        self.year.add(self.told(self.day(), sign * self.amount(), text))


def _noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def _uuid(dice: random.Random) -> uuid.UUID:
    return uuid.UUID(int=dice.getrandbits(128), version=4)


def make_year(seed: int, *, size: int = 400) -> Year:
    return YearMaker(seed, size=size).make()
