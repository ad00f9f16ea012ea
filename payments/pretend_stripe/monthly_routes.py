"""The routes of ``/v1`` that monthly payments need."""

from payments.pretend_stripe import invoices, products, subscriptions
from payments.pretend_stripe.params import Choice, Flag, Text
from payments.pretend_stripe.route import Route, listing, single

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
        method="GET",
        path="/v1/invoices",
        params=invoices.LIST,
        handler=lambda world, _, params: invoices.list_invoices(world, params),
    ),
    single("/v1/invoices/{invoice}", "invoices"),
    Route(
        method="GET",
        path="/v1/invoice_payments",
        params=invoices.LIST_PAYMENTS,
        handler=lambda world, _, params: invoices.list_invoice_payments(world, params),
    ),
    single("/v1/invoice_payments/{invoice_payment}", "invoice_payments"),
)
"""Every route about products, prices, subscriptions, invoices and the portal."""
