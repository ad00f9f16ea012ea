"""The line items of a Checkout Session: what is paid for, and its price."""

from payments.pretend_stripe import products
from payments.pretend_stripe.wire import Obj
from payments.pretend_stripe.world import World


def new_line_item(world: World, item: Obj, *, created: int) -> Obj:
    """The line item that ``line_items[]`` asks for; ``created`` is its session's moment.

    Raises:
        ApiError: A currency that is not taken, or a product that is not there.
    """
    price = _price(world, item["price_data"])
    amount = price["unit_amount"] * item["quantity"]
    return {
        "id": world.ids.mint("li_1"),
        "object": "item",
        "adjustable_quantity": None,
        "amount_discount": 0,
        "amount_subtotal": amount,
        "amount_tax": 0,
        "amount_total": amount,
        "created": created,
        "currency": price["currency"],
        "description": _name(world, item["price_data"]),
        "price": price,
        "quantity": item["quantity"],
    }


def _name(world: World, data: Obj) -> str:
    """What ``price_data`` is the price of."""
    if "product_data" in data:
        name: str = data["product_data"]["name"]
    else:
        name = products.find_active(world, data["product"], param="line_items")["name"]
    return name


def _price(world: World, data: Obj) -> Obj:
    """The price of ``price_data``; kept, with its product, when it will be asked for again."""
    param = "line_items[0][price_data][currency]"
    monthly = "recurring" in data
    if "product" in data:
        product_id = data["product"]
    elif monthly:
        product_id = products.add_product(world, data["product_data"])["id"]
    else:
        product_id = world.ids.mint("prod_", 14)
    price = products.new_price(world, data | {"active": False}, product=product_id, param=param)
    return world.prices.add(price) if monthly else price
