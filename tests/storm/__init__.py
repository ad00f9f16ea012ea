"""The storm: money moves through a whole site while all that it stands on is killed.

``python -m tests.storm --payments 10000`` (``make soak``), and in short as a test. The harness
needs no Django: it looks at the site from outside, as donors, treasurers, Stripe, the mail server
and the database's operator do.
"""
