"""``/_pretend/``: what only a stand-in can do with monthly payments."""

from collections import Counter

from payments.pretend_stripe.cards import known_card
from payments.pretend_stripe.control_params import Control, ControlError, take
from payments.pretend_stripe.invoices import payments_of
from payments.pretend_stripe.renewals import ENDED, collect, renew_now
from payments.pretend_stripe.saved_cards import replace_behaviour
from payments.pretend_stripe.wire import Obj
from payments.pretend_stripe.world import World


async def _next_month(world: World, asked: Obj) -> Obj:
    """``{subscription}`` or ``{all: true}``: the next month's invoice, at once.

    The clock stays; when it comes to the day, that month is not taken again.
    """
    subscription_id, everyone = take(asked, subscription=str, all=bool)
    if subscription_id is None and not everyone:
        raise ControlError("subscription or all is needed")
    if everyone:
        going_on = [one for one in world.subscriptions if one["status"] not in ENDED]
        renewed = [renew_now(world, one) for one in going_on]
        return {"invoices": Counter(one["status"] for one in renewed if one is not None)}
    subscription = world.subscriptions.get(subscription_id)
    if subscription["status"] in ENDED:
        raise ControlError(f"{subscription_id} has ended")
    return _outcome(world, subscription, renew_now(world, subscription))


async def _retry_invoice(world: World, asked: Obj) -> Obj:
    """``{invoice}``: the next of Stripe's attempts at an open invoice, at once."""
    (invoice_id,) = take(asked, invoice=str)
    invoice = world.invoices.get(invoice_id or "")
    if invoice["status"] != "open" or invoice["next_payment_attempt"] is None:
        raise ControlError(f"{invoice_id} is not waiting for another attempt")
    collect(world, invoice)
    details = invoice["parent"]["subscription_details"]
    return _outcome(world, world.subscriptions.get(details["subscription"]), invoice)


def _outcome(world: World, subscription: Obj, invoice: Obj | None) -> Obj:
    """What became of one month's money."""
    payments = [] if invoice is None else payments_of(world, invoice)["data"]
    return {
        "subscription": subscription["id"],
        "subscription_status": subscription["status"],
        "invoice": invoice and invoice["id"],
        "invoice_status": invoice and invoice["status"],
        "next_payment_attempt": invoice and invoice["next_payment_attempt"],
        "payment_intent": payments[0]["payment"]["payment_intent"] if payments else None,
        "paid": invoice is not None and invoice["status"] == "paid",
    }


async def _set_card(world: World, asked: Obj) -> Obj:
    """``{subscription|customer, card}``: how the bank answers for the saved card from now on.

    The card stays the one that the donor knows and nobody is told: so a month comes to fail, and
    a later one to be paid again. A donor who changes the card does it in the portal.
    """
    subscription_id, customer_id, number = take(asked, subscription=str, customer=str, card=str)
    card = known_card(number or "")
    if card is None:
        raise ControlError("card must be the number of a test card")
    if (subscription_id is None) == (customer_id is None):
        raise ControlError("subscription or customer is needed")
    if subscription_id is not None:
        methods = {world.subscriptions.get(subscription_id)["default_payment_method"]}
    else:
        customer = world.customers.get(customer_id)["id"]
        methods = {
            one["id"] for one in world.payment_methods if one["customer"] == customer
        } & world.saved_cards.keys()
    replace_behaviour(world, methods, card=card)
    return {"payment_methods": sorted(methods), "behaves": card.hint}


MONTHLY_CONTROLS: dict[tuple[str, str], Control] = {
    ("POST", "next_month"): _next_month,
    ("POST", "retry_invoice"): _retry_invoice,
    ("POST", "set_card"): _set_card,
}
"""Every control about monthly payments."""
