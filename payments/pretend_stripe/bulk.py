"""A past made up at once: many payments, with what became of them, for tests at scale.

No event tells of it and nothing waits: it is as if the account had stood for months.
"""

import random
from collections import defaultdict
from dataclasses import dataclass, field
from functools import partial
from uuid import NAMESPACE_URL, uuid5

from payments.pretend_stripe import disputes, payouts, refunds, settlement
from payments.pretend_stripe.dispute_shapes import new_dispute
from payments.pretend_stripe.intents import new_direct_payment
from payments.pretend_stripe.ledger import Movement, new_balance_transaction
from payments.pretend_stripe.wire import Obj
from payments.pretend_stripe.world import World

_DAY_SECONDS = 24 * 60 * 60
_MOST_PAYMENTS = 500_000
_MOST_ADRIFT = 20 * _DAY_SECONDS
"""How long after its payment a refund or a dispute comes at most."""


@dataclass(frozen=True, kw_only=True)
class Past:
    """What to make up.

    Attributes:
        payments: How many.
        days: Over how many days, up to now, they are spread.
        amounts: Least and most of each, minor units.
        currency: Lower-case code.
        refund_share: Share of the payments (0 to 1) that are refunded, half of them in part.
        dispute_share: Share of the payments that are disputed; a third is won, a third lost, the
            rest is open. A payment is refunded or disputed, never both.
        payout_every_days: A payout each so many midnights; 0 for none.
        account_fees: How many fees of the account itself.
        metadata: On each payment; ``{reference}`` stands for its own reference.
        reference_prefix: The n-th payment's reference is the UUID (version 5, namespace URL) of
            this text and n, counted from 0.
        seed: The same past again (but for the ids of Stripe's objects).
    """

    payments: int
    days: int = 90
    amounts: tuple[int, int] = (200, 10_000)
    currency: str = "gbp"
    refund_share: float = 0.0
    dispute_share: float = 0.0
    payout_every_days: int = 1
    account_fees: int = 0
    metadata: dict[str, str] = field(default_factory=dict)
    reference_prefix: str = "bulk-"
    seed: int = 0

    def __post_init__(self) -> None:
        least, most = self.amounts
        if not 1 <= least <= most:
            raise ValueError("amounts must be [least, most], minor units")
        shares = (self.refund_share, self.dispute_share)
        if min(shares) < 0 or sum(shares) > 1:
            raise ValueError("the shares must lie between 0 and 1, also together")
        if not (1 <= self.payments <= _MOST_PAYMENTS and self.days >= 1):
            raise ValueError(f"payments must be 1 to {_MOST_PAYMENTS}, days at least 1")
        if min(self.payout_every_days, self.account_fees) < 0:
            raise ValueError("payout_every_days and account_fees cannot be negative")

    def reference(self, number: int) -> str:
        """The reference of the n-th payment."""
        return str(uuid5(NAMESPACE_URL, f"{self.reference_prefix}{number}"))


