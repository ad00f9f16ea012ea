"""Payouts: what is available leaves for the account's bank, arrives there, or comes back.

Source: docs.stripe.com/payouts, docs.stripe.com/api/payouts.
"""

from collections import Counter
from functools import partial

from payments.pretend_stripe.ledger import Movement, add_balance_transaction, is_available
from payments.pretend_stripe.money import working_days_after
from payments.pretend_stripe.wire import ApiError, Obj
from payments.pretend_stripe.world import World

_FAILURES = {
    "account_closed": "The bank account has been closed.",
    "could_not_process": "The bank could not process this payout.",
    "no_account": "The bank account could not be located.",
}
"""Source: docs.stripe.com/api/payouts/failures."""


def pay_out_daily(world: World) -> None:
    """At midnight: pay out what is available, when the knob ``automatic_payouts`` says so."""
    if world.knobs.automatic_payouts:
        pay_out(world)


def pay_out(world: World, *, currency: str | None = None, everything: bool = False) -> list[Obj]:
    """Pay out the available balance, a payout for each currency that has any.

    A balance below zero stays until more money has come.

    Args:
        world: Where it happens.
        currency: Lower-case code, for one only.
        everything: Also what is not available yet: it becomes so at once.
    """
    now = world.clock.stamp()
    taken = [
        one
        for one in world.not_paid_out.values()
        if currency in (None, one["currency"]) and (everything or is_available(world, one))
    ]
    sums: Counter[str] = Counter()
    for one in taken:
        sums[one["currency"]] += one["net"]
    made = []
    for of_currency, amount in sums.items():
        if amount <= 0:
            continue
        contents = [one for one in taken if one["currency"] == of_currency]
        for one in contents:
            one["available_on"] = min(one["available_on"], now)
        made.append(_make(world, contents, currency=of_currency, amount=amount))
    return made


def end_payout(
    world: World, payout_id: str, *, outcome: str, failure_code: str = "could_not_process"
) -> Obj:
    """The bank has answered now: the money has arrived, or it comes back to the balance.

    Args:
        world: Where it happens.
        payout_id: Which.
        outcome: paid, failed (also long after it was paid), or canceled.
        failure_code: Stripe's code for a failure.

    Raises:
        ApiError: It has ended otherwise already.
    """
    payout = world.payouts.get(payout_id, param="payout")
    may_end = {"pending", "in_transit"} | ({"paid"} if outcome == "failed" else set())
    if payout["status"] not in may_end:
        raise ApiError(f"Payout {payout_id} is {payout['status']} already.", param="payout")
    if outcome == "paid":
        # It has come: not later than today, whatever was expected.
        today = working_days_after(world.clock.stamp(), 0)
        payout["arrival_date"] = min(payout["arrival_date"], today)
        _arrive(world, payout_id)
        return payout
    transaction = add_balance_transaction(
        world,
        Movement(
            kind="payout_failure" if outcome == "failed" else "payout_cancel",
            source=payout_id,
            currency=payout["currency"],
            amount=payout["amount"],
            description=f"{payout['description']} ({outcome})",
        ),
    )
    payout |= {"status": outcome, "failure_balance_transaction": transaction["id"]}
    if outcome == "failed":
        payout |= {
            "failure_code": failure_code,
            "failure_message": _FAILURES.get(failure_code, "The payout failed."),
        }
    world.emit(f"payout.{outcome}", payout)
    return payout


def contents_of(world: World, payout_id: str) -> list[Obj]:
    """The balance transactions of a payout, its own among them, once they are reconciled."""
    if payout_id not in world.payouts:
        return []
    completed = world.payouts.get(payout_id)["reconciliation_status"] == "completed"
    return world.paid_out[payout_id] if completed else []


def _make(world: World, contents: list[Obj], *, currency: str, amount: int) -> Obj:
    created = world.clock.stamp()
    payout = world.payouts.add(
        new_payout(world.ids.mint("po_1"), currency=currency, amount=amount, created=created)
    )
    own = add_balance_transaction(world, movement_of(payout))
    payout["balance_transaction"] = own["id"]
    world.paid_out[payout["id"]] = [*contents, own]
    for one in world.paid_out[payout["id"]]:
        del world.not_paid_out[one["id"]]
    world.emit("payout.created", payout)
    payout_id = payout["id"]
    world.agenda.add(world.later(), partial(_send, world, payout_id), soon=True)
    world.agenda.add(world.later(), partial(_reconcile, world, payout_id), soon=True)
    world.agenda.add(payout["arrival_date"], partial(_arrive, world, payout_id), soon=False)
    return payout


def new_payout(payout_id: str, *, currency: str, amount: int, created: int) -> Obj:
    """An automatic payout (minor units) that begins at ``created`` and takes a working day."""
    return {
        "id": payout_id,
        "object": "payout",
        "amount": amount,
        "application_fee": None,
        "application_fee_amount": None,
        "arrival_date": working_days_after(created, 1),
        "automatic": True,
        "balance_transaction": None,
        "created": created,
        "currency": currency,
        "description": "STRIPE PAYOUT",
        "destination": "ba_1PretendBankAccount001",
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": {},
        "method": "standard",
        "original_payout": None,
        "payout_method": None,
        "reconciliation_status": "in_progress",
        "reversed_by": None,
        "source_type": "card",
        "statement_descriptor": None,
        "status": "pending",
        "trace_id": None,
        "type": "bank_account",
    }


def movement_of(payout: Obj) -> Movement:
    """What a payout does to the balance."""
    return Movement(
        kind="payout",
        source=payout["id"],
        currency=payout["currency"],
        amount=-payout["amount"],
        description=payout["description"],
    )


def _send(world: World, payout_id: str) -> None:
    payout = world.payouts.get(payout_id)
    if payout["status"] == "pending":
        payout["status"] = "in_transit"
        world.emit("payout.updated", payout, previous={"status": "pending"})


def _reconcile(world: World, payout_id: str) -> None:
    """From now on its balance transactions can be listed."""
    payout = world.payouts.get(payout_id)
    payout["reconciliation_status"] = "completed"
    world.emit("payout.reconciliation_completed", payout)


def _arrive(world: World, payout_id: str) -> None:
    payout = world.payouts.get(payout_id)
    if payout["status"] in {"pending", "in_transit"}:
        payout["status"] = "paid"
        world.emit("payout.paid", payout)
