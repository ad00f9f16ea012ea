"""Disputes: the bank takes a payment back, and may return it. Also years later.

Source: docs.stripe.com/disputes/how-disputes-work, docs.stripe.com/api/disputes.
"""

from functools import partial

from payments.pretend_stripe.cards import KnownCard
from payments.pretend_stripe.dispute_shapes import new_dispute
from payments.pretend_stripe.ledger import Movement, add_balance_transaction
from payments.pretend_stripe.money import CURRENCIES, shown
from payments.pretend_stripe.params import merged
from payments.pretend_stripe.settlement import settle
from payments.pretend_stripe.wire import ApiError, Obj
from payments.pretend_stripe.world import World

_ENDED = frozenset({"lost", "prevented", "warning_closed", "won"})
_INQUIRIES = frozenset({"warning_closed", "warning_needs_response", "warning_under_review"})


def open_dispute(
    world: World,
    charge_id: str,
    *,
    amount: int | None = None,
    reason: str | None = None,
    inquiry: bool = False,
) -> Obj:
    """The donor tells the bank that the payment was wrong.

    A chargeback takes the money and a fee from the balance at once; an inquiry takes nothing. A
    direct debit has neither evidence nor appeal: its dispute is lost from the start.

    Args:
        world: Where it happens.
        charge_id: The payment.
        amount: Minor units; what is not refunded unless said (all of it when nothing is left).
        reason: Stripe's word for it; fraudulent, for a direct debit debit_not_authorized.
        inquiry: Whether the bank only asks. A direct debit knows no inquiry.

    Raises:
        ApiError: No such payment, one that took no money, or more than was paid.
    """
    charge = world.charges.get(charge_id, param="charge", status=400)
    by_card = charge["payment_method_details"]["type"] == "card"
    if not charge["paid"]:
        raise ApiError(f"Charge {charge_id} took no money.", param="charge")
    if amount is not None and amount > charge["amount"]:
        raise ApiError(
            f"Charge {charge_id} was {shown(charge['amount'], charge['currency'])} only.",
            param="amount",
        )
    if inquiry and not by_card:
        raise ApiError("Only a card's bank inquires.", param="inquiry")
    settle(world, charge_id)
    dispute = world.disputes.add(
        new_dispute(
            world,
            charge,
            amount=amount or charge["amount"] - charge["amount_refunded"] or charge["amount"],
            reason=reason or ("fraudulent" if by_card else "debit_not_authorized"),
            status="warning_needs_response" if inquiry else "needs_response" if by_card else "lost",
        )
    )
    charge["disputed"] = True
    if not inquiry:
        _withdraw(world, dispute)
    world.emit("charge.dispute.created", dispute)
    if not inquiry:
        world.emit("charge.dispute.funds_withdrawn", dispute)
    if dispute["status"] == "lost":
        world.emit("charge.dispute.closed", dispute)
    return dispute


def dispute_by_card(world: World, charge_id: str, card: KnownCard) -> None:
    """What the test cards for disputes bring about soon after the payment."""
    if card.dispute_reason is not None:
        action = partial(
            open_dispute,
            world,
            charge_id,
            reason=card.dispute_reason,
            inquiry=card.dispute_is_inquiry,
        )
        world.agenda.add(world.later(), action, soon=True)


def check_not_disputed(world: World, charge: Obj) -> None:
    """Refuse to refund what the bank has taken back already.

    Raises:
        ApiError: A dispute of the charge is open or lost.
    """
    for dispute in world.disputes.having("charge", charge["id"]):
        if not dispute["is_charge_refundable"]:
            raise ApiError(
                f"Charge {charge['id']} has been charged back; cannot issue a refund.",
                code="charge_disputed",
                kept=True,
            )


def escalate_dispute(world: World, dispute_id: str) -> Obj:
    """The bank's question was not enough: the inquiry becomes a chargeback.

    Raises:
        ApiError: It is no open inquiry.
    """
    dispute = _open_dispute(world, dispute_id)
    if dispute["status"] not in _INQUIRIES:
        raise ApiError(f"Dispute {dispute_id} is no inquiry.", param="dispute")
    before = {name: dispute[name] for name in ("status", "is_charge_refundable")}
    dispute |= {"status": "needs_response", "is_charge_refundable": False}
    _withdraw(world, dispute)
    world.emit("charge.dispute.updated", dispute, previous=before)
    world.emit("charge.dispute.funds_withdrawn", dispute)
    return dispute


