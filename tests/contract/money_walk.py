"""The part of the contract's road that money takes by itself: disputes, payouts, fees."""

import pytest
import stripe

from tests.pretend_stripe.process import PretendStripe, a_session

MONEY_EVENTS = frozenset(
    {
        "charge.pending",
        "checkout.session.async_payment_failed",
        "checkout.session.async_payment_succeeded",
        "mandate.updated",
        "payment_intent.processing",
        "charge.dispute.closed",
        "charge.dispute.created",
        "charge.dispute.funds_reinstated",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.updated",
        "payment_intent.canceled",
        "payout.canceled",
        "payout.created",
        "payout.failed",
        "payout.paid",
        "payout.reconciliation_completed",
        "payout.updated",
    }
)
"""What happens on this part and nowhere else."""

DISPUTED = "4000000000000259"
INQUIRED = "4000000000001976"


def walk_money(pretend: PretendStripe, client: stripe.StripeClient) -> None:
    """Walk every route and every control of money without a donor."""
    _pay_directly(client)
    _debit(pretend, client)
    _dispute(pretend, client)
    pretend.control("account_fee", amount=140, description="Radar")
    pretend.control("foreign_payment", amount=4200)
    pretend.control("foreign_payment", amount=1700, without_intent=True)
    pretend.control("odd_transaction", type="reserve_transaction", amount=-1)
    pretend.settle()
    _pay_out(pretend, client)


def _pay_directly(client: stripe.StripeClient) -> None:
    intents = client.v1.payment_intents
    made = intents.create(
        {
            "amount": 1200,
            "currency": "gbp",
            "shipping": {"name": "A", "address": {"line1": "1 High Street"}},
        }
    )
    intents.update(made.id, {"metadata": {"a": "b"}, "description": "Direct"})
    intents.confirm(made.id, {"payment_method": "pm_card_visa", "expand": ["latest_charge"]})
    intents.cancel(
        intents.create({"amount": 1200, "currency": "gbp"}).id,
        {"cancellation_reason": "abandoned"},
    )
    with pytest.raises(stripe.CardError):
        intents.create(
            {
                "amount": 1200,
                "currency": "gbp",
                "confirm": True,
                "payment_method": "pm_card_visa_chargeDeclined",
            }
        )


def _debit(pretend: PretendStripe, client: stripe.StripeClient) -> None:
    pretend.turn(bacs=True)
    sessions = client.v1.checkout.sessions
    for account in ("00012345", "33333335", "22222227"):
        session = sessions.create(a_session(customer_creation="always"))
        pretend.pay(session.id, bacs=account)
    paid = sessions.list({"limit": 3}).data[-1]
    intent = client.v1.payment_intents.retrieve(
        str(paid.payment_intent), {"expand": ["payment_method", "latest_charge"]}
    )
    assert isinstance(intent.latest_charge, stripe.Charge)
    debit = intent.latest_charge.to_dict()["payment_method_details"]["bacs_debit"]
    client.v1.mandates.retrieve(debit["mandate"])
    pretend.control("clock", seconds=8 * 24 * 60 * 60)
    client.v1.payment_intents.list({"expand": ["data.latest_charge"]})
    client.v1.refunds.create({"payment_intent": intent.id, "amount": 400})
    pretend.settle()
    taken_back = pretend.control("dispute", payment_intent=intent.id)
    client.v1.disputes.retrieve(taken_back["id"])
    pretend.turn(bacs=False)


def _dispute(pretend: PretendStripe, client: stripe.StripeClient) -> None:
    disputes = client.v1.disputes
    for card in (DISPUTED, DISPUTED, DISPUTED, INQUIRED, INQUIRED):
        pretend.pay(client.v1.checkout.sessions.create(a_session()).id, card=card)
    pretend.settle()
    made = disputes.list({"limit": 5, "expand": ["data.payment_intent"]}).data
    lost, won, part, asked, escalated = sorted(made, key=lambda one: one.status)
    disputes.list({"charge": str(won.charge)})
    disputes.retrieve(won.id, {"expand": ["charge.balance_transaction"]})
    disputes.update(won.id, {"evidence": {"uncategorized_text": "winning_evidence"}})
    pretend.settle()
    pretend.control("close_dispute", dispute=part.id, outcome="won", amount=5, fee_returned=True)
    disputes.update(lost.id, {"evidence": {"product_description": "A gift"}, "submit": False})
    disputes.close(lost.id)
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.create({"charge": str(lost.charge)})
    pretend.control("escalate_dispute", dispute=escalated.id)
    pretend.control("close_dispute", dispute=asked.id, outcome="lost")


def _pay_out(pretend: PretendStripe, client: stripe.StripeClient) -> None:
    payouts = client.v1.payouts
    (canceled,) = pretend.control("payout", all=True, currency="gbp")["payouts"]
    pretend.control("end_payout", payout=canceled["id"], outcome="canceled")
    (paid,) = pretend.control("payout", all=True)["payouts"]
    pretend.settle()
    pretend.control("end_payout", payout=paid["id"], outcome="paid")
    client.v1.balance_transactions.list({"payout": paid["id"], "expand": ["data.source"]})
    payouts.retrieve(paid["id"], {"expand": ["balance_transaction"]})
    pretend.control("end_payout", payout=paid["id"], outcome="failed", failure_code="no_account")
    failed = payouts.list({"status": "failed", "arrival_date": {"gte": 1}}).data[0]
    payouts.retrieve(failed.id, {"expand": ["failure_balance_transaction"]})
