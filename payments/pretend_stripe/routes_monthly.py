"""The routes of ``/v1`` that monthly payments need."""

from payments.pretend_stripe import (
    customers,
    invoices,
    portal,
    products,
    renewals,
    subscription_changes,
    subscriptions,
)
from payments.pretend_stripe.params import Choice, Flag, Record, Text
from payments.pretend_stripe.routing import ONE, PLAIN_LIST, Route, listing, single
from payments.pretend_stripe.wire import Obj
from payments.pretend_stripe.world import World


def _list_cards(world: World, ids: dict[str, str], params: Obj) -> Obj:
    customer = world.customers.get(ids["id"])["id"]
    return world.payment_methods.page(
        params,
        url=f"/v1/customers/{customer}/payment_methods",
        where=lambda one: one["customer"] == customer,
    )


MONTHLY_ROUTES = (
    Route(
        method="POST",
        path="/v1/products",
        params=products.CREATE_PRODUCT,
        handler=lambda world, _, params: products.create_product(world, params),
    ),
    listing("/v1/products", "products", active=Flag()),
    single("/v1/products/{id}", "products"),
    Route(
        method="POST",
        path="/v1/prices",
        params=products.CREATE_PRICE,
        handler=lambda world, _, params: products.create_price(world, params),
    ),
    listing(
        "/v1/prices",
        "prices",
        active=Flag(),
        currency=Text(3),
        product=Text(),
        type=Choice(("one_time", "recurring")),
    ),
    single("/v1/prices/{price}", "prices"),
    Route(
        method="GET",
        path="/v1/subscriptions",
        params=subscriptions.LIST,
        handler=lambda world, _, params: subscriptions.list_subscriptions(world, params),
    ),
    single("/v1/subscriptions/{subscription}", "subscriptions"),
    Route(
        method="POST",
        path="/v1/subscriptions/{id}",
        params=subscription_changes.UPDATE,
        handler=lambda world, ids, params: subscription_changes.update_subscription(
            world, ids["id"], params
        ),
    ),
    Route(
        method="DELETE",
        path="/v1/subscriptions/{id}",
        params=subscription_changes.CANCEL,
        handler=lambda world, ids, params: subscription_changes.cancel_subscription(
            world, ids["id"], params
        ),
    ),
    Route(
        method="POST",
        path="/v1/customers/{id}",
        params=customers.UPDATE,
        handler=lambda world, ids, params: customers.update_customer(world, ids["id"], params),
    ),
    Route(
        method="GET",
        path="/v1/customers/{id}/payment_methods",
        params=Record(PLAIN_LIST),
        handler=_list_cards,
    ),
    single("/v1/payment_methods/{payment_method}", "payment_methods"),
    Route(
        method="GET",
        path="/v1/invoices",
        params=invoices.LIST,
        handler=lambda world, _, params: invoices.list_invoices(world, params),
    ),
    single("/v1/invoices/{invoice}", "invoices"),
    Route(
        method="POST",
        path="/v1/invoices/{invoice}/pay",
        params=ONE,
        handler=lambda world, ids, _: renewals.pay_invoice(world, ids["invoice"]),
    ),
    Route(
        method="GET",
        path="/v1/invoice_payments",
        params=invoices.LIST_PAYMENTS,
        handler=lambda world, _, params: invoices.list_invoice_payments(world, params),
    ),
    single("/v1/invoice_payments/{invoice_payment}", "invoice_payments"),
    Route(
        method="POST",
        path="/v1/billing_portal/sessions",
        params=portal.CREATE,
        handler=lambda world, _, params: portal.create_portal_session(world, params),
    ),
)
"""Every route about products, prices, subscriptions, invoices and the portal."""
