"""The border with Stripe. Only this package imports ``stripe`` or reads Stripe's shapes.

It translates and decides nothing: events and answers come out as facts in our own terms.
"""

from typing import Final

API_VERSION: Final = "2026-08-26.dahlia"
"""The version whose shapes we read, asked for with each request; the webhook endpoint must be
set to the same. An event of another version is kept and put aside for a person."""

OUR_MONTHLY_KEY: Final = "whipround_monthly"
"""The same for a monthly donation's Checkout and subscription. Stripe hands it on to invoices, and
not to their payments and charges."""

OUR_METADATA_KEY: Final = "whipround_donation"
"""Under this key every payment of ours carries the donation's reference, and nothing else."""
