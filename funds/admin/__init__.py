"""The admin's pages about the organisation, its people and the books.

Branches and regions have theirs in ``appeals.admin``: renaming one changes open pages.
"""

from funds.admin.books import AccountAdmin, BalanceAdmin, JournalEntryAdmin, PostingAdmin
from funds.admin.organisation import FundAdmin, OrganisationAdmin
from funds.admin.people import UserAdmin

__all__ = [
    "AccountAdmin",
    "BalanceAdmin",
    "FundAdmin",
    "JournalEntryAdmin",
    "OrganisationAdmin",
    "PostingAdmin",
    "UserAdmin",
]
