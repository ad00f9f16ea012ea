"""A stand-in for Stripe: its API, its hosted pages and its webhooks, in one process, in memory.

It speaks Stripe's own wire (API version ``2026-08-26.dahlia``) to the unmodified SDK, so that the
demo, the tests and the benchmarks travel the very road that live payments travel. No money moves.
Nothing else of the project imports it, and it imports nothing else of the project.
"""

API_VERSION = "2026-08-26.dahlia"
"""The one version of Stripe's API that is spoken here."""