def update_dispute(world: World, dispute_id: str, params: Obj) -> Obj:
    """Answer the bank; two texts decide what it says to that, as in Stripe's test mode.

    Source: docs.stripe.com/testing, "Evidence": winning_evidence, losing_evidence.

    Raises:
        ApiError: The dispute has ended.
    """
    dispute = _open_dispute(world, dispute_id)
    before = {
        name: dispute[name] for name in ("evidence", "evidence_details", "metadata", "status")
    }
    dispute["evidence"] = dispute["evidence"] | params.get("evidence", {})
    dispute["metadata"] = merged(dispute["metadata"], params.get("metadata"))
    if params.get("submit", True) and "evidence" in params:
        dispute["evidence_details"] = dispute["evidence_details"] | {
            "has_evidence": True,
            "submission_count": dispute["evidence_details"]["submission_count"] + 1,
        }
        dispute["status"] = _under_review(dispute["status"])
        outcome = {"winning_evidence": "won", "losing_evidence": "lost"}.get(
            params["evidence"].get("uncategorized_text", "")
        )
        if outcome:
            action = partial(_close_if_open, world, dispute_id, outcome=outcome)
            world.agenda.add(world.later(), action, soon=True)
    changed = {name: value for name, value in before.items() if dispute[name] != value}
    world.emit("charge.dispute.updated", dispute, previous=changed)
    return dispute


def close_dispute(
    world: World,
    dispute_id: str,
    *,
    outcome: str,
    amount: int | None = None,
    fee_returned: bool | None = None,
) -> Obj:
    """The bank has decided. An inquiry ends with no money moved, whatever the outcome.

    Args:
        world: Where it happens.
        dispute_id: Which.
        outcome: won or lost.
        amount: What a win returns, minor units; all that was withdrawn unless said.
        fee_returned: Whether a win returns the fee too; as the knob says unless said.

    Raises:
        ApiError: It has ended already, or more is to come back than went.
    """
    dispute = _open_dispute(world, dispute_id)
    if amount is not None and not 0 < amount <= dispute["amount"]:
        raise ApiError("A win returns something, and no more than was withdrawn.", param="amount")
    if dispute["status"] in _INQUIRIES:
        dispute["status"] = "warning_closed"
    else:
        dispute["status"] = outcome
        if outcome == "won":
            returns = world.knobs.dispute_fee_returned if fee_returned is None else fee_returned
            _reinstate(world, dispute, amount=amount or dispute["amount"], fee_returned=returns)
            world.emit("charge.dispute.funds_reinstated", dispute)
    world.emit("charge.dispute.closed", dispute)
    return dispute


def _close_if_open(world: World, dispute_id: str, *, outcome: str) -> None:
    if world.disputes.get(dispute_id)["status"] not in _ENDED:
        close_dispute(world, dispute_id, outcome=outcome)


def _open_dispute(world: World, dispute_id: str) -> Obj:
    dispute = world.disputes.get(dispute_id, param="dispute")
    if dispute["status"] in _ENDED:
        raise ApiError(f"This dispute is already closed: {dispute['status']}.", param="dispute")
    return dispute


def _under_review(status: str) -> str:
    return "warning_under_review" if status in _INQUIRIES else "under_review"


def _withdraw(world: World, dispute: Obj) -> None:
    transaction = add_balance_transaction(
        world,
        Movement(
            kind="adjustment",
            category="dispute",
            source=dispute["id"],
            currency=dispute["currency"],
            amount=-dispute["amount"],
            fee=CURRENCIES[dispute["currency"]].dispute_fee,
            fee_text="Dispute fee",
            description=f"Chargeback withdrawal for {dispute['charge']}",
        ),
    )
    dispute["balance_transactions"] = [*dispute["balance_transactions"], transaction]


def _reinstate(world: World, dispute: Obj, *, amount: int, fee_returned: bool) -> None:
    transaction = add_balance_transaction(
        world,
        Movement(
            kind="adjustment",
            category="dispute_reversal",
            source=dispute["id"],
            currency=dispute["currency"],
            amount=amount,
            fee=-CURRENCIES[dispute["currency"]].dispute_fee if fee_returned else 0,
            fee_text="Dispute fee returned",
            description=f"Chargeback reversal for {dispute['charge']}",
        ),
    )
    dispute["balance_transactions"] = [*dispute["balance_transactions"], transaction]
    dispute["is_charge_refundable"] = True
