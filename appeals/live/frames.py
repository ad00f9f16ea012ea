"""Server-Sent Events as bytes.

Source: WHATWG HTML, "Server-sent events", "Parsing an event stream".
"""

import json
import random
from datetime import UTC, datetime
from typing import Final

from appeals.progress import Reading
from appeals.reading_json import encode_reading
from appeals.stage.hall import HallReading
from appeals.stage.hall_json import encode_hall

_RETRY_MILLISECONDS: Final = (1000, 4000)


def reading_frame(reading: Reading | HallReading) -> bytes:
    """A reading; its id is ``<epoch>-<sequence>``."""
    return b"event: reading\nid: %b-%d\ndata: %b\n\n" % (
        reading.epoch.encode(),
        reading.sequence,
        encode_hall(reading) if isinstance(reading, HallReading) else encode_reading(reading),
    )


def heartbeat_frame(read_at: datetime) -> bytes:
    """Says that the stream lives, and when its figures were last read (aware, in UTC)."""
    as_at = read_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    data = json.dumps({"as_at": as_at}, separators=(",", ":")).encode()
    return b"event: heartbeat\ndata: %b\n\n" % data


def retry_line() -> bytes:
    """When the browser should come back if we go away: jittered, so that not all come at once."""
    return b"retry: %d\n" % random.randint(*_RETRY_MILLISECONDS)  # noqa: S311 - no secret
