"""Gunicorn's settings for the pages' workers; nginx stands in front of them.

``PAGE_WORKERS`` and ``PAGE_THREADS`` say how many; each thread keeps one database connection.
"""

import logging
import os

wsgi_app = "whipround.proxied:application"
worker_class = "gthread"
workers = int(os.environ.get("PAGE_WORKERS", "1"))
threads = int(os.environ.get("PAGE_THREADS", "8"))
timeout = 60  # seconds without a sign of life from a worker; slow requests do not count as such
graceful_timeout = 30  # seconds for what is in hand: longer than Stripe is waited for
accesslog = None  # addresses hold links that let their bearers in
control_socket_disable = True


def post_worker_init(_worker: object) -> None:
    """A worker's words go where the site's go, past the filter for secret addresses."""
    words = logging.getLogger("gunicorn.error")
    words.handlers.clear()
    words.propagate = True
