"""The routes of money: payments, refunds, disputes, payouts, and the balance."""

from payments.pretend_stripe import dispute_shapes, disputes, intents, refunds
from payments.pretend_stripe.ledger import read_balance, with_status
from payments.pretend_stripe.params import Record, Text, TimeRange
from payments.pretend_stripe.payouts import contents_of
from payments.pretend_stripe.routing import ONE, Route, listing, metadata_update, single
from payments.pretend_stripe.store import LIST_PARAMS, is_within
from payments.pretend_stripe.wire import Obj
from payments.pretend_stripe.world import World


def _list_balance_transactions(world: World, _ids: dict[str, str], params: Obj) -> Obj:
    wanted = {name: params[name] for name in ("currency", "source", "type") if name in params}
    page = world.balance_transactions.page(
        params,
        url="/v1/balance_transactions",
        where=lambda one: all(one[name] == value for name, value in wanted.items()),
        among=contents_of(world, params["payout"]) if "payout" in params else None,
    )
    return page | {"data": [with_status(world, one) for one in page["data"]]}


def _list_payouts(world: World, _ids: dict[str, str], params: Obj) -> Obj:
    arrival = params.get("arrival_date", {})
    status = params.get("status")
    return world.payouts.page(
        params,
        url="/v1/payouts",
        where=lambda one: (
            status in (None, one["status"]) and is_within(one["arrival_date"], arrival)
        ),
    )


MONEY_ROUTES = (
    listing("/v1/payment_intents", "payment_intents", customer=Text()),
    single("/v1/payment_intents/{intent}", "payment_intents"),
    Route(
        method="POST",
        path="/v1/payment_intents",
        params=intents.CREATE,
        handler=lambda world, _, params: intents.create_intent(world, params),
    ),
    Route(
        method="POST",
        path="/v1/payment_intents/{intent}",
        params=intents.UPDATE,
        handler=lambda world, ids, params: intents.update_intent(world, ids["intent"], params),
    ),
    Route(
        method="POST",
        path="/v1/payment_intents/{intent}/confirm",
        params=intents.CONFIRM,
        handler=lambda world, ids, params: intents.confirm_intent(world, ids["intent"], params),
    ),
    Route(
        method="POST",
        path="/v1/payment_intents/{intent}/cancel",
        params=intents.CANCEL,
        handler=lambda world, ids, params: intents.cancel_intent(world, ids["intent"], params),
    ),
    listing("/v1/charges", "charges", customer=Text(), payment_intent=Text()),
    single("/v1/charges/{charge}", "charges"),
    Route(
        method="POST",
        path="/v1/refunds",
        params=refunds.CREATE,
        handler=lambda world, _, params: refunds.create_refund(world, params),
    ),
    listing("/v1/refunds", "refunds", charge=Text(), payment_intent=Text()),
    single("/v1/refunds/{refund}", "refunds"),
    metadata_update("/v1/refunds/{refund}", "refunds"),
    listing("/v1/disputes", "disputes", charge=Text(), payment_intent=Text()),
    single("/v1/disputes/{dispute}", "disputes"),
    Route(
        method="POST",
        path="/v1/disputes/{dispute}",
        params=dispute_shapes.UPDATE,
        handler=lambda world, ids, params: disputes.update_dispute(world, ids["dispute"], params),
    ),
    Route(
        method="POST",
        path="/v1/disputes/{dispute}/close",
        params=ONE,
        handler=lambda world, ids, _: disputes.close_dispute(world, ids["dispute"], outcome="lost"),
    ),
    Route(
        method="GET",
        path="/v1/payouts",
        params=Record(LIST_PARAMS | {"arrival_date": TimeRange(), "status": Text()}),
        handler=_list_payouts,
    ),
    single("/v1/payouts/{payout}", "payouts"),
    single("/v1/mandates/{mandate}", "mandates"),
    Route(
        method="GET",
        path="/v1/balance_transactions",
        params=Record(
            LIST_PARAMS | {"currency": Text(), "payout": Text(), "source": Text(), "type": Text()}
        ),
        handler=_list_balance_transactions,
    ),
    Route(
        method="GET",
        path="/v1/balance_transactions/{id}",
        params=ONE,
        handler=lambda world, ids, _: with_status(world, world.balance_transactions.get(ids["id"])),
    ),
    Route(
        method="GET",
        path="/v1/balance",
        params=ONE,
        handler=lambda world, _ids, _params: read_balance(world),
    ),
)
"""Every route by which money goes."""
