"""Controls of money that moves without a donor: disputes, payouts, fees, money not ours."""

from payments.pretend_stripe import bacs, disputes, intents, payouts
from payments.pretend_stripe.control_params import Control, ControlError, needed, take, take_amount
from payments.pretend_stripe.ledger import Movement, add_balance_transaction
from payments.pretend_stripe.money import currency_named
from payments.pretend_stripe.wire import Obj
from payments.pretend_stripe.world import World

_PAYOUT_OUTCOMES = ("paid", "failed", "canceled")


def charge_named(world: World, intent: str | None, charge: str | None) -> str:
    """The id of the charge that is meant, by itself or by its payment intent."""
    if (intent is None) == (charge is None):
        raise ControlError("payment_intent or charge is needed")
    if charge is not None:
        return charge
    latest = world.payment_intents.get(str(intent), param="payment_intent")["latest_charge"]
    return str(needed(latest, "a payment_intent with a charge"))


async def _dispute(world: World, asked: Obj) -> Obj:
    """``{payment_intent|charge, amount?, reason?, inquiry?}``: the donor's bank takes it back."""
    intent, charge, amount, reason, inquiry = take(
        asked, payment_intent=str, charge=str, amount=int, reason=str, inquiry=bool
    )
    return disputes.open_dispute(
        world,
        charge_named(world, intent, charge),
        amount=take_amount(amount),
        reason=reason,
        inquiry=bool(inquiry),
    )


async def _escalate(world: World, asked: Obj) -> Obj:
    """``{dispute}``: an inquiry becomes a chargeback, and the money goes."""
    (dispute,) = take(asked, dispute=str)
    return disputes.escalate_dispute(world, needed(dispute, "dispute"))


async def _close(world: World, asked: Obj) -> Obj:
    """``{dispute, outcome: won|lost, amount?, fee_returned?}``: the bank has decided.

    ``amount`` is what a win returns when that is less than was withdrawn.
    """
    dispute, outcome, amount, fee_returned = take(
        asked, dispute=str, outcome=str, amount=int, fee_returned=bool
    )
    if outcome not in ("won", "lost"):
        raise ControlError("outcome must be won or lost")
    return disputes.close_dispute(
        world,
        needed(dispute, "dispute"),
        outcome=outcome,
        amount=take_amount(amount),
        fee_returned=fee_returned,
    )


async def _pay_out(world: World, asked: Obj) -> Obj:
    """``{currency?, all?}``: pay out now what is available, with ``all`` what is pending too."""
    currency, everything = take(asked, currency=str, all=bool)
    made = payouts.pay_out(
        world, currency=currency and currency.lower(), everything=bool(everything)
    )
    if not made:
        raise ControlError("nothing can be paid out; all:true takes what is pending too")
    return {"payouts": made}


async def _end_payout(world: World, asked: Obj) -> Obj:
    """``{payout, outcome: paid|failed|canceled, failure_code?}``: the bank has answered now."""
    payout, outcome, code = take(asked, payout=str, outcome=str, failure_code=str)
    if outcome not in _PAYOUT_OUTCOMES:
        raise ControlError(f"outcome must be one of {', '.join(_PAYOUT_OUTCOMES)}")
    return payouts.end_payout(
        world,
        needed(payout, "payout"),
        outcome=outcome,
        failure_code=code or "could_not_process",
    )


async def _charge_fee(world: World, asked: Obj) -> Obj:
    """``{amount, currency?, description?}``: Stripe charges the account itself, for Radar say."""
    amount, currency, description = take(asked, amount=int, currency=str, description=str)
    code, _ = currency_named(currency or "gbp", param="currency")
    return add_balance_transaction(
        world,
        Movement(
            kind="stripe_fee",
            source=None,
            currency=code,
            amount=-needed(take_amount(amount), "amount"),
            description=description or "Radar for Fraud Teams",
        ),
    )


async def _move_oddly(world: World, asked: Obj) -> Obj:
    """``{type, amount, fee?, currency?, reporting_category?, description?}``: any movement.

    With a type that Stripe has not published yet it is one that nobody can know.
    """
    kind, amount, fee, currency, category, description = take(
        asked,
        type=str,
        amount=int,
        fee=int,
        currency=str,
        reporting_category=str,
        description=str,
    )
    code, _ = currency_named(currency or "gbp", param="currency")
    return add_balance_transaction(
        world,
        Movement(
            kind=needed(kind, "type"),
            source=None,
            currency=code,
            amount=needed(amount, "amount"),
            fee=fee or 0,
            category=category,
            description=description,
        ),
    )


async def _pay_as_stranger(world: World, asked: Obj) -> Obj:
    """``{amount, currency?, description?, without_intent?}``: money that is not ours.

    A payment on the account without a Checkout and without metadata, as another shop's; with
    ``without_intent`` a charge that no payment intent stands behind, as of old.
    """
    amount, currency, description, bare = take(
        asked, amount=int, currency=str, description=str, without_intent=bool
    )
    params = {
        "amount": needed(take_amount(amount), "amount"),
        "currency": currency or "gbp",
        "description": description or "Another shop's sale",
        "payment_method": "pm_card_visa",
        "confirm": True,
    }
    if bare:
        charge = intents.create_bare_charge(world, params)
    else:
        charge = world.charges.get(intents.create_intent(world, params)["latest_charge"])
    return {"payment_intent": charge["payment_intent"], "charge": charge["id"]}


async def _end_debit(world: World, asked: Obj) -> Obj:
    """``{payment_intent, failure_code?, disputed?}``: the donor's bank answers now.

    It pays, unless a failure code is said: insufficient_funds, debit_not_authorized …
    """
    intent, code, disputed = take(asked, payment_intent=str, failure_code=str, disputed=bool)
    intent_id = needed(intent, "payment_intent")
    bacs.end_debit(world, intent_id, failure=code, disputed=bool(disputed))
    return world.payment_intents.get(intent_id)


MONEY_CONTROLS: dict[tuple[str, str], Control] = {
    ("POST", "dispute"): _dispute,
    ("POST", "escalate_dispute"): _escalate,
    ("POST", "close_dispute"): _close,
    ("POST", "payout"): _pay_out,
    ("POST", "end_payout"): _end_payout,
    ("POST", "account_fee"): _charge_fee,
    ("POST", "end_debit"): _end_debit,
    ("POST", "foreign_payment"): _pay_as_stranger,
    ("POST", "odd_transaction"): _move_oddly,
}
