"""Bacs Direct Debit: the donor promises, and the bank pays or refuses days later.

Source: docs.stripe.com/payments/bacs-debit, docs.stripe.com/payments/bacs-debit/accept-a-payment.
"""

from dataclasses import dataclass
from functools import partial

from payments.pretend_stripe.bacs_shapes import new_bank_method, new_debit, new_mandate
from payments.pretend_stripe.card_payment import (
    add_customer_when_asked,
    complete_session,
    fail_intent,
    intent_of,
)
from payments.pretend_stripe.cards import Refusal
from payments.pretend_stripe.checkout import Checkout
from payments.pretend_stripe.disputes import open_dispute
from payments.pretend_stripe.settlement import settle
from payments.pretend_stripe.wire import ApiError, Obj
from payments.pretend_stripe.world import World

SORT_CODE = "108800"
"""The one bank of all test accounts."""


@dataclass(frozen=True, kw_only=True)
class BankAccount:
    """A test account, and what becomes of a debit from it.

    Attributes:
        failure: Stripe's code for a debit that the bank refuses days later.
        disputed: Whether the donor takes the money back soon after it was paid.
    """

    number: str
    hint: str
    failure: str | None = None
    disputed: bool = False


NOT_AUTHORIZED = "debit_not_authorized"
INSUFFICIENT = "insufficient_funds"

ACCOUNTS = (
    BankAccount(number="00012345", hint="paid, days later"),
    BankAccount(number="33333335", hint="refused days later", failure=NOT_AUTHORIZED),
    BankAccount(number="22222227", hint="insufficient funds, days later", failure=INSUFFICIENT),
    BankAccount(number="00034567", hint="paid, then taken back", disputed=True),
)
"""Source of the first three: docs.stripe.com/payments/bacs-debit/accept-a-payment, "Test your
integration". The last is the stand-in's own."""

_MESSAGES = {
    NOT_AUTHORIZED: "The payment was not authorised by the customer's bank.",
    INSUFFICIENT: "The customer's account has insufficient funds to cover this payment.",
}

WRONG_SORT_CODE = Refusal(
    "routing_number_invalid", "Your sort code is incorrect.", field="sort_code"
)
WRONG_ACCOUNT = Refusal(
    "account_number_invalid", "Your account number is incorrect.", field="account_number"
)


@dataclass(frozen=True)
class Promised:
    """The bank has been asked; it answers days later."""


@dataclass(frozen=True, kw_only=True)
class BankEntry:
    """What the donor typed."""

    sort_code: str
    account_number: str
    name: str
    email: str
    address: Obj


def find_account(entry: BankEntry) -> BankAccount | Refusal:
    """The test account that was typed, or what is wrong with what was typed."""
    if _digits(entry.sort_code) != SORT_CODE:
        return WRONG_SORT_CODE
    number = _digits(entry.account_number)
    found = [account for account in ACCOUNTS if account.number == number]
    return found[0] if found else WRONG_ACCOUNT


def promise(world: World, checkout: Checkout, entry: BankEntry) -> Promised | Refusal:
    """Take a donor's mandate for an open session: it completes unpaid, and the bank is asked.

    Raises:
        ApiError: The session is not open, or does not offer Bacs Direct Debit.
    """
    session = checkout.session
    if session["status"] != "open":
        raise ApiError(f"This Checkout Session is {session['status']}.", param="session")
    if "bacs_debit" not in session["payment_method_types"]:
        raise ApiError("This Checkout Session does not offer bacs_debit.", param="session")
    account = find_account(entry)
    if isinstance(account, Refusal):
        return account
    checkout.challenge = None
    method = world.payment_methods.add(
        new_bank_method(
            world,
            sort_code=SORT_CODE,
            account_number=account.number,
            name=entry.name,
            email=entry.email,
            address=entry.address,
        )
    )
    intent = intent_of(world, checkout)
    add_customer_when_asked(world, session, intent, method)
    mandate = world.mandates.add(new_mandate(world, method))
    debit = world.charges.add(new_debit(world, intent=intent, method=method, mandate=mandate))
    intent |= {
        "status": "processing",
        "payment_method": method["id"],
        "latest_charge": debit["id"],
        "last_payment_error": None,
    }
    world.emit("charge.pending", debit)
    world.emit("payment_intent.processing", intent)
    complete_session(world, checkout, method, payment_status="unpaid")
    world.agenda.add(world.later(), partial(_accept_mandate, world, mandate["id"]), soon=True)
    world.agenda.add(
        world.clock.now() + world.knobs.between(world.knobs.bacs_delay_seconds),
        partial(_end_when_due, world, intent["id"], account),
        soon=False,
    )
    return Promised()


