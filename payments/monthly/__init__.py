"""Monthly donations: what Stripe tells of them, what they promise, and the donor's own page."""
