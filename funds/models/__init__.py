"""Tables of the books: who we are, who may log in, and the journal."""

from funds.models.journal import Account, Balance, Fund, JournalEntry, Posting
from funds.models.organisation import Branch, Organisation, Region
from funds.models.people import Membership, User
from funds.models.period import PeriodClose

__all__ = [
    "Account",
    "Balance",
    "Branch",
    "Fund",
    "JournalEntry",
    "Membership",
    "Organisation",
    "PeriodClose",
    "Posting",
    "Region",
    "User",
]
