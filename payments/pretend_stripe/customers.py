"""Customers, as far as Checkout and monthly payments need them."""

from payments.pretend_stripe.params import Email, Items, Kind, Metadata, Record, Text, merged
from payments.pretend_stripe.wire import ApiError, Obj
from payments.pretend_stripe.world import World

_OWN: dict[str, Kind] = {
    "description": Text(),
    "email": Email(),
    "expand": Items(Text()),
    "metadata": Metadata(),
    "name": Text(256),
    "phone": Text(20),
}

CREATE = Record(_OWN)

UPDATE = Record(_OWN | {"invoice_settings": Record({"default_payment_method": Text()})})


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


def update_customer(world: World, customer_id: str, params: Obj) -> Obj:
    """Change a customer, and tell of it with the former values.

    Raises:
        ApiError: There is none, or the card is not the customer's.
    """
    customer = world.customers.get(customer_id, param="id")
    changes: Obj = {
        name: params[name] for name in ("description", "email", "name", "phone") if name in params
    }
    changes["metadata"] = merged(customer["metadata"], params.get("metadata"))
    if "invoice_settings" in params:
        param = "invoice_settings[default_payment_method]"
        settings = params["invoice_settings"]
        method = world.payment_methods.get(
            settings.get("default_payment_method", ""), param=param, status=400
        )
        if method["customer"] != customer["id"]:
            raise ApiError("The payment method must be attached to the customer.", param=param)
        changes["invoice_settings"] = customer["invoice_settings"] | settings
    previous = {name: customer[name] for name in changes if customer[name] != changes[name]}
    customer |= changes
    if previous:
        world.emit("customer.updated", customer, previous=previous)
    return customer