def end_debit(world: World, intent_id: str, *, failure: str | None, disputed: bool = False) -> None:
    """The donor's bank has answered: it pays, or it refuses with a code of Stripe's.

    Raises:
        ApiError: No debit of that intent is on its way.
    """
    intent = world.payment_intents.get(intent_id, param="payment_intent")
    if intent["status"] != "processing":
        raise ApiError(f"PaymentIntent {intent_id} is {intent['status']}.", param="payment_intent")
    debit = world.charges.get(intent["latest_charge"])
    (session,) = (one for one in world.sessions if one["payment_intent"] == intent_id)
    if failure is not None:
        _refuse(world, intent, debit, session, code=failure)
        return
    debit |= {"paid": True, "status": "succeeded"}
    intent |= {"status": "succeeded", "amount_received": intent["amount"]}
    session["payment_status"] = "paid"
    world.emit("charge.succeeded", debit)
    world.emit("payment_intent.succeeded", intent)
    world.emit("checkout.session.async_payment_succeeded", session)
    world.agenda.add(world.later(), partial(settle, world, debit["id"]), soon=True)
    if disputed:
        world.agenda.add(world.later(), partial(open_dispute, world, debit["id"]), soon=True)


def _end_when_due(world: World, intent_id: str, account: BankAccount) -> None:
    if world.payment_intents.get(intent_id)["status"] == "processing":
        end_debit(world, intent_id, failure=account.failure, disputed=account.disputed)


def _refuse(world: World, intent: Obj, debit: Obj, session: Obj, *, code: str) -> None:
    message = _MESSAGES.get(code, "The customer's bank refused the payment.")
    debit |= {
        "amount_captured": 0,
        "captured": False,
        "failure_code": code,
        "failure_message": message,
        "receipt_url": None,
        "status": "failed",
    }
    world.emit("charge.failed", debit)
    method = world.payment_methods.get(intent["payment_method"])
    error = {
        "charge": debit["id"],
        "code": code,
        "message": message,
        "payment_method": method,
        "type": "invalid_request_error",
    }
    fail_intent(world, intent, error=error)
    world.emit("checkout.session.async_payment_failed", session)
    if code == NOT_AUTHORIZED:
        _change_mandate(
            world,
            debit["payment_method_details"]["bacs_debit"]["mandate"],
            status="inactive",
            network_status="revoked",
            revocation_reason=NOT_AUTHORIZED,
        )


def _accept_mandate(world: World, mandate_id: str) -> None:
    if world.mandates.get(mandate_id)["status"] == "pending":
        _change_mandate(world, mandate_id, status="active", network_status="accepted")


def _change_mandate(world: World, mandate_id: str, *, status: str, **network: str) -> None:
    mandate = world.mandates.get(mandate_id)
    before = {name: mandate[name] for name in ("payment_method_details", "status")}
    details = before["payment_method_details"]["bacs_debit"] | network
    mandate |= {
        "payment_method_details": {"bacs_debit": details, "type": "bacs_debit"},
        "status": status,
    }
    world.emit("mandate.updated", mandate, previous=before)


def _digits(typed: str) -> str:
    return typed.replace(" ", "").replace("-", "")
