"""The bell between the endpoint and a worker in the same process. Losing a ring loses nothing."""

import threading
from typing import Final

DOORBELL: Final = threading.Event()
"""Set when an event was kept; the worker clears it and looks. It looks by itself as well."""
