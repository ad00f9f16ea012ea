"""What the bank's side does by itself: read files that wait, and propose what their lines are."""

from payments.banking.importing import read_due_files
from payments.banking.matching import propose_when_due


def do_bank_work() -> bool:
    """Read what arrived, then propose anew if anything changed; answers whether it had."""
    read_due_files()
    return propose_when_due()
