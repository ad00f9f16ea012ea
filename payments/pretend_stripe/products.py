"""Products and prices: what is paid for, and how much of it how often."""

from payments.pretend_stripe import money
from payments.pretend_stripe.params import (
    Choice,
    Flag,
    Items,
    Metadata,
    Record,
    Text,
    Whole,
    merged,
)
from payments.pretend_stripe.wire import ApiError, Obj
from payments.pretend_stripe.world import World

RECURRING = Record(
    {"interval": Choice(("month", "year")), "interval_count": Whole(1, 36)}, ("interval",)
)

CREATE_PRODUCT = Record(
    {
        "active": Flag(),
        "description": Text(40_000),
        "expand": Items(Text()),
        "metadata": Metadata(),
        "name": Text(),
    },
    ("name",),
)

CREATE_PRICE = Record(
    {
        "active": Flag(),
        "currency": Text(3),
        "expand": Items(Text()),
        "lookup_key": Text(200),
        "metadata": Metadata(),
        "nickname": Text(),
        "product": Text(),
        "product_data": Record({"metadata": Metadata(), "name": Text()}, ("name",)),
        "recurring": RECURRING,
        "unit_amount": Whole(),
    },
    ("currency", "unit_amount"),
)


def create_product(world: World, params: Obj) -> Obj:
    """Make a product and tell of it."""
    product = add_product(world, params)
    world.emit("product.created", product)
    return product


def create_price(world: World, params: Obj) -> Obj:
    """Make a price and tell of it.

    Args:
        world: Where it happens.
        params: As ``CREATE_PRICE`` read them; ``unit_amount`` in minor units of ``currency``.

    Raises:
        ApiError: No such product, none or two of them, or a currency that is not taken.
    """
    if ("product" in params) == ("product_data" in params):
        raise ApiError(
            "You must specify either `product` or `product_data` when creating a price.",
            code="parameter_missing",
            param="product",
        )
    if "product_data" in params:
        product = create_product(world, params["product_data"])
    else:
        product = find_active(world, params["product"], param="product")
    price = world.prices.add(new_price(world, params, product=product["id"], param="currency"))
    world.emit("price.created", price)
    return price


def add_product(world: World, params: Obj) -> Obj:
    """Keep a new product; what Checkout makes on the way is not told of."""
    created = world.clock.stamp()
    return world.products.add(
        {
            "id": world.ids.mint("prod_", 14),
            "object": "product",
            "active": params.get("active", True),
            "created": created,
            "default_price": None,
            "description": params.get("description"),
            "images": params.get("images", []),
            "livemode": False,
            "marketing_features": [],
            "metadata": merged({}, params.get("metadata")),
            "name": params["name"],
            "package_dimensions": None,
            "shippable": None,
            "statement_descriptor": None,
            "tax_code": None,
            "unit_label": None,
            "updated": created,
            "url": None,
        }
    )


def find_active(world: World, product_id: str, *, param: str) -> Obj:
    """The product that a new price is for.

    Raises:
        ApiError: There is none, or it is not sold any more.
    """
    product = world.products.get(product_id, param=param, status=400)
    if not product["active"]:
        raise ApiError(
            f"The product {product_id} is marked as inactive, and thus no new prices can be made "
            "for it.",
            param=param,
        )
    return product


def new_price(world: World, params: Obj, *, product: str, param: str) -> Obj:
    """A price as the API shows it, not kept yet.

    Args:
        world: Where it happens.
        params: ``currency``, ``unit_amount`` (minor units), perhaps ``recurring`` and the rest.
        product: What it is the price of.
        param: What the currency's parameter is called on the wire.

    Raises:
        ApiError: The currency is not taken.
    """
    currency, _ = money.currency_named(params["currency"], param=param)
    recurring = params.get("recurring")
    return {
        "id": world.ids.mint("price_1"),
        "object": "price",
        "active": params.get("active", True),
        "billing_scheme": "per_unit",
        "created": world.clock.stamp(),
        "currency": currency,
        "custom_unit_amount": None,
        "livemode": False,
        "lookup_key": params.get("lookup_key"),
        "metadata": merged({}, params.get("metadata")),
        "nickname": params.get("nickname"),
        "product": product,
        "recurring": recurring
        and {
            "interval": recurring["interval"],
            "interval_count": recurring.get("interval_count", 1),
            "meter": None,
            "usage_type": "licensed",
        },
        "tax_behavior": "unspecified",
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "recurring" if recurring else "one_time",
        "unit_amount": params["unit_amount"],
        "unit_amount_decimal": str(params["unit_amount"]),
    }


def price_wording(price: Obj, *, quantity: int = 1) -> str:
    """A price for a person: ``£10.00 a month``, ``£30.00 every 3 months``."""
    text = money.shown(price["unit_amount"] * quantity, price["currency"])
    recurring = price["recurring"]
    if not recurring:
        return text
    if recurring["interval_count"] == 1:
        return f"{text} a {recurring['interval']}"
    return f"{text} every {recurring['interval_count']} {recurring['interval']}s"
