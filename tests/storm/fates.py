"""What becomes of payments: refunds, orders, disputes and their ends, months, payouts."""

import random
from typing import TYPE_CHECKING, Any, Final

import stripe

from payments.stripe_gateway import OUR_METADATA_KEY
from tests.pretend_stripe.process import PretendStripe
from tests.storm.browser import GaveUpError
from tests.storm.crowd import Given
from tests.storm.gifts import Fate
from tests.storm.later import Later
from tests.storm.memory import Memory
from tests.storm.plan import Plan
from tests.storm.treasurer import Treasurer

if TYPE_CHECKING:
    from stripe.params import PaymentIntentCreateParams

_MOST_TRIES: Final = 40
_NO_ANSWER: Final = (stripe.APIConnectionError, stripe.APIError, stripe.RateLimitError)


class Fates:
    """Two threads: one does what happens at Stripe, one what the treasurer does.

    Everything is thrown with dice of its own, by the donor's number.
    """

    def __init__(
        self, plan: Plan, *, stripe: PretendStripe, treasurer: Treasurer, memory: Memory
    ) -> None:
        self._plan, self._stripe, self._treasurer, self._memory = plan, stripe, treasurer, memory
        self._at_stripe = Later("fates", on_error=self._note)
        self._at_desk = Later("treasurer", on_error=self._note)
        self._is_ending = False
        self._unfinished_payouts: list[str] = []

    def start(self) -> None:
        """Begin; money that no donor gave moves from time to time as well."""
        self._at_stripe.start()
        self._at_desk.start()
        self._at_stripe.add(2.0, self._move_other_money)

    def finish(self) -> None:
        """Let all that is still to come come now."""
        self._is_ending = True
        self._at_desk.finish()
        self._at_stripe.finish()

    def befall(self, given: Given) -> None:
        """Decide what becomes of a gift."""
        dice = self._plan.dice("fate", given.gift.number)
        fate, pence = given.gift.fate, given.gift.pence
        part = dice.randint(1, pence)
        match fate:
            case Fate.REFUNDED:
                self._soon(dice, lambda: self._refund(given, dice.choice((part, pence))))
            case Fate.REFUNDED_TWICE:
                self._soon(dice, lambda: self._refund(given, part))
                self._soon(dice, lambda: self._refund(given, pence - part))
            case Fate.ORDERED_BACK:
                self._order(given, part, tries=_MOST_TRIES)
            case Fate.ORDERED_AND_REFUNDED:
                self._order(given, part, tries=_MOST_TRIES)
                self._soon(dice, lambda: self._refund(given, dice.randint(1, pence)))
            case Fate.DISPUTED:
                self._soon(dice, lambda: self._dispute(given, dice))
            case Fate.PAID_TWICE:
                self._soon(dice, lambda: self._pay_again(given))
            case Fate.STAYS:
                pass
        if given.subscription:
            for _ in range(dice.randint(0, 3)):
                self._soon(dice, lambda: self._pass_month(given))

    def _soon(self, dice: random.Random, action: Any) -> None:
        self._at_stripe.add(dice.uniform(0.0, 8.0), action)

    def _refund(self, given: Given, pence: int) -> None:
        if pence:
            self._try("refunds at Stripe", "refund_in_dashboard", given, amount=pence)

    def _order(self, given: Given, pence: int, *, tries: int) -> None:
        """The treasurer finds the donation once it is booked, and looks again until then."""

        def go() -> None:
            if self._treasurer.order(given.reference, pence):
                self._memory.count("refunds ordered")
            elif tries and not self._is_ending:
                self._order(given, pence, tries=tries - 1)

        self._at_desk.add(2.0, go)

    def _dispute(self, given: Given, dice: random.Random) -> None:
        amount = {} if dice.random() < 0.7 else {"amount": dice.randint(1, given.gift.pence)}
        dispute = self._try("disputes", "dispute", given, **amount)
        if dispute is not None and dispute["status"] == "needs_response":
            self._soon(dice, lambda: self._close(dispute, dice))

    def _close(self, dispute: dict[str, Any], dice: random.Random) -> None:
        outcome = dice.choice(("won", "lost", "won in part", ""))
        asked: dict[str, Any] = {"dispute": dispute["id"], "outcome": outcome.split(" ")[0]}
        if outcome == "won in part" and dispute["amount"] > 1:
            asked["amount"] = dice.randint(1, dispute["amount"] - 1)
        if outcome:
            self._stripe.control("close_dispute", **asked)
            self._memory.count(f"disputes {outcome}")

    def _pay_again(self, given: Given) -> None:
        """Another payment for the same donation: a second tab, or a bank's own repetition."""
        asked: PaymentIntentCreateParams = {
            "amount": given.gift.pence,
            "currency": "gbp",
            "confirm": True,
            "payment_method": "pm_card_visa",
            "metadata": {OUR_METADATA_KEY: given.reference},
        }
        try:
            with self._stripe.sdk(retries=0) as sdk:
                intent = sdk.v1.payment_intents.create(
                    asked, {"idempotency_key": f"again-{given.reference}"}
                )
        except _NO_ANSWER:  # it may have been made: ask again under the same key until it is known
            self._at_stripe.add(1.0, lambda: self._pay_again(given))
            return
        self._memory.note_payment(intent.id, given.gift.home, given.gift.email)
        self._memory.count("paid twice")

    def _pass_month(self, given: Given) -> None:
        month = self._stripe.control("next_month", subscription=given.subscription)
        if month["payment_intent"]:
            self._memory.note_payment(month["payment_intent"], given.gift.home, given.gift.email)
        self._memory.count("months")

    def _move_other_money(self) -> None:
        """Payouts and how they end, Stripe's own fees, and money that is another shop's."""
        dice = self._plan.dice("other", self._memory.counts["other money"])
        self._memory.count("other money")
        for payout in self._unfinished_payouts:
            outcome = "failed" if dice.random() < 0.2 else "paid"
            self._stripe.control("end_payout", payout=payout, outcome=outcome)
            self._memory.count(f"payouts {outcome}")
        self._unfinished_payouts = []
        match dice.randrange(4):
            case 0 | 1:
                answer = self._stripe.http.post("/_pretend/payout", json={"all": True}).json()
                self._unfinished_payouts = [one["id"] for one in answer.get("payouts", [])]
            case 2:
                self._stripe.control("account_fee", amount=dice.randint(1, 500))
                self._memory.count("fees for the account")
            case 3:
                self._stripe.control("foreign_payment", amount=dice.randint(100, 9000))
                self._memory.count("payments of another shop")
        if not self._is_ending:
            self._at_stripe.add(dice.uniform(2.0, 6.0), self._move_other_money)

    def _try(self, what: str, control: str, given: Given, **asked: Any) -> dict[str, Any] | None:
        """What Stripe may refuse: there is not so much left, or the bank has it back already."""
        answer = self._stripe.http.post(
            f"/_pretend/{control}", json={"payment_intent": given.intent, **asked}
        )
        if answer.status_code != 200:
            self._memory.count(f"{what}, refused by Stripe")
            return None
        self._memory.count(what)
        made: dict[str, Any] = answer.json()
        return made

    def _note(self, error: Exception) -> None:
        if isinstance(error, GaveUpError):
            self._memory.count("things that did not happen, since nobody answered")
        else:
            self._memory.note_problem(f"a fate: {type(error).__name__}: {error}")
