"""What must not stand in a log: the secret part of an address that lets its bearer in."""

import logging
import re
from typing import Final

# A link from an e-mail is signed, and whoever has it may change what it leads to.
# A seat's code lets its bearer count, a remote's link lets them direct a hall, and a pledge's code
# tells what its maker promised.
_SECRET: Final = re.compile(
    r"(/monthly/)[0-9a-f]{32}\.[^/\s]+|(/count/)[0-9A-Za-z]{4}(?:-?[0-9A-Za-z]{4}){2}(?![^/\s?])"
    r"|(/stage/r/)[-\w]{43}(?![-\w])"
    r"|(/p/|[?&]pledge=)[0-9A-Za-z]{4}(?:-?[0-9A-Za-z]{4}){2}(?![^/\s?&])"
)


class SecretAddresses(logging.Filter):
    """Leaves out the secret part of an address, in whatever words it is logged."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrites the record's message; never drops it."""
        message = record.getMessage()
        told = _SECRET.sub(lambda found: f"{found[found.lastindex or 1]}...", message)
        if told != message:
            record.msg, record.args = told, ()
        return True
