"""Customers, as far as Checkout needs them."""

from payments.pretend_stripe.params import Email, Items, Metadata, Record, Text, merged
from payments.pretend_stripe.wire import Obj
from payments.pretend_stripe.world import World

CREATE = Record(
    {
        "description": Text(),
        "email": Email(),
        "expand": Items(Text()),
        "metadata": Metadata(),
        "name": Text(256),
        "phone": Text(20),
    }
)


def add_customer(world: World, params: Obj) -> Obj:
    """Make a customer and tell of it."""
    customer = world.customers.add(
        {
            "id": world.ids.mint("cus_", 14),
            "object": "customer",
            "address": params.get("address"),
            "balance": 0,
            "created": world.clock.stamp(),
            "currency": None,
            "default_source": None,
            "delinquent": False,
            "description": params.get("description"),
            "discount": None,
            "email": params.get("email"),
            "invoice_prefix": world.ids.mint("", 8).upper(),
            "invoice_settings": {
                "custom_fields": None,
                "default_payment_method": None,
                "footer": None,
                "rendering_options": None,
            },
            "livemode": False,
            "metadata": merged({}, params.get("metadata")),
            "name": params.get("name"),
            "next_invoice_sequence": 1,
            "phone": params.get("phone"),
            "preferred_locales": [],
            "shipping": None,
            "tax_exempt": "none",
            "test_clock": None,
        }
    )
    world.emit("customer.created", customer)
    return customer
