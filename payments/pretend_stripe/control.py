"""``/_pretend/``: the knobs, and what only a stand-in can do, as JSON over HTTP."""

import asyncio
import json
from contextlib import suppress

from payments.pretend_stripe import refunds
from payments.pretend_stripe.bacs import SORT_CODE, BankEntry, Promised, promise
from payments.pretend_stripe.card_payment import Asked, Paid, answer_challenge, pay
from payments.pretend_stripe.cards import CARDS, CardEntry, Refusal
from payments.pretend_stripe.checkout import find_checkout
from payments.pretend_stripe.control_money import MONEY_CONTROLS
from payments.pretend_stripe.control_params import Control, ControlError, needed, take
from payments.pretend_stripe.events import delivery_of
from payments.pretend_stripe.knobs import KnobError
from payments.pretend_stripe.redirect import wait_for_endpoints
from payments.pretend_stripe.state import read_state
from payments.pretend_stripe.web import HttpAnswer, HttpRequest
from payments.pretend_stripe.wire import ApiError, Obj, to_json
from payments.pretend_stripe.world import World


async def answer_control(world: World, request: HttpRequest) -> HttpAnswer:
    """Answer a request to ``/_pretend/…``: 400 with ``{"error": …}`` when it cannot be done."""
    control = _CONTROLS.get((request.method, request.path.removeprefix("/_pretend/")))
    if control is None:
        return _json(404, {"error": f"There is no {request.method} {request.path}."})
    try:
        return _json(200, await control(world, _read_body(request)))
    except (ControlError, KnobError, ApiError, ValueError) as error:
        return _json(400, {"error": str(error)})


def _read_body(request: HttpRequest) -> Obj:
    asked = json.loads(request.body) if request.body else {}
    if not isinstance(asked, dict):
        raise ControlError("The body must be a JSON object.")
    return asked


def _json(status: int, body: Obj) -> HttpAnswer:
    return HttpAnswer(status=status, body=to_json(body), content_type="application/json")


async def _show_knobs(world: World, _asked: Obj) -> Obj:
    return world.knobs.shown()


async def _turn_knobs(world: World, asked: Obj) -> Obj:
    world.turn(asked)
    return world.knobs.shown()


async def _pay(world: World, asked: Obj) -> Obj:
    """``{session, card?, email?, name?, three_d_secure?: "complete"|"fail"}``: pay without a page.

    With ``bacs``, an account number, in place of ``card``: by Direct Debit. Answers when the pay
    page would have sent the donor back.
    """
    session_id, card, account, email, name, secure = take(
        asked, session=str, card=str, bacs=str, email=str, name=str, three_d_secure=str
    )
    checkout = find_checkout(world, needed(session_id, "session"))
    donor: Obj = {"email": email or "donor@example.org", "address": {"country": "GB"}}
    outcome: Paid | Promised | Asked | Refusal
    if account is None:
        number = (card or CARDS[0].number).replace(" ", "")
        digits = next((one.code_digits for one in CARDS if one.number == number), 3)
        entry = CardEntry(
            number=number, expiry="12/40", cvc="1" * digits, name=name or "Test card", **donor
        )
        outcome = pay(world, checkout, entry)
    else:
        debited = BankEntry(
            sort_code=SORT_CODE, account_number=account, name=name or "Test account", **donor
        )
        outcome = promise(world, checkout, debited)
    if isinstance(outcome, Asked):
        outcome = answer_challenge(world, checkout, passed=secure != "fail")
    answer: Obj = {"session": session_id, "payment_intent": checkout.session["payment_intent"]}
    if isinstance(outcome, Refusal):
        return answer | {"paid": False, "error": outcome.error()}
    await wait_for_endpoints(world, checkout)
    promised = isinstance(outcome, Promised)
    return answer | {"paid": not promised, "promised": promised, "url": checkout.success_url}


async def _refund(world: World, asked: Obj) -> Obj:
    """``{payment_intent|charge, amount?}``: a refund made by a person in Stripe's dashboard."""
    intent, charge, amount = take(asked, payment_intent=str, charge=str, amount=int)
    sent = {"payment_intent": intent, "charge": charge, "amount": amount}
    params = {name: value for name, value in sent.items() if value is not None}
    if amount is not None and amount < 1:
        raise ControlError("amount must be at least 1 (minor units)")
    return refunds.create_refund(world, params)


async def _redeliver(world: World, asked: Obj) -> Obj:
    """``{event}`` sends one again, ``{all: true}`` all, ``{undelivered: true}`` what is due."""
    event_id, everything, undelivered = take(asked, event=str, all=bool, undelivered=bool)
    if event_id is not None:
        chosen = [event_id]
    elif everything:
        chosen = [entry["id"] for entry in world.events.index]
    elif undelivered:
        chosen = world.events.undelivered()
    else:
        raise ControlError("event, all or undelivered is needed")
    sent = 0
    for chosen_id in chosen:
        kept = world.events.get(chosen_id)
        entry = world.events.index.get(chosen_id)
        for address in {one.address for one in kept.deliveries}:
            if undelivered and address.endpoint_id not in kept.unanswered:
                continue
            world.courier.resend(delivery_of(chosen_id, entry["type"], kept, address))
            sent += 1
    return {"events": len(chosen), "deliveries": sent}


async def _show_state(world: World, _asked: Obj) -> Obj:
    return read_state(world)


async def _settle(world: World, asked: Obj) -> Obj:
    """``{timeout_seconds?}``: do at once what would happen soon, and wait for every delivery."""
    (timeout_seconds,) = take(asked, timeout_seconds=int | float)
    world.agenda.hurry()
    with suppress(TimeoutError):
        await asyncio.wait_for(world.courier.until_quiet(), timeout_seconds or 10)
    return {"quiet": world.courier.waiting == 0, "waiting": world.courier.waiting}


async def _advance(world: World, asked: Obj) -> Obj:
    """``{seconds}``: move the pretend clock on; what comes due meanwhile happens at its time."""
    (seconds,) = take(asked, seconds=int)
    if seconds is None or seconds < 0:
        raise ControlError("seconds is needed, and time goes forward only")
    world.agenda.run_until(world.clock.now() + seconds)
    return {"clock": world.clock.stamp()}


async def _reset(world: World, asked: Obj) -> Obj:
    """``{seed?}``: forget everything; the ids go on unless a seed is given.

    Once it has answered, no webhook of the past arrives any more.
    """
    (seed,) = take(asked, seed=str)
    world.reset(seed=seed)
    await world.courier.until_landed()
    return {"reset": True}


_CONTROLS: dict[tuple[str, str], Control] = {
    ("GET", "knobs"): _show_knobs,
    ("POST", "knobs"): _turn_knobs,
    ("POST", "pay"): _pay,
    ("POST", "refund_in_dashboard"): _refund,
    ("POST", "redeliver"): _redeliver,
    ("GET", "state"): _show_state,
    ("POST", "settle"): _settle,
    ("POST", "clock"): _advance,
    ("POST", "reset"): _reset,
} | MONEY_CONTROLS
