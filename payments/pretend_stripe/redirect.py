"""How long the donor is held on the pay page after paying."""

import asyncio
from contextlib import suppress

from payments.pretend_stripe.checkout import Checkout
from payments.pretend_stripe.world import World


async def wait_for_endpoints(world: World, checkout: Checkout) -> None:
    """Wait until every endpoint has answered to ``checkout.session.completed``, or long enough.

    Stripe holds the donor until then, for up to ten seconds (the knob ``redirect_wait_seconds``).
    Source: docs.stripe.com/checkout/fulfillment, "Redirect your customers after payment".
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(world.knobs.redirect_wait_seconds):
            for told in checkout.told:
                await told.wait()