class _Maker:
    """Makes up one past."""

    def __init__(self, world: World, past: Past) -> None:
        self.world = world
        self.past = past
        self.dice = random.Random(past.seed)
        self.end = world.clock.stamp()
        self.start = self.end - past.days * _DAY_SECONDS
        self.intents: list[Obj] = []
        self.charges: list[Obj] = []
        self.refunds: list[Obj] = []
        self.disputes: list[Obj] = []
        self.payouts: list[Obj] = []
        self.lines: list[Obj] = []

    def move(self, movement: Movement, *, created: int) -> Obj:
        line = new_balance_transaction(self.world.ids.mint("txn_3"), movement, created=created)
        self.lines.append(line)
        return line

    def pay(self) -> None:
        past, mint = self.past, self.world.ids.mint
        intent_like, charge_like = new_direct_payment(
            self.world,
            {
                "amount": past.amounts[1],
                "currency": past.currency,
                "payment_method": "pm_card_visa",
            },
        )
        span = self.end - self.start
        for number in range(past.payments):
            created = self.start + span * number // past.payments
            reference = past.reference(number)
            metadata = {
                key: value.replace("{reference}", reference) for key, value in past.metadata.items()
            }
            amount = self.dice.randint(*past.amounts)
            intent_id, charge_id = mint("pi_3"), mint("ch_3")
            said = {"amount": amount, "created": created, "metadata": metadata}
            charge = (
                charge_like
                | said
                | {
                    "id": charge_id,
                    "amount_captured": amount,
                    "payment_intent": intent_id,
                }
            )
            line = self.move(settlement.movement_of(charge), created=created)
            charge["balance_transaction"] = line["id"]
            self.charges.append(charge)
            self.intents.append(
                intent_like
                | said
                | {
                    "id": intent_id,
                    "amount_received": amount,
                    "client_secret": f"{intent_id}_secret_{number}",
                    "latest_charge": charge_id,
                }
            )
            self._undo(charge)

    def charge_fees(self) -> None:
        for number in range(self.past.account_fees):
            created = self.start + (self.end - self.start) * number // self.past.account_fees
            fee = Movement(
                kind="stripe_fee",
                source=None,
                currency=self.past.currency,
                amount=-self.dice.randint(10, 500),
                description="Radar for Fraud Teams",
            )
            self.move(fee, created=created)

    def pay_out(self) -> None:
        """Midnight by midnight: what has become available since the last payout."""
        every = self.past.payout_every_days * _DAY_SECONDS
        if not every:
            return
        ready: defaultdict[int, list[Obj]] = defaultdict(list)
        for line in self.lines:
            ready[-(-line["available_on"] // every) * every].append(line)
        waiting: list[Obj] = []
        for midnight in sorted(ready):
            if midnight > self.end:
                break
            waiting += ready[midnight]
            amount = sum(line["net"] for line in waiting)
            if amount > 0:
                self._pay_out(waiting, amount=amount, created=midnight)
                waiting = []

    def keep(self) -> None:
        """Put all of it into the world."""
        world = self.world
        world.payment_intents.add_past(self.intents)
        world.charges.add_past(self.charges)
        world.refunds.add_past(self.refunds)
        world.disputes.add_past(self.disputes)
        world.payouts.add_past(self.payouts)
        world.balance_transactions.add_past(self.lines)
        waiting = {line["id"]: line for line in self.lines}
        for payout in self.payouts:
            contents = world.balance_transactions.in_order(world.paid_out[payout["id"]])
            world.paid_out[payout["id"]] = contents
            for line in contents:
                del waiting[line["id"]]
            if payout["status"] == "in_transit":
                action = partial(payouts.arrive, world, payout["id"])
                world.agenda.add(payout["arrival_date"], action, soon=False)
        world.not_paid_out |= waiting

    def _undo(self, charge: Obj) -> None:
        """Refund it, let it be disputed, or neither."""
        thrown = self.dice.random()
        at = min(charge["created"] + self.dice.randrange(1, _MOST_ADRIFT), self.end)
        if thrown < self.past.refund_share:
            self._refund(charge, at=at)
        elif thrown < self.past.refund_share + self.past.dispute_share:
            self._dispute(charge, at=at)

    def _refund(self, charge: Obj, *, at: int) -> None:
        whole = self.dice.random() < 0.5 or charge["amount"] < 2
        amount = charge["amount"] if whole else charge["amount"] // 2
        refund = refunds.new_refund(self.world, charge, {"amount": amount}) | {"created": at}
        line = self.move(refunds.movement_of(charge, refund), created=at)
        refund["balance_transaction"] = line["id"]
        charge |= {"amount_refunded": amount, "refunded": whole}
        self.refunds.append(refund)

    def _dispute(self, charge: Obj, *, at: int) -> None:
        status = self.dice.choice(("needs_response", "won", "lost"))
        dispute = new_dispute(
            self.world, charge, amount=charge["amount"], reason="fraudulent", status=status
        ) | {"created": at, "is_charge_refundable": status == "won"}
        movements = [(disputes.withdrawal_of(dispute), at)]
        if status == "won":
            returned = disputes.reinstatement_of(
                dispute,
                amount=dispute["amount"],
                fee_returned=self.world.knobs.dispute_fee_returned,
            )
            movements.append((returned, min(at + _MOST_ADRIFT, self.end)))
        dispute["balance_transactions"] = [
            self.move(movement, created=created) for movement, created in movements
        ]
        charge["disputed"] = True
        self.disputes.append(dispute)

    def _pay_out(self, contents: list[Obj], *, amount: int, created: int) -> None:
        payout = payouts.new_payout(
            self.world.ids.mint("po_1"),
            currency=self.past.currency,
            amount=amount,
            created=created,
        )
        own = self.move(payouts.movement_of(payout), created=created)
        payout |= {
            "balance_transaction": own["id"],
            "reconciliation_status": "completed",
            "status": "paid" if payout["arrival_date"] <= self.end else "in_transit",
        }
        self.world.paid_out[payout["id"]] = [*contents, own]
        self.payouts.append(payout)


def make_past(world: World, past: Past) -> list[Obj]:
    """Make a past up, and tell of each payment: reference, ids, amount, moment, and its undoing.

    Args:
        world: Where it has happened.
        past: What.
    """
    maker = _Maker(world, past)
    maker.pay()
    maker.charge_fees()
    maker.pay_out()
    maker.keep()
    return [
        {
            "reference": past.reference(number),
            "payment_intent": charge["payment_intent"],
            "charge": charge["id"],
            "amount": charge["amount"],
            "amount_refunded": charge["amount_refunded"],
            "disputed": charge["disputed"],
            "created": charge["created"],
        }
        for number, charge in enumerate(maker.charges)
    ]
