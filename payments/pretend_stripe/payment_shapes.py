"""The full shapes of payment intents, charges and payment methods, as Stripe shows them."""

from payments.pretend_stripe.cards import CardEntry, KnownCard, Refusal
from payments.pretend_stripe.params import merged
from payments.pretend_stripe.wire import Obj
from payments.pretend_stripe.world import World


def billing_details(name: str, email: str, address: Obj) -> Obj:
    """Who pays, as Stripe shows it."""
    return {
        "address": {
            part: address.get(part)
            for part in ("city", "country", "line1", "line2", "postal_code", "state")
        },
        "email": email or None,
        "name": name or None,
        "phone": None,
        "tax_id": None,
    }


def new_payment_method(
    world: World, *, card: KnownCard, entry: CardEntry, expiry: tuple[int, int]
) -> Obj:
    """The card that was typed; ``expiry`` is month and four-digit year."""
    month, year = expiry
    has_line, has_postcode = entry.address.get("line1"), entry.address.get("postal_code")
    return {
        "id": world.ids.mint("pm_1"),
        "object": "payment_method",
        "allow_redisplay": "limited",
        "billing_details": billing_details(entry.name, entry.email, entry.address),
        "card": {
            "brand": card.brand,
            "checks": {
                "address_line1_check": "pass" if has_line else None,
                "address_postal_code_check": "pass" if has_postcode else None,
                "cvc_check": "pass",
            },
            "country": card.country,
            "display_brand": "american_express" if card.brand == "amex" else card.brand,
            "exp_month": month,
            "exp_year": year,
            "fingerprint": f"Pretend{card.last4}{card.country}",
            "funding": card.funding,
            "generated_from": None,
            "last4": card.last4,
            "networks": {"available": [card.brand], "preferred": None},
            "regulated_status": "unregulated",
            "three_d_secure_usage": {"supported": True},
            "wallet": None,
        },
        "created": world.clock.stamp(),
        "customer": None,
        "livemode": False,
        "metadata": {},
        "type": "card",
    }


def new_intent(world: World, *, session: Obj, intent_data: Obj) -> Obj:
    """The payment intent of a session, before any card."""
    intent_id = world.ids.mint("pi_3")
    return {
        "id": intent_id,
        "object": "payment_intent",
        "amount": session["amount_total"],
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic_async",
        "client_secret": f"{intent_id}_secret_{world.ids.mint('', 25)}",
        "confirmation_method": "automatic",
        "created": world.clock.stamp(),
        "currency": session["currency"],
        "customer": session["customer"],
        "customer_account": None,
        "description": intent_data.get("description"),
        "excluded_payment_method_types": session.get("excluded_payment_method_types"),
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": merged({}, intent_data.get("metadata")),
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": {
            "card": {
                "installments": None,
                "mandate_options": None,
                "network": None,
                "request_three_d_secure": "automatic",
            }
        }
        | ({"bacs_debit": {}} if "bacs_debit" in session["payment_method_types"] else {}),
        "payment_method_types": session["payment_method_types"],
        "processing": None,
        "receipt_email": intent_data.get("receipt_email"),
        "review": None,
        "setup_future_usage": None,
        "shipping": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": intent_data.get("statement_descriptor_suffix"),
        "status": "requires_payment_method",
        "transfer_data": None,
        "transfer_group": None,
    }


def new_charge(
    world: World, *, intent: Obj, card: KnownCard, method: Obj, refusal: Refusal | None = None
) -> Obj:
    """One attempt at the card's bank, paid or refused; the fee is not known yet."""
    paid = refusal is None
    charge = base_charge(world, world.ids.mint("ch_3"), intent=intent, method=method) | {
        "outcome": _outcome(refusal),
        "payment_method_details": {
            "card": _charged_card(card, method["card"], amount=intent["amount"] if paid else None),
            "type": "card",
        },
    }
    if refusal is not None:
        charge |= {
            "amount_captured": 0,
            "captured": False,
            "failure_code": refusal.code,
            "failure_message": refusal.message,
            "paid": False,
            "receipt_url": None,
            "status": "failed",
        }
    return charge


def base_charge(world: World, charge_id: str, *, intent: Obj, method: Obj) -> Obj:
    """A paid charge of an intent, but for how it was paid."""
    return {
        "id": charge_id,
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": intent["amount"],
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": None,
        "billing_details": method["billing_details"],
        "calculated_statement_descriptor": "PRETEND ACCOUNT",
        "captured": True,
        "created": world.clock.stamp(),
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "fraud_details": {},
        "livemode": False,
        "metadata": dict(intent["metadata"]),
        "on_behalf_of": None,
        "outcome": None,
        "paid": True,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": None,
        "radar_options": {},
        "receipt_email": intent["receipt_email"],
        "receipt_number": None,
        "receipt_url": f"{world.setup.base_url}/receipts/{charge_id}",
        "refunded": False,
        "review": None,
        "shipping": intent["shipping"],
        "source_transfer": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": intent["statement_descriptor_suffix"],
        "status": "succeeded",
        "transfer_data": None,
        "transfer_group": None,
    }


def _outcome(refusal: Refusal | None) -> Obj:
    if refusal is None:
        return {
            "advice_code": None,
            "network_advice_code": None,
            "network_decline_code": None,
            "network_status": "approved_by_network",
            "reason": None,
            "risk_level": "normal",
            "risk_score": 12,
            "seller_message": "Payment complete.",
            "type": "authorized",
        }
    return {
        "advice_code": "try_again_later",
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "declined_by_network",
        "reason": refusal.decline_code,
        "risk_level": "normal",
        "risk_score": 24,
        "seller_message": "The bank did not return any further details with this decline.",
        "type": "issuer_declined",
    }


def _charged_card(card: KnownCard, typed: Obj, *, amount: int | None) -> Obj:
    same = (
        "brand country exp_month exp_year fingerprint funding last4 regulated_status wallet checks"
    )
    authenticated: Obj = {
        "authentication_flow": "challenge",
        "electronic_commerce_indicator": "05",
        "exemption_indicator": None,
        "result": "authenticated",
        "result_reason": None,
        "transaction_id": None,
        "version": "2.2.0",
    }
    return {name: typed[name] for name in same.split()} | {
        "amount_authorized": amount,
        "authorization_code": None,
        "extended_authorization": {"status": "disabled"},
        "incremental_authorization": {"status": "unavailable"},
        "installments": None,
        "mandate": None,
        "multicapture": {"status": "unavailable"},
        "network": card.brand,
        "network_token": {"used": False},
        "network_transaction_id": None,
        "overcapture": {"maximum_amount_capturable": amount or 0, "status": "unavailable"},
        "three_d_secure": authenticated if card.three_d_secure else None,
    }
