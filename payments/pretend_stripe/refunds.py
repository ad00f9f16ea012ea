"""Refunds: whole or in part, once too much is refused, and some fail later."""

from functools import partial

from payments.pretend_stripe.disputes import check_not_disputed
from payments.pretend_stripe.ledger import Movement, add_balance_transaction
from payments.pretend_stripe.money import shown
from payments.pretend_stripe.params import Choice, Items, Metadata, Record, Text, Whole, merged
from payments.pretend_stripe.settlement import settle
from payments.pretend_stripe.wire import ApiError, Obj
from payments.pretend_stripe.world import World

CREATE = Record(
    {
        "amount": Whole(1),
        "charge": Text(),
        "expand": Items(Text()),
        "metadata": Metadata(),
        "payment_intent": Text(),
        "reason": Choice(("duplicate", "fraudulent", "requested_by_customer")),
    }
)


def create_refund(world: World, params: Obj) -> Obj:
    """Give money back; the whole rest when no amount is said.

    Args:
        world: Where it happens.
        params: As ``CREATE`` read them; amount in minor units of the payment's currency.

    Raises:
        ApiError: No such payment, one that took no money, or more than is left of it.
    """
    charge = _charge_of(world, params)
    check_not_disputed(world, charge)
    left = charge["amount"] - charge["amount_refunded"]
    if left == 0:
        raise ApiError(
            f"Charge {charge['id']} has already been refunded.",
            code="charge_already_refunded",
            kept=True,
        )
    amount: int = params.get("amount", left)
    if amount > left:
        raise ApiError(
            f"Refund amount ({shown(amount, charge['currency'])}) is greater than unrefunded "
            f"amount on charge ({shown(left, charge['currency'])})",
            param="amount",
            kept=True,
        )
    settle(world, charge["id"])
    refund = _new_refund(world, charge, params | {"amount": amount})
    world.refunds.add(refund)
    by_card = charge["payment_method_details"]["type"] == "card"
    transaction = add_balance_transaction(
        world,
        Movement(
            kind="refund" if by_card else "payment_refund",
            source=refund["id"],
            currency=refund["currency"],
            amount=-amount,
            description="REFUND FOR CHARGE"
            + (f" ({charge['description']})" * bool(charge["description"])),
        ),
    )
    refund["balance_transaction"] = transaction["id"]
    previous = _take_back(charge, amount)
    world.emit("refund.created", refund)
    world.emit("charge.refunded", charge, previous=previous)
    fails = world.knobs.falls(world.knobs.refund_fails)
    outcome = _fail if fails else _confirm
    world.agenda.add(world.later(), partial(outcome, world, refund["id"]), soon=True)
    return refund


def _charge_of(world: World, params: Obj) -> Obj:
    if ("charge" in params) == ("payment_intent" in params):
        raise ApiError(
            "One of the following params should be provided for this request: payment_intent or "
            "charge.",
            code="parameter_missing",
            param="payment_intent",
        )
    if "charge" in params:
        charge = world.charges.get(params["charge"], param="charge", status=400)
    else:
        intent = world.payment_intents.get(
            params["payment_intent"], param="payment_intent", status=400
        )
        if intent["status"] != "succeeded":
            raise ApiError(
                f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund.",
                param="payment_intent",
                kept=True,
            )
        charge = world.charges.get(intent["latest_charge"])
    if not charge["paid"]:
        raise ApiError(
            f"Charge {charge['id']} is failed and cannot be refunded.", param="charge", kept=True
        )
    return charge


def _new_refund(world: World, charge: Obj, params: Obj) -> Obj:
    """A refund: to a card it is done at once, to a bank account it is on its way for days."""
    refund: Obj = {
        "id": world.ids.mint("re_3"),
        "object": "refund",
        "amount": params["amount"],
        "balance_transaction": None,
        "charge": charge["id"],
        "created": world.clock.stamp(),
        "currency": charge["currency"],
        "metadata": merged({}, params.get("metadata")),
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
        "reason": params.get("reason"),
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
    }
    if charge["payment_method_details"]["type"] != "card":
        return refund | {"id": world.ids.mint("pyr_1"), "status": "pending"}
    return refund | {
        "destination_details": {
            "card": {
                "reference_status": "pending",
                "reference_type": "acquirer_reference_number",
                "type": "refund",
            },
            "type": "card",
        }
    }


def _take_back(charge: Obj, amount: int) -> Obj:
    """Move a charge's refunded amount; answer with what it was before.

    ``refunded`` is true only when nothing is left, as at Stripe.
    """
    before = {name: charge[name] for name in ("amount_refunded", "refunded")}
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    return {name: value for name, value in before.items() if charge[name] != value}


def _confirm(world: World, refund_id: str) -> None:
    """The money has come, and the card's bank gives a reference by which it can be found."""
    refund = world.refunds.get(refund_id)
    if refund["status"] == "pending":
        refund["status"] = "succeeded"
        world.emit("refund.updated", refund, previous={"status": "pending"})
        return
    before = refund["destination_details"]
    known = {"reference": world.ids.mint("", 23).upper(), "reference_status": "available"}
    refund["destination_details"] = before | {"card": before["card"] | known}
    world.emit("refund.updated", refund, previous={"destination_details": before})


def _fail(world: World, refund_id: str) -> None:
    """The card's bank sends the money back: it returns to the balance, and to the charge.

    Source: docs.stripe.com/refunds, "Failed refunds".
    """
    refund = world.refunds.get(refund_id)
    charge = world.charges.get(refund["charge"])
    transaction = add_balance_transaction(
        world,
        Movement(
            kind="refund_failure",
            source=refund["id"],
            currency=refund["currency"],
            amount=refund["amount"],
            description="REFUND FAILURE",
        ),
    )
    previous_status = refund["status"]
    refund |= {
        "status": "failed",
        "failure_reason": "expired_or_canceled_card",
        "failure_balance_transaction": transaction["id"],
    }
    previous = _take_back(charge, -refund["amount"])
    world.emit("refund.updated", refund, previous={"status": previous_status})
    world.emit("refund.failed", refund)
    world.emit("charge.updated", charge, previous=previous)
