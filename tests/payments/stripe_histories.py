"""Histories of card money as Stripe can produce them, and what the books must hold in the end.

A history is made event by event in true order; what it must come to is written down beside it,
from what happened and not from what our code makes of it.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from payments.models import CardDonation
from payments.stripe_gateway.amounts import to_stripe
from tests.stripe_events import (
    NOON,
    Event,
    charge_event,
    checkout_event,
    dispute_event,
    dispute_line,
    intent_event,
    payment_of,
    refund_event,
)

FAILED: Final = "checkout.session.async_payment_failed"
SUCCEEDED: Final = "checkout.session.async_payment_succeeded"


_WAITS: Final[dict[str, Any]] = {"balance_transaction": None}  # no line of Stripe's balance yet
_GOES: Final[dict[str, Any]] = {}

# How a refund may go, and what it comes to.
_REFUND_WAYS: Final[list[tuple[str, list[tuple[str, dict[str, Any]]]]]] = [
    ("went", [("succeeded", _GOES)]),
    ("went", [("pending", _GOES), ("succeeded", _GOES)]),
    ("went", [("requires_action", _WAITS), ("succeeded", _GOES)]),
    ("went", [("pending", _WAITS), ("succeeded", _GOES)]),
    ("came back", [("pending", _GOES), ("failed", _GOES)]),
    ("came back", [("succeeded", _GOES), ("failed", _GOES)]),
    ("came back", [("pending", _GOES), ("canceled", _GOES)]),
    ("never", [("pending", _WAITS), ("canceled", _WAITS)]),
    ("never", [("requires_action", _WAITS), ("failed", _WAITS)]),
]


@dataclass(frozen=True)
class Effect:
    """What an entry does, in minor units: to what is raised, and to what Stripe holds."""

    raised: int
    held: int


@dataclass
class History:
    """What Stripe tells of some donations, and what it must come to.

    ``last`` tells the last state of every object: what asking Stripe brings. ``refunds`` and
    ``disputes`` are those objects, by payment.
    """

    dice: random.Random
    events: list[Event] = field(default_factory=list)
    last: list[Event] = field(default_factory=list)
    refunds: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    disputes: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    entries: dict[str, Effect] = field(default_factory=dict)
    payments: dict[str, str] = field(default_factory=dict)
    promised: int = 0
    refund_stands: dict[str, bool] = field(default_factory=dict)
    dispute_ends: dict[str, str] = field(default_factory=dict)
    _now: int = NOON
    _made: int = 0

    def add(self, donation: CardDonation) -> None:
        """Let one donation take one of its roads, and its payments theirs."""
        road: Callable[[CardDonation], bool] = self.dice.choice(
            [self._paid, self._paid, self._paid_late, self._never_came, self._promised, self._left]
        )
        self._decline_some(donation)
        if road(donation):
            self._go_on(donation, payment_of(donation))
            if self.dice.random() < 0.25:
                self._pay_again(donation)

    # --- how a donation comes, or does not ---------------------------------------------------

    def _decline_some(self, donation: CardDonation) -> None:
        while self.dice.random() < 0.2:
            self._tell(
                intent_event(donation, "payment_intent.payment_failed", created=self._later())
            )

    def _paid(self, donation: CardDonation) -> bool:
        told = [checkout_event(donation, created=self._later())]
        told.append(intent_event(donation, created=self._now))
        told.append(charge_event(donation, "charge.succeeded", balance_transaction=None))
        self.dice.shuffle(told)
        self._tell(*told)
        self.last.append(intent_event(donation, created=self._now))
        self._received(donation, payment_of(donation))
        return True

    def _begin_late(self, donation: CardDonation) -> None:
        """A debit is promised: the session is complete, and nothing is paid."""
        self._tell(
            intent_event(donation, "payment_intent.processing", created=self._later()),
            checkout_event(donation, payment_status="unpaid", created=self._now),
        )

    def _paid_late(self, donation: CardDonation) -> bool:
        self._begin_late(donation)
        paid = checkout_event(donation, SUCCEEDED, created=self._later())
        self._tell(paid, intent_event(donation, created=self._now))
        self.last.append(intent_event(donation, created=self._now))
        self._received(donation, payment_of(donation))
        return True

    def _never_came(self, donation: CardDonation) -> bool:
        self._begin_late(donation)
        failed = {"payment_status": "unpaid", "created": self._later()}
        self._tell(
            intent_event(donation, "payment_intent.payment_failed", created=self._now),
            checkout_event(donation, FAILED, **failed),  # type: ignore[arg-type]
        )
        self.last.append(checkout_event(donation, FAILED, **failed))  # type: ignore[arg-type]
        return False

    def _promised(self, donation: CardDonation) -> bool:
        self._begin_late(donation)
        self.last.append(checkout_event(donation, payment_status="unpaid", created=self._now))
        self.promised += to_stripe(donation.amount)
        return False

    def _left(self, donation: CardDonation) -> bool:
        kind = "checkout.session.expired"
        expired = checkout_event(donation, kind, payment_status="unpaid", created=self._later())
        self._tell(expired)
        self.last.append(expired)
        return False

    def _pay_again(self, donation: CardDonation) -> None:
        payment = f"{payment_of(donation)}_again"
        told = checkout_event(donation, payment=payment, created=self._later())
        self._tell(told)
        self.last.append(told)
        self._received(donation, payment)
        self._go_on(donation, payment)

    def _received(self, donation: CardDonation, payment: str) -> None:
        amount = to_stripe(donation.amount)
        self.entries[f"stripe:{payment}:received"] = Effect(amount, amount)
        self.payments[payment] = str(donation.reference)

    # --- what becomes of money that came -----------------------------------------------------

    def _go_on(self, donation: CardDonation, payment: str) -> None:
        left = to_stripe(donation.amount)
        gone = 0
        for _ in range(self.dice.choice([0, 0, 1, 1, 2])):
            if left:
                amount = self.dice.choice([left, self.dice.randint(1, left)])
                left -= amount
                gone += self._refund(donation, payment, amount, gone=gone)
        for _ in range(self.dice.choice([0, 0, 0, 1, 1, 2])):
            self._dispute(donation, payment)

    def _refund(self, donation: CardDonation, payment: str, amount: int, *, gone: int) -> int:
        """Give something back, by one of Stripe's ways. Answers what the charge's sum grows by."""
        refund = self._name("re")
        made = self._later()
        way, states = self.dice.choice(_REFUND_WAYS)
        for number, (status, changes) in enumerate(states):
            kind = "refund.updated" if number else "refund.created"
            told: dict[str, Any] = {"amount": amount, "refund": refund, "created": made}
            told |= {"status": status, "told": self._soon(), "payment_intent": payment} | changes
            event = refund_event(donation, kind, **told)
            self._tell(event)
            if status == "failed":
                self._tell(refund_event(donation, "refund.failed", **told))
            if not number:
                charge = {"amount_refunded": gone + amount, "payment_intent": payment}
                self._tell(charge_event(donation, "charge.refunded", created=self._now, **charge))
        self.last.append(event)
        self.refunds.setdefault(payment, []).append(event["data"]["object"])
        if way != "never":
            self.entries[f"stripe:{refund}:refunded"] = Effect(-amount, -amount)
            self.refund_stands[refund] = way == "went"
        if way == "came back":
            self.entries[f"stripe:{refund}:failed"] = Effect(amount, amount)
        return amount if way == "went" else 0

    def _dispute(self, donation: CardDonation, payment: str) -> None:
        total = to_stripe(donation.amount)
        amount = self.dice.choice([total, total, self.dice.randint(1, total)])
        about: dict[str, Any] = {"dispute": self._name("du"), "payment_intent": payment}
        about |= {"amount": amount, "created": self._later()}
        lines: list[dict[str, Any]] = []

        def tell(kind: str, status: str) -> None:
            told = {"status": status, "lines": list(lines), "told": self._soon()}
            event = dispute_event(donation, f"charge.dispute.{kind}", **(about | told))
            self._tell(event)
            self._end = event

        is_inquiry = self.dice.random() < 0.3
        if is_inquiry:
            tell("created", "warning_needs_response")
            if self.dice.random() < 0.5:
                tell("updated", "warning_under_review")
        if not is_inquiry or self.dice.random() < 0.4:
            lines.append(self._line(-amount, fee=2000))
            tell("updated" if is_inquiry else "created", "needs_response")
            tell("funds_withdrawn", "needs_response")
            if self.dice.random() < 0.5:
                tell("updated", "under_review")
            self._decide(amount, lines, tell)
        elif self.dice.random() < 0.7:
            tell("closed", "warning_closed")
        thing = self._end["data"]["object"]
        self.last.append(self._end)
        self.disputes.setdefault(payment, []).append(thing)
        self.dispute_ends[thing["id"]] = thing["status"]

    def _decide(
        self, amount: int, lines: list[dict[str, Any]], tell: Callable[[str, str], None]
    ) -> None:
        """Won whole or in part, with the fee or without; lost; or not decided yet."""
        taken = lines[0]["id"]
        self.entries[f"stripe:{taken}:disputed"] = Effect(-amount, -amount)
        end = self.dice.choice(["won", "won", "lost", "open"])
        if end == "won":
            back = self.dice.choice([amount, amount, self.dice.randint(1, amount)])
            lines.append(self._line(back, fee=self.dice.choice([0, -2000])))
            returned = lines[1]["id"]
            self.entries[f"stripe:{returned}:reinstated"] = Effect(amount, amount)
            if back < amount:
                self.entries[f"stripe:{returned}:kept"] = Effect(back - amount, back - amount)
            tell("funds_reinstated", "won")
        if end != "open":
            tell("closed", end)

    def _line(self, amount: int, *, fee: int) -> dict[str, Any]:
        line = self._name("txn")
        if fee:
            self.entries[f"stripe:{line}:fee"] = Effect(0, -fee)
        return dispute_line(amount, line=line, fee=fee, created=self._later())

    # --- the clock, names, and the telling ---------------------------------------------------

    def _later(self) -> int:
        self._now += self.dice.randint(1, 90_000)
        return self._now

    def _soon(self) -> int:
        """Often within the same second."""
        self._now += self.dice.choice([0, 0, 1, 90_000])
        return self._now

    def _name(self, prefix: str) -> str:
        self._made += 1
        return f"{prefix}_{self._made}"

    def _tell(self, *events: Event) -> None:
        self.events += events
