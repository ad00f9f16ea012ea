"""A simulated attack by card testers: a thousand attempts in ``make test``, more by hand.

``python -m tests.attack --attempts 10000`` says what came of it.
"""
