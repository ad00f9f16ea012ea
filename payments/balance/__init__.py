"""Stripe's own account of our money, brought into the books and laid beside them.

Lines are *taken* first and *booked* later, as events are: what cannot be booked waits, with the
reason, and keeps no other from being booked.
"""
